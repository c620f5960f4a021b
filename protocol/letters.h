/* letters.h - which dead letters a client means, by key, and what became of each.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROTOCOL_LETTERS_H
#define PROTOCOL_LETTERS_H

#include <stddef.h>

#include "base/status.h"
#include "broker/claim.h"

struct json_object;

/* Reads keys from an array of strings, or from a text with commas between, which must live as long
 * as the claims do.  BAD_REQUEST: the queue is no dead letters, and what names the wish. BAD_VALUE:
 * there are none, or too many, or one is no key of a message of the queue. */
enum status letters_read_array(struct claims *claims, const char *queue, const char *what,
                               struct json_object *array, struct reason *reason);
enum status letters_read_text(struct claims *claims, const char *queue, const char *what,
                              const char *text, size_t len, struct reason *reason);

/* Once the call for them has run: an array with an object for each, its key, and done:true or an
 * error. */
struct json_object *letters_outcomes(const struct claims *claims, const char *done);

#endif
