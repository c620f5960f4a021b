/* mapping.h - asks the nodes of a Redis Cluster which of them has which slot, on the loop: now and
 * then, and when there is a reason.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_REDIS_MAPPING_H
#define WS_REDIS_MAPPING_H

#include <ev.h>
#include <stdbool.h>

struct cluster;
struct redisReply;
struct settings;
struct mapping;
struct turn;

/* The node of that name has answered; false: that is of no use, and another one is asked. */
typedef bool mapping_found(void *user, const struct redisReply *reply, const char *name);

/* Begins with the first turn of the loop, with the nodes of the settings, which must outlive it or
 * be replaced; then those of the map are asked, too. */
struct mapping *mapping_new(struct ev_loop *loop, struct turn *turn,
                            const struct settings *settings, const struct cluster *map,
                            mapping_found *found, void *user);

/* A mapping of NULL is none, in all that follows. */
void mapping_free(struct mapping *mapping);
void mapping_configure(struct mapping *mapping, const struct settings *old,
                       const struct settings *settings);

/* The map may not be true any more: it is asked for soon, once for several reasons. */
void mapping_ask(struct mapping *mapping);

/* A master is away, and may have a successor: the map is asked for more often; until it is well. */
void mapping_hurry(struct mapping *mapping, bool is_doubtful);

/* At the end of a turn. */
void mapping_flush(struct mapping *mapping);

#endif
