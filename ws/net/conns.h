/* conns.h - all connections: accepted, and told what the time brings.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_NET_CONNS_H
#define WS_NET_CONNS_H

#include "ws/net/conn.h"

/* loop, turn, budget, settings, front and user are filled in, the rest is zero. */
void conns_begin(struct conns *conns);
void conns_end(struct conns *conns); /* all are closed, whatever refers to them */

/* Takes over an accepted socket, which does not block; ip is the peer's address, NULL that of a
 * proxy. */
struct conn *conns_accept(struct conns *conns, int fd, const struct ip *ip);

/* The rules have changed: those that were let in by the old ones end. */
void conns_end_admitted(struct conns *conns);

/* A step of the wheels has passed. */
void conns_step(struct conns *conns);

/* At the end of a turn: tells timeouts and looks that are over, as long as it goes on. */
void conns_tell_timeouts(struct conns *conns);
bool conns_have_timeouts(const struct conns *conns);

#endif
