/* sockets.c - listening, and accepting connections.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/net/sockets.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/network.h"
#include "base/number.h"

enum {
    BACKLOG = 4096,
    ACCEPTS = 64, /* in one turn of the loop: the others want their turn too */
};

static const ev_tstamp REST_SECONDS = 0.1;

/* The owner of the sockets. */
struct listener_owner {
    struct ev_loop *loop;
    const struct acceptor *acceptor;
    void *user;
};

struct listening_socket {
    struct listening_socket *next;
    struct listener_owner owner;
    struct ev_io io;
    struct ev_timer rest; /* from accepting, while that cannot succeed */
    int reserve; /* a descriptor that is given up to accept and close when there are no more */
    bool is_unix;
    bool is_local;                                          /* only this machine can reach it */
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* of a unix socket */
};

/* --- accepting -------------------------------------------------------------------------------- */

/* NULL: a unix socket, or no address of the internet. */
static const struct ip *read_peer(const struct sockaddr_storage *peer, struct ip *ip)
{
    char text[INET6_ADDRSTRLEN];

    if (peer->ss_family != AF_INET && peer->ss_family != AF_INET6)
        return NULL;
    if (getnameinfo((const struct sockaddr *)peer, sizeof(*peer), text, sizeof(text), NULL, 0,
                    NI_NUMERICHOST) != 0)
        return NULL;
    return ip_read(text, strlen(text), ip) ? ip : NULL;
}

static bool is_shortage(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void on_rest(struct ev_loop *loop, struct ev_timer *rest, int events)
{
    struct listening_socket *listener = rest->data;

    (void)events;
    if (listener->reserve < 0)
        listener->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
    ev_io_start(loop, &listener->io);
}

/* Without this the connection would stay in the backlog and wake us for ever: the oldest that has
 * not been let in makes room, or it is turned away itself, or is looked at later. */
static void run_short(struct listening_socket *listener, int error)
{
    const struct listener_owner *owner = &listener->owner;
    int fd = -1;

    log_error("cannot accept connections: %s", strerror(error));
    if (owner->acceptor->make_room(owner->user))
        return;
    if (listener->reserve >= 0) {
        close(listener->reserve);
        fd = accept(listener->io.fd, NULL, NULL);
        if (fd >= 0)
            close(fd);
        listener->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    if (fd >= 0 && listener->reserve >= 0)
        return;
    ev_io_stop(owner->loop, &listener->io);
    ev_timer_set(&listener->rest, REST_SECONDS, 0);
    ev_timer_start(owner->loop, &listener->rest);
}

static void take_over(struct listening_socket *listener, int fd,
                      const struct sockaddr_storage *peer)
{
    int on = 1;
    struct ip address;

    if (!listener->is_unix)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    listener->owner.acceptor->accepted(listener->owner.user, fd, read_peer(peer, &address),
                                       listener->is_local);
}

static void on_connection(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct listening_socket *listener = io->data;

    (void)loop, (void)events;
    for (int i = 0; i < ACCEPTS; i++) {
        struct sockaddr_storage peer;
        socklen_t size = sizeof(peer);
        int fd = accept4(io->fd, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            take_over(listener, fd, &peer);
        } else if (is_shortage(errno)) {
            run_short(listener, errno);
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return;
        }
    }
}

/* --- listening -------------------------------------------------------------------------------- */

/* A socket that nobody listens on any more was left behind by a killed process. */
static void remove_stale(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct stat there;

    if (stat(address->sun_path, &there) == 0 && S_ISSOCK(there.st_mode) &&
        connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
        errno == ECONNREFUSED)
        unlink(address->sun_path);
    close(fd);
}

static int listen_unix(struct listening_socket *listener, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    listener->is_unix = true;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    remove_stale(&address);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(fd, BACKLOG) != 0)
        goto failed;
    /* The folder and its group say who may connect. */
    chmod(path, 0660);
    snprintf(listener->path, sizeof(listener->path), "%s", path);
    return fd;
failed:
    log_error("listen on unix:%s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static int listen_at(const struct addrinfo *info)
{
    int on = 1;
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
    if (info->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    close(fd);
    return -1;
}

/* "host:port", "[::1]:port"; of getaddrinfo(). */
static int find_address(const char *address, struct addrinfo **found)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    char *host = xstrdup(address), *port = strrchr(host, ':'), *name = host;
    int error;

    *found = NULL;
    *port++ = '\0';
    if (*name == '[' && name[strlen(name) - 1] == ']') {
        name[strlen(name) - 1] = '\0';
        name++;
    }
    error = getaddrinfo(name, port, &hints, found);
    free(host);
    return error;
}

static int listen_tcp(const char *address)
{
    struct addrinfo *found;
    int fd = -1, error = find_address(address, &found);

    if (!error)
        fd = listen_at(found);
    if (fd < 0)
        log_error("listen on %s: %s", address, error ? gai_strerror(error) : strerror(errno));
    if (found)
        freeaddrinfo(found);
    return fd;
}

static bool is_local(const struct sockaddr_storage *own)
{
    struct ip ip;

    return own->ss_family == AF_UNIX || (read_peer(own, &ip) && ip_is_loopback(&ip));
}

static bool is_bound_locally(int fd)
{
    struct sockaddr_storage own = {0};
    socklen_t size = sizeof(own);

    return getsockname(fd, (struct sockaddr *)&own, &size) == 0 && is_local(&own);
}

bool sockets_is_local(const char *address)
{
    struct sockaddr_storage own = {0};
    struct addrinfo *found;

    if (strncmp(address, "unix:", 5) == 0)
        return true;
    if (find_address(address, &found) != 0)
        return false;
    memcpy(&own, found->ai_addr, found->ai_addrlen); /* the one that is listened on */
    freeaddrinfo(found);
    return is_local(&own);
}

/* fd may be -1: NULL is returned then. */
static struct listening_socket *listener_begin(struct listening_socket *listener, int fd)
{
    if (fd < 0) {
        free(listener);
        return NULL;
    }
    listener->is_local = is_bound_locally(fd);
    listener->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
    ev_io_init(&listener->io, on_connection, fd, EV_READ);
    ev_init(&listener->rest, on_rest);
    listener->io.data = listener->rest.data = listener;
    return listener;
}

static struct listening_socket *listener_new(const struct listener_owner *owner)
{
    struct listening_socket *listener = xmalloc(sizeof(*listener));

    *listener = (struct listening_socket){.owner = *owner, .reserve = -1};
    return listener;
}

static struct listening_socket *listener_open(const struct listener_owner *owner,
                                              const char *address)
{
    struct listening_socket *listener = listener_new(owner);
    bool is_unix = strncmp(address, "unix:", 5) == 0;

    return listener_begin(listener,
                          is_unix ? listen_unix(listener, address + 5) : listen_tcp(address));
}

/* --- sockets that somebody else keeps, see sd_listen_fds(3) ----------------------------------- */

enum { FIRST_PASSED = 3, MOST_PASSED = 64 };

static long long number_in(const char *variable)
{
    const char *text = getenv(variable);
    long long number = 0;

    return text && number_parse(text, strlen(text), 1, INT_MAX, &number) ? number : 0;
}

static int count_passed(void)
{
    long long count = number_in("LISTEN_PID") == getpid() ? number_in("LISTEN_FDS") : 0;

    return count <= MOST_PASSED ? (int)count : MOST_PASSED;
}

/* The socket outlives this process, which must not remove its file. */
static struct listening_socket *listener_take(const struct listener_owner *owner, int fd)
{
    struct listening_socket *listener = listener_new(owner);
    int is_listening = 0, domain = AF_UNSPEC;
    socklen_t size = sizeof(int);

    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size) != 0 || !is_listening ||
        getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 ||
        fcntl(fd, F_SETFL, O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
        log_error("LISTEN_FDS: descriptor %d is no listening socket", fd);
        fd = -1;
    }
    listener->is_unix = domain == AF_UNIX;
    return listener_begin(listener, fd);
}

static struct listening_socket *listeners_take(const struct listener_owner *owner, int count)
{
    struct listening_socket *first = NULL;

    for (int i = 0; i < count; i++) {
        struct listening_socket *listener = listener_take(owner, FIRST_PASSED + i);

        if (!listener) {
            sockets_close(first);
            return NULL;
        }
        listener->next = first;
        first = listener;
    }
    log_info("listening on what was passed (LISTEN_FDS=%d), and on no address of listen", count);
    return first;
}

/* --- all of them ------------------------------------------------------------------------------ */

static struct listening_socket *listeners_bind(const struct listener_owner *owner,
                                               const char *addresses)
{
    char *list = xstrdup(addresses), *rest = list, *address;
    struct listening_socket *first = NULL;

    while ((address = strsep(&rest, ","))) {
        struct listening_socket *listener;

        address += strspn(address, " ");
        address[strcspn(address, " ")] = '\0';
        listener = listener_open(owner, address);
        if (!listener) {
            sockets_close(first);
            first = NULL;
            break;
        }
        listener->next = first;
        first = listener;
    }
    free(list);
    return first;
}

struct listening_socket *sockets_open(struct ev_loop *loop, const char *addresses,
                                      const struct acceptor *acceptor, void *user)
{
    struct listener_owner owner = {loop, acceptor, user};
    int passed = count_passed();

    return passed ? listeners_take(&owner, passed) : listeners_bind(&owner, addresses);
}

void sockets_accept(struct listening_socket *listeners)
{
    for (struct listening_socket *listener = listeners; listener; listener = listener->next)
        ev_io_start(listener->owner.loop, &listener->io);
}

void sockets_close(struct listening_socket *listeners)
{
    while (listeners) {
        struct listening_socket *listener = listeners;

        listeners = listener->next;
        ev_io_stop(listener->owner.loop, &listener->io);
        ev_timer_stop(listener->owner.loop, &listener->rest);
        /* While it still listens: behind a dead one another process could have put its own. */
        if (*listener->path)
            unlink(listener->path);
        close(listener->io.fd);
        close(listener->reserve);
        free(listener);
    }
}
