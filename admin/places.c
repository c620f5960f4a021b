/* places.c - the verb cluster: which node has which queues, and what their Redis promises.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/names.h"
#include "admin/verbs.h"
#include "base/memory.h"
#include "base/target.h"
#include "base/text.h"
#include "broker/keys.h"
#include "broker/promise.h"
#include "redis/cluster.h"
#include "redis/link.h"
#include "redis/reply.h"

enum { NAMES_SHOWN = 20 }; /* of a node */

struct places {
    const struct settings *settings;
    struct cluster map; /* of a cluster only */
    struct names queues;
    struct reason reason;
    bool is_whole; /* nothing is wrong */
};

static enum status any_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    const redisReply **result = call->result;

    (void)reason;
    *result = reply;
    return STATUS_OK;
}

/* A plain command of up to three words; the reply is the call's. */
static enum status ask(struct link *link, struct call *call, const char *const words[3],
                       const redisReply **reply, struct reason *reason)
{
    call_begin(call, of_nobody(), NULL, any_result, reply);
    for (int i = 0; i < 3 && words[i]; i++)
        call_bytes(call, words[i], strlen(words[i]));
    return link_run(link, call, reason);
}

/* --- one node ------------------------------------------------------------------------------ */

/* Tells what a setting of Redis means; nothing if it cannot be asked. */
static void tell_setting(struct link *link, const char *name, const char *zero, const char *other)
{
    const char *const words[] = {"CONFIG", "GET", name};
    const redisReply *reply;
    struct reason ignored;
    struct call call = {0};

    if (ask(link, &call, words, &reply, &ignored) == STATUS_OK && reply_is_array(reply, 2) &&
        reply->element[1]->str) {
        const char *value = reply->element[1]->str;

        printf("  %s %s: %s\n", name, value,
               strcmp(value, "0") == 0 || strcmp(value, "no") == 0 ? zero : other);
    }
    call_clear(&call);
}

static enum status tell_promise(struct places *places, struct link *link, bool is_cluster)
{
    struct promise promise;
    struct call call = {0};
    struct reason ignored;
    enum status status;

    promise_init(&promise);
    promise_info_call(&call, &promise);
    status = link_run(link, &call, &places->reason);
    if (status == STATUS_OK) {
        promise_config_call(&call, &promise);
        link_run(link, &call, &ignored);
        printf("  %s\n  %s\n  %s\n", promise.persistence, promise.replicas, promise.eviction);
        tell_setting(
            link, "min-replicas-to-write",
            "a push counts before a replica has it; a failover may lose it",
            "with fewer replicas pushes are refused, and hardly one is lost by a failover");
        if (is_cluster)
            tell_setting(link, "cluster-require-full-coverage",
                         "where slots have no node, the other nodes go on",
                         "where slots have no node, all nodes refuse all queues");
    }
    call_clear(&call);
    return status;
}

/* Of the queues those that the map's node has, or all where the number is -1. */
static void tell_queues(const struct places *places, int node)
{
    int count = 0;

    for (int i = 0; i < places->queues.count; i++) {
        char key[KEY_SIZE];

        keys_write(key, KEY_LIST, places->queues.names[i]);
        if (node >= 0 && cluster_node(&places->map, slot_of_key(key, strlen(key))) != node)
            continue;
        if (count++ < NAMES_SHOWN)
            printf("  %s\n", places->queues.names[i]);
    }
    printf("  %s%d queue%s\n", count > NAMES_SHOWN ? "... " : "", count, text_plural(count));
}

/* Dials that address, tells about it, and leaves the names of all queues if it has them. */
static void tell_node(struct places *places, const char *address, int node)
{
    struct settings settings = *places->settings;
    char text[ADDRESS_TEXT];
    struct link *link;
    enum status status = STATUS_OK;

    snprintf(text, sizeof(text), "%s", address);
    settings.redis = node < 0 ? settings.redis : text;
    link = link_new(&settings);
    printf("%s\n", address);
    if (node < 0)
        status = names_read(&places->queues, link, false, &places->reason);
    names_sort(&places->queues);
    if (status == STATUS_OK)
        status = tell_promise(places, link, node >= 0);
    if (status == STATUS_OK || node >= 0)
        tell_queues(places, node);
    if (status != STATUS_OK) {
        printf("  %s\n", places->reason.text);
        places->is_whole = false;
    }
    link_free(link);
}

/* --- a cluster ----------------------------------------------------------------------------- */

static bool read_map(struct places *places, const char *address)
{
    static const char *const words[] = {"CLUSTER", "SLOTS", NULL};
    struct settings settings = *places->settings;
    char text[ADDRESS_TEXT];
    struct link *link;
    struct call call = {0};
    const redisReply *reply;
    bool is_read;

    snprintf(text, sizeof(text), "%s", address);
    settings.redis = text;
    link = link_new(&settings);
    is_read = ask(link, &call, words, &reply, &places->reason) == STATUS_OK &&
              cluster_read(&places->map, reply, text);
    call_clear(&call);
    link_free(link);
    return is_read;
}

/* The list of all queues is a key like others, and has a node. */
static void read_queues(struct places *places)
{
    int node = cluster_node(&places->map, slot_of_key("QUEUESET", strlen("QUEUESET")));
    struct settings settings = *places->settings;
    struct link *link;

    if (node < 0)
        return;
    settings.redis = places->map.names[node];
    link = link_new(&settings);
    if (names_read(&places->queues, link, false, &places->reason) != STATUS_OK)
        places->is_whole = false;
    names_sort(&places->queues);
    link_free(link);
}

static bool has_slots(const struct cluster *map, int node)
{
    for (int slot = 0; slot < SLOTS; slot++)
        if (cluster_node(map, slot) == node)
            return true;
    return false;
}

static enum outcome tell_cluster(struct places *places, const struct target *target)
{
    char address[ADDRESS_TEXT] = "";
    bool is_read = false;
    int holes;

    for (int i = 0; i < target->count && !is_read; i++) {
        address_print(&target->addresses[i], address);
        is_read = read_map(places, address);
    }
    if (!is_read)
        return order_fail("no node of the cluster tells its slots: %s", places->reason.text);
    read_queues(places);
    for (int i = 0; i < places->map.count; i++)
        if (has_slots(&places->map, i))
            tell_node(places, places->map.names[i], i);
    holes = cluster_holes(&places->map);
    printf("%d slot%s without a node%s\n", holes, text_plural(holes),
           holes ? ": the queues there are answered with 503" : "");
    return places->is_whole && !holes ? OUTCOME_DONE : OUTCOME_FAILED;
}

enum outcome cluster_verb(const struct order *order)
{
    static struct places places = {.is_whole = true};
    enum outcome outcome = OUTCOME_FAILED;
    struct settings settings;
    struct target target;
    struct config config;

    if (order->options[CLUSTER_REDIS] && !target_read(order->options[CLUSTER_REDIS], &target))
        return order_refuse(order, "--redis is " TARGET_ALLOWED);
    if (order_settings(order, &config)) {
        char *redis = xstrdup(order->options[CLUSTER_REDIS] ? order->options[CLUSTER_REDIS]
                                                            : config.settings.redis);

        settings = config.settings;
        settings.redis = redis;
        places.settings = &settings;
        if (target_read(redis, &target) && target.kind == TARGET_CLUSTER) {
            keys_use_tags(true);
            outcome = tell_cluster(&places, &target);
        } else {
            printf("%s\n", target.kind == TARGET_ONE ? "one Redis, no cluster; it has all queues"
                                                     : "a master that sentinels watch, no cluster; "
                                                       "it has all queues");
            tell_node(&places, redis, -1);
            outcome = places.is_whole ? OUTCOME_DONE : OUTCOME_FAILED;
        }
        free(redis);
    }
    cluster_clear(&places.map);
    names_clear(&places.queues);
    config_clear(&config);
    return outcome;
}
