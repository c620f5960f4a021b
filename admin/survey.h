/* survey.h - which messages some queues have, and where: all that Redis has of them.
 *
 * Walks the numbers 1…UUID of each queue, never the keyspace, while everything goes on.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef ADMIN_SURVEY_H
#define ADMIN_SURVEY_H

#include "base/limits.h"
#include "broker/keys.h"
#include "redis/link.h"

/* What was seen of a message: one byte for each number. */
enum {
    SEEN_COUNT = 3,         /* the lowest two bits count its entries, up to three */
    SEEN_LIVE = 4,          /* one of them is in the queue itself: ready, leased or delayed */
    SEEN_DEAD = 8,          /* one of them is among the dead letters */
    SEEN_RECEIPT = 16,      /* of the queue */
    SEEN_DEAD_RECEIPT = 32, /* of the dead letters */
    SEEN_BODY = 64,
};

/* The places where messages of a queue can be, and the command that reads them; in the order in
 * which mend.lua prefers them. */
enum { PLACES = 3 };
extern const struct place {
    const char *command;
    enum key key;
} places[PLACES];

struct surveyed {
    const char *queue;
    enum status status;   /* DAMAGED: it could not be looked at, and nothing below holds */
    struct reason reason; /* then */
    unsigned char *seen;  /* index is the number */
    long long last;       /* its counter when the look at it began */
    long long highest;    /* number that an entry of it has */
    long long counter;    /* a moment later, where highest is above last; else last */
};

/* Called for each queue, in their order; seen is valid meanwhile. */
typedef void survey_saw(void *user, int index, const struct surveyed *surveyed);

/* Looks at all of these queues, with their dead letters.  An error of Redis ends it. */
enum status survey_run(struct link *link, char (*queues)[LIMIT_NAME + 1], int count,
                       survey_saw *saw, void *user, struct reason *reason);

#endif
