/* message.h - messages as they come out of a queue.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_MESSAGE_H
#define BROKER_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

struct json_object;

/* Any bytes; points into a reply of Redis, so it lives as long as that does. */
struct message {
    const char *key;
    size_t key_len;
    const char *value;
    size_t value_len;
    long long count; /* soft reads so far */
};

/* Adds "key", "value" and, where the value is no UTF-8 and stands there as base64,
 * "encoding":"base64" to the object. */
void message_to_json(const struct message *message, struct json_object *object);

/* Decodes strict base64 (padded, no white space).  Returns the length, or -1 when it is none;
 * out has room for len / 4 * 3 bytes. */
long message_from_base64(const char *text, size_t len, char *out);

#endif
