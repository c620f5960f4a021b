/* tidy.c - what dead helpers have left of presence goes.
 *
 * A helper that was taken for dead never comes back under its id, so nobody adds what is removed
 * here: see presence_beat_call().
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/tidy.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "broker/keys.h"
#include "broker/scripts.h"
#include "redis/reply.h"

static void add_word(struct call *call, const char *word)
{
    call_bytes(call, word, strlen(word));
}

static const char *helper_of(const struct tidy *tidy)
{
    return tidy->helpers[tidy->helper];
}

static void begin_with_helper(struct tidy *tidy)
{
    tidy->has_more = tidy->is_failed = false;
    if (tidy->helper < tidy->helpers_count)
        tidy->stage = TIDY_LISTED;
    else
        tidy->stage =
            tidy->helpers_count == TIDY_HELPERS && !tidy->was_failed ? TIDY_DEAD : TIDY_OVER;
}

static void pass_helper(struct tidy *tidy)
{
    tidy->helper++;
    begin_with_helper(tidy);
}

/* Those in hand are done, as far as they can be. */
static void end_topics(struct tidy *tidy)
{
    if (tidy->topics_count > 0)
        tidy->stage = TIDY_STRIKE;
    else
        pass_helper(tidy);
}

static void pass_topic(struct tidy *tidy)
{
    if (++tidy->topic >= tidy->topics_count)
        end_topics(tidy);
}

/* --- which helpers ------------------------------------------------------------------------- */

static void build_dead(struct tidy *tidy, struct call *call)
{
    call_begin(call, of_all(KEY_HELPERS), &script_dead, tidy_result, tidy);
    keys_add_key(call, KEY_HELPERS, "");
    call_number(call, HELPER_DEAD_MS);
    call_number(call, TIDY_HELPERS);
    call_clock(call);
}

static void read_dead(struct tidy *tidy, const redisReply *reply)
{
    tidy->helper = tidy->helpers_count = 0;
    for (size_t i = 0; i < reply->elements && i < TIDY_HELPERS; i++)
        if (reply->element[i]->str)
            snprintf(tidy->helpers[tidy->helpers_count++], HELPER_ID, "%s", reply->element[i]->str);
    begin_with_helper(tidy);
}

/* --- which topics -------------------------------------------------------------------------- */

/* Any of them, so that several who tidy up at the same time do not do the same. */
static void build_listed(struct tidy *tidy, struct call *call)
{
    call_begin(call, of_helper(helper_of(tidy)), NULL, tidy_result, tidy);
    add_word(call, "SRANDMEMBER");
    keys_add_key(call, KEY_HELPER_TOPICS, helper_of(tidy));
    call_number(call, TIDY_TOPICS);
}

/* A member that cannot be a topic's name, which another program has added, goes with the helper. */
static void read_listed(struct tidy *tidy, const redisReply *reply)
{
    struct reason ignored;

    tidy->topic = tidy->topics_count = 0;
    tidy->has_more = reply->elements >= TIDY_TOPICS;
    for (size_t i = 0; i < reply->elements && i < TIDY_TOPICS; i++) {
        const redisReply *name = reply->element[i];

        if (name->str && queue_name_check(name->str, name->len, &ignored) == STATUS_OK)
            snprintf(tidy->topics[tidy->topics_count++], LIMIT_NAME + 1, "%s", name->str);
    }
    tidy->stage = tidy->topics_count ? TIDY_ROWS : TIDY_BURY;
}

/* --- rows ---------------------------------------------------------------------------------- */

static void build_rows(struct tidy *tidy, struct call *call)
{
    const char *topic = tidy->topics[tidy->topic], *helper = helper_of(tidy);

    call_begin(call, of_topic(topic), &script_forget, tidy_result, tidy);
    keys_add_key(call, KEY_PRESENCE, topic);
    keys_add_key(call, KEY_PRESENCE_ROWS, topic);
    call_append(call, helper, strlen(helper));
    add_word(call, topic);
    add_word(call, helper);
    call_number(call, LIMIT_PAGE);
    keys_add_text(call, KEY_PRESENCE_NEWS, topic);
}

static void read_rows(struct tidy *tidy, const redisReply *reply)
{
    if (reply->integer == 0)
        pass_topic(tidy);
}

/* --- and back ------------------------------------------------------------------------------ */

static void build_strike(struct tidy *tidy, struct call *call)
{
    call_begin(call, of_helper(helper_of(tidy)), NULL, tidy_result, tidy);
    call->changes = true;
    add_word(call, "SREM");
    keys_add_key(call, KEY_HELPER_TOPICS, helper_of(tidy));
    for (int i = 0; i < tidy->topics_count; i++)
        add_word(call, tidy->topics[i]);
}

static void read_strike(struct tidy *tidy, const redisReply *reply)
{
    (void)reply;
    if (tidy->has_more)
        tidy->stage = TIDY_LISTED;
    else if (tidy->is_failed)
        pass_helper(tidy);
    else
        tidy->stage = TIDY_BURY;
}

static void build_bury(struct tidy *tidy, struct call *call)
{
    call_begin(call, of_all(KEY_HELPERS), NULL, tidy_result, tidy);
    call->changes = true;
    add_word(call, "ZREM");
    keys_add_key(call, KEY_HELPERS, "");
    add_word(call, helper_of(tidy));
}

static void read_bury(struct tidy *tidy, const redisReply *reply)
{
    (void)reply;
    pass_helper(tidy);
}

/* --- the walk ------------------------------------------------------------------------------ */

static const struct {
    void (*build)(struct tidy *tidy, struct call *call);
    void (*read)(struct tidy *tidy, const redisReply *reply);
    bool is_list; /* the reply; else it is a number */
} stages[] = {
    [TIDY_DEAD] = {build_dead,   read_dead,   true },
    [TIDY_LISTED] = {build_listed, read_listed, true },
    [TIDY_ROWS] = {build_rows,   read_rows,   false},
    [TIDY_STRIKE] = {build_strike, read_strike, false},
    [TIDY_BURY] = {build_bury,   read_bury,   false},
};

bool tidy_call(struct tidy *tidy, struct call *call)
{
    if (tidy->stage == TIDY_OVER)
        return false;
    stages[tidy->stage].build(tidy, call);
    return true;
}

enum status tidy_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct tidy *tidy = call->result;
    bool is_list = stages[tidy->stage].is_list;

    if (is_list ? !reply_is_array(reply, 0) : reply->type != REDIS_REPLY_INTEGER)
        return reply_unexpected("tidy", reason);
    stages[tidy->stage].read(tidy, reply);
    return STATUS_OK;
}

void tidy_pass(struct tidy *tidy)
{
    tidy->is_failed = tidy->was_failed = true;
    if (tidy->stage == TIDY_DEAD) {
        tidy->stage = TIDY_OVER;
    } else if (tidy->stage == TIDY_ROWS) { /* the last one in hand takes its place */
        tidy->has_more = false;            /* it would be met again */
        tidy->topics_count--;
        memmove(tidy->topics[tidy->topic], tidy->topics[tidy->topics_count], LIMIT_NAME + 1);
        if (tidy->topic == tidy->topics_count)
            end_topics(tidy);
    } else {
        pass_helper(tidy);
    }
}
