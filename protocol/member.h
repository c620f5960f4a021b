/* member.h - reading the members of a JSON object strictly.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROTOCOL_MEMBER_H
#define PROTOCOL_MEMBER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

struct json_object;

bool member_is_given(struct json_object *object, const char *name);

/* A string that must be there; any bytes, followed by a NUL that does not count.  Lives as long as
 * the object.  BAD_REQUEST: missing; BAD_VALUE: no string. */
enum status member_text(struct json_object *object, const char *name, const char **text,
                        size_t *len, struct reason *reason);

/* A whole number within low…high, or a string of its digits; the fallback when it is not there. */
enum status member_number(struct json_object *object, const char *name, long long low,
                          long long high, long long fallback, long long *number,
                          struct reason *reason);

/* An array of 1…high strings that must be there. */
enum status member_array(struct json_object *object, const char *name, int high,
                         struct json_object **array, struct reason *reason);

#endif
