/* pushing.h - pushes that are safe to repeat.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_PUSHING_H
#define CLI_PUSHING_H

#include "cli/client.h"

struct pushing {
    struct client *client;
    const char *queue;
    const char *ttl, *delay; /* as the broker gets them; NULL: not */
};

/* Pushes lines, each ended by a line feed, as that many messages; or, for lines of 0, the bytes as
 * one.  once is the Idempotency-Key.  On OK the answer has the key or keys as JSON. */
enum outcome pushing_send(const struct pushing *pushing, const char *body, size_t len, int lines,
                          const char *once, struct result *answer);

/* How many of the lines that the bytes begin with fit into one batch; *used is their bytes.  0:
 * not even one is there whole. */
int pushing_cut(const char *bytes, size_t len, size_t *used);

#endif
