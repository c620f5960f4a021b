/* metrics.c - /metrics: the numbers of all queues, and of some pools, in the text form of
 * Prometheus.
 *
 * A new number takes a row in a table below.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <json-c/json.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"
#include "broker/keys.h"
#include "broker/pool.h"
#include "handlers/handlers.h"
#include "handlers/page.h"
#include "handlers/stats.h"

/* --- what there is ------------------------------------------------------------------------- */

struct sample {
    char *queue; /* the first member: sorted by it */
    struct queue_state state;
};

/* LIMIT_METRICS queues at most, or those of them that are not damaged. */
struct samples {
    struct sample *samples;
    int count;
    int size;
    int damaged;
    bool is_cut;
};

static void take_sample(void *user, const char *queue, const struct queue_state *state,
                        const struct reason *reason)
{
    struct samples *all = user;

    (void)reason;
    if (!state) {
        all->damaged++;
        return;
    }
    if (all->count == all->size) {
        all->size = all->size ? 2 * all->size : 64;
        all->samples = xrealloc(all->samples, (size_t)all->size * sizeof(*all->samples));
    }
    all->samples[all->count++] = (struct sample){xstrdup(queue), *state};
}

/* The page's queues, as far as there is room. */
static enum status sample_page(struct exchange *exchange, const struct page *page,
                               struct samples *all)
{
    int room = LIMIT_METRICS - all->count - all->damaged;

    all->is_cut = page->count > room;
    return stats_each(exchange, (const char *const *)page->names, all->is_cut ? room : page->count,
                      take_sample, all);
}

/* Full ones would be more than enough; where few queues match they may be anything but full. */
enum { MOST_PAGES = LIMIT_METRICS / LIMIT_PAGE + 1 };

static enum status sample_all(struct exchange *exchange, struct page_wish *wish,
                              struct samples *all)
{
    char cursor[CATALOG_CURSOR] = "0";
    enum status status = STATUS_OK;
    bool is_over = false;

    wish->limit = LIMIT_PAGE;
    wish->cursor = cursor;
    for (int i = 0; i < MOST_PAGES && !is_over && status == STATUS_OK; i++) {
        struct page page = {0};

        wish->cursor_len = strlen(cursor);
        status = page_gather(exchange, wish, &page);
        if (status == STATUS_OK)
            status = sample_page(exchange, &page, all);
        memcpy(cursor, page.cursor, sizeof(cursor));
        page_clear(&page);
        is_over = all->is_cut || strcmp(cursor, "0") == 0;
    }
    all->is_cut = all->is_cut || !is_over;
    return status;
}

/* Prometheus wants each queue once. */
static void sort(struct samples *all)
{
    int kept = 0;

    if (all->count)
        qsort(all->samples, (size_t)all->count, sizeof(*all->samples), text_compare);
    for (int i = 0; i < all->count; i++) {
        if (kept > 0 && strcmp(all->samples[i].queue, all->samples[kept - 1].queue) == 0)
            free(all->samples[i].queue);
        else
            all->samples[kept++] = all->samples[i];
    }
    all->count = kept;
}

static void samples_clear(struct samples *all)
{
    for (int i = 0; i < all->count; i++)
        free(all->samples[i].queue);
    free(all->samples);
}

/* --- queues -------------------------------------------------------------------------------- */

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
    {"restmq_queue_messages",       "gauge",   "Messages that are there now.",                 ",state=\"ready\"",
     AT(ready)                                                                                                                    },
    {"restmq_queue_messages",       "gauge",   NULL,                                           ",state=\"leased\"",  AT(leased)   },
    {"restmq_queue_messages",       "gauge",   NULL,                                           ",state=\"delayed\"", AT(delayed)  },
    {"restmq_queue_dead_letters",   "gauge",   "They are messages of NAME.dead.",              "",                   AT(dead)     },
    {"restmq_queue_consumers",      "gauge",   "Streaming consumers.",                         "",                   AT(consumers)},
    {"restmq_queue_pushed_total",   "counter", "Messages pushed.",                             "",                   AT(pushed)   },
    {"restmq_queue_removed_total",  "counter", "Messages that are there no more.",             "",                   AT(removed)  },
    {"restmq_queue_acked_total",    "counter", "Leased messages acknowledged.",                "",                   AT(acked)    },
    {"restmq_queue_returned_total", "counter", "Leases that ran out or were given back.",      "",
     AT(returned)                                                                                                                 },
    {"restmq_queue_expired_total",  "counter", "Messages passed over, their ttl had run out.", "",
     AT(expired)                                                                                                                  },
    {"restmq_queue_died_total",     "counter", "Messages that became dead letters.",           "",                   AT(died)     },
    {"restmq_queue_dropped_total",  "counter", "Entries that stood twice.",                    "",                   AT(dropped)  },
    {"restmq_queue_purged_total",   "counter", "Messages purged.",                             "",                   AT(purged)   },
    {"restmq_queue_started",        "gauge",   "1, or 0: streaming consumers get nothing.",    "",                   AT_STREAMS   },
    {"restmq_queue_held",           "gauge",   "1: nobody can take, or push.",                 ",what=\"takes\"",    AT_TAKES     },
    {"restmq_queue_held",           "gauge",   NULL,                                           ",what=\"pushes\"",   AT_PUSHES    },
};

enum { NUMBERS = sizeof(numbers) / sizeof(numbers[0]) };

static void add_head(struct buffer *out, const char *name, const char *type, const char *help)
{
    buffer_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_number(struct buffer *out, const char *name, const char *type, const char *help,
                       long long number)
{
    add_head(out, name, type, help);
    buffer_addf(out, "%s %lld\n", name, number);
}

/* What the answer is written from, line by line: it is some 12 MB for 10,000 queues. */
struct report {
    struct samples all;
    size_t number; /* the next one, */
    int sample;    /* of this queue */
    struct buffer rest;
};

enum { PIECE = 32768 };

/* The number of each queue that is left, or a piece of them. */
static void add_lines(struct buffer *out, struct report *report)
{
    const struct samples *all = &report->all;

    for (; report->sample < all->count && out->len < PIECE; report->sample++) {
        const char *state = (const char *)&all->samples[report->sample].state;
        long long number;

        memcpy(&number, state + numbers[report->number].offset, sizeof(number));
        buffer_addf(out, "%s{queue=\"%s\"%s} %lld\n", numbers[report->number].name,
                    all->samples[report->sample].queue, numbers[report->number].label, number);
    }
    if (report->sample == all->count) {
        report->sample = 0;
        report->number++;
    }
}

static bool add_piece(void *user, struct buffer *out)
{
    struct report *report = user;

    while (out->len < PIECE && report->number < NUMBERS) {
        if (report->sample == 0 && numbers[report->number].help)
            add_head(out, numbers[report->number].name, numbers[report->number].type,
                     numbers[report->number].help);
        add_lines(out, report);
    }
    if (report->number < NUMBERS)
        return true;
    buffer_add(out, report->rest.data, report->rest.len);
    return false;
}

static void report_end(void *user)
{
    struct report *report = user;

    samples_clear(&report->all);
    buffer_clear(&report->rest);
    free(report);
}

static void add_counts(struct buffer *out, const struct samples *all)
{
    add_number(out, "restmq_queues", "gauge", "Queues in this answer.", all->count);
    add_number(out, "restmq_queues_damaged", "gauge",
               "Queues that are left out, a key of theirs holds something else.", all->damaged);
    add_number(out, "restmq_queues_cut", "gauge", "1: there are more queues than are shown.",
               all->is_cut);
}

/* --- pools --------------------------------------------------------------------------------- */

/* Servers' names may have what a label must not. */
static void add_label(struct buffer *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            buffer_add(out, "\\", 1);
        buffer_add(out, text, 1);
    }
}

static void add_score(struct buffer *out, const char *pool, const char *row, const char *server,
                      struct json_object *score)
{
    char text[NUMBER_REAL];

    if (!score)
        return; /* infinite: it is out of service */
    number_print_real(json_object_get_double(score), text);
    buffer_addf(out, "restmq_pool_score{pool=\"%s\",row=\"%s\",server=\"", pool, row);
    add_label(out, server);
    buffer_addf(out, "\"} %s\n", text);
}

static void add_rows(struct buffer *out, const char *pool, struct json_object *rows)
{
    json_object_object_foreach(rows, row, servers)
    {
        json_object_object_foreach(servers, server, score)
        {
            add_score(out, pool, row, server, score);
        }
    }
}

/* Names in an option, commas between. */
struct names {
    const char *at[LIMIT_QUEUES];
    size_t len[LIMIT_QUEUES];
    int count;
};

static bool is_repeated(const struct names *names, const char *at, size_t len)
{
    for (int i = 0; i < names->count; i++)
        if (names->len[i] == len && memcmp(names->at[i], at, len) == 0)
            return true;
    return false;
}

/* Each of them once; all are checked. */
static enum status read_names(struct exchange *exchange, const struct field *option,
                              struct names *names)
{
    struct text_list list = {option->value, option->value_len};
    enum status status = STATUS_OK;
    const char *at;
    size_t len;

    while (status == STATUS_OK && text_list_next(&list, &at, &len)) {
        if (names->count == LIMIT_QUEUES)
            return refuse(&exchange->reason, STATUS_BAD_VALUE, "pools has at most %d names",
                          LIMIT_QUEUES);
        status = queue_name_check(at, len, &exchange->reason);
        if (status == STATUS_OK && !is_repeated(names, at, len)) {
            names->at[names->count] = at;
            names->len[names->count++] = len;
        }
    }
    return status;
}

/* A pool that there is not, or that is damaged or too large, has no scores; the rest counts. */
static enum status add_pool(struct exchange *exchange, struct buffer *out, const char *name,
                            size_t len)
{
    struct json_object *rows = NULL;
    char pool[LIMIT_NAME + 1];
    enum status status;

    memcpy(pool, name, len);
    pool[len] = '\0';
    pool_list_call(&exchange->call, pool, &rows);
    status = exchange_run(exchange);
    if (status == STATUS_OK)
        add_rows(out, pool, rows);
    json_object_put(rows);
    return status == STATUS_UNAVAILABLE ? status : STATUS_OK;
}

static enum status add_pools(struct exchange *exchange, struct buffer *out,
                             const struct names *names)
{
    enum status status = STATUS_OK;

    if (names->count > 0)
        add_head(out, "restmq_pool_score", "gauge", "The score of a server of a pool.");
    for (int i = 0; i < names->count && status == STATUS_OK; i++)
        status = add_pool(exchange, out, names->at[i], names->len[i]);
    return status;
}

/* --- this process -------------------------------------------------------------------------- */

static long long resident_bytes(void)
{
    long long size, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (!file)
        return 0;
    if (fscanf(file, "%lld %lld", &size, &resident) != 2)
        resident = 0;
    fclose(file);
    return resident * sysconf(_SC_PAGESIZE);
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

/* Another request may meet another process, so each is named. */
static void add_process(struct buffer *out)
{
    struct rusage usage;
    int pid = (int)getpid();

    getrusage(RUSAGE_SELF, &usage);
    add_head(out, "restmq_info", "gauge", "The version of restmq.fcgi.");
    buffer_addf(out, "restmq_info{version=\"%s\"} 1\n", PACKAGE_VERSION);
    add_head(out, "restmq_process_cpu_seconds_total", "counter",
             "Processor time of the process that answers.");
    buffer_addf(out, "restmq_process_cpu_seconds_total{pid=\"%d\"} %.6f\n", pid,
                seconds(usage.ru_utime) + seconds(usage.ru_stime));
    add_head(out, "restmq_process_resident_bytes", "gauge", "Its memory.");
    buffer_addf(out, "restmq_process_resident_bytes{pid=\"%d\"} %lld\n", pid, resident_bytes());
}

static enum status answer_metrics(struct exchange *exchange, struct page_wish *wish,
                                  const struct names *pools)
{
    struct report *report = xmalloc(sizeof(*report));
    enum status status;

    *report = (struct report){0};
    status = sample_all(exchange, wish, &report->all);
    sort(&report->all);
    if (status == STATUS_OK) {
        add_counts(&report->rest, &report->all);
        add_process(&report->rest);
        status = add_pools(exchange, &report->rest, pools);
    }
    if (status != STATUS_OK) {
        report_end(report);
        return status;
    }
    exchange->response.type = TYPE_METRICS;
    exchange->response.source = (struct response_source){add_piece, report_end, report};
    return STATUS_OK;
}

enum status metrics_get(struct exchange *exchange)
{
    const struct field *option = form_find(&exchange->request.form, "pools");
    struct names pools = {.count = 0};
    struct page_wish wish = {0};
    enum status status = page_read_match(exchange, &wish);

    if (status == STATUS_OK && option)
        status = read_names(exchange, option, &pools);
    return status == STATUS_OK ? answer_metrics(exchange, &wish, &pools) : status;
}
