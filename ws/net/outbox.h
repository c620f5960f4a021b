/* outbox.h - what waits to be written to one consumer: references to payloads, not copies.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_NET_OUTBOX_H
#define WS_NET_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ws/net/payload.h"

/* Zeroed memory is an empty outbox. */
struct outbox {
    struct payload **payloads; /* a ring */
    unsigned first, count, size;
    unsigned offset;  /* bytes of the first payload that were written already */
    uint64_t queued;  /* bytes ever put in */
    uint64_t written; /* bytes ever written */
};

void outbox_clear(struct outbox *outbox);

/* Takes a reference of its own. */
void outbox_add(struct outbox *outbox, enum shape shape, struct payload *payload);

/* Adds it, and writes at once what the socket takes of it if nothing else waits; with one system
 * call and no memory if that is all of it.  False: the connection is broken. */
bool outbox_send(struct outbox *outbox, enum shape shape, struct payload *payload, int fd);

/* Bytes that wait. */
size_t outbox_len(const struct outbox *outbox);

/* The same with what each entry costs beside its bytes: its allocations and its place in the ring.
 */
size_t outbox_cost(const struct outbox *outbox);

/* Drops all entries of which no byte was written. */
void outbox_shed(struct outbox *outbox, enum shape shape);

/* Writes what the socket takes.  False: the connection is broken. */
bool outbox_flush(struct outbox *outbox, enum shape shape, int fd);

#endif
