/* head.h - the head of an HTTP/1.x request, strictly.
 *
 * A codec: no I/O, no allocation.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_CODEC_HEAD_H
#define WS_CODEC_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"
#include "base/status.h"

struct head_field {
    const char *name;  /* NUL-terminated, lower case */
    const char *value; /* NUL-terminated, without white space around it */
};

/* Points into the bytes that were parsed. */
struct head {
    const char *method;
    const char *target;
    int minor_version; /* of HTTP/1: 0 or 1 */
    int count;
    struct head_field fields[LIMIT_HEAD_FIELDS];
};

enum head_result { HEAD_MORE, HEAD_DONE, HEAD_BAD };

/* Looks at all that has arrived so far; known is how much of it an earlier call saw already, and
 * then answered MORE.  DONE: *used is the length of the head, and NULs stand in it; what follows is
 * untouched.  BAD: the reason says what is wrong.  The caller limits len to LIMIT_HEAD. */
enum head_result head_parse(struct head *head, char *data, size_t len, size_t known, size_t *used,
                            struct reason *reason);

/* The first field of that lower-case name, NULL when absent.  Fields of which only one may be there
 * (Host, Origin, Upgrade, Content-Length, Sec-WebSocket-Key… and their like) stand there once. */
const char *head_field(const struct head *head, const char *name);

/* May it stand in a token: RFC 9110's tchar?  A NUL may not. */
bool head_is_token_byte(char byte);

/* How the body of the request comes. */
struct head_body {
    bool is_chunked;
    bool is_expected; /* "Expect: 100-continue" */
    long long length; /* if it is not chunked; 0: there is none */
};

/* Reads that.  BAD_REQUEST: where it ends cannot be told, nor what is a request behind it. */
enum status head_read_body(const struct head *head, struct head_body *body, struct reason *reason);

/* Does the peer await another answer on this connection? */
bool head_keeps_connection(const struct head *head);

/* Does a body follow?  The eight bytes of hixie-76 are none, though some of its clients count them
 * as one. */
bool head_has_body(const struct head *head);

/* Is the token, of any case, in one of the comma-separated lists of that name? */
bool head_lists(const struct head *head, const char *name, const char *token);

#endif
