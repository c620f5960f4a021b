/* waits.h - the long-polls that wait for one queue, in line.
 *
 * One of them at a time asks Redis; the others would ask for the same message.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_WAITS_H
#define WS_FEED_WAITS_H

#include <stdbool.h>

struct conn;
struct feed;
struct wait;

struct wait_kind {
    /* Could it ask a queue now? */
    bool (*is_idle)(const struct wait *wait);

    /* Asks the queue; feed_served() follows. */
    void (*ask)(struct wait *wait);
};

/* A place in the line of a queue. */
struct wait {
    struct feed *feed;
    struct conn *conn;
    struct wait *next, **link; /* link NULL: not in line */
};

struct waits {
    const struct wait_kind *kind; /* of all of them */
    struct wait *first, **last;
    bool is_serving; /* one of them asks */
};

void waits_init(struct waits *waits);
void waits_add(struct waits *waits, struct wait *wait);
void waits_remove(struct waits *waits, struct wait *wait);

/* The first that could ask; NULL: there is none, or one asks already. */
struct wait *waits_next(const struct waits *waits);

#endif
