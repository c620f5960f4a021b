/* masters.c - which Redis a call goes to.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "redis/masters.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "redis/fleet.h"
#include "redis/lookout.h"
#include "redis/next.h"
#include "redis/node.h"
#include "redis/nodes.h"

struct masters {
    struct nodes nodes;
    const struct node_asker *asker;
    struct fleet *fleet;     /* of a cluster; NULL: there is one master, */
    struct node *node;       /* this one */
    struct lookout *lookout; /* NULL: no sentinels say where it is */
    bool has_failed;         /* the node, and no sentinel was asked since */
    struct counts counts;
};

struct masters *masters_new(const struct settings *settings, const struct node_asker *asker)
{
    struct masters *masters = xmalloc(sizeof(*masters));

    *masters = (struct masters){.asker = asker};
    nodes_init(&masters->nodes, settings);
    if (nodes_are_cluster(&masters->nodes))
        masters->fleet = fleet_new(&masters->nodes, asker, &masters->counts);
    else
        masters->node = node_new(&masters->nodes, nodes_name(&masters->nodes), asker);
    if (nodes_have_sentinels(&masters->nodes))
        masters->lookout = lookout_new(settings);
    return masters;
}

void masters_free(struct masters *masters)
{
    if (!masters)
        return;
    node_free(masters->node);
    fleet_free(masters->fleet);
    lookout_free(masters->lookout);
    nodes_clear(&masters->nodes);
    free(masters);
}

/* Other addresses may be those of another cluster. */
static void configure_fleet(struct masters *masters, bool is_same_place, bool is_other)
{
    if (is_other)
        fleet_close(masters->fleet);
    if (is_same_place)
        return;
    fleet_free(masters->fleet);
    masters->fleet = fleet_new(&masters->nodes, masters->asker, &masters->counts);
}

void masters_configure(struct masters *masters, const struct settings *old,
                       const struct settings *settings)
{
    bool is_same_place = strcmp(old->redis, settings->redis) == 0;
    bool is_other = nodes_configure(&masters->nodes, old, settings);

    if (masters->fleet) {
        configure_fleet(masters, is_same_place, is_other);
        return;
    }
    node_move(masters->node, nodes_name(&masters->nodes));
    if (is_other)
        node_close(masters->node);
    if (!masters->lookout)
        return;
    lookout_free(masters->lookout);
    masters->lookout = lookout_new(settings);
}

bool masters_are_many(const struct masters *masters)
{
    return masters->fleet != NULL;
}

/* --- the master that sentinels name ---------------------------------------------------------- */

/* Asks them if it is time to.  True: they name another one than before, and it is the node now. */
static bool ask_sentinels(struct masters *masters, long long until_ms)
{
    bool is_known = *masters->nodes.master != '\0';
    const char *failed = masters->has_failed || !is_known ? masters->nodes.master : NULL;
    char at[ADDRESS_TEXT];

    if (!lookout_is_due(masters->lookout, failed != NULL))
        return false;
    if (!lookout_find(masters->lookout, failed, until_ms, at) || !nodes_found(&masters->nodes, at))
        return false;
    node_free(masters->node);
    masters->node = node_new(&masters->nodes, at, masters->asker);
    masters->has_failed = false;
    return true;
}

static struct node *find_master(struct masters *masters, long long until_ms)
{
    struct address address;

    ask_sentinels(masters, until_ms);
    if (nodes_address(&masters->nodes, &address) && !node_failed_lately(masters->node))
        return masters->node;
    counts_refused(&masters->counts, nodes_name(&masters->nodes));
    return NULL;
}

/* --- for those who have calls ---------------------------------------------------------------- */

struct node *masters_find(struct masters *masters, int slot, long long until_ms)
{
    if (masters->fleet)
        return fleet_find(masters->fleet, slot, until_ms);
    return masters->lookout ? find_master(masters, until_ms) : masters->node;
}

struct node *masters_instead(struct masters *masters, const struct node *node, int slot,
                             long long until_ms)
{
    if (masters->fleet)
        return fleet_instead(masters->fleet, node, slot, until_ms);
    if (!masters->lookout)
        return NULL;
    masters->has_failed = true;
    return ask_sentinels(masters, until_ms) ? masters->node : NULL;
}

struct node *masters_elsewhere(struct masters *masters, const struct node *node, int slot,
                               const struct next *next, long long until_ms)
{
    return masters->fleet ? fleet_elsewhere(masters->fleet, node, slot, next, until_ms) : NULL;
}

void masters_heard(struct masters *masters, const struct node *node, const struct next *next)
{
    masters->has_failed = masters->lookout && next->step == STEP_RECONNECT;
    if (masters->fleet && next->is_stale)
        fleet_doubt(masters->fleet, node);
}

void masters_lost(struct masters *masters, const struct node *node)
{
    masters->has_failed = masters->lookout;
    if (masters->fleet)
        fleet_doubt(masters->fleet, node);
}

const char *masters_trouble(const struct masters *masters, int slot)
{
    return masters->fleet ? fleet_trouble(masters->fleet, slot) : "Redis is unavailable";
}

void masters_count(struct masters *masters, enum redirect redirect)
{
    counts_redirect(&masters->counts, redirect);
}

struct counts *masters_counts(struct masters *masters)
{
    return &masters->counts;
}
