/* keys.c - the names of everything we keep in Redis.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/keys.h"

#include <string.h>

#include "base/limits.h"
#include "base/number.h"

// clang-format off
static const struct {
    const char *before;
    const char *after;
} names[] = {
    [KEY_LIST] = {"", ":queue"},
    [KEY_COUNTER] = {"", ":UUID"},
    [KEY_STATUS] = {"queuestat::", ""},
    [KEY_POLICY] = {"", ":queuepolicy"},
    [KEY_QUEUES] = {"QUEUESET", ""},
    [KEY_TRASH] = {"restmq:{", "}:trash"},
    [KEY_PREFIX] = {"", ":"},
    [KEY_CHANNEL] = {"", ":PUBSUB"},
    [KEY_EVENTS] = {"restmq:{", "}:events"},
};
// clang-format on

void keys_add_key(struct call *call, enum key key, const char *queue)
{
    call_key(call, names[key].before, queue, names[key].after);
}

void keys_add_text(struct call *call, enum key key, const char *queue)
{
    call_text(call, names[key].before, queue, names[key].after);
}

static bool is_name_byte(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c && strchr("_.:@-/", c));
}

static bool starts_with(const char *name, size_t len, const char *start)
{
    return len >= strlen(start) && memcmp(name, start, strlen(start)) == 0;
}

static bool ends_with(const char *name, size_t len, const char *end)
{
    return len >= strlen(end) && memcmp(name + len - strlen(end), end, strlen(end)) == 0;
}

static bool is_reserved(const char *name, size_t len)
{
    return (len == 8 && starts_with(name, len, "QUEUESET")) || starts_with(name, len, "AUTHKEY") ||
           starts_with(name, len, "queuestat") || starts_with(name, len, "restmq:") ||
           ends_with(name, len, ":queue") || ends_with(name, len, ".dead");
}

/* No empty segment, no "." and no "..", since web servers and browsers change such paths. */
static bool has_bad_segment(const char *name, size_t len)
{
    size_t at = 0;

    while (at <= len) {
        const char *slash = memchr(name + at, '/', len - at);
        size_t segment = slash ? (size_t)(slash - (name + at)) : len - at;

        if (segment == 0 || (segment == 1 && name[at] == '.') ||
            (segment == 2 && name[at] == '.' && name[at + 1] == '.'))
            return true;
        at += segment + 1;
    }
    return false;
}

enum status queue_name_check(const char *name, size_t len, struct reason *reason)
{
    if (len == 0)
        return refuse(reason, STATUS_BAD_NAME, "a queue's name must not be empty");
    if (len > LIMIT_NAME)
        return refuse(reason, STATUS_BAD_NAME, "a queue's name has at most %d bytes", LIMIT_NAME);
    for (size_t i = 0; i < len; i++)
        if (!is_name_byte(name[i]))
            return refuse(reason, STATUS_BAD_NAME,
                          "a queue's name has only A-Z a-z 0-9 _ . : @ - and / between segments");
    if (has_bad_segment(name, len))
        return refuse(reason, STATUS_BAD_NAME,
                      "a segment of a queue's name must not be empty, \".\" or \"..\"");
    if (is_reserved(name, len))
        return refuse(reason, STATUS_BAD_NAME, "this name is reserved");
    return STATUS_OK;
}

bool message_key_is_of(const char *key, size_t len, const char *queue)
{
    size_t prefix = strlen(queue) + 1;
    long long number;

    return len > prefix && memcmp(key, queue, prefix - 1) == 0 && key[prefix - 1] == ':' &&
           number_parse(key + prefix, len - prefix, 1, 9007199254740992, &number);
}
