/* page.c - listings come in pages.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "handlers/page.h"

#include <string.h>

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
    return status;
}

void page_link_next(struct exchange *exchange, const struct page_wish *wish, const char *cursor)
{
    if (strcmp(cursor, "0") != 0)
        response_header(&exchange->response, "Link", "<?cursor=%s&limit=%lld>; rel=\"next\"",
                        cursor, wish->limit);
}
