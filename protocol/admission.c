/* admission.c - may whoever asks do this?
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "protocol/admission.h"

#include <string.h>

#include "base/clock.h"
#include "base/settings.h"
#include "broker/authkey_cache.h"

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

unsigned admission_rights_of(unsigned privs)
{
    unsigned rights = RIGHT_NONE;

    for (int i = 0; i < PAIRS; i++)
        rights |= privs & pairs[i].priv ? pairs[i].right : 0;
    return rights;
}

unsigned admission_privs_of(unsigned rights)
{
    unsigned privs = rights & (RIGHT_COMET | RIGHT_WEBSOCKET) ? AUTHKEY_READ : 0;

    for (int i = 0; i < PAIRS; i++)
        privs |= rights & pairs[i].right ? pairs[i].priv : 0;
    return privs;
}

/* A text that cannot be a name is refused as one, later. */
static enum status check_name(const struct authkey *key, unsigned needs, const char *name,
                              size_t len, struct reason *reason)
{
    char text[LIMIT_NAME + 1];

    if (len > LIMIT_NAME || memchr(name, '\0', len))
        return STATUS_OK;
    memcpy(text, name, len);
    text[len] = '\0';
    return authkey_check(key, needs, text, reason);
}

static enum status check_names(const struct authkey *key, unsigned needs, struct text_list names,
                               struct reason *reason)
{
    enum status status = STATUS_OK;
    const char *name;
    size_t len;

    while (status == STATUS_OK && text_list_next(&names, &name, &len))
        status = check_name(key, needs, name, len, reason);
    return status;
}

static enum status check_key(const struct admission *admission, const struct authkey *key,
                             struct reason *reason)
{
    unsigned needs = admission_privs_of(admission->rights);

    if (admission->is_vague)
        return authkey_check_privs(key, needs, reason);
    if (!admission->name && admission->names.rest && key->is_known)
        return check_names(key, needs, admission->names, reason);
    return authkey_check(key, needs, admission->name, reason);
}

enum status admission_go_on(struct admission *admission, struct access *access,
                            const struct visitor *visitor, const struct authkey *key,
                            struct reason *reason)
{
    admission->key = key;
    access_tried_key(access, visitor, key->is_known);
    return check_key(admission, key, reason);
}

enum status admission_begin(struct admission *admission, struct access *access,
                            struct authkey_cache *keys, const struct visitor *visitor,
                            struct reason *reason)
{
    enum status status =
        access_check(access, admission->rights, visitor, admission->changes, reason);
    const struct authkey *key;

    if (status != STATUS_OK || admission->rights == RIGHT_NONE || !access->settings->authkeys)
        return status;
    if (!visitor->key)
        return refuse_for_key(reason,
                              "a key is required: X-Authkey, Authorization: Bearer, or authkey=");
    status = access_try_key(access, visitor, reason);
    if (status != STATUS_OK)
        return status;
    key = authkey_cache_find(keys, visitor->key, strlen(visitor->key), clock_ms());
    return key ? admission_go_on(admission, access, visitor, key, reason) : STATUS_NEEDS_KEY;
}
