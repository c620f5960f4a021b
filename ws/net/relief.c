/* relief.c - room in the budget.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/net/relief.h"

#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "ws/net/conn.h"
#include "ws/redis/alink.h"
#include "ws/server.h"

enum {
    CLOSED_AT_ONCE = 64, /* found in one look at all connections */
    LOOKS = 8,           /* in one turn */
    SPARE = 16,          /* this part of the limit is made free, so that such looks are rare */
};

static const size_t unused_bytes = 4 << 20; /* that are not worth to be given back */

/* --- who is closed ---------------------------------------------------------------------------- */

struct found {
    struct conn *conn;
    unsigned steps; /* without progress */
    size_t cost;
};

/* The first ones to be closed, in their order. */
struct candidates {
    int count;
    struct found found[CLOSED_AT_ONCE];
};

/* Something waits for it, or the rest of what it has begun to say. */
static bool is_candidate(const struct conn *conn)
{
    bool is_unfinished = conn->kept && !conn->jobs && !conn->is_paused;

    return conn->state != CONN_CLOSED && !conn->is_held && (conn->outbox.count || is_unfinished);
}

static bool is_before(const struct found *one, const struct found *other)
{
    return one->steps != other->steps ? one->steps > other->steps : one->cost > other->cost;
}

static void insert(struct candidates *candidates, const struct found *found)
{
    int at = candidates->count;

    if (at == CLOSED_AT_ONCE && !is_before(found, &candidates->found[--at]))
        return;
    while (at > 0 && is_before(found, &candidates->found[at - 1])) {
        candidates->found[at] = candidates->found[at - 1];
        at--;
    }
    candidates->found[at] = *found;
    if (candidates->count < CLOSED_AT_ONCE)
        candidates->count++;
}

static void find_candidates(const struct server *server, struct candidates *candidates)
{
    candidates->count = 0;
    for (struct conn *conn = server->conns; conn; conn = conn->next) {
        struct found found = {conn, (uint16_t)(server->steps - conn->moved_at),
                              outbox_cost(&conn->outbox) + conn->kept};

        if (is_candidate(conn))
            insert(candidates, &found);
    }
}

/* False: there was nobody, or it is enough. */
static bool close_some(struct server *server, size_t enough)
{
    struct candidates candidates;

    find_candidates(server, &candidates);
    for (int i = 0; i < candidates.count && server->budget.used > enough; i++) {
        conn_shed(candidates.found[i].conn, "too slow, and no memory is left");
        server->budget.closed++;
    }
    return candidates.count > 0 && server->budget.used > enough;
}

void relief_pump(struct server *server)
{
    size_t enough = server->budget.limit - server->budget.limit / SPARE;

    budget_recount(&server->budget, &server->link_bytes, alink_bytes(server->alink));
    if (budget_is_full(&server->budget))
        for (int i = 0; i < LOOKS && close_some(server, enough); i++)
            ;
    server->budget.is_exhausted = budget_is_full(&server->budget);
}

/* --- what is given back, and said ------------------------------------------------------------- */

static void say(struct server *server)
{
    struct budget *budget = &server->budget;
    long long closed = (long long)(budget->closed - server->said_closed);
    long long refused = (long long)(budget->refused - server->said_refused);

    if (!closed && !refused)
        return;
    log_error("max_memory: closed %lld connection%s that did not read, refused %lld request%s",
              closed, text_plural(closed), refused, text_plural(refused));
    server->said_closed = budget->closed;
    server->said_refused = budget->refused;
}

void relief_step(struct server *server)
{
    say(server);
    if (server->budget.freed < unused_bytes)
        return;
    server->budget.freed = 0;
    memory_trim(unused_bytes);
}
