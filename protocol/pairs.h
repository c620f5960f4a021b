/* pairs.h - which leased messages a client means, by key and token, and what became of each.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROTOCOL_PAIRS_H
#define PROTOCOL_PAIRS_H

#include <stddef.h>

#include "base/status.h"
#include "broker/claim.h"

struct json_object;

/* Reads claims from an array of {"key","lease"}, or from a text "key token,key token", which must
 * live as long as they do; what names the array.  BAD_VALUE: there are none, or too many, or one is
 * no claim on a message of the queue. */
enum status pairs_read_array(struct claims *claims, const char *queue, const char *what,
                             struct json_object *array, struct reason *reason);
enum status pairs_read_text(struct claims *claims, const char *queue, const char *text, size_t len,
                            struct reason *reason);

/* Once the call for them has run: an array with an object for each, its key, and what a single one
 * is answered. */
struct json_object *pairs_outcomes(const struct claims *claims);

#endif
