/* queue.c - /q/NAME: push, take, read, delete, purge.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "handlers/queue.h"

#include <json-c/json.h>
#include <string.h>

#include "broker/keys.h"
#include "handlers/handlers.h"
#include "http/accept.h"

/* --- push ---------------------------------------------------------------------------------- */

/* RestMQ's "msg or value": an empty msg does not hide a value. */
static const struct field *form_message(const struct form *form)
{
    const struct field *msg = form_find(form, "msg"), *value = form_find(form, "value");

    return msg && (msg->value_len || !value) ? msg : value;
}

static enum status find_message(struct exchange *exchange, const char **body, size_t *len)
{
    const struct request *request = &exchange->request;
    const struct field *field = form_message(&request->form);

    if (request_has_type(request, "multipart/form-data"))
        return refuse(&exchange->reason, STATUS_UNSUPPORTED,
                      "multipart is not read; send application/x-www-form-urlencoded with a field "
                      "value, or the message itself with its own Content-Type");
    if (request_has_type(request, "application/x-ndjson"))
        return refuse(&exchange->reason, STATUS_UNSUPPORTED,
                      "batches are not supported by this version");
    if (!request->is_form && field)
        return refuse(&exchange->reason, STATUS_BAD_REQUEST,
                      "the body is the message, so there must be no option msg or value");
    if (request->is_form && !field)
        return refuse(&exchange->reason, STATUS_BAD_REQUEST,
                      "no field msg or value; to send a body as it is, say "
                      "Content-Type: text/plain or the like");
    *body = field ? field->value : request->body.data;
    *len = field ? field->value_len : request->body.len;
    return STATUS_OK;
}

enum status queue_push(struct exchange *exchange)
{
    struct json_object *answer;
    long long ttl = 0, number = 0;
    const char *body = NULL;
    size_t len = 0;
    enum status status = find_message(exchange, &body, &len);

    if (status == STATUS_OK)
        status = option_number(exchange, "ttl", 1, LIMIT_TTL, 0, &ttl);
    if (status == STATUS_OK && len > (size_t)exchange->settings->max_message)
        return refuse(&exchange->reason, STATUS_TOO_LARGE, "a message has at most %lld bytes",
                      exchange->settings->max_message);
    if (status != STATUS_OK)
        return status;
    queue_push_call(&exchange->call, exchange->queue, len ? body : "", len, ttl, &number);
    status = link_run(exchange->link, &exchange->call, &exchange->reason);
    if (status != STATUS_OK)
        return status;
    if (!accept_prefers(exchange->request.head.accept, "application/json", "text/plain"))
        return answer_line(exchange, "%s:%lld", exchange->queue, number);
    answer = json_object_new_object();
    json_object_object_add(answer, "queue", json_object_new_string(exchange->queue));
    buffer_addf(&exchange->response.body, "%s:%lld", exchange->queue, number);
    json_object_object_add(answer, "key", json_object_new_string(exchange->response.body.data));
    buffer_reset(&exchange->response.body);
    return answer_json(exchange, answer);
}

enum status queue_post(struct exchange *exchange)
{
    return queue_push(exchange);
}

/* --- take and read ------------------------------------------------------------------------- */

static struct json_object *message_object(const struct message *message)
{
    struct json_object *object = json_object_new_object();

    message_to_json(message, object);
    json_object_object_add(object, "count", json_object_new_int64(message->count));
    return object;
}

static enum status answer_raw(struct exchange *exchange, const struct message *message)
{
    struct response *response = &exchange->response;

    response->type = TYPE_BYTES;
    response_header(response, "Restmq-Key", "%.*s", (int)message->key_len, message->key);
    if (message->count)
        response_header(response, "Restmq-Count", "%lld", message->count);
    buffer_add(&response->body, message->value, message->value_len);
    return STATUS_OK;
}

static enum status answer_message(struct exchange *exchange, const struct message *message,
                                  bool raw)
{
    if (raw)
        return answer_raw(exchange, message);
    return answer_json(exchange, message_object(message));
}

static enum status answer_messages(struct exchange *exchange)
{
    struct json_object *array = json_object_new_array();

    for (int i = 0; i < exchange->taken.count; i++)
        json_object_array_add(array, message_object(&exchange->taken.messages[i]));
    return answer_json(exchange, array);
}

static enum status queue_read(struct exchange *exchange, bool counted, bool raw)
{
    struct message message;
    enum status status;

    queue_peek_call(&exchange->call, exchange->queue, counted, &message);
    status = link_run(exchange->link, &exchange->call, &exchange->reason);
    return status == STATUS_OK ? answer_message(exchange, &message, raw) : status;
}

static enum status run_take(struct exchange *exchange, long long count)
{
    enum status status;

    queue_take_call(&exchange->call, exchange->queue, count, &exchange->taken);
    status = link_run(exchange->link, &exchange->call, &exchange->reason);
    if ((status == STATUS_OK || status == STATUS_EMPTY) && exchange->taken.has_trash)
        sweep_note(exchange->sweep, exchange->queue);
    return status;
}

enum status queue_take(struct exchange *exchange)
{
    enum status status;

    if (exchange->request.is_head)
        return queue_read(exchange, false, false);
    status = run_take(exchange, 1);
    return status == STATUS_OK ? answer_message(exchange, &exchange->taken.messages[0], false)
                               : status;
}

/* "0" and "false" take; whatever else stands there only reads, which cannot do harm. */
static bool is_soft(const struct field *soft)
{
    return soft && !(soft->value_len == 1 && soft->value[0] == '0') &&
           !(soft->value_len == 5 && memcmp(soft->value, "false", 5) == 0);
}

enum status queue_get(struct exchange *exchange)
{
    bool soft = is_soft(form_find(&exchange->request.form, "soft"));
    bool many = option_is_given(exchange, "count");
    long long raw, count;
    enum status status = option_number(exchange, "raw", 0, 1, 0, &raw);

    if (status == STATUS_OK)
        status = option_number(exchange, "count", 1, LIMIT_BATCH, 1, &count);
    if (status != STATUS_OK)
        return status;
    if (many && (soft || raw))
        return refuse(&exchange->reason, STATUS_BAD_REQUEST,
                      "count goes with neither soft nor raw");
    if (raw && exchange->callback)
        return refuse(&exchange->reason, STATUS_BAD_REQUEST, "raw does not go with callback");
    if (soft || exchange->request.is_head)
        return queue_read(exchange, !exchange->request.is_head, raw);
    status = run_take(exchange, count);
    if (status != STATUS_OK)
        return status;
    if (many)
        return answer_messages(exchange);
    return answer_message(exchange, &exchange->taken.messages[0], raw);
}

/* --- delete and purge ---------------------------------------------------------------------- */

static enum status delete_one(struct exchange *exchange, const struct field *key)
{
    struct json_object *answer;
    bool deleted = false;
    enum status status;

    if (!message_key_is_of(key->value, key->value_len, exchange->queue))
        return refuse(&exchange->reason, STATUS_BAD_VALUE, "key must be %s:<number>",
                      exchange->queue);
    queue_delete_call(&exchange->call, exchange->queue, key->value, key->value_len, &deleted);
    status = link_run(exchange->link, &exchange->call, &exchange->reason);
    if (status != STATUS_OK)
        return status;
    if (!deleted)
        return refuse(&exchange->reason, STATUS_NOT_FOUND, "no such message");
    answer = json_object_new_object();
    json_object_object_add(answer, "queue", json_object_new_string(exchange->queue));
    json_object_object_add(answer, "key",
                           json_object_new_string_len(key->value, (int)key->value_len));
    json_object_object_add(answer, "deleted", json_object_new_boolean(true));
    return answer_json(exchange, answer);
}

static enum status purge(struct exchange *exchange)
{
    struct json_object *answer;
    long long purged = 0;
    enum status status;

    queue_purge_call(&exchange->call, exchange->queue, &purged);
    status = link_run(exchange->link, &exchange->call, &exchange->reason);
    if (status != STATUS_OK)
        return status;
    if (purged)
        sweep_note(exchange->sweep, exchange->queue);
    answer = json_object_new_object();
    json_object_object_add(answer, "queue", json_object_new_string(exchange->queue));
    json_object_object_add(answer, "status", json_object_new_int(purged > 0));
    json_object_object_add(answer, "purged", json_object_new_int64(purged));
    return answer_json(exchange, answer);
}

enum status queue_delete(struct exchange *exchange)
{
    const struct field *key = form_find(&exchange->request.form, "key");

    return key ? delete_one(exchange, key) : purge(exchange);
}
