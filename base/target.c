/* target.c - the setting `redis`.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/target.h"

#include <string.h>

#include "base/text.h"

static const struct {
    const char *scheme;
    enum target_kind kind;
} schemes[] = {
    {"sentinel://", TARGET_SENTINEL},
    {"cluster://",  TARGET_CLUSTER },
};

/* The kind, and the text behind the scheme. */
static enum target_kind split(const char *text, const char **rest)
{
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t len = strlen(schemes[i].scheme);

        if (strncmp(text, schemes[i].scheme, len) == 0) {
            *rest = text + len;
            return schemes[i].kind;
        }
    }
    *rest = text;
    return TARGET_ONE;
}

enum target_kind target_kind(const char *text)
{
    const char *rest;

    return split(text, &rest);
}

/* One "host:port" of a list. */
static bool read_one(const char *text, size_t len, struct address *address)
{
    char copy[sizeof(address->host) + 8];

    if (len >= sizeof(copy))
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    return text_is_host(copy) && address_read(copy, address) && !address->is_unix;
}

static bool read_list(const char *text, size_t len, struct target *target)
{
    const char *end = text + len;

    for (target->count = 0; target->count < TARGET_ADDRESSES; text++) {
        const char *comma = memchr(text, ',', (size_t)(end - text));
        size_t one = comma ? (size_t)(comma - text) : (size_t)(end - text);

        if (!read_one(text, one, &target->addresses[target->count++]))
            return false;
        text += one;
        if (!comma)
            return true;
    }
    return false;
}

/* Sentinel takes these characters in names. */
static bool is_name(const char *name)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    size_t len = strspn(name, allowed);

    return len > 0 && len < TARGET_NAME && name[len] == '\0';
}

/* A list, or a scheme that there is not, is no host. */
static bool read_single(const char *text, struct address *address)
{
    return address_read(text, address) && (address->is_unix || !strpbrk(address->host, ",/ "));
}

bool target_read(const char *text, struct target *target)
{
    const char *slash;

    *target = (struct target){.count = 1};
    target->kind = split(text, &text);
    if (target->kind == TARGET_ONE)
        return read_single(text, &target->addresses[0]);
    if (target->kind == TARGET_CLUSTER)
        return read_list(text, strlen(text), target);
    slash = strchr(text, '/');
    if (!slash || !is_name(slash + 1))
        return false;
    strcpy(target->name, slash + 1);
    return read_list(text, (size_t)(slash - text), target);
}
