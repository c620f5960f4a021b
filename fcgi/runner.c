/* runner.c - the calls of a request wait for Redis.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "fcgi/runner.h"

#include "broker/sweep.h"
#include "handlers/exchange.h"
#include "handlers/routes.h"
#include "redis/link.h"

static enum status run_due(struct exchange *exchange, struct link *link, struct sweep *sweep)
{
    enum status status;

    if (!exchange->due) {
        link_run_all(link, exchange->errands, exchange->errands_count);
        return STATUS_OK;
    }
    status = link_run(link, exchange->due, &exchange->reason);
    sweep_look(sweep, exchange->due);
    return status;
}

void runner_answer(struct exchange *exchange, enum status parsed, struct link *link,
                   struct sweep *sweep)
{
    bool is_due;

    access_begin_turn(exchange->service->access);
    is_due = routes_begin(exchange, parsed);
    while (is_due)
        is_due = routes_resume(exchange, run_due(exchange, link, sweep));
}
