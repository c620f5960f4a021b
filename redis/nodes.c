/* nodes.c - where Redis is.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "redis/nodes.h"

#include <stdlib.h>
#include <string.h>

void nodes_init(struct nodes *nodes, const struct settings *settings)
{
    *nodes = (struct nodes){.settings = settings};
}

bool nodes_configure(struct nodes *nodes, const struct settings *old,
                     const struct settings *settings)
{
    bool is_same = login_is_same(old, settings);

    if (strcmp(old->redis, settings->redis) != 0)
        outage_elsewhere(&nodes->outage);
    nodes->settings = settings;
    return !is_same;
}

void nodes_address(const struct nodes *nodes, struct address *address)
{
    if (!address_read(nodes->settings->redis, address))
        abort(); /* the settings were checked */
}

void nodes_login(const struct nodes *nodes, struct login *login)
{
    login_init(login, nodes->settings);
}

long long nodes_timeout_ms(const struct nodes *nodes)
{
    return nodes->settings->redis_timeout_ms;
}

const char *nodes_name(const struct nodes *nodes)
{
    return nodes->settings->redis;
}

bool nodes_failed(struct nodes *nodes, const char *what, const char *why)
{
    return outage_begins(&nodes->outage, nodes_name(nodes), what, why);
}

bool nodes_answered(struct nodes *nodes)
{
    return outage_ends(&nodes->outage, nodes_name(nodes));
}
