/* row.c - what is checked of every request.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "http/row.h"

#include <string.h>

bool row_is_on(const struct row *row, const struct uri *uri)
{
    if (strcmp(row->resource, uri->resource) != 0 || (!*uri->resource && uri->has_slash))
        return false; /* "//" is not "/" */
    return row->naming == EITHER || (row->naming == NAMED) == (uri->name_len > 0);
}

enum status row_check_name(const struct row *row, const struct uri *uri, struct reason *reason)
{
    if (row->naming == EITHER && !uri->name_len)
        return STATUS_OK;
    return row->check_name ? row->check_name(uri->name, uri->name_len, reason) : STATUS_OK;
}

const struct field *row_find_bad_option(const struct row *row, const struct form *form,
                                        const char **complaint)
{
    const struct field *field = form_find_unknown(form, row->options);

    *complaint = field ? "unknown option" : "more than one option";
    return field ? field : form_find_twice(form);
}

int row_quoted(const struct field *field)
{
    return field->name_len < 40 ? (int)field->name_len : 40;
}
