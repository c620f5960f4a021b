/* listener.c - waiting for requests and for signals.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "fcgi/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

static const struct timespec rest = {.tv_nsec = 100 * 1000 * 1000};

enum {
    LISTEN_FD = 0,              /* as the FastCGI specification has it */
    LOOK_NS = 10 * 1000 * 1000, /* between looks at signals while there is always a request */
    IDLE_MS = 30 * 1000,        /* between looks for connections that are idle for too long */
    DRAIN_IDLE_SECONDS = 1,
};

static sigset_t watched_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGHUP);
    return set;
}

void listener_hold_signals(void)
{
    sigset_t set = watched_signals();

    sigprocmask(SIG_BLOCK, &set, NULL);
}

static bool watch(struct listener *listener, int fd, unsigned events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};

    return epoll_ctl(listener->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool listener_open(struct listener *listener)
{
    sigset_t set = watched_signals();
    int flags = fcntl(LISTEN_FD, F_GETFL);

    *listener = (struct listener){.epoll = -1, .signals = -1, .may_accept = true};
    listener->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    listener->epoll = epoll_create1(EPOLL_CLOEXEC);
    /* Accepting must not block: with several processes another one may be faster.  EXCLUSIVE
     * wakes one of them for a connection instead of all. */
    if (listener->signals >= 0 && listener->epoll >= 0 && flags >= 0 &&
        fcntl(LISTEN_FD, F_SETFL, flags | O_NONBLOCK) == 0 &&
        watch(listener, LISTEN_FD, EPOLLIN | EPOLLEXCLUSIVE) &&
        watch(listener, listener->signals, EPOLLIN)) {
        listener->arrivals.epoll = listener->epoll;
        return true;
    }
    log_error("cannot wait for requests: %s", strerror(errno));
    return false;
}

void listener_close(struct listener *listener)
{
    arrivals_close(&listener->arrivals);
    close(listener->epoll);
    close(listener->signals);
}

static void take_signals(struct listener *listener)
{
    struct signalfd_siginfo info;

    while (read(listener->signals, &info, sizeof(info)) == sizeof(info)) {
        if (info.ssi_signo == SIGHUP)
            listener->must_reload = true;
        else
            listener->must_stop = true;
    }
}

/* A look costs as much as a system call, and requests may come by the thousand. */
void listener_poll_signals(struct listener *listener)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    if (now.tv_sec == listener->looked_at.tv_sec &&
        now.tv_nsec - listener->looked_at.tv_nsec < LOOK_NS)
        return;
    listener->looked_at = now;
    take_signals(listener);
}

static void take_events(struct listener *listener, int timeout_ms)
{
    struct epoll_event events[ARRIVALS_EVENTS];
    int count = epoll_wait(listener->epoll, events, ARRIVALS_EVENTS, timeout_ms);

    for (int i = 0; i < count; i++)
        if (events[i].data.fd == LISTEN_FD)
            listener->may_accept = true;
        else if (events[i].data.fd == listener->signals)
            take_signals(listener);
        else
            arrivals_event(&listener->arrivals, events[i].data.fd);
    arrivals_expire(&listener->arrivals);
}

bool listener_has_connections(const struct listener *listener)
{
    return arrivals_are_expected(&listener->arrivals) || listener->arrivals.ready_count > 0;
}

void listener_drain(struct listener *listener)
{
    if (!listener->must_drain)
        epoll_ctl(listener->epoll, EPOLL_CTL_DEL, LISTEN_FD, NULL);
    listener->must_drain = true;
    listener->arrivals.idle_seconds = DRAIN_IDLE_SECONDS;
}

/* Errors of accept() that last, while the connection goes on to wake us. */
static bool is_shortage(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/* accept() runs out of descriptors before it looks whether somebody is there. */
static int accept_error(void)
{
    struct pollfd somebody = {.fd = LISTEN_FD, .events = POLLIN};
    int error = errno;

    return (error == EMFILE || error == ENFILE) && poll(&somebody, 1, 0) == 0 ? EAGAIN : error;
}

/* Accepts as many as it takes to find one that need not wait. */
static bool accept_complete(struct listener *listener, struct arrival *arrival)
{
    for (int i = 0; i < ARRIVALS_EVENTS; i++) {
        int fd = accept4(LISTEN_FD, NULL, NULL, SOCK_CLOEXEC);

        listener->error = fd < 0 ? accept_error() : 0;
        if (fd < 0 && arrivals_make_room(&listener->arrivals, listener->error))
            continue;
        if (fd < 0) {
            listener->may_accept = false; /* until it wakes us */
            return false;
        }
        if (arrivals_add(&listener->arrivals, fd, arrival))
            return true;
    }
    return false;
}

/* New connections and those that are here take turns. */
bool listener_next(struct listener *listener, struct arrival *arrival)
{
    if (arrivals_take(&listener->arrivals, arrival))
        return true;
    if (listener->has_accepted && arrivals_are_expected(&listener->arrivals)) {
        take_events(listener, 0);
        listener->has_accepted = false;
        if (arrivals_take(&listener->arrivals, arrival))
            return true;
    }
    listener->has_accepted =
        listener->may_accept && !listener->must_drain && accept_complete(listener, arrival);
    return listener->has_accepted;
}

static int wait_ms(const struct listener *listener)
{
    if (listener->arrivals.waiting_count || listener->must_drain)
        return 1000;
    return listener->arrivals.idle.count ? IDLE_MS : -1;
}

void listener_wait(struct listener *listener)
{
    if (is_shortage(listener->error)) {
        log_error("cannot accept requests: %s", strerror(listener->error));
        nanosleep(&rest, NULL); /* else the connection would wake us for ever */
        listener->error = 0;
    }
    take_events(listener, wait_ms(listener));
}

void listener_look(struct listener *listener)
{
    take_events(listener, 0);
}
