/* address.h - where a program of the bench listens: "unix:/path" or "127.0.0.1:port".
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_BENCH_ADDRESS_H
#define TESTS_BENCH_ADDRESS_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_un local;
        struct sockaddr_in inet;
    };
    socklen_t len;
};

static inline bool address_parse_local(struct address *address, const char *path)
{
    if (strlen(path) >= sizeof address->local.sun_path)
        return false;
    address->local.sun_family = AF_UNIX;
    strcpy(address->local.sun_path, path);
    address->len = sizeof address->local;
    return true;
}

static inline bool address_parse(struct address *address, const char *text)
{
    char host[INET_ADDRSTRLEN] = "";
    const char *colon = strchr(text, ':');

    memset(address, 0, sizeof *address);
    if (strncmp(text, "unix:", 5) == 0)
        return address_parse_local(address, text + 5);
    if (colon == NULL || (size_t)(colon - text) >= sizeof host)
        return false;
    memcpy(host, text, (size_t)(colon - text));
    address->inet.sin_family = AF_INET;
    address->inet.sin_port = htons((uint16_t)atoi(colon + 1));
    address->len = sizeof address->inet;
    return inet_pton(AF_INET, host, &address->inet.sin_addr) == 1;
}

#endif
