/* command.c - RestMQ's JSON protocol.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/command.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "broker/json.h"
#include "broker/keys.h"

struct verb {
    const char *name;
    const char *members; /* that it may have besides cmd, one space between */
    enum status (*build)(struct command *, struct call *, struct reason *);
    void (*answer)(struct command *, struct json_object *answer);
};

void error_render(enum status status, const struct reason *reason, struct buffer *out)
{
    struct json_object *object = json_object_new_object();
    const char *text = *reason->text ? reason->text : status_text(status);

    json_object_object_add(object, "error", json_object_new_string(text));
    json_object_object_add(object, "code", json_object_new_string(status_code(status)));
    if (reason->outcome_unknown)
        json_object_object_add(object, "outcome", json_object_new_string("unknown"));
    json_render(object, out);
}

/* --- members ------------------------------------------------------------------------------- */

/* A string member that must be there. */
static enum status get_text(struct command *command, const char *name, const char **text,
                            size_t *len, struct reason *reason)
{
    struct json_object *member;

    if (!json_object_object_get_ex(command->root, name, &member))
        return refuse(reason, STATUS_BAD_REQUEST, "missing member \"%s\"", name);
    if (!json_object_is_type(member, json_type_string))
        return refuse(reason, STATUS_BAD_VALUE, "%s must be a string", name);
    *text = json_object_get_string(member);
    *len = (size_t)json_object_get_string_len(member);
    return STATUS_OK;
}

/* A whole number; the fallback when it is not there.  A number in a string will do. */
static enum status get_number(struct command *command, const char *name, long long high,
                              long long fallback, long long *number, struct reason *reason)
{
    struct json_object *member;
    const char *text;
    size_t len = 0;

    *number = fallback;
    if (!json_object_object_get_ex(command->root, name, &member))
        return STATUS_OK;
    text = json_object_get_string(member); /* of a number: as it was written */
    if (text)
        len = json_object_is_type(member, json_type_string)
                  ? (size_t)json_object_get_string_len(member)
                  : strlen(text);
    if (!text || !number_parse(text, len, 1, high, number))
        return refuse(reason, STATUS_BAD_VALUE, "%s must be a whole number from 1 to %lld", name,
                      high);
    return STATUS_OK;
}

static enum status get_queue(struct command *command, struct reason *reason)
{
    const char *name;
    size_t len;
    enum status status = get_text(command, "queue", &name, &len, reason);

    if (status == STATUS_OK)
        status = queue_name_check(name, len, reason);
    if (status == STATUS_OK)
        memcpy(command->queue, name, len + 1);
    return status;
}

static bool has_member(const struct command *command, const char *name)
{
    return command->root && json_object_object_get_ex(command->root, name, NULL);
}

static struct json_object *string_of(const char *text)
{
    return json_object_new_string(text);
}

static void answer_queue(struct command *command, struct json_object *answer)
{
    json_object_object_add(answer, "queue", string_of(command->queue));
}

/* A member of the request, as it came. */
static void answer_echo(struct command *command, struct json_object *answer, const char *name)
{
    json_object_object_add(answer, name,
                           json_object_get(json_object_object_get(command->root, name)));
}

/* --- add ----------------------------------------------------------------------------------- */

/* With "encoding":"base64" the value is decoded, so that any bytes can be a message. */
static enum status get_value(struct command *command, const char **value, size_t *len,
                             struct reason *reason)
{
    const char *encoding;
    size_t encoding_len;
    long decoded;
    enum status status = get_text(command, "value", value, len, reason);

    if (status != STATUS_OK || !has_member(command, "encoding"))
        return status;
    status = get_text(command, "encoding", &encoding, &encoding_len, reason);
    if (status != STATUS_OK)
        return status;
    if (encoding_len != 6 || memcmp(encoding, "base64", 6) != 0)
        return refuse(reason, STATUS_BAD_VALUE, "encoding must be \"base64\"");
    buffer_reset(&command->binary);
    buffer_reserve(&command->binary, *len);
    decoded = message_from_base64(*value, *len, command->binary.data);
    if (decoded < 0)
        return refuse(reason, STATUS_BAD_VALUE, "value is no base64");
    *value = command->binary.data;
    *len = (size_t)decoded;
    return STATUS_OK;
}

static enum status build_add(struct command *command, struct call *call, struct reason *reason)
{
    const char *value = NULL;
    size_t len = 0;
    long long ttl;
    enum status status = get_queue(command, reason);

    if (status == STATUS_OK)
        status = get_value(command, &value, &len, reason);
    if (status == STATUS_OK)
        status = get_number(command, "ttl", LIMIT_TTL, 0, &ttl, reason);
    if (status == STATUS_OK && len > (size_t)command->max_message)
        return refuse(reason, STATUS_TOO_LARGE, "a message has at most %lld bytes",
                      command->max_message);
    if (status == STATUS_OK)
        queue_push_call(call, command->queue, value, len, ttl, &command->number);
    return status;
}

static void answer_add(struct command *command, struct json_object *answer)
{
    struct buffer key = {0};

    answer_queue(command, answer);
    answer_echo(command, answer, "value");
    buffer_addf(&key, "%s:%lld", command->queue, command->number);
    json_object_object_add(answer, "key", string_of(key.data));
    buffer_clear(&key);
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
    json_object_object_add(answer, "count", json_object_new_int64(command->message.count));
}

static enum status build_take(struct command *command, struct call *call, struct reason *reason)
{
    long long count;
    enum status status = get_queue(command, reason);

    if (status == STATUS_OK)
        status = get_number(command, "count", LIMIT_BATCH, 1, &count, reason);
    if (status == STATUS_OK)
        queue_take_call(call, command->queue, count, &command->taken);
    return status;
}

static void answer_take(struct command *command, struct json_object *answer)
{
    struct json_object *messages;

    answer_queue(command, answer);
    if (!has_member(command, "count")) {
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

/* --- del, len, list, purge ----------------------------------------------------------------- */

static enum status build_del(struct command *command, struct call *call, struct reason *reason)
{
    const char *key;
    size_t len;
    enum status status = get_queue(command, reason);

    if (status == STATUS_OK)
        status = get_text(command, "key", &key, &len, reason);
    if (status == STATUS_OK && !message_key_is_of(key, len, command->queue))
        return refuse(reason, STATUS_BAD_VALUE, "key must be \"%s:<number>\"", command->queue);
    if (status == STATUS_OK)
        queue_delete_call(call, command->queue, key, len, &command->flag);
    return status;
}

static void answer_del(struct command *command, struct json_object *answer)
{
    answer_queue(command, answer);
    json_object_object_add(answer, "deleted", json_object_new_boolean(command->flag));
    answer_echo(command, answer, "key");
}

static enum status build_len(struct command *command, struct call *call, struct reason *reason)
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
    json_object_object_add(answer, "len", json_object_new_int64(command->state.length));
}

static enum status build_list(struct command *command, struct call *call, struct reason *reason)
{
    const char *cursor = "0";
    size_t len = 1;
    long long limit;
    enum status status = get_number(command, "limit", LIMIT_PAGE, LIMIT_PAGE, &limit, reason);

    if (status == STATUS_OK && has_member(command, "cursor"))
        status = get_text(command, "cursor", &cursor, &len, reason);
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
        json_object_array_add(queues, string_of(command->catalog.names[i]));
    json_object_object_add(answer, "queues", queues);
    json_object_object_add(answer, "cursor", string_of(command->catalog.cursor));
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
    json_object_object_add(answer, "status", json_object_new_int(command->number > 0));
    json_object_object_add(answer, "purged", json_object_new_int64(command->number));
}

/* --- the table ----------------------------------------------------------------------------- */

static const struct verb verbs[] = {
    {"add",   "queue value encoding ttl", build_add,   answer_add  },
    {"get",   "queue",                    build_get,   answer_get  },
    {"take",  "queue count",              build_take,  answer_take },
    {"del",   "queue key",                build_del,   answer_del  },
    {"len",   "queue",                    build_len,   answer_len  },
    {"list",  "limit cursor",             build_list,  answer_list },
    {"purge", "queue",                    build_purge, answer_purge},
};

/* What is answered to a command that exists in no table; RestMQ's words. */
static const struct verb verb_unknown = {"", "", NULL, NULL};

static const struct verb *verb_find(struct json_object *cmd)
{
    size_t len = (size_t)json_object_get_string_len(cmd);

    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (strlen(verbs[i].name) == len &&
            memcmp(verbs[i].name, json_object_get_string(cmd), len) == 0)
            return &verbs[i];
    return &verb_unknown;
}

/* Is the word one of those in the list? */
static bool is_listed(const char *word, const char *list)
{
    size_t len = strlen(word);

    for (const char *at = list; *at; at += strspn(at, " ")) {
        size_t item = strcspn(at, " ");

        if (item == len && memcmp(at, word, len) == 0)
            return true;
        at += item;
    }
    return false;
}

static enum status check_members(const struct command *command, struct reason *reason)
{
    json_object_object_foreach(command->root, name, member)
    {
        (void)member;
        if (strcmp(name, "cmd") != 0 && !is_listed(name, command->verb->members))
            return refuse(reason, STATUS_BAD_REQUEST, "%s has no member \"%.40s\"",
                          command->verb->name, name);
    }
    return STATUS_OK;
}

static enum status find_verb(struct command *command, struct reason *reason)
{
    struct json_object *cmd;

    if (!json_object_object_get_ex(command->root, "cmd", &cmd) ||
        (json_object_is_type(cmd, json_type_string) && json_object_get_string_len(cmd) == 0))
        return refuse(reason, STATUS_BAD_REQUEST, "the command has no \"cmd\"");
    command->verb = &verb_unknown;
    if (!json_object_is_type(cmd, json_type_string))
        return refuse(reason, STATUS_BAD_VALUE, "cmd must be a string");
    command->verb = verb_find(cmd);
    if (command->verb == &verb_unknown)
        return refuse(reason, STATUS_BAD_REQUEST, "null resultset");
    return STATUS_OK;
}

bool command_left_trash(const struct command *command)
{
    return (command->verb->build == build_purge && command->number > 0) ||
           (command->verb->build == build_take && command->taken.has_trash);
}

void command_clear(struct command *command)
{
    json_object_put(command->root);
    buffer_clear(&command->binary);
    catalog_clear(&command->catalog);
    command->root = NULL;
    command->verb = NULL;
}

enum status command_parse(struct command *command, const char *text, size_t len,
                          long long max_message, struct call *call, struct reason *reason)
{
    enum status status;

    json_object_put(command->root);
    command->root = NULL;
    command->verb = NULL;
    command->max_message = max_message;
    status = json_parse(text, len, &command->root, reason);
    if (status != STATUS_OK)
        command->root = NULL;
    else if (!json_object_is_type(command->root, json_type_object))
        status = refuse(reason, STATUS_BAD_REQUEST, "the command is no JSON object");
    if (status == STATUS_OK)
        status = find_verb(command, reason);
    if (status == STATUS_OK)
        status = check_members(command, reason);
    if (status == STATUS_OK)
        status = command->verb->build(command, call, reason);
    return status;
}

void command_render(struct command *command, enum status status, const struct reason *reason,
                    struct buffer *out)
{
    struct json_object *answer;

    /* An empty queue is an error in RestMQ's words, unless a list was asked for. */
    if (status != STATUS_OK && !(status == STATUS_EMPTY && has_member(command, "count"))) {
        error_render(status, reason, out);
        return;
    }
    answer = json_object_new_object();
    command->verb->answer(command, answer);
    json_render(answer, out);
}
