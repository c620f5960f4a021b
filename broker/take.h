/* take.h - taking messages from a queue: for a client, or for consumers and long-polls of a helper.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_TAKE_H
#define BROKER_TAKE_H

#include "broker/batch.h"
#include "broker/token.h"
#include "redis/call.h"

enum { LEASE_BY_POLICY = -1, LEASE_NONE = 0 };

enum { TAKE_HELPER_MS = 30000 }; /* of a helper's own lease, which it prolongs */

enum holder {
    HOLDER_CLIENT, /* of the leases that it asks for */
    HOLDER_HELPER, /* of all of them: where none is asked for, of a lease of its own */
};

struct take {
    const char *queue;
    long long count; /* 1…LIMIT_BATCH */
    long long lease; /* that the client asks for: seconds, or one of the above */
    enum holder holder;
    enum policy policy; /* in force, or a helper takes nothing, with LEASE_NONE; 0: whatever it is,
                           stopped or not */
    struct token_pool *pool;
};

/* Takes up to count messages from the old end, LIMIT_TAKE_BYTES of them at most, but one in any
 * case; while more is coming back than one step brings, perhaps fewer.  With POLICY_BROADCAST they
 * are published on the channel KEY_BROADCAST instead of being told.  EMPTY: none now, or, for a
 * helper, stopped, held, or another policy; HELD. */
void take_call(struct call *call, const struct take *take, struct batch *batch);
call_decode take_result;

#endif
