/* fields.h - header fields that are looked at before anything else.
 *
 * Two of a field that says one thing are a contradiction, or an attempt to be read in two ways by
 * two programs.  Web servers and proxies may make one of them, "a, b".
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HTTP_FIELDS_H
#define HTTP_FIELDS_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/status.h"

/* The head as it arrived: NUL-terminated, NULL when absent; must outlive the request. */
struct request_head {
    const char *method;
    const char *target;
    const char *content_type;
    const char *content_length; /* what the client said, where that is known */
    const char *passed_length;  /* what the web server says of the body that it passes on */
    const char *content_encoding;
    const char *accept; /* several of them as one list */
    const char *if_none_match;
    const char *idempotency_key;
    const char *repeated; /* the name of a field that came twice, and must not; NULL: none did */
    bool is_prefetch;     /* a browser guesses that its user will want the answer */
    bool is_scripts;      /* it has an X-Requested-With, so a page's script asks */
    /* Who asks: see http/access.h. */
    const char *peer; /* its address; NULL: a unix socket */
    const char *forwarded_for;
    const char *forwarded_proto;
    const char *scheme; /* that the web server was spoken to with, as it says */
    const char *https;  /* another way to say so: "on" */
    const char *authorization;
    const char *cookie; /* NULL where cookies do not count */
    const char *authkey;
    const char *host;
    const char *origin;
    const char *fetch_site;
};

/* BAD_REQUEST names a field that came twice, or as a list, and must not, or a Host that is none. */
enum status fields_check(const struct request_head *head, struct reason *reason);

/* Is this the value of one of the fields in which browsers say that they only guess (Sec-Purpose,
 * Purpose, X-Purpose, X-Moz), and does it say so? */
bool field_is_prefetch(const char *value);

/* If-None-Match is a list of tags, or an asterisk, or NULL: does it have that tag, which is in
 * quotes? */
bool field_has_etag(const char *if_none_match, const char *etag);

/* Adds one more value to those that *list has (NULL: none yet), with the separator between.  From
 * the second one on the list is the buffer's text, which is valid until the buffer is emptied. */
void field_join(const char **list, struct buffer *joined, const char *separator, const char *value);

#endif
