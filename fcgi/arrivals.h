/* arrivals.h - connections from the web server, held back until their requests are complete.
 *
 * libfcgi reads one request at a time and waits for it, so a web server that passes on a body as it
 * comes from a slow client would keep a process busy with nothing.  What is not complete at once is
 * collected in a file in memory, from which libfcgi reads it later.  Of a request that is too large
 * only the beginning is kept, enough to refuse it once it is over; of too many together the largest
 * is closed.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef FCGI_ARRIVALS_H
#define FCGI_ARRIVALS_H

#include <stdbool.h>
#include <time.h>

#include "fcgi/records.h"

enum {
    ARRIVALS_WAITING = 256, /* more than that, and the oldest is closed */
    ARRIVALS_EVENTS = 16,
};

/* A request: whoever takes it closes both. */
struct arrival {
    int fd;              /* to the web server */
    int spool;           /* what has come from there already; -1: nothing was read yet */
    long long len, kept; /* bytes that have come, and those of them that are in the spool */
    struct records records;
    time_t since;
};

struct arrivals {
    int epoll; /* the caller's; descriptors that are added here are events to hand in below */
    long long max_kept, max_kept_of_all; /* bytes of one request, of all that wait */
    long long kept;
    int waiting_count, ready_count;
    struct arrival waiting[ARRIVALS_WAITING]; /* the oldest first */
    struct arrival ready[ARRIVALS_EVENTS];
};

/* Sets what is kept, for bodies of so many bytes. */
void arrivals_limit(struct arrivals *arrivals, long long max_body);

/* A new connection: true when its request is complete, and the caller's; else it is kept. */
bool arrivals_add(struct arrivals *arrivals, int fd);

/* For that error, when there are no more descriptors, the request that waits longest is closed;
 * false: there is none, or it is another error. */
bool arrivals_make_room(struct arrivals *arrivals, int error);

/* Something came on a descriptor, ARRIVALS_EVENTS of them at most before all ready ones are taken.
 */
void arrivals_event(struct arrivals *arrivals, int fd);

/* A request that is ready now; false: none. */
bool arrivals_take(struct arrivals *arrivals, struct arrival *arrival);

/* Closes those that have waited for too long. */
void arrivals_expire(struct arrivals *arrivals);

void arrivals_close(struct arrivals *arrivals);

#endif
