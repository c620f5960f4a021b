/* fields.c - header fields that are looked at before anything else.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "http/fields.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

/* The next element of a list as web servers join fields; NULL: this was the last one.  A comma
 * without white space behind it may be part of a value, such as a key. */
static const char *next_element(const char *list)
{
    const char *comma = strchr(list, ',');

    while (comma && comma[1] != ' ' && comma[1] != '\t')
        comma = strchr(comma + 1, ',');
    return comma ? comma + 1 + strspn(comma + 1, " \t") : NULL;
}

static bool is_list(const char *value)
{
    return value && next_element(value);
}

/* Credentials that count stand alone; those of other schemes may have commas in them. */
static bool has_second_credentials(const char *authorization)
{
    int elements = 0, ours = 0;

    for (const char *at = authorization; at; at = next_element(at)) {
        elements++;
        ours += strncasecmp(at, "Basic ", 6) == 0 || strncasecmp(at, "Bearer ", 7) == 0;
    }
    return ours && elements > 1;
}

static const char *find_list(const struct request_head *head)
{
    if (has_second_credentials(head->authorization))
        return "Authorization";
    if (is_list(head->authkey))
        return "X-Authkey";
    if (is_list(head->fetch_site))
        return "Sec-Fetch-Site";
    if (head->origin && strchr(head->origin, ','))
        return "Origin";
    return head->host && strchr(head->host, ',') ? "Host" : NULL;
}

enum status fields_check(const struct request_head *head, struct reason *reason)
{
    const char *name = head->repeated ? head->repeated : find_list(head);

    if (name)
        return refuse(reason, STATUS_BAD_REQUEST, "the head has two of \"%s\"", name);
    if (head->host && *head->host && !text_is_host(head->host))
        return refuse(reason, STATUS_BAD_REQUEST, "Host must be a host name, or name:port");
    return STATUS_OK;
}

bool field_is_prefetch(const char *value)
{
    return strcasestr(value, "prefetch") || strcasestr(value, "prerender") ||
           strcasestr(value, "preview");
}

/* A tag has its quotes, so none is part of another. */
bool field_has_etag(const char *if_none_match, const char *etag)
{
    return if_none_match &&
           (strcmp(if_none_match, "*") == 0 || strstr(if_none_match, etag) != NULL);
}

void field_join(const char **list, struct buffer *joined, const char *separator, const char *value)
{
    if (!*list) {
        *list = value;
        return;
    }
    if (*list != joined->data) {
        buffer_reset(joined);
        buffer_add_text(joined, *list);
    }
    buffer_add_text(joined, separator);
    buffer_add_text(joined, value);
    *list = joined->data;
}
