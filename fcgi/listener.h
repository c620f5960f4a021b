/* listener.h - waiting for requests and for signals, without losing either.
 *
 * Signals stay blocked while a request is read and answered (libfcgi loses a request when one
 * interrupts it) and are read from a descriptor between requests.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef FCGI_LISTENER_H
#define FCGI_LISTENER_H

#include <stdbool.h>
#include <time.h>

#include "fcgi/arrivals.h"

struct listener {
    int epoll;
    int signals;
    int error; /* of the last look for a connection: EAGAIN, or why there will be none */
    struct arrivals arrivals;
    bool may_accept;           /* there may be a connection */
    bool has_accepted;         /* the last request came with a new connection */
    bool must_drain;           /* accepts nothing more */
    bool must_stop;            /* SIGTERM, SIGINT or SIGUSR1 came */
    bool must_reload;          /* SIGHUP came; whoever reloads sets it back */
    struct timespec looked_at; /* when signals were looked at between two requests */
};

/* Keeps the signals to stop and to reload until there is a listener to read them.  Call it before
 * anything of libfcgi, which catches them from its first call on, and forgets them. */
void listener_hold_signals(void);

/* Takes over the listening socket, descriptor 0, which other processes may share.
 * False: said in the log. */
bool listener_open(struct listener *listener);
void listener_close(struct listener *listener);

/* A request, whose descriptors are the caller's; false: none now. */
bool listener_next(struct listener *listener, struct arrival *arrival);

/* Accepts nothing more from now on, and closes connections that are idle for a second. */
void listener_drain(struct listener *listener);

/* Are there connections without a request, or whose requests are not complete, or not answered? */
bool listener_has_connections(const struct listener *listener);

/* Looks whether a signal came, unless it has just done so; for between two requests. */
void listener_poll_signals(struct listener *listener);

/* Sleeps until there may be a request, or a signal; a second at most while requests wait for their
 * ends. */
void listener_wait(struct listener *listener);

/* As listener_wait(), without sleeping. */
void listener_look(struct listener *listener);

#endif
