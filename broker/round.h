/* round.h - what one helper does for all queues: who it is, and which queues have something that
 * waits for somebody.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_ROUND_H
#define BROKER_ROUND_H

#include <stdbool.h>

#include "base/limits.h"
#include "broker/catalog.h"
#include "redis/call.h"

/* Is this helper the one, for ROUND_TERM_MS from now?  It asks again and again; when it does not,
 * another one becomes it. */
enum { ROUND_TERM_MS = 4000 };
void round_elect_call(struct call *call, const char *helper, bool *is_elected);
call_decode round_elect_result;

/* Some queues; calls for more would take Redis more than a millisecond. */
enum { ROUND_BATCH = 100 };

/* The names of the next queues, about ROUND_BATCH, whatever Redis decides; a few of them perhaps
 * twice.  As catalog_page_call(), but with less work for Redis.  Zeroed memory is the beginning,
 * and what comes behind the end. */
struct round_page {
    char cursor[CATALOG_CURSOR]; /* of the next page; "": the first one */
    char (*names)[LIMIT_NAME + 1];
    int count, size;
};
void round_page_clear(struct round_page *page);
void round_page_call(struct call *call, struct round_page *page);
call_decode round_page_result;

/* Is there anything at all that a closer look at these queues could find? */
enum {
    ROUND_WAITS = 1,   /* queue_sweep_call() has something to do */
    ROUND_UNUSED = 2,  /* queue_remove_unused_call() has */
    ROUND_UNKNOWN = 4, /* round_note_call() has */
};
struct round_look {
    int count;
    const char (*names)[LIMIT_NAME + 1];
    bool has_any;
    unsigned char bits[ROUND_BATCH];
};
void round_glance_call(struct call *call, struct round_look *look);
call_decode round_glance_result;

/* The closer look, which takes Redis several times as long. */
void round_look_call(struct call *call, struct round_look *look);
call_decode round_look_result;

/* Adds ROUND_UNUSED to the bits of the queues that have been empty and unused for so many seconds,
 * and ROUND_UNKNOWN to those of which nothing is noted that still holds.  Dead letters go with
 * their queue. */
void round_unused_call(struct call *call, struct round_look *look, long long ttl);
call_decode round_unused_result;

/* Notes that queues with ROUND_UNKNOWN are unused from now on, if they are: at most ROUND_NOTES of
 * them, as that takes Redis longer; the first ones from that one on, around the end. */
enum { ROUND_NOTES = 5 };
void round_note_call(struct call *call, struct round_look *look, int from);
call_decode round_note_result;

#endif
