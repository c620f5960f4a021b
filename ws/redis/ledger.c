/* ledger.c - the subscriptions of one connection.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/redis/ledger.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static int compare(const void *one, const void *other)
{
    const struct subscription *a = one, *b = other;

    if (a->len != b->len)
        return a->len < b->len ? -1 : 1;
    return memcmp(a->channel, b->channel, a->len);
}

struct subscription *ledger_find(const struct ledger *ledger, const char *channel, size_t len)
{
    const struct subscription key = {.channel = channel, .len = len};
    void *node = tfind(&key, &ledger->tree, compare);

    return node ? *(struct subscription **)node : NULL;
}

static struct subscription *make(const char *channel)
{
    size_t len = strlen(channel);
    struct subscription *one = xmalloc(sizeof(*one) + len + 1);

    *one = (struct subscription){.len = len};
    one->channel = memcpy(one + 1, channel, len + 1);
    return one;
}

struct subscription *ledger_add(struct ledger *ledger, const char *channel)
{
    struct subscription *one = make(channel);

    if (!tsearch(one, &ledger->tree, compare))
        abort(); /* out of memory */
    TAILQ_INSERT_TAIL(&ledger->named, one, next);
    return one;
}

void ledger_remove(struct ledger *ledger, struct subscription *one)
{
    if (one == ledger->pending)
        ledger->pending = TAILQ_NEXT(one, next);
    if (one->ticket)
        TAILQ_REMOVE(&ledger->asked, one, next);
    else
        TAILQ_REMOVE(&ledger->named, one, next);
    tdelete(one, &ledger->tree, compare);
    free(one);
}

/* --- the order of answers --------------------------------------------------------------------- */

void ledger_ask(struct ledger *ledger, struct subscription *one)
{
    TAILQ_REMOVE(&ledger->named, one, next);
    TAILQ_INSERT_TAIL(&ledger->asked, one, next);
    one->ticket = ++ledger->tickets;
    if (!ledger->pending)
        ledger->pending = one;
}

void ledger_add_fence(struct ledger *ledger)
{
    struct subscription *fence = make("");

    fence->ticket = ++ledger->tickets;
    TAILQ_INSERT_TAIL(&ledger->fences, fence, next);
}

bool ledger_is_at_fence(const struct ledger *ledger)
{
    const struct subscription *fence = TAILQ_FIRST(&ledger->fences);

    return fence && fence->ticket == ledger->answers + 1;
}

static void drop_fence(struct ledger *ledger)
{
    struct subscription *fence = TAILQ_FIRST(&ledger->fences);

    TAILQ_REMOVE(&ledger->fences, fence, next);
    free(fence);
}

struct subscription *ledger_answered(struct ledger *ledger)
{
    struct subscription *one = ledger->pending;

    if (ledger_is_at_fence(ledger))
        drop_fence(ledger);
    ledger->answers++;
    if (!one || one->ticket != ledger->answers)
        return NULL;
    ledger->pending = TAILQ_NEXT(one, next);
    return one;
}

void ledger_begin_anew(struct ledger *ledger)
{
    struct subscription *one;

    TAILQ_CONCAT(&ledger->named, &ledger->asked, next);
    ledger->tickets = ledger->answers = 0;
    ledger->pending = NULL;
    while (!TAILQ_EMPTY(&ledger->fences))
        drop_fence(ledger);
    TAILQ_FOREACH (one, &ledger->named, next) {
        one->ticket = 0;
        one->is_heard = false;
    }
}

/* --- life ------------------------------------------------------------------------------------- */

void ledger_init(struct ledger *ledger)
{
    *ledger = (struct ledger){0};
    TAILQ_INIT(&ledger->named);
    TAILQ_INIT(&ledger->asked);
    TAILQ_INIT(&ledger->fences);
}

static void free_all(struct subscription_list *list)
{
    struct subscription *one;

    while ((one = TAILQ_FIRST(list))) {
        TAILQ_REMOVE(list, one, next);
        free(one);
    }
}

static void keep(void *one)
{
    (void)one; /* the lists free it */
}

void ledger_clear(struct ledger *ledger)
{
    tdestroy(ledger->tree, keep);
    free_all(&ledger->named);
    free_all(&ledger->asked);
    free_all(&ledger->fences);
}
