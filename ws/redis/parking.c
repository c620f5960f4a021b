/* parking.c - calls that wait for the node of their slot.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/redis/parking.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "redis/slot.h"

TAILQ_HEAD(parked_list, parked);

/* The slots that have some. */
struct parked_slot {
    TAILQ_ENTRY(parked_slot) next;
    int slot;
    struct parked_list calls;
};
TAILQ_HEAD(parked_slots, parked_slot);

struct parking {
    struct parked_slot *rows[SLOTS]; /* NULL: no call of the slot is parked */
    uint32_t under_way[SLOTS];       /* calls */
    struct parked_slots all;
    size_t count; /* of rows */
};

struct parking *parking_new(void)
{
    struct parking *parking = xmalloc(sizeof(*parking));

    memset(parking, 0, sizeof(*parking));
    TAILQ_INIT(&parking->all);
    return parking;
}

void parking_free(struct parking *parking)
{
    free(parking);
}

void parking_enter(struct parking *parking, int slot)
{
    if (slot >= 0)
        parking->under_way[slot]++;
}

void parking_leave(struct parking *parking, int slot)
{
    if (slot >= 0)
        parking->under_way[slot]--;
}

bool parking_has(const struct parking *parking, int slot)
{
    return slot >= 0 && parking->rows[slot];
}

bool parking_is_empty(const struct parking *parking)
{
    return parking->count == 0;
}

static struct parked_slot *row_get(struct parking *parking, int slot)
{
    struct parked_slot *row = parking->rows[slot];

    if (row)
        return row;
    row = parking->rows[slot] = xmalloc(sizeof(*row));
    row->slot = slot;
    TAILQ_INIT(&row->calls);
    TAILQ_INSERT_TAIL(&parking->all, row, next);
    parking->count++;
    return row;
}

/* Behind those that were given before; mostly that is the end. */
void parking_add(struct parking *parking, struct parked *parked)
{
    struct parked_slot *row = row_get(parking, parked->slot);
    struct parked *before = TAILQ_LAST(&row->calls, parked_list);

    while (before && before->number > parked->number)
        before = TAILQ_PREV(before, parked_list, next);
    if (before)
        TAILQ_INSERT_AFTER(&row->calls, before, parked, next);
    else
        TAILQ_INSERT_HEAD(&row->calls, parked, next);
}

void parking_remove(struct parking *parking, struct parked *parked)
{
    struct parked_slot *row = parking->rows[parked->slot];

    TAILQ_REMOVE(&row->calls, parked, next);
    if (!TAILQ_EMPTY(&row->calls))
        return;
    parking->rows[parked->slot] = NULL;
    TAILQ_REMOVE(&parking->all, row, next);
    parking->count--;
    free(row);
}

struct parked *parking_row(const struct parking *parking, int slot)
{
    return parking_has(parking, slot) ? TAILQ_FIRST(&parking->rows[slot]->calls) : NULL;
}

struct parked *parking_any(const struct parking *parking)
{
    const struct parked_slot *row = TAILQ_FIRST(&parking->all);

    return row ? TAILQ_FIRST(&row->calls) : NULL;
}

struct parked *parking_first(const struct parking *parking, int slot)
{
    return slot >= 0 && parking->under_way[slot] == 0 ? parking_row(parking, slot) : NULL;
}

/* Each goes to the end before its turn, so none is met twice but where others have gone. */
void parking_for_each(struct parking *parking, void (*act)(void *user, int slot), void *user)
{
    struct parked_slot *row;

    for (size_t left = parking->count; left > 0 && (row = TAILQ_FIRST(&parking->all)); left--) {
        TAILQ_REMOVE(&parking->all, row, next);
        TAILQ_INSERT_TAIL(&parking->all, row, next);
        act(user, row->slot);
    }
}
