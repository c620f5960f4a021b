/* status.c - the one map from a status to code, text and HTTP status.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>

// clang-format off
static const struct {
    int http;
    const char *code;
    const char *text;
    const char *advice; /* sentences for a page */
} table[] = {
    [STATUS_OK] = {200, "ok", "ok",
        "There is nothing to do."},
    [STATUS_EMPTY] = {204, "empty", "empty queue",
        "Ask again later, or push a message."},
    [STATUS_BAD_REQUEST] = {400, "bad_request", "bad request",
        "Correct the request: as it is, it will be refused again."},
    [STATUS_BAD_NAME] = {400, "bad_name", "bad name",
        "Choose another name; section 2 of protocol.txt says what a name may be."},
    [STATUS_BAD_VALUE] = {400, "bad_value", "bad value",
        "Correct the option; protocol.txt says which values it may have."},
    [STATUS_UNAUTHORIZED] = {401, "unauthorized", "unauthorized",
        "Give a user name and password, or a key, that may do this."},
    [STATUS_FORBIDDEN] = {403, "forbidden", "forbidden",
        "Ask the administrator of this server. Who may do what is in acl.conf and restmq.conf; "
        "the log of the server has a line about this refusal."},
    [STATUS_NOT_FOUND] = {404, "not_found", "not found",
        "Check the address."},
    [STATUS_NOT_ALLOWED] = {405, "not_allowed", "method not allowed",
        "Use another method; protocol.txt says which."},
    [STATUS_STALE_LEASE] = {409, "stale_lease", "this is not the token of the lease in force",
        "Use the token of the lease in force, or leave the message until that lease ends."},
    [STATUS_CONFLICT] = {409, "conflict",
                         "this idempotency key was used for another body or other options",
        "Look at what is there now, then decide."},
    [STATUS_TOO_LARGE] = {413, "too_large", "too large",
        "Send less at once; max_message and max_body in restmq.conf say how much is allowed."},
    [STATUS_UNSUPPORTED] = {415, "unsupported", "unsupported media type",
        "Send the body with another Content-Type."},
    [STATUS_HELD] = {423, "held", "takes or pushes of this queue are held, see /control",
        "Try again later, or ask the operator of the queue, who holds them."},
    [STATUS_UPGRADE] = {426, "upgrade", "this websocket version is not served",
        "Use a newer browser or websocket library."},
    [STATUS_FULL] = {429, "full", "the queue has reached its max_length",
        "Try again when messages have been taken."},
    [STATUS_DAMAGED] = {500, "damaged", "a key of this queue holds something else",
        "Tell the administrator of this server, who can run restmq fsck."},
    [STATUS_UNAVAILABLE] = {503, "unavailable", "Redis is unavailable",
        "Try again in a moment. If it lasts, tell the administrator of this server: its log says "
        "more."},
    [STATUS_NO_SPACE] = {507, "no_space", "Redis is out of memory",
        "Messages must be taken or purged, or Redis must be given more memory."},
    [STATUS_LATER] = {503, "unavailable", "not now",
        "Try again."},
    [STATUS_NEEDS_KEY] = {503, "unavailable", "not now",
        "Try again."},
    [STATUS_AGAIN] = {500, "again", "not finished",
        "Try again."},
};
// clang-format on

const char *status_code(enum status status)
{
    return table[status].code;
}

const char *status_text(enum status status)
{
    return table[status].text;
}

const char *status_advice(enum status status)
{
    return table[status].advice;
}

int status_http(enum status status)
{
    return table[status].http;
}

int status_retry_after(enum status status, const struct reason *reason)
{
    static const int seconds[STATUS_AGAIN + 1] = {
        [STATUS_HELD] = 5,
        [STATUS_FULL] = 1,
        [STATUS_UNAVAILABLE] = 1,
    };

    return seconds[status] && reason->retry_after_s ? reason->retry_after_s : seconds[status];
}

enum status refuse(struct reason *reason, enum status status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(reason->text, sizeof(reason->text), format, args);
    va_end(args);
    reason->outcome_unknown = false;
    reason->retry_after_s = 0;
    reason->is_for_key = false;
    for (char *at = reason->text; *at; at++)
        if (*at < 0x20 || *at > 0x7e)
            *at = '?';
    return status;
}

enum status refuse_for_key(struct reason *reason, const char *text)
{
    refuse(reason, STATUS_UNAUTHORIZED, "%s", text);
    reason->is_for_key = true;
    return STATUS_UNAUTHORIZED;
}
