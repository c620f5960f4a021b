/* signing.h - what a hook sends is signed as Standard Webhooks 1.0 has it: v1, HMAC-SHA256.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_SIGNING_H
#define BASE_SIGNING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/* Bytes of a key, which stands behind whsec_ in base64. */
enum { SIGNING_KEY_MIN = 24, SIGNING_KEY_MAX = 64 };

/* Is it a secret, whsec_ and base64, or two with a space between, of which the receiver knows one
 * while they are changed? */
bool signing_is_secret(const char *text, size_t len);

/* The bytes that are signed, behind each other: id, timestamp, body. */
struct signed_message {
    const char *id;
    long long timestamp;
    const char *body;
    size_t len;
};

/* Adds the value of webhook-signature, with a signature for each secret; signing_is_secret() is
 * true of them. */
void signing_add(struct buffer *out, const char *secrets, const struct signed_message *message);

#endif
