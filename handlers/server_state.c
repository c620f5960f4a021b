/* server_state.c - /server: what stands behind this address, and how it is: the program, Redis, the
 * helpers.
 *
 * What does not answer is said to be so: the answer is an error only where nobody can be admitted.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/target.h"
#include "base/text.h"
#include "broker/helpers.h"
#include "broker/presence.h"
#include "broker/promise.h"
#include "broker/vitals.h"
#include "handlers/handlers.h"
#include "handlers/tour.h"

enum { HELPERS = ERRANDS }; /* that are shown */

struct server_state {
    struct tour tour;
    struct promise all, one;          /* one: of the master in hand */
    struct reason trouble;            /* why it is not ready; "": it is */
    struct json_object *nodes, *node; /* node: the one in hand */
    long long sent_us;
    struct presence_muster muster; /* now 0: not known */
    bool has_helpers;
    int helpers_count;
    char ids[HELPERS][HELPER_ID];
    const char *about[HELPERS];
    struct errand errands[HELPERS];
};

static void clear_server(void *user)
{
    struct server_state *server = user;

    tour_clear(&server->tour);
    for (int i = 0; i < HELPERS; i++)
        call_clear(&server->errands[i].call);
    json_object_put(server->nodes);
}

/* The first trouble counts. */
static void note_trouble(struct exchange *exchange, enum status status)
{
    struct server_state *server = exchange->state;

    if (status != STATUS_OK && !*server->trouble.text)
        server->trouble = exchange->reason;
    exchange->reason = (struct reason){0};
}

/* --- the answer ------------------------------------------------------------------------------ */

static struct json_object *helper_to_json(const char *id, const char *about)
{
    static const char *const members[] = {"version", "since", "connections"};
    struct json_object *helper = json_object_new_object(), *said = NULL, *value;
    struct reason ignored;

    json_object_object_add(helper, "id", json_object_new_string(id));
    if (about && json_parse(about, strlen(about), &said, &ignored) != STATUS_OK)
        said = NULL;
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        value = NULL;
        if (json_object_is_type(said, json_type_object))
            json_object_object_get_ex(said, members[i], &value);
        json_object_object_add(helper, members[i], json_object_get(value));
    }
    json_object_put(said);
    return helper;
}

static struct json_object *helpers_to_json(const struct server_state *server)
{
    struct json_object *helpers;

    if (!server->has_helpers)
        return NULL;
    helpers = json_object_new_array();
    for (int i = 0; i < server->helpers_count; i++)
        json_object_array_add(helpers,
                              helper_to_json(server->ids[i], server->errands[i].status == STATUS_OK
                                                                 ? server->about[i]
                                                                 : NULL));
    return helpers;
}

static void add_program(const struct exchange *exchange, struct json_object *answer)
{
    static const char *const kinds[] = {
        [TARGET_ONE] = "one", [TARGET_SENTINEL] = "sentinel", [TARGET_CLUSTER] = "cluster"};
    enum target_kind kind = target_kind(exchange->service->settings->redis);

    json_object_object_add(
        answer, "program",
        json_object_new_string(exchange->service->has_turns ? "restmq-wsd" : "restmq.fcgi"));
    json_object_object_add(answer, "version", json_object_new_string(PACKAGE_VERSION));
    json_object_object_add(answer, "pid", json_object_new_int((int)getpid()));
    json_object_object_add(answer, "kind", json_object_new_string(kinds[kind]));
}

static enum status answer_server(struct exchange *exchange)
{
    struct server_state *server = exchange->state;
    struct json_object *answer = json_object_new_object();
    bool is_ready = !*server->trouble.text;

    add_program(exchange, answer);
    json_object_object_add(answer, "now",
                           server->muster.now ? json_object_new_int64(server->muster.now) : NULL);
    json_object_object_add(answer, "ready", json_object_new_boolean(is_ready));
    if (!is_ready)
        json_object_object_add(answer, "reason", json_object_new_string(server->trouble.text));
    if (!server->all.masters)
        promise_init(&server->all);
    promise_to_json(&server->all, answer);
    json_object_object_add(answer, "nodes", json_object_get(server->nodes));
    json_object_object_add(answer, "helpers", helpers_to_json(server));
    return answer_json(exchange, answer);
}

/* --- helpers --------------------------------------------------------------------------------- */

static enum status on_about(struct exchange *exchange, enum status status)
{
    (void)status;
    return answer_server(exchange);
}

static enum status on_helpers(struct exchange *exchange, enum status status)
{
    struct server_state *server = exchange->state;
    const struct helpers *helpers = exchange->service->helpers;

    exchange->reason = (struct reason){0};
    server->has_helpers = status == STATUS_OK;
    if (!server->has_helpers)
        return answer_server(exchange);
    for (int i = 0; i < helpers->count && i < HELPERS; i++)
        memcpy(server->ids[server->helpers_count++], helpers->ids[i], HELPER_ID);
    if (server->helpers_count == 0)
        return answer_server(exchange);
    for (int i = 0; i < server->helpers_count; i++)
        presence_about_read_call(&server->errands[i].call, server->ids[i], &server->about[i]);
    return exchange_await_all(exchange, server->errands, server->helpers_count, on_about);
}

static enum status on_muster(struct exchange *exchange, enum status status)
{
    exchange->reason = (struct reason){0};
    return status == STATUS_OK ? exchange_ask_helpers(exchange, true, on_helpers)
                               : answer_server(exchange);
}

/* Redis tells its time beside. */
static enum status ask_time(struct exchange *exchange)
{
    struct server_state *server = exchange->state;

    if (server->all.masters) {
        promise_join_end(&server->all, target_kind(exchange->service->settings->redis));
        presence_muster_call(&exchange->call, 0, &server->muster);
        return exchange_await(exchange, on_muster);
    }
    return answer_server(exchange);
}

/* --- from master to master ------------------------------------------------------------------- */

static finish on_ping, on_info, on_config, on_probe;

static enum status ask_node(struct exchange *exchange)
{
    struct server_state *server = exchange->state;
    struct json_object *node;

    if (server->tour.number == server->tour.count)
        return ask_time(exchange);
    server->node = node = json_object_new_object();
    json_object_array_add(server->nodes, node);
    json_object_object_add(node, "address",
                           json_object_new_string(tour_name(&server->tour, exchange)));
    promise_ping_call(&exchange->call);
    tour_address(&server->tour, exchange);
    server->sent_us = clock_us();
    return exchange_await(exchange, on_ping);
}

static enum status next_node(struct exchange *exchange)
{
    ((struct server_state *)exchange->state)->tour.number++;
    return ask_node(exchange);
}

/* Of some Redis users PING alone is refused: then it is there, too. */
static enum status on_ping(struct exchange *exchange, enum status status)
{
    struct server_state *server = exchange->state;
    long long took_us = clock_us() - server->sent_us;

    json_object_object_add(server->node, "up", json_object_new_boolean(status == STATUS_OK));
    note_trouble(exchange, status);
    if (status != STATUS_OK)
        return next_node(exchange);
    json_object_object_add(server->node, "round_trip_ms", json_new_thousandths(took_us));
    promise_init(&server->one);
    promise_info_call(&exchange->call, &server->one);
    tour_address(&server->tour, exchange);
    return exchange_await(exchange, on_info);
}

static enum status on_info(struct exchange *exchange, enum status status)
{
    struct server_state *server = exchange->state;

    exchange->reason = (struct reason){0};
    vitals_to_json(status == STATUS_OK ? exchange->call.reply : NULL, server->node);
    if (promise_is_too_old(&server->one)) {
        refuse(&exchange->reason, STATUS_UNAVAILABLE,
               "hash tags need Redis 7 or newer, and this one is %s: streams hear of no push",
               server->one.version);
        note_trouble(exchange, STATUS_UNAVAILABLE);
    }
    promise_config_call(&exchange->call, &server->one);
    tour_address(&server->tour, exchange);
    return exchange_await(exchange, on_config);
}

/* Each master of a cluster is asked as a push to a queue of its own would be. */
static enum status on_config(struct exchange *exchange, enum status status)
{
    struct server_state *server = exchange->state;
    char queue[16];

    (void)status;
    exchange->reason = (struct reason){0};
    promise_join(&server->all, &server->one);
    if (!server->tour.map || !tour_queue(&server->tour, queue))
        return next_node(exchange);
    promise_probe_call(&exchange->call, queue);
    return exchange_await(exchange, on_probe);
}

static enum status on_probe(struct exchange *exchange, enum status status)
{
    note_trouble(exchange, status);
    return next_node(exchange);
}

static enum status on_masters(struct exchange *exchange, enum status status)
{
    struct server_state *server = exchange->state;
    struct tour *tour = &server->tour;
    int holes = tour->map && status == STATUS_OK ? cluster_holes(tour->map) : 0;

    note_trouble(exchange, status);
    if (tour->map)
        tour->count = status == STATUS_OK ? tour->map->count : 0;
    if (holes) {
        refuse(&exchange->reason, STATUS_UNAVAILABLE,
               "%d slot%s of the cluster have no Redis node: the queues there are refused", holes,
               text_plural(holes));
        note_trouble(exchange, STATUS_UNAVAILABLE);
    }
    return ask_node(exchange);
}

static enum status on_list_probe(struct exchange *exchange, enum status status)
{
    struct server_state *server = exchange->state;

    note_trouble(exchange, status);
    return tour_begin(exchange, &server->tour, on_masters);
}

enum status get_server(struct exchange *exchange)
{
    struct server_state *server = exchange_state(exchange, sizeof(*server), clear_server);

    server->nodes = json_object_new_array();
    promise_probe_call(&exchange->call, NULL);
    return exchange_await(exchange, on_list_probe);
}
