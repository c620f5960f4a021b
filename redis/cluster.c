/* cluster.c - which node of a Redis Cluster has which slot.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "redis/cluster.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "redis/call.h"
#include "redis/next.h"
#include "redis/reply.h"

void cluster_clear(struct cluster *cluster)
{
    for (int i = 0; i < cluster->count; i++)
        free(cluster->names[i]);
    memset(cluster, 0, sizeof(*cluster));
}

void cluster_asking_call(struct call *call)
{
    call_begin(call, (struct owner){0}, NULL, NULL, NULL);
    call_bytes(call, "ASKING", 6);
}

int cluster_node(const struct cluster *cluster, int slot)
{
    return cluster->slots[slot] - 1;
}

int cluster_slot(const struct cluster *cluster, int node)
{
    for (int slot = 0; slot < SLOTS; slot++)
        if (cluster_node(cluster, slot) == node)
            return slot;
    return -1;
}

int cluster_holes(const struct cluster *cluster)
{
    int holes = 0;

    for (int slot = 0; slot < SLOTS; slot++)
        holes += !cluster->slots[slot];
    return holes;
}

/* The number of the node of that name, which may be new; -1: there are too many. */
static int number_of(struct cluster *cluster, const char *name)
{
    for (int i = 0; i < cluster->count; i++)
        if (strcmp(cluster->names[i], name) == 0)
            return i;
    if (cluster->count == CLUSTER_NODES)
        return -1;
    cluster->names[cluster->count] = xstrdup(name);
    return cluster->count++;
}

/* A host that is empty or "?" is that of the node that answered, whose name is an address.  The
 * name that is made can be read as an address, too. */
static bool make_name(const char *host, size_t len, long long port, const char *answered,
                      char *name)
{
    struct address address;

    if (port < 1 || port > 65535 || !address_read(answered, &address))
        return false;
    if (len > 0 && !(len == 1 && *host == '?')) {
        if (len >= sizeof(address.host) || memchr(host, '\0', len))
            return false;
        memcpy(address.host, host, len);
        address.host[len] = '\0';
    }
    address.is_unix = false;
    address.port = (int)port;
    address_print(&address, name);
    return text_is_host(name) && address_read(name, &address) && !address.is_unix;
}

bool cluster_name(const struct elsewhere *elsewhere, const char *answered, char name[ADDRESS_TEXT])
{
    return make_name(elsewhere->host, elsewhere->host_len, elsewhere->port, answered, name);
}

int cluster_moved(struct cluster *cluster, int slot, const char *name)
{
    int node = number_of(cluster, name);

    if (node >= 0)
        cluster->slots[slot] = (uint16_t)(node + 1);
    return node;
}

/* --- CLUSTER SLOTS ---------------------------------------------------------------------------- */

/* The name of a node: an array of host, port, and more. */
static bool read_node(const redisReply *node, const char *answered, char *name)
{
    const redisReply *host;

    if (!reply_is_array(node, 2) || node->element[1]->type != REDIS_REPLY_INTEGER)
        return false;
    host = node->element[0];
    if (host->type != REDIS_REPLY_STRING && host->type != REDIS_REPLY_NIL)
        return false;
    return make_name(host->str, host->type == REDIS_REPLY_NIL ? 0 : host->len,
                     node->element[1]->integer, answered, name);
}

/* A range: first slot, last slot, its master, its replicas. */
static bool read_range(struct cluster *cluster, const redisReply *range, const char *answered)
{
    long long first, last;
    char name[ADDRESS_TEXT];
    int node;

    if (!reply_is_array(range, 3) || range->element[0]->type != REDIS_REPLY_INTEGER ||
        range->element[1]->type != REDIS_REPLY_INTEGER)
        return false;
    first = range->element[0]->integer;
    last = range->element[1]->integer;
    if (first < 0 || last < first || last >= SLOTS ||
        !read_node(range->element[2], answered, name) || (node = number_of(cluster, name)) < 0)
        return false;
    for (long long slot = first; slot <= last; slot++)
        cluster->slots[slot] = (uint16_t)(node + 1);
    return true;
}

bool cluster_read(struct cluster *cluster, const redisReply *reply, const char *answered)
{
    struct cluster *fresh;
    bool is_fine = reply_is_array(reply, 1);

    if (!is_fine)
        return false;
    fresh = xmalloc(sizeof(*fresh));
    *fresh = (struct cluster){0};
    for (size_t i = 0; is_fine && i < reply->elements; i++)
        is_fine = read_range(fresh, reply->element[i], answered);
    if (is_fine) {
        cluster_clear(cluster);
        *cluster = *fresh;
    } else {
        cluster_clear(fresh);
    }
    free(fresh);
    return is_fine;
}

/* A node that leaves out its own host is a node all the same. */
static enum status read_map(struct call *call, const redisReply *reply, struct reason *reason)
{
    return cluster_read(call->result, reply, "unnamed:1")
               ? STATUS_OK
               : reply_unexpected("CLUSTER SLOTS", reason);
}

void cluster_slots_call(struct call *call, struct cluster *map)
{
    call_begin(call, (struct owner){0}, NULL, map ? read_map : NULL, map);
    call_bytes(call, "CLUSTER", 7);
    call_bytes(call, "SLOTS", 5);
}
