/* removal.c - a queue is removed.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/removal.h"

#include <hiredis/hiredis.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "base/text.h"
#include "broker/helpers.h"
#include "broker/keys.h"
#include "broker/registry.h"
#include "broker/scripts.h"
#include "redis/reply.h"

/* Bodies removed in one step, and bytes of them: some milliseconds of Redis's time. */
enum { STEP_BODIES = 500, STEP_BYTES = 2 * 1024 * 1024 };

static void add_side(struct call *call, const char *queue)
{
    static const enum key keys[] = {
        KEY_LIST,    KEY_LEASES, KEY_DELAYED, KEY_RECEIPTS, KEY_TRASH,     KEY_STATS,
        KEY_COUNTER, KEY_STATUS, KEY_POLICY,  KEY_SETTINGS, KEY_REMEMBERS, KEY_PRESENCE,
    };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        keys_add_key(call, keys[i], queue);
}

static void add_samples(struct call *call, const char *queue)
{
    keys_add_key(call, KEY_SAMPLED, queue);
    keys_add_key(call, KEY_HISTORY, queue);
}

static void add_helpers(struct call *call, const struct helpers *helpers)
{
    struct buffer ids = {0};

    if (helpers)
        helpers_write(helpers, &ids);
    call_text(call, helpers ? "" : "*", ids.data ? ids.data : "", ids.len, "");
    buffer_clear(&ids);
}

static void begin(struct call *call, const char *queue, bool force, const struct helpers *helpers,
                  struct removal *removal)
{
    char dead[LIMIT_NAME + 1], base[LIMIT_NAME + 1];

    queue_dead_name(queue, dead);
    queue_base_name(queue, base);
    *removal = (struct removal){.steps = LIMIT_STEPS};
    call_begin(call, of_queue(queue), &script_remove, queue_remove_result, removal);
    if (queue_is_dead(queue))
        registry_removes_dead(call);
    else
        registry_removes(call);
    keys_add_key(call, KEY_NAMES, queue);
    add_side(call, queue);
    add_side(call, dead);
    keys_add_key(call, KEY_FOREIGN, queue);
    keys_add_key(call, KEY_UNUSED, base);
    add_samples(call, queue);
    add_samples(call, dead);
    call_text(call, queue, "", 0, "");
    call_text(call, dead, "", 0, "");
    keys_add_text(call, KEY_PREFIX, queue);
    call_number(call, force);
    call_number(call, STEP_BODIES);
    call_number(call, STEP_BYTES);
    add_helpers(call, helpers);
    keys_add_text(call, KEY_EVENTS, queue);
    keys_add_text(call, KEY_EVENTS, dead);
}

void queue_remove_call(struct call *call, const char *queue, bool force,
                       const struct helpers *helpers, struct removal *removal)
{
    begin(call, queue, force, helpers, removal);
    call_may_leave_trash(call, queue);
    call_text(call, "", "", 0, "");
    call_clock(call);
}

void queue_remove_unused_call(struct call *call, const char *queue, long long ttl,
                              struct removal *removal)
{
    begin(call, queue, false, NULL, removal);
    call_number(call, ttl * 1000);
    call_clock(call);
}

/* The numbers behind the outcome, in the order of the reply. */
static const struct {
    const char *name;
    bool is_message;
} counts[] = {
    {"ready message",   true },
    {"leased message",  true },
    {"delayed message", true },
    {"dead letter",     true },
    {"consumer",        false},
};
enum { COUNTS = sizeof(counts) / sizeof(counts[0]), PARTS = COUNTS + 2 };

static enum status is_in_the_way(redisReply *const *parts, struct reason *reason)
{
    char list[200] = "";
    size_t len = 0;

    for (int i = 0; i < COUNTS; i++) {
        long long count = reply_number(parts[i + 1], 0);

        if (count > 0)
            len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%lld %s%s", len ? ", " : "",
                                    count, counts[i].name, text_plural(count));
    }
    if (reply_number(parts[PARTS - 1], 0) > 0)
        snprintf(list + len, sizeof(list) - len, "%sremembered Idempotency-Keys", len ? ", " : "");
    return refuse(reason, STATUS_CONFLICT, "the queue has %s; force=1 removes it all the same",
                  list);
}

enum status queue_remove_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    enum { USED = -3, UNKNOWN, IN_THE_WAY, UNFINISHED, REMOVED };
    struct removal *removal = call->result;
    long long outcome =
        reply_is_array(reply, PARTS) ? reply_number(reply->element[0], USED - 1) : USED - 1;

    if (outcome < USED || outcome > REMOVED)
        return reply_unexpected("remove", reason);
    if (outcome == USED)
        return refuse(reason, STATUS_CONFLICT, "the queue is used");
    if (outcome == UNKNOWN)
        return refuse(reason, STATUS_NOT_FOUND, "no such queue");
    if (outcome == IN_THE_WAY)
        return is_in_the_way(reply->element, reason);
    for (int i = 0; i < COUNTS; i++)
        if (counts[i].is_message)
            removal->purged += reply_number(reply->element[i + 1], 0);
    removal->has_more = call->has_trash = outcome == UNFINISHED;
    return removal->has_more && --removal->steps > 0 ? STATUS_AGAIN : STATUS_OK;
}

void removal_to_json(const struct removal *removal, struct json_object *object)
{
    json_object_object_add(object, "removed", json_object_new_boolean(!removal->has_more));
    json_object_object_add(object, "purged", json_object_new_int64(removal->purged));
    if (removal->has_more)
        json_object_object_add(object, "more", json_object_new_boolean(true));
}
