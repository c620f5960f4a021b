/* meaning.h - what an answer of HTTP means: docs/protocol.txt, section 5, and docs/guarantees.txt.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_MEANING_H
#define CLI_MEANING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "cli/order.h"

struct meaning {
    enum outcome outcome;
    enum {
        MEANING_FINAL,  /* it will be the same next time */
        MEANING_UNDONE, /* nothing was done, and another time it may be */
        MEANING_OPEN,   /* it may have been done or not */
    } next;
};

/* Of an answer that came whole; must_be_json says that a success is JSON, or 204.  When it is none,
 * why has a line for people: the broker's own words where they are the broker's. */
struct meaning meaning_of(int status, bool is_json, bool must_be_json, const struct buffer *body,
                          char *why, size_t size);

#endif
