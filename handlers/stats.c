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

enum status stats_of_queue(struct exchange *exchange, struct queue_state *state)
{
    struct queue_states states = {.count = 1, .states = state};
    const char *queue = exchange->queue;
    enum status status;

    queue_states_call(&exchange->call, &queue, &states);
    status = exchange_run(exchange);
    if (status == STATUS_OK)
        exchange_settle(exchange, &states.tally);
    tally_clear(&states.tally);
    return status;
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

/* --- many queues --------------------------------------------------------------------------- */

/* These queues, in one call; if one of them is damaged, in a call each. */
static enum status show_some(struct exchange *exchange, const char *const *names, int count,
                             stats_visit *visit, void *user)
{
    struct queue_state found[QUEUE_STATES];
    struct queue_states states = {.count = count, .states = found};
    struct reason reason = {0};
    enum status status;

    queue_states_call(&exchange->call, names, &states);
    status = link_run(exchange->link, &exchange->call, &reason);
    if (status == STATUS_OK)
        exchange_settle(exchange, &states.tally);
    tally_clear(&states.tally);
    if (status == STATUS_DAMAGED && count > 1) {
        status = STATUS_OK;
        for (int i = 0; i < count && status == STATUS_OK; i++)
            status = show_some(exchange, names + i, 1, visit, user);
        return status;
    }
    if (status == STATUS_DAMAGED) {
        visit(user, names[0], NULL, &reason);
        return STATUS_OK;
    }
    if (status != STATUS_OK)
        exchange->reason = reason;
    for (int i = 0; i < count && status == STATUS_OK; i++)
        visit(user, names[i], &found[i], &reason);
    return status;
}

enum status stats_each(struct exchange *exchange, const char *const *names, int count,
                       stats_visit *visit, void *user)
{
    enum status status = STATUS_OK;
    int most = keys_together(QUEUE_STATES);

    for (int at = 0; at < count && status == STATUS_OK; at += most)
        status =
            show_some(exchange, names + at, count - at < most ? count - at : most, visit, user);
    return status;
}

/* --- a page of them as JSON ------------------------------------------------------------------ */

typedef void add_state(struct json_object *queues, const char *queue,
                       const struct queue_state *state);

struct listing {
    struct json_object *queues;
    add_state *add;
};

/* One queue with a damaged key must not hide the others. */
static void add_damaged(struct json_object *queues, const char *queue, const struct reason *reason)
{
    struct json_object *object = json_object_new_object();

    json_object_object_add(object, "name", json_object_new_string(queue));
    json_object_object_add(object, "error", json_object_new_string(reason->text));
    json_object_object_add(object, "code", json_object_new_string(status_code(STATUS_DAMAGED)));
    json_object_object_add(queues, queue, object);
}

static void list_state(void *user, const char *queue, const struct queue_state *state,
                       const struct reason *reason)
{
    struct listing *listing = user;

    if (state)
        listing->add(listing->queues, queue, state);
    else
        add_damaged(listing->queues, queue, reason);
}

/* RestMQ's count is that of all queues, which are all that are listed where there are no pages. */
static long long count_of(const struct page_wish *wish, const struct page *page)
{
    bool is_whole = text_is(wish->cursor, wish->cursor_len, "0") && !wish->match &&
                    strcmp(page->cursor, "0") == 0;

    return is_whole ? page->count : page->total;
}

static enum status answer_page_of(struct exchange *exchange, const struct page_wish *wish,
                                  const struct page *page, add_state *add)
{
    struct listing listing = {json_object_new_object(), add};
    enum status status =
        stats_each(exchange, (const char *const *)page->names, page->count, list_state, &listing);
    struct json_object *answer;

    if (status != STATUS_OK) {
        json_object_put(listing.queues);
        return status;
    }
    page_link_next(exchange, wish, page->cursor);
    answer = json_object_new_object();
    json_object_object_add(answer, "queues", listing.queues);
    json_object_object_add(answer, "redis", redis_name(exchange));
    json_object_object_add(answer, "count", json_object_new_int64(count_of(wish, page)));
    return answer_json(exchange, answer);
}

enum status stats_of_all(struct exchange *exchange, add_state *add)
{
    struct page page = {0};
    struct page_wish wish;
    enum status status = page_read(exchange, catalog_cursor_is_valid, &wish);

    if (status == STATUS_OK)
        status = page_gather(exchange, &wish, &page);
    if (status == STATUS_OK)
        status = answer_page_of(exchange, &wish, &page, add);
    page_clear(&page);
    return status;
}
