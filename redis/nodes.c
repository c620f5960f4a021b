/* nodes.c - where Redis is.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "redis/nodes.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

void nodes_init(struct nodes *nodes, const struct settings *settings)
{
    *nodes = (struct nodes){.settings = settings};
}

bool nodes_configure(struct nodes *nodes, const struct settings *old,
                     const struct settings *settings)
{
    bool is_same = login_is_same(old, settings);

    if (strcmp(old->redis, settings->redis) != 0) {
        nodes->is_lost = false; /* the other one's troubles are worth a line of their own */
        nodes->tells_back = true;
    }
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
    bool is_first = !nodes->is_lost;

    if (is_first)
        log_error("Redis at %s: %s: %s", nodes_name(nodes), what, why);
    nodes->is_lost = nodes->tells_back = true;
    return is_first;
}

bool nodes_answered(struct nodes *nodes)
{
    bool is_back = nodes->tells_back;

    if (is_back)
        log_info("Redis at %s: back", nodes_name(nodes));
    nodes->is_lost = nodes->tells_back = false;
    return is_back;
}
