/* publisher.h - messages into Redis, for the fan-out: a PUBLISH each to a channel, or batches into
 * a queue.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_BENCH_PUBLISHER_H
#define TESTS_BENCH_PUBLISHER_H

#include <stdint.h>

#include "base/settings.h"

enum {
    PUBLISHER_BATCH = 100,
    MESSAGE_SIZE = 100,
    MESSAGE_DIGITS = 8, /* behind MESSAGE_MARK, hexadecimal: the number */
    MESSAGE_MARK = '#',
    MESSAGE_PROBE = '?', /* the first byte of a message without a number */
};

struct publisher {
    const char *name;           /* of the channel or queue */
    const char *command;        /* channel: PUBLISH or SPUBLISH */
    int batch;                  /* so many are sent at a time */
    struct redisContext *redis; /* channel */
    struct link *link;          /* queue */
    struct settings settings;
};

/* address: "unix:/path" of Redis; path: "/sub/<channel>" or "/ws/<queue>".  Where keys have hash
 * tags, "/sub/<queue>:PUBSUB" is a sharded channel.  Ends the process on errors, as all here
 * does. */
void publisher_open(struct publisher *publisher, const char *address, const char *path);
void publisher_close(struct publisher *publisher);

/* A batch of messages, numbered from first on. */
void publisher_send(struct publisher *publisher, uint32_t first);
void publisher_send_probe(struct publisher *publisher);

/* To be called now and then: throws away what Redis answered. */
void publisher_settle(struct publisher *publisher);

#endif
