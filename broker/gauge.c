/* gauge.c - the numbers of many queues at once.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/gauge.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "broker/keys.h"
#include "broker/scripts.h"
#include "redis/reply.h"

long long gauge_out(const struct gauge *gauge)
{
    long long there = gauge->ready + gauge->leased + gauge->delayed + gauge->dead;
    long long out = gauge->pushed - there - gauge->expired - gauge->purged;

    return out > 0 ? out : 0;
}

bool gauge_is_empty(const struct gauge *gauge)
{
    return !gauge->pushed && !gauge->ready && !gauge->leased && !gauge->delayed && !gauge->dead &&
           !gauge->acked && !gauge->returned && !gauge->died;
}

bool gauge_is_same(const struct gauge *one, const struct gauge *other)
{
    return memcmp(one, other, sizeof(*one)) == 0;
}

static void add_keys(struct call *call, const char *queue)
{
    static const enum key keys[] = {
        KEY_LIST,    KEY_COUNTER, KEY_STATUS,   KEY_POLICY, KEY_LEASES,
        KEY_DELAYED, KEY_STATS,   KEY_SETTINGS, KEY_TRASH,  KEY_PRESENCE,
    };
    static const enum key of_dead[] = {KEY_LIST, KEY_LEASES, KEY_DELAYED};
    char dead[LIMIT_NAME + 1];

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        keys_add_key(call, keys[i], queue);
    queue_dead_name(queue, dead);
    for (size_t i = 0; i < sizeof(of_dead) / sizeof(of_dead[0]); i++)
        keys_add_key(call, of_dead[i], dead);
}

void gauges_call(struct call *call, struct gauges *gauges)
{
    call_begin(call, of_queue(gauges->names[0]), &script_gauge, gauges_result, gauges);
    for (int i = 0; i < gauges->count; i++)
        add_keys(call, gauges->names[i]);
    call_clock(call);
}

/* The numbers of a line, in its order; those that it has not are 0.  A word that is no number ends
 * the line, and a number beyond what scripts can count is ignored. */
static void read_gauge(struct gauge *gauge, const char *line)
{
    long long *const members[] = {
        &gauge->ready,   &gauge->pushed, &gauge->first,     &gauge->bits,  &gauge->leased,
        &gauge->delayed, &gauge->dead,   &gauge->consumers, &gauge->acked, &gauge->returned,
        &gauge->expired, &gauge->died,   &gauge->purged,
    };

    *gauge = (struct gauge){0};
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        char *end;
        long long number = strtoll(line, &end, 10);

        if (end == line)
            break;
        *members[i] = number >= 0 && number <= REPLY_NUMBER_MAX ? number : 0;
        line = end;
    }
}

enum status gauges_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct gauges *gauges = call->result;

    if (!reply_is_array(reply, 1 + (size_t)gauges->count))
        return reply_unexpected("gauge", reason);
    for (int i = 0; i <= gauges->count; i++)
        if (reply->element[i]->type != REDIS_REPLY_STRING)
            return reply_unexpected("gauge", reason);
    gauges->time_ms = reply_number(reply->element[0], 0);
    for (int i = 0; i < gauges->count; i++)
        read_gauge(&gauges->gauges[i], reply->element[i + 1]->str);
    return STATUS_OK;
}

/* --- quick ----------------------------------------------------------------------------------- */

void quick_call(struct call *call, struct quick *quick)
{
    static const enum key parts[] = {KEY_LEASES, KEY_DELAYED, KEY_TRASH};

    call_begin(call, of_queue(quick->names[0]), &script_quick, quick_result, quick);
    for (int i = 0; i < quick->count; i++)
        keys_add_key(call, KEY_LIST, quick->names[i]);
    for (int i = 0; i < quick->count; i++)
        keys_add_key(call, KEY_COUNTER, quick->names[i]);
    for (int i = 0; i < quick->count && quick->asks_for_more; i++)
        for (size_t p = 0; p < sizeof(parts) / sizeof(parts[0]); p++)
            keys_add_key(call, parts[p], quick->names[i]);
    call_number(call, quick->count);
    call_clock(call);
}

enum status quick_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct quick *quick = call->result;
    const char *at;

    if (!reply_is_array(reply, 2) || reply->element[1]->type != REDIS_REPLY_STRING)
        return reply_unexpected("quick", reason);
    quick->time_ms = reply_number(reply->element[0], 0);
    at = reply->element[1]->str;
    for (int i = 0; i < quick->count; i++) {
        struct quick_row *row = &quick->rows[i];
        char *end;

        /* A counter that is no number has no such digit behind it: the closer look tells. */
        row->ready = strtoll(at, &end, 10);
        row->pushed = strtoll(end, &end, 10);
        row->has_more = strncmp(end, " 0", 2) != 0;
        at = strchr(end, ',');
        if (!at && i + 1 < quick->count)
            return reply_unexpected("quick", reason);
        if (at)
            at++;
    }
    return STATUS_OK;
}
