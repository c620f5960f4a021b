/* address.c - "unix:/path" or "host:port".
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/address.h"

#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "base/number.h"

/* A unix socket's path has 107 bytes at most; a longer one would be cut, quietly. */
static bool read_path(const char *path, struct address *address)
{
    size_t len = strlen(path);

    if (path[0] != '/' || len >= sizeof(((struct sockaddr_un *)0)->sun_path))
        return false;
    *address = (struct address){.is_unix = true};
    memcpy(address->host, path, len);
    return true;
}

static bool read_host(const char *text, struct address *address)
{
    const char *colon = strrchr(text, ':');
    long long port;
    size_t len;

    if (!colon || colon == text || !number_parse(colon + 1, strlen(colon + 1), 1, 65535, &port))
        return false;
    len = (size_t)(colon - text);
    if (text[0] == '[' && colon[-1] == ']') { /* [::1]:6379 */
        text++;
        len -= 2;
    }
    if (len == 0 || len >= sizeof(address->host))
        return false;
    *address = (struct address){.port = (int)port};
    memcpy(address->host, text, len);
    return true;
}

bool address_read(const char *text, struct address *address)
{
    if (strncmp(text, "unix:", 5) == 0)
        return read_path(text + 5, address);
    return read_host(text, address);
}

void address_print(const struct address *address, char text[ADDRESS_TEXT])
{
    bool is_v6 = strchr(address->host, ':') != NULL;

    if (address->is_unix)
        snprintf(text, ADDRESS_TEXT, "unix:%s", address->host);
    else
        snprintf(text, ADDRESS_TEXT, is_v6 ? "[%s]:%d" : "%s:%d", address->host, address->port);
}
