/* verbs_letters.c - commands on dead letters: redrive, dels.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <json-c/json.h>

#include "base/text.h"
#include "broker/chosen.h"
#include "broker/keys.h"
#include "broker/queue.h"
#include "protocol/letters.h"
#include "protocol/member.h"
#include "protocol/verbs.h"

static bool names_some(const struct command *command)
{
    return member_is_given(command->root, "keys");
}

/* The messages that are named, and beside which place they are looked for. */
static enum status get_letters(struct command *command, long long *place, struct reason *reason)
{
    struct json_object *keys;
    enum status status;

    if (!json_object_object_get_ex(command->root, "keys", &keys))
        return refuse(reason, STATUS_BAD_REQUEST, "missing member \"keys\"");
    status =
        letters_read_array(&command->claims, command->queue, command->verb->name, keys, reason);
    if (status == STATUS_OK)
        status = member_number(command->root, "cursor", 0, LIMIT_EXACT, -1, place, reason);
    return status;
}

static void note(const struct command *command, const char *what, long long count,
                 struct buffer *text)
{
    buffer_addf(text, "%s %s, %lld message%s", what, command->queue, count, text_plural(count));
}

/* --- redrive -------------------------------------------------------------------------------- */

static enum status build_redrive(struct command *command, struct call *call, struct reason *reason)
{
    long long count = 0, place = -1;
    enum status status = verb_get_queue(command, reason);

    if (status == STATUS_OK && !queue_is_dead(command->queue))
        return refuse(reason, STATUS_BAD_REQUEST, "redrive is for dead letters: <queue>.dead");
    if (status == STATUS_OK)
        status = member_number(command->root, "count", 1, LIMIT_BATCH, 0, &count, reason);
    if (status == STATUS_OK && names_some(command) && count)
        return refuse(reason, STATUS_BAD_REQUEST, "count and keys do not go together");
    if (status == STATUS_OK && !names_some(command) && member_is_given(command->root, "cursor"))
        return refuse(reason, STATUS_BAD_REQUEST, "cursor goes with keys");
    if (status == STATUS_OK && !names_some(command)) {
        queue_redrive_call(call, command->queue, count, command->own);
        return STATUS_OK;
    }
    if (status == STATUS_OK)
        status = get_letters(command, &place, reason);
    if (status == STATUS_OK)
        chosen_revive_call(call, command->queue, &command->claims, place);
    return status;
}

static void answer_redrive(struct command *command, struct json_object *answer)
{
    const struct redrive *own = command->own;
    char base[LIMIT_NAME + 1];

    queue_base_name(command->queue, base);
    verb_answer_text(answer, "queue", base);
    if (names_some(command)) {
        json_object_object_add(answer, "messages", letters_outcomes(&command->claims, "redriven"));
        return;
    }
    verb_answer_number(answer, "redriven", own->redriven);
    if (own->has_more)
        json_object_object_add(answer, "more", json_object_new_boolean(true));
}

static void done_redrive(const struct command *command, struct buffer *text)
{
    const struct redrive *own = command->own;

    note(command, "redrive", names_some(command) ? chosen_done(&command->claims) : own->redriven,
         text);
}

/* --- dels ----------------------------------------------------------------------------------- */

static enum status build_dels(struct command *command, struct call *call, struct reason *reason)
{
    long long place = -1;
    enum status status = verb_get_queue(command, reason);

    if (status == STATUS_OK)
        status = get_letters(command, &place, reason);
    if (status == STATUS_OK)
        chosen_discard_call(call, command->queue, &command->claims, place);
    return status;
}

static void answer_dels(struct command *command, struct json_object *answer)
{
    verb_answer_queue(command, answer);
    json_object_object_add(answer, "messages", letters_outcomes(&command->claims, "deleted"));
}

static void done_dels(const struct command *command, struct buffer *text)
{
    note(command, "delete of", chosen_done(&command->claims), text);
}

/* --- the table ------------------------------------------------------------------------------ */

// clang-format off
const struct json_verb verbs_of_letters[] = {
    {.name = "redrive", .members = "queue count keys cursor",
     .needs = AUTHKEY_ADMIN, .size = sizeof(struct redrive),
     .build = build_redrive, .answer = answer_redrive, .done = done_redrive},
    {.name = "dels", .members = "queue keys cursor", .needs = AUTHKEY_READ,
     .build = build_dels, .answer = answer_dels, .done = done_dels},
    {.name = NULL},
};
// clang-format on
