/* claim.h - claims on leased messages: ack, extend, release, of one of them or of many of a queue.
 *
 * A claim names a message, and the token of its lease.  Keys were checked by message_key_is_of().
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_CLAIM_H
#define BROKER_CLAIM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"
#include "redis/call.h"

struct claim {
    const char *key;
    size_t key_len;
    const char *token; /* NULL, or "": none */
    size_t token_len;
    long long result; /* of one of many: CLAIM_STALE, or as of a single one */
};

/* --- one ----------------------------------------------------------------------------------- */

/* The message goes; *acked is true then.  STALE_LEASE, here and below: the token is not that of the
 * lease in force. */
void claim_ack_call(struct call *call, const char *queue, const struct claim *claim, bool *acked);
call_decode claim_ack_result;

/* Lets the lease end that many seconds from now; *lease_until in ms since 1970. */
void claim_extend_call(struct call *call, const char *queue, const struct claim *claim,
                       long long seconds, long long *lease_until);
call_decode claim_extend_result;

/* How messages are given back. */
struct release {
    long long delay;    /* seconds; -1: what the settings' backoff says */
    const char *reason; /* why the work failed; NULL: not told */
    size_t reason_len;
};

/* BAD_VALUE: a reason that is not 1…LIMIT_REASON bytes of UTF-8 without control bytes. */
enum status release_check(const struct release *release, struct reason *reason);

/* Gives the message back. */
void claim_release_call(struct call *call, const char *queue, const struct claim *claim,
                        const struct release *release);
call_decode claim_release_result;

/* --- many ---------------------------------------------------------------------------------- */

enum claims_act { CLAIMS_ACK, CLAIMS_EXTEND, CLAIMS_RELEASE };

/* Messages of one queue, and what became of each. */
struct claims {
    enum claims_act act;
    int count; /* 1…LIMIT_BATCH */
    int size;
    struct claim *rows;
};

enum { CLAIM_STALE = -1, CLAIM_LEFT = 2 /* it is acked, and its body is for the sweeper */ };

/* Zeroed memory has none. */
void claims_clear(struct claims *claims);

/* Adds one, and returns the row, which stays where it is until the next one is added. */
struct claim *claims_add(struct claims *claims, const struct claim *claim);

/* All in one call, with the seconds, or delay and reason, of each.  Of several claims on one
 * message the first acks or releases it.  Released messages keep their order. */
void claims_ack_call(struct call *call, const char *queue, struct claims *claims);
void claims_extend_call(struct call *call, const char *queue, struct claims *claims,
                        long long seconds);
void claims_release_call(struct call *call, const char *queue, struct claims *claims,
                         const struct release *release);
call_decode claims_result;

#endif
