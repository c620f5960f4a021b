/* timeline.c - /history: the numbers of a queue over the last hour or days.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/history.h"

#include <json-c/json.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/memory.h"
#include "handlers/exchange.h"
#include "handlers/handlers.h"

enum { LEAST_S = 60 };

struct history_state {
    long long span_s;
    struct index_runs runs;
    struct histories histories;
    struct history_point *points;
};

static void clear_history(void *state)
{
    struct history_state *reading = state;

    free(reading->points);
}

/* --- columns --------------------------------------------------------------------------------- */

static long long out_of(const long long columns[SAMPLE_COLUMNS])
{
    return columns[SAMPLE_TAKEN] + columns[SAMPLE_ACKED];
}

#define COLUMN(name, column)                                                                       \
    static long long name(const long long columns[SAMPLE_COLUMNS])                                 \
    {                                                                                              \
        return columns[column];                                                                    \
    }
COLUMN(leased_of, SAMPLE_LEASED)
COLUMN(delayed_of, SAMPLE_DELAYED)
COLUMN(dead_of, SAMPLE_DEAD)
COLUMN(pushed_of, SAMPLE_PUSHED)
COLUMN(acked_of, SAMPLE_ACKED)
COLUMN(returned_of, SAMPLE_RETURNED)
COLUMN(died_of, SAMPLE_DIED)

static const struct {
    const char *name;
    long long (*read)(const long long columns[SAMPLE_COLUMNS]);
    bool is_rate;
} columns[] = {
    {"ready",    sample_ready, false},
    {"leased",   leased_of,    false},
    {"delayed",  delayed_of,   false},
    {"dead",     dead_of,      false},
    {"in_s",     pushed_of,    true },
    {"out_s",    out_of,       true },
    {"ack_s",    acked_of,     true },
    {"return_s", returned_of,  true },
    {"dead_s",   died_of,      true },
};

/* NULL: not known.  What only grows may begin anew. */
static struct json_object *value_of(size_t column, const struct history_point *points, int i,
                                    int step_s)
{
    long long value, before;

    if (!points[i].is_known)
        return NULL;
    value = columns[column].read(points[i].columns);
    if (!columns[column].is_rate)
        return json_object_new_int64(value > 0 ? value : 0);
    if (i == 0 || !points[i - 1].is_known)
        return NULL;
    before = columns[column].read(points[i - 1].columns);
    if (value < before || value - before > LIMIT_EXACT / 1000)
        return NULL;
    return json_new_thousandths(1000 * (value - before) / step_s);
}

static void add_columns(struct json_object *answer, const struct history_point *points, int count,
                        int step_s)
{
    for (size_t c = 0; c < sizeof(columns) / sizeof(columns[0]); c++) {
        struct json_object *array = json_object_new_array();

        for (int i = 0; i < count; i++)
            json_object_array_add(array, value_of(c, points, i, step_s));
        json_object_object_add(answer, columns[c].name, array);
    }
}

/* --- the calls ------------------------------------------------------------------------------- */

static enum status finish_history(struct exchange *exchange, enum status status)
{
    struct history_state *reading = exchange->state;
    int step_s = reading->histories.all ? HISTORY_COARSE_S : HISTORY_FINE_S;
    int count = (int)(reading->span_s / step_s) + 1;
    struct json_object *answer;
    long long from_s;

    if (status != STATUS_OK)
        return status;
    reading->points = xmalloc((size_t)count * sizeof(*reading->points));
    from_s = history_read(&reading->histories, 0, &reading->runs, step_s, count, reading->points);
    answer = json_object_new_object();
    json_object_object_add(answer, "queue", json_object_new_string(exchange->queue));
    json_object_object_add(answer, "on",
                           json_object_new_boolean(!exchange->service->settings->no_history));
    json_object_object_add(answer, "from", json_object_new_int64(from_s * 1000));
    json_object_object_add(answer, "step_s", json_object_new_int(step_s));
    add_columns(answer, reading->points, count, step_s);
    return answer_json(exchange, answer);
}

static enum status on_runs(struct exchange *exchange, enum status status)
{
    struct history_state *reading = exchange->state;
    const char *queue = exchange->queue;

    if (status != STATUS_OK)
        return status;
    reading->histories.count = 1;
    reading->histories.all = reading->span_s > HISTORY_HOUR_S;
    histories_call(&exchange->call, &queue, &reading->histories);
    return exchange_await(exchange, finish_history);
}

enum status get_history(struct exchange *exchange)
{
    struct history_state *reading = exchange_state(exchange, sizeof(*reading), clear_history);
    enum status status =
        option_number(exchange, "span", LEAST_S, HISTORY_MOST_S, HISTORY_HOUR_S, &reading->span_s);

    if (status != STATUS_OK)
        return status;
    index_runs_call(&exchange->call, &reading->runs);
    return exchange_await(exchange, on_runs);
}
