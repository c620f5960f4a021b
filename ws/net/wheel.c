/* wheel.c - a ring of timeouts.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/net/wheel.h"

void wheel_unset(struct timeout *timeout)
{
    if (!timeout->link)
        return;
    *timeout->link = timeout->next;
    if (timeout->next)
        timeout->next->link = timeout->link;
    timeout->link = NULL;
}

void wheel_set(struct wheel *wheel, struct timeout *timeout, unsigned ms)
{
    unsigned steps = ms / WHEEL_STEP_MS + 1; /* the step in hand has begun already */
    struct timeout **slot;

    if (steps >= WHEEL_SLOTS)
        steps = WHEEL_SLOTS - 1;
    slot = &wheel->slots[(wheel->now + steps) % WHEEL_SLOTS];
    wheel_unset(timeout);
    timeout->next = *slot;
    timeout->link = slot;
    if (*slot)
        (*slot)->link = &timeout->next;
    *slot = timeout;
}

/* The end of those that are over. */
static struct timeout **end_of(struct timeout **list)
{
    while (*list)
        list = &(*list)->next;
    return list;
}

void wheel_step(struct wheel *wheel)
{
    struct timeout **slot, **end = end_of(&wheel->over); /* short: they are told soon */

    wheel->now = (wheel->now + 1) % WHEEL_SLOTS;
    slot = &wheel->slots[wheel->now];
    *end = *slot;
    if (*end)
        (*end)->link = end;
    *slot = NULL;
}

struct timeout *wheel_expired(struct wheel *wheel)
{
    struct timeout *timeout = wheel->over;

    if (timeout)
        wheel_unset(timeout);
    return timeout;
}
