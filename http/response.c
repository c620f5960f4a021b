/* response.c - one answer.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "http/response.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "http/date.h"

static const struct {
    int status;
    const char *phrase;
} phrases[] = {
    {200, "OK"                    },
    {204, "No Content"            },
    {302, "Found"                 },
    {304, "Not Modified"          },
    {400, "Bad Request"           },
    {401, "Unauthorized"          },
    {403, "Forbidden"             },
    {404, "Not Found"             },
    {405, "Method Not Allowed"    },
    {409, "Conflict"              },
    {413, "Content Too Large"     },
    {415, "Unsupported Media Type"},
    {423, "Locked"                },
    {426, "Upgrade Required"      },
    {429, "Too Many Requests"     },
    {500, "Internal Server Error" },
    {503, "Service Unavailable"   },
    {507, "Insufficient Storage"  },
};

const char *response_phrase(int status)
{
    for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
        if (phrases[i].status == status)
            return phrases[i].phrase;
    return "Status";
}

static void end_source(struct response *response)
{
    if (response->source.end)
        response->source.end(response->source.user);
    response->source = (struct response_source){0};
}

void response_reset(struct response *response)
{
    end_source(response);
    response->http_status = 200;
    response->is_scripts = false;
    response->type = TYPE_JSON;
    response->cache = "no-store";
    buffer_reset(&response->headers);
    buffer_reset(&response->body);
}

void response_clear(struct response *response)
{
    end_source(response);
    buffer_clear(&response->headers);
    buffer_clear(&response->body);
}

void response_header(struct response *response, const char *name, const char *format, ...)
{
    char value[512];
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(value, sizeof(value), format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof(value))
        return;
    for (const char *at = value; *at; at++)
        if (*at < 0x20 || *at > 0x7e)
            return;
    buffer_addf(&response->headers, "%s: %s\r\n", name, value);
}

/* Web servers add a Date to what is handed to them. */
static bool is_ours(const char *start)
{
    return strncmp(start, "HTTP/", 5) == 0;
}

void response_write(const struct response *response, const char *start, bool without_body,
                    struct buffer *out)
{
    bool may_have_body = response->http_status != 204 && response->http_status != 304;
    bool has_body = !without_body && may_have_body;

    buffer_reserve(out, response->headers.len + (has_body ? response->body.len : 0) + 512);
    buffer_add_text(out, start);
    buffer_add_number(out, response->http_status);
    buffer_add_text(out, " ");
    buffer_add_text(out, response_phrase(response->http_status));
    if (may_have_body) {
        buffer_add_text(out, "\r\nContent-Type: ");
        buffer_add_text(out, response->type);
    }
    if (may_have_body && !response->source.more) {
        buffer_add_text(out, "\r\nContent-Length: ");
        buffer_add_number(out, (long long)response->body.len);
    }
    if (is_ours(start)) {
        buffer_add_text(out, "\r\nDate: ");
        buffer_add_text(out, date_text(time(NULL)));
    }
    /* A server that cut a range out of a taken message would lose the rest of it. */
    buffer_add_text(out, "\r\nCache-Control: ");
    buffer_add_text(out, response->cache);
    buffer_add_text(out, "\r\nX-Content-Type-Options: nosniff\r\nAccept-Ranges: none\r\n");
    buffer_add(out, response->headers.data, response->headers.len);
    buffer_add_text(out, "\r\n");
    if (has_body)
        buffer_add(out, response->body.data, response->body.len);
}
