/* consumer.h - a consumer of a queue, as the commands that it says see it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_ROLE_CONSUMER_H
#define WS_ROLE_CONSUMER_H

#include <stdbool.h>

#include <stddef.h>

struct conn;
struct consumer;

/* The consumer of a connection, NULL when it is none. */
struct consumer *consumer_of(const struct conn *conn);

/* Does it read that queue? */
bool consumer_reads(const struct consumer *consumer, const char *queue);

/* Was it given that message, under that token, and is the lease not known to be over? */
bool consumer_holds(const struct consumer *consumer, const char *key, size_t len,
                    const char *token);

/* The lease of that message, with that token, is over; if the consumer has it at all. */
void consumer_settled(struct consumer *consumer, const char *key, size_t len, const char *token);

#endif
