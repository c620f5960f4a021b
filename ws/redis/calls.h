/* calls.h - the calls of the helper on their way: which is sent, which waits until less is awaited
 * from Redis, and which is told that it failed.  A part of alink.h.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_REDIS_CALLS_H
#define WS_REDIS_CALLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "ws/redis/pipeline.h"

struct call;
struct calls;
struct nodes;
struct redisReply;
struct ways;

/* As alink_done and alink_wanted. */
typedef void calls_done(void *user, enum status status, const struct reason *reason);
typedef bool calls_wanted(void *user);

/* What they tell. */
struct calls_events {
    /* Some calls have failed: calls_tell_lost() is due, from the loop. */
    void (*lost)(void *user);
    /* Redis refused a call in such a way that the connections to it are of no use any more.  They
     * are to be broken at once; why is valid until this returns. */
    void (*refused)(void *user, const char *why);
    /* As of alink_events. */
    void (*trash)(void *user, const char *queue);
};

/* All that is given must outlive it. */
struct calls *calls_new(const struct nodes *nodes, struct ways *ways,
                        const struct calls_events *events, void *user);
/* Forgets the calls, those of the ways too. */
void calls_free(struct calls *calls);

/* As alink_run_if(); wanted NULL: the call must run. */
void calls_run(struct calls *calls, struct call *call, calls_wanted *wanted, calls_done *done,
               void *user);
/* Sends the call before those that wait, while the ways are open.  Its answer has no messages. */
void calls_run_now(struct calls *calls, struct call *call, calls_done *done, void *user);

/* May its answer be large, as far as is known? */
bool calls_expect_much(const struct calls *calls, const struct call *call);

/* How many calls wait for their done(). */
size_t calls_waiting(const struct calls *calls);

/* A call has been answered, as of ways_events: its done() comes, and those that waited are sent. */
void calls_answered(struct calls *calls, struct piped *piped, struct redisReply *reply,
                    const struct next *next, const struct reason *reason);

/* These calls of the ways will have no answer.  The list is emptied; they fail with
 * calls_tell_lost(). */
void calls_lost(struct calls *calls, struct piped_list *lost);
/* So do those that wait; and nothing is awaited from Redis any more. */
void calls_lose_held(struct calls *calls);
/* Tells calls that they failed.  Where there are many it tells some, and asks for the next turn by
 * lost(). */
void calls_tell_lost(struct calls *calls);

#endif
