/* wish.h - the options of a take, or of a mere look, over every transport.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROTOCOL_WISH_H
#define PROTOCOL_WISH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

struct form;
struct json_object;

/* The options that were given. */
enum {
    WISH_TAKE = 1,      /* the messages, not only a look at them */
    WISH_SOFT = 2,      /* only a look */
    WISH_KEY = 4,       /* the message of a key */
    WISH_COUNT = 8,     /* several: the answer is an array, even of one */
    WISH_LEASE = 16,    /* a lease of that length, whatever the queue's policy says */
    WISH_RAW = 32,      /* the value alone as body, the rest as headers */
    WISH_CALLBACK = 64, /* a script */
};

struct wish {
    unsigned asks;   /* for these */
    long long count; /* 1…LIMIT_BATCH */
    long long lease; /* as in struct take */
    long long wait;  /* seconds, for a message to come */
    size_t most;     /* bytes of the answer: an array ends before the message that is beyond them */
};

/* Which request has the options: not each has all of them, and not each refuses the same pairs. */
enum wish_kind {
    WISH_OF_GET,  /* GET /q */
    WISH_OF_WAIT, /* /w */
};

/* Reads the options; unknown ones have been refused before.  BAD_VALUE: a number is none, or is out
 * of range; BAD_REQUEST: two of them do not go together. */
enum status wish_read(struct wish *wish, enum wish_kind kind, const struct form *form,
                      struct reason *reason);

/* Reads the members of the JSON command take. */
enum status wish_read_members(struct wish *wish, struct json_object *command,
                              struct reason *reason);

/* Is soft= there, with a value that asks for mere reading?  "0" and "false" take; whatever else
 * stands there only reads, which cannot do harm. */
bool wish_is_soft(const struct form *form);

#endif
