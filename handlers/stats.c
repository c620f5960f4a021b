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

static void add_state(struct json_object *object, const struct queue_state *state)
{
    json_object_object_add(object, "len", json_object_new_int64(state->length));
    json_object_object_add(object, "status", json_object_new_int(state->is_started));
    json_object_object_add(object, "policy", json_object_new_string(policy_name(state->policy)));
    json_object_object_add(object, "pushed", json_object_new_int64(state->pushed));
    json_object_object_add(object, "removed", json_object_new_int64(state->removed));
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
    add_state(answer, &state);
    return answer_json(exchange, answer);
}

static void add_named_state(struct json_object *queues, const char *queue,
                            const struct queue_state *state)
{
    struct json_object *object = json_object_new_object();

    json_object_object_add(object, "name", json_object_new_string(queue));
    add_state(object, state);
    json_object_object_add(queues, queue, object);
}

enum status stats_get_all(struct exchange *exchange)
{
    return stats_of_all(exchange, add_named_state);
}

/* --- all queues ---------------------------------------------------------------------------- */

struct page {
    int count;
    char (*names)[LIMIT_NAME + 1]; /* copies: the catalog's point into a reply that is gone */
    const char **queues;
    struct queue_state *states;
};

static struct page page_of(const struct catalog *catalog)
{
    size_t count = (size_t)catalog->count;
    struct page page = {
        .count = catalog->count,
        .names = xmalloc(count * sizeof(*page.names)),
        .queues = xmalloc(count * sizeof(*page.queues)),
        .states = xmalloc(count * sizeof(*page.states)),
    };

    for (size_t i = 0; i < count; i++) {
        strcpy(page.names[i], catalog->names[i]);
        page.queues[i] = page.names[i];
    }
    return page;
}

static void page_clear(struct page *page)
{
    free(page->names);
    free(page->queues);
    free(page->states);
}

/* Some of a page in a call: a set that Redis keeps in one piece comes as one large page. */
static enum status run_page(struct exchange *exchange, const struct page *page)
{
    enum status status = STATUS_OK;

    for (int at = 0; at < page->count && status == STATUS_OK; at += LIMIT_PAGE) {
        struct queue_states states = {
            .count = page->count - at < LIMIT_PAGE ? page->count - at : LIMIT_PAGE,
            .states = page->states + at,
        };

        queue_states_call(&exchange->call, page->queues + at, &states);
        status = link_run(exchange->link, &exchange->call, &exchange->reason);
    }
    return status;
}

enum status stats_of_all(struct exchange *exchange,
                         void (*add_queue)(struct json_object *queues, const char *queue,
                                           const struct queue_state *state))
{
    struct json_object *answer, *queues = json_object_new_object();
    char cursor[CATALOG_CURSOR] = "0";
    enum status status;

    do {
        struct page page;

        catalog_page_call(&exchange->call, cursor, strlen(cursor), LIMIT_PAGE, &exchange->catalog);
        status = link_run(exchange->link, &exchange->call, &exchange->reason);
        if (status != STATUS_OK)
            break;
        strcpy(cursor, exchange->catalog.cursor);
        page = page_of(&exchange->catalog);
        status = run_page(exchange, &page);
        for (int i = 0; i < page.count && status == STATUS_OK; i++)
            add_queue(queues, page.queues[i], &page.states[i]);
        page_clear(&page);
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
