/* source.h - what many connections are sent: a name, the channels of Redis that it comes from, and
 * all who get it.
 *
 * A client that sees the head of the answer misses nothing that is published from then on: a
 * connection that joins is held back until all of the channels are subscribed.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_SOURCE_H
#define WS_FEED_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "ws/net/fanout.h"
#include "ws/redis/channels.h"

/* All of one kind. */
struct sources {
    struct conns *conns;
    struct channels *channels;
    void *tree; /* by name; see tsearch(3) */
    struct source *first;
    struct source *turn; /* the one that sources_turn() says next; NULL: the first */
    long long count;
};

enum { SOURCE_CHANNELS = 3 };

/* The first member of whatever has one. */
struct source {
    const char *name; /* the first member: searched by name */
    struct sources *sources;
    struct source *next, **link; /* of all in sources */
    struct fanout fanout;
    struct listening listenings[SOURCE_CHANNELS];

    /* One of its channels is subscribed, for the first time or again; those that are held back are
     * let go afterwards. */
    void (*ready)(struct source *source);

    /* In a cluster: the node of one of them is away, or it is another one by now; nobody is held
     * back for that.  May be NULL. */
    void (*away)(struct source *source);
};

/* NULL: there is none of that name. */
void *source_find(const struct sources *sources, const char *name);

/* Zeroed memory of that size, with a source that listens to nothing. */
void *source_new(struct sources *sources, size_t size, const char *name);
void source_free(struct source *source); /* without members */

/* Each of them in turn, for ever; there is one. */
void *sources_turn(struct sources *sources);

/* Listens to that channel, as the listening number i, unless it does already; and no more.  heard
 * and gap are as in channel.h, and user is the source. */
void source_listen(struct source *source, int i, const char *channel,
                   void (*heard)(void *user, const char *data, size_t len),
                   void (*gap)(void *user));
void source_leave(struct source *source, int i);
bool source_is_subscribed(const struct source *source);
/* Is it, or will it be soon: is nothing that it needs away? */
bool source_is_coming(const struct source *source);

void source_join(struct source *source, struct member *member, struct conn *conn);

#endif
