/* holder.h - who holds which lease, among takers that ack by themselves: others may end one of
 * theirs, over HTTP say, and then they have room for the next message.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_HOLDER_H
#define WS_FEED_HOLDER_H

#include <stdbool.h>
#include <stddef.h>

struct budget;
struct delivery;
struct taker;

/* Zeroed memory is an empty one. */
struct holders {
    void *tree; /* of deliveries, by token; see tsearch(3) */
};

/* The delivery is found by its token until it is forgotten, which must be before it is freed; to
 * forget what is not found does nothing. */
void holder_note(struct holders *holders, struct budget *budget, struct delivery *delivery,
                 struct taker *holder);
void holder_forget(struct holders *holders, struct budget *budget, struct delivery *delivery);

/* An event of the queue has come: true if a client has ended a lease.  *delivery: the delivery
 * under that lease here, or NULL. */
bool holder_heard(const struct holders *holders, const char *data, size_t len,
                  struct delivery **delivery);

#endif
