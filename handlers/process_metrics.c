/* process_metrics.c - the numbers of /metrics that one process counts for itself: its calls to
 * Redis, its time and memory.
 *
 * The next request may meet another process, so each sample has the process id as a label.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "handlers/metric.h"
#include "handlers/process_metrics.h"

void process_metrics_redirects(struct buffer *out, const struct counts *counts)
{
    static const char *const kinds[REDIRECTS] = {
        [REDIRECT_MOVED] = "moved", [REDIRECT_ASK] = "ask", [REDIRECT_LATER] = "tryagain"};

    metric_head(out, "restmq_redis_redirects_total", "counter",
                "Calls that a node did not run, as it has not all of their keys.");
    for (int i = 0; i < REDIRECTS; i++)
        buffer_addf(out, "restmq_redis_redirects_total{kind=\"%s\",pid=\"%d\"} %lld\n", kinds[i],
                    (int)getpid(), counts->redirects[i]);
}

void process_metrics_refused(struct buffer *out, const struct counts *counts)
{
    if (counts->node_count)
        metric_head(out, "restmq_redis_refused_total", "counter",
                    "Calls that were not sent, as the node had not answered a moment before.");
    for (int i = 0; i < counts->node_count; i++)
        buffer_addf(out, "restmq_redis_refused_total{node=\"%s\",pid=\"%d\"} %lld\n",
                    counts->nodes[i].name, (int)getpid(), counts->nodes[i].refused);
}

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

void process_metrics_usage(struct buffer *out)
{
    struct rusage usage;
    int pid = (int)getpid();

    getrusage(RUSAGE_SELF, &usage);
    metric_head(out, "restmq_info", "gauge", "The version of restmq.fcgi.");
    buffer_addf(out, "restmq_info{version=\"%s\"} 1\n", PACKAGE_VERSION);
    metric_head(out, "restmq_process_cpu_seconds_total", "counter",
                "Processor time of the process that answers.");
    buffer_addf(out, "restmq_process_cpu_seconds_total{pid=\"%d\"} %.6f\n", pid,
                seconds(usage.ru_utime) + seconds(usage.ru_stime));
    metric_head(out, "restmq_process_resident_bytes", "gauge", "Its memory.");
    buffer_addf(out, "restmq_process_resident_bytes{pid=\"%d\"} %lld\n", pid, resident_bytes());
}
