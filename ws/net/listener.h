/* listener.h - the sockets that a helper listens on.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_NET_LISTENER_H
#define WS_NET_LISTENER_H

struct listener;
struct server;

/* Listens on the sockets that systemd passes, or else on all addresses of settings.listen.  NULL:
 * one of them failed, which is in the log. */
struct listener *listeners_open(struct server *server);

/* Stops to listen; unix sockets that it made are removed. */
void listeners_close(struct listener *listeners);

#endif
