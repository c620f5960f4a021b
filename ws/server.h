/* server.h - the loop: what happens at the end of its turns, timeouts, signals, the end.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_SERVER_H
#define WS_SERVER_H

#include <ev.h>
#include <netinet/in.h>
#include <stdbool.h>

#include "base/config.h"
#include "broker/presence.h"
#include "broker/sweep.h"
#include "broker/token.h"
#include "http/access.h"
#include "http/request.h"
#include "http/response.h"
#include "ws/feed/comeback.h"
#include "ws/feed/source.h"
#include "ws/feed/walk.h"
#include "ws/net/budget.h"
#include "ws/net/conn.h"
#include "ws/net/relief.h"
#include "ws/net/turn.h"

struct alink;
struct attendance;
struct authkey_cache;
struct channels;
struct job;
struct listener;
struct rings;

struct server {
    struct config *config;
    const struct settings *settings;
    struct access access;
    struct authkey_cache *keys;
    struct rings *rings;
    struct ev_loop *loop;
    struct alink *alink;
    struct budget budget;
    struct relief relief;
    bool is_up; /* Redis is there */
    struct comeback comeback;
    bool is_stopping;
    ev_tstamp stop_until;
    struct listener *listeners;
    struct ev_check begin_of_turn;
    struct ev_prepare end_of_turn;
    struct ev_idle more; /* there is more to do: the loop does not wait */
    struct turn turn;
    struct ev_timer step;
    struct ev_signal terminate, interrupt, user, hang_up;
    struct conns conns;
    long long max_conns; /* max_consumers, or what the limit of open files leaves of it */
    unsigned long long conn_number; /* of the last one, ever */
    struct channels *channels;
    struct sources queues, hubs;
    struct attendance *attendances;
    struct attendance **rejoining; /* from there on they join again; NULL: none */
    struct job *jobs, *free_jobs;
    int free_job_count;
    struct chats *chats;
    char id[PRESENCE_ID]; /* of this helper, in presence */
    bool presence_is_stale;
    unsigned steps; /* of the wheel, ever */
    struct token_pool pool;
    struct sweep sweep; /* purged queues */
    bool is_sweeping;   /* a step of it is under way */
    struct walker walker;
    /* One request is read at a time. */
    char peer[INET6_ADDRSTRLEN];                  /* the address that it comes from */
    struct buffer forwarded_for, accept, cookies; /* of several such fields, as one list each */
    struct request request;
    struct visitor visitor;
    struct response response;
};

static inline struct server *server_of(const struct conns *conns)
{
    return conns->user;
}

/* Runs until it is told to stop; the exit code.  Takes over the access rules. */
int server_run(struct config *config, const struct access *access);

/* Milliseconds since 1970. */
long long server_now_ms(const struct server *server);

#endif
