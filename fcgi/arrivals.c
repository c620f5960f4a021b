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
    if (!arrivals->idle_seconds)
        arrivals->idle_seconds = LIMIT_IDLE_SECONDS;
}

enum progress { NOTHING, INCOMPLETE, COMPLETE, BROKEN };

static bool is_nothing_yet(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/* The last record of a request is here, and these bytes are behind its head.  What libfcgi may read
 * of them is lost, so nothing more is expected from a connection that has any. */
static enum progress at_the_end(struct arrival *arrival, const struct records *records,
                                const unsigned char *behind, size_t len)
{
    arrival->is_last = arrival->is_last || records->left || len > 0;
    return records_are_taken_back(records, behind, len) ? BROKEN : COMPLETE;
}

/* --- at the first look ------------------------------------------------------------------------ */

/* Nearly every request is complete when its connection is accepted, or wakes us.  It stays where it
 * is then.  Records of others must not get to libfcgi. */
static enum progress first_look(struct arrival *arrival)
{
    unsigned char bytes[CHUNK];
    ssize_t len = recv(arrival->fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
    struct records records = {0};
    size_t at = 0, size;

    if (len <= 0)
        return len < 0 && is_nothing_yet(errno) ? NOTHING : BROKEN;
    while (at < (size_t)len) {
        enum record_piece piece = records_next(&records, bytes + at, (size_t)len - at, &size);

        at += size;
        if (piece == PIECE_LAST)
            return at_the_end(arrival, &records, bytes + at, (size_t)len - at);
        if (piece == PIECE_JUNK)
            return BROKEN;
        if (piece == PIECE_OTHER)
            return INCOMPLETE;
    }
    return INCOMPLETE;
}

/* --- idle ------------------------------------------------------------------------------------- */

static bool watch(const struct arrivals *arrivals, int fd)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = fd};

    if (epoll_ctl(arrivals->epoll, EPOLL_CTL_ADD, fd, &event) == 0)
        return true;
    log_error("cannot wait for a request: %s", strerror(errno));
    return false;
}

/* A request that is here already has its answer, if there is room for it. */
static void end_oldest_idle(struct arrivals *arrivals)
{
    time_t since;
    struct arrival arrival = {.fd = kept_oldest(&arrivals->idle, &since),
                              .spool = -1,
                              .is_watched = true,
                              .is_last = true,
                              .is_shut = true};

    kept_remove(&arrivals->idle, arrival.fd);
    shutdown(arrival.fd, SHUT_RD);
    if (arrivals->ready_count < ARRIVALS_EVENTS && first_look(&arrival) == COMPLETE)
        arrivals->ready[arrivals->ready_count++] = arrival;
    else
        close(arrival.fd);
}

/* Of an answer more may be unread than fits, unlike that of a new connection. */
static void limit_silence(int fd)
{
    struct timeval timeout = {.tv_sec = LIMIT_PEER_SECONDS};

    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
}

void arrivals_keep(struct arrivals *arrivals, int fd, bool is_watched)
{
    if (!is_watched && !watch(arrivals, fd)) {
        close(fd);
        return;
    }
    if (!is_watched)
        limit_silence(fd);
    if (arrivals->idle.count == ARRIVALS_IDLE) {
        log_error("closed the oldest of %d idle connections", ARRIVALS_IDLE);
        end_oldest_idle(arrivals);
    }
    kept_add(&arrivals->idle, fd, time(NULL));
}

/* --- later ------------------------------------------------------------------------------------ */

static void drop(struct arrival *arrival)
{
    close(arrival->fd);
    if (arrival->spool >= 0)
        close(arrival->spool);
}

/* Takes it out of those that wait; its descriptors stay open. */
static struct arrival remove_waiting(struct arrivals *arrivals, int i)
{
    struct arrival arrival = arrivals->waiting[i];

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

/* Bytes over the limit are counted and thrown away, so that the web server reads our 413. */
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

/* Bytes of a record that is not of the request, which goes on behind it. */
static bool meet_other(struct arrival *arrival, const unsigned char *bytes, size_t len)
{
    unsigned char answer[MANAGEMENT_ANSWER];
    size_t content = records_content(&arrival->records);
    size_t end = content < sizeof(arrival->other) ? content : sizeof(arrival->other);
    size_t size = len < end - arrival->other_len ? len : end - arrival->other_len;

    memcpy(arrival->other + arrival->other_len, bytes, size);
    arrival->other_len += size;
    if (arrival->records.left)
        return true;
    len = management_answer(&arrival->records, arrival->other, arrival->other_len, answer);
    arrival->other_len = 0;
    return !len || send(arrival->fd, answer, len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len;
}

static size_t copy(unsigned char *to, const void *from, size_t len)
{
    memcpy(to, from, len);
    return len;
}

/* Keeps what is of the request, with a head whose first bytes came before. */
static enum progress sort_out(struct arrivals *arrivals, struct arrival *arrival,
                              const unsigned char *bytes, size_t len)
{
    unsigned char own[CHUNK + FCGI_HEADER_LEN];
    struct records *records = &arrival->records;
    enum progress progress = INCOMPLETE;
    size_t own_len = 0, size;

    for (; len > 0 && progress == INCOMPLETE; bytes += size, len -= size) {
        enum record_piece piece = records_next(records, bytes, len, &size);

        if (piece == PIECE_HEAD || piece == PIECE_LAST)
            own_len += copy(own + own_len, &records->head, FCGI_HEADER_LEN);
        else if (piece == PIECE_CONTENT)
            own_len += copy(own + own_len, bytes, size);
        if (piece == PIECE_LAST)
            progress = at_the_end(arrival, records, bytes + size, len - size);
        if (piece == PIECE_JUNK || (piece == PIECE_OTHER && !meet_other(arrival, bytes, 0)) ||
            (piece == PIECE_REST && !meet_other(arrival, bytes, size)))
            progress = BROKEN;
    }
    return keep(arrivals, arrival, own, own_len) ? progress : BROKEN;
}

/* Reads what is there, or some of it. */
static enum progress collect(struct arrivals *arrivals, struct arrival *arrival)
{
    unsigned char bytes[CHUNK];
    enum progress progress;

    for (int i = 0; i < CHUNKS; i++) {
        ssize_t len = recv(arrival->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

        if (len < 0 && is_nothing_yet(errno))
            return records_are_between(&arrival->records) ? NOTHING : INCOMPLETE;
        if (len <= 0) /* cut off: libfcgi sees the end of the spool */
            return records_are_between(&arrival->records) ? BROKEN : COMPLETE;
        progress = sort_out(arrivals, arrival, bytes, (size_t)len);
        if (progress != INCOMPLETE)
            return progress;
    }
    return INCOMPLETE;
}

bool arrivals_make_room(struct arrivals *arrivals, int error)
{
    bool has_idle = arrivals->idle.count > 0;

    if ((error != EMFILE && error != ENFILE) || arrivals->ready_count == ARRIVALS_EVENTS ||
        (!has_idle && !arrivals->waiting_count))
        return false;
    log_error("out of file descriptors: %s", has_idle ? "closed the oldest idle connection"
                                                      : "dropped the oldest unfinished request");
    if (has_idle)
        end_oldest_idle(arrivals);
    else
        drop_waiting(arrivals, 0);
    return true;
}

static void wait_for_end(struct arrivals *arrivals, struct arrival *arrival)
{
    if (arrivals->waiting_count == ARRIVALS_WAITING) {
        log_error("dropped the oldest of %d unfinished requests", ARRIVALS_WAITING);
        drop_waiting(arrivals, 0);
    }
    do
        arrival->spool = memfd_create("request", MFD_CLOEXEC);
    while (arrival->spool < 0 && arrivals_make_room(arrivals, errno));
    if (arrival->spool < 0)
        log_error("cannot keep a request: %s", strerror(errno));
    if (arrival->spool < 0 || (!arrival->is_watched && !watch(arrivals, arrival->fd))) {
        drop(arrival);
        return;
    }
    arrival->is_watched = true;
    arrival->since = time(NULL);
    arrivals->waiting[arrivals->waiting_count++] = *arrival;
}

/* True: its request is complete. */
static bool look(struct arrivals *arrivals, struct arrival *arrival)
{
    enum progress progress = first_look(arrival);

    if (progress == NOTHING)
        arrivals_keep(arrivals, arrival->fd, arrival->is_watched);
    else if (progress == INCOMPLETE)
        wait_for_end(arrivals, arrival);
    else if (progress == BROKEN)
        close(arrival->fd);
    return progress == COMPLETE;
}

bool arrivals_add(struct arrivals *arrivals, int fd, struct arrival *arrival)
{
    *arrival = (struct arrival){.fd = fd, .spool = -1};
    return look(arrivals, arrival);
}

bool arrivals_are_expected(const struct arrivals *arrivals)
{
    return arrivals->waiting_count > 0 || arrivals->idle.count > 0;
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
    if (progress == NOTHING) { /* what came was of no request */
        close(arrival.spool);
        arrivals_keep(arrivals, arrival.fd, true);
    } else if (progress == BROKEN || lseek(arrival.spool, 0, SEEK_SET) != 0)
        drop(&arrival);
    else
        arrivals->ready[arrivals->ready_count++] = arrival;
}

void arrivals_event(struct arrivals *arrivals, int fd)
{
    struct arrival arrival = {.fd = fd, .spool = -1, .is_watched = true};

    if (kept_remove(&arrivals->idle, fd)) {
        if (look(arrivals, &arrival))
            arrivals->ready[arrivals->ready_count++] = arrival;
        return;
    }
    for (int i = 0; i < arrivals->waiting_count; i++)
        if (arrivals->waiting[i].fd == fd) {
            look_again(arrivals, i);
            return;
        }
}

/* Its last bytes may be here already; if not, it is cut off. */
static void end_oldest_waiting(struct arrivals *arrivals)
{
    struct arrival *oldest = &arrivals->waiting[0];
    int count = arrivals->waiting_count;

    shutdown(oldest->fd, SHUT_RD);
    oldest->is_last = oldest->is_shut = true;
    look_again(arrivals, 0);
    if (arrivals->waiting_count == count) /* it is large, and far from its end */
        drop_waiting(arrivals, 0);
}

void arrivals_end(struct arrivals *arrivals)
{
    while (arrivals->idle.count && arrivals->ready_count < ARRIVALS_EVENTS)
        end_oldest_idle(arrivals);
    while (arrivals->waiting_count && arrivals->ready_count < ARRIVALS_EVENTS)
        end_oldest_waiting(arrivals);
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
    time_t now = time(NULL), before = now - LIMIT_REQUEST_SECONDS, since;

    while (arrivals->waiting_count && arrivals->waiting[0].since < before) {
        log_error("dropped a request that was not complete after %d s", LIMIT_REQUEST_SECONDS);
        drop_waiting(arrivals, 0);
    }
    while (arrivals->ready_count < ARRIVALS_EVENTS && kept_oldest(&arrivals->idle, &since) >= 0 &&
           since < now - arrivals->idle_seconds)
        end_oldest_idle(arrivals);
}

void arrivals_close(struct arrivals *arrivals)
{
    time_t since;
    int fd;

    while ((fd = kept_oldest(&arrivals->idle, &since)) >= 0) {
        kept_remove(&arrivals->idle, fd);
        close(fd);
    }
    kept_clear(&arrivals->idle);
    while (arrivals->waiting_count)
        drop_waiting(arrivals, 0);
    while (arrivals->ready_count)
        drop(&arrivals->ready[--arrivals->ready_count]);
}
