/* take.c - GET /q/NAME: take, or only read.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/text.h"
#include "broker/find.h"
#include "handlers/handlers.h"
#include "handlers/queue.h"
#include "protocol/messages.h"
#include "protocol/names.h"

/* A take under way, or a look. */
struct take_state {
    struct wish wish;
    struct text_list queues; /* whose turn comes if exchange->queue has none */
    bool was_held;           /* one of those before */
    union {
        struct message message; /* the oldest one, only looked at */
        struct found found;     /* that of the key */
    };
};

static bool is_look(const struct exchange *exchange, const struct wish *wish)
{
    return wish->asks & WISH_SOFT || exchange->request.is_head;
}

static enum status begin_find(struct exchange *exchange, struct found *found)
{
    struct claim claim;
    enum status status = queue_read_claim(exchange, &claim);

    if (status != STATUS_OK)
        return status;
    find_call(&exchange->call, exchange->queue, &claim, !exchange->request.is_head, found);
    return exchange_await(exchange, finish_take);
}

static enum status begin(struct exchange *exchange, struct take_state *state)
{
    const struct wish *wish = &state->wish;
    struct take take = {
        .queue = exchange->queue,
        .count = wish->count,
        .lease = wish->lease,
        .pool = exchange->service->tokens,
    };

    if (wish->asks & WISH_KEY)
        return begin_find(exchange, &state->found);
    if (is_look(exchange, wish))
        queue_peek_call(&exchange->call, exchange->queue, !exchange->request.is_head,
                        &state->message);
    else
        take_call(&exchange->call, &take, &exchange->batch);
    return exchange_await(exchange, finish_take);
}

static void answer(struct exchange *exchange, const struct take_state *state)
{
    const struct wish *wish = &state->wish;

    if (wish->asks & WISH_KEY)
        found_answer(&state->found, wish, &exchange->response);
    else if (is_look(exchange, wish))
        message_answer(&state->message, wish, &exchange->response);
    else /* jsonp_wrap() makes it a script */
        messages_answer(&exchange->batch, wish, NULL, &exchange->response);
}

enum status finish_take(struct exchange *exchange, enum status status)
{
    struct take_state *state = exchange->state;

    if (status == STATUS_OK)
        answer(exchange, state);
    if (status != STATUS_EMPTY && status != STATUS_HELD)
        return status;
    state->was_held |= status == STATUS_HELD;
    if (names_next(&state->queues, exchange->queue))
        return begin(exchange, state);
    return state->was_held ? STATUS_HELD : status;
}

static enum status read_options(struct exchange *exchange, struct take_state **state)
{
    *state = exchange_state(exchange, sizeof(**state), NULL);
    return wish_read(&(*state)->wish, WISH_OF_GET, &exchange->request.form, &exchange->reason);
}

enum status begin_take(struct exchange *exchange)
{
    struct take_state *state;
    enum status status = read_options(exchange, &state);

    return status == STATUS_OK ? begin(exchange, state) : status;
}

enum status get_queue(struct exchange *exchange)
{
    return begin_take(exchange);
}

/* --- several queues ------------------------------------------------------------------------ */

/* All names are checked before anything is taken. */
enum status begin_take_of_several(struct exchange *exchange, const struct field *queues)
{
    struct text_list list = {queues->value, queues->value_len};
    struct take_state *state;
    enum status status = read_options(exchange, &state);

    if (status == STATUS_OK)
        status = names_check(list, &exchange->reason);
    if (status != STATUS_OK)
        return status;
    state->queues = list;
    names_next(&state->queues, exchange->queue);
    return begin(exchange, state);
}
