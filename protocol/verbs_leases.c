/* verbs_leases.c - commands on single messages, most of them leased: del, extend, release, and of
 * many at once acks, extends, releases.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <json-c/json.h>

#include "broker/find.h"
#include "protocol/member.h"
#include "protocol/pairs.h"
#include "protocol/verbs.h"

/* --- one ------------------------------------------------------------------------------------ */

/* A message's key, and the token of its lease if there is one. */
static enum status get_claim(struct command *command, bool needs_token, struct reason *reason)
{
    struct claim *claim = claims_add(&command->claims, &(struct claim){0});
    enum status status = verb_get_queue(command, reason);

    if (status == STATUS_OK)
        status = verb_get_key(command, claim, reason);
    if (status == STATUS_OK && (needs_token || member_is_given(command->root, "lease")))
        status = member_text(command->root, "lease", &claim->token, &claim->token_len, reason);
    if (status == STATUS_OK && claim->token && claim->token_len == 0)
        return refuse(reason, STATUS_BAD_VALUE, "lease must be a token");
    return status;
}

struct del_own {
    bool is_forced;
    bool deleted;
};

static enum status build_del(struct command *command, struct call *call, struct reason *reason)
{
    struct del_own *own = command->own;
    const struct claim *claim;
    long long force = 0;
    enum status status = get_claim(command, false, reason);

    claim = command->claims.rows;
    if (status == STATUS_OK)
        status = member_number(command->root, "force", 1, 1, 0, &force, reason);
    if (status == STATUS_OK && force && claim->token)
        return refuse(reason, STATUS_BAD_REQUEST, "force and lease do not go together");
    own->is_forced = force == 1;
    if (status == STATUS_OK)
        find_delete_call(call, command->queue, claim, own->is_forced, &own->deleted);
    return status;
}

static unsigned needs_of_del(const struct command *command)
{
    const struct del_own *own = command->own;

    return own->is_forced ? AUTHKEY_ADMIN : 0;
}

static void done_del(const struct command *command, struct buffer *text)
{
    const struct del_own *own = command->own;
    const struct claim *claim = command->claims.rows;

    if (own->deleted && own->is_forced)
        buffer_addf(text, "delete %.*s, force", (int)claim->key_len, claim->key);
}

static void answer_del(struct command *command, struct json_object *answer)
{
    const struct del_own *own = command->own;

    verb_answer_queue(command, answer);
    json_object_object_add(answer, "deleted", json_object_new_boolean(own->deleted));
    verb_answer_echo(command, answer, "key");
}

static enum status get_seconds(struct command *command, long long *seconds, struct reason *reason)
{
    if (!member_is_given(command->root, "seconds"))
        return refuse(reason, STATUS_BAD_REQUEST, "missing member \"seconds\"");
    return member_number(command->root, "seconds", 1, LIMIT_LEASE, 0, seconds, reason);
}

static enum status build_extend(struct command *command, struct call *call, struct reason *reason)
{
    long long *lease_until = command->own, seconds = 0;
    enum status status = get_claim(command, true, reason);

    if (status == STATUS_OK)
        status = get_seconds(command, &seconds, reason);
    if (status == STATUS_OK)
        claim_extend_call(call, command->queue, command->claims.rows, seconds, lease_until);
    return status;
}

static void answer_extend(struct command *command, struct json_object *answer)
{
    const long long *lease_until = command->own;

    verb_answer_queue(command, answer);
    verb_answer_echo(command, answer, "key");
    verb_answer_number(answer, "lease_until", *lease_until);
}

static enum status get_release(struct command *command, struct release *release,
                               struct reason *reason)
{
    enum status status =
        member_number(command->root, "delay", 0, LIMIT_DELAY, -1, &release->delay, reason);

    if (status == STATUS_OK && member_is_given(command->root, "reason"))
        status =
            member_text(command->root, "reason", &release->reason, &release->reason_len, reason);
    return status == STATUS_OK ? release_check(release, reason) : status;
}

static enum status build_release(struct command *command, struct call *call, struct reason *reason)
{
    struct release release = {0};
    enum status status = get_claim(command, true, reason);

    if (status == STATUS_OK)
        status = get_release(command, &release, reason);
    if (status == STATUS_OK)
        claim_release_call(call, command->queue, command->claims.rows, &release);
    return status;
}

static void answer_release(struct command *command, struct json_object *answer)
{
    verb_answer_queue(command, answer);
    verb_answer_echo(command, answer, "key");
    json_object_object_add(answer, "released", json_object_new_boolean(true));
}

/* --- many ----------------------------------------------------------------------------------- */

static enum status get_claims(struct command *command, struct reason *reason)
{
    struct json_object *messages;
    enum status status = verb_get_queue(command, reason);

    if (status != STATUS_OK)
        return status;
    if (!json_object_object_get_ex(command->root, "messages", &messages))
        return refuse(reason, STATUS_BAD_REQUEST, "missing member \"messages\"");
    return pairs_read_array(&command->claims, command->queue, "messages", messages, reason);
}

static enum status build_acks(struct command *command, struct call *call, struct reason *reason)
{
    enum status status = get_claims(command, reason);

    if (status == STATUS_OK)
        claims_ack_call(call, command->queue, &command->claims);
    return status;
}

static enum status build_extends(struct command *command, struct call *call, struct reason *reason)
{
    long long seconds = 0;
    enum status status = get_claims(command, reason);

    if (status == STATUS_OK)
        status = get_seconds(command, &seconds, reason);
    if (status == STATUS_OK)
        claims_extend_call(call, command->queue, &command->claims, seconds);
    return status;
}

static enum status build_releases(struct command *command, struct call *call, struct reason *reason)
{
    struct release release = {0};
    enum status status = get_claims(command, reason);

    if (status == STATUS_OK)
        status = get_release(command, &release, reason);
    if (status == STATUS_OK)
        claims_release_call(call, command->queue, &command->claims, &release);
    return status;
}

static void answer_claims(struct command *command, struct json_object *answer)
{
    verb_answer_queue(command, answer);
    json_object_object_add(answer, "messages", pairs_outcomes(&command->claims));
}

/* --- the table ------------------------------------------------------------------------------ */

// clang-format off
const struct json_verb verbs_of_leases[] = {
    {.name = "del", .members = "queue key lease force", .needs = AUTHKEY_READ,
     .needs_otherwise = needs_of_del, .ends_leases = true, .size = sizeof(struct del_own),
     .build = build_del, .answer = answer_del, .done = done_del},
    {.name = "extend", .members = "queue key lease seconds", .needs = AUTHKEY_READ,
     .size = sizeof(long long), .build = build_extend, .answer = answer_extend},
    {.name = "release", .members = "queue key lease delay reason", .needs = AUTHKEY_READ,
     .ends_leases = true, .build = build_release, .answer = answer_release},
    {.name = "acks", .members = "queue messages", .needs = AUTHKEY_READ,
     .ends_leases = true, .build = build_acks, .answer = answer_claims},
    {.name = "extends", .members = "queue messages seconds", .needs = AUTHKEY_READ,
     .build = build_extends, .answer = answer_claims},
    {.name = "releases", .members = "queue messages delay reason", .needs = AUTHKEY_READ,
     .ends_leases = true, .build = build_releases, .answer = answer_claims},
    {.name = NULL},
};
// clang-format on
