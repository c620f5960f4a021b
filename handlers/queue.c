/* queue.c - /q/NAME beside push and take: ack, extend, release, delete, purge, redrive.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "handlers/queue.h"
#include "handlers/admit.h"

#include <json-c/json.h>
#include <string.h>

#include "base/text.h"
#include "broker/find.h"
#include "broker/keys.h"
#include "broker/removal.h"
#include "handlers/claims.h"
#include "handlers/handlers.h"
#include "handlers/redrive.h"

/* --- one message --------------------------------------------------------------------------- */

enum status queue_read_claim(struct exchange *exchange, struct claim *claim)
{
    const struct field *key = form_find(&exchange->request.form, "key");
    const struct field *lease = form_find(&exchange->request.form, "lease");

    if (!key)
        return refuse(&exchange->reason, STATUS_BAD_REQUEST, "no option key");
    if (!message_key_is_of(key->value, key->value_len, exchange->queue))
        return refuse(&exchange->reason, STATUS_BAD_VALUE,
                      "key must be that of a message of this queue");
    if (lease && lease->value_len == 0)
        return refuse(&exchange->reason, STATUS_BAD_VALUE, "lease must be a token");
    *claim = (struct claim){
        .key = key->value,
        .key_len = key->value_len,
        .token = lease ? lease->value : NULL,
        .token_len = lease ? lease->value_len : 0,
    };
    return STATUS_OK;
}

static struct json_object *claim_object(const struct claim *claim)
{
    struct json_object *object = json_object_new_object();

    json_object_object_add(object, "key",
                           json_object_new_string_len(claim->key, (int)claim->key_len));
    return object;
}

/* Operations on one message. */
struct message_state {
    struct claim claim;
    bool deleted;
    bool is_forced;        /* the deletion */
    long long lease_until; /* of the lease that is extended */
};

static enum status finish_delete(struct exchange *exchange, enum status status)
{
    const struct message_state *change = exchange->state;
    const struct claim *claim = &change->claim;
    struct json_object *answer;

    if (status != STATUS_OK)
        return status;
    if (!change->deleted)
        return refuse(&exchange->reason, STATUS_NOT_FOUND, "no such message");
    if (change->is_forced)
        admit_done(exchange, "delete %.*s, force", (int)claim->key_len, claim->key);
    answer = claim_object(claim);
    json_object_object_add(answer, "queue", json_object_new_string(exchange->queue));
    json_object_object_add(answer, "deleted", json_object_new_boolean(true));
    return answer_json(exchange, answer);
}

static enum status begin_delete(struct exchange *exchange)
{
    struct message_state *change = exchange_state(exchange, sizeof(*change), NULL);
    struct claim *claim = &change->claim;
    long long force = 0;
    enum status status = queue_read_claim(exchange, claim);

    if (status == STATUS_OK)
        status = option_number(exchange, "force", 1, 1, 0, &force);
    if (status != STATUS_OK)
        return status;
    if (force && claim->token)
        return refuse(&exchange->reason, STATUS_BAD_REQUEST, "force and lease do not go together");
    change->is_forced = force;
    find_delete_call(&exchange->call, exchange->queue, claim, force, &change->deleted);
    return exchange_await(exchange, finish_delete);
}

/* The lease of one message, which is to be extended or released. */
static enum status read_lease(struct exchange *exchange, struct claim *claim)
{
    enum status status;

    if (!option_is_given(exchange, "key"))
        return refuse(&exchange->reason, STATUS_BAD_REQUEST, "no option key, nor keys for many");
    status = queue_read_claim(exchange, claim);
    if (status == STATUS_OK && !claim->token)
        return refuse(&exchange->reason, STATUS_BAD_REQUEST, "no option lease");
    return status;
}

static enum status finish_extend(struct exchange *exchange, enum status status)
{
    const struct message_state *change = exchange->state;
    struct json_object *answer;

    if (status != STATUS_OK)
        return status;
    answer = claim_object(&change->claim);
    json_object_object_add(answer, "lease_until", json_object_new_int64(change->lease_until));
    return answer_json(exchange, answer);
}

static enum status begin_extend(struct exchange *exchange, long long seconds)
{
    struct message_state *change = exchange->state;

    claim_extend_call(&exchange->call, exchange->queue, &change->claim, seconds,
                      &change->lease_until);
    return exchange_await(exchange, finish_extend);
}

static enum status finish_release(struct exchange *exchange, enum status status)
{
    const struct message_state *change = exchange->state;
    struct json_object *answer;

    if (status != STATUS_OK)
        return status;
    answer = claim_object(&change->claim);
    json_object_object_add(answer, "released", json_object_new_boolean(true));
    return answer_json(exchange, answer);
}

static enum status begin_release(struct exchange *exchange, const struct release *release)
{
    const struct message_state *change = exchange->state;

    claim_release_call(&exchange->call, exchange->queue, &change->claim, release);
    return exchange_await(exchange, finish_release);
}

static enum status check_put(struct exchange *exchange)
{
    bool is_extend = option_is_given(exchange, "extend");
    bool is_release = option_is_given(exchange, "release");

    if (is_extend && is_release)
        return refuse(&exchange->reason, STATUS_BAD_REQUEST,
                      "either extend=<seconds> or release=1, not both");
    if (!is_extend && !is_release)
        return refuse(&exchange->reason, STATUS_BAD_REQUEST,
                      "one of extend=<seconds> and release=1 is needed; a push is POST");
    if (is_extend && option_is_given(exchange, "delay"))
        return refuse(&exchange->reason, STATUS_BAD_REQUEST, "delay goes with release");
    if (is_extend && option_is_given(exchange, "reason"))
        return refuse(&exchange->reason, STATUS_BAD_REQUEST, "reason goes with release");
    return STATUS_OK;
}

static enum status read_release(struct exchange *exchange, struct release *release)
{
    const struct field *why = form_find(&exchange->request.form, "reason");
    long long yes;
    enum status status = option_number(exchange, "release", 1, 1, 1, &yes);

    *release =
        (struct release){.reason = why ? why->value : NULL, .reason_len = why ? why->value_len : 0};
    if (status == STATUS_OK)
        status = option_number(exchange, "delay", 0, LIMIT_DELAY, -1, &release->delay);
    return status == STATUS_OK ? release_check(release, &exchange->reason) : status;
}

static enum status read_one(struct exchange *exchange)
{
    struct message_state *change = exchange_state(exchange, sizeof(*change), NULL);

    return read_lease(exchange, &change->claim);
}

enum status put_queue(struct exchange *exchange)
{
    bool is_many = claims_are_sent(exchange), is_extend = option_is_given(exchange, "extend");
    long long seconds = 0;
    struct release release;
    enum status status = is_many ? STATUS_OK : read_one(exchange);

    if (status == STATUS_OK)
        status = check_put(exchange);
    if (status == STATUS_OK)
        status = option_number(exchange, "extend", 1, LIMIT_LEASE, 0, &seconds);
    if (status == STATUS_OK)
        status = read_release(exchange, &release);
    if (status != STATUS_OK)
        return status;
    if (is_many)
        return is_extend ? begin_extend_of_several(exchange, seconds)
                         : begin_release_of_several(exchange, &release);
    return is_extend ? begin_extend(exchange, seconds) : begin_release(exchange, &release);
}

/* --- the whole queue ----------------------------------------------------------------------- */

/* Operations on a queue. */
union whole_queue_state {
    long long purged;
    struct removal removal;
    struct redrive redrive;
};

static enum status finish_purge(struct exchange *exchange, enum status status)
{
    const union whole_queue_state *change = exchange->state;
    long long purged = change->purged;
    struct json_object *answer;

    if (status != STATUS_OK)
        return status;
    admit_done(exchange, "purge %s, %lld message%s", exchange->queue, purged, text_plural(purged));
    answer = json_object_new_object();
    json_object_object_add(answer, "queue", json_object_new_string(exchange->queue));
    json_object_object_add(answer, "status", json_object_new_int(purged > 0));
    json_object_object_add(answer, "purged", json_object_new_int64(purged));
    return answer_json(exchange, answer);
}

static enum status begin_purge(struct exchange *exchange)
{
    union whole_queue_state *change = exchange_state(exchange, sizeof(*change), NULL);

    queue_purge_call(&exchange->call, exchange->queue, &change->purged);
    return exchange_await(exchange, finish_purge);
}

/* A request to delete one message whose key got lost must not purge the queue. */
static enum status check_purge(struct exchange *exchange)
{
    const struct request *request = &exchange->request;

    if (request_is_bare(request) && request_lost_query(request))
        return refuse(&exchange->reason, STATUS_BAD_REQUEST,
                      "no option key: did it get lost? to purge, send no query string, or say "
                      "purge=1");
    if (!request_is_bare(request))
        return refuse(&exchange->reason, STATUS_BAD_REQUEST,
                      "no option key; to purge, send no body and no Content-Type, or say purge=1");
    return STATUS_OK;
}

static bool names_one(const struct exchange *exchange)
{
    return option_is_given(exchange, "key") || option_is_given(exchange, "lease");
}

static enum status check_removal(struct exchange *exchange)
{
    if (!names_one(exchange) && !option_is_given(exchange, "purge"))
        return STATUS_OK;
    return refuse(&exchange->reason, STATUS_BAD_REQUEST,
                  "remove=1 removes the whole queue: it goes with neither key, lease nor purge");
}

static enum status finish_removal(struct exchange *exchange, enum status status)
{
    const union whole_queue_state *change = exchange->state;
    const struct removal *removal = &change->removal;
    struct json_object *answer;

    if (status != STATUS_OK)
        return status;
    admit_done(exchange, "remove %s, %lld message%s", exchange->queue, removal->purged,
               text_plural(removal->purged));
    answer = json_object_new_object();
    json_object_object_add(answer, "queue", json_object_new_string(exchange->queue));
    removal_to_json(removal, answer);
    return answer_json(exchange, answer);
}

static enum status await_removal(struct exchange *exchange, bool is_forced)
{
    union whole_queue_state *change = exchange_state(exchange, sizeof(*change), NULL);

    queue_remove_call(&exchange->call, exchange->queue, is_forced, exchange->service->helpers,
                      &change->removal);
    return exchange_await(exchange, finish_removal);
}

/* A consumer of a helper that is alive is in the way. */
static enum status on_helpers(struct exchange *exchange, enum status status)
{
    return status == STATUS_OK ? await_removal(exchange, false) : status;
}

static enum status begin_removal(struct exchange *exchange)
{
    long long yes, force = 0;
    enum status status = check_removal(exchange);

    if (status == STATUS_OK)
        status = option_number(exchange, "remove", 1, 1, 1, &yes);
    if (status == STATUS_OK)
        status = option_number(exchange, "force", 1, 1, 0, &force);
    if (status != STATUS_OK)
        return status;
    return force ? await_removal(exchange, true) : exchange_ask_helpers(exchange, true, on_helpers);
}

/* A lease or force without a key is such a mistake, too. */
enum status delete_queue(struct exchange *exchange)
{
    bool is_one = names_one(exchange) || option_is_given(exchange, "force");
    bool is_purge = option_is_given(exchange, "purge");
    long long yes;
    enum status status = option_number(exchange, "purge", 1, 1, 1, &yes);

    if (option_is_given(exchange, "remove"))
        return begin_removal(exchange);
    if (status == STATUS_OK && is_one && is_purge)
        return refuse(&exchange->reason, STATUS_BAD_REQUEST,
                      "purge goes with neither key, lease nor force");
    if (status == STATUS_OK && is_one)
        return begin_delete(exchange);
    if (status == STATUS_OK && !is_purge)
        status = check_purge(exchange);
    return status == STATUS_OK ? begin_purge(exchange) : status;
}

/* A redrive shares its path and method with a push, and must not be mistaken for one. */
static enum status check_redrive(struct exchange *exchange)
{
    static const char *const options[] = {"msg", "value", "ttl", "delay"};

    if (!queue_is_dead(exchange->queue))
        return refuse(&exchange->reason, STATUS_BAD_REQUEST,
                      "redrive is for dead letters: <queue>.dead");
    if (!exchange->request.is_form && exchange->request.body.len > 0)
        return refuse(&exchange->reason, STATUS_UNSUPPORTED, "redrive reads no body but a form");
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        if (option_is_given(exchange, options[i]))
            return refuse(&exchange->reason, STATUS_BAD_REQUEST, "%s does not go with redrive",
                          options[i]);
    if (option_is_given(exchange, "keys") && option_is_given(exchange, "count"))
        return refuse(&exchange->reason, STATUS_BAD_REQUEST, "count and keys do not go together");
    if (!option_is_given(exchange, "keys") && option_is_given(exchange, "cursor"))
        return refuse(&exchange->reason, STATUS_BAD_REQUEST, "cursor goes with keys");
    return check_no_idempotency_key(exchange, "redrive");
}

static enum status finish_redrive(struct exchange *exchange, enum status status)
{
    const union whole_queue_state *change = exchange->state;
    const struct redrive *redrive = &change->redrive;
    struct json_object *answer;
    char base[LIMIT_NAME + 1];

    if (status != STATUS_OK)
        return status;
    admit_done(exchange, "redrive %s, %lld message%s", exchange->queue, redrive->redriven,
               text_plural(redrive->redriven));
    queue_base_name(exchange->queue, base);
    answer = json_object_new_object();
    json_object_object_add(answer, "queue", json_object_new_string(base));
    json_object_object_add(answer, "redriven", json_object_new_int64(redrive->redriven));
    if (redrive->has_more)
        json_object_object_add(answer, "more", json_object_new_boolean(true));
    return answer_json(exchange, answer);
}

static enum status begin_redrive(struct exchange *exchange)
{
    union whole_queue_state *change = exchange_state(exchange, sizeof(*change), NULL);
    long long yes, count = 0;
    enum status status = option_number(exchange, "redrive", 1, 1, 1, &yes);

    if (status == STATUS_OK)
        status = option_number(exchange, "count", 1, LIMIT_BATCH, 0, &count);
    if (status == STATUS_OK)
        status = check_redrive(exchange);
    if (status == STATUS_OK && option_is_given(exchange, "keys"))
        return begin_redrive_of_chosen(exchange);
    if (status != STATUS_OK)
        return status;
    queue_redrive_call(&exchange->call, exchange->queue, count, &change->redrive);
    return exchange_await(exchange, finish_redrive);
}

enum status post_queue(struct exchange *exchange)
{
    if (option_is_given(exchange, "redrive"))
        return begin_redrive(exchange);
    if (option_is_given(exchange, "count"))
        return refuse(&exchange->reason, STATUS_BAD_REQUEST, "count goes with redrive");
    if (option_is_given(exchange, "keys") || option_is_given(exchange, "cursor"))
        return refuse(&exchange->reason, STATUS_BAD_REQUEST,
                      "keys and cursor go with redrive, or deletes");
    return begin_push(exchange);
}
