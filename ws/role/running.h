/* running.h - a request of a handler (see handlers/handlers.h) whose calls are run by the loop.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_ROLE_RUNNING_H
#define WS_ROLE_RUNNING_H

#include <stdbool.h>

#include "base/status.h"

struct alink;
struct conn;
struct exchange;

/* exchange, alink, conn and stepped are filled in, the rest is zero. */
struct running {
    struct exchange *exchange;
    struct alink *alink;
    struct conn *conn; /* kept in memory while calls are under way */

    /* A call of it, or all of several, have ended, or its turn has come; never from within the
     * functions below.  May free it. */
    void (*stepped)(struct running *running);

    bool is_due;       /* running_go() is to be called */
    bool is_done;      /* exchange->response is the answer */
    bool has_gone;     /* the client has */
    int under_way;     /* calls */
    long long sent_us; /* by clock_us(), when they went to Redis */
    bool is_asleep;    /* it waits for the next turn of the loop */
};

/* Begins to answer; parsed is as for routes_begin(). */
void running_begin(struct running *running, enum status parsed);

/* Has what is due run: calls, which may end later, or nothing until running_wake(). */
void running_go(struct running *running);

/* For the next turn of the loop, of one that is asleep. */
void running_wake(struct running *running);

/* Is it a push that was sent, or may be now?  Pushes are sent in their order, and need not wait for
 * each other. */
bool running_is_push(const struct running *running);

/* The client has gone: a call that is under way goes on, and no other one is run.  False: none is,
 * and stepped() will not be called. */
bool running_leave(struct running *running);

#endif
