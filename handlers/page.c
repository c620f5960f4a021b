/* page.c - listings come in pages.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "handlers/page.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

enum status page_read_match(struct exchange *exchange, struct page_wish *wish)
{
    const struct field *match = form_find(&exchange->request.form, "match");

    wish->match = match ? match->value : NULL;
    wish->match_len = match ? match->value_len : 0;
    return match ? catalog_pattern_check(match->value, match->value_len, &exchange->reason)
                 : STATUS_OK;
}

enum status page_read(struct exchange *exchange, bool (*is_cursor)(const char *cursor, size_t len),
                      struct page_wish *wish)
{
    const struct field *cursor = form_find(&exchange->request.form, "cursor");
    enum status status = option_number(exchange, "limit", 1, LIMIT_PAGE, LIMIT_PAGE, &wish->limit);

    wish->cursor = cursor ? cursor->value : "0";
    wish->cursor_len = cursor ? cursor->value_len : 1;
    if (status == STATUS_OK && !is_cursor(wish->cursor, wish->cursor_len))
        return refuse(&exchange->reason, STATUS_BAD_VALUE,
                      "cursor must be what the Link header of the page before said");
    return status == STATUS_OK ? page_read_match(exchange, wish) : status;
}

void page_link_next(struct exchange *exchange, const struct page_wish *wish, const char *cursor)
{
    if (strcmp(cursor, "0") != 0)
        response_header(&exchange->response, "Link", "<?cursor=%s&limit=%lld%s%.*s>; rel=\"next\"",
                        cursor, wish->limit, wish->match ? "&match=" : "", (int)wish->match_len,
                        wish->match ? wish->match : "");
}

/* --- names of queues ------------------------------------------------------------------------- */

/* The names of the catalog point into a reply that will be gone: so they are copied. */
static void add_names(struct page *page, const struct catalog *catalog,
                      const struct page_wish *wish)
{
    if (page->size < page->count + catalog->count) {
        page->size = page->count + catalog->count;
        page->names = xrealloc(page->names, (size_t)page->size * sizeof(*page->names));
    }
    for (int i = 0; i < catalog->count; i++)
        if (!wish->match || text_matches(catalog->names[i], wish->match, wish->match_len))
            page->names[page->count++] = xstrdup(catalog->names[i]);
}

/* A queue may be on two pages of Redis when others come or go meanwhile. */
static void sort(struct page *page)
{
    int kept = 0;

    if (page->count)
        qsort(page->names, (size_t)page->count, sizeof(*page->names), text_compare);
    for (int i = 0; i < page->count; i++) {
        if (kept > 0 && strcmp(page->names[i], page->names[kept - 1]) == 0)
            free(page->names[i]);
        else
            page->names[kept++] = page->names[i];
    }
    page->count = kept;
}

/* What is missing, but not ever less: Redis counts its empty places, too.  Where few match more are
 * asked for each time, since a page takes all that do of the last ones. */
static int names_to_ask(const struct page_wish *wish, const struct page *page, int seen)
{
    long long rest = wish->limit - page->count, least = wish->match ? seen : wish->limit / 10;

    if (least > LIMIT_PAGE)
        least = LIMIT_PAGE;
    return (int)(rest > least ? rest : least);
}

static finish on_names;

static enum status ask(struct exchange *exchange, const char *cursor, size_t cursor_len)
{
    struct gathering *gathering = exchange->state;

    gathering->asked = names_to_ask(&gathering->wish, &gathering->page, gathering->seen);
    (gathering->names_call ? gathering->names_call : catalog_page_call)(
        &exchange->call, cursor, cursor_len, gathering->asked, &exchange->catalog);
    return exchange_await(exchange, on_names);
}

static enum status on_names(struct exchange *exchange, enum status status)
{
    struct gathering *gathering = exchange->state;
    const struct page_wish *wish = &gathering->wish;
    struct page *page = &gathering->page;

    if (status != STATUS_OK)
        return status;
    add_names(page, &exchange->catalog, wish);
    memcpy(page->cursor, exchange->catalog.cursor, sizeof(page->cursor));
    page->total = exchange->catalog.total;
    gathering->seen += gathering->asked;
    if (strcmp(page->cursor, "0") != 0 && page->count < wish->limit &&
        (!wish->match || gathering->seen < LIMIT_MATCHED))
        return ask(exchange, page->cursor, strlen(page->cursor));
    sort(page);
    return gathering->then(exchange, STATUS_OK);
}

enum status page_gather(struct exchange *exchange, finish *then)
{
    struct gathering *gathering = exchange->state;

    gathering->then = then;
    return ask(exchange, gathering->wish.cursor, gathering->wish.cursor_len);
}

static void drop_names(struct page *page)
{
    for (int i = 0; i < page->count; i++)
        free(page->names[i]);
    page->count = 0;
}

void page_turn(struct gathering *gathering)
{
    drop_names(&gathering->page);
    gathering->seen = 0;
    gathering->wish.cursor = gathering->page.cursor;
    gathering->wish.cursor_len = strlen(gathering->page.cursor);
}

void gathering_clear(struct gathering *gathering)
{
    drop_names(&gathering->page);
    free(gathering->page.names);
}
