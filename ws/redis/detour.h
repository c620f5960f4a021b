/* detour.h - calls of a Redis Cluster whose slot is not where they were sent: parked, and tried
 * again in their order, a bounded number of times and for a bounded time.  A part of calls.h.
 *
 * Behind such a call all later ones of its slot are parked, else what belongs to one queue or topic
 * could overtake.  They go on one at a time until one has run, then all.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_REDIS_DETOUR_H
#define WS_REDIS_DETOUR_H

#include <ev.h>
#include <stdbool.h>

#include "ws/redis/parking.h"

struct lane;
struct next;

/* Embedded in a call. */
struct detour {
    struct parked parked; /* with its slot */
    struct lane *asked;   /* that it is to be sent by for this once; NULL: by that of its slot */
    int redirects;        /* since some of its keys were missing */
};

struct detours {
    struct ev_loop *loop;
    struct parking *parking; /* NULL: this is no cluster, and nothing is ever parked */
    ev_timer retry;

    /* Sends a call that is parked, or lets it fail, after detour_end(); false: its node is coming,
     * and it has time to wait for that. */
    bool (*go)(void *user, struct detour *detour, bool has_time);
    void *user;
};

/* loop, go and user are filled in. */
void detours_begin(struct detours *detours, bool is_cluster);
void detours_clear(struct detours *detours, void (*free_one)(struct detour *detour));

/* For a call that was not sent yet: is there one of its slot before it?  It is, as it has to wait
 * for that, or for its node, which is coming. */
bool detour_must(const struct detours *detours, const struct detour *detour);
void detour_wait(struct detours *detours, struct detour *detour, bool is_coming);

/* A call was sent; was answered, or lost. */
void detour_sent(struct detours *detours, const struct detour *detour);
void detour_back(struct detours *detours, const struct detour *detour);

/* Is the call, which was answered with that, to be tried again?  Then it is parked; asked is the
 * node that ASK has named. */
bool detour_begins(struct detours *detours, struct detour *detour, const struct next *next);
void detour_end(struct detours *detours, struct detour *detour);

/* A call of the slot was answered; is_well: run by the node that has it. */
void detours_follow(struct detours *detours, int slot, bool is_well);
/* Nodes have come, or slots have others. */
void detours_go_on(struct detours *detours);

/* The lane is about to be freed. */
void detours_forget(struct detours *detours, const struct lane *lane);

#endif
