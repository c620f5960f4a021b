/* masters.h - which Redis a call goes to: the one of the settings, the master that sentinels name,
 * or the node of a Redis Cluster that has its keys.  Part of link.h.
 *
 * Each function that asks somebody for it ends at that time, by clock_ms().
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef REDIS_MASTERS_H
#define REDIS_MASTERS_H

#include <stdbool.h>

#include "base/settings.h"
#include "redis/counts.h"

struct masters;
struct next;
struct node;
struct node_asker;

/* The settings must outlive the masters or be replaced below, the asker must outlive them. */
struct masters *masters_new(const struct settings *settings, const struct node_asker *asker);
void masters_free(struct masters *masters);

/* Uses other settings from now on, of the same kind of Redis, as link_configure(). */
void masters_configure(struct masters *masters, const struct settings *old,
                       const struct settings *settings);

/* Is it a Redis Cluster? */
bool masters_are_many(const struct masters *masters);

/* Where calls of this slot go, -1: those that may go anywhere.  Valid until another of these
 * functions is called.  NULL: no node has the slot, or the node did not answer a moment ago;
 * nothing is sent then, as a process that waits serves no other request. */
struct node *masters_find(struct masters *masters, int slot, long long until_ms);

/* This node did not run a call, and will not run another one: is there another node for the slot by
 * now?  NULL: none is known. */
struct node *masters_instead(struct masters *masters, const struct node *node, int slot,
                             long long until_ms);

/* The node that MOVED or ASK has named, in an answer of that node to a call of the slot.  NULL: it
 * is none, or has not answered a moment ago. */
struct node *masters_elsewhere(struct masters *masters, const struct node *node, int slot,
                               const struct next *next, long long until_ms);

/* The node has answered a call, or a call that it was sent has no answer. */
void masters_heard(struct masters *masters, const struct node *node, const struct next *next);
void masters_lost(struct masters *masters, const struct node *node);

/* A call was redirected.  Where that is counted, with calls that were not sent. */
void masters_count(struct masters *masters, enum redirect redirect);
struct counts *masters_counts(struct masters *masters);

/* Why masters_find() has found no node, in words for the client. */
const char *masters_trouble(const struct masters *masters, int slot);

#endif
