/* metric.h - lines of /metrics, in the text form of Prometheus.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_METRIC_H
#define HANDLERS_METRIC_H

#include "base/buffer.h"

/* The two lines before the samples of a metric.  type is "gauge", "counter", "summary" or
 * "histogram". */
void metric_head(struct buffer *out, const char *name, const char *type, const char *help);

/* A metric of one sample without labels, with its head. */
void metric_number(struct buffer *out, const char *name, const char *type, const char *help,
                   long long number);

/* The text as the value of a label, between its quotes: quotes and backslashes are escaped. */
void metric_label(struct buffer *out, const char *text);

#endif
