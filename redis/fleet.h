/* fleet.h - the nodes of a Redis Cluster, and which one of them has which slot, as far as is known;
 * waits for their answers.
 *
 * The map of slots is asked for when it is wanted and doubted, and at most ten times a second.  A
 * node that did not answer is sent nothing for a second; then it has a moment to show that it
 * answers again.  So a node that hangs holds a process up once, and not for as long as it hangs.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef REDIS_FLEET_H
#define REDIS_FLEET_H

#include <stdbool.h>

struct counts;
struct fleet;
struct next;
struct node;
struct node_asker;
struct nodes;

/* The nodes, whose settings name some members of the cluster, the asker and the counts must outlive
 * it. */
struct fleet *fleet_new(const struct nodes *nodes, const struct node_asker *asker,
                        struct counts *counts);
void fleet_free(struct fleet *fleet);

/* As masters_find(), masters_instead() and masters_elsewhere(). */
struct node *fleet_find(struct fleet *fleet, int slot, long long until_ms);
struct node *fleet_instead(struct fleet *fleet, const struct node *node, int slot,
                           long long until_ms);
struct node *fleet_elsewhere(struct fleet *fleet, const struct node *node, int slot,
                             const struct next *next, long long until_ms);

/* The map may not be true any more, as this node shows: it is asked for, from another one, before
 * the next node is looked for. */
void fleet_doubt(struct fleet *fleet, const struct node *node);

/* Ends all connections. */
void fleet_close(struct fleet *fleet);

/* Why fleet_find() finds nothing for the slot, in words for the client. */
const char *fleet_trouble(const struct fleet *fleet, int slot);

#endif
