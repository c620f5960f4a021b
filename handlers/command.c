/* command.c - /queue: the JSON protocol.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "protocol/command.h"

#include <string.h>

#include "handlers/admit.h"
#include "handlers/exchange.h"
#include "handlers/handlers.h"

/* The command's text: the body as JSON, or a form's field body or msg. */
static enum status find_text(struct exchange *exchange, const char **text, size_t *len)
{
    const struct request *request = &exchange->request;
    const struct field *field = form_find(&request->form, "body");

    if (!field)
        field = form_find(&request->form, "msg");
    if (request->head.idempotency_key)
        return refuse(&exchange->reason, STATUS_BAD_REQUEST,
                      "the command add has a member once instead of Idempotency-Key");
    if (!request->is_form && !request_has_type(request, "application/json"))
        return refuse(&exchange->reason, STATUS_UNSUPPORTED,
                      "send a form with a field body, or application/json");
    if (!request->is_form && field)
        return refuse(&exchange->reason, STATUS_BAD_REQUEST,
                      "the body is the command, so there must be no option body or msg");
    if (request->is_form && !field)
        return refuse(&exchange->reason, STATUS_BAD_REQUEST,
                      "no field body or msg; for the command itself say "
                      "Content-Type: application/json");
    *text = field ? field->value : request->body.data;
    *len = field ? field->value_len : request->body.len;
    return STATUS_OK;
}

/* RestMQ answers an application's mistakes with 200; what is ours, or Redis's, is said in HTTP. */
static int http_status_of(enum status status)
{
    return status_http(status) < 500 ? 200 : status_http(status);
}

/* For each queue, before the first one is looked at. */
static enum status admit_command(struct exchange *exchange, const struct command *command)
{
    unsigned rights = admission_rights_of(command_needs(command));
    enum status status = STATUS_OK;
    const char *name;

    for (int i = 0; status == STATUS_OK && (name = command_queue(command, i)); i++) {
        strcpy(exchange->queue, name);
        status = admit_also(exchange, rights);
    }
    return status;
}

static void note_done(struct exchange *exchange, const struct command *command)
{
    struct buffer text = {0};

    command_done(command, &text);
    if (text.len)
        admit_done(exchange, "%s", text.data);
    buffer_clear(&text);
}

static enum status parse(struct exchange *exchange, struct command *command, const char *text,
                         size_t len)
{
    struct command_limits limits = {
        .max_message = exchange->service->settings->max_message,
        .once_seconds = exchange->service->settings->idempotency_seconds,
        .rings = exchange->service->rings,
        .helpers = exchange->service->helpers,
        .tokens = exchange->service->tokens,
    };

    return command_parse(command, text, len, &limits, &exchange->call, &exchange->reason);
}

/* Where it was no command at all, or may not be run, that is the status of the request. */
static enum status answer_command(struct exchange *exchange, enum status status)
{
    struct command *command = exchange->state;

    if (!command->verb || status == STATUS_UNAVAILABLE || status == STATUS_UNAUTHORIZED ||
        status == STATUS_FORBIDDEN)
        return status;
    exchange->response.http_status = http_status_of(status);
    command_render(command, status, &exchange->reason, &exchange->response.body);
    buffer_add_text(&exchange->response.body, "\r\n");
    return STATUS_OK;
}

static enum status finish_command(struct exchange *exchange, enum status status)
{
    struct command *command = exchange->state;

    if (command_next(command, &exchange->call, &status))
        return exchange_await(exchange, finish_command);
    if (status == STATUS_OK)
        note_done(exchange, command);
    return answer_command(exchange, status);
}

static void clear_command(void *state)
{
    command_clear(state);
}

enum status post_command(struct exchange *exchange)
{
    struct command *command = exchange_state(exchange, sizeof(*command), clear_command);
    const char *text = NULL;
    size_t len = 0;
    enum status status = find_text(exchange, &text, &len);

    if (status != STATUS_OK)
        return status;
    status = parse(exchange, command, len ? text : "", len);
    if (status == STATUS_OK)
        status = admit_command(exchange, command);
    return status == STATUS_OK ? exchange_await(exchange, finish_command)
                               : answer_command(exchange, status);
}

/* RestMQ sends the curious to its help page; ours is the page of the routes. */
enum status get_command(struct exchange *exchange)
{
    const char *help = exchange->request.uri.has_slash ? "../help" : "./help";

    exchange->response.http_status = 302;
    response_header(&exchange->response, "Location", "%s", help);
    return answer_line(exchange, exchange->request.uri.has_slash ? "see ../help" : "see ./help");
}
