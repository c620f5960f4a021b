/* listener.h - the sockets that a helper listens on.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_NET_LISTENER_H
#define WS_NET_LISTENER_H

#include <stdbool.h>

struct ev_loop;
struct ip;
struct listener;

/* Who takes what is accepted. */
struct acceptor {
    /* A new connection, whose socket does not block; ip is its peer's address, NULL: of none of the
     * internet.  It takes the socket over. */
    void (*accepted)(void *user, int fd, const struct ip *ip);

    /* There are too few files or too little memory: closes a connection that nobody misses.  False:
     * there is none. */
    bool (*make_room)(void *user);
};

/* Listens on the sockets that systemd passes, or else on all addresses of the list.  NULL:
 * one of them failed, which is in the log. */
struct listener *listeners_open(struct ev_loop *loop, const char *addresses,
                                const struct acceptor *acceptor, void *user);

/* Stops to listen; unix sockets that it made are removed. */
void listeners_close(struct listener *listeners);

#endif
