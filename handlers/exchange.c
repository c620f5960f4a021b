/* exchange.c - the answers a handler may give, and the options it reads.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "handlers/exchange.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "broker/helpers.h"
#include "http/html.h"
#include "protocol/answer.h"

void exchange_clear(struct exchange *exchange)
{
    exchange_end(exchange);
    free(exchange->state);
    exchange->state = NULL;
    exchange->state_size = 0;
    authkey_clear(&exchange->admitting.read);
    call_clear(&exchange->call);
    call_clear(&exchange->other_call);
    batch_clear(&exchange->batch);
    catalog_clear(&exchange->catalog);
    request_clear(&exchange->request);
    response_clear(&exchange->response);
}

static void trim_buffer(struct buffer *buffer, size_t size)
{
    if (buffer->size > size)
        buffer_clear(buffer);
}

static void trim_call(struct call *call, size_t size)
{
    if (call_size(call) > size)
        call_clear(call);
    else
        call_keep_reply(call, NULL);
}

void exchange_trim(struct exchange *exchange, size_t size)
{
    response_reset(&exchange->response);
    trim_buffer(&exchange->response.headers, size);
    trim_buffer(&exchange->response.body, size);
    trim_buffer(&exchange->request.query, size);
    trim_buffer(&exchange->request.body, size);
    trim_call(&exchange->call, size);
    trim_call(&exchange->other_call, size);
    if ((size_t)exchange->batch.size * sizeof(*exchange->batch.messages) > size)
        batch_clear(&exchange->batch);
    if ((size_t)exchange->catalog.size * sizeof(*exchange->catalog.names) > size)
        catalog_clear(&exchange->catalog);
    if (exchange->state_size > size) {
        free(exchange->state);
        exchange->state = NULL;
        exchange->state_size = 0;
    }
}

static enum status await(struct exchange *exchange, struct call *call, finish *then)
{
    exchange->due = call;
    exchange->errands = NULL;
    exchange->errands_count = 0;
    exchange->finish = then;
    return STATUS_OK;
}

enum status exchange_await(struct exchange *exchange, finish *then)
{
    return await(exchange, &exchange->call, then);
}

enum status exchange_await_other(struct exchange *exchange, finish *then)
{
    return await(exchange, &exchange->other_call, then);
}

enum status exchange_await_all(struct exchange *exchange, struct errand *errands, int count,
                               finish *then)
{
    await(exchange, NULL, then);
    exchange->errands = errands;
    exchange->errands_count = count;
    return STATUS_OK;
}

enum status exchange_await_turn(struct exchange *exchange, finish *then)
{
    return await(exchange, NULL, then);
}

enum status exchange_ask_helpers(struct exchange *exchange, bool must_ask, finish *then)
{
    if (!must_ask)
        return then(exchange, STATUS_OK);
    helpers_call(&exchange->other_call, exchange->service->helpers);
    return exchange_await_other(exchange, then);
}

void *exchange_state(struct exchange *exchange, size_t size, state_clear *clear)
{
    if (exchange->state_size < size) {
        exchange->state = xrealloc(exchange->state, size);
        exchange->state_size = size;
    }
    exchange->clear_state = clear;
    return memset(exchange->state, 0, size);
}

void exchange_end(struct exchange *exchange)
{
    if (exchange->clear_state)
        exchange->clear_state(exchange->state);
    exchange->clear_state = NULL;
    exchange->finish = NULL;
}

enum status answer_json(struct exchange *exchange, struct json_object *object)
{
    exchange->response.type = TYPE_JSON;
    json_render(object, &exchange->response.body);
    buffer_add_text(&exchange->response.body, "\r\n");
    return STATUS_OK;
}

enum status answer_line(struct exchange *exchange, const char *line)
{
    exchange->response.type = TYPE_TEXT;
    buffer_add_text(&exchange->response.body, line);
    buffer_add_text(&exchange->response.body, "\r\n");
    return STATUS_OK;
}

static const char *page_prefix(const struct exchange *exchange)
{
    return html_is_wanted(&exchange->request) ? exchange->service->settings->prefix : NULL;
}

void answer_refusal(struct exchange *exchange, enum status status)
{
    answer_status(&exchange->response, status, &exchange->reason, page_prefix(exchange));
}

enum status answer_no_message(struct exchange *exchange)
{
    answer_error(&exchange->response, 404, STATUS_EMPTY, &exchange->reason, page_prefix(exchange));
    return STATUS_OK;
}

void answer_page(struct exchange *exchange, const char *title)
{
    html_begin(&exchange->response, title);
}

enum status answer_page_end(struct exchange *exchange)
{
    html_end(&exchange->response);
    return STATUS_OK;
}

bool option_is_given(const struct exchange *exchange, const char *name)
{
    return form_find(&exchange->request.form, name) != NULL;
}

enum status option_number(struct exchange *exchange, const char *name, long long low,
                          long long high, long long fallback, long long *number)
{
    return form_number(&exchange->request.form, name, low, high, fallback, number,
                       &exchange->reason);
}

enum status check_no_idempotency_key(struct exchange *exchange, const char *what)
{
    if (!exchange->request.head.idempotency_key)
        return STATUS_OK;
    return refuse(&exchange->reason, STATUS_BAD_REQUEST, "Idempotency-Key does not go with %s",
                  what);
}

struct json_object *damaged_row(const char *name, const struct reason *reason)
{
    struct json_object *row = json_object_new_object();

    json_object_object_add(row, "name", json_object_new_string(name));
    json_object_object_add(row, "error", json_object_new_string(reason->text));
    json_object_object_add(row, "code", json_object_new_string(status_code(STATUS_DAMAGED)));
    return row;
}

struct json_object *redis_name(const struct exchange *exchange)
{
    char text[256];

    snprintf(text, sizeof(text), "<Redis Connection: %s - 1 connection(s)>",
             exchange->service->settings->redis);
    return json_object_new_string(text);
}
