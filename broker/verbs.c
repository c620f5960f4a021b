/* verbs.c - the commands of the JSON protocol: each builds a call and answers from its result.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/verbs.h"

#include <json-c/json.h>
#include <string.h>

#include "base/text.h"
#include "broker/keys.h"
#include "broker/member.h"

/* --- what many of them have ---------------------------------------------------------------- */

static enum status set_queue(struct command *command, const char *name, size_t len,
                             struct reason *reason)
{
    enum status status = queue_name_check(name, len, reason);

    if (status == STATUS_OK)
        memcpy(command->queue, name, len + 1);
    return status;
}

static enum status get_queue(struct command *command, struct reason *reason)
{
    const char *name;
    size_t len;
    enum status status = member_text(command->root, "queue", &name, &len, reason);

    return status == STATUS_OK ? set_queue(command, name, len, reason) : status;
}

/* A message's key, and the token of its lease if there is one. */
static enum status get_claim(struct command *command, bool needs_token, struct claim *claim,
                             struct reason *reason)
{
    enum status status = get_queue(command, reason);

    *claim = (struct claim){.queue = command->queue};
    if (status == STATUS_OK)
        status = member_text(command->root, "key", &claim->key, &claim->key_len, reason);
    if (status == STATUS_OK && !message_key_is_of(claim->key, claim->key_len, command->queue))
        return refuse(reason, STATUS_BAD_VALUE, "key must be that of a message of this queue");
    if (status == STATUS_OK && (needs_token || member_is_given(command->root, "lease")))
        status = member_text(command->root, "lease", &claim->token, &claim->token_len, reason);
    if (status == STATUS_OK && claim->token && claim->token_len == 0)
        return refuse(reason, STATUS_BAD_VALUE, "lease must be a token");
    return status;
}

static void add_text(struct json_object *answer, const char *name, const char *text)
{
    json_object_object_add(answer, name, json_object_new_string(text));
}

static void add_number(struct json_object *answer, const char *name, long long number)
{
    json_object_object_add(answer, name, json_object_new_int64(number));
}

static void answer_queue(struct command *command, struct json_object *answer)
{
    add_text(answer, "queue", command->queue);
}

/* A member of the request, as it came. */
static void answer_echo(struct command *command, struct json_object *answer, const char *name)
{
    json_object_object_add(answer, name,
                           json_object_get(json_object_object_get(command->root, name)));
}

/* --- add ----------------------------------------------------------------------------------- */

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

static enum status build_add(struct command *command, struct call *call, struct reason *reason)
{
    struct push push = {.queue = command->queue, .bodies = command->bodies};
    enum status status = get_queue(command, reason);

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
    char key[LIMIT_NAME + 24];

    message_key(key, sizeof(key), command->queue, command->pushed.first + index);
    return json_object_new_string(key);
}

static void answer_add(struct command *command, struct json_object *answer)
{
    answer_queue(command, answer);
    if (member_is_given(command->root, "values")) {
        struct json_object *keys = json_object_new_array();

        for (int i = 0; i < command->pushed.count; i++)
            json_object_array_add(keys, key_of(command, i));
        json_object_object_add(answer, "keys", keys);
    } else {
        answer_echo(command, answer, "value");
        json_object_object_add(answer, "key", key_of(command, 0));
    }
    if (command->pushed.is_replay)
        json_object_object_add(answer, "replay", json_object_new_boolean(true));
}

/* --- get and take -------------------------------------------------------------------------- */

static enum status build_get(struct command *command, struct call *call, struct reason *reason)
{
    enum status status = get_queue(command, reason);

    if (status == STATUS_OK)
        queue_peek_call(call, command->queue, true, &command->message);
    return status;
}

static void answer_get(struct command *command, struct json_object *answer)
{
    answer_queue(command, answer);
    message_to_json(&command->message, answer);
    add_number(answer, "count", command->message.count);
}

/* All names are checked before anything is taken; then the first is the one in turn. */
static enum status get_queues(struct command *command, struct reason *reason)
{
    struct json_object *array;
    enum status status;

    command->turn = 0;
    if (!member_is_given(command->root, "queues"))
        return get_queue(command, reason);
    if (member_is_given(command->root, "queue"))
        return refuse(reason, STATUS_BAD_REQUEST, "queue and queues do not go together");
    status = member_array(command->root, "queues", LIMIT_QUEUES, &array, reason);
    if (status != STATUS_OK)
        return status;
    for (size_t i = json_object_array_length(array); i > 0 && status == STATUS_OK; i--) {
        struct json_object *name = json_object_array_get_idx(array, i - 1);

        status = set_queue(command, json_object_get_string(name),
                           (size_t)json_object_get_string_len(name), reason);
    }
    return status;
}

static enum status build_take(struct command *command, struct call *call, struct reason *reason)
{
    enum status status = get_queues(command, reason);

    if (status == STATUS_OK)
        status = member_number(command->root, "count", 1, LIMIT_BATCH, 1, &command->count, reason);
    if (status == STATUS_OK)
        status = member_number(command->root, "lease", 0, LIMIT_LEASE, LEASE_BY_POLICY,
                               &command->lease, reason);
    if (status == STATUS_OK)
        queue_take_call(call, command->queue, command->count, command->lease, &command->taken);
    return status;
}

bool verb_next(struct command *command, struct call *call)
{
    struct json_object *queues, *name;

    if (command->verb->build != build_take ||
        !json_object_object_get_ex(command->root, "queues", &queues) ||
        (size_t)command->turn + 1 >= json_object_array_length(queues))
        return false;
    name = json_object_array_get_idx(queues, (size_t)++command->turn);
    strcpy(command->queue, json_object_get_string(name));
    queue_take_call(call, command->queue, command->count, command->lease, &command->taken);
    return true;
}

static void answer_take(struct command *command, struct json_object *answer)
{
    struct json_object *messages;

    answer_queue(command, answer);
    if (!member_is_given(command->root, "count")) {
        message_to_json(&command->taken.messages[0], answer);
        return;
    }
    messages = json_object_new_array();
    for (int i = 0; i < command->taken.count; i++) {
        struct json_object *message = json_object_new_object();

        message_to_json(&command->taken.messages[i], message);
        json_object_array_add(messages, message);
    }
    json_object_object_add(answer, "messages", messages);
}

/* --- del, extend, release ------------------------------------------------------------------ */

static enum status build_del(struct command *command, struct call *call, struct reason *reason)
{
    struct claim claim;
    enum status status = get_claim(command, false, &claim, reason);

    if (status == STATUS_OK)
        queue_delete_call(call, &claim, &command->flag);
    return status;
}

static void answer_del(struct command *command, struct json_object *answer)
{
    answer_queue(command, answer);
    json_object_object_add(answer, "deleted", json_object_new_boolean(command->flag));
    answer_echo(command, answer, "key");
}

static enum status build_extend(struct command *command, struct call *call, struct reason *reason)
{
    struct claim claim;
    long long seconds = 0;
    enum status status = get_claim(command, true, &claim, reason);

    if (status == STATUS_OK && !member_is_given(command->root, "seconds"))
        return refuse(reason, STATUS_BAD_REQUEST, "missing member \"seconds\"");
    if (status == STATUS_OK)
        status = member_number(command->root, "seconds", 1, LIMIT_LEASE, 0, &seconds, reason);
    if (status == STATUS_OK)
        queue_extend_call(call, &claim, seconds, &command->number);
    return status;
}

static void answer_extend(struct command *command, struct json_object *answer)
{
    answer_queue(command, answer);
    answer_echo(command, answer, "key");
    add_number(answer, "lease_until", command->number);
}

static enum status build_release(struct command *command, struct call *call, struct reason *reason)
{
    struct claim claim;
    long long delay = 0;
    enum status status = get_claim(command, true, &claim, reason);

    if (status == STATUS_OK)
        status = member_number(command->root, "delay", 0, LIMIT_DELAY, -1, &delay, reason);
    if (status == STATUS_OK)
        queue_release_call(call, &claim, delay);
    return status;
}

static void answer_release(struct command *command, struct json_object *answer)
{
    answer_queue(command, answer);
    answer_echo(command, answer, "key");
    json_object_object_add(answer, "released", json_object_new_boolean(true));
}

/* --- len, list, stats ---------------------------------------------------------------------- */

static enum status build_state(struct command *command, struct call *call, struct reason *reason)
{
    const char *queue = command->queue;
    enum status status = get_queue(command, reason);

    command->states = (struct queue_states){1, &command->state};
    if (status == STATUS_OK)
        queue_states_call(call, &queue, &command->states);
    return status;
}

static void answer_len(struct command *command, struct json_object *answer)
{
    answer_queue(command, answer);
    add_number(answer, "len", command->state.ready);
}

static void answer_stats(struct command *command, struct json_object *answer)
{
    answer_queue(command, answer);
    queue_state_to_json(&command->state, answer);
}

static enum status build_list(struct command *command, struct call *call, struct reason *reason)
{
    const char *cursor = "0";
    size_t len = 1;
    long long limit;
    enum status status =
        member_number(command->root, "limit", 1, LIMIT_PAGE, LIMIT_PAGE, &limit, reason);

    if (status == STATUS_OK && member_is_given(command->root, "cursor"))
        status = member_text(command->root, "cursor", &cursor, &len, reason);
    if (status == STATUS_OK && !catalog_cursor_is_valid(cursor, len))
        return refuse(reason, STATUS_BAD_VALUE, "cursor must be what the page before said");
    if (status == STATUS_OK)
        catalog_page_call(call, cursor, len, limit, &command->catalog);
    return status;
}

static void answer_list(struct command *command, struct json_object *answer)
{
    struct json_object *queues = json_object_new_array();

    for (int i = 0; i < command->catalog.count; i++)
        json_object_array_add(queues, json_object_new_string(command->catalog.names[i]));
    json_object_object_add(answer, "queues", queues);
    add_text(answer, "cursor", command->catalog.cursor);
}

/* --- policy, control, purge, redrive ------------------------------------------------------- */

/* A setting may be written as a number or as a string. */
static enum status add_setting(struct command *command, const char *name, struct reason *reason)
{
    struct json_object *member;
    const char *text;
    size_t len;

    if (!json_object_object_get_ex(command->root, name, &member))
        return STATUS_OK;
    text = member ? json_object_get_string(member) : "";
    len = json_object_is_type(member, json_type_string) ? (size_t)json_object_get_string_len(member)
                                                        : strlen(text);
    return policy_change_add(&command->change, name, text, len, reason);
}

static enum status build_policy(struct command *command, struct call *call, struct reason *reason)
{
    enum status status = get_queue(command, reason);

    memset(&command->change, 0, sizeof(command->change));
    if (status == STATUS_OK)
        status = add_setting(command, "policy", reason);
    for (int i = 0; status == STATUS_OK && policy_setting_name(i); i++)
        status = add_setting(command, policy_setting_name(i), reason);
    if (status == STATUS_OK)
        status =
            policy_call(call, command->queue, &command->change, &command->state.policy, reason);
    return status;
}

static void answer_policy(struct command *command, struct json_object *answer)
{
    answer_queue(command, answer);
    policy_to_json(&command->state.policy, answer);
}

static enum status build_control(struct command *command, struct call *call, struct reason *reason)
{
    const char *text;
    size_t len;
    enum status status;

    if (!member_is_given(command->root, "status"))
        return build_state(command, call, reason);
    status = get_queue(command, reason);
    if (status == STATUS_OK)
        status = member_text(command->root, "status", &text, &len, reason);
    if (status == STATUS_OK && !text_is_listed(text, len, "start stop"))
        return refuse(reason, STATUS_BAD_VALUE, "status must be start or stop");
    if (status != STATUS_OK)
        return status;
    command->state.is_started = text_is(text, len, "start");
    queue_set_started_call(call, command->queue, command->state.is_started);
    return STATUS_OK;
}

static void answer_control(struct command *command, struct json_object *answer)
{
    answer_queue(command, answer);
    add_number(answer, "status", command->state.is_started);
}

static enum status build_purge(struct command *command, struct call *call, struct reason *reason)
{
    enum status status = get_queue(command, reason);

    if (status == STATUS_OK)
        queue_purge_call(call, command->queue, &command->number);
    return status;
}

static void answer_purge(struct command *command, struct json_object *answer)
{
    answer_queue(command, answer);
    add_number(answer, "status", command->number > 0);
    add_number(answer, "purged", command->number);
}

static enum status build_redrive(struct command *command, struct call *call, struct reason *reason)
{
    long long count = 0;
    enum status status = get_queue(command, reason);

    if (status == STATUS_OK && !queue_is_dead(command->queue))
        return refuse(reason, STATUS_BAD_REQUEST, "redrive is for dead letters: <queue>.dead");
    if (status == STATUS_OK)
        status = member_number(command->root, "count", 1, LIMIT_BATCH, 0, &count, reason);
    if (status == STATUS_OK)
        queue_redrive_call(call, command->queue, count, &command->redrive);
    return status;
}

static void answer_redrive(struct command *command, struct json_object *answer)
{
    char base[LIMIT_NAME + 1];

    queue_base_name(command->queue, base);
    add_text(answer, "queue", base);
    add_number(answer, "redriven", command->redrive.redriven);
}

/* --- the table ----------------------------------------------------------------------------- */

// clang-format off
static const struct verb verbs[] = {
    {"add",     "queue value values encoding ttl delay once",               build_add,     answer_add    },
    {"get",     "queue",                                                    build_get,     answer_get    },
    {"take",    "queue queues count lease",                                 build_take,    answer_take   },
    {"del",     "queue key lease",                                          build_del,     answer_del    },
    {"extend",  "queue key lease seconds",                                  build_extend,  answer_extend },
    {"release", "queue key lease delay",                                    build_release, answer_release},
    {"len",     "queue",                                                    build_state,   answer_len    },
    {"stats",   "queue",                                                    build_state,   answer_stats  },
    {"list",    "limit cursor",                                             build_list,    answer_list   },
    {"policy",  "queue policy lease max_deliveries max_length ttl backoff", build_policy,  answer_policy },
    {"control", "queue status",                                             build_control, answer_control},
    {"purge",   "queue",                                                    build_purge,   answer_purge  },
    {"redrive", "queue count",                                              build_redrive, answer_redrive},
};
// clang-format on

const struct verb *verb_find(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (text_is(name, len, verbs[i].name))
            return &verbs[i];
    return NULL;
}

bool verb_left_trash(const struct command *command)
{
    return (command->verb->build == build_purge && command->number > 0) ||
           (command->verb->build == build_take && command->taken.has_trash);
}
