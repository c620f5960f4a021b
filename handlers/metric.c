/* metric.c - lines of /metrics, in the text form of Prometheus.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "handlers/metric.h"

void metric_head(struct buffer *out, const char *name, const char *type, const char *help)
{
    buffer_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metric_number(struct buffer *out, const char *name, const char *type, const char *help,
                   long long number)
{
    metric_head(out, name, type, help);
    buffer_addf(out, "%s %lld\n", name, number);
}

void metric_label(struct buffer *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            buffer_add(out, "\\", 1);
        buffer_add(out, text, 1);
    }
}
