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

static enum status look_up_key(struct exchange *exchange, const struct authkey **found)
{
    const char *key = exchange->visitor.key;
    long long asked_ms = clock_ms();
    struct authkey authkey = {0};
    struct call call = {0};
    enum status status;

    *found = authkey_cache_find(exchange->keys, key, strlen(key), asked_ms);
    if (*found)
        return STATUS_OK;
    authkey_call(&call, key, strlen(key), &authkey);
    status = link_run(exchange->link, &call, &exchange->reason);
    if (status == STATUS_OK)
        *found = authkey_cache_store(exchange->keys, key, strlen(key), &authkey, asked_ms);
    call_clear(&call);
    return status;
}

static enum status find_key(struct exchange *exchange, const struct authkey **found)
{
    enum status status;

    if (!exchange->visitor.key)
        return refuse(&exchange->reason, STATUS_UNAUTHORIZED,
                      "a key is required: X-Authkey, Authorization: Bearer, or authkey=");
    status = access_try_key(exchange->access, &exchange->visitor, &exchange->reason);
    if (status != STATUS_OK)
        return note_refusal(exchange, status);
    status = look_up_key(exchange, found);
    if (status == STATUS_OK)
        access_tried_key(exchange->access, &exchange->visitor, (*found)->is_known);
    return status;
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

static enum status check_key(struct exchange *exchange, unsigned needs)
{
    const struct form *form = &exchange->request.form;
    const struct field *names = form_find(form, "queue");
    const struct authkey *key = NULL;
    enum status status = find_key(exchange, &key);

    if (!names)
        names = form_find(form, "queues");
    if (status != STATUS_OK)
        return status;
    if (*exchange->queue)
        return authkey_check(key, needs, exchange->queue, &exchange->reason);
    if (names && key->is_known)
        return check_queues(exchange, key, needs, names);
    return authkey_check(key, needs, NULL, &exchange->reason);
}

/* Does the key do for one of these things, whatever the queue? */
static enum status check_key_at_all(struct exchange *exchange, unsigned needs)
{
    const struct authkey *key = NULL;
    enum status status = find_key(exchange, &key);

    return status == STATUS_OK ? authkey_check_privs(key, needs, &exchange->reason) : status;
}

/* --- the decision ----------------------------------------------------------------------------- */

typedef enum status key_check(struct exchange *exchange, unsigned needs);

/* *is_refusal: it was refused, and not only that Redis cannot be asked for the key. */
static enum status decide(struct exchange *exchange, unsigned rights, bool changes,
                          key_check *check, bool *is_refusal)
{
    enum status status =
        access_check(exchange->access, rights, &exchange->visitor, changes, &exchange->reason);

    if (status == STATUS_AGAIN)
        status = STATUS_UNAVAILABLE; /* a request has one turn */
    *is_refusal = status != STATUS_OK;
    if (status != STATUS_OK || rights == RIGHT_NONE || !exchange->settings->authkeys)
        return status;
    status = check(exchange, privs_of(rights));
    *is_refusal = status == STATUS_UNAUTHORIZED || status == STATUS_FORBIDDEN;
    return status;
}

enum status admit(struct exchange *exchange, unsigned rights, bool changes)
{
    bool is_refusal;
    enum status status = decide(exchange, rights, changes, check_key, &is_refusal);

    return is_refusal ? note_refusal(exchange, status) : status;
}

enum status admit_at_all(struct exchange *exchange, unsigned rights, bool changes)
{
    bool is_refusal;
    enum status status = decide(exchange, rights, changes, check_key_at_all, &is_refusal);

    return is_refusal ? note_refusal(exchange, status) : status;
}

/* Else it could be asked for passwords without a trace. */
static bool tries(const struct visitor *visitor, enum status status)
{
    return status != STATUS_FORBIDDEN && (visitor->credentials.has_password || visitor->key);
}

bool admit_sees(struct exchange *exchange, unsigned rights)
{
    struct reason before = exchange->reason;
    bool is_refusal;
    enum status status = decide(exchange, rights, false, check_key_at_all, &is_refusal);

    if (is_refusal && tries(&exchange->visitor, status))
        note_refusal(exchange, status);
    exchange->reason = before;
    return status == STATUS_OK;
}
