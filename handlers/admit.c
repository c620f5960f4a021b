/* admit.c - may whoever asks do this?
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "handlers/admit.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "broker/authkey.h"
#include "handlers/exchange.h"

static const enum authkey_priv needs[RIGHTS] = {
    [RIGHT_PRODUCER] = AUTHKEY_WRITE,
    [RIGHT_CONSUMER] = AUTHKEY_READ,
    [RIGHT_ADMIN] = AUTHKEY_ADMIN,
};

static enum status find_key(struct exchange *exchange, const struct authkey **found)
{
    const char *key = exchange->visitor.key;
    long long asked_ms = clock_ms();
    struct authkey authkey = {0};
    struct call call = {0};
    enum status status;

    if (!key)
        return refuse(&exchange->reason, STATUS_UNAUTHORIZED,
                      "a key is required: X-Authkey, Authorization: Bearer, or authkey=");
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

static enum status check_queue(struct exchange *exchange, const struct authkey *key,
                               enum authkey_priv need, const char *name, size_t len)
{
    char queue[LIMIT_NAME + 1];

    if (len > LIMIT_NAME || memchr(name, '\0', len))
        return STATUS_OK; /* the handler refuses such a name */
    memcpy(queue, name, len);
    queue[len] = '\0';
    return authkey_check(key, need, queue, &exchange->reason);
}

/* Each of the names in an option, commas between. */
static enum status check_queues(struct exchange *exchange, const struct authkey *key,
                                enum authkey_priv need, const struct field *names)
{
    struct text_list list = {names->value, names->value_len};
    enum status status = STATUS_OK;
    const char *name;
    size_t len;

    while (status == STATUS_OK && text_list_next(&list, &name, &len))
        status = check_queue(exchange, key, need, name, len);
    return status;
}

static enum status check_key(struct exchange *exchange, enum authkey_priv need)
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
        return authkey_check(key, need, exchange->queue, &exchange->reason);
    if (names && key->is_known)
        return check_queues(exchange, key, need, names);
    return authkey_check(key, need, NULL, &exchange->reason);
}

enum status admit(struct exchange *exchange, enum right right, bool changes)
{
    enum status status =
        access_check(exchange->access, right, &exchange->visitor, changes, &exchange->reason);

    if (status != STATUS_OK || right == RIGHT_NONE || !exchange->settings->authkeys)
        return status;
    return check_key(exchange, needs[right]);
}
