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

typedef void add_state(struct json_object *queues, const char *queue,
                       const struct queue_state *state);

/* One queue with a damaged key must not hide the others. */
static void add_damaged(struct exchange *exchange, struct json_object *queues, const char *queue)
{
    struct json_object *object = json_object_new_object();

    json_object_object_add(object, "name", json_object_new_string(queue));
    json_object_object_add(object, "error", json_object_new_string(exchange->reason.text));
    json_object_object_add(object, "code", json_object_new_string(status_code(STATUS_DAMAGED)));
    json_object_object_add(queues, queue, object);
    exchange->reason = (struct reason){0};
}

/* The members of these queues, in one call; if one of them is damaged, in a call each. */
static enum status add_some(struct exchange *exchange, const char *const *names, int count,
                            add_state *add, struct json_object *queues)
{
    static struct queue_state found[QUEUE_STATES];
    struct queue_states states = {count, found};
    enum status status;

    queue_states_call(&exchange->call, names, &states);
    status = link_run(exchange->link, &exchange->call, &exchange->reason);
    if (status == STATUS_DAMAGED && count > 1) {
        status = STATUS_OK;
        for (int i = 0; i < count && status == STATUS_OK; i++)
            status = add_some(exchange, names + i, 1, add, queues);
        return status;
    }
    if (status == STATUS_DAMAGED) {
        add_damaged(exchange, queues, names[0]);
        return STATUS_OK;
    }
    for (int i = 0; i < count && status == STATUS_OK; i++)
        add(queues, names[i], &found[i]);
    return status;
}

/* Adds a page of queues, whose names point into a reply that will be gone: so they are copied. */
static enum status add_page(struct exchange *exchange, add_state *add, struct json_object *queues)
{
    int count = exchange->catalog.count;
    const char **names = xmalloc((size_t)count * sizeof(*names));
    enum status status = STATUS_OK;

    for (int i = 0; i < count; i++)
        names[i] = xstrdup(exchange->catalog.names[i]);
    for (int at = 0; at < count && status == STATUS_OK; at += QUEUE_STATES)
        status = add_some(exchange, names + at,
                          count - at < QUEUE_STATES ? count - at : QUEUE_STATES, add, queues);
    for (int i = 0; i < count; i++)
        free((char *)names[i]);
    free(names);
    return status;
}

enum status stats_of_all(struct exchange *exchange, add_state *add)
{
    struct json_object *answer, *queues = json_object_new_object();
    char cursor[CATALOG_CURSOR] = "0";
    enum status status;

    do {
        catalog_page_call(&exchange->call, cursor, strlen(cursor), LIMIT_PAGE, &exchange->catalog);
        status = link_run(exchange->link, &exchange->call, &exchange->reason);
        if (status != STATUS_OK)
            break;
        strcpy(cursor, exchange->catalog.cursor);
        status = add_page(exchange, add, queues);
    } while (status == STATUS_OK && strcmp(cursor, "0") != 0);

    if (status != STATUS_OK) {
        json_object_put(queues);
        return status;
    }
    answer = json_object_new_object();
    json_object_object_add(answer, "queues", queues);
    json_object_object_add(answer, "redis", redis_name(exchange));
    json_object_object_add(answer, "count", json_object_new_int(json_object_object_length(queues)));
    return answer_json(exchange, answer);
}
