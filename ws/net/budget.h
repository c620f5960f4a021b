/* budget.h - how much the helper holds for its clients: what waits for them, what they sent and has
 * not been done, and what is asked of Redis for them; with its overhead.
 *
 * Whoever keeps such memory adds it here and takes it off again.  Beyond the limit connections that
 * do not read are closed (see relief.h), and then new work is refused.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_NET_BUDGET_H
#define WS_NET_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

struct reason;

/* The bytes that malloc() keeps beside each piece of memory. */
enum { BUDGET_PIECE = 16 };

/* For /metrics and the like; zeroed memory counts, and is full with its first byte. */
struct budget {
    size_t limit;               /* max_memory */
    size_t used;                /* bytes; may be above the limit for a moment */
    size_t freed;               /* bytes, since the heap was last looked at */
    bool is_exhausted;          /* it is full, and nobody is left who could be closed */
    unsigned long long closed;  /* connections, ever, to make room */
    unsigned long long refused; /* requests and commands, ever, for want of room */
};

/* NULL: nothing is counted. */
void budget_add(struct budget *budget, size_t bytes);
void budget_take_off(struct budget *budget, size_t bytes);

/* What was counted as *counted bytes are so many now. */
void budget_recount(struct budget *budget, size_t *counted, size_t bytes);

bool budget_is_full(const struct budget *budget);

/* May new work begin?  If not, because it is exhausted, it is counted as refused, with the reason:
 * UNAVAILABLE. */
bool budget_admits(struct budget *budget, struct reason *reason);

#endif
