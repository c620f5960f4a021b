/* nodes.c - where Redis is.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "redis/nodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/target.h"
#include "redis/tls.h"

/* Where several servers may be asked, one that is silent must not use up the time of the others. */
enum { DIAL_MS = 500, SENTINEL_MS = 200 };

void nodes_init(struct nodes *nodes, const struct settings *settings)
{
    *nodes = (struct nodes){.settings = settings, .tls = tls_context_new()};
}

void nodes_clear(struct nodes *nodes)
{
    tls_context_free(nodes->tls);
    nodes->tls = NULL;
}

void nodes_init_sentinels(struct nodes *nodes, const struct settings *settings)
{
    nodes_init(nodes, settings);
    nodes->are_sentinels = true;
}

void nodes_init_member(struct nodes *nodes, const struct settings *settings, const char *at)
{
    nodes_init(nodes, settings);
    nodes->is_member = true;
    snprintf(nodes->master, sizeof(nodes->master), "%s", at);
}

static bool needs_another_connection(const struct nodes *nodes, const struct settings *old,
                                     const struct settings *settings)
{
    return !login_is_same(old, settings) ||
           (nodes->are_sentinels &&
            !login_is_same_account(&old->sentinel_account, &settings->sentinel_account));
}

bool nodes_configure(struct nodes *nodes, const struct settings *old,
                     const struct settings *settings)
{
    bool is_other = needs_another_connection(nodes, old, settings);

    if (strcmp(old->redis, settings->redis) != 0 && !nodes->is_member) {
        outage_elsewhere(&nodes->outage);
        nodes->master[0] = '\0';
    }
    nodes->settings = settings;
    tls_context_forget(nodes->tls);
    return is_other;
}

bool nodes_have_sentinels(const struct nodes *nodes)
{
    return target_kind(nodes->settings->redis) == TARGET_SENTINEL && !nodes->are_sentinels;
}

bool nodes_are_cluster(const struct nodes *nodes)
{
    return target_kind(nodes->settings->redis) == TARGET_CLUSTER && !nodes->is_member;
}

bool nodes_found(struct nodes *nodes, const char *at)
{
    if (strcmp(nodes->master, at) == 0)
        return false;
    if (*nodes->master && !nodes->are_sentinels)
        log_info("Redis at %s: the master is at %s now", nodes->master, at);
    snprintf(nodes->master, sizeof(nodes->master), "%s", at);
    return true;
}

struct tls *nodes_tls(const struct nodes *nodes, const char *host, int fd)
{
    const struct redis_tls *settings = &nodes->settings->redis_tls;

    return settings->is_on ? tls_new(nodes->tls, settings, host, fd) : NULL;
}

const char *nodes_name(const struct nodes *nodes)
{
    return *nodes->master ? nodes->master : nodes->settings->redis;
}

bool nodes_address(const struct nodes *nodes, struct address *address)
{
    return address_read(nodes_name(nodes), address);
}

void nodes_login(const struct nodes *nodes, struct login *login)
{
    if (nodes->are_sentinels)
        login_init_as(login, &nodes->settings->sentinel_account);
    else
        login_init(login, nodes->settings);
    if (nodes_have_sentinels(nodes))
        login_ask_role(login);
}

static long long at_most(const struct nodes *nodes, long long ms)
{
    return nodes->settings->redis_timeout_ms < ms ? nodes->settings->redis_timeout_ms : ms;
}

long long nodes_dial_ms(const struct nodes *nodes)
{
    bool is_alone = target_kind(nodes->settings->redis) == TARGET_ONE && !nodes->is_member;

    return is_alone ? nodes_timeout_ms(nodes)
                    : at_most(nodes, nodes->are_sentinels ? SENTINEL_MS : DIAL_MS);
}

long long nodes_timeout_ms(const struct nodes *nodes)
{
    return nodes->are_sentinels ? at_most(nodes, SENTINEL_MS) : nodes->settings->redis_timeout_ms;
}

bool nodes_failed(struct nodes *nodes, const char *what, const char *why)
{
    return outage_begins(&nodes->outage, nodes_name(nodes), what, why);
}

bool nodes_answered(struct nodes *nodes)
{
    return outage_ends(&nodes->outage, nodes_name(nodes));
}
