/* process_metrics.h - the numbers of /metrics that only the process which answers knows.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_PROCESS_METRICS_H
#define HANDLERS_PROCESS_METRICS_H

#include "base/buffer.h"

/* Its version and memory. */
void process_metrics_usage(struct buffer *out);

#endif
