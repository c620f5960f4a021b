/* map.c - which node of a Redis Cluster has which slots.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "admin/map.h"

#include "admin/plain.h"
#include "broker/keys.h"
#include "redis/link.h"

static bool ask(struct cluster *map, const struct settings *settings, char *address,
                struct reason *reason)
{
    struct settings there = *settings;
    const struct redisReply *reply;
    struct call call = {0};
    struct link *link;
    bool is_read;

    there.redis = address;
    link = link_new(&there);
    plain_begin(&call, of_nobody(), "CLUSTER", &reply);
    plain_add(&call, "SLOTS");
    is_read = link_run(link, &call, reason) == STATUS_OK && cluster_read(map, reply, address);
    call_clear(&call);
    link_free(link);
    return is_read;
}

bool map_read(struct cluster *map, const struct settings *settings, const struct target *target,
              struct reason *reason)
{
    char address[ADDRESS_TEXT];
    bool is_read = false;

    for (int i = 0; i < target->count && !is_read; i++) {
        address_print(&target->addresses[i], address);
        is_read = ask(map, settings, address, reason);
    }
    return is_read;
}
