/* message.h - messages as they come out of a queue.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_MESSAGE_H
#define BROKER_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

struct buffer;
struct json_object;

enum {
    TOKEN_RANDOM = 32,             /* hex digits of 128 bits */
    TOKEN_SIZE = TOKEN_RANDOM + 8, /* and maybe a number, as token_number() has it, and a NUL */
};

/* Any bytes; key and value point into a reply of Redis, so they live as long as that does. */
struct message {
    const char *key;
    size_t key_len;
    const char *value;
    size_t value_len;
    long long count;        /* soft reads so far */
    char token[TOKEN_SIZE]; /* of the lease; "": none */
    long long lease_until;  /* ms since 1970 */
    long long deliveries;
};

/* Adds "key", "value" and, where the value is no UTF-8 and stands there as base64,
 * "encoding":"base64" to the object; under a lease that its receiver may know of also "lease",
 * "lease_until", "deliveries". */
void message_to_json(const struct message *message, bool with_lease, struct json_object *object);

/* The same and "count" in an object of its own, as it answers a take over HTTP. */
struct json_object *message_object(const struct message *message, bool with_lease);

/* What message_write() adds to key, value and encoding, in this order. */
enum {
    MESSAGE_LEASE = 1, /* the token and the deliveries, if there is a lease */
    MESSAGE_END = 2,   /* its lease_until too */
    MESSAGE_COUNT = 4,
};

/* Adds the object that message_to_json() and message_object() make, byte for byte, as text: written
 * once, with no copy between. */
void message_write(const struct message *message, unsigned parts, struct buffer *out);

/* Would it add more than so many bytes, for the value alone? */
bool message_is_longer(const struct message *message, size_t most);

#endif
