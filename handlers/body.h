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

/* The first of these fields that is not empty, or empty if none of those given is; of a request
 * that is no form, its body as it is. */
enum status body_read(struct exchange *exchange, const struct body_fields *fields,
                      struct body *body);

#endif
