/* sites.h - the nodes of Redis that are used: the one of the settings or of sentinels; or the
 * masters of a cluster, by address, and which of them has which slot.  A part of alink.h.
 *
 * The masters of a cluster come with the map and go when they were not needed for a minute.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_REDIS_SITES_H
#define WS_REDIS_SITES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "redis/cluster.h"
#include "ws/redis/site.h"

struct elsewhere;
struct redisReply;
struct settings;

TAILQ_HEAD(moved_list, moved);

struct sites {
    struct site_base base;
    const struct settings *settings;
    struct site_list all;
    struct site *home;              /* that of calls without a slot; NULL: none is known */
    struct cluster *map;            /* NULL: there is one site, at home */
    struct site *of[CLUSTER_NODES]; /* the sites of the map's numbers; NULL: not there yet */
    struct moved_list moved;        /* slots, as MOVED has said lately; the last one first */
    bool is_ahead;                  /* one of them was not yet so in the last map */
};

/* The base is filled in; all it has must outlive it, and so must the settings, or be replaced. */
void sites_begin(struct sites *sites, const struct settings *settings);
void sites_configure(struct sites *sites, const struct settings *old,
                     const struct settings *settings);
void sites_clear(struct sites *sites);

/* The site of that slot, -1: of what has none; NULL: it is not known. */
struct site *sites_of_slot(struct sites *sites, int slot);

/* Is one of them up? */
bool sites_are_up(const struct sites *sites);

/* Is a master away, or a slot without one, so that there may be another soon?  Or was the last map
 * behind what MOVED had said? */
bool sites_are_doubtful(const struct sites *sites);

/* Takes the answer to CLUSTER SLOTS of the node of that name; false: it is of no use.  A node may
 * be behind: for a second what MOVED has said of a slot stands, unless it is the node that MOVED
 * named which says otherwise. */
bool sites_read(struct sites *sites, const struct redisReply *reply, const char *answered);

/* What a node has said of another one: that it has the slot (false: that was known), or may have it
 * for this once. */
bool sites_moved(struct sites *sites, const struct site *answered,
                 const struct elsewhere *elsewhere);
struct site *sites_asked(struct sites *sites, const struct site *answered,
                         const struct elsewhere *elsewhere);

/* The home is another one where it is not up, if one is. */
void sites_look_for_home(struct sites *sites);

size_t sites_bytes(const struct sites *sites);

#endif
