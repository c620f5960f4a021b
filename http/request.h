/* request.h - one request, whichever program received it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/status.h"
#include "http/fields.h"
#include "http/form.h"
#include "http/uri.h"

enum method {
    METHOD_GET = 1,
    METHOD_POST = 2,
    METHOD_PUT = 4,
    METHOD_DELETE = 8,
    METHOD_OPTIONS = 16,
    METHOD_OTHER = 32,
};

struct request {
    struct request_head head;
    bool is_begun; /* the head could be read: method, uri and the query's form are this request's */
    enum method method; /* HEAD is GET with is_head */
    bool is_head;
    struct uri uri;
    struct form form;         /* query string, then form body */
    int query_fields;         /* how many of them are the query string's */
    bool is_form;             /* the body is a form, or there is no Content-Type */
    bool is_encoded;          /* by a Content-Encoding: what it holds is not to be seen */
    struct buffer query;      /* what the form's fields point into */
    struct buffer body;       /* complete; decoded in place when is_form */
    long long content_length; /* -1: not said */
};

/* Zeroed memory is an unused request. */
void request_clear(struct request *request);

/* First half: method, target, query, the kind of body; the body is empty afterwards.
 * On an error the request must not be handled, but its body may still be read and dropped. */
enum status request_begin(struct request *request, const struct request_head *head,
                          const char *prefix, struct reason *reason);

/* Second half, once all of the body is in request->body: reads a form, unless it is encoded. */
enum status request_finish(struct request *request, struct reason *reason);

/* TOO_LARGE: the body is. */
enum status request_too_large(long long max_body, struct reason *reason);

/* Is there neither a body nor a Content-Type?  Else the client meant to send something, though it
 * may have been lost on the way. */
bool request_is_bare(const struct request *request);

/* Is there a query string though its options, which the caller has not found, may have got lost?  A
 * query string with nothing but authkey is complete. "_" and callback are not: no client adds them
 * to a DELETE by itself. */
bool request_lost_query(const struct request *request);

/* Is the body of that media type ("application/json")?  Parameters do not count. */
bool request_has_type(const struct request *request, const char *type);

#endif
