/* page.h - listings come in pages: ?limit= says how long, ?cursor= where to go on, ?match= of which
 * names.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_PAGE_H
#define HANDLERS_PAGE_H

#include "handlers/exchange.h"

/* The page that is asked for; the cursor of the first one is "0". */
struct page_wish {
    const char *cursor;
    size_t cursor_len;
    long long limit;
    const char *match; /* a pattern for text_matches(); NULL: all */
    size_t match_len;
};

/* Reads the options.  is_cursor() knows the cursors of this listing. */
enum status page_read(struct exchange *exchange, bool (*is_cursor)(const char *cursor, size_t len),
                      struct page_wish *wish);

/* Reads only match, for a listing without pages. */
enum status page_read_match(struct exchange *exchange, struct page_wish *wish);

/* A header that leads to the page with that cursor; none when it is "0": there is none. */
void page_link_next(struct exchange *exchange, const struct page_wish *wish, const char *cursor);

/* Names of queues or pools, sorted and each once. */
struct page {
    char **names;
    int count;
    int size;
    long long total; /* how many there are, on all pages and whatever match says */
    char cursor[CATALOG_CURSOR];
};

/* A page being made, over some calls.  The exchange's state is one, or begins with one. */
struct gathering {
    struct page_wish wish;
    struct page page;
    /* NULL: of queues; else builds the call for other names, as catalog_page_call() does. */
    void (*names_call)(struct call *call, const char *cursor, size_t cursor_len, long long limit,
                       struct catalog *catalog);
    int seen, asked; /* names, whether they match or not: before, and for by the last call */
    finish *then;
};
void gathering_clear(struct gathering *gathering);

/* Looks for wish->limit names from wish->cursor on; a few more may come than that, and fewer when
 * it has looked at LIMIT_MATCHED without finding them, or at all that there are.  Ends as a handler
 * does; when the page is there, then() is told. */
enum status page_gather(struct exchange *exchange, finish *then);

/* Forgets the names, and goes on behind them: page_gather() makes the next page. */
void page_turn(struct gathering *gathering);

#endif
