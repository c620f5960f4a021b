/* request.c - one request, from head and body.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "http/request.h"

#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "http/fields.h"
#include "http/multipart.h"

static const struct {
    const char *name;
    enum method method;
} methods[] = {
    {"GET",     METHOD_GET    },
    {"HEAD",    METHOD_GET    },
    {"POST",    METHOD_POST   },
    {"PUT",     METHOD_PUT    },
    {"DELETE",  METHOD_DELETE },
    {"OPTIONS", METHOD_OPTIONS},
};

static enum method method_of(const char *name)
{
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (strcmp(methods[i].name, name) == 0)
            return methods[i].method;
    return METHOD_OTHER;
}

void request_clear(struct request *request)
{
    buffer_clear(&request->query);
    buffer_clear(&request->body);
}

bool request_has_type(const struct request *request, const char *type)
{
    const char *given = request->head.content_type;
    size_t len = given ? strcspn(given, "; \t") : 0;

    return len == strlen(type) && strncasecmp(given ? given : "", type, len) == 0;
}

bool request_is_bare(const struct request *request)
{
    const char *type = request->head.content_type;

    return request->body.len == 0 && (!type || !*type);
}

bool request_lost_query(const struct request *request)
{
    return request->uri.has_query &&
           !(request->form.count == 1 && form_find(&request->form, "authkey"));
}

/* Servers say "no body" as "0", as an empty text, or not at all. */
static enum status parse_length(struct request *request, struct reason *reason)
{
    const char *text = request->head.content_length;
    long long length = -1;

    if (text && *text && !number_parse(text, strlen(text), 0, (1LL << 60), &length))
        return refuse(reason, STATUS_BAD_REQUEST, "Content-Length is no number");
    request->content_length = length;
    return STATUS_OK;
}

static enum status parse_query(struct request *request, struct reason *reason)
{
    buffer_add(&request->query, request->uri.query, request->uri.query_len);
    return form_parse(&request->form, request->query.data, request->query.len, reason);
}

static bool is_encoded(const struct request_head *head)
{
    const char *encoding = head->content_encoding;

    return encoding && *encoding && strcasecmp(encoding, "identity") != 0;
}

enum status request_begin(struct request *request, const struct request_head *head,
                          const char *prefix, struct reason *reason)
{
    enum status status;

    request->head = *head;
    request->form.count = request->query_fields = 0;
    buffer_reset(&request->query);
    buffer_reset(&request->body);
    request->content_length = -1;
    request->is_begun = request->is_head = request->is_encoded = false;
    if (!head->method || !head->target)
        return refuse(reason, STATUS_BAD_REQUEST, "no REQUEST_METHOD or REQUEST_URI");
    request->method = method_of(head->method);
    request->is_head = strcmp(head->method, "HEAD") == 0;
    request->is_encoded = is_encoded(head);
    request->is_form = !head->content_type || !*head->content_type ||
                       request_has_type(request, "application/x-www-form-urlencoded") ||
                       request_has_type(request, "multipart/form-data");
    status = fields_check(head, reason);
    if (status == STATUS_OK)
        status = parse_length(request, reason);
    if (status == STATUS_OK)
        status = uri_parse(&request->uri, head->target, prefix, reason);
    if (status == STATUS_OK)
        status = parse_query(request, reason);
    request->query_fields = request->form.count;
    request->is_begun = status == STATUS_OK;
    return status;
}

enum status request_finish(struct request *request, struct reason *reason)
{
    struct reason cause = {0};
    enum status status;

    if (!request->is_form || request->is_encoded || request->body.len == 0)
        return STATUS_OK;
    if (request_has_type(request, "multipart/form-data"))
        return multipart_parse(&request->form, request->head.content_type, request->body.data,
                               request->body.len, reason);
    status = form_parse(&request->form, request->body.data, request->body.len, &cause);
    if (status == STATUS_OK)
        return STATUS_OK;
    return refuse(reason, status,
                  "%.150s in the form; to send a body as it is, name its Content-Type", cause.text);
}

enum status request_too_large(long long max_body, struct reason *reason)
{
    return refuse(reason, STATUS_TOO_LARGE, "a request body has at most %lld bytes", max_body);
}
