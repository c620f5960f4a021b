/* authkey.c - RestMQ's keys for clients.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/authkey.h"

#include <hiredis/hiredis.h>
#include <json-c/json.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "broker/keys.h"
#include "redis/reply.h"

void authkey_clear(struct authkey *authkey)
{
    buffer_clear(&authkey->queues);
    free(authkey->name);
    memset(authkey, 0, sizeof(*authkey));
}

static bool is_plain(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] >= 0x7f || text[i] == '"' || text[i] == '\'')
            return false;
    return len > 0;
}

bool authkey_is_valid(const char *key, size_t len)
{
    return len <= LIMIT_AUTHKEY && is_plain(key, len);
}

bool authkey_name_is_valid(const char *name, size_t len)
{
    return len <= LIMIT_AUTHKEY_NAME && is_plain(name, len);
}

const char *authkey_name(const struct authkey *authkey, const char *key,
                         char name[LIMIT_AUTHKEY_NAME + 1])
{
    unsigned char digest[EVP_MAX_MD_SIZE];

    if (authkey && authkey->name)
        return strcpy(name, authkey->name);
    if (EVP_Digest(key, strlen(key), digest, NULL, EVP_sha256(), NULL) != 1)
        abort(); /* out of memory */
    for (int i = 0; i < 4; i++)
        sprintf(name + 2 * i, "%02x", digest[i]);
    return name;
}

/* --- the names in a record ----------------------------------------------------------------- */

static const struct {
    const char *name;
    enum authkey_priv priv;
} privs[] = {
    {"create",   AUTHKEY_CREATE  },
    {"read",     AUTHKEY_READ    },
    {"write",    AUTHKEY_WRITE   },
    {"purge",    AUTHKEY_PURGE   },
    {"settings", AUTHKEY_SETTINGS},
    {"stats",    AUTHKEY_STATS   },
    {"admin",    AUTHKEY_ADMIN   },
};
enum { PRIVS = sizeof(privs) / sizeof(privs[0]) };

/* Of a record that lists none. */
static const unsigned usual_privs = AUTHKEY_READ | AUTHKEY_WRITE | AUTHKEY_PURGE | AUTHKEY_SETTINGS;

const char *authkey_priv_name(int index, enum authkey_priv *priv)
{
    if (index >= PRIVS)
        return NULL;
    *priv = privs[index].priv;
    return privs[index].name;
}

const char *authkey_priv_names(unsigned set, char names[AUTHKEY_PRIVS_TEXT])
{
    size_t len = 0;

    if (set & AUTHKEY_REMOVE)
        return strcpy(names, "purge and settings");
    for (int i = 0; i < PRIVS; i++)
        if (privs[i].priv & set)
            len += (size_t)snprintf(names + len, AUTHKEY_PRIVS_TEXT - len, "%s%s",
                                    len ? " or " : "", privs[i].name);
    return names;
}

/* 0: no such name. */
static unsigned find_priv(const char *name, size_t len)
{
    for (int i = 0; i < PRIVS; i++)
        if (text_is(name, len, privs[i].name))
            return privs[i].priv;
    return 0;
}

enum status authkey_priv_check(const char *name, size_t len, struct reason *reason)
{
    if (find_priv(name, len))
        return STATUS_OK;
    return refuse(reason, STATUS_BAD_VALUE,
                  "\"%.*s\" is not create, read, write, purge, settings, stats or admin",
                  len < 32 ? (int)len : 32, name);
}

static bool is_pattern(const char *name, size_t len)
{
    return len >= 2 && memcmp(name + len - 2, ".*", 2) == 0;
}

enum status authkey_queue_check(const char *name, size_t len, struct reason *reason)
{
    char example[LIMIT_NAME];

    if (text_is(name, len, "*"))
        return STATUS_OK;
    if (len > LIMIT_NAME || !is_pattern(name, len))
        return queue_name_check(name, len, reason);
    memcpy(example, name, len);
    example[len - 1] = 'x';
    return queue_name_check(example, len, reason);
}

/* --- reading a record ---------------------------------------------------------------------- */

/* The list of that name; one that is missing is empty.  False: it is no list of strings. */
static bool find_list(struct json_object *record, const char *name, struct json_object **list,
                      size_t *count)
{
    *list = NULL;
    *count = 0;
    if (!json_object_object_get_ex(record, name, list))
        return true;
    if (!json_object_is_type(*list, json_type_array))
        return false;
    *count = json_object_array_length(*list);
    for (size_t i = 0; i < *count; i++)
        if (!json_object_is_type(json_object_array_get_idx(*list, i), json_type_string))
            return false;
    return true;
}

/* An entry that cannot be a queue's name allows no queue. */
static void add_queue(struct buffer *queues, struct json_object *item)
{
    const char *name = json_object_get_string(item);
    size_t len = (size_t)json_object_get_string_len(item);
    struct reason ignored;

    if (authkey_queue_check(name, len, &ignored) != STATUS_OK)
        return;
    buffer_add(queues, name, len);
    buffer_add(queues, " ", 1);
}

/* A record that lists none, or only "create" as RestMQ writes it, has the usual ones.  An unknown
 * name gives nothing, and is listed all the same: a mistake must not give more than was meant. */
static unsigned read_privs(struct json_object *list, size_t count)
{
    unsigned found = 0;
    bool lists_other = false;

    for (size_t i = 0; i < count; i++) {
        struct json_object *item = json_object_array_get_idx(list, i);
        unsigned priv =
            find_priv(json_object_get_string(item), (size_t)json_object_get_string_len(item));

        found |= priv;
        lists_other |= priv != AUTHKEY_CREATE;
    }
    return lists_other ? found : found | usual_privs;
}

/* A name that is not valid is left out. */
static void read_name(struct json_object *record, struct authkey *authkey)
{
    struct json_object *name;

    if (json_object_object_get_ex(record, "name", &name) &&
        json_object_is_type(name, json_type_string) &&
        authkey_name_is_valid(json_object_get_string(name),
                              (size_t)json_object_get_string_len(name)))
        authkey->name = xstrdup(json_object_get_string(name));
}

static bool read_record(struct json_object *record, struct authkey *authkey)
{
    struct json_object *queues, *listed_privs;
    size_t queues_count, privs_count;

    if (!json_object_is_type(record, json_type_object) ||
        !find_list(record, "queues", &queues, &queues_count) ||
        !find_list(record, "privs", &listed_privs, &privs_count))
        return false;
    authkey->is_known = true;
    authkey->privs = read_privs(listed_privs, privs_count);
    read_name(record, authkey);
    for (size_t i = 0; i < queues_count; i++)
        add_queue(&authkey->queues, json_object_array_get_idx(queues, i));
    return true;
}

static void parse_record(const char *text, size_t len, struct authkey *authkey)
{
    struct json_object *record = NULL;
    struct reason ignored;
    bool is_read = json_parse(text, len, &record, &ignored) == STATUS_OK;

    if (!is_read || !read_record(record, authkey))
        log_error("the record of a key (AUTHKEY:...) cannot be read: the key is refused");
    if (is_read)
        json_object_put(record);
}

static void add_key(struct call *call, const char *key, size_t len)
{
    char text[LIMIT_AUTHKEY + 1];

    memcpy(text, key, len);
    text[len] = '\0';
    keys_add_key(call, KEY_AUTHKEY, text);
}

void authkey_call(struct call *call, const char *key, size_t len, struct authkey *authkey)
{
    call_begin(call, of_client(key, len), NULL, authkey_result, authkey);
    call_bytes(call, "GET", strlen("GET"));
    add_key(call, key, len);
}

enum status authkey_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct authkey *authkey = call->result;

    if (reply->type != REDIS_REPLY_NIL && reply->type != REDIS_REPLY_STRING)
        return reply_unexpected("a key's record", reason);
    *authkey = (struct authkey){0};
    if (reply->type == REDIS_REPLY_STRING)
        parse_record(reply->str, reply->len, authkey);
    return STATUS_OK;
}

/* --- what it allows ------------------------------------------------------------------------ */

/* `orders.*` does not match `orders.dead`, the dead letters of `orders`. */
static bool covers(const char *listed, size_t len, const char *queue)
{
    size_t start = len - 1; /* of a pattern, what its queues begin with, its dot included */

    if (text_is(listed, len, "*"))
        return true;
    if (!queue)
        return false;
    if (is_pattern(listed, len))
        return strncmp(queue, listed, start) == 0 && queue[start] &&
               strcmp(queue + start, "dead") != 0;
    return text_is(listed, len, queue);
}

static bool covers_any(const struct buffer *queues, const char *queue)
{
    const char *at = queues->data, *end = at ? at + queues->len : NULL;

    while (at != end) {
        size_t len = strcspn(at, " ");

        if (covers(at, len, queue))
            return true;
        at += len + 1;
    }
    return false;
}

static bool has_one(const struct authkey *authkey, unsigned needs)
{
    static const unsigned removal = AUTHKEY_PURGE | AUTHKEY_SETTINGS;
    bool removes = (authkey->privs & removal) == removal;

    return authkey->privs & needs || (needs & AUTHKEY_REMOVE && removes);
}

enum status authkey_check_privs(const struct authkey *authkey, unsigned needs,
                                struct reason *reason)
{
    char names[AUTHKEY_PRIVS_TEXT];

    if (!authkey->is_known)
        return refuse_for_key(reason, "this key is not known");
    if (!has_one(authkey, needs))
        return refuse(reason, STATUS_FORBIDDEN, "this key lacks the priv %s",
                      authkey_priv_names(needs, names));
    return STATUS_OK;
}

/* Dead letters go with their queue, but a key for the queue need not be one for them. */
static enum status check_dead(const struct authkey *authkey, const char *queue,
                              struct reason *reason)
{
    char dead[LIMIT_NAME + 1];

    queue_dead_name(queue, dead);
    if (covers_any(&authkey->queues, dead))
        return STATUS_OK;
    return refuse(reason, STATUS_FORBIDDEN, "this key is not for %s, which would go, too", dead);
}

enum status authkey_check(const struct authkey *authkey, unsigned needs, const char *queue,
                          struct reason *reason)
{
    enum status status = authkey_check_privs(authkey, needs, reason);

    if (status != STATUS_OK || authkey->privs & AUTHKEY_CREATE)
        return status;
    if (!covers_any(&authkey->queues, queue))
        return refuse(reason, STATUS_FORBIDDEN, "this key is not for %s",
                      queue ? queue : "all queues");
    if (needs & AUTHKEY_REMOVE && queue)
        return check_dead(authkey, queue, reason);
    return STATUS_OK;
}

/* --- making records ------------------------------------------------------------------------ */

void authkey_set_call(struct call *call, const char *key, const char *record, size_t record_len)
{
    call_begin(call, of_client(key, strlen(key)), NULL, authkey_set_result, NULL);
    call->changes = true;
    call_bytes(call, "SET", strlen("SET"));
    add_key(call, key, strlen(key));
    call_bytes(call, record, record_len);
}

enum status authkey_set_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    (void)call->result;
    return reply->type == REDIS_REPLY_STATUS ? STATUS_OK : reply_unexpected("SET", reason);
}

void authkey_remove_call(struct call *call, const char *key)
{
    call_begin(call, of_client(key, strlen(key)), NULL, authkey_remove_result, NULL);
    call->changes = true;
    call_bytes(call, "DEL", strlen("DEL"));
    add_key(call, key, strlen(key));
}

enum status authkey_remove_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    (void)call->result;
    if (reply->type != REDIS_REPLY_INTEGER)
        return reply_unexpected("DEL", reason);
    return reply->integer ? STATUS_OK : refuse(reason, STATUS_NOT_FOUND, "there is no such key");
}
