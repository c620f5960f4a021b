/* look.h - looks at the queues of all feeds: leases and delays end, and other programs push,
 * without a word.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_LOOK_H
#define WS_FEED_LOOK_H

struct server;

/* A step of the wheel has passed: looks at some of them, so that each has its look once a second.
 */
void looks_step(struct server *server);

#endif
