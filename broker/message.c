/* message.c - messages in JSON.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/message.h"

#include <json-c/json.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/utf8.h"

static struct json_object *base64(const char *data, size_t len)
{
    char *text = xmalloc((len + 2) / 3 * 4 + 1);
    int text_len = EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)data, (int)len);
    struct json_object *string = json_object_new_string_len(text, text_len);

    free(text);
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

static void add_base64(struct buffer *out, const char *data, size_t len)
{
    buffer_reserve(out, (len + 2) / 3 * 4 + 3);
    buffer_add(out, "\"", 1);
    out->len += (size_t)EVP_EncodeBlock((unsigned char *)out->data + out->len,
                                        (const unsigned char *)data, (int)len);
    buffer_add(out, "\"", 1);
}

static void add_value(struct buffer *out, const char *value, size_t len)
{
    if (utf8_is_valid(value, len)) {
        json_add_string(out, value, len);
    } else {
        add_base64(out, value, len);
        buffer_add_text(out, ",\"encoding\":\"base64\"");
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
    return (utf8_is_valid(value, len) ? json_string_len(value, len) : (len + 2) / 3 * 4 + 2) > most;
}

/* --- in ----------------------------------------------------------------------------------------
 */

/* EVP_DecodeBlock() takes white space and padding anywhere. */
static bool is_base64(const char *text, size_t len)
{
    size_t padding = 0;

    if (len % 4 != 0)
        return false;
    while (padding < 2 && padding < len && text[len - 1 - padding] == '=')
        padding++;
    for (size_t i = 0; i < len - padding; i++)
        if (!text[i] ||
            !strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", text[i]))
            return false;
    return true;
}

long message_from_base64(const char *text, size_t len, char *out)
{
    long out_len;

    if (!is_base64(text, len))
        return -1;
    out_len = EVP_DecodeBlock((unsigned char *)out, (const unsigned char *)text, (int)len);
    if (out_len < 0)
        return -1;
    for (size_t i = 1; i <= 2 && i <= len; i++)
        if (text[len - i] == '=')
            out_len--;
    return out_len;
}
