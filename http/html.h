/* html.h - pages for people: complete, with nothing to load.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HTTP_HTML_H
#define HTTP_HTML_H

#include <stdbool.h>

#include "base/status.h"
#include "http/request.h"
#include "http/response.h"

/* Begins a page; the text is escaped.  What follows in the body is HTML, until the end. */
void html_begin(struct response *response, const char *title);
void html_end(struct response *response);

void html_add(struct buffer *out, const char *text); /* escaped */

/* Does the client prefer a page to JSON and to text?  A script that waits for its callback does
 * not. */
bool html_is_wanted(const struct request *request);

/* The page of an error: what it is called, why it came, and what to do now.  The prefix is that of
 * restmq.conf. */
void html_error(struct response *response, enum status status, const struct reason *reason,
                const char *prefix);

#endif
