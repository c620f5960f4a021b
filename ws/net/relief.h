/* relief.h - room in the budget: connections that do not read are closed, memory goes back to the
 * system.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_NET_RELIEF_H
#define WS_NET_RELIEF_H

#include <stddef.h>

struct budget;
struct conns;

/* Counts, and what the log was told; zeroed memory is none. */
struct relief {
    size_t link_bytes;                            /* in the connections to Redis */
    unsigned long long said_closed, said_refused; /* of the budget, in the log */
};

/* At the end of a turn, with what the connections to Redis hold.  Beyond the limit: closes those
 * connections for which something has waited the longest without being read, or that have left
 * something half said for the longest. */
void relief_pump(struct relief *relief, struct conns *conns, size_t link_bytes);

/* Now and then: gives memory back to the system that a burst has left unused, and says what was
 * closed and refused. */
void relief_step(struct relief *relief, struct budget *budget);

#endif
