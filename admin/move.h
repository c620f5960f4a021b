/* move.h - a queue moves from one Redis to another: the calls, each of which may be run twice.
 *
 * The source names an id for the move and numbers what it packs; the target keeps both, and takes
 * nothing in that it has.  So after an interruption a move begins with move_depart_call() again,
 * and the packed messages in hand are told once more.
 *
 *     move_depart_call   source  the queue is held; what it has beside messages
 *     move_arrive_call   target  the same queue, held
 *     move_pack_call     source  some messages, which stay; those before are gone
 *     move_unpack_call   target  those messages
 *     move_arrived_call  target  the queue is open, or the move is over
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef ADMIN_MOVE_H
#define ADMIN_MOVE_H

#include <stdbool.h>

#include "base/limits.h"
#include "broker/token.h"
#include "redis/call.h"

struct redisReply;

/* Valid as long as the call that filled it. */
struct departure {
    char new_id[TOKEN_RANDOM + 1]; /* for the move, if it has not begun */
    const struct redisReply *id;
    bool is_done; /* all messages have gone */
    const struct redisReply *counter;
    const struct redisReply *remembers; /* since when pushes are remembered; of no length: not */
    long long remembers_ms;
    const struct redisReply *const *sides; /* of the queue, then of its dead letters: PARTS each */
    int sides_count;
};

void move_depart_call(struct call *call, const char *queue, struct departure *departure);

/* has_dead: the dead letters are listed.  CONFLICT: the target has such a queue of its own. */
void move_arrive_call(struct call *call, const char *queue, bool has_dead,
                      const struct departure *departure);

/* Valid as long as the call that filled it. */
struct packed {
    long long number; /* 0: there are none */
    long long leases; /* that have not ended */
    const struct redisReply *reply;
    int steps; /* that may still be made over what is no message */
};

/* has: the number of what the target has, or 0. */
void move_pack_call(struct call *call, const char *queue, long long has, struct packed *packed);

/* Adds how many have come to *moved.  CONFLICT: the target does not know of this move. */
void move_unpack_call(struct call *call, const char *queue, const struct departure *departure,
                      const struct packed *packed, long long *moved);

enum move_stage {
    ARRIVAL_OPEN,  /* what has come may be taken, more will come */
    ARRIVAL_OVER,  /* nothing more will come; where that was said already it is no error */
    ARRIVAL_UNDONE /* at the source, where nothing was packed yet: the holds end */
};
void move_arrived_call(struct call *call, const char *queue, enum move_stage arrival,
                       const struct departure *departure);

#endif
