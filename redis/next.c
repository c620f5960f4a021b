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

static bool begins(const redisReply *reply, const char *word)
{
    return strncmp(reply->str, word, strlen(word)) == 0;
}

/* Of a node that did not run the call, but another one will, or this one in a moment.  A place that
 * cannot be read is an error as any other. */
static enum next_step step_elsewhere(const redisReply *reply, struct elsewhere *elsewhere)
{
    if (begins(reply, "MOVED ") && read_elsewhere(reply->str + 6, elsewhere))
        return STEP_MOVED;
    if (begins(reply, "ASK ") && read_elsewhere(reply->str + 4, elsewhere))
        return STEP_ASK;
    return begins(reply, "TRYAGAIN ") ? STEP_LATER : STEP_DONE;
}

static struct next next_of_error(struct run *run, const redisReply *reply, struct reason *reason)
{
    struct next next = {.is_stale = reply_is_stale(reply)};

    /* Not known means not run: sending the text is no repetition. */
    if (reply_is_noscript(reply) && run->call->script && !run->with_text) {
        run->with_text = true;
        next.step = STEP_TEXT;
        return next;
    }
    if (run->in_cluster)
        next.step = step_elsewhere(reply, &next.elsewhere);
    if (next.step != STEP_DONE) {
        next.status = reply_refusal(reply, reason);
        return next;
    }
    if (reply_wants_reconnect(reply))
        next.step = STEP_RECONNECT;
    next.lacks_right = run->call->changes && reply_lacks_right(reply);
    next.status = run->in_cluster && next.is_stale ? reply_refusal(reply, reason)
                                                   : reply_error(reply, reason);
    reason->outcome_unknown = reply_is_half_done(reply) && run->call->changes;
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
