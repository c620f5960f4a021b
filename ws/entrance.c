/* entrance.c - where clients come in.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/entrance.h"

#include <limits.h>
#include <sys/resource.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/settings.h"
#include "http/access.h"
#include "ws/net/conns.h"
#include "ws/net/sockets.h"
#include "ws/role/refusal.h"

/* --- how many --------------------------------------------------------------------------------- */

/* Files that may be open: as many as this process may let itself have. */
static long long raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return LLONG_MAX;
    if (limit.rlim_cur < limit.rlim_max) {
        rlim_t before = limit.rlim_cur;

        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
            limit.rlim_cur = before;
    }
    return limit.rlim_cur > LLONG_MAX ? LLONG_MAX : (long long)limit.rlim_cur;
}

/* Each connection is an open file. */
void entrance_limit(struct entrance *entrance)
{
    long long wanted = entrance->conns->settings->max_consumers, files = raise_file_limit();

    entrance->max_conns = files < 2 * LIMIT_FILES_KEPT ? files / 2 : files - LIMIT_FILES_KEPT;
    if (entrance->max_conns > wanted)
        entrance->max_conns = wanted;
    if (entrance->max_conns < 1)
        entrance->max_conns = 1;
    if (entrance->max_conns < wanted)
        log_error("max_consumers is %lld, but at most %lld files may be open: only %lld clients "
                  "are served",
                  wanted, files, entrance->max_conns);
    heads_limit(&entrance->conns->heads, entrance->max_conns);
}

/* --- new connections -------------------------------------------------------------------------- */

static void on_accepted(void *user, int fd, const struct ip *ip, bool is_local)
{
    const struct entrance *entrance = user;
    struct conns *conns = entrance->conns;

    if (conns->count >= entrance->max_conns && !heads_drop_oldest(&conns->heads)) {
        log_error("%lld clients are connected, no more are served", entrance->max_conns);
        refusal_turn_away(fd);
        return;
    }
    conns_accept(conns, fd, access_trusts(entrance->access, ip) ? NULL : ip)->is_local = is_local;
}

static bool make_room(void *user)
{
    const struct entrance *entrance = user;

    return heads_drop_oldest(&entrance->conns->heads);
}

static const struct acceptor acceptor = {.accepted = on_accepted, .make_room = make_room};

bool entrance_open(struct entrance *entrance)
{
    struct conns *conns = entrance->conns;

    entrance_limit(entrance);
    entrance->listeners = sockets_open(conns->loop, conns->settings->listen, &acceptor, entrance);
    return entrance->listeners != NULL;
}

void entrance_let_in(struct entrance *entrance)
{
    if (entrance->lets_in)
        return;
    entrance->lets_in = true;
    sockets_accept(entrance->listeners);
}

void entrance_close(struct entrance *entrance)
{
    sockets_close(entrance->listeners);
    entrance->listeners = NULL;
}
