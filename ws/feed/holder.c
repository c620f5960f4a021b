/* holder.c - who holds which lease.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/holder.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "ws/feed/delivery.h"
#include "ws/net/budget.h"

enum { NODE = 3 * sizeof(void *) + BUDGET_PIECE }; /* of the tree, in the budget */

static int compare(const void *left, const void *right)
{
    const struct delivery *one = left, *other = right;

    return strcmp(one->token, other->token);
}

void holder_note(struct holders *holders, struct budget *budget, struct delivery *delivery,
                 struct taker *holder)
{
    delivery->holder = holder;
    if (!tsearch(delivery, &holders->tree, compare))
        abort(); /* out of memory */
    budget_add(budget, NODE);
}

void holder_forget(struct holders *holders, struct budget *budget, struct delivery *delivery)
{
    if (!delivery->holder)
        return;
    delivery->holder = NULL;
    tdelete(delivery, &holders->tree, compare);
    budget_take_off(budget, NODE);
}

static struct delivery *find(const struct holders *holders, const char *token, size_t len)
{
    struct delivery key = {0}, **found;

    if (len >= sizeof(key.token))
        return NULL;
    memcpy(key.token, token, len);
    found = tfind(&key, &holders->tree, compare);
    return found ? *found : NULL;
}

bool holder_heard(const struct holders *holders, const char *data, size_t len,
                  struct delivery **delivery)
{
    static const char ended[] = "ended ";
    size_t skip = sizeof(ended) - 1;

    if (len < skip || memcmp(data, ended, skip) != 0)
        return false;
    *delivery = find(holders, data + skip, len - skip);
    return true;
}
