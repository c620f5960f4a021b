/* pool_list.c - /lb: the pools of servers.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <json-c/json.h>

#include "broker/pool.h"
#include "handlers/handlers.h"
#include "handlers/page.h"

struct pools_state {
    struct gathering gathering; /* the first member */
    int at;                     /* the next pool */
    int some;                   /* that the calls under way are about */
    long long counts[ERRANDS];
    struct errand errands[ERRANDS];
    struct json_object *pools;
};

static void clear_pools(void *state)
{
    struct pools_state *listing = state;

    gathering_clear(&listing->gathering);
    for (int i = 0; i < ERRANDS; i++)
        call_clear(&listing->errands[i].call);
    json_object_put(listing->pools);
}

static enum status answer_pools(struct exchange *exchange)
{
    const struct pools_state *listing = exchange->state;
    struct json_object *answer = json_object_new_object();

    page_link_next(exchange, &listing->gathering.wish, listing->gathering.page.cursor);
    json_object_object_add(answer, "pools", json_object_get(listing->pools));
    return answer_json(exchange, answer);
}

static finish on_counts;

/* As many as go out in one volley. */
static enum status count_some(struct exchange *exchange)
{
    struct pools_state *listing = exchange->state;
    const struct page *page = &listing->gathering.page;
    int left = page->count - listing->at;

    listing->some = left < ERRANDS ? left : ERRANDS;
    if (listing->some == 0)
        return answer_pools(exchange);
    for (int i = 0; i < listing->some; i++)
        pool_count_call(&listing->errands[i].call, page->names[listing->at + i],
                        &listing->counts[i]);
    return exchange_await_all(exchange, listing->errands, listing->some, on_counts);
}

/* Another program may have removed the servers of one that is listed. */
static void add_pool(struct pools_state *listing, int i)
{
    const char *name = listing->gathering.page.names[listing->at + i];
    struct json_object *pool;

    if (listing->errands[i].status == STATUS_DAMAGED) {
        json_object_array_add(listing->pools, damaged_row(name, &listing->errands[i].reason));
        return;
    }
    if (listing->counts[i] == 0)
        return;
    pool = json_object_new_object();
    json_object_object_add(pool, "name", json_object_new_string(name));
    json_object_object_add(pool, "servers", json_object_new_int64(listing->counts[i]));
    json_object_array_add(listing->pools, pool);
}

static enum status on_counts(struct exchange *exchange, enum status status)
{
    struct pools_state *listing = exchange->state;

    (void)status;
    for (int i = 0; i < listing->some; i++) {
        const struct errand *errand = &listing->errands[i];

        if (errand->status != STATUS_OK && errand->status != STATUS_DAMAGED) {
            exchange->reason = errand->reason;
            return errand->status;
        }
        add_pool(listing, i);
    }
    listing->at += listing->some;
    return count_some(exchange);
}

static enum status on_page(struct exchange *exchange, enum status status)
{
    return status == STATUS_OK ? count_some(exchange) : status;
}

enum status get_pools(struct exchange *exchange)
{
    struct pools_state *listing = exchange_state(exchange, sizeof(*listing), clear_pools);
    enum status status = page_read(exchange, catalog_cursor_is_valid, &listing->gathering.wish);

    if (status != STATUS_OK)
        return status;
    listing->gathering.names_call = pool_names_call;
    listing->pools = json_object_new_array();
    return page_gather(exchange, on_page);
}
