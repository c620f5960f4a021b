/* verbs_leases.c - commands on single messages, most of them leased: del, extend, release, and of
 * many at once acks, extends, releases.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <json-c/json.h>

#include "broker/keys.h"
#include "broker/member.h"
#include "broker/verbs.h"

/* --- one ------------------------------------------------------------------------------------ */

enum status verb_get_key(struct command *command, struct reason *reason)
{
    struct claim *claim = &command->claims.rows[0];
    enum status status;

    *claim = (struct claim){0};
    command->claims.count = 1;
    status = member_text(command->root, "key", &claim->key, &claim->key_len, reason);
    if (status == STATUS_OK && !message_key_is_of(claim->key, claim->key_len, command->queue))
        return refuse(reason, STATUS_BAD_VALUE, "key must be that of a message of this queue");
    return status;
}

/* A message's key, and the token of its lease if there is one. */
static enum status get_claim(struct command *command, bool needs_token, struct reason *reason)
{
    struct claim *claim = &command->claims.rows[0];
    enum status status = verb_get_queue(command, reason);

    if (status == STATUS_OK)
        status = verb_get_key(command, reason);
    if (status == STATUS_OK && (needs_token || member_is_given(command->root, "lease")))
        status = member_text(command->root, "lease", &claim->token, &claim->token_len, reason);
    if (status == STATUS_OK && claim->token && claim->token_len == 0)
        return refuse(reason, STATUS_BAD_VALUE, "lease must be a token");
    return status;
}

enum status build_del(struct command *command, struct call *call, struct reason *reason)
{
    long long force = 0;
    enum status status = get_claim(command, false, reason);

    if (status == STATUS_OK)
        status = member_number(command->root, "force", 1, 1, 0, &force, reason);
    if (status == STATUS_OK && force && command->claims.rows[0].token)
        return refuse(reason, STATUS_BAD_REQUEST, "force and lease do not go together");
    if (status == STATUS_OK)
        find_delete_call(call, command->queue, &command->claims.rows[0], force, &command->flag);
    return status;
}

void done_del(const struct command *command, struct buffer *text)
{
    const struct claim *claim = &command->claims.rows[0];

    if (command->flag && member_is_given(command->root, "force"))
        buffer_addf(text, "delete %.*s, force", (int)claim->key_len, claim->key);
}

void answer_del(struct command *command, struct json_object *answer)
{
    verb_answer_queue(command, answer);
    json_object_object_add(answer, "deleted", json_object_new_boolean(command->flag));
    verb_answer_echo(command, answer, "key");
}

static enum status get_seconds(struct command *command, long long *seconds, struct reason *reason)
{
    if (!member_is_given(command->root, "seconds"))
        return refuse(reason, STATUS_BAD_REQUEST, "missing member \"seconds\"");
    return member_number(command->root, "seconds", 1, LIMIT_LEASE, 0, seconds, reason);
}

enum status build_extend(struct command *command, struct call *call, struct reason *reason)
{
    long long seconds = 0;
    enum status status = get_claim(command, true, reason);

    if (status == STATUS_OK)
        status = get_seconds(command, &seconds, reason);
    if (status == STATUS_OK)
        claim_extend_call(call, command->queue, &command->claims.rows[0], seconds,
                          &command->number);
    return status;
}

void answer_extend(struct command *command, struct json_object *answer)
{
    verb_answer_queue(command, answer);
    verb_answer_echo(command, answer, "key");
    verb_answer_number(answer, "lease_until", command->number);
}

static enum status get_delay(struct command *command, long long *delay, struct reason *reason)
{
    return member_number(command->root, "delay", 0, LIMIT_DELAY, -1, delay, reason);
}

enum status build_release(struct command *command, struct call *call, struct reason *reason)
{
    long long delay = 0;
    enum status status = get_claim(command, true, reason);

    if (status == STATUS_OK)
        status = get_delay(command, &delay, reason);
    if (status == STATUS_OK)
        claim_release_call(call, command->queue, &command->claims.rows[0], delay);
    return status;
}

void answer_release(struct command *command, struct json_object *answer)
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
    return claims_read_json(&command->claims, command->queue, "messages", messages, reason);
}

enum status build_acks(struct command *command, struct call *call, struct reason *reason)
{
    enum status status = get_claims(command, reason);

    if (status == STATUS_OK)
        claims_ack_call(call, command->queue, &command->claims);
    return status;
}

enum status build_extends(struct command *command, struct call *call, struct reason *reason)
{
    long long seconds = 0;
    enum status status = get_claims(command, reason);

    if (status == STATUS_OK)
        status = get_seconds(command, &seconds, reason);
    if (status == STATUS_OK)
        claims_extend_call(call, command->queue, &command->claims, seconds);
    return status;
}

enum status build_releases(struct command *command, struct call *call, struct reason *reason)
{
    long long delay = 0;
    enum status status = get_claims(command, reason);

    if (status == STATUS_OK)
        status = get_delay(command, &delay, reason);
    if (status == STATUS_OK)
        claims_release_call(call, command->queue, &command->claims, delay);
    return status;
}

void answer_claims(struct command *command, struct json_object *answer)
{
    verb_answer_queue(command, answer);
    json_object_object_add(answer, "messages", claims_to_json(&command->claims));
}

/* --- which messages ------------------------------------------------------------------------- */

static bool is_of_leases(const struct verb *verb)
{
    return verb->build == build_del || verb->build == build_extend ||
           verb->build == build_release || verb->build == build_acks ||
           verb->build == build_extends || verb->build == build_releases;
}

const struct claims *verb_claims(const struct command *command)
{
    return is_of_leases(command->verb) ? &command->claims : NULL;
}

bool verb_ends_leases(const struct command *command)
{
    return is_of_leases(command->verb) && command->verb->build != build_extend &&
           command->verb->build != build_extends;
}
