/* root.c - / and /help: RestMQ's oldest way to push and take, and the page of the routes.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "broker/keys.h"
#include "handlers/handlers.h"
#include "handlers/queue.h"
#include "handlers/routes.h"
#include "http/html.h"

static enum status name_queue(struct exchange *exchange, const struct field *queue)
{
    enum status status = queue_name_check(queue->value, queue->value_len, &exchange->reason);

    if (status != STATUS_OK)
        return status;
    memcpy(exchange->queue, queue->value, queue->value_len);
    exchange->queue[queue->value_len] = '\0';
    return STATUS_OK;
}

/* The text, with the prefix in place of each ~. */
static void add_paths(struct buffer *out, const char *prefix, const char *text)
{
    for (size_t len; *text; text += len + (text[len] == '~')) {
        len = strcspn(text, "~");
        buffer_add(out, text, len);
        if (text[len])
            html_add(out, prefix);
    }
}

enum status get_help(struct exchange *exchange)
{
    const char *prefix = exchange->service->settings->prefix;
    struct buffer *body = &exchange->response.body;

    answer_page(exchange, "restmq");
    buffer_add_text(body, "<table>\n");
    routes_describe(prefix, body);
    add_paths(
        body, prefix,
        "</table>\n<p>The JSON protocol: POST ~/queue with "
        "{\"cmd\":\"add\",\"queue\":\"NAME\",\"value\":\"text\"}; the commands "
        "are add, get, take, del, extend, release, acks, extends, releases, len, list, stats, "
        "policy, control, purge, remove, redrive, dels and pub; lb_best, lb_charge, lb_list, "
        "lb_update "
        "and lb_remove.</p>\n");
    add_paths(body, prefix,
              "<p>Streams, from restmq-wsd: GET ~/ws/NAME is a websocket, ~/c/NAME comet or "
              "server-sent events, ~/w/NAME a long-poll; ~/sub/CHANNEL shows what is "
              "published, ~/who/NAME who comes and goes.</p>\n");
    return answer_page_end(exchange);
}

/* RestMQ says 404 here, and 204 on /q/. */
static enum status finish_root(struct exchange *exchange, enum status status)
{
    status = finish_take(exchange, status);
    return status == STATUS_EMPTY ? answer_no_message(exchange) : status;
}

/* People are led to the dashboard. */
static enum status answer_nobodys(struct exchange *exchange)
{
    response_header(&exchange->response, "Vary", "Accept");
    if (!html_is_wanted(&exchange->request))
        return get_help(exchange);
    exchange->response.http_status = 302;
    response_header(&exchange->response, "Location", "%s/ui/", exchange->service->settings->prefix);
    return answer_line(exchange, "see ui/");
}

enum status get_root(struct exchange *exchange)
{
    const struct field *queue = form_find(&exchange->request.form, "queue");
    enum status status;

    if (!queue || queue->value_len == 0)
        return answer_nobodys(exchange);
    status = name_queue(exchange, queue);
    if (status == STATUS_OK)
        status = begin_take(exchange);
    return status == STATUS_OK ? exchange_await(exchange, finish_root) : status;
}

enum status post_root(struct exchange *exchange)
{
    const struct field *queue = form_find(&exchange->request.form, "queue");
    enum status status;

    if (!queue)
        return refuse(&exchange->reason, STATUS_BAD_REQUEST, "no field queue");
    status = name_queue(exchange, queue);
    return status == STATUS_OK ? begin_push(exchange) : status;
}
