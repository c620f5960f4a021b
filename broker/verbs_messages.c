/* verbs_messages.c - commands on messages: add, pub, get, take.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <json-c/json.h>
#include <string.h>

#include "base/text.h"
#include "broker/channel.h"
#include "broker/keys.h"
#include "broker/member.h"
#include "broker/take.h"
#include "broker/verbs.h"

/* --- add ------------------------------------------------------------------------------------ */

static enum status get_bodies(struct command *command, int *count, struct reason *reason)
{
    struct json_object *array;
    enum status status;

    if (!member_is_given(command->root, "values")) {
        *count = 1;
        return member_text(command->root, "value", &command->bodies[0].data,
                           &command->bodies[0].len, reason);
    }
    if (member_is_given(command->root, "value"))
        return refuse(reason, STATUS_BAD_REQUEST, "value and values do not go together");
    status = member_array(command->root, "values", LIMIT_BATCH, &array, reason);
    if (status != STATUS_OK)
        return status;
    *count = (int)json_object_array_length(array);
    for (int i = 0; i < *count; i++) {
        struct json_object *value = json_object_array_get_idx(array, (size_t)i);

        command->bodies[i] =
            (struct body){json_object_get_string(value), (size_t)json_object_get_string_len(value)};
    }
    return STATUS_OK;
}

/* With "encoding":"base64" the values are decoded, so that any bytes can be a message. */
static enum status decode_bodies(struct command *command, int count, struct reason *reason)
{
    size_t room = 0;
    const char *encoding;
    size_t encoding_len;
    enum status status;

    if (!member_is_given(command->root, "encoding"))
        return STATUS_OK;
    status = member_text(command->root, "encoding", &encoding, &encoding_len, reason);
    if (status != STATUS_OK)
        return status;
    if (!text_is(encoding, encoding_len, "base64"))
        return refuse(reason, STATUS_BAD_VALUE, "encoding must be \"base64\"");
    for (int i = 0; i < count; i++)
        room += command->bodies[i].len;
    buffer_reset(&command->binary);
    buffer_reserve(&command->binary, room); /* once: the bodies will point into it */
    for (int i = 0; i < count; i++) {
        struct body *body = &command->bodies[i];
        char *out = command->binary.data + command->binary.len;
        long len = message_from_base64(body->data, body->len, out);

        if (len < 0)
            return refuse(reason, STATUS_BAD_VALUE, "a value is no base64");
        command->binary.len += (size_t)len;
        *body = (struct body){out, (size_t)len};
    }
    return STATUS_OK;
}

static enum status get_once(struct command *command, struct push *push, struct reason *reason)
{
    enum status status;

    if (!member_is_given(command->root, "once"))
        return STATUS_OK;
    push->once_seconds = command->limits.once_seconds;
    status = member_text(command->root, "once", &push->once, &push->once_len, reason);
    return status == STATUS_OK ? push_check_once(push, "once", reason) : status;
}

enum status build_add(struct command *command, struct call *call, struct reason *reason)
{
    struct push push = {.queue = command->queue, .bodies = command->bodies};
    enum status status = verb_get_queue(command, reason);

    if (status == STATUS_OK)
        status = get_bodies(command, &push.count, reason);
    if (status == STATUS_OK)
        status = decode_bodies(command, push.count, reason);
    if (status == STATUS_OK)
        status = member_number(command->root, "ttl", 1, LIMIT_TTL, 0, &push.ttl, reason);
    if (status == STATUS_OK)
        status = member_number(command->root, "delay", 0, LIMIT_DELAY, 0, &push.delay, reason);
    if (status == STATUS_OK)
        status = get_once(command, &push, reason);
    if (status == STATUS_OK)
        status = push_check(&push, command->limits.max_message, reason);
    if (status == STATUS_OK)
        queue_push_call(call, &push, &command->pushed);
    return status;
}

static struct json_object *key_of(const struct command *command, int index)
{
    char key[MESSAGE_KEY];

    message_key(key, command->queue, command->pushed.first + index);
    return json_object_new_string(key);
}

void answer_add(struct command *command, struct json_object *answer)
{
    verb_answer_queue(command, answer);
    if (member_is_given(command->root, "values")) {
        struct json_object *keys = json_object_new_array();

        for (int i = 0; i < command->pushed.count; i++)
            json_object_array_add(keys, key_of(command, i));
        json_object_object_add(answer, "keys", keys);
    } else {
        verb_answer_echo(command, answer, "value");
        json_object_object_add(answer, "key", key_of(command, 0));
    }
    if (command->pushed.is_replay)
        json_object_object_add(answer, "replay", json_object_new_boolean(true));
}

/* --- pub ------------------------------------------------------------------------------------ */

enum status build_pub(struct command *command, struct call *call, struct reason *reason)
{
    const char *name;
    size_t len;
    enum status status = member_text(command->root, "channel", &name, &len, reason);

    if (status == STATUS_OK)
        status = channel_name_check(name, len, reason);
    if (status == STATUS_OK)
        status = verb_set_queue(command, name, len, reason);
    if (status == STATUS_OK)
        status = member_text(command->root, "value", &command->bodies[0].data,
                             &command->bodies[0].len, reason);
    if (status == STATUS_OK)
        status = decode_bodies(command, 1, reason);
    if (status == STATUS_OK)
        status = channel_publish_check(command->bodies[0].len, command->limits.max_message, reason);
    if (status == STATUS_OK)
        channel_publish_call(call, command->queue, command->bodies[0].data, command->bodies[0].len,
                             &command->number);
    return status;
}

void answer_pub(struct command *command, struct json_object *answer)
{
    verb_answer_text(answer, "channel", command->queue);
    verb_answer_number(answer, "receivers", command->number);
}

/* --- get and take --------------------------------------------------------------------------- */

enum status build_get(struct command *command, struct call *call, struct reason *reason)
{
    bool has_key = member_is_given(command->root, "key");
    enum status status = verb_get_queue(command, reason);

    if (status == STATUS_OK && has_key)
        status = verb_get_key(command, reason);
    if (status != STATUS_OK)
        return status;
    if (has_key)
        find_call(call, command->queue, &command->claims.rows[0], true, &command->found);
    else
        queue_peek_call(call, command->queue, true, &command->message);
    return STATUS_OK;
}

void answer_get(struct command *command, struct json_object *answer)
{
    verb_answer_queue(command, answer);
    if (member_is_given(command->root, "key")) {
        found_to_json(&command->found, answer);
        verb_answer_number(answer, "count", command->found.message.count);
        return;
    }
    message_to_json(&command->message, true, answer);
    verb_answer_number(answer, "count", command->message.count);
}

/* All names are checked before anything is taken; then the first is the one in turn. */
static enum status get_queues(struct command *command, struct reason *reason)
{
    struct json_object *array;
    enum status status;

    command->turn = 0;
    if (!member_is_given(command->root, "queues"))
        return verb_get_queue(command, reason);
    if (member_is_given(command->root, "queue"))
        return refuse(reason, STATUS_BAD_REQUEST, "queue and queues do not go together");
    status = member_array(command->root, "queues", LIMIT_QUEUES, &array, reason);
    if (status != STATUS_OK)
        return status;
    for (size_t i = json_object_array_length(array); i > 0 && status == STATUS_OK; i--) {
        struct json_object *name = json_object_array_get_idx(array, i - 1);

        status = verb_set_queue(command, json_object_get_string(name),
                                (size_t)json_object_get_string_len(name), reason);
    }
    return status;
}

static void take_from(struct command *command, struct call *call)
{
    struct take take = {
        .queue = command->queue,
        .count = command->count,
        .lease = command->lease,
        .pool = command->limits.tokens,
    };

    take_call(call, &take, &command->batch);
}

enum status build_take(struct command *command, struct call *call, struct reason *reason)
{
    enum status status = get_queues(command, reason);

    if (status == STATUS_OK)
        status = member_number(command->root, "count", 1, LIMIT_BATCH, 1, &command->count, reason);
    if (status == STATUS_OK)
        status = member_number(command->root, "lease", 0, LIMIT_LEASE, LEASE_BY_POLICY,
                               &command->lease, reason);
    if (status == STATUS_OK)
        take_from(command, call);
    return status;
}

/* Of a take from several; NULL when there are not so many. */
static const char *queue_of_take(const struct command *command, int index)
{
    struct json_object *queues;

    if (command->verb->build != build_take ||
        !json_object_object_get_ex(command->root, "queues", &queues) ||
        (size_t)index >= json_object_array_length(queues))
        return NULL;
    return json_object_get_string(json_object_array_get_idx(queues, (size_t)index));
}

const char *verb_queue(const struct command *command, int index)
{
    const char *name = queue_of_take(command, index);

    return !name && index == 0 ? command->queue : name;
}

bool verb_next(struct command *command, struct call *call)
{
    const char *name = queue_of_take(command, command->turn + 1);

    if (!name)
        return false;
    command->turn++;
    strcpy(command->queue, name);
    take_from(command, call);
    return true;
}

void answer_take(struct command *command, struct json_object *answer)
{
    struct json_object *messages;

    verb_answer_queue(command, answer);
    if (!member_is_given(command->root, "count")) {
        message_to_json(&command->batch.messages[0], true, answer);
        return;
    }
    messages = json_object_new_array();
    for (int i = 0; i < command->batch.count; i++) {
        struct json_object *message = json_object_new_object();

        message_to_json(&command->batch.messages[i], true, message);
        json_object_array_add(messages, message);
    }
    json_object_object_add(answer, "messages", messages);
}
