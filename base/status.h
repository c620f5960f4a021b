/* status.h - what every operation returns, and the sentence that explains it to a person.
 *
 * A new status needs its row in the table of status.c.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include <stdbool.h>

enum status {
    STATUS_OK,
    STATUS_EMPTY,        /* nothing to take */
    STATUS_BAD_REQUEST,  /* the request contradicts itself or asks for what does not exist */
    STATUS_BAD_NAME,     /* the name of a queue, a channel, a server, … breaks the rules */
    STATUS_BAD_VALUE,    /* one option has a value that is not allowed */
    STATUS_UNAUTHORIZED, /* a password or a key is missing or wrong */
    STATUS_FORBIDDEN,    /* switched off, or not for this client */
    STATUS_NOT_FOUND,    /* no such route, message, key, pool or server */
    STATUS_NOT_ALLOWED,  /* the route exists, the method does not */
    STATUS_STALE_LEASE,  /* a token that is not that of the lease in force */
    STATUS_CONFLICT,     /* an idempotency key of another push; too few rows or servers */
    STATUS_TOO_LARGE,    /* body or message over its limit */
    STATUS_UNSUPPORTED,  /* a media type that cannot be a message */
    STATUS_HELD,         /* an operator holds the takes or the pushes of the queue */
    STATUS_UPGRADE,      /* a websocket version that is not served */
    STATUS_FULL,         /* the queue has reached its max_length */
    STATUS_DAMAGED,      /* a key of ours holds something else */
    STATUS_UNAVAILABLE,  /* Redis is away, or cannot do it now */
    STATUS_NO_SPACE,     /* Redis is out of memory */
    /* Inside only: */
    STATUS_LATER,     /* a password can be looked at in the next turn of the loop */
    STATUS_NEEDS_KEY, /* the record of the client's key must be read first */
    STATUS_AGAIN,     /* the call must run once more */
};

/* Why a status is not OK, in words for the client: printable ASCII, no line break. */
struct reason {
    char text[256];
    bool outcome_unknown; /* the change may or may not have happened */
    int retry_after_s;    /* it may be tried again then; 0: as the status says */
    bool is_for_key;      /* UNAUTHORIZED: a key is missing or wrong, and no password */
};

/* Stable name for programs ("bad_name"), general sentence, what a person may do now, HTTP status;
 * never NULL. */
const char *status_code(enum status status);
const char *status_text(enum status status);
const char *status_advice(enum status status);
int status_http(enum status status);

/* Seconds after which the same may be tried again; 0: that is not told. */
int status_retry_after(enum status status, const struct reason *reason);

/* Fills the whole reason and returns the status: `return refuse(reason, STATUS_BAD_VALUE, …)`.
 * Bytes that are not printable ASCII become '?', so user bytes may be quoted.  The outcome counts
 * as known: a caller that does not know it says so afterwards. */
enum status refuse(struct reason *reason, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* UNAUTHORIZED, since a client's key is missing or wrong. */
enum status refuse_for_key(struct reason *reason, const char *text);

#endif
