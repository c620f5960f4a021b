/* html.c - pages for people.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "http/html.h"

#include "http/accept.h"
#include "http/jsonp.h"

/* Colours are the browser's, light or dark.  A test compares the sum with the text. */
static const char style[] =
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "h1{font-size:1.5rem}"
    "table{border-collapse:collapse}"
    "td{border-bottom:1px solid;padding:.25rem .75rem .25rem 0;vertical-align:top}"
    "td:first-child{white-space:nowrap}"
    ".why{border-left:.25rem solid;padding-left:.75rem;font-size:1.125rem}";
#define STYLE_SUM "3oLsrGWaLrc1tDXU+9mqCUQjJrH/Hjt2t4vllpeQ8GU="

void html_add(struct buffer *out, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '<':
            buffer_add_text(out, "&lt;");
            break;
        case '>':
            buffer_add_text(out, "&gt;");
            break;
        case '&':
            buffer_add_text(out, "&amp;");
            break;
        case '"':
            buffer_add_text(out, "&quot;");
            break;
        case '\'':
            buffer_add_text(out, "&#39;");
            break;
        default:
            buffer_add(out, text, 1);
        }
}

void html_begin(struct response *response, const char *title)
{
    struct buffer *body = &response->body;

    response->type = TYPE_HTML;
    response_header(response, "Content-Security-Policy",
                    "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; "
                    "form-action 'none'; frame-ancestors 'none'",
                    STYLE_SUM);
    buffer_add_text(body, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                          "<meta name=\"viewport\" content=\"width=device-width\">\n"
                          "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    html_add(body, title);
    buffer_addf(body, "</title>\n<style>%s</style>\n</head>\n<body>\n<h1>", style);
    html_add(body, title);
    buffer_add_text(body, "</h1>\n");
}

void html_end(struct response *response)
{
    buffer_add_text(&response->body, "</body>\n</html>\n");
}

bool html_is_wanted(const struct request *request)
{
    const char *accept = request->head.accept;

    return accept_prefers(accept, "text/html", "application/json") &&
           accept_prefers(accept, "text/html", "text/plain") &&
           !(request->is_begun && jsonp_is_asked(&request->form));
}

void html_error(struct response *response, enum status status, const struct reason *reason,
                const char *prefix)
{
    struct buffer *body = &response->body, title = {0};

    buffer_addf(&title, "%d %s", response->http_status, response_phrase(response->http_status));
    html_begin(response, title.data);
    buffer_clear(&title);
    buffer_add_text(body, "<p class=\"why\">");
    html_add(body, *reason->text ? reason->text : status_text(status));
    buffer_add_text(body, "</p>\n<p>");
    html_add(body, status_advice(status));
    buffer_add_text(body, "</p>\n");
    if (reason->outcome_unknown)
        buffer_add_text(body, "<p>It is not known whether the change was made: look before you "
                              "ask for it again.</p>\n");
    buffer_add_text(body, "<p><a href=\"");
    html_add(body, prefix);
    buffer_add_text(body, "/help\">All paths of this server</a></p>\n");
    html_end(response);
}
