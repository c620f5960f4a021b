/* json.h - JSON text in and out, stricter than json-c alone.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/status.h"

struct json_object;

/* Parses exactly one value of RFC 8259, at most LIMIT_JSON_DEPTH deep, white space around it.
 * The text is followed by a NUL that does not count.  On OK the caller releases *value, which is
 * NULL for "null".  BAD_REQUEST says what is wrong. */
enum status json_parse(const char *text, size_t len, struct json_object **value,
                       struct reason *reason);

/* Adds the text, valid UTF-8, as a JSON string with its quotes.  Linear, some nanoseconds a byte.
 */
void json_add_string(struct buffer *out, const char *text, size_t len);

/* The bytes that it adds; no more than JSON_ESCAPE for one of the text, and two. */
enum { JSON_ESCAPE = 6 };
size_t json_string_len(const char *text, size_t len);

/* So many thousandths as a number, which the caller releases. */
struct json_object *json_new_thousandths(long long thousandths);

/* Adds the object as compact JSON text and releases it. */
void json_render(struct json_object *object, struct buffer *out);

#endif
