/* browse.h - a queue's messages as they stand there: a page of them, or one by its key.  It changes
 * nothing, and tells no tokens.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_BROWSE_H
#define BROKER_BROWSE_H

#include <stddef.h>

#include "base/limits.h"
#include "broker/age.h"
#include "redis/call.h"

struct claim;

/* A message that was found; points into the reply. */
struct facts {
    const char *key;
    size_t key_len;
    const char *state;    /* "ready", "leased", "delayed" */
    long long size;       /* bytes of its body */
    long long deliveries; /* under a lease, so far */
    long long until_ms;   /* end of the lease, or of the delay; 0: ready */
    long long expires_ms; /* when its ttl is over; 0: it has none */
    const char *body;     /* the beginning of it */
    size_t body_len;
    const char *reason; /* of its last release with one; "": none */
    size_t reason_len;
    /* Of a dead letter, if that is known: */
    long long died_deliveries; /* 0: it is not */
    long long died_ms;
    const char *died_reason; /* of the last release; "": none, or the lease ran out */
    size_t died_reason_len;
    struct age age;
};

struct browse {
    const char *queue;
    const char *states; /* some of the letters r, l and d */
    long long passed;   /* entries before the page */
    long long most;     /* messages, 1…LIMIT_BROWSE */
    long long cut;      /* bytes of each body, 0…LIMIT_BROWSE_CUT */
    const char *text;   /* that the key, a reason or the body's beginning must have; "": any */
    size_t text_len;
    bool looks_into_bodies; /* for that text, and into reasons */
    /* The result. */
    long long now_ms; /* by the clock of Redis */
    long long next;   /* entries before the next page; -1: this was the last one */
    int count;
    struct facts rows[LIMIT_BROWSE];
};

/* About a millisecond of Redis's time: a page may have few messages, or none, and a next one. */
void browse_call(struct call *call, struct browse *browse);
call_decode browse_result;

/* One message, into the first row.  NOT_FOUND; CONFLICT: it may be a dead letter, and was not
 * looked for. */
void browse_one_call(struct call *call, const struct claim *claim, struct browse *browse);
call_decode browse_one_result;

#endif
