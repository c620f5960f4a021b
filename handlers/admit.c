/* admit.c - may whoever asks do this?
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "handlers/admit.h"

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
    if (status == STATUS_OK)
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

/* By all but the key; *needs_key: that is still to be asked. */
static enum status check_access(struct exchange *exchange, unsigned rights, bool changes,
                                bool *needs_key)
{
    *needs_key = rights != RIGHT_NONE && exchange->settings->authkeys;
    return access_check(exchange->access, rights, &exchange->visitor, changes, &exchange->reason);
}

enum status admit(struct exchange *exchange, unsigned rights, bool changes)
{
    bool needs_key;
    enum status status = check_access(exchange, rights, changes, &needs_key);

    return status == STATUS_OK && needs_key ? check_key(exchange, privs_of(rights)) : status;
}

enum status admit_at_all(struct exchange *exchange, unsigned rights, bool changes)
{
    const struct authkey *key = NULL;
    bool needs_key;
    enum status status = check_access(exchange, rights, changes, &needs_key);

    if (status != STATUS_OK || !needs_key)
        return status;
    status = find_key(exchange, &key);
    return status == STATUS_OK ? authkey_check_privs(key, privs_of(rights), &exchange->reason)
                               : status;
}

bool admit_sees(struct exchange *exchange, unsigned rights)
{
    struct reason before = exchange->reason;
    enum status status = admit_at_all(exchange, rights, false);

    exchange->reason = before;
    return status == STATUS_OK;
}
