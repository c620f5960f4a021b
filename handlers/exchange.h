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
#include "broker/take.h"
#include "http/access.h"
#include "http/request.h"
#include "http/response.h"
#include "protocol/admission.h"
#include "protocol/command.h"
#include "redis/call.h"

struct authkey_cache;
struct counts;
struct errand;
struct helpers;
struct request_metrics;
struct rings;
struct route;
struct json_object;

struct exchange;

/* A call that a handler had run has ended with that status: answers, or has another one run.  The
 * return is that of a handler, see handlers.h. */
typedef enum status finish(struct exchange *exchange, enum status status);

/* Frees what a handler's state points to. */
typedef void state_clear(void *state);

/* The admission under way, see admit.h. */
struct admitting {
    struct admission admission;
    bool is_quiet; /* nobody is refused anything */
    finish *then;
    struct authkey read; /* the record of the visitor's key, as Redis tells it */
    long long asked_ms;  /* when it was asked */
};

/* Everything that a process keeps for all of its requests. */
struct service {
    const struct settings *settings;
    struct access *access;
    struct authkey_cache *keys;
    struct rings *rings;
    struct helpers *helpers;
    struct token_pool *tokens;
    struct request_metrics *requests; /* NULL: nobody counts */
    struct counts *counts;            /* for who runs calls without a link; NULL: nobody counts */
    bool has_turns;                   /* of a loop: a request may wait for the next one */

    /* Adds what speaks of this process alone to the answer of /metrics; NULL: the handler does. */
    void (*add_process)(void *user, struct buffer *out);
    void *user;
};

struct exchange {
    const struct service *service;

    /* Kept from request to request, with the memory that they have. */
    struct call call;
    struct call other_call; /* see exchange_await_other() */
    struct batch batch;
    struct catalog catalog;

    /* This request's. */
    struct request request;
    struct response response;
    struct reason reason;
    struct visitor visitor;
    struct admitting admitting;
    char queue[LIMIT_NAME + 1]; /* of routes that have a name, else "" */
    const char *callback;       /* NULL: no JSONP */
    const struct route *route;  /* which asks for it */
    enum status wrong;          /* with the request, which is told to who is admitted; why: */
    struct reason complaint;

    /* The call that must run before the request can be answered, see exchange_await(). */
    struct call *due;
    struct errand *errands; /* or these instead of the one */
    int errands_count;
    finish *finish; /* NULL: nothing */

    /* The handler's own, see exchange_state(); the memory stays for later requests. */
    void *state;
    size_t state_size;
    state_clear *clear_state;
};

/* Zeroed memory with its service set is ready; clear frees what else it has. */
void exchange_clear(struct exchange *exchange);

/* Gives back what is larger than so many bytes, of one that may not be used again soon. */
void exchange_trim(struct exchange *exchange, size_t size);

/* --- the calls of a handler: whoever runs the exchange runs them, see routes.h -------------- */

/* Has the exchange's call run, and then() told.  The last thing that a handler does, or a
 * finish; returns OK. */
enum status exchange_await(struct exchange *exchange, finish *then);

/* As exchange_await(), for some calls that need not wait for each other, ERRANDS at most: each has
 * its own status.  The exchange's call, with its reply, stays as it is. */
enum status exchange_await_all(struct exchange *exchange, struct errand *errands, int count,
                               finish *then);

/* As exchange_await(), but for exchange->other_call; the exchange's call, with its reply, stays as
 * it is. */
enum status exchange_await_other(struct exchange *exchange, finish *then);

/* Where the service has turns: then() is told in the next one. */
enum status exchange_await_turn(struct exchange *exchange, finish *then);

/* As exchange_await_other(), but asks Redis which helpers are alive.  With must_ask false the
 * finish is told at once. */
enum status exchange_ask_helpers(struct exchange *exchange, bool must_ask, finish *then);

/* Zeroed memory, which a handler has as exchange->state until the request is answered; asked for
 * once.  clear may be NULL. */
void *exchange_state(struct exchange *exchange, size_t size, state_clear *clear);

/* For the owner of the exchange: the request is answered, or given up. */
void exchange_end(struct exchange *exchange);

/* --- what handlers answer with: each is the last thing a handler calls --------------------- */

/* The object as JSON; releases it. */
enum status answer_json(struct exchange *exchange, struct json_object *object);

/* A line of text, CRLF added. */
enum status answer_line(struct exchange *exchange, const char *line);

/* Answers a status that is not OK, with the exchange's reason; an error as a page for a client that
 * prefers one, else as JSON. */
void answer_refusal(struct exchange *exchange, enum status status);

/* RestMQ's way of saying that the queue is empty: 404, and an error. */
enum status answer_no_message(struct exchange *exchange);

/* An HTML page with that title: the body follows in buffer_add…(&response.body), then
 * answer_page_end(). */
void answer_page(struct exchange *exchange, const char *title);
enum status answer_page_end(struct exchange *exchange);

/* --- options ------------------------------------------------------------------------------- */

/* Does the request have this option? */
bool option_is_given(const struct exchange *exchange, const char *name);

/* A whole number within low…high, or the fallback when the option is not there. */
enum status option_number(struct exchange *exchange, const char *name, long long low,
                          long long high, long long fallback, long long *number);

/* BAD_REQUEST: the request has an Idempotency-Key, which has no effect on what it asks for. */
enum status check_no_idempotency_key(struct exchange *exchange, const char *what);

/* {"name","error","code"}, for a listing, of what has a damaged key; the caller releases it. */
struct json_object *damaged_row(const char *name, const struct reason *reason);

/* RestMQ's way of naming the Redis it talks to. */
struct json_object *redis_name(const struct exchange *exchange);

#endif
