/* sweeper.h - tidying up: what is due comes back, and purged bodies go, for queues whose take or
 * purge, or the walk, reported some.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_SWEEPER_H
#define WS_FEED_SWEEPER_H

struct server;

/* At the end of a turn: the next step of what sweep_note() was told for server->sweep, one at a
 * time. */
void sweeper_pump(struct server *server);

#endif
