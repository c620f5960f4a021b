/* arrivals.h - connections from the web server, held back until their requests are complete, and
 * kept between two requests.
 *
 * libfcgi reads one request at a time and waits for it, so a web server that passes on a body as it
 * comes from a slow client would keep a process busy with nothing.  What is not complete at once is
 * collected in a file in memory, from which libfcgi reads it later.  Of a request that is too large
 * only the beginning is kept, enough to refuse it once it is over; of too many together the largest
 * is closed.
 *
 * A connection that has no request now is idle.  One that is ended, as it was idle for too long or
 * as the process ends, is first shut for what the web server may still write; so a request is
 * either here by then, and answered, or its web server knows that nothing was done.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef FCGI_ARRIVALS_H
#define FCGI_ARRIVALS_H

#include <stdbool.h>
#include <time.h>

#include "fcgi/kept.h"
#include "fcgi/management.h"
#include "fcgi/records.h"

enum {
    ARRIVALS_WAITING = 256, /* more than that, and the oldest is closed */
    ARRIVALS_IDLE = 512,    /* and the one that is idle for longest */
    ARRIVALS_EVENTS = 16,
};

/* A request: its new owner closes both. */
struct arrival {
    int fd;              /* to the web server */
    int spool;           /* what has come from there already; -1: nothing was read yet */
    long long len, kept; /* bytes that have come, and those of them that are in the spool */
    struct records records;
    unsigned char other[MANAGEMENT_CONTENT]; /* of the record in hand, if it is of no request */
    size_t other_len;
    bool is_watched; /* the descriptor is in the epoll set */
    bool is_last;    /* the connection must be closed behind the answer */
    bool is_shut;    /* nothing more can come, but the web server waits for the answer */
    time_t since;
};

struct arrivals {
    int epoll; /* the caller's; descriptors that are added here are events to hand in below */
    long long max_kept, max_kept_of_all; /* bytes of one request, of all that wait */
    long long kept;
    int idle_seconds; /* then an idle one is closed */
    struct kept idle;
    int waiting_count, ready_count;
    struct arrival waiting[ARRIVALS_WAITING]; /* the oldest first */
    struct arrival ready[ARRIVALS_EVENTS];
};

/* Sets what is kept, for bodies of so many bytes. */
void arrivals_limit(struct arrivals *arrivals, long long max_body);

/* A new connection: true when its request is complete, and the caller's; else it is held back. */
bool arrivals_add(struct arrivals *arrivals, int fd, struct arrival *arrival);

/* A connection whose request was answered: the next one may come, or is here already. */
void arrivals_keep(struct arrivals *arrivals, int fd, bool is_watched);

/* Is there any connection whose request may come? */
bool arrivals_are_expected(const struct arrivals *arrivals);

/* For that error, when there are no more descriptors, the connection is closed that is idle for
 * longest, or the request that waits longest; false: there is none, or it is another error. */
bool arrivals_make_room(struct arrivals *arrivals, int error);

/* Something came on a descriptor, ARRIVALS_EVENTS of them at most before all ready ones are taken.
 */
void arrivals_event(struct arrivals *arrivals, int fd);

/* A request that is ready now; false: none. */
bool arrivals_take(struct arrivals *arrivals, struct arrival *arrival);

/* Closes those that have waited, or were idle, for too long. */
void arrivals_expire(struct arrivals *arrivals);

/* Ends all connections, or as many as there is room for: requests on some are ready by that. */
void arrivals_end(struct arrivals *arrivals);

void arrivals_close(struct arrivals *arrivals);

#endif
