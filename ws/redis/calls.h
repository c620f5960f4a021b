/* calls.h - the calls of the helper on their way: which is sent, which waits until less is awaited
 * from Redis, and which is told that it failed.  A part of alink.h.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_REDIS_CALLS_H
#define WS_REDIS_CALLS_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "ws/redis/pipeline.h"
#include "ws/redis/window.h"

struct call;
struct calls;
struct elsewhere;
struct redisReply;
struct settings;
struct ways;

/* As alink_done and alink_wanted. */
typedef void calls_done(void *user, enum status status, const struct reason *reason);
typedef bool calls_wanted(void *user);

/* A node that calls go to: the connections, and what waits until less is awaited from it. */
struct lane {
    struct ways *ways;
    struct piped_list held[ANSWERS];
    struct window window; /* of the answers */
    bool is_coming;       /* it is dialled for the first time: calls of a cluster wait for it */
};

void lane_begin(struct lane *lane, struct ways *ways);

/* The functions of the owner that they call. */
struct calls_events {
    /* The lane of a call of that slot, -1: of any; NULL: its node is not known. */
    struct lane *(*lane_of)(void *user, int slot);
    /* In a cluster: a node has said that the slot is at another one; that it may be there for this
     * once, whose lane it returns (NULL: it has none); that the map may not be true any more. */
    void (*moved)(void *user, struct lane *lane, const struct elsewhere *elsewhere);
    struct lane *(*asked)(void *user, struct lane *lane, const struct elsewhere *elsewhere);
    void (*stale)(void *user);
    /* Some calls have failed: calls_tell_lost() is due, from the loop. */
    void (*lost)(void *user);
    /* Redis refused a call in such a way that the connections of the lane are of no use any more.
     * They are to be broken at once; why is valid until this returns. */
    void (*refused)(void *user, struct lane *lane, const char *why);
    /* As of alink_events. */
    void (*trash)(void *user, const char *queue);
};

/* All that is given must outlive it, but for the settings, which may be replaced: a cluster stays
 * one. */
struct calls *calls_new(struct ev_loop *loop, const struct settings *settings,
                        const struct calls_events *events, void *user);
void calls_configure(struct calls *calls, const struct settings *settings);
void calls_free(struct calls *calls);

/* A lane ends: its calls will have no answer, as if it were lost. */
void calls_forget(struct calls *calls, struct lane *lane);

/* As alink_run_if(); wanted NULL: the call must run. */
void calls_run(struct calls *calls, struct call *call, calls_wanted *wanted, calls_done *done,
               void *user);
/* Sends the call before those that wait, while the ways of that lane are open.  Its answer has no
 * messages. */
void calls_run_now(struct calls *calls, struct lane *lane, struct call *call, calls_done *done,
                   void *user);

/* May its answer be large, as far as is known? */
bool calls_expect_much(const struct calls *calls, const struct call *call);

/* How many calls wait for their done(). */
size_t calls_waiting(const struct calls *calls);

/* A call has been answered, as of ways_events: its done() comes, and those that waited are sent. */
void calls_answered(struct calls *calls, struct piped *piped, struct redisReply *reply,
                    const struct next *next, const struct reason *reason);

/* These calls of a lane will have no answer.  The list is emptied; they fail with
 * calls_tell_lost(). */
void calls_lost(struct calls *calls, struct piped_list *lost);
/* So do those of a lane that wait; and nothing is awaited from that node any more. */
void calls_lose_held(struct calls *calls, struct lane *lane);
/* Nodes have come, or slots have others: calls that wait for that are sent. */
void calls_go_on(struct calls *calls);
/* Tells calls that they failed.  Where there are many it tells some, and asks for the next turn by
 * lost(). */
void calls_tell_lost(struct calls *calls);

#endif
