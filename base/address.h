/* address.h - "unix:/path" or "host:port", as restmq.conf has them.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include <stdbool.h>

struct address {
    bool is_unix;
    char host[256]; /* the path when it is a unix socket; an IPv6 number stands without brackets */
    int port;
};

/* An address as text, at most. */
enum { ADDRESS_TEXT = 272 };

/* False when the text is no address; then *address means nothing. */
bool address_read(const char *text, struct address *address);

/* The text that address_read() takes, with brackets around an IPv6 number. */
void address_print(const struct address *address, char text[ADDRESS_TEXT]);

#endif
