/* arrivals.c - requests on their way in.
 *
 * A request ends with an empty record of FastCGI's input.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "fcgi/arrivals.h"

#include <errno.h>
#include <fastcgi.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"

enum { CHUNK = 65536 };

/* Bytes of a record with its head; 0: it is the last one, or one that libfcgi refuses by itself. */
static size_t record_len(const FCGI_Header *header)
{
    size_t content = (size_t)header->contentLengthB1 << 8 | header->contentLengthB0;
    bool is_usual = header->type == FCGI_BEGIN_REQUEST || header->type == FCGI_PARAMS ||
                    header->type == FCGI_STDIN;

    if (!is_usual || (header->type == FCGI_STDIN && content == 0))
        return 0;
    return FCGI_HEADER_LEN + content + header->paddingLength;
}

/* --- at the first look ------------------------------------------------------------------------ */

/* Nearly every request is complete when its connection is accepted.  It stays where it is then. */
static bool is_complete(int fd)
{
    unsigned char bytes[CHUNK];
    ssize_t len = recv(fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
    ssize_t at = 0;

    while (len - at >= FCGI_HEADER_LEN) {
        size_t record = record_len((const FCGI_Header *)(bytes + at));

        if (!record)
            return true;
        at += (ssize_t)record;
    }
    return len == 0; /* it is over already */
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
    arrivals->waiting_count--;
    memmove(&arrivals->waiting[i], &arrivals->waiting[i + 1],
            (size_t)(arrivals->waiting_count - i) * sizeof(arrivals->waiting[0]));
    return arrival;
}

static void drop_oldest(struct arrivals *arrivals)
{
    struct arrival arrival = remove_waiting(arrivals, 0);

    drop(&arrival);
}

/* Looks at the records that have begun. */
static bool has_end(struct arrival *arrival)
{
    FCGI_Header header;

    while (pread(arrival->spool, &header, sizeof(header), arrival->at) == sizeof(header)) {
        size_t record = record_len(&header);

        if (!record)
            return true;
        arrival->at += (off_t)record;
    }
    return false;
}

enum progress { INCOMPLETE, COMPLETE, BROKEN };

/* Reads all that is there. */
static enum progress collect(struct arrival *arrival, long long max_spool)
{
    char bytes[CHUNK];
    ssize_t len;

    while ((len = recv(arrival->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
        if (write(arrival->spool, bytes, (size_t)len) != len || arrival->len + len > max_spool)
            return BROKEN;
        arrival->len += len;
        if (has_end(arrival))
            return COMPLETE;
    }
    if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return INCOMPLETE;
    return COMPLETE; /* cut off: libfcgi sees the end of the spool */
}

bool arrivals_add(struct arrivals *arrivals, int fd)
{
    /* Edge-triggered: each event is read to its end. */
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.fd = fd};
    struct arrival arrival = {.fd = fd, .since = time(NULL)};

    if (is_complete(fd))
        return true;
    if (arrivals->waiting_count == ARRIVALS_WAITING)
        drop_oldest(arrivals);
    arrival.spool = memfd_create("request", MFD_CLOEXEC);
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
    enum progress progress = collect(&arrivals->waiting[i], arrivals->max_spool);
    struct arrival arrival;

    if (progress == INCOMPLETE)
        return;
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

    while (arrivals->waiting_count && arrivals->waiting[0].since < before)
        drop_oldest(arrivals);
}

void arrivals_close(struct arrivals *arrivals)
{
    while (arrivals->waiting_count)
        drop_oldest(arrivals);
    while (arrivals->ready_count)
        drop(&arrivals->ready[--arrivals->ready_count]);
}
