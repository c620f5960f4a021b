/* hold.h - what of a queue is held: its streams, its takes, its pushes.
 *
 * RestMQ knows the first: a queue that is stopped gives nothing to streaming consumers.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_HOLD_H
#define BROKER_HOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "redis/call.h"

struct json_object;

enum hold { HOLD_STREAMS, HOLD_TAKES, HOLD_PUSHES };

/* Each 0 or 1. */
struct holds {
    long long is_started; /* streams are not held */
    long long are_takes_held;
    long long are_pushes_held;
};

/* "stop", or "stop takes" of what POST /control and the command control say. */
struct hold_change {
    enum hold what;
    bool is_start;
};

/* Reads "start" or "stop", and what, NULL: streams.  BAD_VALUE; BAD_NAME: nothing is pushed to
 * dead letters. */
enum status hold_read(struct hold_change *change, const char *queue, const char *status,
                      size_t status_len, const char *what, size_t what_len, struct reason *reason);

/* "start", "stop takes". */
const char *hold_text(const struct hold_change *change);

/* Starts or stops that, and tells what is held then. */
void hold_call(struct call *call, const char *queue, const struct hold_change *change,
               struct holds *holds);
call_decode hold_result;

/* Reads what a script replied: the status, and the settings as an array name, value, …; for other
 * decoders. */
struct redisReply;
void holds_read(struct holds *holds, const struct redisReply *status,
                const struct redisReply *settings);

/* HELD, for decoders of a take and a push, with its reason. */
enum status hold_refuse(enum hold what, struct reason *reason);

/* Adds "status", and "held":["takes","pushes"] when one of them is. */
void holds_to_json(const struct holds *holds, struct json_object *object);

#endif
