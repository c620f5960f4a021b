/* running.c - a request of a handler whose calls are run by the loop.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/role/running.h"

#include "base/clock.h"
#include "handlers/exchange.h"
#include "handlers/routes.h"
#include "redis/counts.h"
#include "ws/net/conn.h"
#include "ws/redis/alink.h"

enum { TURN_MS = 1 }; /* others come first */

static void note(struct running *running, bool is_due)
{
    running->is_due = is_due;
    running->is_done = !is_due;
}

void running_begin(struct running *running, enum status parsed)
{
    note(running, routes_begin(running->exchange, parsed));
}

bool running_is_push(const struct running *running)
{
    const struct exchange *exchange = running->exchange;

    return exchange->due == &exchange->call && exchange->call.changes == CHANGE_KEPT;
}

static bool is_wanted(void *user)
{
    const struct running *running = user;

    return !running->has_gone && !conn_has_hung_up(running->conn);
}

/* The client has gone: a call that would have to run first is not run. */
static void give_up(struct running *running)
{
    struct exchange *exchange = running->exchange;
    bool is_due = true;

    while (is_due) {
        enum status status = refuse(&exchange->reason, STATUS_UNAVAILABLE, "the client has gone");

        for (int i = 0; i < exchange->errands_count; i++) {
            exchange->errands[i].status = status;
            exchange->errands[i].reason = exchange->reason;
        }
        is_due = routes_resume(exchange, exchange->due ? status : STATUS_OK);
    }
    note(running, false);
}

/* --- calls ------------------------------------------------------------------------------------ */

static void resume(struct running *running, enum status status)
{
    struct conn *conn = running->conn;

    note(running, routes_resume(running->exchange, status));
    if (running->is_due && running->has_gone)
        give_up(running);
    running->stepped(running);
    conn_drop(conn);
}

/* A call that Redis has not answered has made no round trip. */
static void count(const struct running *running, enum status status)
{
    struct counts *counts = running->exchange->service->counts;

    if (counts && status != STATUS_UNAVAILABLE)
        counts_round_trip(counts, clock_us() - running->sent_us);
}

static void on_call(void *user, enum status status, const struct reason *reason)
{
    struct running *running = user;

    running->under_way = 0;
    count(running, status);
    if (status != STATUS_OK)
        running->exchange->reason = *reason;
    resume(running, status);
}

static void on_errand(void *user, enum status status, const struct reason *reason)
{
    struct errand *errand = user;
    struct running *running = errand->user;

    errand->status = status;
    if (status != STATUS_OK)
        errand->reason = *reason;
    if (--running->under_way == 0)
        resume(running, STATUS_OK);
}

static void run_errands(struct running *running)
{
    struct exchange *exchange = running->exchange;

    running->under_way = exchange->errands_count;
    for (int i = 0; i < exchange->errands_count; i++) {
        struct errand *errand = &exchange->errands[i];

        errand->user = running;
        errand->reason = (struct reason){0};
        alink_run(running->alink, &errand->call, on_errand, errand);
    }
}

/* Messages that are taken for a client who has gone are lost. */
static bool is_for_nobody(const struct running *running)
{
    const struct call *call = running->exchange->due;

    return running->has_gone || (call && call->bodies && conn_has_hung_up(running->conn));
}

void running_go(struct running *running)
{
    struct exchange *exchange = running->exchange;

    running->is_due = false;
    if (is_for_nobody(running)) {
        give_up(running);
        return;
    }
    conn_hold(running->conn);
    running->sent_us = clock_us();
    if (exchange->due) {
        running->under_way = 1;
        alink_run_if(running->alink, exchange->due, is_wanted, on_call, running);
    } else if (exchange->errands_count) {
        run_errands(running);
    } else {
        running->is_asleep = true;
        conn_look_in(running->conn, TURN_MS);
    }
}

void running_wake(struct running *running)
{
    running->is_asleep = false;
    resume(running, STATUS_OK);
}

bool running_leave(struct running *running)
{
    running->has_gone = true;
    if (running->is_asleep)
        conn_drop(running->conn);
    return running->under_way > 0;
}
