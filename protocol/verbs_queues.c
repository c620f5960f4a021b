/* verbs_queues.c - commands on queues and channels: what they are like, and what they shall be.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <json-c/json.h>
#include <string.h>

#include "base/text.h"
#include "broker/catalog.h"
#include "broker/helpers.h"
#include "broker/keys.h"
#include "broker/queue.h"
#include "broker/removal.h"
#include "broker/state.h"
#include "protocol/member.h"
#include "protocol/verbs.h"

/* Who may change settings may also look at them, as may all who may by GET. */
enum { LOOKS = AUTHKEY_READ | AUTHKEY_STATS | AUTHKEY_SETTINGS };

/* --- len, list, stats ----------------------------------------------------------------------- */

/* Of control, too. */
struct look_own {
    struct queue_state state;
    struct queue_states states;
    bool has_asked; /* who is alive */
    bool changes;   /* what is held; else it is a mere look */
    struct hold_change hold;
};

static enum status build_state(struct command *command, struct call *call, struct reason *reason)
{
    struct look_own *own = command->own;
    const char *queue = command->queue;
    enum status status = verb_get_queue(command, reason);

    own->states = (struct queue_states){.count = 1, .states = &own->state};
    if (status == STATUS_OK)
        queue_states_call(call, &queue, &own->states);
    return status;
}

/* Where that cannot be asked, it is as it was known last. */
static bool ask_more(struct command *command, struct call *call, enum status *status)
{
    struct look_own *own = command->own;
    struct helpers *helpers = command->limits.helpers;

    if (own->has_asked)
        *status = STATUS_OK;
    else if (*status == STATUS_OK && tally_must_ask(&own->states.tally, helpers)) {
        own->has_asked = true;
        helpers_call(call, helpers);
        return true;
    }
    tally_settle(&own->states.tally, helpers);
    return false;
}

static void clear_state(void *own)
{
    tally_clear(&((struct look_own *)own)->states.tally);
}

static void answer_len(struct command *command, struct json_object *answer)
{
    const struct look_own *own = command->own;

    verb_answer_queue(command, answer);
    verb_answer_number(answer, "len", own->state.ready);
}

static void answer_stats(struct command *command, struct json_object *answer)
{
    const struct look_own *own = command->own;

    verb_answer_queue(command, answer);
    queue_state_to_json(&own->state, answer);
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
        catalog_page_call(call, cursor, len, limit, command->own);
    return status;
}

static void answer_list(struct command *command, struct json_object *answer)
{
    const struct catalog *catalog = command->own;
    struct json_object *queues = json_object_new_array();

    for (int i = 0; i < catalog->count; i++)
        json_object_array_add(queues, json_object_new_string(catalog->names[i]));
    json_object_object_add(answer, "queues", queues);
    verb_answer_text(answer, "cursor", catalog->cursor);
}

static void clear_list(void *own)
{
    catalog_clear(own);
}

/* --- policy, control, purge ---------------------------------------------------------------- */

struct policy_own {
    struct policy_change change;
    struct policy_state state;
};

/* A setting may be written as a number or as a string. */
static enum status add_setting(struct command *command, const char *name, struct reason *reason)
{
    struct policy_own *own = command->own;
    struct json_object *member;
    const char *text;
    size_t len;

    if (!json_object_object_get_ex(command->root, name, &member))
        return STATUS_OK;
    text = member ? json_object_get_string(member) : "";
    len = json_object_is_type(member, json_type_string) ? (size_t)json_object_get_string_len(member)
                                                        : strlen(text);
    return policy_change_add(&own->change, name, text, len, reason);
}

static enum status build_policy(struct command *command, struct call *call, struct reason *reason)
{
    struct policy_own *own = command->own;
    enum status status = verb_get_queue(command, reason);

    if (status == STATUS_OK)
        status = add_setting(command, "policy", reason);
    for (int i = 0; status == STATUS_OK && policy_setting_name(i); i++)
        status = add_setting(command, policy_setting_name(i), reason);
    if (status == STATUS_OK)
        status = policy_call(call, command->queue, &own->change, &own->state, reason);
    return status;
}

static unsigned needs_of_policy(const struct command *command)
{
    const struct policy_own *own = command->own;

    return policy_change_is_empty(&own->change) ? LOOKS : 0;
}

static void answer_policy(struct command *command, struct json_object *answer)
{
    const struct policy_own *own = command->own;

    verb_answer_queue(command, answer);
    policy_to_json(&own->state, answer);
}

static void done_policy(const struct command *command, struct buffer *text)
{
    const struct policy_own *own = command->own;
    char change[POLICY_CHANGE_TEXT];

    if (!policy_change_is_empty(&own->change))
        buffer_addf(text, "policy %s, %s", command->queue,
                    policy_change_text(&own->change, change));
}

static enum status get_hold(struct command *command, struct reason *reason)
{
    struct look_own *own = command->own;
    const char *text, *what = NULL;
    size_t len, what_len = 0;
    enum status status = member_text(command->root, "status", &text, &len, reason);

    if (status == STATUS_OK && member_is_given(command->root, "what"))
        status = member_text(command->root, "what", &what, &what_len, reason);
    if (status == STATUS_OK)
        status = hold_read(&own->hold, command->queue, text, len, what, what_len, reason);
    return status;
}

static enum status build_control(struct command *command, struct call *call, struct reason *reason)
{
    struct look_own *own = command->own;
    enum status status;

    own->changes =
        member_is_given(command->root, "status") || member_is_given(command->root, "what");
    if (!own->changes)
        return build_state(command, call, reason);
    status = verb_get_queue(command, reason);
    if (status == STATUS_OK)
        status = get_hold(command, reason);
    if (status == STATUS_OK)
        hold_call(call, command->queue, &own->hold, &own->state.holds);
    return status;
}

static unsigned needs_of_control(const struct command *command)
{
    const struct look_own *own = command->own;

    return own->changes ? 0 : LOOKS;
}

static void answer_control(struct command *command, struct json_object *answer)
{
    const struct look_own *own = command->own;

    verb_answer_queue(command, answer);
    holds_to_json(&own->state.holds, answer);
}

static void done_control(const struct command *command, struct buffer *text)
{
    const struct look_own *own = command->own;

    if (own->changes)
        buffer_addf(text, "control %s, %s", command->queue, hold_text(&own->hold));
}

static enum status build_purge(struct command *command, struct call *call, struct reason *reason)
{
    enum status status = verb_get_queue(command, reason);

    if (status == STATUS_OK)
        queue_purge_call(call, command->queue, command->own);
    return status;
}

static void answer_purge(struct command *command, struct json_object *answer)
{
    const long long *purged = command->own;

    verb_answer_queue(command, answer);
    verb_answer_number(answer, "status", *purged > 0);
    verb_answer_number(answer, "purged", *purged);
}

static void done_purge(const struct command *command, struct buffer *text)
{
    const long long *purged = command->own;

    buffer_addf(text, "purge %s, %lld message%s", command->queue, *purged, text_plural(*purged));
}

struct remove_own {
    struct removal removal;
    bool is_asking; /* who is alive; their consumers are in the way */
};

static void begin_removal(struct command *command, struct call *call, bool force)
{
    struct remove_own *own = command->own;

    queue_remove_call(call, command->queue, force, command->limits.helpers, &own->removal);
}

static enum status build_remove(struct command *command, struct call *call, struct reason *reason)
{
    struct remove_own *own = command->own;
    long long force = 0;
    enum status status = verb_get_queue(command, reason);

    if (status == STATUS_OK)
        status = member_number(command->root, "force", 1, 1, 0, &force, reason);
    if (status != STATUS_OK)
        return status;
    own->is_asking = !force;
    if (own->is_asking)
        helpers_call(call, command->limits.helpers);
    else
        begin_removal(command, call, true);
    return STATUS_OK;
}

static bool go_on_removing(struct command *command, struct call *call, enum status *status)
{
    struct remove_own *own = command->own;
    bool has_asked = own->is_asking && *status == STATUS_OK;

    own->is_asking = false;
    if (has_asked)
        begin_removal(command, call, false);
    return has_asked;
}

static void answer_remove(struct command *command, struct json_object *answer)
{
    const struct remove_own *own = command->own;

    verb_answer_queue(command, answer);
    removal_to_json(&own->removal, answer);
}

static void done_remove(const struct command *command, struct buffer *text)
{
    const struct remove_own *own = command->own;

    buffer_addf(text, "remove %s, %lld message%s", command->queue, own->removal.purged,
                text_plural(own->removal.purged));
}

/* --- the table ------------------------------------------------------------------------------ */

// clang-format off
const struct json_verb verbs_of_queues[] = {
    {.name = "len", .members = "queue",
     .needs = AUTHKEY_READ | AUTHKEY_STATS, .size = sizeof(struct look_own),
     .build = build_state, .answer = answer_len, .clear = clear_state},
    {.name = "stats", .members = "queue",
     .needs = AUTHKEY_READ | AUTHKEY_STATS, .size = sizeof(struct look_own),
     .build = build_state, .answer = answer_stats, .more = ask_more, .clear = clear_state},
    {.name = "list", .members = "limit cursor", .needs = AUTHKEY_READ,
     .size = sizeof(struct catalog), .build = build_list, .answer = answer_list,
     .clear = clear_list},
    {.name = "policy", .members = "queue policy lease max_deliveries max_length ttl backoff",
     .needs = AUTHKEY_SETTINGS, .needs_otherwise = needs_of_policy, .size = sizeof(struct policy_own),
     .build = build_policy, .answer = answer_policy, .done = done_policy},
    {.name = "control", .members = "queue status what",
     .needs = AUTHKEY_SETTINGS, .needs_otherwise = needs_of_control, .size = sizeof(struct look_own),
     .build = build_control, .answer = answer_control, .done = done_control, .clear = clear_state},
    {.name = "purge", .members = "queue", .needs = AUTHKEY_PURGE, .size = sizeof(long long),
     .build = build_purge, .answer = answer_purge, .done = done_purge},
    {.name = "remove", .members = "queue force",
     .needs = AUTHKEY_REMOVE, .size = sizeof(struct remove_own),
     .build = build_remove, .answer = answer_remove, .more = go_on_removing, .done = done_remove},
    {.name = NULL},
};
// clang-format on
