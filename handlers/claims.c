/* claims.c - many leased messages of a queue at once: POST /q/NAME?acks=1, and PUT with keys= or an
 * array.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "handlers/claims.h"

#include <json-c/json.h>

#include "base/json.h"
#include "handlers/handlers.h"
#include "protocol/pairs.h"

bool claims_are_sent(const struct exchange *exchange)
{
    const struct request *request = &exchange->request;
    bool is_one = request->body.len == 0 && option_is_given(exchange, "key");

    /* some HTTP libraries name a type of no body */
    return option_is_given(exchange, "keys") ||
           (!is_one && request_has_type(request, "application/json"));
}

/* Claims under way. */
struct claims_state {
    struct claims claims;
    struct json_object *root; /* which they point into; NULL: into the form */
};

static void clear_claims(void *state)
{
    struct claims_state *claiming = state;

    claims_clear(&claiming->claims);
    json_object_put(claiming->root);
}

/* Of a form the field keys, else the body, an array. */
static enum status read_claims(struct exchange *exchange, struct claims_state *claiming)
{
    struct claims *claims = &claiming->claims;
    const struct request *request = &exchange->request;
    const struct field *keys = form_find(&request->form, "keys");
    enum status status;

    if (option_is_given(exchange, "key") || option_is_given(exchange, "lease"))
        return refuse(&exchange->reason, STATUS_BAD_REQUEST,
                      "key and lease name one message; for many send keys, or an array, and "
                      "neither of these");
    if (keys && !request->is_form)
        return refuse(&exchange->reason, STATUS_BAD_REQUEST,
                      "the body names the messages, so there must be no option keys");
    if (keys)
        return pairs_read_text(claims, exchange->queue, keys->value, keys->value_len,
                               &exchange->reason);
    if (request->is_form)
        return refuse(&exchange->reason, STATUS_BAD_REQUEST,
                      "no option keys; to send an array, say Content-Type: application/json");
    status = json_parse(request->body.len ? request->body.data : "", request->body.len,
                        &claiming->root, &exchange->reason);
    if (status == STATUS_OK)
        return pairs_read_array(claims, exchange->queue, "the body", claiming->root,
                                &exchange->reason);
    claiming->root = NULL;
    return status;
}

/* Answers what became of each, in the order of the request. */
static enum status finish_claims(struct exchange *exchange, enum status status)
{
    const struct claims_state *claiming = exchange->state;

    return status == STATUS_OK ? answer_json(exchange, pairs_outcomes(&claiming->claims)) : status;
}

static enum status begin(struct exchange *exchange, enum claims_act act, long long seconds,
                         const struct release *release)
{
    struct claims_state *claiming = exchange_state(exchange, sizeof(*claiming), clear_claims);
    struct claims *claims = &claiming->claims;
    enum status status = read_claims(exchange, claiming);

    if (status != STATUS_OK)
        return status;
    if (act == CLAIMS_ACK)
        claims_ack_call(&exchange->call, exchange->queue, claims);
    else if (act == CLAIMS_EXTEND)
        claims_extend_call(&exchange->call, exchange->queue, claims, seconds);
    else
        claims_release_call(&exchange->call, exchange->queue, claims, release);
    return exchange_await(exchange, finish_claims);
}

enum status post_acks(struct exchange *exchange)
{
    long long yes;
    enum status status = option_number(exchange, "acks", 1, 1, 1, &yes);

    if (status == STATUS_OK)
        status = check_no_idempotency_key(exchange, "acks");
    return status == STATUS_OK ? begin(exchange, CLAIMS_ACK, 0, NULL) : status;
}

enum status begin_extend_of_several(struct exchange *exchange, long long seconds)
{
    return begin(exchange, CLAIMS_EXTEND, seconds, NULL);
}

enum status begin_release_of_several(struct exchange *exchange, const struct release *release)
{
    return begin(exchange, CLAIMS_RELEASE, 0, release);
}
