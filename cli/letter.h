/* letter.h - messages and lists as the broker's answers have them (docs/protocol.txt, section 4).
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_LETTER_H
#define CLI_LETTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

struct json_object;

struct letter {
    const char *key, *lease; /* within the object; NULL: it has none */
    const char *state;
    const char *value; /* any bytes, a NUL behind them */
    size_t len;
    long long lease_until; /* ms since 1970; 0: not leased */
    long long deliveries;
    char *decoded; /* what was base64; owned */
};

/* Reads a message; the object is kept by reference.  False: it is none.  Clear it all the same. */
bool letter_read(struct letter *letter, struct json_object *object);
void letter_clear(struct letter *letter);

/* Parses an answer; NULL: it is no JSON.  The caller gives it back with json_object_put(). */
struct json_object *json_of(const struct buffer *body);

/* A member of an object; NULL, or 0, when it is not there or of another kind. */
struct json_object *json_member(struct json_object *object, const char *name);
const char *json_text(struct json_object *object, const char *name);
long long json_number(struct json_object *object, const char *name);

#endif
