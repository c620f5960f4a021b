/* fleet.c - the nodes of a Redis Cluster.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "redis/fleet.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/target.h"
#include "redis/call.h"
#include "redis/cluster.h"
#include "redis/counts.h"
#include "redis/next.h"
#include "redis/node.h"
#include "redis/nodes.h"

enum {
    HASTE_MS = 100,     /* from one look at the map to the next */
    LOOK_MS = 500,      /* for all nodes that are asked for a newer map together */
    ASK_MS = 200,       /* for one of them */
    MAPS = 3,           /* so many are asked for a slot that nobody has: a new node knows few */
    TRY_MS = 30,        /* for a node that has failed to show that it answers */
    UNUSED_MS = 120000, /* a node without slots is kept for so long: longer than any call */
    MEMBERS = 2 * CLUSTER_NODES,
};

struct fleet_node {
    struct node *node;
    bool is_seed;      /* the settings name it */
    bool is_mapped;    /* it has slots */
    long long used_ms; /* by clock_ms(), of one without slots */
};

struct fleet {
    const struct nodes *nodes;
    const struct node_asker *asker;
    struct counts *counts;
    struct cluster map;
    bool is_known;       /* the map was told once */
    bool is_stale;       /* and may not be true any more */
    long long looked_ms; /* by clock_ms(); 0: not yet */
    struct fleet_node *members[MEMBERS];
    int count;
    int turn;                                 /* the member to be asked for the map next */
    struct fleet_node *of_map[CLUSTER_NODES]; /* by the map's numbers */
    int any;                                  /* number of the node of calls that may go anywhere */
    struct call call;                         /* for the map */
    char why[128];                            /* nobody told it last time */
    bool is_told;                             /* and the log says so */
};

/* --- members --------------------------------------------------------------------------------- */

static struct fleet_node *find_member(const struct fleet *fleet, const char *name)
{
    for (int i = 0; i < fleet->count; i++)
        if (strcmp(node_name(fleet->members[i]->node), name) == 0)
            return fleet->members[i];
    return NULL;
}

/* The node of that name, which is added if it is new; NULL: there are too many. */
static struct fleet_node *member_of(struct fleet *fleet, const char *name)
{
    struct fleet_node *member = find_member(fleet, name);

    if (member || fleet->count == MEMBERS)
        return member;
    member = xmalloc(sizeof(*member));
    *member = (struct fleet_node){.node = node_new(fleet->nodes, name, fleet->asker)};
    fleet->members[fleet->count++] = member;
    return member;
}

static void member_free(struct fleet_node *member)
{
    node_free(member->node);
    free(member);
}

/* A node without slots stays for a while: a call may be on its way there. */
static void drop_unused(struct fleet *fleet)
{
    long long now_ms = clock_ms();
    int kept = 0;

    for (int i = 0; i < fleet->count; i++) {
        struct fleet_node *member = fleet->members[i];

        if (member->is_seed || member->is_mapped || now_ms - member->used_ms < UNUSED_MS)
            fleet->members[kept++] = member;
        else
            member_free(member);
    }
    fleet->count = kept;
}

/* A member that failed has a moment to answer, each second. */
static bool is_usable(const struct fleet_node *member, long long until_ms)
{
    long long end_ms = clock_ms() + TRY_MS;

    if (!node_has_failed(member->node))
        return true;
    return !node_failed_lately(member->node) &&
           node_try(member->node, until_ms < end_ms ? until_ms : end_ms);
}

/* For a call; NULL: it cannot be sent. */
static struct node *use(struct fleet *fleet, struct fleet_node *member, long long until_ms)
{
    if (is_usable(member, until_ms))
        return member->node;
    counts_refused(fleet->counts, node_name(member->node));
    return NULL;
}

/* --- the map --------------------------------------------------------------------------------- */

static void map_members(struct fleet *fleet)
{
    long long now_ms = clock_ms();

    for (int i = 0; i < fleet->count; i++) {
        if (fleet->members[i]->is_mapped)
            fleet->members[i]->used_ms = now_ms;
        fleet->members[i]->is_mapped = false;
    }
    for (int number = 0; number < fleet->map.count; number++) {
        struct fleet_node *member = member_of(fleet, fleet->map.names[number]);

        fleet->of_map[number] = member;
        if (member)
            member->is_mapped = true;
    }
    drop_unused(fleet);
}

static void note_why(struct fleet *fleet, const struct fleet_node *member, const char *why)
{
    snprintf(fleet->why, sizeof(fleet->why), "%s: %.60s", node_name(member->node), why);
}

/* True: it has told the map. */
static bool ask(struct fleet *fleet, struct fleet_node *member, long long until_ms)
{
    struct run run = {.call = &fleet->call, .is_for_all = true};
    redisReply *reply;
    bool is_read;

    cluster_slots_call(&fleet->call, NULL);
    if (node_send(member->node, &run, 1, until_ms) != SENDING_DONE ||
        !(reply = node_receive(member->node))) {
        note_why(fleet, member, "no answer");
        return false;
    }
    is_read = cluster_read(&fleet->map, reply, node_name(member->node));
    if (!is_read)
        note_why(fleet, member,
                 reply->type == REDIS_REPLY_ERROR ? reply->str : "it knows of no slots");
    freeReplyObject(reply);
    return is_read;
}

/* When a node must have told the map, of as many that can still be asked.  As long as none has,
 * nothing can be sent anyway. */
static long long end_of_asking(const struct fleet *fleet, int left, long long end_ms)
{
    long long now_ms = clock_ms(), ms = end_ms - now_ms;

    if (!fleet->is_known)
        return now_ms + ms / left;
    return now_ms + (ms < ASK_MS ? ms : ASK_MS);
}

/* Masters in turn, then all others, until one tells who has the slot, -1: any; or some do not. */
static bool ask_all(struct fleet *fleet, int slot, long long end_ms)
{
    int first = fleet->turn, told = 0;

    for (int i = 0; i < 2 * fleet->count && clock_ms() < end_ms; i++) {
        int number = (first + i) % fleet->count;
        struct fleet_node *member = fleet->members[number];

        if (member->is_mapped != (i < fleet->count) || !is_usable(member, end_ms))
            continue;
        fleet->turn = number + 1;
        if (!ask(fleet, member, end_of_asking(fleet, 2 * fleet->count - i, end_ms)))
            continue;
        if (slot < 0 || cluster_node(&fleet->map, slot) >= 0 || ++told == MAPS)
            return true;
    }
    return told;
}

static void tell(struct fleet *fleet, bool is_found)
{
    const char *settings = nodes_name(fleet->nodes);

    if (!is_found && !fleet->is_told)
        log_error("Redis at %s: no node says which has which slots; %s", settings, fleet->why);
    if (is_found && fleet->is_told)
        log_info("Redis at %s: a node says which has which slots", settings);
    fleet->is_told = !is_found;
}

static void look(struct fleet *fleet, int slot, long long until_ms)
{
    long long end_ms = clock_ms() + LOOK_MS;
    bool is_hurried = fleet->is_known && end_ms < until_ms;
    bool is_found = ask_all(fleet, slot, is_hurried ? end_ms : until_ms);

    fleet->looked_ms = clock_ms();
    if (is_found) {
        fleet->is_stale = false;
        fleet->is_known = true;
        map_members(fleet);
    }
    tell(fleet, is_found);
}

void fleet_doubt(struct fleet *fleet, const struct node *node)
{
    fleet->is_stale = true;
    for (int i = 0; i < fleet->count; i++)
        if (fleet->members[i]->node == node)
            fleet->turn = i + 1;
}

/* --- which node ------------------------------------------------------------------------------ */

/* Of calls that may go anywhere: the same one, as long as it answers. */
static struct fleet_node *any_member(struct fleet *fleet)
{
    for (int i = 0; i < fleet->map.count; i++, fleet->any++) {
        struct fleet_node *member = fleet->of_map[fleet->any % fleet->map.count];

        if (member && !node_has_failed(member->node))
            return member;
    }
    return fleet->map.count ? fleet->of_map[fleet->any % fleet->map.count] : NULL;
}

static struct fleet_node *holder(struct fleet *fleet, int slot)
{
    int number;

    if (slot < 0)
        return any_member(fleet);
    number = cluster_node(&fleet->map, slot);
    return number < 0 ? NULL : fleet->of_map[number];
}

static bool is_due(const struct fleet *fleet)
{
    return !fleet->looked_ms || clock_ms() - fleet->looked_ms >= HASTE_MS;
}

struct node *fleet_find(struct fleet *fleet, int slot, long long until_ms)
{
    struct fleet_node *member = holder(fleet, slot);

    if ((fleet->is_stale || !member || node_has_failed(member->node)) && is_due(fleet)) {
        look(fleet, slot, until_ms);
        member = holder(fleet, slot);
    }
    return member ? use(fleet, member, until_ms) : NULL;
}

struct node *fleet_instead(struct fleet *fleet, const struct node *node, int slot,
                           long long until_ms)
{
    struct node *other;

    fleet_doubt(fleet, node);
    other = fleet_find(fleet, slot, until_ms);
    return other == node ? NULL : other;
}

struct node *fleet_elsewhere(struct fleet *fleet, const struct node *node, int slot,
                             const struct next *next, long long until_ms)
{
    char name[ADDRESS_TEXT];
    struct fleet_node *member;
    int number;

    if (next->elsewhere.slot != slot || !cluster_name(&next->elsewhere, node_name(node), name) ||
        !(member = member_of(fleet, name)))
        return NULL;
    member->used_ms = clock_ms();
    if (next->step == STEP_MOVED && (number = cluster_moved(&fleet->map, slot, name)) >= 0) {
        fleet->of_map[number] = member;
        member->is_mapped = true;
    }
    return use(fleet, member, until_ms);
}

/* Of a call that any node may run. */
static const char *trouble_of_all(const struct fleet *fleet)
{
    for (int i = 0; i < fleet->count; i++)
        if (*node_refusal(fleet->members[i]->node))
            return node_refusal(fleet->members[i]->node);
    return "no Redis node of the cluster answers";
}

const char *fleet_trouble(const struct fleet *fleet, int slot)
{
    const struct fleet_node *member;

    if (!fleet->is_known)
        return "no Redis node says which has which slots of the cluster";
    if (slot < 0)
        return trouble_of_all(fleet);
    if (cluster_node(&fleet->map, slot) < 0)
        return "no Redis node has the slot of these keys";
    member = fleet->of_map[cluster_node(&fleet->map, slot)];
    return member && *node_refusal(member->node) ? node_refusal(member->node)
                                                 : "the Redis node of these keys does not answer";
}

/* --- life ------------------------------------------------------------------------------------ */

struct fleet *fleet_new(const struct nodes *nodes, const struct node_asker *asker,
                        struct counts *counts)
{
    struct fleet *fleet = xmalloc(sizeof(*fleet));
    struct target target;

    memset(fleet, 0, sizeof(*fleet));
    fleet->nodes = nodes;
    fleet->asker = asker;
    fleet->counts = counts;
    if (!target_read(nodes->settings->redis, &target))
        abort(); /* the settings were checked */
    for (int i = 0; i < target.count; i++) {
        char name[ADDRESS_TEXT];

        address_print(&target.addresses[i], name);
        member_of(fleet, name)->is_seed = true;
    }
    fleet->any = fleet->turn = (int)getpid(); /* not all processes begin with the same one */
    return fleet;
}

void fleet_close(struct fleet *fleet)
{
    for (int i = 0; i < fleet->count; i++)
        node_close(fleet->members[i]->node);
}

void fleet_free(struct fleet *fleet)
{
    if (!fleet)
        return;
    for (int i = 0; i < fleet->count; i++)
        member_free(fleet->members[i]);
    cluster_clear(&fleet->map);
    call_clear(&fleet->call);
    free(fleet);
}
