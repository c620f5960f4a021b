/* messages.c - messages as clients are told them.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "protocol/messages.h"

#include <stdint.h>
#include <string.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/utf8.h"
#include "http/jsonp.h"

/* --- one in JSON --------------------------------------------------------------------------- */

void message_write_value(const char *value, size_t len, struct buffer *out)
{
    if (utf8_is_valid(value, len)) {
        json_add_string(out, value, len);
    } else {
        buffer_add_text(out, "\"");
        base64_add(out, value, len);
        buffer_add_text(out, "\",\"encoding\":\"base64\"");
    }
}

static void add_key_and_value(const struct message *message, struct buffer *out)
{
    buffer_add_text(out, "\"key\":");
    json_add_string(out, message->key, message->key_len);
    buffer_add_text(out, ",\"value\":");
    message_write_value(message->value, message->value_len, out);
}

static void add_number(const char *name, long long number, struct buffer *out)
{
    buffer_add_text(out, ",\"");
    buffer_add_text(out, name);
    buffer_add_text(out, "\":");
    buffer_add_number(out, number);
}

static bool has_token(const struct message *message, unsigned parts)
{
    return message->token[0] &&
           (parts & MESSAGE_TOKEN || (parts & MESSAGE_LEASE && message->lease_until));
}

void message_write_members(const struct message *message, unsigned parts, struct buffer *out)
{
    add_key_and_value(message, out);
    if (has_token(message, parts)) {
        buffer_addf(out, ",\"lease\":\"%s\"", message->token);
        if (parts & MESSAGE_LEASE)
            add_number("lease_until", message->lease_until, out);
        add_number("deliveries", message->deliveries, out);
    }
    if (parts & MESSAGE_COUNT)
        add_number("count", message->count, out);
}

void message_write(const struct message *message, unsigned parts, struct buffer *out)
{
    buffer_add(out, "{", 1);
    message_write_members(message, parts, out);
    buffer_add(out, "}", 1);
}

void found_write_members(const struct found *found, struct buffer *out)
{
    add_key_and_value(&found->message, out);
    buffer_add_text(out, ",\"state\":");
    json_add_string(out, found->state, strlen(found->state));
    if (found->until_ms)
        add_number(strcmp(found->state, "leased") == 0 ? "lease_until" : "due", found->until_ms,
                   out);
    add_number("deliveries", found->message.deliveries, out);
    add_number("count", found->message.count, out);
}

bool message_is_longer(const struct message *message, size_t most)
{
    const char *value = message->value;
    size_t len = message->value_len;

    if (len * JSON_ESCAPE + 2 <= most)
        return false;
    return (utf8_is_valid(value, len) ? json_string_len(value, len) : BASE64_LEN(len) + 2) > most;
}

/* --- many ---------------------------------------------------------------------------------- */

static void add_json(const struct message *message, unsigned parts, const char *callback,
                     struct buffer *out)
{
    struct buffer json = {0};

    if (!callback) {
        message_write(message, parts, out);
        return;
    }
    message_write(message, parts, &json);
    jsonp_add(out, json.data, json.len);
    buffer_clear(&json);
}

/* How they are told. */
struct manner {
    unsigned parts;
    const char *callback; /* NULL: no script */
    size_t most;          /* bytes of the text that they are added to */
};

/* Returns how many it has: at least the first, whatever its length. */
static int add_array(const struct batch *batch, const struct manner *manner, struct buffer *out)
{
    int added = 0;

    buffer_add_text(out, "[");
    while (added < batch->count) {
        const struct message *message = &batch->messages[added];
        size_t before = out->len, room = before < manner->most ? manner->most - before : 0;

        if (added && message_is_longer(message, room))
            break; /* it need not be written to find that out */
        if (added)
            buffer_add_text(out, ",");
        add_json(message, manner->parts, manner->callback, out);
        if (added && out->len > manner->most) {
            out->len = before;
            break;
        }
        added++;
    }
    buffer_add_text(out, "]");
    return added;
}

void messages_write(const struct batch *batch, unsigned parts, struct buffer *out)
{
    add_array(batch, &(struct manner){.parts = parts, .most = SIZE_MAX}, out);
}

/* --- answers ------------------------------------------------------------------------------- */

static void answer_raw(const struct message *message, struct response *response)
{
    response->type = TYPE_BYTES;
    response_header(response, "Restmq-Key", "%.*s", (int)message->key_len, message->key);
    if (message->count)
        response_header(response, "Restmq-Count", "%lld", message->count);
    if (has_token(message, MESSAGE_LEASE)) {
        response_header(response, "Restmq-Lease", "%s", message->token);
        response_header(response, "Restmq-Lease-Until", "%lld", message->lease_until);
        response_header(response, "Restmq-Deliveries", "%lld", message->deliveries);
    }
    buffer_add(&response->body, message->value, message->value_len);
}

static void begin(const char *callback, struct response *response)
{
    response->type = callback ? TYPE_SCRIPT : TYPE_JSON;
    if (callback)
        jsonp_begin_answer(&response->body, callback);
}

static void end(const char *callback, struct response *response)
{
    if (callback)
        jsonp_end_answer(&response->body);
    else
        buffer_add_text(&response->body, "\r\n");
}

int messages_answer(const struct batch *batch, const struct wish *wish, const char *callback,
                    struct response *response)
{
    struct manner manner = {
        .parts = MESSAGE_LEASE | MESSAGE_COUNT, .callback = callback, .most = wish->most};
    int told = 1;

    if (wish->asks & WISH_RAW) {
        answer_raw(&batch->messages[0], response);
        return told;
    }
    begin(callback, response);
    if (wish->asks & WISH_COUNT)
        told = add_array(batch, &manner, &response->body);
    else
        add_json(&batch->messages[0], manner.parts, callback, &response->body);
    end(callback, response);
    return told;
}

void message_answer(const struct message *message, const struct wish *wish,
                    struct response *response)
{
    if (wish->asks & WISH_RAW) {
        answer_raw(message, response);
        return;
    }
    begin(NULL, response);
    message_write(message, MESSAGE_COUNT, &response->body);
    end(NULL, response);
}

void found_answer(const struct found *found, const struct wish *wish, struct response *response)
{
    if (wish->asks & WISH_RAW) {
        answer_raw(&found->message, response);
        return;
    }
    begin(NULL, response);
    buffer_add_text(&response->body, "{");
    found_write_members(found, &response->body);
    buffer_add_text(&response->body, "}");
    end(NULL, response);
}
