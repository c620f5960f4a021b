/* queue.h - one queue: push, peek, redrive, purge; take.h takes messages, claim.h and find.h are
 * about single ones.
 *
 * Each operation is a function that builds its call and one that reads the reply; neither does
 * I/O.  Names were checked by queue_name_check(), keys by message_key_is_of().  Results point
 * into the reply.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_QUEUE_H
#define BROKER_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"
#include "broker/message.h"
#include "redis/call.h"

struct body {
    const char *data;
    size_t len;
};

/* Messages to push, with options; all of it must live until the call has run. */
struct push {
    const char *queue;
    const struct body *bodies;
    int count;              /* 1…LIMIT_BATCH */
    long long ttl;          /* seconds, 0: what the queue's settings say */
    long long delay;        /* seconds, 0: none */
    const char *once;       /* idempotency key, NULL: none */
    size_t once_len;        /* 1…LIMIT_ONCE */
    long long once_seconds; /* how long it is remembered */
};

/* BAD_NAME: dead letters take no pushes; TOO_LARGE: a body over max_message, or the batch over its
 * limit. */
enum status push_check(const struct push *push, long long max_message, struct reason *reason);

/* BAD_VALUE: an idempotency key that is empty, too long or not printable ASCII; called name in the
 * reason. */
enum status push_check_once(const struct push *push, const char *name, struct reason *reason);

/* The keys are "<queue>:<first>" and so on; message_key() writes one. */
struct pushed {
    long long first;
    int count;
    bool is_replay; /* nothing was pushed: the idempotency key's first push did it */
};

/* FULL: max_length; HELD; CONFLICT: another push had this idempotency key. */
void queue_push_call(struct call *call, const struct push *push, struct pushed *pushed);
call_decode queue_push_result;

/* Adds the six keys with which every script begins that takes messages or gives them back. */
void queue_add_take_keys(struct call *call, const char *queue);

/* Adds the eleven keys of scripts by which messages may come back, and the texts that say where:
 * name of the dead letters, channel of events, clock. */
void queue_add_giveback_keys(struct call *call, const char *queue);
void queue_add_giveback_texts(struct call *call, const char *queue);

/* Reads the oldest message and leaves it; counted says whether message->count goes up by that.
 * EMPTY when there is none. */
void queue_peek_call(struct call *call, const char *queue, bool counted, struct message *message);
call_decode queue_peek_result;

/* Moves up to count dead letters back to their queue; with count 0 all that LIMIT_STEPS steps
 * move.  HELD: its pushes are. */
struct redrive {
    bool is_all;
    bool has_more; /* of all */
    int steps;     /* that are left */
    long long redriven;
};
void queue_redrive_call(struct call *call, const char *queue, long long count,
                        struct redrive *redrive);
call_decode queue_redrive_result;

/* Empties the queue at once; *purged is how many messages it had.  The bodies stay until they are
 * swept. */
void queue_purge_call(struct call *call, const char *queue, long long *purged);
call_decode queue_purge_result;

/* A step of what requests leave behind: purged bodies, and, unless those alone are meant, what is
 * due and has not come back, and entries of messages that expired.  *more: call it again. */
enum sweep_extent { SWEEP_PURGED, SWEEP_ALL };
void queue_sweep_call(struct call *call, const char *queue, enum sweep_extent extent, bool *more);
call_decode queue_sweep_result;

#endif
