/* comeback.h - Redis is back, or in a cluster one node of it: what has to be done before messages
 * are taken again.
 *
 * First the leases of all consumers here are prolonged: they may have ended meanwhile, and the
 * first take would bring those messages back.  Then the other helpers that were there before are
 * waited for, a bounded moment, for they must have done the same; and what is broadcast before they
 * listen again is never heard by their consumers.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_COMEBACK_H
#define WS_FEED_COMEBACK_H

#include <ev.h>
#include <stdbool.h>

#include "broker/presence.h"
#include "ws/redis/channels.h"

struct attendances;
struct feeds;
struct helper;

/* The pointers are filled in; zeroed memory is that of a helper that has not seen Redis yet. */
struct comeback {
    struct helper *helper; /* whose stage is set here */
    struct feeds *feeds;
    struct attendances *attendances;
    bool was_there;            /* Redis, before */
    long long renewing;        /* feeds whose leases are not all prolonged yet */
    ev_tstamp until;           /* no longer are the others waited for */
    long long known, expected; /* helpers, before, and now; this one too */
    long long called_at;       /* Redis's clock then; 0: not yet */
    bool is_asking;            /* for the muster */
    bool has_returned;         /* some feeds whose node was away */
    bool is_called, is_due;    /* to say that it is alive; and every few seconds, with more */
    struct presence_muster muster;
    struct listening calls; /* of helpers that come back, for all to say that they are there */
};

/* The leases of one more of its feeds are prolonged. */
void comeback_renewed(struct comeback *comeback);

/* Some feeds, which were lost, are heard again. */
void comeback_returned(struct comeback *comeback);

/* For the server: */
void comeback_listen(struct comeback *comeback); /* once */
void comeback_up(struct comeback *comeback);
void comeback_down(struct comeback *comeback);
void comeback_step(struct comeback *comeback, unsigned steps); /* a step of the wheel */
void comeback_pump(struct comeback *comeback);                 /* the end of a turn */

#endif
