/* consumer.h - a consumer of a queue, as its feed sees it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_ROLE_CONSUMER_H
#define WS_ROLE_CONSUMER_H

#include <stdbool.h>

#include "broker/message.h"
#include "ws/feed/attendance.h"
#include "ws/feed/delivery.h"
#include "ws/net/fanout.h"

struct conn;
struct feed;

struct consumer {
    struct conn *conn;
    struct feed *feed;
    struct member member;                 /* of the feed's consumers */
    struct consumer *next_ready, **ready; /* ready NULL: not in that line */
    int prefetch;                         /* messages that it may hold unacked */
    bool is_explicit;                     /* it acks by itself */
    struct deliveries deliveries;
    struct attendance attendance;
};

/* How many messages more it could take now. */
int consumer_room(const struct consumer *consumer);

/* Sends it a message that was taken under a lease of the helper's.  False: it was too slow, and is
 * gone. */
bool consumer_give(struct consumer *consumer, const struct message *message);

/* The consumer of a connection, NULL when it is none. */
struct consumer *consumer_of(const struct conn *conn);

/* The lease of that message, with that token, is over; if the consumer has it at all. */
void consumer_settled(struct consumer *consumer, const char *key, size_t len, const char *token);

#endif
