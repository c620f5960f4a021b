/* request_metrics.h - what /metrics tells of all processes: requests by route and answer, the way
 * to Redis, processor time.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_REQUEST_METRICS_H
#define HANDLERS_REQUEST_METRICS_H

#include <stddef.h>

#include "base/buffer.h"
#include "http/row.h"

struct meters;

/* Of one process.  The meters must outlive it. */
struct request_metrics *request_metrics_new(struct meters *meters);
void request_metrics_free(struct request_metrics *metrics); /* NULL: nothing is done */

/* A request was answered so.  The row is that of this number; NULL, with the number 0: there was no
 * row for it. */
void request_metrics_count(struct request_metrics *metrics, size_t number, const struct row *row,
                           int http_status);

/* Counts the processor time that this process took since it was told last. */
void request_metrics_tell_time(struct request_metrics *metrics);

/* All samples of the meters, with their heads. */
void request_metrics_print(const struct request_metrics *metrics, struct buffer *out);

#endif
