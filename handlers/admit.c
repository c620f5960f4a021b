/* admit.c - may whoever asks do this?
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "handlers/admit.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "broker/authkey_cache.h"
#include "handlers/exchange.h"

/* --- who it is, for the log ------------------------------------------------------------------ */

static struct journal_who who_asks(struct exchange *exchange, char name[LIMIT_AUTHKEY_NAME + 1])
{
    const struct visitor *visitor = &exchange->visitor;
    const char *key = exchange->service->settings->authkeys ? visitor->key : NULL;

    return (struct journal_who){
        .ip = visitor->has_ip ? &visitor->ip : NULL,
        .user = visitor->credentials.has_password ? visitor->credentials.user : NULL,
        .key = key ? authkey_name(
                         authkey_cache_find(exchange->service->keys, key, strlen(key), clock_ms()),
                         key, name)
                   : NULL,
    };
}

/* Returns the status. */
static enum status note_refusal(struct exchange *exchange, enum status status)
{
    char name[LIMIT_AUTHKEY_NAME + 1];
    struct journal_who who = who_asks(exchange, name);
    const struct request_head *head = &exchange->request.head;

    journal_refused(&exchange->service->access->journal, &who, status, head->method, head->target,
                    &exchange->reason);
    return status;
}

void admit_done(struct exchange *exchange, const char *format, ...)
{
    char name[LIMIT_AUTHKEY_NAME + 1], text[512];
    struct journal_who who = who_asks(exchange, name);
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    journal_done(&exchange->service->access->journal, &who, text);
}

/* --- the decision ----------------------------------------------------------------------------- */

/* Otherwise clients could try passwords without a line in the log. */
static bool tries(const struct visitor *visitor, enum status status)
{
    return status != STATUS_FORBIDDEN && (visitor->credentials.has_password || visitor->key);
}

/* is_refusal: else it is only that Redis cannot be asked for the key. */
static enum status end(struct exchange *exchange, enum status status, bool is_refusal)
{
    const struct admitting *admitting = &exchange->admitting;

    if (is_refusal && (!admitting->is_quiet || tries(&exchange->visitor, status)))
        note_refusal(exchange, status);
    if (admitting->is_quiet)
        exchange->reason = (struct reason){0};
    return admitting->then(exchange, status);
}

static enum status go_on(struct exchange *exchange, const struct authkey *key)
{
    return admission_go_on(&exchange->admitting.admission, exchange->service->access,
                           &exchange->visitor, key, &exchange->reason);
}

static enum status on_key(struct exchange *exchange, enum status status)
{
    struct admitting *admitting = &exchange->admitting;
    const char *key = exchange->visitor.key;

    if (status != STATUS_OK)
        return end(exchange, status, false);
    status = go_on(exchange, authkey_cache_store(exchange->service->keys, key, strlen(key),
                                                 &admitting->read, admitting->asked_ms));
    return end(exchange, status, status != STATUS_OK);
}

static enum status ask_for_key(struct exchange *exchange)
{
    struct admitting *admitting = &exchange->admitting;
    const char *key = exchange->visitor.key;

    admitting->asked_ms = clock_ms();
    authkey_call(&exchange->other_call, key, strlen(key), &admitting->read);
    return exchange_await_other(exchange, on_key);
}

static enum status decide(struct exchange *exchange)
{
    const struct service *service = exchange->service;

    return admission_begin(&exchange->admitting.admission, service->access, service->keys,
                           &exchange->visitor, &exchange->reason);
}

/* This decision has no later turn: LATER is UNAVAILABLE here. */
static enum status decide_now(struct exchange *exchange)
{
    enum status status = decide(exchange);

    return status == STATUS_LATER ? STATUS_UNAVAILABLE : status;
}

static enum status on_turn(struct exchange *exchange, enum status status);

static enum status begin(struct exchange *exchange, finish *then)
{
    enum status status;

    exchange->admitting.then = then;
    status = exchange->service->has_turns ? decide(exchange) : decide_now(exchange);
    if (status == STATUS_LATER)
        return exchange_await_turn(exchange, on_turn);
    return status == STATUS_NEEDS_KEY ? ask_for_key(exchange)
                                      : end(exchange, status, status != STATUS_OK);
}

static enum status on_turn(struct exchange *exchange, enum status status)
{
    return status == STATUS_OK ? begin(exchange, exchange->admitting.then)
                               : end(exchange, status, false);
}

/* The queues that the request is about. */
static struct admission question(const struct exchange *exchange, unsigned rights, bool changes)
{
    const struct form *form = &exchange->request.form;
    const struct field *names = form_find(form, "queue");
    struct admission admission = {.rights = rights, .changes = changes};

    if (!names)
        names = form_find(form, "queues");
    if (*exchange->queue)
        admission.name = exchange->queue;
    else if (names)
        admission.names = (struct text_list){names->value, names->value_len};
    return admission;
}

enum status admit(struct exchange *exchange, unsigned rights, bool changes, finish *then)
{
    exchange->admitting.is_quiet = false;
    exchange->admitting.admission = question(exchange, rights, changes);
    return begin(exchange, then);
}

enum status admit_at_all(struct exchange *exchange, unsigned rights, bool changes, finish *then)
{
    exchange->admitting.is_quiet = false;
    exchange->admitting.admission =
        (struct admission){.rights = rights, .changes = changes, .is_vague = true};
    return begin(exchange, then);
}

enum status admit_sees(struct exchange *exchange, unsigned rights, finish *then)
{
    exchange->admitting.is_quiet = true;
    exchange->admitting.admission = (struct admission){.rights = rights, .is_vague = true};
    return begin(exchange, then);
}

/* The record may have been read so slowly that the cache has it no more; it counts all the same. */
enum status admit_also(struct exchange *exchange, unsigned rights)
{
    const struct authkey *key = exchange->admitting.admission.key;
    enum status status;

    exchange->admitting.admission = question(exchange, rights, true);
    status = decide_now(exchange);
    if (status == STATUS_NEEDS_KEY)
        status = go_on(exchange, key);
    exchange->admitting.admission.key = key;
    return status == STATUS_OK ? status : note_refusal(exchange, status);
}
