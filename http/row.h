/* row.h - a row of a program's table: which requests it is about, and what is checked before they
 * are handled.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HTTP_ROW_H
#define HTTP_ROW_H

#include <stdbool.h>

#include "base/status.h"
#include "http/acl.h"
#include "http/request.h"

enum naming {
    WHOLE, /* "/q" and "/q/" */
    NAMED, /* "/q/orders/eu" */
    EITHER,
};

enum effect {
    LOOKS,   /* what a page of another origin causes does no harm */
    CHANGES, /* unless it is said to be a mere look */
};

/* BAD_NAME: it is none. */
typedef enum status name_check(const char *name, size_t len, struct reason *reason);

struct row {
    enum method method;
    const char *resource;
    enum naming naming;
    const char *when; /* an option that must be given; NULL: in any other case */
    unsigned rights;  /* one of them is enough */
    enum effect effect;
    const char *options; /* besides callback, authkey and _; one space between */
    name_check *check_name;
};

/* Is the row about that path? */
bool row_is_on(const struct row *row, const struct uri *uri);

/* Is the name that the path has, if any, one that may be? */
enum status row_check_name(const struct row *row, const struct uri *uri, struct reason *reason);

/* The option that is unknown, or stands there twice; NULL: there is none.  *complaint says which of
 * the two. */
const struct field *row_find_bad_option(const struct row *row, const struct form *form,
                                        const char **complaint);

/* A field's name, as a reason quotes it with "%.*s". */
int row_quoted(const struct field *field);

#endif
