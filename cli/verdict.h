/* verdict.h - what an answer of HTTP means: docs/protocol.txt, section 5, and docs/guarantees.txt.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_VERDICT_H
#define CLI_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "cli/order.h"

struct verdict {
    enum outcome outcome;
    enum {
        VERDICT_FINAL,  /* it will be the same next time */
        VERDICT_UNDONE, /* nothing was done, and another time it may be */
        VERDICT_OPEN,   /* it may have been done or not */
    } next;
};

/* Of an answer that came whole; must_be_json says that a success is JSON, or 204.  When it is none,
 * why has a line for people: the broker's own words where they are the broker's. */
struct verdict verdict_of(int status, bool is_json, bool must_be_json, const struct buffer *body,
                          char *why, size_t size);

#endif
