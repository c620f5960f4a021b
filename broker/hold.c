/* hold.c - what of a queue is held.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/hold.h"

#include <hiredis/hiredis.h>
#include <json-c/json.h>
#include <string.h>

#include "base/text.h"
#include "broker/keys.h"
#include "broker/scripts.h"
#include "redis/reply.h"

static const char *const names[] = {
    [HOLD_STREAMS] = "streams", [HOLD_TAKES] = "takes", [HOLD_PUSHES] = "pushes"};

enum { NAMES = sizeof(names) / sizeof(names[0]) };

static enum status read_what(struct hold_change *change, const char *what, size_t len,
                             struct reason *reason)
{
    for (int i = 0; i < NAMES; i++) {
        if (!text_is(what, len, names[i]))
            continue;
        change->what = (enum hold)i;
        return STATUS_OK;
    }
    return refuse(reason, STATUS_BAD_VALUE, "what must be streams, takes or pushes");
}

enum status hold_read(struct hold_change *change, const char *queue, const char *status,
                      size_t status_len, const char *what, size_t what_len, struct reason *reason)
{
    *change = (struct hold_change){.is_start = text_is(status, status_len, "start")};
    if (!text_is_listed(status, status_len, "start stop"))
        return refuse(reason, STATUS_BAD_VALUE, "status must be start or stop");
    if (what && read_what(change, what, what_len, reason) != STATUS_OK)
        return STATUS_BAD_VALUE;
    if (change->what == HOLD_PUSHES && queue_is_dead(queue))
        return refuse(reason, STATUS_BAD_NAME, "dead letters take no pushes");
    return STATUS_OK;
}

const char *hold_text(const struct hold_change *change)
{
    static const char *const texts[NAMES][2] = {
        {"stop",        "start"       },
        {"stop takes",  "start takes" },
        {"stop pushes", "start pushes"},
    };

    return texts[change->what][change->is_start];
}

void hold_call(struct call *call, const char *queue, const struct hold_change *change,
               struct holds *holds)
{
    call_begin(call, of_queue(queue), &script_control, hold_result, holds);
    keys_add_key(call, KEY_STATUS, queue);
    keys_add_key(call, KEY_SETTINGS, queue);
    call_bytes(call, names[change->what], strlen(names[change->what]));
    call_number(call, change->is_start);
    keys_add_text(call, KEY_EVENTS, queue);
}

void holds_read(struct holds *holds, const redisReply *status, const redisReply *settings)
{
    *holds = (struct holds){.is_started = reply_number(status, 1) != 0};
    for (size_t at = 0; at + 1 < settings->elements; at += 2) {
        const char *name = settings->element[at]->str;

        holds->are_takes_held |= name && strcmp(name, "held_takes") == 0;
        holds->are_pushes_held |= name && strcmp(name, "held_pushes") == 0;
    }
}

enum status hold_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    if (!reply_is_array(reply, 2) || !reply_is_array(reply->element[1], 0))
        return reply_unexpected("control", reason);
    holds_read(call->result, reply->element[0], reply->element[1]);
    return STATUS_OK;
}

enum status hold_refuse(enum hold what, struct reason *reason)
{
    return refuse(reason, STATUS_HELD, "the %s of this queue are held, see /control", names[what]);
}

void holds_to_json(const struct holds *holds, struct json_object *object)
{
    struct json_object *held;

    json_object_object_add(object, "status", json_object_new_int64(holds->is_started));
    if (!holds->are_takes_held && !holds->are_pushes_held)
        return;
    held = json_object_new_array();
    if (holds->are_takes_held)
        json_object_array_add(held, json_object_new_string(names[HOLD_TAKES]));
    if (holds->are_pushes_held)
        json_object_array_add(held, json_object_new_string(names[HOLD_PUSHES]));
    json_object_object_add(object, "held", held);
}
