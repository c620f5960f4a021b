/* stats.c - /stats: the state of queues.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "handlers/stats.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "handlers/handlers.h"

enum status stats_of_queue(struct exchange *exchange, struct queue_state *state)
{
    struct queue_states states = {1, state};
    const char *queue = exchange->queue;

    queue_states_call(&exchange->call, &queue, &states);
    return link_run(exchange->link, &exchange->call, &exchange->reason);
}

enum status stats_get(struct exchange *exchange)
{
    struct queue_state state;
    struct json_object *answer;
    enum status status = stats_of_queue(exchange, &state);

    if (status != STATUS_OK)
        return status;
    answer = json_object_new_object();
    json_object_object_add(answer, "redis", redis_name(exchange));
    json_object_object_add(answer, "queue", json_object_new_string(exchange->queue));
    queue_state_to_json(&state, answer);
    return answer_json(exchange, answer);
}

static void add_named_state(struct json_object *queues, const char *queue,
                            const struct queue_state *state)
{
    struct json_object *object = json_object_new_object();

    json_object_object_add(object, "name", json_object_new_string(queue));
    queue_state_to_json(state, object);
    json_object_object_add(queues, queue, object);
}

enum status stats_get_all(struct exchange *exchange)
{
    return stats_of_all(exchange, add_named_state);
}

/* --- all queues ---------------------------------------------------------------------------- */

/* Who visits, and has he seen enough? */
struct tour {
    stats_visit *visit;
    void *user;
    bool is_over;
};

static void show(struct exchange *exchange, struct tour *tour, const char *queue,
                 const struct queue_state *state)
{
    if (!tour->is_over)
        tour->is_over = !tour->visit(exchange, tour->user, queue, state);
}

/* These queues, in one call; if one of them is damaged, in a call each. */
static enum status show_some(struct exchange *exchange, const char *const *names, int count,
                             struct tour *tour)
{
    static struct queue_state found[QUEUE_STATES];
    struct queue_states states = {count, found};
    enum status status;

    queue_states_call(&exchange->call, names, &states);
    status = link_run(exchange->link, &exchange->call, &exchange->reason);
    if (status == STATUS_DAMAGED && count > 1) {
        status = STATUS_OK;
        for (int i = 0; i < count && status == STATUS_OK; i++)
            status = show_some(exchange, names + i, 1, tour);
        return status;
    }
    if (status == STATUS_DAMAGED) {
        show(exchange, tour, names[0], NULL);
        exchange->reason = (struct reason){0};
        return STATUS_OK;
    }
    for (int i = 0; i < count && status == STATUS_OK; i++)
        show(exchange, tour, names[i], &found[i]);
    return status;
}

/* A page of queues, whose names point into a reply that will be gone: so they are copied. */
static enum status show_page(struct exchange *exchange, struct tour *tour)
{
    int count = exchange->catalog.count;
    const char **names = xmalloc((size_t)count * sizeof(*names));
    enum status status = STATUS_OK;

    for (int i = 0; i < count; i++)
        names[i] = xstrdup(exchange->catalog.names[i]);
    for (int at = 0; at < count && status == STATUS_OK && !tour->is_over; at += QUEUE_STATES)
        status = show_some(exchange, names + at,
                           count - at < QUEUE_STATES ? count - at : QUEUE_STATES, tour);
    for (int i = 0; i < count; i++)
        free((char *)names[i]);
    free(names);
    return status;
}

enum status stats_each(struct exchange *exchange, stats_visit *visit, void *user)
{
    struct tour tour = {.visit = visit, .user = user};
    char cursor[CATALOG_CURSOR] = "0";
    enum status status;

    do {
        catalog_page_call(&exchange->call, cursor, strlen(cursor), LIMIT_PAGE, &exchange->catalog);
        status = link_run(exchange->link, &exchange->call, &exchange->reason);
        if (status != STATUS_OK)
            break;
        strcpy(cursor, exchange->catalog.cursor);
        status = show_page(exchange, &tour);
    } while (status == STATUS_OK && !tour.is_over && strcmp(cursor, "0") != 0);
    return status;
}

/* --- all queues as JSON -------------------------------------------------------------------- */

typedef void add_state(struct json_object *queues, const char *queue,
                       const struct queue_state *state);

struct listing {
    struct json_object *queues;
    add_state *add;
};

/* One queue with a damaged key must not hide the others. */
static void add_damaged(struct exchange *exchange, struct json_object *queues, const char *queue)
{
    struct json_object *object = json_object_new_object();

    json_object_object_add(object, "name", json_object_new_string(queue));
    json_object_object_add(object, "error", json_object_new_string(exchange->reason.text));
    json_object_object_add(object, "code", json_object_new_string(status_code(STATUS_DAMAGED)));
    json_object_object_add(queues, queue, object);
}

static bool list_state(struct exchange *exchange, void *user, const char *queue,
                       const struct queue_state *state)
{
    struct listing *listing = user;

    if (state)
        listing->add(listing->queues, queue, state);
    else
        add_damaged(exchange, listing->queues, queue);
    return true;
}

enum status stats_of_all(struct exchange *exchange, add_state *add)
{
    struct listing listing = {json_object_new_object(), add};
    enum status status = stats_each(exchange, list_state, &listing);
    struct json_object *answer;

    if (status != STATUS_OK) {
        json_object_put(listing.queues);
        return status;
    }
    answer = json_object_new_object();
    json_object_object_add(answer, "queues", listing.queues);
    json_object_object_add(answer, "redis", redis_name(exchange));
    json_object_object_add(answer, "count",
                           json_object_new_int(json_object_object_length(listing.queues)));
    return answer_json(exchange, answer);
}
