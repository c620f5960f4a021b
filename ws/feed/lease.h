/* lease.h - the leases of a feed's consumers: prolonged as long as those are connected.
 *
 * Each consumer has its turn every ten seconds, so that thousands of them are spread over that
 * time.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_FEED_LEASE_H
#define WS_FEED_LEASE_H

struct feed;

/* Redis is back: all leases are prolonged now; comeback_renewed() is told when that is done. */
void leases_renew(struct feed *feed);

/* A second has passed: the next tenth of the consumers is due. */
void leases_step(struct feed *feed);

/* At the end of a turn: prolongs the leases of those that are due, as long as the turn goes on. */
void leases_pump(struct feed *feed);

#endif
