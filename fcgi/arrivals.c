/* arrivals.c - requests on their way in.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "fcgi/arrivals.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"

enum {
    CHUNK = 65536,
    CHUNKS = 16, /* read of one request at a time: the others want their turn, too */
};

void arrivals_limit(struct arrivals *arrivals, long long max_body)
{
    long long of_all = LIMIT_SPOOLED_BODIES * max_body;

    arrivals->max_kept = 2 * max_body + LIMIT_PARAMS;
    arrivals->max_kept_of_all = of_all > LIMIT_SPOOLS ? of_all : LIMIT_SPOOLS;
}

enum progress { INCOMPLETE, COMPLETE, BROKEN };

static enum progress look_for_end(struct records *records, const unsigned char *bytes, size_t len)
{
    if (!records_end(records, bytes, len))
        return INCOMPLETE;
    return records->is_taken_back ? BROKEN : COMPLETE;
}

/* --- at the first look ------------------------------------------------------------------------ */

/* Nearly every request is complete when its connection is accepted.  It stays where it is then. */
static enum progress first_look(int fd)
{
    unsigned char bytes[CHUNK];
    ssize_t len = recv(fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
    struct records records = {0};

    if (len == 0)
        return BROKEN; /* it is over already */
    return len > 0 ? look_for_end(&records, bytes, (size_t)len) : INCOMPLETE;
}

/* --- later ------------------------------------------------------------------------------------ */

static void drop(struct arrival *arrival)
{
    close(arrival->fd);
    close(arrival->spool);
}

/* Takes it out of those that wait; its descriptors stay open. */
static struct arrival remove_waiting(struct arrivals *arrivals, int i)
{
    struct arrival arrival = arrivals->waiting[i];

    epoll_ctl(arrivals->epoll, EPOLL_CTL_DEL, arrival.fd, NULL);
    arrivals->kept -= arrival.kept;
    arrivals->waiting_count--;
    memmove(&arrivals->waiting[i], &arrivals->waiting[i + 1],
            (size_t)(arrivals->waiting_count - i) * sizeof(arrivals->waiting[0]));
    return arrival;
}

static void drop_waiting(struct arrivals *arrivals, int i)
{
    struct arrival arrival = remove_waiting(arrivals, i);

    drop(&arrival);
}

static void drop_largest(struct arrivals *arrivals)
{
    int largest = 0;

    for (int i = 1; i < arrivals->waiting_count; i++)
        if (arrivals->waiting[i].kept > arrivals->waiting[largest].kept)
            largest = i;
    log_error("dropped an unfinished request of %lld bytes: too many bytes of them wait",
              arrivals->waiting[largest].len);
    drop_waiting(arrivals, largest);
}

/* How many of the next bytes are kept?  Once some were not, what is behind them is of no use. */
static size_t room(const struct arrivals *arrivals, const struct arrival *arrival, size_t len)
{
    long long left = arrivals->max_kept - arrival->kept;

    if (left < 0 || arrival->kept < arrival->len)
        return 0;
    return left < (long long)len ? (size_t)left : len;
}

/* What is over the limit is counted and thrown away, for the web server to read our 413. */
static bool keep(struct arrivals *arrivals, struct arrival *arrival, const unsigned char *bytes,
                 size_t len)
{
    size_t size = room(arrivals, arrival, len);
    ssize_t written = size ? write(arrival->spool, bytes, size) : 0;

    if (written != (ssize_t)size) {
        log_error("cannot keep a request: %s", strerror(written < 0 ? errno : ENOSPC));
        return false;
    }
    arrival->len += (long long)len;
    arrival->kept += (long long)size;
    arrivals->kept += (long long)size;
    return true;
}

/* Reads what is there, or some of it. */
static enum progress collect(struct arrivals *arrivals, struct arrival *arrival)
{
    unsigned char bytes[CHUNK];
    enum progress progress;

    for (int i = 0; i < CHUNKS; i++) {
        ssize_t len = recv(arrival->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

        if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
            return INCOMPLETE;
        if (len <= 0)
            return COMPLETE; /* cut off: libfcgi sees the end of the spool */
        if (!keep(arrivals, arrival, bytes, (size_t)len))
            return BROKEN;
        progress = look_for_end(&arrival->records, bytes, (size_t)len);
        if (progress != INCOMPLETE)
            return progress;
    }
    return INCOMPLETE;
}

bool arrivals_make_room(struct arrivals *arrivals, int error)
{
    if (!arrivals->waiting_count || (error != EMFILE && error != ENFILE))
        return false;
    log_error("out of file descriptors: dropped the oldest unfinished request");
    drop_waiting(arrivals, 0);
    return true;
}

bool arrivals_add(struct arrivals *arrivals, int fd)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = fd};
    struct arrival arrival = {.fd = fd, .since = time(NULL)};
    enum progress progress = first_look(fd);

    if (progress == BROKEN)
        close(fd);
    if (progress != INCOMPLETE)
        return progress == COMPLETE;
    if (arrivals->waiting_count == ARRIVALS_WAITING) {
        log_error("dropped the oldest of %d unfinished requests", ARRIVALS_WAITING);
        drop_waiting(arrivals, 0);
    }
    do
        arrival.spool = memfd_create("request", MFD_CLOEXEC);
    while (arrival.spool < 0 && arrivals_make_room(arrivals, errno));
    if (arrival.spool < 0 || epoll_ctl(arrivals->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        log_error("cannot wait for a request: %s", strerror(errno));
        drop(&arrival);
        return false;
    }
    arrivals->waiting[arrivals->waiting_count++] = arrival;
    return false;
}

static void look_again(struct arrivals *arrivals, int i)
{
    enum progress progress = collect(arrivals, &arrivals->waiting[i]);
    struct arrival arrival;

    if (progress == INCOMPLETE) {
        while (arrivals->kept > arrivals->max_kept_of_all)
            drop_largest(arrivals);
        return;
    }
    arrival = remove_waiting(arrivals, i);
    if (progress == BROKEN || lseek(arrival.spool, 0, SEEK_SET) != 0)
        drop(&arrival);
    else
        arrivals->ready[arrivals->ready_count++] = arrival;
}

void arrivals_event(struct arrivals *arrivals, int fd)
{
    for (int i = 0; i < arrivals->waiting_count; i++)
        if (arrivals->waiting[i].fd == fd) {
            look_again(arrivals, i);
            return;
        }
}

bool arrivals_take(struct arrivals *arrivals, struct arrival *arrival)
{
    if (!arrivals->ready_count)
        return false;
    *arrival = arrivals->ready[--arrivals->ready_count];
    return true;
}

void arrivals_expire(struct arrivals *arrivals)
{
    time_t before = time(NULL) - LIMIT_REQUEST_SECONDS;

    while (arrivals->waiting_count && arrivals->waiting[0].since < before) {
        log_error("dropped a request that was not complete after %d s", LIMIT_REQUEST_SECONDS);
        drop_waiting(arrivals, 0);
    }
}

void arrivals_close(struct arrivals *arrivals)
{
    while (arrivals->waiting_count)
        drop_waiting(arrivals, 0);
    while (arrivals->ready_count)
        drop(&arrivals->ready[--arrivals->ready_count]);
}
