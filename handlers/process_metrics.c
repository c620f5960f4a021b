/* process_metrics.c - the numbers of /metrics that only the process which answers knows.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "handlers/metric.h"
#include "handlers/process_metrics.h"

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

void process_metrics_usage(struct buffer *out)
{
    metric_head(out, "restmq_info", "gauge", "The version of restmq.fcgi.");
    buffer_addf(out, "restmq_info{version=\"%s\"} 1\n", PACKAGE_VERSION);
    metric_number(out, "restmq_process_resident_bytes", "gauge",
                  "Memory of the process that answers.", resident_bytes());
}
