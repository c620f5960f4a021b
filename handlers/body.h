/* body.h - the message that a request brings.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_BODY_H
#define HANDLERS_BODY_H

#include "handlers/exchange.h"

/* Fields of a form that may hold it, by rank. */
struct body_fields {
    const char *names[4]; /* up to NULL */
    const char *words;    /* the same for a person: "msg or value" */
};

/* A form's first non-empty field of the list, else an empty one that was given; other bodies
 * whole. */
enum status body_read(struct exchange *exchange, const struct body_fields *fields,
                      struct body *body);

#endif
