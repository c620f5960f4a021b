/* verbs_queues.c - commands on queues and channels: what they are like, and what they shall be.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <json-c/json.h>
#include <string.h>

#include "base/text.h"
#include "broker/keys.h"
#include "broker/member.h"
#include "broker/verbs.h"

/* --- len, list, stats ----------------------------------------------------------------------- */

enum status build_state(struct command *command, struct call *call, struct reason *reason)
{
    const char *queue = command->queue;
    enum status status = verb_get_queue(command, reason);

    command->states = (struct queue_states){1, &command->state};
    if (status == STATUS_OK)
        queue_states_call(call, &queue, &command->states);
    return status;
}

void answer_len(struct command *command, struct json_object *answer)
{
    verb_answer_queue(command, answer);
    verb_answer_number(answer, "len", command->state.ready);
}

void answer_stats(struct command *command, struct json_object *answer)
{
    verb_answer_queue(command, answer);
    queue_state_to_json(&command->state, answer);
}

enum status build_list(struct command *command, struct call *call, struct reason *reason)
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

void answer_list(struct command *command, struct json_object *answer)
{
    struct json_object *queues = json_object_new_array();

    for (int i = 0; i < command->catalog.count; i++)
        json_object_array_add(queues, json_object_new_string(command->catalog.names[i]));
    json_object_object_add(answer, "queues", queues);
    verb_answer_text(answer, "cursor", command->catalog.cursor);
}

/* --- policy, control, purge, redrive -------------------------------------------------------- */

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

enum status build_policy(struct command *command, struct call *call, struct reason *reason)
{
    enum status status = verb_get_queue(command, reason);

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

void answer_policy(struct command *command, struct json_object *answer)
{
    verb_answer_queue(command, answer);
    policy_to_json(&command->state.policy, answer);
}

void done_policy(const struct command *command, struct buffer *text)
{
    char change[POLICY_CHANGE_TEXT];

    buffer_addf(text, "policy %s, %s", command->queue,
                policy_change_text(&command->change, change));
}

static enum status get_hold(struct command *command, struct reason *reason)
{
    const char *text, *what = NULL;
    size_t len, what_len = 0;
    enum status status = member_text(command->root, "status", &text, &len, reason);

    if (status == STATUS_OK && member_is_given(command->root, "what"))
        status = member_text(command->root, "what", &what, &what_len, reason);
    if (status == STATUS_OK)
        status = hold_read(&command->hold, command->queue, text, len, what, what_len, reason);
    return status;
}

enum status build_control(struct command *command, struct call *call, struct reason *reason)
{
    enum status status;

    if (!member_is_given(command->root, "status") && !member_is_given(command->root, "what"))
        return build_state(command, call, reason);
    status = verb_get_queue(command, reason);
    if (status == STATUS_OK)
        status = get_hold(command, reason);
    if (status == STATUS_OK)
        hold_call(call, command->queue, &command->hold, &command->state.holds);
    return status;
}

void answer_control(struct command *command, struct json_object *answer)
{
    verb_answer_queue(command, answer);
    holds_to_json(&command->state.holds, answer);
}

void done_control(const struct command *command, struct buffer *text)
{
    buffer_addf(text, "control %s, %s", command->queue, hold_text(&command->hold));
}

enum status build_purge(struct command *command, struct call *call, struct reason *reason)
{
    enum status status = verb_get_queue(command, reason);

    if (status == STATUS_OK)
        queue_purge_call(call, command->queue, &command->number);
    return status;
}

void answer_purge(struct command *command, struct json_object *answer)
{
    verb_answer_queue(command, answer);
    verb_answer_number(answer, "status", command->number > 0);
    verb_answer_number(answer, "purged", command->number);
}

void done_purge(const struct command *command, struct buffer *text)
{
    buffer_addf(text, "purge %s, %lld message%s", command->queue, command->number,
                text_plural(command->number));
}

enum status build_remove(struct command *command, struct call *call, struct reason *reason)
{
    long long force = 0;
    enum status status = verb_get_queue(command, reason);

    command->removal = (struct removal){0};
    if (status == STATUS_OK)
        status = member_number(command->root, "force", 1, 1, 0, &force, reason);
    if (status == STATUS_OK)
        queue_remove_call(call, command->queue, force == 1, &command->removal);
    return status;
}

void answer_remove(struct command *command, struct json_object *answer)
{
    verb_answer_queue(command, answer);
    removal_to_json(&command->removal, answer);
}

void done_remove(const struct command *command, struct buffer *text)
{
    buffer_addf(text, "remove %s, %lld message%s", command->queue, command->removal.purged,
                text_plural(command->removal.purged));
}

enum status build_redrive(struct command *command, struct call *call, struct reason *reason)
{
    long long count = 0;
    enum status status = verb_get_queue(command, reason);

    if (status == STATUS_OK && !queue_is_dead(command->queue))
        return refuse(reason, STATUS_BAD_REQUEST, "redrive is for dead letters: <queue>.dead");
    if (status == STATUS_OK)
        status = member_number(command->root, "count", 1, LIMIT_BATCH, 0, &count, reason);
    if (status == STATUS_OK)
        queue_redrive_call(call, command->queue, count, &command->redrive);
    return status;
}

void answer_redrive(struct command *command, struct json_object *answer)
{
    char base[LIMIT_NAME + 1];

    queue_base_name(command->queue, base);
    verb_answer_text(answer, "queue", base);
    verb_answer_number(answer, "redriven", command->redrive.redriven);
    if (command->redrive.has_more)
        json_object_object_add(answer, "more", json_object_new_boolean(true));
}

void done_redrive(const struct command *command, struct buffer *text)
{
    buffer_addf(text, "redrive %s, %lld message%s", command->queue,
                (long long)command->redrive.redriven, text_plural(command->redrive.redriven));
}
