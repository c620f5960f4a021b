/* gap.h - {"event":"gap"}: messages may be missing.
 *
 * Told to streams that know events: websockets and event streams by themselves, comet on demand.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_NET_GAP_H
#define WS_NET_GAP_H

struct conns;

#define EVENT_GAP "{\"event\":\"gap\"}"

/* Redis was away: tells all of them.  A connection without room for it is closed. */
void gap_tell_all(struct conns *conns);

#endif
