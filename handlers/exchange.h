/* exchange.h - one request on its way through a handler, and the answers a handler may give.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_EXCHANGE_H
#define HANDLERS_EXCHANGE_H

#include "base/limits.h"
#include "base/settings.h"
#include "base/status.h"
#include "broker/catalog.h"
#include "broker/queue.h"
#include "broker/sweep.h"
#include "broker/take.h"
#include "http/access.h"
#include "http/request.h"
#include "http/response.h"
#include "protocol/command.h"
#include "redis/call.h"
#include "redis/link.h"

struct authkey_cache;
struct tally;
struct helpers;
struct rings;
struct json_object;

struct exchange {
    /* The process's own, the same for every request. */
    const struct settings *settings;
    struct access *access;
    struct authkey_cache *keys;
    struct rings *rings;
    struct helpers *helpers;
    struct link *link;
    struct sweep *sweep;
    struct call call;
    struct batch batch;
    struct token_pool tokens;
    struct catalog catalog;

    /* This request's. */
    struct request request;
    struct response response;
    struct reason reason;
    struct visitor visitor;
    char queue[LIMIT_NAME + 1]; /* of routes that have a name, else "" */
    const char *callback;       /* NULL: no JSONP */
};

/* Zeroed memory with settings, access, keys, rings, helpers, link and sweep set is ready; clear
 * frees the rest. */
void exchange_clear(struct exchange *exchange);

/* Runs the exchange's call, with the exchange's reason. */
enum status exchange_run(struct exchange *exchange);

/* Asks Redis which helpers are alive; the exchange's call, with its reply, stays as it is. */
enum status exchange_ask_helpers(struct exchange *exchange, struct reason *reason);

/* Adds the rows of helpers that are alive, having asked where it must be; as far as is known, if
 * that fails.  True: there were others. */
bool exchange_settle(struct exchange *exchange, struct tally *tally);

/* --- what handlers answer with: each is the last thing a handler calls --------------------- */

/* The object as JSON; releases it. */
enum status answer_json(struct exchange *exchange, struct json_object *object);

/* A line of text, CRLF added. */
enum status answer_line(struct exchange *exchange, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The error, with the exchange's reason: a page for who prefers one, else JSON. */
void answer_error(struct exchange *exchange, enum status status, int http_status);

/* An HTML page with that title: the body follows in buffer_add…(&response.body), then
 * answer_page_end(). */
void answer_page(struct exchange *exchange, const char *title);
enum status answer_page_end(struct exchange *exchange);

/* --- options ------------------------------------------------------------------------------- */

/* Is the option there? */
bool option_is_given(const struct exchange *exchange, const char *name);

/* A whole number within low…high, or the fallback when the option is not there. */
enum status option_number(struct exchange *exchange, const char *name, long long low,
                          long long high, long long fallback, long long *number);

/* RestMQ's way of naming the Redis it talks to. */
struct json_object *redis_name(const struct exchange *exchange);

#endif
