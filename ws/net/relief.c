/* relief.c - room in the budget.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/net/relief.h"

#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "ws/net/budget.h"
#include "ws/net/conn.h"
#include "ws/net/ending.h"
#include "ws/net/role.h"

enum {
    CLOSED_AT_ONCE = 64, /* found in one look at all connections */
    LOOKS = 8,           /* in one turn */
    SPARE = 16,          /* this part of the limit is made free, so that such looks are rare */
};

static const size_t unused_bytes = 4 << 20; /* that are not worth to be given back */

/* --- who is closed ---------------------------------------------------------------------------- */

struct stalled {
    struct conn *conn;
    unsigned steps; /* without progress */
    size_t cost;
};

/* The first ones to be closed, in their order. */
struct candidates {
    int count;
    struct stalled found[CLOSED_AT_ONCE];
};

/* Something waits for it, or the rest of what it has begun to say. */
static bool is_candidate(const struct conn *conn)
{
    bool is_unfinished = conn->delay.kept && !conn->jobs && !conn->in.is_paused;

    return conn->state != CONN_CLOSED && !conn->is_held && (conn->outbox.count || is_unfinished);
}

static bool is_before(const struct stalled *one, const struct stalled *other)
{
    return one->steps != other->steps ? one->steps > other->steps : one->cost > other->cost;
}

static void insert(struct candidates *candidates, const struct stalled *found)
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

static void find_candidates(const struct conns *conns, struct candidates *candidates)
{
    candidates->count = 0;
    for (struct conn *conn = conns->first; conn; conn = conn->next) {
        struct stalled found = {conn, (uint16_t)(conns->steps - conn->delay.moved_at),
                                outbox_cost(&conn->outbox) + conn->delay.kept};

        if (is_candidate(conn))
            insert(candidates, &found);
    }
}

/* As conn_end() with CLOSE_TOO_SLOW, but what waits for it is forgotten. */
static void shed(struct conn *conn, const char *reason)
{
    enum { BEGUN = 65536 }; /* so much of what was begun is still sent */

    outbox_shed(&conn->outbox, conn->shape);
    if (conn->state != CONN_OPEN || conn->role->is_answer || outbox_len(&conn->outbox) > BEGUN)
        conn_abort(conn);
    else
        conn_end(conn, CLOSE_TOO_SLOW, reason);
    buffer_clear(&conn->in.bytes);
    buffer_clear(&conn->in.message);
    conn_count_kept(conn);
}

/* False: there was nobody, or it is enough. */
static bool close_some(struct conns *conns, size_t enough)
{
    struct candidates candidates;

    find_candidates(conns, &candidates);
    for (int i = 0; i < candidates.count && conns->budget->used > enough; i++) {
        shed(candidates.found[i].conn, "too slow, and no memory is left");
        conns->budget->closed++;
    }
    return candidates.count > 0 && conns->budget->used > enough;
}

void relief_pump(struct relief *relief, struct conns *conns, size_t link_bytes)
{
    struct budget *budget = conns->budget;
    size_t enough = budget->limit - budget->limit / SPARE;

    budget_recount(budget, &relief->link_bytes, link_bytes);
    if (budget_is_full(budget))
        for (int i = 0; i < LOOKS && close_some(conns, enough); i++)
            ;
    budget->is_exhausted = budget_is_full(budget);
}

/* --- what is given back, and said ------------------------------------------------------------- */

static void say(struct relief *relief, const struct budget *budget)
{
    long long closed = (long long)(budget->closed - relief->said_closed);
    long long refused = (long long)(budget->refused - relief->said_refused);

    if (!closed && !refused)
        return;
    log_error("max_memory: closed %lld connection%s that did not read, refused %lld request%s",
              closed, text_plural(closed), refused, text_plural(refused));
    relief->said_closed = budget->closed;
    relief->said_refused = budget->refused;
}

void relief_step(struct relief *relief, struct budget *budget)
{
    say(relief, budget);
    if (budget->freed < unused_bytes)
        return;
    budget->freed = 0;
    memory_trim(unused_bytes);
}
