/* presence.c - /presence: who is connected to the helpers.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/presence.h"

#include <json-c/json.h>

#include "handlers/handlers.h"
#include "handlers/page.h"

/* Runs the call that was built. */
static enum status run(struct exchange *exchange, const struct page_wish *wish,
                       const struct presence_page *page)
{
    enum status status = exchange_run(exchange);

    if (status == STATUS_OK)
        page_link_next(exchange, wish, page->cursor);
    return status;
}

/* The listing met a dead helper: remove some of its rows; errors are ignored, the answer is
 * built. */
static void tidy(struct exchange *exchange, const struct presence_page *page)
{
    struct reason ignored = {0};
    bool more;

    if (!page->has_dead)
        return;
    presence_tidy_call(&exchange->call, &more);
    link_run(exchange->link, &exchange->call, &ignored);
}

enum status topics_get(struct exchange *exchange)
{
    struct presence_page page = {0};
    struct page_wish wish;
    struct json_object *answer;
    enum status status = page_read(exchange, catalog_cursor_is_valid, &wish);

    if (status != STATUS_OK)
        return status;
    presence_topics_call(&exchange->call, wish.cursor, wish.cursor_len, wish.limit, &page);
    status = run(exchange, &wish, &page);
    if (status != STATUS_OK)
        return status;
    tidy(exchange, &page);
    answer = json_object_new_object();
    json_object_object_add(answer, "topics", page.items);
    return answer_json(exchange, answer);
}

enum status presence_get(struct exchange *exchange)
{
    struct presence_page page = {0};
    struct page_wish wish;
    enum status status = page_read(exchange, presence_cursor_is_valid, &wish);

    if (status != STATUS_OK)
        return status;
    presence_list_call(&exchange->call, exchange->queue, wish.cursor, wish.cursor_len, wish.limit,
                       &page);
    status = run(exchange, &wish, &page);
    if (status != STATUS_OK)
        return status;
    tidy(exchange, &page);
    return answer_json(exchange, page.items);
}
