/* places.c - the verb cluster: which node has which queues, and what their Redis promises.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <hiredis/hiredis.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/daemons.h"
#include "admin/json_line.h"
#include "admin/map.h"
#include "admin/plain.h"
#include "admin/queue_names.h"
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

/* In the place of a node's number. */
enum { ANY_NODE = -2, NO_NODE = -1 }; /* the latter is cluster_node()'s */

struct places {
    const struct settings *settings;
    struct cluster map; /* of a cluster only */
    struct queue_names queues;
    struct reason reason;
    bool is_whole; /* nothing is wrong */
    bool is_json;
    struct json_object *node; /* with JSON: what is told next */
};

/* --- one node ------------------------------------------------------------------------------ */

/* Tells what a setting of Redis means; nothing if it cannot be asked. */
static void tell_setting(const struct places *places, struct link *link, const char *name,
                         const char *zero, const char *other)
{
    const redisReply *reply;
    struct reason ignored;
    struct call call = {0};

    plain_begin(&call, of_nobody(), "CONFIG", &reply);
    plain_add(&call, "GET");
    plain_add(&call, name);
    if (link_run(link, &call, &ignored) == STATUS_OK && reply_is_array(reply, 2) &&
        reply->element[1]->str) {
        const char *value = reply->element[1]->str;

        if (places->is_json)
            json_line_text(places->node, name, value);
        else
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
        if (places->is_json)
            promise_to_json(&promise, places->node);
        else
            printf("  %s\n  %s\n  %s\n", promise.persistence, promise.replicas, promise.eviction);
        tell_setting(
            places, link, "min-replicas-to-write",
            "a push counts before a replica has it; a failover may lose it",
            "with fewer replicas pushes are refused, and hardly one is lost by a failover");
        if (is_cluster)
            tell_setting(places, link, "cluster-require-full-coverage",
                         "where slots have no node, the other nodes go on",
                         "where slots have no node, all nodes refuse all queues");
    }
    call_clear(&call);
    return status;
}

/* Of the queues those that the map's node has, or no node, or all; with JSON all their names. */
static void tell_queues(const struct places *places, int node)
{
    struct json_object *names = places->is_json ? json_object_new_array() : NULL;
    int count = 0;

    for (int i = 0; i < places->queues.count; i++) {
        char key[KEY_SIZE];

        keys_write(key, KEY_LIST, places->queues.names[i]);
        if (node != ANY_NODE && cluster_node(&places->map, slot_of_key(key, strlen(key))) != node)
            continue;
        if (names)
            json_object_array_add(names, json_object_new_string(places->queues.names[i]));
        else if (count++ < NAMES_SHOWN)
            printf("  %s\n", places->queues.names[i]);
    }
    if (names)
        json_object_object_add(places->node, "queues", names);
    else
        printf("  %s%d queue%s\n", count > NAMES_SHOWN ? "... " : "", count, text_plural(count));
}

static void begin_node(struct places *places, const char *address)
{
    if (places->is_json) {
        places->node = json_object_new_object();
        json_line_text(places->node, "node", address);
    } else {
        printf("%s\n", address);
    }
}

/* Dials that address, tells about it, and leaves the names of all queues if it has them. */
static void tell_node(struct places *places, const char *address, int node)
{
    struct settings settings = *places->settings;
    char text[ADDRESS_TEXT];
    struct link *link;
    enum status status = STATUS_OK;

    snprintf(text, sizeof(text), "%s", address);
    settings.redis = node == ANY_NODE ? settings.redis : text;
    link = link_new(&settings);
    begin_node(places, address);
    if (node == ANY_NODE)
        status = queue_names_read(&places->queues, link, false, &places->reason);
    queue_names_sort(&places->queues);
    if (status == STATUS_OK)
        status = tell_promise(places, link, node != ANY_NODE);
    if (status == STATUS_OK || node != ANY_NODE)
        tell_queues(places, node);
    if (status != STATUS_OK) {
        if (places->is_json)
            json_line_text(places->node, "error", places->reason.text);
        else
            printf("  %s\n", places->reason.text);
        places->is_whole = false;
    }
    if (places->is_json)
        json_line_print(places->node, stdout);
    link_free(link);
}

/* --- a cluster ----------------------------------------------------------------------------- */

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
    if (queue_names_read(&places->queues, link, false, &places->reason) != STATUS_OK)
        places->is_whole = false;
    queue_names_sort(&places->queues);
    link_free(link);
}

static bool has_slots(const struct cluster *map, int node)
{
    for (int slot = 0; slot < SLOTS; slot++)
        if (cluster_node(map, slot) == node)
            return true;
    return false;
}

static void tell_hole(struct json_object *holes, const char *between, int first, int last)
{
    struct json_object *hole;

    if (holes) {
        hole = json_object_new_array();
        json_object_array_add(hole, json_object_new_int(first));
        json_object_array_add(hole, json_object_new_int(last));
        json_object_array_add(holes, hole);
    } else {
        printf("%s%d", between, first);
        if (last > first)
            printf("-%d", last);
    }
}

/* "77, 5000-5001", or with JSON [[77,77],[5000,5001]] */
static void tell_ranges(const struct cluster *map, struct json_object *holes)
{
    const char *between = "";

    for (int slot = 0, end; slot < SLOTS; slot = end) {
        for (end = slot + 1; end < SLOTS && cluster_node(map, end) == cluster_node(map, slot);)
            end++;
        if (cluster_node(map, slot) != NO_NODE)
            continue;
        tell_hole(holes, between, slot, end - 1);
        between = ", ";
    }
}

static bool tell_holes_json(struct places *places, int count)
{
    struct json_object *holes = json_object_new_array();

    places->node = json_object_new_object();
    json_line_number(places->node, "unserved", count);
    tell_ranges(&places->map, holes);
    json_object_object_add(places->node, "slots", holes);
    tell_queues(places, NO_NODE);
    json_line_print(places->node, stdout);
    return count > 0;
}

/* Slots that nobody serves; false: there are none. */
static bool tell_holes(struct places *places)
{
    int holes = cluster_holes(&places->map);

    if (places->is_json)
        return tell_holes_json(places, holes);
    printf("%d slot%s without a node%s", holes, text_plural(holes), holes ? ": " : "\n");
    if (!holes)
        return false;
    tell_ranges(&places->map, NULL);
    printf("\n  queues there are answered with 503\n");
    tell_queues(places, NO_NODE);
    return true;
}

static enum outcome tell_cluster(struct places *places, const struct target *target)
{
    bool has_holes;

    if (!map_read(&places->map, places->settings, target, &places->reason))
        return order_fail("no node of the cluster tells its slots: %s", places->reason.text);
    read_queues(places);
    for (int i = 0; i < places->map.count; i++)
        if (has_slots(&places->map, i))
            tell_node(places, places->map.names[i], i);
    has_holes = tell_holes(places);
    return places->is_whole && !has_holes ? OUTCOME_DONE : OUTCOME_FAILED;
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
    places.is_json = order->options[ORDER_JSON];
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
            if (!places.is_json)
                printf("%s\n", target.kind == TARGET_ONE
                                   ? "one Redis, no cluster; it has all queues"
                                   : "a master that sentinels watch, no cluster; "
                                     "it has all queues");
            tell_node(&places, redis, ANY_NODE);
            outcome = places.is_whole ? OUTCOME_DONE : OUTCOME_FAILED;
        }
        free(redis);
    }
    cluster_clear(&places.map);
    queue_names_clear(&places.queues);
    config_clear(&config);
    return outcome;
}
