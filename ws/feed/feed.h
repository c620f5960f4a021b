/* feed.h - one queue with consumers or long-polls here: wakes up, takes messages, decides who gets
 * them, settles what was received.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_FEED_H
#define WS_FEED_FEED_H

#include <ev.h>
#include <stdbool.h>

#include "broker/policy.h"
#include "broker/stream.h"
#include "ws/feed/delivery.h"
#include "ws/feed/holder.h"
#include "ws/feed/sent.h"
#include "ws/feed/taker.h"
#include "ws/feed/waits.h"
#include "ws/net/fanout.h"
#include "ws/net/turn.h"
#include "ws/redis/channel.h"

struct conn;
struct job;
struct server;

/* Once Redis is back all leases are prolonged, before anything is taken: see comeback.h. */
enum renewal {
    RENEWAL_NONE,
    RENEWAL_BEGUN,
    RENEWAL_SENT, /* the calls are under way */
};

struct feed {
    const char *queue; /* the first member: searched by name */
    struct server *server;
    struct feed *next, **link; /* of all feeds */
    struct marked marked;      /* at the end of this turn it is looked at */
    int users;                 /* consumers and waits */
    int jobs;
    enum policy policy; /* that Redis told last */
    bool may_have;      /* there may be messages that nobody has taken */
    bool is_stirred;    /* there may be leases or delays: it is looked at closely */
    bool is_taking;     /* a call for consumers is under way, or its broadcast */
    struct listening pushes, events, broadcasts;
    struct fanout consumers;           /* all of them */
    struct taker *ready, **ready_last; /* those who could take more, in turn */
    struct waits waits;
    struct job *settling; /* acts of this turn */
    int leases_due;       /* consumers whose leases are to be prolonged, in tenths */
    int prolongs;         /* calls under way that do it */
    enum renewal renewal;
    /* The broadcast that this helper has begun: messages with that token, on their way back. */
    char token[TOKEN_RANDOM + 1];
    int awaited; /* may be negative for a moment: they may be faster than the reply */
    ev_tstamp broadcast_at;
    struct deliveries unheard; /* of it: all consumers had left */
    struct sent_list sent;
    struct holders holders;
    char name[];
};

/* The feed of a queue, made if needed, with one user more; feed_drop() has one less. */
struct feed *feed_get(struct server *server, const char *queue);
void feed_drop(struct feed *feed);

/* There may be something to do: looked at at the end of the turn. */
void feed_wake(struct feed *feed);

/* Takers: join, and leave for good.  What one has that leaves is given back; of its bytes so many
 * were written. */
void feed_join(struct feed *feed, struct taker *taker);
void feed_leave(struct feed *feed, struct taker *taker, uint64_t written);

/* The taker may be able to take more. */
void feed_ready(struct feed *feed, struct taker *taker);

/* The lease of that message, with that token, is over; if the taker has it at all. */
void feed_lease_ended(struct feed *feed, struct taker *taker, const char *key, size_t len,
                      const char *token);

/* Long-polls stand in line, all of one kind. */
void feed_wait(struct feed *feed, struct wait *wait, const struct wait_kind *kind);
void feed_unwait(struct wait *wait);

/* A call for a long-poll came back: the next one may ask. */
void feed_served(struct feed *feed, bool is_empty);

/* One act for a message that was leased here; sent at the end of the turn. */
void feed_settle(void *feed, enum settle_act act, const struct delivery *delivery);

/* Gives back messages that nobody was given, so that the first is the next one out again. */
void feed_return(struct feed *feed, const struct message *messages, int count);

/* Looks at it at the end of this turn; one that nobody uses is freed. */
void feed_mark(struct feed *feed);

/* For the server: */
void feed_act(struct marked *marked); /* at the end of a turn; may free it */
void feed_tick(struct feed *feed, unsigned bits);
void feed_reset(struct feed *feed); /* Redis went away */

#endif
