/* jsonp.h - callback=: JSON as a script that calls a function of the page.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HTTP_JSONP_H
#define HTTP_JSONP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/status.h"
#include "http/form.h"

/* May this be the function's name?  1 to 64 of A-Z a-z 0-9 _ $ . and no digit or dot first. */
bool jsonp_is_callback(const char *name, size_t len);

/* Is the answer asked for as a script?  An empty callback= asks for nothing, as in RestMQ. */
bool jsonp_is_asked(const struct form *form);

/* The function that callback= names; NULL: it is not asked for.  FORBIDDEN unless that is switched
 * on, BAD_VALUE. */
enum status jsonp_read(const struct form *form, bool is_on, const char **callback,
                       struct reason *reason);

/* Adds "callback(<json>);", with what is special inside a script escaped. */
void jsonp_call(struct buffer *out, const char *callback, const char *json, size_t len);

/* The body of an answer that is such a call: the JSON comes between, in pieces none of which ends
 * within a character.  It begins with a comment, so that it cannot be taken for another type of
 * file, whatever the callback is called. */
void jsonp_begin_answer(struct buffer *out, const char *callback);
void jsonp_add(struct buffer *out, const char *json, size_t len);
void jsonp_end_answer(struct buffer *out);

#endif
