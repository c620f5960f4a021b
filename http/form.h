/* form.h - names and values from a query string or a form body.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HTTP_FORM_H
#define HTTP_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"
#include "base/status.h"

/* Any bytes, NUL too; points into the text that was parsed.  Behind each stands one more NUL that
 * does not count. */
struct field {
    const char *name;
    size_t name_len;
    const char *value;
    size_t value_len;
    bool has_value; /* there was a '=' */
};

struct form {
    struct field fields[LIMIT_FIELDS];
    int count;
};

/* Appends a field.  BAD_REQUEST: there are too many. */
enum status form_add(struct form *form, const struct field *field, struct reason *reason);

/* Appends the fields of "a=1&b=2", decoding in place: the text must outlive the form, and must
 * have room for one NUL behind its end. */
enum status form_parse(struct form *form, char *text, size_t len, struct reason *reason);

/* The field of that name; NULL when there is none.  Of several the last one, but see
 * form_find_twice(). */
const struct field *form_find(const struct form *form, const char *name);

/* The first field whose name an earlier one has, too: which of them counts would be a guess.  "_"
 * may come more than once, since nobody reads it.  NULL when there is none. */
const struct field *form_find_twice(const struct form *form);

/* Forgets all fields of these names, one space between. */
void form_drop(struct form *form, const char *names);

/* The first field that is neither among the known ones, one space between, nor one that may stand
 * in every request: callback, authkey and _.  NULL when there is none. */
const struct field *form_find_unknown(const struct form *form, const char *known);

/* A whole number within low…high; the fallback when there is no such field.  BAD_VALUE. */
enum status form_number(const struct form *form, const char *name, long long low, long long high,
                        long long fallback, long long *number, struct reason *reason);

#endif
