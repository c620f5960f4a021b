/* ui.c - /ui/: the files of the dashboard, which are part of the program.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "base/text.h"
#include "handlers/exchange.h"
#include "handlers/handlers.h"
#include "http/fields.h"
#include "web/files.h"

/* All of it is of one origin, and nothing in it is a script or style but files of ours. */
#define POLICY                                                                                     \
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "                 \
    "frame-ancestors 'none'"

static const struct web_file *find_file(const char *name, size_t len)
{
    for (const struct web_file *file = web_files; file->name; file++)
        if (text_is(name, len, file->name))
            return file;
    return NULL;
}

static enum status send_file(struct exchange *exchange, const struct web_file *file)
{
    struct response *response = &exchange->response;

    response->type = file->type;
    response->cache = "no-cache";
    response_header(response, "ETag", "%s", file->etag);
    response_header(response, "Content-Security-Policy", "%s", POLICY);
    response_header(response, "Referrer-Policy", "no-referrer");
    if (field_has_etag(exchange->request.head.if_none_match, file->etag))
        response->http_status = 304;
    else
        buffer_add(&response->body, file->bytes, file->len);
    return STATUS_OK;
}

/* The pages name their files relative to /ui/, whatever the prefix is. */
static enum status add_slash(struct exchange *exchange)
{
    exchange->response.http_status = 302;
    response_header(&exchange->response, "Location", "%s/ui/", exchange->service->settings->prefix);
    return answer_line(exchange, "see ui/");
}

enum status get_ui(struct exchange *exchange)
{
    const struct uri *uri = &exchange->request.uri;
    const struct web_file *file;

    if (!uri->has_slash)
        return add_slash(exchange);
    file = uri->name_len ? find_file(uri->name, uri->name_len)
                         : find_file("index.html", strlen("index.html"));
    if (!file)
        return refuse(&exchange->reason, STATUS_NOT_FOUND,
                      "the dashboard has no such file; it begins at %.100s/ui/",
                      exchange->service->settings->prefix);
    return send_file(exchange, file);
}
