/* redrive.c - dead letters that are named by their keys: POST /q/NAME.dead with redrive=1 and
 * keys=, or with deletes=1.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "handlers/redrive.h"

#include "base/text.h"
#include "broker/chosen.h"
#include "handlers/admit.h"
#include "handlers/handlers.h"
#include "protocol/letters.h"

struct letters_state {
    struct claims claims;
    bool is_revival;
};

static void clear_letters(void *state)
{
    claims_clear(&((struct letters_state *)state)->claims);
}

static enum status finish_letters(struct exchange *exchange, enum status status)
{
    const struct letters_state *letters = exchange->state;
    long long done;

    if (status != STATUS_OK)
        return status;
    done = chosen_done(&letters->claims);
    admit_done(exchange, "%s %s, %lld message%s", letters->is_revival ? "redrive" : "delete of",
               exchange->queue, done, text_plural(done));
    return answer_json(
        exchange, letters_outcomes(&letters->claims, letters->is_revival ? "redriven" : "deleted"));
}

static enum status begin(struct exchange *exchange, bool is_revival)
{
    struct letters_state *letters = exchange_state(exchange, sizeof(*letters), clear_letters);
    const struct field *keys = form_find(&exchange->request.form, "keys");
    long long place = -1;
    enum status status = option_number(exchange, "cursor", 0, LIMIT_EXACT, -1, &place);

    letters->is_revival = is_revival;
    if (status == STATUS_OK && !keys)
        return refuse(&exchange->reason, STATUS_BAD_REQUEST, "no option keys");
    if (status == STATUS_OK)
        status =
            letters_read_text(&letters->claims, exchange->queue, is_revival ? "redrive" : "deletes",
                              keys->value, keys->value_len, &exchange->reason);
    if (status != STATUS_OK)
        return status;
    if (is_revival)
        chosen_revive_call(&exchange->call, exchange->queue, &letters->claims, place);
    else
        chosen_discard_call(&exchange->call, exchange->queue, &letters->claims, place);
    return exchange_await(exchange, finish_letters);
}

enum status begin_redrive_of_chosen(struct exchange *exchange)
{
    return begin(exchange, true);
}

enum status post_deletes(struct exchange *exchange)
{
    long long yes;
    enum status status = option_number(exchange, "deletes", 1, 1, 1, &yes);

    if (status == STATUS_OK)
        status = check_no_idempotency_key(exchange, "deletes");
    return status == STATUS_OK ? begin(exchange, false) : status;
}
