/* keys.c - the names of everything we keep in Redis.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/keys.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/number.h"

static const char dead_suffix[] = ".dead";
enum { DEAD_LEN = sizeof(dead_suffix) - 1 };

// clang-format off
static const struct key_format {
    enum owner_kind owner;
    const char *before;
    const char *after;
    const char *after_dead; /* of dead letters, behind their queue's name; NULL: as any queue */
} names[] = {
    [KEY_LIST] = {OWNER_QUEUE, "", ":queue", NULL},
    [KEY_COUNTER] = {OWNER_QUEUE, "", ":UUID", NULL},
    [KEY_STATUS] = {OWNER_QUEUE, "queuestat::", "", NULL},
    [KEY_POLICY] = {OWNER_QUEUE, "", ":queuepolicy", NULL},
    [KEY_QUEUES] = {OWNER_ALL, "QUEUESET", "", NULL},
    [KEY_NAMES] = {OWNER_ALL, "QUEUESET", "", NULL},
    [KEY_PREFIX] = {OWNER_QUEUE, "", ":", ":"},
    [KEY_CHANNEL] = {OWNER_QUEUE, "", ":PUBSUB", NULL},
    [KEY_LEASES] = {OWNER_QUEUE, "restmq:{", "}:leases", "}.dead:leases"},
    [KEY_RECEIPTS] = {OWNER_QUEUE, "restmq:{", "}:receipts", "}.dead:receipts"},
    [KEY_DELAYED] = {OWNER_QUEUE, "restmq:{", "}:delayed", "}.dead:delayed"},
    [KEY_SETTINGS] = {OWNER_QUEUE, "restmq:{", "}:settings", "}.dead:settings"},
    [KEY_STATS] = {OWNER_QUEUE, "restmq:{", "}:stats", "}.dead:stats"},
    [KEY_ONCE] = {OWNER_QUEUE, "restmq:{", "}:once:", "}.dead:once:"},
    [KEY_REMEMBERS] = {OWNER_QUEUE, "restmq:{", "}:remembers", "}.dead:remembers"},
    [KEY_TRASH] = {OWNER_QUEUE, "restmq:{", "}:trash", "}.dead:trash"},
    [KEY_FOREIGN] = {OWNER_QUEUE, "restmq:{", "}:foreign", "}:foreign"},
    [KEY_SAMPLED] = {OWNER_QUEUE, "restmq:{", "}:sampled", "}.dead:sampled"},
    [KEY_HISTORY] = {OWNER_QUEUE, "restmq:{", "}:history", "}.dead:history"},
    [KEY_EVENTS] = {OWNER_QUEUE, "restmq:{", "}:events", "}.dead:events"},
    [KEY_BROADCAST] = {OWNER_QUEUE, "restmq:{", "}:broadcast", "}.dead:broadcast"},
    [KEY_PRESENCE] = {OWNER_TOPIC, "restmq:presence:{", "}", "}.dead"},
    [KEY_PRESENCE_NEWS] = {OWNER_TOPIC, "restmq:presence:{", "}", NULL},
    [KEY_PRESENCE_ROWS] = {OWNER_TOPIC, "restmq:presence:{", "}:", "}.dead:"},
    [KEY_TOPICS] = {OWNER_ALL, "restmq:topics", "", NULL},
    [KEY_HELPERS] = {OWNER_ALL, "restmq:helpers", "", NULL},
    [KEY_HELPER_TOPICS] = {OWNER_HELPER, "restmq:helper:", ":topics", NULL},
    [KEY_HELPER_ABOUT] = {OWNER_HELPER, "restmq:helper:", ":about", NULL},
    [KEY_WALKER] = {OWNER_ALL, "restmq:walker", "", NULL},
    [KEY_UNUSED] = {OWNER_ALL, "restmq:unused", "", NULL},
    [KEY_INDEX] = {OWNER_ALL, "restmq:index", "", NULL},
    [KEY_POOL] = {OWNER_POOL, "restmq:lb:{", "}", NULL},
    [KEY_POOL_VERSION] = {OWNER_POOL, "restmq:lbv:{", "}", NULL},
    [KEY_POOLS] = {OWNER_ALL, "restmq:pools", "", NULL},
    [KEY_LOG] = {OWNER_CHANNEL, "restmq:log:{", "}", NULL},
    [KEY_LOG_SETTINGS] = {OWNER_CHANNEL, "restmq:log:{", "}:keep", NULL},
    [KEY_LOG_NEWS] = {OWNER_CHANNEL, "restmq:log:{", "}", NULL},
    [KEY_AUTHKEY] = {OWNER_CLIENT, "AUTHKEY:", "", NULL},
    [KEY_AUTHKEYS] = {OWNER_ALL, "restmq:authkeys", "", NULL},
};

/* Those that change so that all of a queue's have its hash tag, and channels begin with one. */
static const struct key_format tagged[sizeof(names) / sizeof(names[0])] = {
    [KEY_LIST] = {OWNER_QUEUE, "{", "}:queue", "}.dead:queue"},
    [KEY_COUNTER] = {OWNER_QUEUE, "{", "}:UUID", "}.dead:UUID"},
    [KEY_STATUS] = {OWNER_QUEUE, "queuestat::{", "}", "}.dead"},
    [KEY_POLICY] = {OWNER_QUEUE, "{", "}:queuepolicy", "}.dead:queuepolicy"},
    [KEY_NAMES] = {OWNER_QUEUE, "restmq:{", "}:names", "}:names"},
    [KEY_PREFIX] = {OWNER_QUEUE, "{", "}:", "}:"},
    [KEY_CHANNEL] = {OWNER_QUEUE, "{", "}:PUBSUB", "}.dead:PUBSUB"},
    [KEY_EVENTS] = {OWNER_QUEUE, "{", "}:restmq:events", "}.dead:restmq:events"},
    [KEY_BROADCAST] = {OWNER_QUEUE, "{", "}:restmq:broadcast", "}.dead:restmq:broadcast"},
    [KEY_PRESENCE_NEWS] = {OWNER_TOPIC, "{", "}:restmq:presence", "}.dead:restmq:presence"},
    [KEY_UNUSED] = {OWNER_TOPIC, "restmq:{", "}:unused", "}:unused"},
    [KEY_LOG_NEWS] = {OWNER_CHANNEL, "{", "}:restmq:log", NULL},
};

/* A key that never exists.  A script that declares it runs in a cluster only where all of its slot
 * is on one node: while a slot moves, keys that are not there yet are not taken for ones that do
 * not exist. */
static const char never_before[] = "restmq:{", never_after[] = "}:never";
// clang-format on

static bool uses_tags;

void keys_use_tags(bool on)
{
    uses_tags = on;
}

bool keys_have_tags(void)
{
    return uses_tags;
}

int keys_together(int most)
{
    return uses_tags ? 1 : most;
}

static const struct key_format *naming_of(enum key key)
{
    return uses_tags && tagged[key].before ? &tagged[key] : &names[key];
}

static size_t base_len(const char *queue)
{
    size_t len = strlen(queue);

    return queue_is_dead(queue) ? len - DEAD_LEN : len;
}

bool queue_is_dead(const char *queue)
{
    size_t len = strlen(queue);

    return len > DEAD_LEN && memcmp(queue + len - DEAD_LEN, dead_suffix, DEAD_LEN) == 0;
}

void queue_base_name(const char *queue, char *name)
{
    size_t len = base_len(queue);

    memcpy(name, queue, len);
    name[len] = '\0';
}

bool queue_can_have_dead(const char *queue)
{
    return !queue_is_dead(queue) && strlen(queue) + DEAD_LEN <= LIMIT_NAME;
}

void queue_dead_name(const char *queue, char *name)
{
    strcpy(name, queue);
    if (queue_can_have_dead(queue))
        strcat(name, dead_suffix);
}

/* A key's name, in the three parts that it is made of. */
struct key_parts {
    const char *before;
    size_t queue_len;
    const char *after;
};

static struct key_parts parts_of(enum key key, const char *queue)
{
    const struct key_format *naming = naming_of(key);

    if (naming->owner == OWNER_ALL)
        return (struct key_parts){naming->before, 0, naming->after};
    if (naming->after_dead && queue_is_dead(queue))
        return (struct key_parts){naming->before, base_len(queue), naming->after_dead};
    return (struct key_parts){naming->before, strlen(queue), naming->after};
}

/* --- owners -------------------------------------------------------------------------------- */

struct owner of_nobody(void)
{
    return (struct owner){.kind = OWNER_NOBODY};
}

struct owner of_queue(const char *queue)
{
    return (struct owner){OWNER_QUEUE, queue, base_len(queue)};
}

struct owner of_topic(const char *topic)
{
    return (struct owner){OWNER_TOPIC, topic, base_len(topic)};
}

struct owner of_helper(const char *helper)
{
    return (struct owner){OWNER_HELPER, helper, strlen(helper)};
}

struct owner of_pool(const char *pool)
{
    return (struct owner){OWNER_POOL, pool, strlen(pool)};
}

struct owner of_channel(const char *channel)
{
    return (struct owner){OWNER_CHANNEL, channel, strlen(channel)};
}

struct owner of_client(const char *key, size_t len)
{
    return (struct owner){OWNER_CLIENT, key, len};
}

struct owner of_all(enum key key)
{
    return (struct owner){OWNER_ALL, names[key].before, strlen(names[key].before)};
}

struct owner of_key(enum key key, const char *queue)
{
    return naming_of(key)->owner == OWNER_ALL ? of_all(key) : of_queue(queue);
}

/* Is the name that of the call's owner?  A queue's dead letters are the queue's, and their topic is
 * that of the queue's topic. */
static bool is_owner(const struct call *call, const char *name, bool has_dead)
{
    size_t len = call->owner_len;

    if (strncmp(name, call->text.data, len) != 0)
        return false;
    return !name[len] || (has_dead && strcmp(name + len, dead_suffix) == 0);
}

/* A topic's keys have the hash tag of the queue with its name. */
static bool is_owners(const struct call *call, enum key key, const char *name)
{
    int kind = (int)naming_of(key)->owner;

    if (kind != call->owner && (kind != OWNER_TOPIC || call->owner != OWNER_QUEUE))
        return false;
    return is_owner(call, kind == OWNER_ALL ? names[key].before : name,
                    kind == OWNER_QUEUE || kind == OWNER_TOPIC);
}

/* Channels, and what names of bodies begin with, are arguments. */
static bool is_key(enum key key)
{
    return key != KEY_PREFIX && key != KEY_CHANNEL && key != KEY_EVENTS && key != KEY_BROADCAST &&
           key != KEY_PRESENCE_NEWS && key != KEY_LOG_NEWS;
}

static void note_text(struct call *call, enum key key, const char *name)
{
    if (!is_owners(call, key, name))
        call->strangers |= 1ULL << key;
    else if (is_key(key))
        call->hidden |= 1ULL << key;
}

/* --- names in calls ------------------------------------------------------------------------ */

static void add(struct call *call, enum key key, const char *queue)
{
    struct key_parts parts = parts_of(key, queue);

    call_text(call, parts.before, queue, parts.queue_len, parts.after);
}

void keys_write(char *name, enum key key, const char *queue)
{
    struct key_parts parts = parts_of(key, queue);

    snprintf(name, KEY_SIZE, "%s%.*s%s", parts.before, (int)parts.queue_len, queue, parts.after);
}

void keys_append_line(struct call *call, enum key key, const char *queue)
{
    struct key_parts parts = parts_of(key, queue);

    note_text(call, key, queue);
    call_append(call, "\n", 1);
    call_append(call, parts.before, strlen(parts.before));
    call_append(call, queue, parts.queue_len);
    call_append(call, parts.after, strlen(parts.after));
}

/* Once, for a script with keys that have the owner's tag. */
static void add_guard(struct call *call)
{
    bool has_tag = call->owner == OWNER_QUEUE || call->owner == OWNER_TOPIC ||
                   call->owner == OWNER_POOL || call->owner == OWNER_CHANNEL;

    if (has_tag && call->script && !call->guard.len)
        call_guard(call, never_before, never_after);
}

void keys_add_key(struct call *call, enum key key, const char *queue)
{
    bool is_own = is_owners(call, key, queue);

    if (uses_tags)
        add_guard(call);
    add(call, key, queue);
    call_declare(call, is_own);
    if (!is_own)
        call->strangers |= 1ULL << key;
}

void keys_add_text(struct call *call, enum key key, const char *queue)
{
    note_text(call, key, queue);
    add(call, key, queue);
}

void keys_add_message_text(struct call *call, const char *key, size_t len)
{
    const struct key_format *prefix = naming_of(KEY_PREFIX);
    size_t queue_len = call->owner_len, colon = queue_len + 1;

    call_text(call, prefix->before, key, queue_len, prefix->after);
    call_append(call, key + colon, len - colon);
}

void keys_add_message(struct call *call, const char *key, size_t len)
{
    if (uses_tags)
        add_guard(call);
    keys_add_message_text(call, key, len);
    call_declare(call, true);
}

bool queue_is_name_byte(char c)
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
           ends_with(name, len, ":queue") || ends_with(name, len, ".dead.dead");
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
        return refuse(reason, STATUS_BAD_NAME, "a name must not be empty");
    if (len > LIMIT_NAME)
        return refuse(reason, STATUS_BAD_NAME, "a name has at most %d bytes", LIMIT_NAME);
    for (size_t i = 0; i < len; i++)
        if (!queue_is_name_byte(name[i]))
            return refuse(reason, STATUS_BAD_NAME,
                          "a name has only A-Z a-z 0-9 _ . : @ - and / between segments");
    if (has_bad_segment(name, len))
        return refuse(reason, STATUS_BAD_NAME,
                      "a segment of a name must not be empty, \".\" or \"..\"");
    if (is_reserved(name, len))
        return refuse(reason, STATUS_BAD_NAME, "this name is reserved");
    if (ends_with(name, len, dead_suffix)) /* dead letters: is their queue's name allowed? */
        return queue_name_check(name, len - DEAD_LEN, reason);
    return STATUS_OK;
}

/* The brace behind the queue's name in a message's key as Redis has it; NULL: there is none. */
static const char *brace_of(const char *key, size_t len)
{
    return uses_tags && key && len && *key == '{' ? memchr(key, '}', len) : NULL;
}

char *message_key_shown(char *key, size_t *len)
{
    const char *brace = brace_of(key, *len);

    if (!brace)
        return key;
    memmove(key + 2, key + 1, (size_t)(brace - key - 1));
    *len -= 2;
    return key + 2;
}

bool message_key_copy(char copy[MESSAGE_KEY], const char *key, size_t *len)
{
    const char *brace = brace_of(key, *len);
    size_t queue_len = brace ? (size_t)(brace - key - 1) : 0, rest = brace ? queue_len + 2 : 0;

    if (*len - (rest - queue_len) >= MESSAGE_KEY || (uses_tags && !brace))
        return false;
    memcpy(copy, key + 1, queue_len);
    memcpy(copy + queue_len, key + rest, *len - rest);
    *len -= rest - queue_len;
    copy[*len] = '\0';
    return true;
}

void message_key(char key[MESSAGE_KEY], const char *queue, long long number)
{
    size_t len = strlen(queue);

    memcpy(key, queue, len);
    key[len] = ':';
    number_print(number, key + len + 1);
}

bool message_key_queue(const char *key, size_t len, char queue[LIMIT_NAME + 1])
{
    const char *colon = memrchr(key, ':', len);
    size_t queue_len = colon ? (size_t)(colon - key) : 0;
    struct reason ignored;

    if (queue_name_check(key, queue_len, &ignored) != STATUS_OK)
        return false;
    memcpy(queue, key, queue_len);
    queue[queue_len] = '\0';
    return message_key_is_of(key, len, queue);
}

bool message_key_is_of(const char *key, size_t len, const char *queue)
{
    size_t prefix = base_len(queue) + 1;
    long long number;

    return len > prefix && memcmp(key, queue, prefix - 1) == 0 && key[prefix - 1] == ':' &&
           number_parse(key + prefix, len - prefix, 1, LIMIT_EXACT, &number);
}
