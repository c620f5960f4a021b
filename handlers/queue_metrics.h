/* queue_metrics.h - the numbers of queues that /metrics shows.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_QUEUE_METRICS_H
#define HANDLERS_QUEUE_METRICS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "broker/state.h"

/* Up to LIMIT_METRICS queues, without the damaged ones.  Zeroed memory has none. */
struct queue_metrics {
    struct queue_metrics_row *rows;
    int count;
    int size;
    int damaged;   /* queues that were left out, as one of their keys has another type */
    bool is_cut;   /* there are more queues than LIMIT_METRICS */
    size_t number; /* queue_metrics_print() goes on with this number */
    int at;        /* of this row */
};
void queue_metrics_clear(struct queue_metrics *all);

/* Copies the state of a queue.  A page of names may repeat a queue. */
void queue_metrics_add(struct queue_metrics *all, const char *queue,
                       const struct queue_state *state);

/* All queues were added: sorts them and drops repetitions. */
void queue_metrics_sort(struct queue_metrics *all);

/* Appends the next lines, some 32 KiB of them: the lines of 10,000 queues are some 12 MB.  false:
 * these were the last. */
bool queue_metrics_print(struct queue_metrics *all, struct buffer *out);

/* Appends how many queues there are, are damaged and are cut off. */
void queue_metrics_count(const struct queue_metrics *all, struct buffer *out);

#endif
