/* routes.h - from a request to its answer.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_ROUTES_H
#define HANDLERS_ROUTES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

struct exchange;
struct buffer;
struct row;

enum body_use {
    UNREAD, /* refused: it would be ignored, and the request mean something else */
    ARRAY,  /* as JSON */
    READ,
};

/* Begins to answer the request in the exchange.  The status of the request's own parsing comes
 * along; unless it is OK the answer is that error.  False: exchange->response is the answer.  True:
 * first exchange->due must be run, with exchange->reason, and routes_resume() be told how it ended,
 * whose return means the same; or, where that is NULL, all of the errands, or nothing until the
 * next turn of the loop, and then OK be told.  access_begin_turn() is the caller's. */
bool routes_begin(struct exchange *exchange, enum status parsed);
bool routes_resume(struct exchange *exchange, enum status status);

/* The table as rows of an HTML table; the prefix is that of restmq.conf. */
void routes_describe(const char *prefix, struct buffer *out);

struct route_facts {
    const struct row *row;
    enum body_use body; /* of a body that is no form */
};

/* The rows of the table, from 0 on.  False: there is none of that number. */
bool routes_look(size_t number, struct route_facts *facts);

#endif
