/* delivery.h - messages that one connection was given, until they have arrived.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_DELIVERY_H
#define WS_FEED_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/message.h"
#include "broker/stream.h"

struct budget;
struct taker;

struct delivery {
    struct delivery *next;
    struct taker *holder; /* see holder.h; NULL: nobody looks for it */
    uint64_t start, end;  /* its bytes in all that the connection was ever sent */
    size_t size;          /* of the message */
    char token[TOKEN_SIZE];
    size_t key_len;
    char key[];
};

/* Zeroed memory is an empty list; the oldest first. */
struct deliveries {
    struct delivery *first, *last;
    int count;
    size_t size;
};

/* Each counts in the budget, which is always the same.  start and end are the caller's to fill in.
 */
struct delivery *deliveries_add(struct deliveries *deliveries, struct budget *budget,
                                const struct message *message);

/* NULL: it is not there under that token. */
struct delivery *deliveries_find(const struct deliveries *deliveries, const char *key, size_t len,
                                 const char *token);

/* Takes one out of the list; false: it is not there under that token. */
bool deliveries_remove(struct deliveries *deliveries, struct budget *budget, const char *key,
                       size_t len, const char *token);
void deliveries_clear(struct deliveries *deliveries, struct budget *budget);

/* Does one of the acts of stream.h for a message, which is forgotten then. */
typedef void settle_delivery(void *user, enum settle_act act, const struct delivery *delivery);

/* Acks those whose bytes end before or at that position. */
void deliveries_ack(struct deliveries *deliveries, struct budget *budget, uint64_t arrived,
                    settle_delivery *settle, void *user);

/* Gives all of them back, uncounted those of which nothing was written. */
void deliveries_return(struct deliveries *deliveries, struct budget *budget, uint64_t written,
                       settle_delivery *settle, void *user);

#endif
