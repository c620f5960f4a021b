/* runner.h - a request is answered, and the calls that this takes wait for Redis.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef FCGI_RUNNER_H
#define FCGI_RUNNER_H

#include "base/status.h"

struct exchange;
struct link;
struct sweep;

/* Fills exchange->response, whatever happens; parsed is as for routes_begin().  Queues that its
 * calls have left something to sweep are noted in the sweep. */
void runner_answer(struct exchange *exchange, enum status parsed, struct link *link,
                   struct sweep *sweep);

#endif
