/* helpers.h - which helpers (restmq-wsd) are alive.
 *
 * One is alive for HELPER_DEAD_MS after each presence_beat_call(), by the clock of Redis.  Rows of
 * presence say through which helper somebody is connected; those of one that is not alive do not
 * count.  A process knows for HELPERS_KEPT_MS who is alive, and asks only where there are rows.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_HELPERS_H
#define BROKER_HELPERS_H

#include <stdbool.h>
#include <stddef.h>

#include "redis/call.h"

struct buffer;
struct redisReply;

enum {
    HELPER_ID = 33,         /* hex digits of an id, and a NUL */
    HELPER_BEAT_MS = 5000,  /* a helper says that often that it is alive */
    HELPER_DEAD_MS = 20000, /* and is taken for dead after that long without */
    HELPERS_KEPT_MS = 1000,
};

/* Those that are alive, as Redis told last.  Zeroed memory is that of a process that has not asked
 * yet. */
struct helpers {
    long long asked_ms; /* clock_ms() then; 0: never */
    int count, size;
    char (*ids)[HELPER_ID];
};
void helpers_clear(struct helpers *helpers);

/* Asks; until the answer came, and when it is an error, all is as before. */
void helpers_call(struct call *call, struct helpers *helpers);
call_decode helpers_result;

/* Was it asked a moment ago? */
bool helpers_are_fresh(const struct helpers *helpers);
bool helpers_have(const struct helpers *helpers, const char *id);

/* Writes their ids, one a line, with a line feed before the first. */
void helpers_write(const struct helpers *helpers, struct buffer *text);

/* How many rows helpers have; those of the living are to be added to some numbers.  Zeroed memory
 * has none. */
struct tally_row {
    char helper[HELPER_ID];
    long long count;
    long long *total; /* the caller's */
};
struct tally {
    int count, size;
    struct tally_row *rows;
};
void tally_clear(struct tally *tally);

/* For decoders: helper, rows, helper, rows, … belong to that total. */
void tally_add(struct tally *tally, const struct redisReply *counts, long long *total);

/* Must it be asked which helpers are alive?  Not where all that have rows are known to be. */
bool tally_must_ask(const struct tally *tally, const struct helpers *helpers);

/* Adds the rows of those that are alive, as far as is known, and forgets all of them: true if there
 * were others. */
bool tally_settle(struct tally *tally, const struct helpers *helpers);

#endif
