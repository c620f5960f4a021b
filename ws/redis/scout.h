/* scout.h - asks the sentinels where the master is, one of them once a second, on the loop.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_REDIS_SCOUT_H
#define WS_REDIS_SCOUT_H

#include <ev.h>
#include <stdbool.h>

struct scout;
struct settings;
struct turn;

/* A sentinel says that the master is there.  Is that another one than before? */
typedef bool scout_found(void *user, const char *at);

/* Begins with the first turn of the loop.  The settings must outlive it or be replaced. */
struct scout *scout_new(struct ev_loop *loop, struct turn *turn, const struct settings *settings,
                        scout_found *found, void *user);

/* A scout of NULL is none, in all that follows. */
void scout_free(struct scout *scout);
void scout_configure(struct scout *scout, const struct settings *old,
                     const struct settings *settings);

/* The master that is known has failed: asks one sentinel after the other, more often; until it is
 * well. */
void scout_hurry(struct scout *scout);
void scout_rest(struct scout *scout);

/* At the end of a turn. */
void scout_flush(struct scout *scout);

#endif
