/* entrance.h - where clients come in: the sockets that are listened on, and how many connections
 * there may be.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_ENTRANCE_H
#define WS_ENTRANCE_H

#include <stdbool.h>

struct access;
struct conns;
struct listening_socket;

/* conns and access are filled in; it is closed then. */
struct entrance {
    struct conns *conns;
    const struct access *access; /* whose addresses are those of proxies */
    long long max_conns;         /* max_consumers, or what the limit of open files leaves of it */
    struct listening_socket *listeners; /* NULL: closed */
    bool lets_in;
};

/* From now on clients can connect; they wait until they are let in.  False: an address cannot be
 * listened on, which is in the log. */
bool entrance_open(struct entrance *entrance);
void entrance_let_in(struct entrance *entrance);
void entrance_close(struct entrance *entrance);

/* Counts anew how many connections there may be: the settings have changed. */
void entrance_limit(struct entrance *entrance);

#endif
