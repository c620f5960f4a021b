/* stream.h - what a helper does with queues on behalf of its consumers.
 *
 * Messages are leased to the helper until its consumer has got them; take.h takes them.  Results
 * point into the reply, or as said.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_STREAM_H
#define BROKER_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"
#include "broker/keys.h"
#include "broker/message.h"
#include "redis/call.h"

enum { STREAM_BATCH = 100 }; /* messages in one call */

/* Reads what came on KEY_BROADCAST; false when it is nothing of ours.  The message points into the
 * data, or to key, which has its key then. */
bool stream_read_broadcast(const char *data, size_t len, char key[MESSAGE_KEY],
                           struct message *message);

/* Is it the key of a message of some queue?  Only those may be asked for by a client. */
bool stream_key_is_message(const char *key, size_t len);

/* The value of a message, wherever it stands; only ->value is set.  The key is one for which
 * stream_key_is_message() said true.  EMPTY: the message is gone, or there is no such queue, or the
 * key is another program's.  TOO_LARGE: it has more than so many bytes, and only ->value_len is
 * set. */
void stream_value_call(struct call *call, const char *key, size_t len, size_t most,
                       struct message *message);
call_decode stream_value_result;

enum settle_act {
    SETTLE_ACK = 'a',
    SETTLE_RELEASE = 'r', /* the consumer may have seen it */
    SETTLE_RETURN = 'u',  /* nobody has seen it: does not count as a delivery */
};

enum {
    SETTLE_LEFT = 2, /* done, and queue_sweep_call() has something to do */
    SETTLE_DONE = 1,
    SETTLE_GONE = 0,
    SETTLE_STALE = -1,
};

/* Up to STREAM_BATCH acts: begin, add each (key and token are copied), run.  *results has room for
 * them, in their order. */
void stream_settle_call(struct call *call, const char *queue, signed char *results);
void stream_settle_add(struct call *call, enum settle_act act, const char *key, size_t key_len,
                       const char *token);
call_decode stream_settle_result;

/* Up to STREAM_BATCH leases that end TAKE_HELPER_MS from now: begin, add each (key and token are
 * copied), run.  Each of the results is 1, or 0 for a lease that is not in force any more. */
void stream_prolong_call(struct call *call, const char *queue, signed char *results);
void stream_prolong_add(struct call *call, const char *key, size_t key_len, const char *token);
call_decode stream_prolong_result;

/* Writes key and token of the lease number i. */
void stream_prolong_read(const struct call *call, int i, char key[MESSAGE_KEY], size_t *key_len,
                         char token[TOKEN_SIZE]);

/* The state of several queues; a call for more would keep Redis busy for too long.  Of one that is
 * not looked at closely it is only told whether there are entries: that is one look-up for it. */
enum { STREAM_STATES = 100 };
enum {
    STREAM_STOPPED = 1,
    STREAM_ROUNDROBIN = 2,
    STREAM_READY = 4,    /* there are entries */
    STREAM_DUE = 8,      /* a lease or a delay is over */
    STREAM_PENDING = 16, /* there are leases or delays */
    STREAM_TOLD = 32,    /* whether it is stopped, or roundrobin */
};
struct stream_states {
    int count;
    bool is_close[STREAM_STATES];
    unsigned char bits[STREAM_STATES];
};
void stream_states_call(struct call *call, const char *const *queues, struct stream_states *states);
call_decode stream_states_result;

#endif
