/* holder.h - who holds which lease, among consumers that ack by themselves: others may end one of
 * theirs, over HTTP say, and then they have room for the next message.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_HOLDER_H
#define WS_FEED_HOLDER_H

#include <stdbool.h>
#include <stddef.h>

struct consumer;
struct delivery;
struct feed;

/* The delivery is found by its token until it is forgotten, which must be before it is freed; to
 * forget what is not found does nothing. */
void holder_note(struct feed *feed, struct delivery *delivery, struct consumer *holder);
void holder_forget(struct feed *feed, struct delivery *delivery);

/* Something was said about the queue: true if it was that somebody has ended a lease. */
bool holder_heard(struct feed *feed, const char *data, size_t len);

#endif
