/* take.c - GET /q/NAME: take, or only read.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "base/text.h"
#include "broker/find.h"
#include "broker/keys.h"
#include "handlers/handlers.h"
#include "handlers/queue.h"
#include "protocol/messages.h"

static enum status read_oldest(struct exchange *exchange, const struct wish *wish)
{
    struct message message;
    enum status status;

    queue_peek_call(&exchange->call, exchange->queue, !exchange->request.is_head, &message);
    status = exchange_run(exchange);
    if (status == STATUS_OK)
        message_answer(&message, wish, &exchange->response);
    return status;
}

static enum status read_by_key(struct exchange *exchange, const struct wish *wish)
{
    struct found found;
    struct claim claim;
    enum status status = queue_read_claim(exchange, &claim);

    if (status != STATUS_OK)
        return status;
    find_call(&exchange->call, exchange->queue, &claim, !exchange->request.is_head, &found);
    status = exchange_run(exchange);
    if (status == STATUS_OK)
        found_answer(&found, wish, &exchange->response);
    return status;
}

static enum status take_messages(struct exchange *exchange, const struct wish *wish)
{
    struct take take = {
        .queue = exchange->queue,
        .count = wish->count,
        .lease = wish->lease,
        .pool = &exchange->tokens,
    };
    enum status status;

    take_call(&exchange->call, &take, &exchange->batch);
    status = exchange_run(exchange);
    if (status == STATUS_OK) /* jsonp_wrap() makes it a script */
        messages_answer(&exchange->batch, wish, NULL, &exchange->response);
    return status;
}

static enum status read_options(struct exchange *exchange, struct wish *wish)
{
    return wish_read(wish, WISH_OF_GET, &exchange->request.form, &exchange->reason);
}

static enum status serve(struct exchange *exchange, const struct wish *wish)
{
    if (wish->asks & WISH_KEY)
        return read_by_key(exchange, wish);
    if (wish->asks & WISH_SOFT || exchange->request.is_head)
        return read_oldest(exchange, wish);
    return take_messages(exchange, wish);
}

enum status queue_get(struct exchange *exchange)
{
    struct wish wish;
    enum status status = read_options(exchange, &wish);

    return status == STATUS_OK ? serve(exchange, &wish) : status;
}

/* --- several queues ------------------------------------------------------------------------ */

/* All names are checked before anything is taken. */
static enum status check_names(struct exchange *exchange, struct text_list list)
{
    enum status status = STATUS_OK;
    const char *name;
    size_t len;

    for (int count = 0; status == STATUS_OK && text_list_next(&list, &name, &len); count++) {
        if (count == LIMIT_QUEUES)
            return refuse(&exchange->reason, STATUS_BAD_VALUE, "queues has at most %d names",
                          LIMIT_QUEUES);
        status = queue_name_check(name, len, &exchange->reason);
    }
    return status;
}

enum status queues_take(struct exchange *exchange, const struct field *queues)
{
    struct text_list list = {queues->value, queues->value_len};
    struct wish wish;
    enum status status = read_options(exchange, &wish);
    bool was_held = false;
    const char *name;
    size_t len;

    if (status == STATUS_OK)
        status = check_names(exchange, list);
    if (status != STATUS_OK)
        return status;
    do {
        text_list_next(&list, &name, &len);
        memcpy(exchange->queue, name, len);
        exchange->queue[len] = '\0';
        status = serve(exchange, &wish);
        was_held |= status == STATUS_HELD;
    } while ((status == STATUS_EMPTY || status == STATUS_HELD) && list.rest);
    return was_held && status == STATUS_EMPTY ? STATUS_HELD : status;
}
