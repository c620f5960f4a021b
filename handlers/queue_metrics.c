/* queue_metrics.c - the numbers of queues that /metrics shows.
 *
 * A new number of queues takes a row in the table below.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "handlers/queue_metrics.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "handlers/metric.h"

#define AT(member) offsetof(struct queue_state, member)
#define AT_STREAMS AT(holds.is_started)
#define AT_TAKES   AT(holds.are_takes_held)
#define AT_PUSHES  AT(holds.are_pushes_held)

/* Rows of one name stand next to each other, with a label that tells them apart. */
static const struct {
    const char *name;
    const char *type;
    const char *help;
    const char *label;
    size_t offset;
} numbers[] = {
    {"restmq_queue_messages",       "gauge",   "Messages that are there now.",                  ",state=\"ready\"",
     AT(ready)                                                                                                                     },
    {"restmq_queue_messages",       "gauge",   NULL,                                            ",state=\"leased\"",  AT(leased)   },
    {"restmq_queue_messages",       "gauge",   NULL,                                            ",state=\"delayed\"", AT(delayed)  },
    {"restmq_queue_dead_letters",   "gauge",   "They are messages of NAME.dead.",               "",                   AT(dead)     },
    {"restmq_queue_oldest_seconds", "gauge",   "Since the push of the next one out, if known.", "",
     AT(oldest.s)                                                                                                                  },
    {"restmq_queue_consumers",      "gauge",   "Streaming consumers.",                          "",                   AT(consumers)},
    {"restmq_queue_pushed_total",   "counter", "Messages pushed.",                              "",                   AT(pushed)   },
    {"restmq_queue_removed_total",  "counter", "Messages that are there no more.",              "",                   AT(removed)  },
    {"restmq_queue_acked_total",    "counter", "Leased messages acknowledged.",                 "",                   AT(acked)    },
    {"restmq_queue_returned_total", "counter", "Leases that ran out or were given back.",       "",
     AT(returned)                                                                                                                  },
    {"restmq_queue_expired_total",  "counter", "Messages passed over, their ttl had run out.",  "",
     AT(expired)                                                                                                                   },
    {"restmq_queue_died_total",     "counter", "Messages that became dead letters.",            "",                   AT(died)     },
    {"restmq_queue_dropped_total",  "counter", "Entries that stood twice.",                     "",                   AT(dropped)  },
    {"restmq_queue_purged_total",   "counter", "Messages purged.",                              "",                   AT(purged)   },
    {"restmq_queue_started",        "gauge",   "1, or 0: streaming consumers get nothing.",     "",                   AT_STREAMS   },
    {"restmq_queue_held",           "gauge",   "1: nobody can take, or push.",                  ",what=\"takes\"",    AT_TAKES     },
    {"restmq_queue_held",           "gauge",   NULL,                                            ",what=\"pushes\"",   AT_PUSHES    },
};

enum {
    NUMBERS = sizeof(numbers) / sizeof(numbers[0]),
    PIECE = 32768, /* bytes that queue_metrics_print() appends, about */
};

struct queue_metrics_row {
    char *queue; /* the first member: text_compare() sorts by it */
    struct queue_state state;
};

void queue_metrics_add(struct queue_metrics *all, const char *queue,
                       const struct queue_state *state)
{
    if (all->count == all->size) {
        all->size = all->size ? 2 * all->size : 64;
        all->rows = xrealloc(all->rows, (size_t)all->size * sizeof(*all->rows));
    }
    all->rows[all->count++] = (struct queue_metrics_row){xstrdup(queue), *state};
}

void queue_metrics_sort(struct queue_metrics *all)
{
    int kept = 0;

    if (all->count)
        qsort(all->rows, (size_t)all->count, sizeof(*all->rows), text_compare);
    for (int i = 0; i < all->count; i++) {
        if (kept > 0 && strcmp(all->rows[i].queue, all->rows[kept - 1].queue) == 0)
            free(all->rows[i].queue);
        else
            all->rows[kept++] = all->rows[i];
    }
    all->count = kept;
}

void queue_metrics_clear(struct queue_metrics *all)
{
    for (int i = 0; i < all->count; i++)
        free(all->rows[i].queue);
    free(all->rows);
}

/* Samples of one number, for the queues that are left or until a piece is full. */
static void add_samples(struct queue_metrics *all, struct buffer *out)
{
    for (; all->at < all->count && out->len < PIECE; all->at++) {
        const char *state = (const char *)&all->rows[all->at].state;
        long long number;

        memcpy(&number, state + numbers[all->number].offset, sizeof(number));
        if (number < 0)
            continue; /* not known */
        buffer_addf(out, "%s{queue=\"%s\"%s} %lld\n", numbers[all->number].name,
                    all->rows[all->at].queue, numbers[all->number].label, number);
    }
    if (all->at == all->count) {
        all->at = 0;
        all->number++;
    }
}

bool queue_metrics_print(struct queue_metrics *all, struct buffer *out)
{
    while (out->len < PIECE && all->number < NUMBERS) {
        if (all->at == 0 && numbers[all->number].help)
            metric_head(out, numbers[all->number].name, numbers[all->number].type,
                        numbers[all->number].help);
        add_samples(all, out);
    }
    return all->number < NUMBERS;
}

void queue_metrics_count(const struct queue_metrics *all, struct buffer *out)
{
    metric_number(out, "restmq_queues", "gauge", "Queues in this answer.", all->count);
    metric_number(out, "restmq_queues_damaged", "gauge",
                  "Queues that are left out, a key of theirs holds something else.", all->damaged);
    metric_number(out, "restmq_queues_cut", "gauge", "1: there are more queues than are shown.",
                  all->is_cut);
}
