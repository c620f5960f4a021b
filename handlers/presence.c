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

/* The listing met a dead helper: some of its rows go.  Errors are ignored, the answer is built. */
static void tidy(struct exchange *exchange)
{
    struct tidy tidy = {0};
    struct reason ignored = {0};

    for (int i = 0; i < TIDY_STEPS && tidy_call(&tidy, &exchange->call); i++)
        if (link_run(exchange->link, &exchange->call, &ignored) != STATUS_OK)
            return;
}

/* --- topics -------------------------------------------------------------------------------- */

/* As many topics as go out in one volley, from that one on.  What the counts are is known once the
 * tally are settled. */
static enum status count_some(struct exchange *exchange, const char *const *topics,
                              struct presence_count *counts, int some)
{
    struct errand errands[LINK_VOLLEY] = {0};
    enum status status = STATUS_OK;

    for (int i = 0; i < some; i++)
        presence_count_call(&errands[i].call, topics[i], &counts[i]);
    link_run_all(exchange->link, errands, some);
    for (int i = 0; i < some; i++) {
        if (status == STATUS_OK && errands[i].status != STATUS_OK) {
            status = errands[i].status;
            exchange->reason = errands[i].reason;
        }
        call_clear(&errands[i].call);
    }
    return status;
}

/* The names point into the reply of the exchange's call. */
static enum status count_all(struct exchange *exchange, const struct catalog *topics,
                             struct json_object *answer, bool *has_dead)
{
    struct presence_count *counts = xmalloc((size_t)(topics->count + 1) * sizeof(*counts));
    struct tally tally = {0};
    enum status status = STATUS_OK;

    for (int i = 0; i < topics->count; i++)
        counts[i] = (struct presence_count){.tally = &tally};
    for (int at = 0; at < topics->count && status == STATUS_OK; at += LINK_VOLLEY) {
        int left = topics->count - at;

        status = count_some(exchange, topics->names + at, counts + at,
                            left < LINK_VOLLEY ? left : LINK_VOLLEY);
    }
    *has_dead = status == STATUS_OK && exchange_settle(exchange, &tally);
    for (int i = 0; i < topics->count; i++)
        if (counts[i].number > 0)
            json_object_object_add(answer, topics->names[i],
                                   json_object_new_int64(counts[i].number));
    tally_clear(&tally);
    free(counts);
    return status;
}

enum status topics_get(struct exchange *exchange)
{
    struct page_wish wish;
    struct json_object *topics, *answer;
    bool has_dead;
    enum status status = page_read(exchange, catalog_cursor_is_valid, &wish);

    if (status != STATUS_OK)
        return status;
    presence_topics_call(&exchange->call, wish.cursor, wish.cursor_len, wish.limit,
                         &exchange->catalog);
    status = exchange_run(exchange);
    if (status != STATUS_OK)
        return status;
    answer = json_object_new_object();
    topics = json_object_new_object();
    json_object_object_add(answer, "topics", topics);
    status = count_all(exchange, &exchange->catalog, topics, &has_dead);
    if (status != STATUS_OK) {
        json_object_put(answer);
        return status;
    }
    page_link_next(exchange, &wish, exchange->catalog.cursor);
    if (has_dead)
        tidy(exchange);
    return answer_json(exchange, answer);
}

/* --- who is on one ------------------------------------------------------------------------- */

enum status presence_get(struct exchange *exchange)
{
    struct presence_page page = {0};
    struct page_wish wish;
    struct reason ignored = {0};
    enum status status = page_read(exchange, presence_cursor_is_valid, &wish);

    if (status != STATUS_OK)
        return status;
    presence_list_call(&exchange->call, exchange->queue, wish.cursor, wish.cursor_len, wish.limit,
                       &page);
    status = exchange_run(exchange);
    if (status != STATUS_OK)
        return status;
    page_link_next(exchange, &wish, page.cursor);
    if (presence_page_must_ask(&page, exchange->helpers))
        exchange_ask_helpers(exchange, &ignored);
    if (presence_page_settle(&page, exchange->helpers))
        tidy(exchange);
    return answer_json(exchange, page.items);
}
