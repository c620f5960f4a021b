/* absence.h - an endpoint that is away: when it is tried again, and with which message.
 *
 * One message probes, the others wait.  A message that has been the probe ABSENCE_PROBES times is
 * spent: it may be what kills the endpoint.  Then another one probes, and a spent one is counted
 * whenever it fails again.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_HOOK_ABSENCE_H
#define WS_HOOK_ABSENCE_H

#include <stdbool.h>
#include <stddef.h>

enum {
    ABSENCE_PROBES = 5,
    ABSENCE_KNOWN = 64, /* messages whose probing is remembered, the latest */
    ABSENCE_FIRST_MS = 1000,
    ABSENCE_LONGEST_MS = 60000,
    ABSENCE_ASKED_S = 3600, /* the longest that an endpoint may ask for */
};

struct probing {
    char *key; /* NULL: none */
    size_t len;
    int probes; /* that have failed */
};

/* Zeroed memory is an endpoint that is there. */
struct absence {
    bool is_on;
    long long until_ms;          /* while it is on: nothing is sent before */
    int pause_ms;                /* the last one */
    const struct probing *probe; /* under way; NULL: none */
    struct probing known[ABSENCE_KNOWN];
    int next; /* the place in known that is taken next */
};

void absence_clear(struct absence *absence);

/* How long to wait until something may be sent, in ms; 0: it may be.  -1: a probe is under way. */
long long absence_wait(const struct absence *absence, long long now_ms);

/* While it is on, that message is sent. */
void absence_probe(struct absence *absence, const char *key, size_t len);

/* The probe that is under way will have no answer: it is tried again. */
void absence_abandon(struct absence *absence);

/* The answer, or that there is none, speaks of the endpoint.  asked_s is how long it asks for, in
 * seconds; -1: it does not. */
void absence_fail(struct absence *absence, const char *key, size_t len, long long asked_s,
                  long long now_ms);

/* The endpoint has answered: it is there. */
void absence_end(struct absence *absence);

bool absence_is_spent(const struct absence *absence, const char *key, size_t len);

/* The message is not in the queue any more. */
void absence_forget(struct absence *absence, const char *key, size_t len);

#endif
