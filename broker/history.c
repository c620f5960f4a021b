/* history.c - the numbers of queues over the last hour or days.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/history.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "broker/keys.h"
#include "broker/scripts.h"
#include "redis/reply.h"

enum { PLAIN = 6, BIT_PLACE = 1, BIT_REST = 128 };

static const struct kind {
    char name;
    int step_s;
    int slots; /* of a chunk */
} kinds[] = {
    {'b', HISTORY_COARSE_S, 288},
    {'a', HISTORY_FINE_S,   60 },
};

void histories_call(struct call *call, const char *const *queues, struct histories *histories)
{
    call_begin(call, of_queue(queues[0]), &script_history, histories_result, histories);
    for (int i = 0; i < histories->count; i++) {
        keys_add_key(call, KEY_SAMPLED, queues[i]);
        keys_add_key(call, KEY_HISTORY, queues[i]);
    }
    call_number(call, histories->all);
    call_clock(call);
}

enum status histories_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct histories *histories = call->result;

    if (!reply_is_array(reply, 1 + (size_t)histories->count))
        return reply_unexpected("history", reason);
    histories->now_ms = reply_number(reply->element[0], 0);
    for (int i = 0; i < histories->count; i++) {
        const redisReply *of = reply->element[i + 1];

        if (!reply_is_array(of, 1))
            return reply_unexpected("history", reason);
        for (size_t j = 0; j < of->elements; j++)
            if (of->element[j]->type != REDIS_REPLY_STRING)
                return reply_unexpected("history", reason);
        histories->of[i] = of;
    }
    return STATUS_OK;
}

/* --- rows ------------------------------------------------------------------------------------ */

/* The points being filled. */
struct filling {
    struct history_point *points;
    int count, step_s;
    long long from_s;
    long long before_s; /* of the sample that the first point has if it has none itself */
};

/* Another program may have written any numbers: their sums must not overflow. */
static long long sum(long long one, long long other)
{
    return (long long)((unsigned long long)one + (unsigned long long)other);
}

/* Samples come in any order: at one point the last one counts. */
static void put(struct filling *filling, long long time_s, const long long *columns)
{
    long long at = time_s < filling->from_s ? 0 : (time_s - filling->from_s) / filling->step_s;
    struct history_point *point = &filling->points[at < filling->count ? at : 0];

    if (at >= filling->count || (time_s < filling->from_s && time_s < filling->before_s))
        return;
    if (at == 0)
        filling->before_s = time_s;
    point->is_known = true;
    memcpy(point->columns, columns, sizeof(point->columns));
}

struct bytes {
    const unsigned char *at, *end;
};

static unsigned long long read_number(struct bytes *bytes)
{
    unsigned long long number = 0;
    int shift = 0;

    while (bytes->at < bytes->end && shift < 63) {
        number |= (unsigned long long)(*bytes->at & 127) << shift;
        shift += 7;
        if (*bytes->at++ < 128)
            break;
    }
    return number;
}

static long long read_difference(struct bytes *bytes)
{
    unsigned long long number = read_number(bytes);

    return number % 2 ? -(long long)(number / 2) - 1 : (long long)(number / 2);
}

static void read_columns(struct bytes *bytes, int bits, long long *columns, long long *growth)
{
    for (int i = 0; i < SAMPLE_COLUMNS; i++) {
        bool is_there = i < PLAIN ? bits >> (i + 1) & 1 : bits & BIT_REST;
        long long difference = is_there ? read_difference(bytes) : 0;

        if (i < SAMPLE_GROWING)
            difference = growth[i] = sum(growth[i], difference);
        columns[i] = sum(columns[i], difference);
    }
}

/* A sample is the last one of its slot: where points are closer it says nothing of those in it. */
static void put_row(struct filling *filling, const struct kind *kind, long long slot,
                    const long long *columns)
{
    if (kind->step_s <= filling->step_s)
        put(filling, slot * kind->step_s, columns);
    else if ((slot + 1) * kind->step_s <= filling->from_s)
        put(filling, (slot + 1) * kind->step_s - filling->step_s, columns);
}

static void read_chunk(struct filling *filling, const struct kind *kind, long long number,
                       const redisReply *rows)
{
    struct bytes bytes = {(const unsigned char *)rows->str, NULL};
    long long columns[SAMPLE_COLUMNS] = {0}, growth[SAMPLE_GROWING] = {0}, place = -1;

    bytes.end = bytes.at + rows->len;
    while (bytes.at < bytes.end) {
        int bits = *bytes.at++;

        place = bits & BIT_PLACE ? (long long)read_number(&bytes) : place + 1;
        if (place < 0 || place >= kind->slots)
            return;
        read_columns(&bytes, bits, columns, growth);
        put_row(filling, kind, number * kind->slots + place, columns);
    }
}

/* A chunk of that name, as far as it is one of this kind. */
static void read_named(struct filling *filling, const struct kind *kind, const redisReply *name,
                       const redisReply *rows)
{
    long long number = name->str[0] == kind->name ? strtoll(name->str + 1, NULL, 10) : 0;

    if (number > 0 && number < LIMIT_EXACT / (kind->slots * kind->step_s))
        read_chunk(filling, kind, number, rows);
}

/* "time slot columns…", see sample.lua. */
static void read_last(struct filling *filling, const char *text)
{
    long long numbers[2 + SAMPLE_COLUMNS];
    char *end = NULL;

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        numbers[i] = strtoll(text, &end, 10);
        if (end == text)
            return;
        text = end;
    }
    if (numbers[1] > 0 && numbers[1] < LIMIT_EXACT / HISTORY_FINE_S)
        put(filling, numbers[1] * HISTORY_FINE_S, numbers + 2);
}

/* --- points ---------------------------------------------------------------------------------- */

/* The index is up to a round old. */
enum { FRESH_MS = 60000 };

static bool was_sampled(const struct index_runs *runs, long long from_ms, long long until_ms)
{
    if (!runs)
        return true;
    for (int i = 0; i < runs->count; i++)
        if (runs->runs[i].from_ms < until_ms &&
            runs->runs[i].until_ms + (i == runs->count - 1 ? FRESH_MS : 0) >= from_ms)
            return true;
    return false;
}

/* A point without a sample is like the one before it, if there would have been one. */
static void fill_gaps(struct filling *filling, const struct index_runs *runs)
{
    struct history_point last = {0};

    for (int i = 0; i < filling->count; i++) {
        struct history_point *point = &filling->points[i];
        long long at_ms = (filling->from_s + (long long)i * filling->step_s) * 1000;
        bool is_own = point->is_known && (i > 0 || filling->before_s >= filling->from_s);

        if (point->is_known)
            last = *point;
        if (!is_own) {
            *point = last;
            point->is_known =
                last.is_known && was_sampled(runs, at_ms, at_ms + 1000LL * filling->step_s);
        }
    }
}

long long history_read(const struct histories *histories, int i, const struct index_runs *runs,
                       int step_s, int count, struct history_point *points)
{
    const redisReply *of = histories->of[i];
    long long until_s = histories->now_ms / 1000 / step_s * step_s;
    struct filling filling = {.points = points, .count = count, .step_s = step_s};

    filling.from_s = until_s - (long long)(count - 1) * step_s;
    memset(points, 0, (size_t)count * sizeof(*points));
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
        for (size_t j = 1; j + 1 < of->elements; j += 2)
            read_named(&filling, &kinds[k], of->element[j], of->element[j + 1]);
    read_last(&filling, of->element[0]->str);
    fill_gaps(&filling, runs);
    return filling.from_s;
}
