/* look.h - looks at the queues of all feeds: leases and delays end, and other programs push,
 * without a word.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_LOOK_H
#define WS_FEED_LOOK_H

struct feeds;

/* A step of the wheel has passed, of so many ever: looks at some of them, so that each has its look
 * once a second.
 */
void looks_step(struct feeds *feeds, unsigned steps);

#endif
