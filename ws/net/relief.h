/* relief.h - room in the budget: connections that do not read are closed, memory goes back to the
 * system.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_NET_RELIEF_H
#define WS_NET_RELIEF_H

struct server;

/* At the end of a turn.  Beyond the limit: closes those connections for which something has waited
 * the longest without being read, or that have left something half said for the longest. */
void relief_pump(struct server *server);

/* Now and then: gives memory back to the system that a burst has left unused, and says what was
 * closed and refused. */
void relief_step(struct server *server);

#endif
