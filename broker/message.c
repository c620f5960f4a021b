/* message.c - messages in JSON.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/message.h"

#include <json-c/json.h>

#include "base/base64.h"
#include "base/buffer.h"
#include "base/json.h"
#include "base/utf8.h"

static struct json_object *base64(const char *data, size_t len)
{
    struct buffer text = {0};
    struct json_object *string;

    base64_add(&text, data, len);
    string = json_object_new_string_len(text.data, (int)text.len);
    buffer_clear(&text);
    return string;
}

void message_to_json(const struct message *message, bool with_lease, struct json_object *object)
{
    bool is_text = utf8_is_valid(message->value, message->value_len);

    json_object_object_add(object, "key",
                           json_object_new_string_len(message->key, (int)message->key_len));
    json_object_object_add(object, "value",
                           is_text
                               ? json_object_new_string_len(message->value, (int)message->value_len)
                               : base64(message->value, message->value_len));
    if (!is_text)
        json_object_object_add(object, "encoding", json_object_new_string("base64"));
    if (!with_lease || !message->token[0])
        return;
    json_object_object_add(object, "lease", json_object_new_string(message->token));
    json_object_object_add(object, "lease_until", json_object_new_int64(message->lease_until));
    json_object_object_add(object, "deliveries", json_object_new_int64(message->deliveries));
}

struct json_object *message_object(const struct message *message, bool with_lease)
{
    struct json_object *object = json_object_new_object();

    message_to_json(message, with_lease, object);
    json_object_object_add(object, "count", json_object_new_int64(message->count));
    return object;
}

/* --- the same, straight into text ------------------------------------------------------------ */

static void add_value(struct buffer *out, const char *value, size_t len)
{
    if (utf8_is_valid(value, len)) {
        json_add_string(out, value, len);
    } else {
        buffer_add_text(out, "\"");
        base64_add(out, value, len);
        buffer_add_text(out, "\",\"encoding\":\"base64\"");
    }
}

void message_write(const struct message *message, unsigned parts, struct buffer *out)
{
    buffer_add_text(out, "{\"key\":");
    json_add_string(out, message->key, message->key_len);
    buffer_add_text(out, ",\"value\":");
    add_value(out, message->value, message->value_len);
    if (parts & MESSAGE_LEASE && message->token[0]) {
        buffer_addf(out, ",\"lease\":\"%s\"", message->token);
        if (parts & MESSAGE_END)
            buffer_addf(out, ",\"lease_until\":%lld", message->lease_until);
        buffer_addf(out, ",\"deliveries\":%lld", message->deliveries);
    }
    if (parts & MESSAGE_COUNT)
        buffer_addf(out, ",\"count\":%lld", message->count);
    buffer_add(out, "}", 1);
}

bool message_is_longer(const struct message *message, size_t most)
{
    const char *value = message->value;
    size_t len = message->value_len;

    if (len * JSON_ESCAPE + 2 <= most)
        return false;
    return (utf8_is_valid(value, len) ? json_string_len(value, len) : BASE64_LEN(len) + 2) > most;
}
