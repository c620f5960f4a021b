/* tour.c - the masters of Redis, one after the other.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "handlers/tour.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/target.h"
#include "broker/keys.h"

enum { NAMES = 10000 }; /* that are tried for a queue of one master */

void tour_clear(struct tour *tour)
{
    if (tour->map)
        cluster_clear(tour->map);
    free(tour->map);
    *tour = (struct tour){0};
}

enum status tour_begin(struct exchange *exchange, struct tour *tour, finish *then)
{
    tour->number = 0;
    tour->count = 1;
    if (target_kind(exchange->service->settings->redis) != TARGET_CLUSTER)
        return then(exchange, STATUS_OK);
    tour->map = xmalloc(sizeof(*tour->map));
    *tour->map = (struct cluster){0};
    cluster_slots_call(&exchange->call, tour->map);
    return exchange_await(exchange, then);
}

void tour_address(const struct tour *tour, struct exchange *exchange)
{
    if (tour->map)
        call_to_slot(&exchange->call, cluster_slot(tour->map, tour->number));
}

const char *tour_name(const struct tour *tour, const struct exchange *exchange)
{
    return tour->map ? tour->map->names[tour->number] : exchange->service->settings->redis;
}

bool tour_queue(const struct tour *tour, char queue[16])
{
    for (int i = 0; i < NAMES; i++) {
        char key[KEY_SIZE];

        snprintf(queue, 16, "%d", i);
        keys_write(key, KEY_NAMES, queue);
        if (cluster_node(tour->map, slot_of_key(key, strlen(key))) == tour->number)
            return true;
    }
    return false;
}
