/* verbs_messages.c - commands on messages: add, pub, get, take.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <json-c/json.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/memory.h"
#include "base/text.h"
#include "broker/channel.h"
#include "broker/find.h"
#include "broker/keys.h"
#include "broker/queue.h"
#include "broker/take.h"
#include "protocol/member.h"
#include "protocol/messages.h"
#include "protocol/verbs.h"

/* --- the values of add and pub --------------------------------------------------------------- */

struct add_values {
    int count;
    struct body *bodies;
    struct buffer binary; /* what was base64, decoded */
};

static void clear_values(void *own)
{
    struct add_values *values = own;

    free(values->bodies);
    buffer_clear(&values->binary);
}

static struct body *make_room(struct add_values *values, size_t count)
{
    values->count = (int)count;
    return values->bodies = xmalloc(count * sizeof(*values->bodies));
}

static enum status get_value(struct command *command, struct add_values *values,
                             struct reason *reason)
{
    struct body *body = make_room(values, 1);

    return member_text(command->root, "value", &body->data, &body->len, reason);
}

static enum status get_values(struct command *command, struct add_values *values,
                              struct reason *reason)
{
    struct json_object *array;
    struct body *bodies;
    enum status status;

    if (!member_is_given(command->root, "values"))
        return get_value(command, values, reason);
    if (member_is_given(command->root, "value"))
        return refuse(reason, STATUS_BAD_REQUEST, "value and values do not go together");
    status = member_array(command->root, "values", LIMIT_BATCH, &array, reason);
    if (status != STATUS_OK)
        return status;
    bodies = make_room(values, json_object_array_length(array));
    for (int i = 0; i < values->count; i++) {
        struct json_object *value = json_object_array_get_idx(array, (size_t)i);

        bodies[i] =
            (struct body){json_object_get_string(value), (size_t)json_object_get_string_len(value)};
    }
    return STATUS_OK;
}

/* With "encoding":"base64" the values are decoded, so that any bytes can be a message. */
static enum status decode_values(struct command *command, struct add_values *values,
                                 struct reason *reason)
{
    size_t room = 1;
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
    for (int i = 0; i < values->count; i++)
        room += values->bodies[i].len;
    buffer_reserve(&values->binary, room); /* once: the bodies will point into it */
    for (int i = 0; i < values->count; i++) {
        struct body *body = &values->bodies[i];
        char *out = values->binary.data + values->binary.len;
        long len = base64_decode(body->data, body->len, out);

        if (len < 0)
            return refuse(reason, STATUS_BAD_VALUE, "a value is no base64");
        values->binary.len += (size_t)len;
        *body = (struct body){out, (size_t)len};
    }
    return STATUS_OK;
}

/* --- add ------------------------------------------------------------------------------------ */

struct add_own {
    struct add_values values; /* the first: see clear_values() */
    struct pushed pushed;
};

static enum status get_once(struct command *command, struct push *push, struct reason *reason)
{
    enum status status;

    if (!member_is_given(command->root, "once"))
        return STATUS_OK;
    push->once_seconds = command->limits.once_seconds;
    status = member_text(command->root, "once", &push->once, &push->once_len, reason);
    return status == STATUS_OK ? push_check_once(push, "once", reason) : status;
}

static enum status build_add(struct command *command, struct call *call, struct reason *reason)
{
    struct add_own *own = command->own;
    struct push push = {.queue = command->queue};
    enum status status = verb_get_queue(command, reason);

    if (status == STATUS_OK)
        status = get_values(command, &own->values, reason);
    if (status == STATUS_OK)
        status = decode_values(command, &own->values, reason);
    push.bodies = own->values.bodies;
    push.count = own->values.count;
    if (status == STATUS_OK)
        status = member_number(command->root, "ttl", 1, LIMIT_TTL, 0, &push.ttl, reason);
    if (status == STATUS_OK)
        status = member_number(command->root, "delay", 0, LIMIT_DELAY, 0, &push.delay, reason);
    if (status == STATUS_OK)
        status = get_once(command, &push, reason);
    if (status == STATUS_OK)
        status = push_check(&push, command->limits.max_message, reason);
    if (status == STATUS_OK)
        queue_push_call(call, &push, &own->pushed);
    return status;
}

static struct json_object *key_of(const struct command *command, int index)
{
    const struct add_own *own = command->own;
    char key[MESSAGE_KEY];

    message_key(key, command->queue, own->pushed.first + index);
    return json_object_new_string(key);
}

static void answer_add(struct command *command, struct json_object *answer)
{
    const struct add_own *own = command->own;

    verb_answer_queue(command, answer);
    if (member_is_given(command->root, "values")) {
        struct json_object *keys = json_object_new_array();

        for (int i = 0; i < own->pushed.count; i++)
            json_object_array_add(keys, key_of(command, i));
        json_object_object_add(answer, "keys", keys);
    } else {
        verb_answer_echo(command, answer, "value");
        json_object_object_add(answer, "key", key_of(command, 0));
    }
    if (own->pushed.is_replay)
        json_object_object_add(answer, "replay", json_object_new_boolean(true));
}

/* --- pub ------------------------------------------------------------------------------------ */

struct pub_own {
    struct add_values values; /* the first: see clear_values() */
    struct published published;
};

static enum status get_channel(struct command *command, struct reason *reason)
{
    const char *name;
    size_t len;
    enum status status = member_text(command->root, "channel", &name, &len, reason);

    if (status == STATUS_OK)
        status = channel_name_check(name, len, reason);
    return status == STATUS_OK ? verb_set_queue(command, name, len, reason) : status;
}

static enum status build_pub(struct command *command, struct call *call, struct reason *reason)
{
    struct pub_own *own = command->own;
    const struct body *body;
    enum status status = get_channel(command, reason);

    if (status == STATUS_OK)
        status = get_value(command, &own->values, reason);
    if (status == STATUS_OK)
        status = decode_values(command, &own->values, reason);
    body = own->values.bodies;
    if (status == STATUS_OK)
        status = channel_publish_check(body->len, command->limits.max_message, reason);
    if (status == STATUS_OK)
        channel_publish_call(call, command->queue, body->data, body->len, &own->published);
    return status;
}

static void answer_pub(struct command *command, struct json_object *answer)
{
    const struct pub_own *own = command->own;

    verb_answer_text(answer, "channel", command->queue);
    verb_answer_number(answer, "receivers", own->published.receivers);
    if (*own->published.id)
        verb_answer_text(answer, "id", own->published.id);
}

/* --- get ------------------------------------------------------------------------------------ */

struct get_own {
    bool has_key;
    struct found found; /* without a key the message alone */
};

static enum status build_get(struct command *command, struct call *call, struct reason *reason)
{
    struct get_own *own = command->own;
    struct claim claim = {0};
    enum status status = verb_get_queue(command, reason);

    own->has_key = member_is_given(command->root, "key");
    if (status == STATUS_OK && own->has_key)
        status = verb_get_key(command, &claim, reason);
    if (status != STATUS_OK)
        return status;
    if (own->has_key)
        find_call(call, command->queue, &claim, true, &own->found);
    else
        queue_peek_call(call, command->queue, true, &own->found.message);
    return STATUS_OK;
}

static void write_get(const struct command *command, struct buffer *out)
{
    const struct get_own *own = command->own;

    verb_write_queue(command, out);
    if (own->has_key)
        found_write_members(&own->found, out);
    else
        message_write_members(&own->found.message, MESSAGE_COUNT, out);
}

/* --- take ----------------------------------------------------------------------------------- */

struct take_own {
    struct wish wish;
    struct batch batch;
};

static void clear_take(void *own)
{
    batch_clear(&((struct take_own *)own)->batch);
}

/* All names are checked before anything is taken; then the first is the one in turn. */
static enum status get_queues(struct command *command, struct reason *reason)
{
    enum status status;

    if (!member_is_given(command->root, "queues"))
        return verb_get_queue(command, reason);
    if (member_is_given(command->root, "queue"))
        return refuse(reason, STATUS_BAD_REQUEST, "queue and queues do not go together");
    status = member_array(command->root, "queues", LIMIT_QUEUES, &command->queues, reason);
    if (status != STATUS_OK)
        return status;
    for (size_t i = json_object_array_length(command->queues); i > 0 && status == STATUS_OK; i--) {
        struct json_object *name = json_object_array_get_idx(command->queues, i - 1);

        status = verb_set_queue(command, json_object_get_string(name),
                                (size_t)json_object_get_string_len(name), reason);
    }
    return status;
}

static void next_take(struct command *command, struct call *call)
{
    struct take_own *own = command->own;
    struct take take = {
        .queue = command->queue,
        .count = own->wish.count,
        .lease = own->wish.lease,
        .pool = command->limits.tokens,
    };

    take_call(call, &take, &own->batch);
}

static enum status build_take(struct command *command, struct call *call, struct reason *reason)
{
    struct take_own *own = command->own;
    enum status status = get_queues(command, reason);

    if (status == STATUS_OK)
        status = wish_read_members(&own->wish, command->root, reason);
    if (status == STATUS_OK)
        next_take(command, call);
    return status;
}

static void write_take(const struct command *command, struct buffer *out)
{
    const struct take_own *own = command->own;

    verb_write_queue(command, out);
    if (own->wish.asks & WISH_COUNT) {
        buffer_add_text(out, "\"messages\":");
        messages_write(&own->batch, MESSAGE_LEASE, out);
    } else {
        message_write_members(&own->batch.messages[0], MESSAGE_LEASE, out);
    }
}

/* --- the table ------------------------------------------------------------------------------ */

// clang-format off
const struct json_verb verbs_of_messages[] = {
    {.name = "add", .members = "queue value values encoding ttl delay once",
     .needs = AUTHKEY_WRITE, .size = sizeof(struct add_own),
     .build = build_add, .answer = answer_add, .clear = clear_values},
    {.name = "pub", .members = "channel value encoding",
     .needs = AUTHKEY_WRITE, .size = sizeof(struct pub_own),
     .build = build_pub, .answer = answer_pub, .clear = clear_values},
    {.name = "get", .members = "queue key", .needs = AUTHKEY_READ, .size = sizeof(struct get_own),
     .build = build_get, .write = write_get},
    {.name = "take", .members = "queue queues count lease",
     .needs = AUTHKEY_READ, .size = sizeof(struct take_own),
     .build = build_take, .write = write_take, .next = next_take, .clear = clear_take},
    {.name = NULL},
};
// clang-format on
