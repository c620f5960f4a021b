/* routes.h - from a request to its answer.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_ROUTES_H
#define HANDLERS_ROUTES_H

#include "base/status.h"

struct exchange;
struct buffer;

/* Answers the request in the exchange: fills exchange->response, whatever happens.  The status of
 * the request's own parsing comes along; unless it is OK the answer is that error. */
void routes_answer(struct exchange *exchange, enum status parsed);

/* The table as rows of an HTML table; the prefix is that of restmq.conf. */
void routes_describe(const char *prefix, struct buffer *out);

#endif
