/* stats.c - /stats: the state of queues.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "handlers/stats.h"

#include <json-c/json.h>
#include <string.h>

#include "base/text.h"
#include "broker/keys.h"
#include "handlers/handlers.h"
#include "handlers/page.h"

/* --- one queue ----------------------------------------------------------------------------- */

struct queue_stats_state {
    struct queue_state state;
    struct queue_states states; /* the one */
    finish *then;
};

static void clear_seeing(void *state)
{
    struct queue_stats_state *seeing = state;

    tally_clear(&seeing->states.tally);
}

const struct queue_state *stats_found(const struct exchange *exchange)
{
    const struct queue_stats_state *seeing = exchange->state;

    return &seeing->state;
}

/* Where it cannot be known who is alive now, what was known before is told. */
static enum status on_helpers(struct exchange *exchange, enum status status)
{
    struct queue_stats_state *seeing = exchange->state;

    (void)status;
    exchange->reason = (struct reason){0};
    tally_settle(&seeing->states.tally, exchange->service->helpers);
    return seeing->then(exchange, STATUS_OK);
}

static enum status on_state(struct exchange *exchange, enum status status)
{
    const struct queue_stats_state *seeing = exchange->state;

    if (status != STATUS_OK)
        return status;
    return exchange_ask_helpers(
        exchange, tally_must_ask(&seeing->states.tally, exchange->service->helpers), on_helpers);
}

enum status stats_of_queue(struct exchange *exchange, finish *then)
{
    struct queue_stats_state *seeing = exchange_state(exchange, sizeof(*seeing), clear_seeing);
    const char *queue = exchange->queue;

    seeing->states.count = 1;
    seeing->states.states = &seeing->state;
    seeing->then = then;
    queue_states_call(&exchange->call, &queue, &seeing->states);
    return exchange_await(exchange, on_state);
}

static enum status finish_stats(struct exchange *exchange, enum status status)
{
    struct json_object *answer;

    if (status != STATUS_OK)
        return status;
    answer = json_object_new_object();
    json_object_object_add(answer, "redis", redis_name(exchange));
    json_object_object_add(answer, "queue", json_object_new_string(exchange->queue));
    queue_state_to_json(stats_found(exchange), answer);
    return answer_json(exchange, answer);
}

enum status get_stats(struct exchange *exchange)
{
    return stats_of_queue(exchange, finish_stats);
}

/* --- many queues --------------------------------------------------------------------------- */

static finish on_states;

/* As many queues as go into one call. */
static int in_a_call(const struct census *census)
{
    int most = keys_together(QUEUE_STATES), rest = census->count - census->at;

    if (census->at < census->alone)
        return 1;
    return rest < most ? rest : most;
}

static enum status ask(struct exchange *exchange)
{
    struct census *census = exchange->state;
    const char *const *names = (const char *const *)census->gathering.page.names;

    if (census->at == census->count)
        return census->then(exchange, STATUS_OK);
    census->some = in_a_call(census);
    tally_clear(&census->states.tally);
    census->states = (struct queue_states){.count = census->some, .states = census->found};
    queue_states_call(&exchange->call, names + census->at, &census->states);
    return exchange_await(exchange, on_states);
}

static enum status on_all_helpers(struct exchange *exchange, enum status status)
{
    struct census *census = exchange->state;
    char **names = census->gathering.page.names + census->at;

    (void)status;
    exchange->reason = (struct reason){0};
    tally_settle(&census->states.tally, exchange->service->helpers);
    for (int i = 0; i < census->some; i++)
        census->visit(exchange, names[i], &census->found[i], &exchange->reason);
    census->at += census->some;
    return ask(exchange);
}

/* Of several it is not said which one is damaged: each is asked for alone. */
static enum status on_damaged(struct exchange *exchange)
{
    struct census *census = exchange->state;

    if (census->some > 1) {
        census->alone = census->at + census->some;
    } else {
        census->visit(exchange, census->gathering.page.names[census->at], NULL, &exchange->reason);
        census->at++;
    }
    exchange->reason = (struct reason){0};
    return ask(exchange);
}

static enum status on_states(struct exchange *exchange, enum status status)
{
    const struct census *census = exchange->state;

    if (status == STATUS_DAMAGED)
        return on_damaged(exchange);
    if (status != STATUS_OK)
        return status;
    return exchange_ask_helpers(exchange,
                                tally_must_ask(&census->states.tally, exchange->service->helpers),
                                on_all_helpers);
}

enum status stats_each(struct exchange *exchange, int count, stats_visit *visit, finish *then)
{
    struct census *census = exchange->state;

    census->visit = visit;
    census->then = then;
    census->at = census->alone = 0;
    census->count = count;
    return ask(exchange);
}

void census_clear(struct census *census)
{
    gathering_clear(&census->gathering);
    tally_clear(&census->states.tally);
}

/* --- a page of them as JSON ------------------------------------------------------------------ */

struct stats_page_state {
    struct census census; /* the first member */
    struct json_object *queues;
    stats_add *add;
};

static void clear_listing(void *state)
{
    struct stats_page_state *listing = state;

    census_clear(&listing->census);
    json_object_put(listing->queues);
}

/* One queue with a damaged key must not hide the others. */
static void list_state(struct exchange *exchange, const char *queue,
                       const struct queue_state *state, const struct reason *reason)
{
    const struct stats_page_state *listing = exchange->state;

    if (state)
        listing->add(listing->queues, queue, state);
    else
        json_object_object_add(listing->queues, queue, damaged_row(queue, reason));
}

/* RestMQ's count is that of all queues, which are all that are listed where there are no pages. */
static long long count_of(const struct page_wish *wish, const struct page *page)
{
    bool is_whole = text_is(wish->cursor, wish->cursor_len, "0") && !wish->match &&
                    strcmp(page->cursor, "0") == 0;

    return is_whole ? page->count : page->total;
}

static enum status finish_listing(struct exchange *exchange, enum status status)
{
    struct stats_page_state *listing = exchange->state;
    const struct page_wish *wish = &listing->census.gathering.wish;
    const struct page *page = &listing->census.gathering.page;
    struct json_object *answer;

    if (status != STATUS_OK)
        return status;
    page_link_next(exchange, wish, page->cursor);
    answer = json_object_new_object();
    json_object_object_add(answer, "queues", json_object_get(listing->queues));
    json_object_object_add(answer, "redis", redis_name(exchange));
    json_object_object_add(answer, "count", json_object_new_int64(count_of(wish, page)));
    return answer_json(exchange, answer);
}

static enum status on_page(struct exchange *exchange, enum status status)
{
    const struct stats_page_state *listing = exchange->state;

    return status == STATUS_OK ? stats_each(exchange, listing->census.gathering.page.count,
                                            list_state, finish_listing)
                               : status;
}

enum status stats_of_all(struct exchange *exchange, stats_add *add)
{
    struct stats_page_state *listing = exchange_state(exchange, sizeof(*listing), clear_listing);
    enum status status =
        page_read(exchange, catalog_cursor_is_valid, &listing->census.gathering.wish);

    if (status != STATUS_OK)
        return status;
    listing->queues = json_object_new_object();
    listing->add = add;
    return page_gather(exchange, on_page);
}

static void add_named_state(struct json_object *queues, const char *queue,
                            const struct queue_state *state)
{
    struct json_object *object = json_object_new_object();

    json_object_object_add(object, "name", json_object_new_string(queue));
    queue_state_to_json(state, object);
    json_object_object_add(queues, queue, object);
}

enum status get_all_stats(struct exchange *exchange)
{
    return stats_of_all(exchange, add_named_state);
}
