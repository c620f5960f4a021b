/* take.c - GET /q/NAME: take, or only read.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <json-c/json.h>
#include <string.h>

#include "base/text.h"
#include "broker/find.h"
#include "broker/keys.h"
#include "handlers/handlers.h"
#include "handlers/queue.h"
#include "protocol/wish.h"

/* --- answers ------------------------------------------------------------------------------- */

static enum status answer_raw(struct exchange *exchange, const struct message *message)
{
    struct response *response = &exchange->response;

    response->type = TYPE_BYTES;
    response_header(response, "Restmq-Key", "%.*s", (int)message->key_len, message->key);
    if (message->count)
        response_header(response, "Restmq-Count", "%lld", message->count);
    if (message->token[0]) {
        response_header(response, "Restmq-Lease", "%s", message->token);
        response_header(response, "Restmq-Lease-Until", "%lld", message->lease_until);
        response_header(response, "Restmq-Deliveries", "%lld", message->deliveries);
    }
    buffer_add(&response->body, message->value, message->value_len);
    return STATUS_OK;
}

static enum status answer_message(struct exchange *exchange, const struct message *message,
                                  bool raw)
{
    if (raw)
        return answer_raw(exchange, message);
    return answer_json(exchange, message_object(message, true));
}

static enum status answer_messages(struct exchange *exchange)
{
    struct json_object *array = json_object_new_array();

    for (int i = 0; i < exchange->batch.count; i++)
        json_object_array_add(array, message_object(&exchange->batch.messages[i], true));
    return answer_json(exchange, array);
}

/* --- the work ------------------------------------------------------------------------------ */

static enum status read_oldest(struct exchange *exchange, bool raw)
{
    struct message message;
    enum status status;

    queue_peek_call(&exchange->call, exchange->queue, !exchange->request.is_head, &message);
    status = exchange_run(exchange);
    return status == STATUS_OK ? answer_message(exchange, &message, raw) : status;
}

static enum status read_by_key(struct exchange *exchange, bool raw)
{
    struct json_object *answer;
    struct found found;
    struct claim claim;
    enum status status = queue_read_claim(exchange, &claim);

    if (status != STATUS_OK)
        return status;
    find_call(&exchange->call, exchange->queue, &claim, !exchange->request.is_head, &found);
    status = exchange_run(exchange);
    if (status != STATUS_OK)
        return status;
    if (raw)
        return answer_raw(exchange, &found.message);
    answer = json_object_new_object();
    found_to_json(&found, answer);
    json_object_object_add(answer, "count", json_object_new_int64(found.message.count));
    return answer_json(exchange, answer);
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
    if (status != STATUS_OK)
        return status;
    if (wish->asks & WISH_COUNT)
        return answer_messages(exchange);
    return answer_message(exchange, &exchange->batch.messages[0], wish->asks & WISH_RAW);
}

static enum status read_options(struct exchange *exchange, struct wish *wish)
{
    return wish_read(wish, WISH_OF_GET, &exchange->request.form, &exchange->reason);
}

static enum status serve(struct exchange *exchange, const struct wish *wish)
{
    bool raw = wish->asks & WISH_RAW;

    if (wish->asks & WISH_KEY)
        return read_by_key(exchange, raw);
    if (wish->asks & WISH_SOFT || exchange->request.is_head)
        return read_oldest(exchange, raw);
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
