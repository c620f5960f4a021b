/* notices.h - who comes and goes, on the way to Redis.
 *
 * In a Redis Cluster the node of a topic may be away while others are there: its notices are held
 * then, in their order, and said again each second.  Elsewhere one that fails makes what Redis
 * knows stale: this helper goes on under another id.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_NOTICES_H
#define WS_FEED_NOTICES_H

#include <stdbool.h>
#include <sys/queue.h>

struct helper;
struct job;
struct notice;
struct room;

STAILQ_HEAD(notice_list, notice);

struct notices {
    struct helper *helper;
    struct notice_list held;
    int count;       /* of these */
    unsigned epochs; /* so many ids this helper had before */
    bool is_stale;   /* one is lost: Redis does not know of it */
};

/* helper is filled in, the rest zeroed memory. */
void notices_begin(struct notices *notices);

/* One of the room, of who has that number there: its call is to be built in the job, which is sent,
 * or held, by notice_say(). */
struct job *notice_new(struct notices *notices, struct room *room, unsigned long long number,
                       bool is_leave);
void notice_say(struct job *job);

/* A second has passed. */
void notices_step(struct notices *notices);

/* This helper has another id: those that are not said yet do not matter any more. */
void notices_renew(struct notices *notices);

#endif
