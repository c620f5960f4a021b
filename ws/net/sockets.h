/* sockets.h - the sockets that a helper listens on.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_NET_SOCKETS_H
#define WS_NET_SOCKETS_H

#include <stdbool.h>

struct ev_loop;
struct ip;
struct listening_socket;

/* The function that gets accepted connections. */
struct acceptor {
    /* A new connection, whose socket does not block; ip is its peer's address, NULL: of none of the
     * internet.  is_local: only this machine can reach the address that it came to.  It takes the
     * socket over. */
    void (*accepted)(void *user, int fd, const struct ip *ip, bool is_local);

    /* There are too few files or too little memory: closes a connection that nobody misses.  False:
     * there is none. */
    bool (*make_room)(void *user);
};

/* Listens on the sockets that systemd passes, or else on all addresses of the list; clients wait
 * until sockets_accept().  NULL: one of them failed, which is in the log. */
struct listening_socket *sockets_open(struct ev_loop *loop, const char *addresses,
                                      const struct acceptor *acceptor, void *user);

/* Lets clients in, also those that have waited. */
void sockets_accept(struct listening_socket *listeners);

/* Can only this machine reach such an address?  One that cannot be found may be anywhere. */
bool sockets_is_local(const char *address);

/* Stops to listen; unix sockets that it made are removed. */
void sockets_close(struct listening_socket *listeners);

#endif
