/* process_metrics.h - the numbers of /metrics that one process counts for itself: its calls to
 * Redis, its time and memory.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_PROCESS_METRICS_H
#define HANDLERS_PROCESS_METRICS_H

#include "base/buffer.h"
#include "redis/counts.h"

/* Calls that nodes of a cluster did not run, by the kind of their refusal. */
void process_metrics_redirects(struct buffer *out, const struct counts *counts);

/* Calls that were not sent, by node. */
void process_metrics_refused(struct buffer *out, const struct counts *counts);

/* Version, processor time and memory of this process. */
void process_metrics_usage(struct buffer *out);

#endif
