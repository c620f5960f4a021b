/* command.c - RestMQ's JSON protocol: from text to a call, from a result to text.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "protocol/command.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "broker/authkey.h"
#include "protocol/member.h"
#include "protocol/verb.h"

/* The answer to a command that stands in no table. */
static const struct json_verb verb_unknown = {.name = "", .members = "", .needs = AUTHKEY_ADMIN};

static struct json_object *error_object(enum status status, const struct reason *reason)
{
    struct json_object *object = json_object_new_object();
    const char *text = *reason->text ? reason->text : status_text(status);

    json_object_object_add(object, "error", json_object_new_string(text));
    json_object_object_add(object, "code", json_object_new_string(status_code(status)));
    if (reason->outcome_unknown)
        json_object_object_add(object, "outcome", json_object_new_string("unknown"));
    return object;
}

void error_render(enum status status, const struct reason *reason, struct buffer *out)
{
    json_render(error_object(status, reason), out);
}

static enum status check_members(const struct command *command, struct reason *reason)
{
    const char *always = command->limits.has_id ? "cmd id" : "cmd";

    json_object_object_foreach(command->root, name, member)
    {
        (void)member;
        if (!text_is_listed(name, strlen(name), always) &&
            !text_is_listed(name, strlen(name), command->verb->members))
            return refuse(reason, STATUS_BAD_REQUEST, "%s has no member \"%.40s\"",
                          command->verb->name, name);
    }
    return STATUS_OK;
}

static enum status find_verb(struct command *command, struct reason *reason)
{
    struct json_object *cmd;
    size_t len;

    if (!json_object_object_get_ex(command->root, "cmd", &cmd) ||
        (json_object_is_type(cmd, json_type_string) && json_object_get_string_len(cmd) == 0))
        return refuse(reason, STATUS_BAD_REQUEST, "the command has no \"cmd\"");
    command->verb = &verb_unknown;
    if (!json_object_is_type(cmd, json_type_string))
        return refuse(reason, STATUS_BAD_VALUE, "cmd must be a string");
    len = (size_t)json_object_get_string_len(cmd);
    if (!verb_find(json_object_get_string(cmd), len))
        return refuse(reason, STATUS_BAD_REQUEST, "null resultset"); /* RestMQ's words */
    command->verb = verb_find(json_object_get_string(cmd), len);
    return STATUS_OK;
}

void command_clear(struct command *command)
{
    if (command->own && command->verb->clear)
        command->verb->clear(command->own);
    free(command->own);
    claims_clear(&command->claims);
    json_object_put(command->root);
    *command = (struct command){0};
}

static enum status build(struct command *command, struct call *call, struct reason *reason)
{
    size_t size = command->verb->size;

    command->own = size ? memset(xmalloc(size), 0, size) : NULL;
    return command->verb->build(command, call, reason);
}

enum status command_parse(struct command *command, const char *text, size_t len,
                          const struct command_limits *limits, struct call *call,
                          struct reason *reason)
{
    enum status status;

    command_clear(command);
    command->limits = *limits;
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
        status = build(command, call, reason);
    return status;
}

unsigned command_needs(const struct command *command)
{
    const struct json_verb *verb = command->verb;
    unsigned otherwise = verb->needs_otherwise ? verb->needs_otherwise(command) : 0;

    return otherwise ? otherwise : verb->needs;
}

/* Of a take from several; NULL when there are not so many. */
static const char *queue_of_several(const struct command *command, int index)
{
    if (!command->queues || (size_t)index >= json_object_array_length(command->queues))
        return NULL;
    return json_object_get_string(json_object_array_get_idx(command->queues, (size_t)index));
}

const char *command_queue(const struct command *command, int index)
{
    const char *name = queue_of_several(command, index);

    return !name && index == 0 ? command->queue : name;
}

bool command_ends_leases(const struct command *command)
{
    return command->verb->ends_leases;
}

bool command_returns_leases(const struct command *command)
{
    return command->verb->ends_leases && strncmp(command->verb->name, "release", 7) == 0;
}

size_t command_size(const struct command *command)
{
    return (command->own ? command->verb->size : 0) +
           (size_t)command->claims.size * sizeof(*command->claims.rows);
}

bool command_next(struct command *command, struct call *call, enum status *status)
{
    const char *name;

    if (command->verb->more)
        return command->verb->more(command, call, status);
    if (*status != STATUS_EMPTY && *status != STATUS_HELD)
        return false;
    command->was_held |= *status == STATUS_HELD;
    name = queue_of_several(command, command->turn + 1);
    if (name) {
        command->turn++;
        strcpy(command->queue, name);
        command->verb->next(command, call);
        return true;
    }
    if (command->was_held)
        *status = STATUS_HELD;
    return false;
}

void command_done(const struct command *command, struct buffer *text)
{
    if (command->verb->done)
        command->verb->done(command, text);
}

static struct json_object *answer_object(struct command *command)
{
    struct json_object *answer = json_object_new_object();

    command->verb->answer(command, answer);
    return answer;
}

void command_render(struct command *command, enum status status, const struct reason *reason,
                    struct buffer *out)
{
    bool is_list = command->root && member_is_given(command->root, "count");
    /* An empty queue is an error in RestMQ's words, unless a list was asked for. */
    bool is_done = status == STATUS_OK || (status == STATUS_EMPTY && is_list);
    struct json_object *answer, *id;
    bool has_id = command->limits.has_id && json_object_object_get_ex(command->root, "id", &id);

    if (is_done && command->verb->write) {
        buffer_add_text(out, "{");
        command->verb->write(command, out);
        if (has_id) {
            buffer_add_text(out, ",\"id\":");
            json_render(json_object_get(id), out);
        }
        buffer_add_text(out, "}");
        return;
    }
    answer = is_done ? answer_object(command) : error_object(status, reason);
    if (has_id)
        json_object_object_add(answer, "id", json_object_get(id));
    json_render(answer, out);
}
