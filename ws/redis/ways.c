/* ways.c - the connections that calls go over.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/redis/ways.h"

#include <stdlib.h>

#include "base/memory.h"
#include "redis/nodes.h"
#include "redis/replicas.h"

enum way { WAY_OF_ALL, WAY_OF_PUSHES, WAYS };

struct ways {
    struct ev_loop *loop;
    struct turn *turn;
    const struct nodes *nodes;
    const struct ways_events *events;
    void *user;
    struct pipeline *pipelines[WAYS]; /* that of pushes: NULL while none is waited for */
};

static enum way way_of(const struct ways *ways, const struct call *call)
{
    bool waits = call && replicas_are_wanted(&ways->nodes->settings->redis_wait, call);

    return waits ? WAY_OF_PUSHES : WAY_OF_ALL;
}

bool ways_are_open(const struct ways *ways, const struct call *call)
{
    return pipeline_is_open(ways->pipelines[way_of(ways, call)]);
}

void ways_send(struct ways *ways, struct piped *piped)
{
    pipeline_send(ways->pipelines[way_of(ways, piped->run.call)], piped);
}

void ways_flush(struct ways *ways)
{
    for (int way = 0; way < WAYS && ways->pipelines[way]; way++)
        pipeline_flush(ways->pipelines[way]);
}

size_t ways_bytes(const struct ways *ways)
{
    size_t bytes = 0;

    for (int way = 0; way < WAYS && ways->pipelines[way]; way++)
        bytes += pipeline_bytes(ways->pipelines[way]);
    return bytes;
}

void ways_break(struct ways *ways, const char *what, const char *why)
{
    for (int way = 0; way < WAYS && ways->pipelines[way]; way++)
        pipeline_break(ways->pipelines[way], what, why);
}

void ways_renew(struct ways *ways)
{
    for (int way = 0; way < WAYS && ways->pipelines[way]; way++)
        pipeline_renew(ways->pipelines[way]);
}

/* --- what the pipelines tell ------------------------------------------------------------------ */

static void on_open(void *user)
{
    struct ways *ways = user;

    ways->events->open(ways->user);
}

static void on_answered(void *user, struct piped *piped, struct redisReply *reply,
                        const struct next *next, const struct reason *reason)
{
    struct ways *ways = user;

    ways->events->answered(ways->user, piped, reply, next, reason);
}

static void on_lost(void *user, const char *what, const char *why, struct piped_list *calls)
{
    struct ways *ways = user;

    ways->events->lost(ways->user, what, why, calls);
}

static void on_pushes_open(void *user)
{
    struct ways *ways = user;

    ways->events->pushes_open(ways->user);
}

static void on_pushes_lost(void *user, const char *what, const char *why, struct piped_list *calls)
{
    struct ways *ways = user;

    ways->events->pushes_lost(ways->user, what, why, calls);
}

static const struct pipeline_events pipeline_events[WAYS] = {
    [WAY_OF_ALL] = {.open = on_open,        .answered = on_answered, .lost = on_lost       },
    [WAY_OF_PUSHES] = {.open = on_pushes_open, .answered = on_answered, .lost = on_pushes_lost},
};

/* --- life ------------------------------------------------------------------------------------- */

static void begin(struct ways *ways, enum way way)
{
    ways->pipelines[way] =
        pipeline_new(ways->loop, ways->turn, ways->nodes, &pipeline_events[way], ways);
}

void ways_configure(struct ways *ways)
{
    if (!ways->pipelines[WAY_OF_PUSHES] && ways->nodes->settings->redis_wait.replicas)
        begin(ways, WAY_OF_PUSHES);
}

struct ways *ways_new(struct ev_loop *loop, struct turn *turn, const struct nodes *nodes,
                      const struct ways_events *events, void *user)
{
    struct ways *ways = xmalloc(sizeof(*ways));

    *ways =
        (struct ways){.loop = loop, .turn = turn, .nodes = nodes, .events = events, .user = user};
    begin(ways, WAY_OF_ALL);
    ways_configure(ways);
    return ways;
}

void ways_forget(struct ways *ways, struct piped_list *calls)
{
    for (int way = 0; way < WAYS && ways->pipelines[way]; way++)
        pipeline_forget(ways->pipelines[way], calls);
}

void ways_free(struct ways *ways)
{
    if (!ways)
        return;
    for (int way = 0; way < WAYS; way++)
        pipeline_free(ways->pipelines[way]);
    free(ways);
}
