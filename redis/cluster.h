/* cluster.h - which node of a Redis Cluster has which slot, as far as is known; no I/O.
 *
 * The map is fed with answers to CLUSTER SLOTS, and with MOVED.  A node has a number, which is its
 * until the next cluster_read(), and a name, "host:port".
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef REDIS_CLUSTER_H
#define REDIS_CLUSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "redis/slot.h"

struct call;
struct elsewhere;
struct redisReply;

enum { CLUSTER_NODES = 1000 }; /* more is not recommended by Redis itself */

/* Zeroed memory knows nothing. */
struct cluster {
    int count;
    char *names[CLUSTER_NODES];
    uint16_t slots[SLOTS]; /* number of the slot's master, + 1; 0: nobody is known to serve it */
};

void cluster_clear(struct cluster *cluster);

/* CLUSTER SLOTS, whose answer is read into the map.  NULL: the caller reads the answer, and knows
 * which node gave it. */
void cluster_slots_call(struct call *call, struct cluster *map);

/* ASKING, which goes right in front of a call that ASK has sent elsewhere. */
void cluster_asking_call(struct call *call);

/* Takes the answer to CLUSTER SLOTS of the node of that name, which may leave its own host out.
 * False: it cannot be read, or says that no node serves any slot; then the map stays. */
bool cluster_read(struct cluster *cluster, const struct redisReply *reply, const char *answered);

/* The number of the slot's master; -1: none is known. */
int cluster_node(const struct cluster *cluster, int slot);

/* A slot of the node, which has one; -1: it has none. */
int cluster_slot(const struct cluster *cluster, int node);

/* How many slots have no master. */
int cluster_holes(const struct cluster *cluster);

/* The name of a node that MOVED or ASK has named, in an answer of the node `answered`.  False: it
 * is no host. */
bool cluster_name(const struct elsewhere *elsewhere, const char *answered, char name[ADDRESS_TEXT]);

/* The slot is at the node of that name.  Its number; -1: there are too many nodes. */
int cluster_moved(struct cluster *cluster, int slot, const char *name);

#endif
