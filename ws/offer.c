/* offer.c - what is served at which address.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/offer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "http/access.h"
#include "ws/net/sockets.h"

static void print_address(const struct access *access, const char *address)
{
    enum rest rest = (enum rest)access->settings->rest;
    bool is_local = sockets_is_local(address);
    bool has_rest = rest == REST_ON || (rest == REST_LOCAL && is_local);

    printf("at %s = %s\n", address, has_rest ? "streams and all other routes" : "streams");
    if (!is_local && access_has_secrets(access))
        fprintf(stderr,
                "restmq-wsd: at %s passwords and keys come without encryption: let a web server "
                "with TLS stand before it\n",
                address);
}

void offer_print(const struct access *access)
{
    char *list = xstrdup(access->settings->listen), *rest = list, *address;

    while ((address = strsep(&rest, ","))) {
        address += strspn(address, " ");
        address[strcspn(address, " ")] = '\0';
        print_address(access, address);
    }
    free(list);
}
