/* lookout.c - asks the sentinels where the master is.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "redis/lookout.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/target.h"
#include "redis/call.h"
#include "redis/next.h"
#include "redis/node.h"
#include "redis/nodes.h"
#include "redis/outage.h"
#include "redis/sentinel.h"

enum {
    REST_MS = 1000, /* from one look to the next */
    HASTE_MS = 100, /* the same while the master is away */
    LOOK_MS = 500,  /* for all sentinels together */
    AT_REST = 2,    /* sentinels that are asked while all is well */
};

struct lookout {
    struct target target;
    struct nodes nodes;
    struct node_asker asker; /* asks nobody */
    struct node *sentinels[TARGET_ADDRESSES];
    int last; /* number of the sentinel that answered last */
    struct call call;
    long long looked_ms; /* by clock_ms(); 0: not yet */
    struct silence silence;
};

struct lookout *lookout_new(const struct settings *settings)
{
    struct lookout *lookout = xmalloc(sizeof(*lookout));

    *lookout = (struct lookout){0};
    nodes_init_sentinels(&lookout->nodes, settings);
    if (!target_read(settings->redis, &lookout->target))
        abort(); /* the settings were checked */
    for (int i = 0; i < lookout->target.count; i++) {
        char at[ADDRESS_TEXT];

        address_print(&lookout->target.addresses[i], at);
        lookout->sentinels[i] = node_new(&lookout->nodes, at, &lookout->asker);
    }
    return lookout;
}

void lookout_free(struct lookout *lookout)
{
    if (!lookout)
        return;
    for (int i = 0; i < lookout->target.count; i++)
        node_free(lookout->sentinels[i]);
    nodes_clear(&lookout->nodes);
    call_clear(&lookout->call);
    free(lookout);
}

bool lookout_is_due(const struct lookout *lookout, bool has_failed)
{
    return !lookout->looked_ms ||
           clock_ms() - lookout->looked_ms >= (has_failed ? HASTE_MS : REST_MS);
}

/* True: the sentinel has named a master. */
static bool ask(struct lookout *lookout, struct node *sentinel, char *at, long long until_ms)
{
    struct sentinel_master master = {.name = lookout->target.name};
    struct run run = {.call = &lookout->call};
    struct reason reason;
    struct next next;
    redisReply *reply;

    sentinel_master_call(&lookout->call, &master);
    if (node_send(sentinel, &run, 1, until_ms) != SENDING_DONE || !(reply = node_receive(sentinel)))
        return false;
    next = next_of(&run, reply, &reason);
    call_keep_reply(&lookout->call, reply);
    if (next.step == STEP_RECONNECT)
        node_close(sentinel);
    if (next.status == STATUS_OK)
        strcpy(at, master.at);
    return next.status == STATUS_OK;
}

static long long earlier(long long one, long long other)
{
    return one < other ? one : other;
}

bool lookout_find(struct lookout *lookout, const char *failed, long long until_ms,
                  char at[ADDRESS_TEXT])
{
    long long end_ms = earlier(until_ms, clock_ms() + LOOK_MS);
    int count = lookout->target.count, first = lookout->last, asked = 0;
    bool is_found = false, is_done = false;

    for (int i = 0; i < count && !is_done && clock_ms() < end_ms; i++) {
        int number = (first + i) % count;

        if (node_failed_lately(lookout->sentinels[number]))
            continue;
        lookout->last = number;
        is_found = ask(lookout, lookout->sentinels[number], at,
                       earlier(end_ms, clock_ms() + nodes_timeout_ms(&lookout->nodes))) ||
                   is_found;
        asked++;
        is_done = failed ? is_found && strcmp(at, failed) != 0 : is_found || asked == AT_REST;
    }
    if (!is_found)
        lookout->last = (lookout->last + 1) % count;
    lookout->looked_ms = clock_ms();
    if (is_found)
        silence_ends(&lookout->silence, lookout->target.name);
    else
        silence_goes_on(&lookout->silence, lookout->target.name, asked, count);
    return is_found;
}
