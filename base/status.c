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
} table[] = {
    [STATUS_OK] = {200, "ok", "ok"},
    [STATUS_EMPTY] = {204, "empty", "empty queue"},
    [STATUS_BAD_REQUEST] = {400, "bad_request", "bad request"},
    [STATUS_BAD_NAME] = {400, "bad_name", "bad name"},
    [STATUS_BAD_VALUE] = {400, "bad_value", "bad value"},
    [STATUS_UNAUTHORIZED] = {401, "unauthorized", "unauthorized"},
    [STATUS_FORBIDDEN] = {403, "forbidden", "forbidden"},
    [STATUS_NOT_FOUND] = {404, "not_found", "not found"},
    [STATUS_NOT_ALLOWED] = {405, "not_allowed", "method not allowed"},
    [STATUS_STALE_LEASE] = {409, "stale_lease", "this is not the token of the lease in force"},
    [STATUS_CONFLICT] = {409, "conflict",
                         "this idempotency key was used for another body or other options"},
    [STATUS_TOO_LARGE] = {413, "too_large", "too large"},
    [STATUS_UNSUPPORTED] = {415, "unsupported", "unsupported media type"},
    [STATUS_UPGRADE] = {426, "upgrade", "this websocket version is not served"},
    [STATUS_FULL] = {429, "full", "the queue has reached its max_length"},
    [STATUS_DAMAGED] = {500, "damaged", "a key of this queue holds something else"},
    [STATUS_UNAVAILABLE] = {503, "unavailable", "Redis is unavailable"},
    [STATUS_NO_SPACE] = {507, "no_space", "Redis is out of memory"},
    [STATUS_AGAIN] = {500, "again", "not finished"},
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

int status_http(enum status status)
{
    return table[status].http;
}

enum status refuse(struct reason *reason, enum status status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(reason->text, sizeof(reason->text), format, args);
    va_end(args);
    for (char *at = reason->text; *at; at++)
        if (*at < 0x20 || *at > 0x7e)
            *at = '?';
    return status;
}
