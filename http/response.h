/* response.h - one answer: status, headers, body.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/status.h"

#define TYPE_JSON    "application/json"
#define TYPE_TEXT    "text/plain; charset=utf-8"
#define TYPE_HTML    "text/html; charset=utf-8"
#define TYPE_BYTES   "application/octet-stream"
#define TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"
#define TYPE_SCRIPT  "application/javascript; charset=utf-8"

/* A body that is written as it is sent, and never held whole: it has no Content-Length. */
struct response_source {
    bool (*more)(void *user,
                 struct buffer *out); /* adds the next piece; false: that was the last */
    void (*end)(void *user);          /* once, however the answer ends; frees the user */
    void *user;
};

struct response {
    int http_status;
    bool is_scripts;   /* a page's script asks: the browser shall not ask for a password where a key
                          is what is missing */
    const char *type;  /* of the body; a constant */
    const char *cache; /* Cache-Control; a constant */
    struct buffer headers; /* complete lines beyond those that every answer has */
    struct buffer body;
    struct response_source source; /* instead of a body, if it has a function more */
};

/* Zeroed memory is an unused response; reset makes it an empty 200. */
void response_reset(struct response *response);
void response_clear(struct response *response);

/* The reason phrase of that status. */
const char *response_phrase(int status);

/* One more header line.  A value that is not all printable ASCII, or has over 511 bytes, is left
 * out with the header: no user byte can break the head. */
void response_header(struct response *response, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Writes the head (its first line is "<start><status> <reason>") and, unless without_body, the
 * body, but for what comes from a source.  A 204 or 304 has no body and no Content-Length; all
 * others without a source have one.  A head that starts with HTTP's version has a Date, too. */
void response_write(const struct response *response, const char *start, bool without_body,
                    struct buffer *out);

#endif
