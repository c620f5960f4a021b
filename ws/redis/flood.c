/* flood.c - publications that come faster than they are read.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/redis/flood.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "redis/reply.h"

enum {
    OFTEN = 128 << 10,  /* bytes between two questions */
    LITTLE = 1 << 20,   /* bytes that Redis may hold without anybody to blame */
    TOO_MUCH = 8 << 20, /* its default ends the connection at 32 MiB */
    FAILURES = 3,       /* after which it is not asked any more */
    BLAMED = 4,         /* a channel with this part of all bytes */
};

static void forget(struct flood *flood)
{
    flood->epoch++;
    flood->bytes = 0;
}

void flood_begin(struct flood *flood, long long client)
{
    flood->client = client;
    flood->failures = 0;
    flood->unasked = 0;
    forget(flood);
}

void flood_clear(struct flood *flood)
{
    call_clear(&flood->call);
}

static bool is_time(const struct flood *flood)
{
    return flood->client && !flood->is_asking && flood->unasked >= OFTEN;
}

bool flood_heard(struct flood *flood, struct flow *flow, size_t bytes)
{
    flood->bytes += bytes;
    flood->unasked += bytes;
    if (flow && flow->epoch != flood->epoch)
        *flow = (struct flow){.epoch = flood->epoch};
    if (flow)
        flow->bytes += bytes;
    return is_time(flood);
}

/* A line as of CLIENT LIST, with "omem=" and a number. */
static enum status read_held(struct call *call, const redisReply *reply, struct reason *reason)
{
    const char *found = reply->type == REDIS_REPLY_STRING ? strstr(reply->str, " omem=") : NULL;

    if (!found)
        return reply_unexpected("CLIENT LIST", reason);
    *(long long *)call->result = strtoll(found + strlen(" omem="), NULL, 10);
    return STATUS_OK;
}

struct call *flood_ask(struct flood *flood)
{
    if (!is_time(flood))
        return NULL;
    flood->is_asking = true;
    flood->unasked = 0;
    call_begin(&flood->call, (struct owner){0}, NULL, read_held, &flood->held);
    call_text(&flood->call, "CLIENT", "", 0, "");
    call_text(&flood->call, "LIST", "", 0, "");
    call_text(&flood->call, "ID", "", 0, "");
    call_number(&flood->call, flood->client);
    return &flood->call;
}

bool flood_asked(struct flood *flood, enum status status)
{
    flood->is_asking = false;
    flood->failures = status == STATUS_OK ? 0 : flood->failures + 1;
    if (flood->failures == FAILURES)
        flood->client = 0; /* an old Redis, or a user who may not */
    if (status != STATUS_OK)
        return false;
    if (flood->held < LITTLE)
        forget(flood);
    return flood->held > TOO_MUCH;
}

size_t flood_share(const struct flood *flood, const struct flow *flow)
{
    bool is_blamed = flow->epoch == flood->epoch && flow->bytes > flood->bytes / BLAMED;

    return is_blamed ? flow->bytes : 0;
}
