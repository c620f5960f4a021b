/* admit.c - may whoever asks do this?
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "handlers/admit.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "broker/authkey.h"
#include "handlers/exchange.h"

/* The same in the two languages, that of acl.conf and that of keys. */
static const struct {
    enum right right;
    enum authkey_priv priv;
} pairs[] = {
    {RIGHT_PRODUCER, AUTHKEY_WRITE   },
    {RIGHT_CONSUMER, AUTHKEY_READ    },
    {RIGHT_ADMIN,    AUTHKEY_ADMIN   },
    {RIGHT_STATS,    AUTHKEY_STATS   },
    {RIGHT_PURGE,    AUTHKEY_PURGE   },
    {RIGHT_SETTINGS, AUTHKEY_SETTINGS},
    {RIGHT_REMOVE,   AUTHKEY_REMOVE  },
};
enum { PAIRS = sizeof(pairs) / sizeof(pairs[0]) };

unsigned admit_rights_of(unsigned privs)
{
    unsigned rights = RIGHT_NONE;

    for (int i = 0; i < PAIRS; i++)
        rights |= privs & pairs[i].priv ? pairs[i].right : 0;
    return rights;
}

static unsigned privs_of(unsigned rights)
{
    unsigned privs = 0;

    for (int i = 0; i < PAIRS; i++)
        privs |= rights & pairs[i].right ? pairs[i].priv : 0;
    return privs;
}

/* --- who it is, for the log ------------------------------------------------------------------ */

static struct journal_who who_asks(struct exchange *exchange, char name[LIMIT_AUTHKEY_NAME + 1])
{
    const struct visitor *visitor = &exchange->visitor;
    const char *key = exchange->settings->authkeys ? visitor->key : NULL;

    return (struct journal_who){
        .ip = visitor->has_ip ? &visitor->ip : NULL,
        .user = visitor->credentials.has_password ? visitor->credentials.user : NULL,
        .key = key ? authkey_name(authkey_cache_find(exchange->keys, key, strlen(key), clock_ms()),
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

    journal_refused(&exchange->access->journal, &who, status, head->method, head->target,
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
    journal_done(&exchange->access->journal, &who, text);
}

/* --- keys ------------------------------------------------------------------------------------- */

/* OK with *found NULL: Redis must be asked. */
static enum status find_key(struct exchange *exchange, const struct authkey **found)
{
    const char *key = exchange->visitor.key;
    enum status status;

    *found = NULL;
    if (!key)
        return refuse(&exchange->reason, STATUS_UNAUTHORIZED,
                      "a key is required: X-Authkey, Authorization: Bearer, or authkey=");
    status = access_try_key(exchange->access, &exchange->visitor, &exchange->reason);
    if (status != STATUS_OK)
        return note_refusal(exchange, status);
    *found = authkey_cache_find(exchange->keys, key, strlen(key), clock_ms());
    return STATUS_OK;
}

static enum status check_queue(struct exchange *exchange, const struct authkey *key, unsigned needs,
                               const char *name, size_t len)
{
    char queue[LIMIT_NAME + 1];

    if (len > LIMIT_NAME || memchr(name, '\0', len))
        return STATUS_OK; /* the handler refuses such a name */
    memcpy(queue, name, len);
    queue[len] = '\0';
    return authkey_check(key, needs, queue, &exchange->reason);
}

/* Each of the names in an option, commas between. */
static enum status check_queues(struct exchange *exchange, const struct authkey *key,
                                unsigned needs, const struct field *names)
{
    struct text_list list = {names->value, names->value_len};
    enum status status = STATUS_OK;
    const char *name;
    size_t len;

    while (status == STATUS_OK && text_list_next(&list, &name, &len))
        status = check_queue(exchange, key, needs, name, len);
    return status;
}

static enum status check_names(struct exchange *exchange, const struct authkey *key, unsigned needs)
{
    const struct form *form = &exchange->request.form;
    const struct field *names = form_find(form, "queue");

    if (!names)
        names = form_find(form, "queues");
    if (*exchange->queue)
        return authkey_check(key, needs, exchange->queue, &exchange->reason);
    if (names && key->is_known)
        return check_queues(exchange, key, needs, names);
    return authkey_check(key, needs, NULL, &exchange->reason);
}

/* Does the key do for one of these things, whatever the queue? */
static enum status check_at_all(struct exchange *exchange, const struct authkey *key,
                                unsigned needs)
{
    return authkey_check_privs(key, needs, &exchange->reason);
}

/* --- the decision ----------------------------------------------------------------------------- */

static bool is_refusal(enum status status)
{
    return status == STATUS_UNAUTHORIZED || status == STATUS_FORBIDDEN;
}

/* The key is known, or known to be none. */
static enum status end_with_key(struct exchange *exchange, const struct authkey *key)
{
    struct admission *admission = &exchange->admission;
    enum status status;

    admission->key = key;
    access_tried_key(exchange->access, &exchange->visitor, key->is_known);
    status = admission->check(exchange, key, privs_of(admission->rights));
    return admission->end(exchange, status, is_refusal(status));
}

static enum status on_key(struct exchange *exchange, enum status status)
{
    struct admission *admission = &exchange->admission;
    const char *key = exchange->visitor.key;

    if (status != STATUS_OK)
        return admission->end(exchange, status, false);
    return end_with_key(exchange, authkey_cache_store(exchange->keys, key, strlen(key),
                                                      &admission->read, admission->asked_ms));
}

static enum status ask_for_key(struct exchange *exchange)
{
    struct admission *admission = &exchange->admission;
    const char *key = exchange->visitor.key;

    admission->asked_ms = clock_ms();
    authkey_call(&exchange->other_call, key, strlen(key), &admission->read);
    return exchange_await_other(exchange, on_key);
}

/* A request has one turn. */
static enum status check_visitor(struct exchange *exchange, unsigned rights, bool changes)
{
    enum status status =
        access_check(exchange->access, rights, &exchange->visitor, changes, &exchange->reason);

    return status == STATUS_AGAIN ? STATUS_UNAVAILABLE : status;
}

static enum status decide(struct exchange *exchange, struct admission admission, bool changes)
{
    const struct authkey *key;
    enum status status;

    exchange->admission = admission;
    status = check_visitor(exchange, admission.rights, changes);
    if (status != STATUS_OK || admission.rights == RIGHT_NONE || !exchange->settings->authkeys)
        return admission.end(exchange, status, status != STATUS_OK);
    status = find_key(exchange, &key);
    if (status != STATUS_OK)
        return admission.end(exchange, status, is_refusal(status));
    return key ? end_with_key(exchange, key) : ask_for_key(exchange);
}

static enum status end_admit(struct exchange *exchange, enum status status, bool is_refusal)
{
    return exchange->admission.then(exchange, is_refusal ? note_refusal(exchange, status) : status);
}

enum status admit(struct exchange *exchange, unsigned rights, bool changes, finish *then)
{
    return decide(
        exchange,
        (struct admission){.rights = rights, .check = check_names, .end = end_admit, .then = then},
        changes);
}

enum status admit_at_all(struct exchange *exchange, unsigned rights, bool changes, finish *then)
{
    return decide(
        exchange,
        (struct admission){.rights = rights, .check = check_at_all, .end = end_admit, .then = then},
        changes);
}

enum status admit_also(struct exchange *exchange, unsigned rights)
{
    enum status status = check_visitor(exchange, rights, true);
    bool is_refused = status != STATUS_OK;

    if (status == STATUS_OK && exchange->settings->authkeys) {
        status = check_names(exchange, exchange->admission.key, privs_of(rights));
        is_refused = is_refusal(status);
    }
    return is_refused ? note_refusal(exchange, status) : status;
}

/* Else it could be asked for passwords without a trace. */
static bool tries(const struct visitor *visitor, enum status status)
{
    return status != STATUS_FORBIDDEN && (visitor->credentials.has_password || visitor->key);
}

static enum status end_sees(struct exchange *exchange, enum status status, bool is_refusal)
{
    if (is_refusal && tries(&exchange->visitor, status))
        note_refusal(exchange, status);
    exchange->reason = (struct reason){0};
    return exchange->admission.then(exchange, status);
}

enum status admit_sees(struct exchange *exchange, unsigned rights, finish *then)
{
    return decide(
        exchange,
        (struct admission){.rights = rights, .check = check_at_all, .end = end_sees, .then = then},
        false);
}
