/* page.h - listings come in pages: ?limit= says how long, ?cursor= where to go on.
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
};

/* Reads both options.  is_cursor() knows the cursors of this listing. */
enum status page_read(struct exchange *exchange, bool (*is_cursor)(const char *cursor, size_t len),
                      struct page_wish *wish);

/* A header that leads to the page with that cursor; none when it is "0": there is none. */
void page_link_next(struct exchange *exchange, const struct page_wish *wish, const char *cursor);

#endif
