/* pub.c - POST /pub/CHANNEL: to whoever listens now, and where the channel remembers, later.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <json-c/json.h>

#include "broker/channel.h"
#include "handlers/body.h"
#include "handlers/handlers.h"

static enum status check_request(struct exchange *exchange)
{
    const struct request *request = &exchange->request;
    enum status status = check_no_idempotency_key(exchange, "publishing, which remembers no keys");

    if (status == STATUS_OK && request_has_type(request, "application/x-ndjson"))
        return refuse(&exchange->reason, STATUS_UNSUPPORTED,
                      "batches are for queues; a request publishes one message");
    return status;
}

static enum status finish_pub(struct exchange *exchange, enum status status)
{
    const struct published *published = exchange->state;
    struct json_object *answer;

    if (status != STATUS_OK)
        return status;
    answer = json_object_new_object();
    json_object_object_add(answer, "channel", json_object_new_string(exchange->queue));
    json_object_object_add(answer, "receivers", json_object_new_int64(published->receivers));
    if (*published->id)
        json_object_object_add(answer, "id", json_object_new_string(published->id));
    return answer_json(exchange, answer);
}

enum status post_pub(struct exchange *exchange)
{
    static const struct body_fields fields = {
        {"body", "msg", "value"},
        "body, msg or value"
    };
    struct published *published = exchange_state(exchange, sizeof(*published), NULL);
    struct body body = {0};
    enum status status = check_request(exchange);

    if (status == STATUS_OK)
        status = body_read(exchange, &fields, &body);
    if (status == STATUS_OK)
        status = channel_publish_check(body.len, exchange->service->settings->max_message,
                                       &exchange->reason);
    if (status != STATUS_OK)
        return status;
    channel_publish_call(&exchange->call, exchange->queue, body.data, body.len, published);
    return exchange_await(exchange, finish_pub);
}
