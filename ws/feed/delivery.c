/* delivery.c - messages that have not arrived yet.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/delivery.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ws/net/budget.h"

static size_t size_of(const struct delivery *delivery)
{
    return sizeof(*delivery) + delivery->key_len + BUDGET_PIECE;
}

static void discard(struct delivery *delivery, struct budget *budget)
{
    budget_take_off(budget, size_of(delivery));
    free(delivery);
}

struct delivery *deliveries_add(struct deliveries *deliveries, struct budget *budget,
                                const struct message *message)
{
    struct delivery *delivery = xmalloc(sizeof(*delivery) + message->key_len);

    *delivery = (struct delivery){.size = message->value_len, .key_len = message->key_len};
    memcpy(delivery->token, message->token, sizeof(delivery->token));
    memcpy(delivery->key, message->key, message->key_len);
    budget_add(budget, size_of(delivery));
    if (deliveries->last)
        deliveries->last->next = delivery;
    else
        deliveries->first = delivery;
    deliveries->last = delivery;
    deliveries->count++;
    deliveries->size += delivery->size;
    return delivery;
}

static void unlink_next(struct deliveries *deliveries, struct delivery *before)
{
    struct delivery *delivery = before ? before->next : deliveries->first;

    if (before)
        before->next = delivery->next;
    else
        deliveries->first = delivery->next;
    if (deliveries->last == delivery)
        deliveries->last = before;
    deliveries->count--;
    deliveries->size -= delivery->size;
}

static bool is(const struct delivery *delivery, const char *key, size_t len, const char *token)
{
    return delivery->key_len == len && memcmp(delivery->key, key, len) == 0 &&
           strcmp(delivery->token, token) == 0;
}

struct delivery *deliveries_find(const struct deliveries *deliveries, const char *key, size_t len,
                                 const char *token)
{
    struct delivery *at = deliveries->first;

    while (at && !is(at, key, len, token))
        at = at->next;
    return at;
}

bool deliveries_remove(struct deliveries *deliveries, struct budget *budget, const char *key,
                       size_t len, const char *token)
{
    struct delivery *before = NULL, *at = deliveries->first;

    while (at && !is(at, key, len, token)) {
        before = at;
        at = at->next;
    }
    if (!at)
        return false;
    unlink_next(deliveries, before);
    discard(at, budget);
    return true;
}

static struct delivery *shift(struct deliveries *deliveries)
{
    struct delivery *first = deliveries->first;

    if (first)
        unlink_next(deliveries, NULL);
    return first;
}

void deliveries_clear(struct deliveries *deliveries, struct budget *budget)
{
    while (deliveries->first)
        discard(shift(deliveries), budget);
}

void deliveries_ack(struct deliveries *deliveries, struct budget *budget, uint64_t arrived,
                    settle_delivery *settle, void *user)
{
    while (deliveries->first && deliveries->first->end <= arrived) {
        struct delivery *delivery = shift(deliveries);

        settle(user, SETTLE_ACK, delivery);
        discard(delivery, budget);
    }
}

static struct delivery *reverse(struct deliveries *deliveries)
{
    struct delivery *reversed = NULL;

    while (deliveries->first) {
        struct delivery *delivery = shift(deliveries);

        delivery->next = reversed;
        reversed = delivery;
    }
    return reversed;
}

/* The last first: each goes to the old end, in front of those before it. */
void deliveries_return(struct deliveries *deliveries, struct budget *budget, uint64_t written,
                       settle_delivery *settle, void *user)
{
    struct delivery *delivery = reverse(deliveries), *next;

    for (; delivery; delivery = next) {
        next = delivery->next;
        settle(user, delivery->start < written ? SETTLE_RELEASE : SETTLE_RETURN, delivery);
        discard(delivery, budget);
    }
}
