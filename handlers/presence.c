/* presence.c - /presence: who is connected to the helpers.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/presence.h"

#include <json-c/json.h>
#include <stdlib.h>

#include "base/memory.h"
#include "broker/tidy.h"
#include "handlers/handlers.h"
#include "handlers/page.h"

/* Steps of a walk that a listing may cost beside itself. */
enum { TIDY_STEPS = 50 };

/* Such a walk.  The exchange's state is one, or begins with one. */
struct tidy_walk {
    struct tidy tidy;
    int steps;
    finish *then;
};

static finish on_step;

static enum status tidy_on(struct exchange *exchange)
{
    struct tidy_walk *walk = exchange->state;

    if (walk->steps++ < TIDY_STEPS && tidy_call(&walk->tidy, &exchange->call))
        return exchange_await(exchange, on_step);
    return walk->then(exchange, STATUS_OK);
}

static enum status on_step(struct exchange *exchange, enum status status)
{
    const struct tidy_walk *walk = exchange->state;

    if (status == STATUS_OK)
        return tidy_on(exchange);
    exchange->reason = (struct reason){0};
    return walk->then(exchange, STATUS_OK);
}

/* The listing met a dead helper: some of its rows go.  Errors are ignored, the answer is built. */
static enum status tidy_up(struct exchange *exchange, bool has_dead, finish *then)
{
    struct tidy_walk *walk = exchange->state;

    walk->then = then;
    return has_dead ? tidy_on(exchange) : then(exchange, STATUS_OK);
}

/* --- topics -------------------------------------------------------------------------------- */

struct topics_state {
    struct tidy_walk walk; /* the first member */
    struct page_wish wish;
    struct presence_count *counts; /* of each topic of the catalog, which is the exchange's */
    struct tally tally;
    int at;   /* the next topic */
    int some; /* that the calls under way are about */
    struct errand errands[ERRANDS];
    struct json_object *answer;
};

static void clear_counting(void *state)
{
    struct topics_state *counting = state;

    for (int i = 0; i < ERRANDS; i++)
        call_clear(&counting->errands[i].call);
    tally_clear(&counting->tally);
    free(counting->counts);
    json_object_put(counting->answer);
}

static enum status finish_topics(struct exchange *exchange, enum status status)
{
    struct topics_state *counting = exchange->state;

    return status == STATUS_OK ? answer_json(exchange, json_object_get(counting->answer)) : status;
}

/* The names point into the reply of the exchange's call. */
static enum status on_all_counts(struct exchange *exchange, enum status status)
{
    struct topics_state *counting = exchange->state;
    const struct catalog *catalog = &exchange->catalog;
    struct json_object *topics = json_object_new_object();
    bool has_dead = tally_settle(&counting->tally, exchange->service->helpers);

    (void)status; /* where it cannot be known who is alive now, what was known before is told */
    exchange->reason = (struct reason){0};
    for (int i = 0; i < catalog->count; i++)
        if (counting->counts[i].number > 0)
            json_object_object_add(topics, catalog->names[i],
                                   json_object_new_int64(counting->counts[i].number));
    counting->answer = json_object_new_object();
    json_object_object_add(counting->answer, "topics", topics);
    page_link_next(exchange, &counting->wish, catalog->cursor);
    return tidy_up(exchange, has_dead, finish_topics);
}

static finish on_counts;

/* As many topics as go out in one volley. */
static enum status count_some(struct exchange *exchange)
{
    struct topics_state *counting = exchange->state;
    int left = exchange->catalog.count - counting->at;

    counting->some = left < ERRANDS ? left : ERRANDS;
    if (counting->some == 0)
        return exchange_ask_helpers(
            exchange, tally_must_ask(&counting->tally, exchange->service->helpers), on_all_counts);
    for (int i = 0; i < counting->some; i++)
        presence_count_call(&counting->errands[i].call, exchange->catalog.names[counting->at + i],
                            &counting->counts[counting->at + i]);
    return exchange_await_all(exchange, counting->errands, counting->some, on_counts);
}

static enum status on_counts(struct exchange *exchange, enum status status)
{
    struct topics_state *counting = exchange->state;

    for (int i = 0; i < counting->some && status == STATUS_OK; i++) {
        status = counting->errands[i].status;
        exchange->reason = counting->errands[i].reason;
    }
    counting->at += counting->some;
    return status == STATUS_OK ? count_some(exchange) : status;
}

static enum status on_topics(struct exchange *exchange, enum status status)
{
    struct topics_state *counting = exchange->state;
    size_t count = (size_t)exchange->catalog.count;

    if (status != STATUS_OK)
        return status;
    counting->counts = xmalloc((count + 1) * sizeof(*counting->counts));
    for (size_t i = 0; i < count; i++)
        counting->counts[i] = (struct presence_count){.tally = &counting->tally};
    return count_some(exchange);
}

enum status get_topics(struct exchange *exchange)
{
    struct topics_state *counting = exchange_state(exchange, sizeof(*counting), clear_counting);
    const struct page_wish *wish = &counting->wish;
    enum status status = page_read(exchange, catalog_cursor_is_valid, &counting->wish);

    if (status != STATUS_OK)
        return status;
    presence_topics_call(&exchange->call, wish->cursor, wish->cursor_len, wish->limit,
                         &exchange->catalog);
    return exchange_await(exchange, on_topics);
}

/* --- who is on one ------------------------------------------------------------------------- */

struct presence_state {
    struct tidy_walk walk; /* the first member */
    struct page_wish wish;
    struct presence_page page;
};

static void clear_listing(void *state)
{
    struct presence_state *listing = state;

    json_object_put(listing->page.items);
}

static enum status finish_presence(struct exchange *exchange, enum status status)
{
    struct presence_state *listing = exchange->state;

    return status == STATUS_OK ? answer_json(exchange, json_object_get(listing->page.items))
                               : status;
}

static enum status on_helpers(struct exchange *exchange, enum status status)
{
    struct presence_state *listing = exchange->state;

    (void)status; /* as above */
    exchange->reason = (struct reason){0};
    return tidy_up(exchange, presence_page_settle(&listing->page, exchange->service->helpers),
                   finish_presence);
}

static enum status on_rows(struct exchange *exchange, enum status status)
{
    struct presence_state *listing = exchange->state;

    if (status != STATUS_OK)
        return status;
    page_link_next(exchange, &listing->wish, listing->page.cursor);
    return exchange_ask_helpers(
        exchange, presence_page_must_ask(&listing->page, exchange->service->helpers), on_helpers);
}

enum status get_presence(struct exchange *exchange)
{
    struct presence_state *listing = exchange_state(exchange, sizeof(*listing), clear_listing);
    const struct page_wish *wish = &listing->wish;
    enum status status = page_read(exchange, presence_cursor_is_valid, &listing->wish);

    if (status != STATUS_OK)
        return status;
    presence_list_call(&exchange->call, exchange->queue, wish->cursor, wish->cursor_len,
                       wish->limit, &listing->page);
    return exchange_await(exchange, on_rows);
}
