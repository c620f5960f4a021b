/* link.h - the synchronous way to Redis, over connections that come back by themselves.
 *
 * Nothing is ever sent twice that may have run: a connection that proves dead before the first byte
 * is replaced, one that breaks later leaves an unknown outcome.  In a Redis Cluster a call goes to
 * the node that has its keys, and on where that node says that it did not run it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef REDIS_LINK_H
#define REDIS_LINK_H

#include "base/settings.h"
#include "base/status.h"
#include "redis/call.h"

struct link;

/* Connects with the first call.  The settings must outlive the link or be replaced below. */
struct link *link_new(const struct settings *settings);
void link_free(struct link *link);

/* Uses other settings from now on; the connection is made anew only if they ask for another.
 * The old ones are still there for the comparison, whatever address they have by now. */
void link_configure(struct link *link, const struct settings *old, const struct settings *settings);

/* Does a client still want the answer? */
typedef bool link_wanted(void *user);

/* From now on a call is sent only where that is so, and refused as UNAVAILABLE else.  It is asked
 * right before the first byte, after whatever took its time.  NULL: all calls are wanted. */
void link_ask_first(struct link *link, link_wanted *is_wanted, void *user);

/* Runs a call to its end and decodes the reply into the call's result.  What the result points to
 * is valid as long as the reply, which is the call's: until it is begun again or cleared.
 * UNAVAILABLE: Redis is away, cannot do it now, or did not answer; then reason->outcome_unknown
 * says whether a change may have happened all the same.  Within redis_timeout_ms it has ended, with
 * all that runs before and behind it, and with all nodes that it met. */
enum status link_run(struct link *link, struct call *call, struct reason *reason);

/* Runs up to ERRANDS of them: all are sent, node by node, then their replies are read.  Redis
 * serves no other client meanwhile: together they must be as short as one call may be.  None of
 * them may need another before or behind it, see call_before(). */
void link_run_all(struct link *link, struct errand *errands, int count);

/* From now on round trips, redirects and calls that are not sent count; the meters must outlive the
 * link. */
struct meters;
void link_count(struct link *link, struct meters *meters);

#endif
