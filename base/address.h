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

/* False when the text is no address; then *address means nothing. */
bool address_read(const char *text, struct address *address);

#endif
