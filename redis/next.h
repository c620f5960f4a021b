/* next.h - what happens to a call next, decided once for every transport; no I/O.
 *
 * A transport (link.h, or the helper's alink.h) moves bytes: it sends a call, and asks here what
 * the reply means, or what it means that there is none.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef REDIS_NEXT_H
#define REDIS_NEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

struct call;
struct redisReply;

/* A call on its way.  With nothing but the call filled in, it is not sent yet. */
struct run {
    struct call *call;
    int repeats;     /* of a call whose decoder said AGAIN */
    bool with_text;  /* the call is sent with the text of its script */
    bool in_cluster; /* whoever sends it can send it to another node: MOVED, ASK and TRYAGAIN are
                        steps and no errors */
    bool is_for_all; /* whoever wants it, others need the answer, too */
};

enum next_step {
    STEP_DONE,      /* the call has ended */
    STEP_RECONNECT, /* the call has ended, and this connection is of no use to another */
    STEP_MOVED,     /* not run, as another node has its slot: send the call there */
    STEP_ASK,   /* not run, as its keys may be at another node: send ASKING there, and the call */
    STEP_LATER, /* not run, as only some of its keys are here: send the call again in a moment */
    STEP_TEXT,  /* not run, as Redis does not know the script: send the call with its text */
    STEP_AGAIN, /* there is more to do: send the call, which may have changed, once more */
};

/* The node of MOVED and ASK.  The host points into the reply; it may be empty or "?": the node that
 * answered. */
struct elsewhere {
    int slot;
    const char *host;
    size_t host_len;
    int port;
};

struct next {
    enum next_step step;
    enum status status; /* of a call that has ended, or that is not sent again all the same */
    struct elsewhere elsewhere; /* of MOVED and ASK */
    bool is_stale;              /* who is master of what may have changed: ask before other calls */
    bool lacks_right; /* of a call that changes something: before another one the connection should
                         be made anew, as the login asks for all rights */
};

/* Reads the reply to the call that was sent last: the call's decoder fills its result.  AGAIN comes
 * LIMIT_STEPS times at most, and TEXT once before each of these, so a transport that does as it is
 * told comes to an end, if it counts MOVED, ASK and LATER.  The reason is filled in where the
 * status is not OK.  MOVED, ASK and LATER have the status and the reason, too, of a call that is
 * given up.  In a cluster an error that makes is_stale true has no line in the log: as many calls
 * as come meanwhile have it, and one line for all is the transport's. */
struct next next_of(struct run *run, const struct redisReply *reply, struct reason *reason);

/* Is the call to be sent again, to the same node and at once? */
bool next_is_sending(const struct next *next);

/* There will be no reply.  may_have_run: all bytes of the call were sent, or may have been. Returns
 * UNAVAILABLE; the reason says whether the outcome is unknown. */
enum status next_of_loss(const struct call *call, bool may_have_run, struct reason *reason);

#endif
