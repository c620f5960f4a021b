/* site.h - one node of Redis: the connections for calls to it, the one for what it publishes, and
 * whether all that is needed of it is there.  A part of alink.h.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_REDIS_SITE_H
#define WS_REDIS_SITE_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "redis/nodes.h"
#include "ws/redis/calls.h"

struct hearer;
struct settings;
struct site;
struct subscriptions;
struct turn;

/* What it tells; from within the loop, but for failed() and soon(). */
struct site_events {
    /* The connections stand, and everything is subscribed again. */
    void (*up)(void *user, struct site *site);
    /* One of them was lost: what is published until the next up() is lost. */
    void (*down)(void *user, struct site *site);
    /* The node has failed: another one may have its place. */
    void (*failed)(void *user, struct site *site);
    /* site_tell() and site_tell_refused() are due, from the loop. */
    void (*soon)(void *user);
};

/* The state that the owner was told last. */
enum site_state {
    AWAY, /* down(), or nothing yet, was told last */
    UP,
    LOST, /* up() was told last; down() comes with site_tell() */
};

struct site {
    TAILQ_ENTRY(site) next; /* of those of a cluster */
    struct nodes nodes;
    const struct site_events *events;
    void *user;
    struct calls *calls;
    struct lane lane;
    struct subscriptions *subscriptions;
    enum site_state state;
    bool is_master;    /* in a cluster: as far as is known, */
    ev_tstamp used_at; /* and else when it was needed last */
};
TAILQ_HEAD(site_list, site);

/* Everything that the sites of one helper share. */
struct site_base {
    struct ev_loop *loop;
    struct turn *turn;
    const struct site_events *events;
    void *user;
    struct calls *calls;
};

/* The Redis of the settings, which must outlive it or be replaced.  Begins to connect with the
 * first turn of the loop. */
struct site *site_new(const struct site_base *base, const struct settings *settings);
/* A member of a cluster, at this "host:port". */
struct site *site_new_member(const struct site_base *base, const struct settings *settings,
                             const char *at);
void site_free(struct site *site); /* NULL: nothing */

static inline struct site *site_of_lane(struct lane *lane)
{
    return (struct site *)((char *)lane - offsetof(struct site, lane));
}

/* As of alink_configure(). */
void site_configure(struct site *site, const struct settings *old, const struct settings *settings);

/* A sentinel says that the node is there: is that another address? */
bool site_found(struct site *site, const char *at);

/* All connections, as wire_break(). */
void site_break(struct site *site, const char *what, const char *why);

/* From the loop: tells down(); and what could not be subscribed. */
void site_tell(struct site *site);
void site_tell_refused(struct site *site);

/* The end of a turn. */
void site_flush(struct site *site);

size_t site_bytes(const struct site *site);

#endif
