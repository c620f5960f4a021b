/* queues.c - /q: the names of all queues.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <json-c/json.h>

#include "handlers/handlers.h"
#include "handlers/page.h"
#include "handlers/queue.h"
#include "http/accept.h"

/* Names were checked: they have no byte that means something to HTML.  The links lead to the jobs
 * page: following one to the queue itself would take a message. */
static enum status answer_links(struct exchange *exchange, const struct page *page)
{
    const char *prefix = exchange->service->settings->prefix;
    struct buffer *body = &exchange->response.body;

    answer_page(exchange, "queues");
    buffer_add_text(body, "<ul>\n");
    for (int i = 0; i < page->count; i++)
        buffer_addf(body, "<li><a href=\"%s/j/%s\">%s/q/%s</a></li>\n", prefix, page->names[i],
                    prefix, page->names[i]);
    buffer_add_text(body, "</ul>\n");
    return answer_page_end(exchange);
}

static enum status answer_array(struct exchange *exchange, const struct page *page)
{
    struct json_object *array = json_object_new_array();
    struct buffer path = {0};

    for (int i = 0; i < page->count; i++) {
        buffer_reset(&path);
        buffer_addf(&path, "%s/q/%s", exchange->service->settings->prefix, page->names[i]);
        json_object_array_add(array, json_object_new_string_len(path.data, (int)path.len));
    }
    buffer_clear(&path);
    return answer_json(exchange, array);
}

static bool has_take_option(const struct exchange *exchange)
{
    return option_is_given(exchange, "soft") || option_is_given(exchange, "count") ||
           option_is_given(exchange, "raw") || option_is_given(exchange, "lease");
}

static void clear_gathering(void *state)
{
    gathering_clear(state);
}

static enum status finish_page(struct exchange *exchange, enum status status)
{
    const struct gathering *gathering = exchange->state;

    if (status != STATUS_OK)
        return status;
    page_link_next(exchange, &gathering->wish, gathering->page.cursor);
    response_header(&exchange->response, "Vary", "Accept");
    if (accept_prefers(exchange->request.head.accept, "text/html", "application/json"))
        return answer_links(exchange, &gathering->page);
    return answer_array(exchange, &gathering->page);
}

static enum status list(struct exchange *exchange)
{
    struct gathering *gathering = exchange_state(exchange, sizeof(*gathering), clear_gathering);
    enum status status = page_read(exchange, catalog_cursor_is_valid, &gathering->wish);

    return status == STATUS_OK ? page_gather(exchange, finish_page) : status;
}

enum status get_queues(struct exchange *exchange)
{
    const struct field *queues = form_find(&exchange->request.form, "queues");

    if (queues && (option_is_given(exchange, "cursor") || option_is_given(exchange, "limit") ||
                   option_is_given(exchange, "match")))
        return refuse(&exchange->reason, STATUS_BAD_REQUEST,
                      "queues goes with none of limit, cursor and match");
    if (queues)
        return begin_take_of_several(exchange, queues);
    if (has_take_option(exchange))
        return refuse(&exchange->reason, STATUS_BAD_REQUEST,
                      "soft, count, raw and lease need a queue, or queues=");
    return list(exchange);
}
