/* next.c - what happens to a call next.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "redis/next.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "redis/call.h"
#include "redis/reply.h"

/* "<slot> <host>:<port>"; the host may be an IPv6 number without brackets. */
static bool read_elsewhere(const char *text, struct elsewhere *elsewhere)
{
    char *end;
    const char *colon = strrchr(text, ':');
    long slot = strtol(text, &end, 10), port;

    if (end == text || *end != ' ' || !colon || colon < end + 1 || slot < 0 || slot > 16383)
        return false;
    elsewhere->slot = (int)slot;
    elsewhere->host = end + 1;
    elsewhere->host_len = (size_t)(colon - elsewhere->host);
    port = strtol(colon + 1, &end, 10);
    elsewhere->port = (int)port;
    return end > colon + 1 && *end == '\0' && port > 0 && port < 65536;
}

static enum step step_of_error(const redisReply *reply, struct elsewhere *elsewhere)
{
    if (strncmp(reply->str, "MOVED ", 6) == 0 && read_elsewhere(reply->str + 6, elsewhere))
        return STEP_MOVED;
    if (strncmp(reply->str, "ASK ", 4) == 0 && read_elsewhere(reply->str + 4, elsewhere))
        return STEP_ASK;
    return reply_wants_reconnect(reply) ? STEP_RECONNECT : STEP_DONE;
}

static struct next next_of_error(struct run *run, const redisReply *reply, struct reason *reason)
{
    struct next next = {0};

    /* Not known means not run: sending the text is no repetition. */
    if (reply_is_noscript(reply) && run->call->script && !run->with_text) {
        run->with_text = true;
        next.step = STEP_TEXT;
        return next;
    }
    next.step = step_of_error(reply, &next.elsewhere);
    next.status = reply_error(reply, reason);
    return next;
}

static struct next next_of_again(struct run *run, struct reason *reason)
{
    struct next next = {.step = STEP_AGAIN};

    run->with_text = false; /* Redis knows the script now */
    if (++run->repeats < LIMIT_STEPS)
        return next;
    next.step = STEP_DONE;
    next.status =
        refuse(reason, STATUS_UNAVAILABLE,
               "many messages at the head of the queue have expired; ask again to get past them");
    return next;
}

struct next next_of(struct run *run, const redisReply *reply, struct reason *reason)
{
    struct next next = {0};

    reason->outcome_unknown = false;
    if (reply->type == REDIS_REPLY_ERROR)
        return next_of_error(run, reply, reason);
    next.status = run->call->decode(run->call, reply, reason);
    return next.status == STATUS_AGAIN ? next_of_again(run, reason) : next;
}

bool next_is_sending(const struct next *next)
{
    return next->step == STEP_TEXT || next->step == STEP_AGAIN;
}

enum status next_of_loss(const struct call *call, bool may_have_run, struct reason *reason)
{
    enum status status = refuse(reason, STATUS_UNAVAILABLE, "Redis is unavailable");

    reason->outcome_unknown = may_have_run && call->changes;
    return status;
}
