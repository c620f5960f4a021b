/* holder.c - who holds which lease.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/holder.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "ws/feed/feed.h"
#include "ws/role/consumer.h"
#include "ws/server.h"

enum { NODE = 3 * sizeof(void *) + BUDGET_PIECE }; /* of the tree, in the budget */

static int compare(const void *left, const void *right)
{
    const struct delivery *one = left, *other = right;

    return strcmp(one->token, other->token);
}

void holder_note(struct feed *feed, struct delivery *delivery, struct consumer *holder)
{
    delivery->holder = holder;
    if (!tsearch(delivery, &feed->held, compare))
        abort(); /* out of memory */
    budget_add(&feed->server->budget, NODE);
}

void holder_forget(struct feed *feed, struct delivery *delivery)
{
    if (!delivery->holder)
        return;
    delivery->holder = NULL;
    tdelete(delivery, &feed->held, compare);
    budget_take_off(&feed->server->budget, NODE);
}

static struct delivery *find(struct feed *feed, const char *token, size_t len)
{
    struct delivery key = {0}, **found;

    if (len >= sizeof(key.token))
        return NULL;
    memcpy(key.token, token, len);
    found = tfind(&key, &feed->held, compare);
    return found ? *found : NULL;
}

bool holder_heard(struct feed *feed, const char *data, size_t len)
{
    static const char ended[] = "ended ";
    size_t skip = sizeof(ended) - 1;
    struct delivery *delivery;

    if (len < skip || memcmp(data, ended, skip) != 0)
        return false;
    delivery = find(feed, data + skip, len - skip);
    if (delivery)
        consumer_settled(delivery->holder, delivery->key, delivery->key_len, delivery->token);
    return true;
}
