/* gateway.h - FastCGI's side of a request: parameters and body in, answer out.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef FCGI_GATEWAY_H
#define FCGI_GATEWAY_H

#include <fcgiapp.h>
#include <stdbool.h>

#include "fcgi/arrivals.h"
#include "http/request.h"
#include "http/response.h"

/* Begins to read a request, whose descriptors it takes over.  False: it was none. */
bool gateway_begin(FCGX_Request *fcgi, const struct arrival *arrival);

/* The parameters that matter; the texts live until FCGX_Finish_r(), and that of several Accept in
 * the buffer. */
struct request_head gateway_head(char *const *params, struct buffer *accept);

/* Reads the body to its end.  BAD_REQUEST: it is longer than Content-Length says; UNAVAILABLE: the
 * web server did not pass on all of it; TOO_LARGE: over max_body bytes, or over what the web server
 * passes on. */
enum status gateway_read_body(FCGX_Request *fcgi, struct request *request, long long max_body,
                              struct reason *reason);

/* Is the web server still there, and has it not taken the request back?  Asked once all is read. */
bool gateway_is_wanted(const FCGX_Request *fcgi);

/* The body is read: from here on the request's socket is the connection to the web server. */
void gateway_turn(FCGX_Request *fcgi, int fd);

/* Sends the answer; false when the web server did not take it.  out is scratch space. */
bool gateway_send(FCGX_Request *fcgi, const struct response *response, bool without_body,
                  struct buffer *out);

/* Ends the request.  True: the connection is the caller's, to keep or to close; false: it is
 * closed. */
bool gateway_finish(FCGX_Request *fcgi, const struct arrival *arrival, bool may_keep);

#endif
