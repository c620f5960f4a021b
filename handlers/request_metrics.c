/* request_metrics.c - what /metrics tells of all processes: requests by route and answer, the way
 * to Redis, processor time.
 *
 * A meter has the name of its sample, but for "restmq_".  Those of requests are found once in each
 * process; a request costs an addition.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "handlers/request_metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/memory.h"
#include "base/meters.h"
#include "handlers/metric.h"
#include "redis/counts.h"

enum {
    MOST_ROUTES = 128,
    FIRST_STATUS = 200, /* an answer of a handler is none of those before */
    END_OF_STATUS = 600,
};

/* Of one row: a meter for each HTTP status, NULL as long as there was none. */
struct answers {
    struct meter *of[END_OF_STATUS - FIRST_STATUS];
};

struct request_metrics {
    struct meters *meters;
    struct answers *answers[MOST_ROUTES + 1]; /* [0]: of requests without a row */
    struct meter *time;
    long long told_us;
};

#define TIME "process_cpu_microseconds"

struct request_metrics *request_metrics_new(struct meters *meters)
{
    struct request_metrics *metrics = xmalloc(sizeof(*metrics));

    *metrics = (struct request_metrics){.meters = meters, .time = meters_find(meters, TIME)};
    return metrics;
}

void request_metrics_free(struct request_metrics *metrics)
{
    if (!metrics)
        return;
    for (int i = 0; i <= MOST_ROUTES; i++)
        free(metrics->answers[i]);
    free(metrics);
}

static const char *method_of(const struct row *row)
{
    switch (row->method) {
    case METHOD_GET:
        return "GET";
    case METHOD_POST:
        return "POST";
    case METHOD_PUT:
        return "PUT";
    case METHOD_DELETE:
        return "DELETE";
    default:
        return "OTHER";
    }
}

/* Of a row only what stands in the table: a path may be a client's secret, or one of millions. */
static struct meter *find(struct meters *meters, const struct row *row, int http_status)
{
    char name[METER_NAME], route[METER_NAME] = "none";

    if (row)
        snprintf(route, sizeof(route), "%s /%s%s%s%s", method_of(row), row->resource,
                 row->naming == WHOLE ? "" : "/NAME", row->when ? "?" : "",
                 row->when ? row->when : "");
    snprintf(name, sizeof(name), "requests_total{route=\"%.64s\",status=\"%d\"}", route,
             http_status);
    return meters_find(meters, name);
}

void request_metrics_count(struct request_metrics *metrics, size_t number, const struct row *row,
                           int http_status)
{
    size_t line = row ? number + 1 : 0;
    struct meter **meter;

    if (line > MOST_ROUTES || http_status < FIRST_STATUS || http_status >= END_OF_STATUS)
        return;
    if (!metrics->answers[line]) {
        metrics->answers[line] = xmalloc(sizeof(*metrics->answers[line]));
        memset(metrics->answers[line], 0, sizeof(*metrics->answers[line]));
    }
    meter = &metrics->answers[line]->of[http_status - FIRST_STATUS];
    if (!*meter)
        *meter = find(metrics->meters, row, http_status);
    meter_add(*meter, 1);
}

static long long microseconds(struct timeval time)
{
    return time.tv_sec * 1000000LL + time.tv_usec;
}

void request_metrics_tell_time(struct request_metrics *metrics)
{
    struct rusage usage;
    long long us;

    getrusage(RUSAGE_SELF, &usage);
    us = microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
    if (us > metrics->told_us)
        meter_add(metrics->time, (unsigned long long)(us - metrics->told_us));
    metrics->told_us = us;
}

/* --- the answer ------------------------------------------------------------------------------ */

/* Of meters that have labels. */
static const struct {
    const char *name;
    const char *help;
} families[] = {
    {"requests_total",        "Requests by the row of the table of routes and the HTTP status"},
    {"redis_redirects_total", "Calls that a node did not run, as it has not all of their keys"},
    {"redis_refused_total",
     "Calls that were not sent, as the node had not answered a moment before"                 },
};

enum { FAMILIES = sizeof(families) / sizeof(families[0]) };

/* Whose numbers they are. */
static const char *scope_of(const struct meters *meters)
{
    return meters_are_shared(meters)
               ? "all processes that share metrics_file"
               : "the process that answers, as there is no metrics_file to be shared";
}

static void add_head(const struct meters *meters, const char *name, const char *type,
                     const char *help, struct buffer *out)
{
    char text[256], full[64];

    snprintf(full, sizeof(full), "restmq_%s", name);
    snprintf(text, sizeof(text), "%s, of %s.", help, scope_of(meters));
    metric_head(out, full, type, text);
}

static void add_family(const struct meters *meters, int family,
                       const struct reading_of_meter *readings, size_t count, struct buffer *out)
{
    const char *name = families[family].name;
    size_t len = strlen(name);
    bool has_head = false;

    for (size_t i = 0; i < count; i++) {
        if (strncmp(readings[i].name, name, len) != 0 || readings[i].name[len] != '{')
            continue;
        if (!has_head)
            add_head(meters, name, "counter", families[family].help, out);
        has_head = true;
        buffer_addf(out, "restmq_%s %llu\n", readings[i].name, readings[i].number);
    }
}

void request_metrics_print(const struct request_metrics *metrics, struct buffer *out)
{
    struct meters *meters = metrics->meters;
    struct reading_of_meter *readings;
    size_t count = meters_read(meters, &readings);

    for (int i = 0; i < FAMILIES; i++)
        add_family(meters, i, readings, count, out);
    free(readings);
    add_head(meters, "redis_seconds", "histogram", "How long Redis took to answer a call", out);
    counts_show_round_trips(meters, "restmq_redis_seconds", out);
    add_head(meters, "process_cpu_seconds_total", "counter",
             "Processor time, as each process told when it last answered /metrics or ended", out);
    buffer_addf(out, "restmq_process_cpu_seconds_total %.6f\n",
                (double)meter_number(metrics->time) / 1e6);
}
