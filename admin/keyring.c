/* keyring.c - keys of clients are added, listed and removed.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "admin/keyring.h"

#include <hiredis/hiredis.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "admin/json_line.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "broker/authkey.h"
#include "broker/keys.h"
#include "broker/token.h"
#include "redis/reply.h"

struct keyring {
    struct link *link;
    const struct keyring_order *order;
    const char *key; /* that was read; NULL: none */
    FILE *out;
    struct reason *reason;
    struct call call;
};

/* --- the order ----------------------------------------------------------------------------- */

typedef enum status keyring_work(struct keyring *keyring);
static keyring_work add_key, list_keys, remove_key;

static const struct {
    const char *name;
    keyring_work *work;
    int least, most; /* words that follow it */
    const char *wants;
} actions[] = {
    [KEYRING_ADD] = {"add",    add_key,    0, 1,
                     "is followed by - or by nothing: the key is read, or made"     },
    [KEYRING_LIST] = {"list",   list_keys,  0, 0, "is followed by nothing"           },
    [KEYRING_REMOVE] = {"remove", remove_key, 1, 1, "is followed by -: the key is read"},
};

enum status keyring_order_read(struct keyring_order *order, const char *action, int count,
                               char **words, struct reason *reason)
{
    int at = KEYRING_ADD;

    while (at <= KEYRING_REMOVE && strcmp(action, actions[at].name) != 0)
        at++;
    if (at > KEYRING_REMOVE)
        return refuse(reason, STATUS_BAD_REQUEST, "authkey is followed by add, list or remove");
    if (count < actions[at].least || count > actions[at].most ||
        (count && strcmp(words[0], "-") != 0))
        return refuse(reason, STATUS_BAD_REQUEST, "authkey %s %s", action, actions[at].wants);
    if (at != KEYRING_ADD && (order->queues || order->privs || order->name))
        return refuse(reason, STATUS_BAD_REQUEST,
                      "authkey %s has neither --queues nor --privs nor --name", action);
    order->action = (enum keyring_action)at;
    order->is_read = count > 0;
    return STATUS_OK;
}

static enum status refuse_key(struct reason *reason)
{
    return refuse(reason, STATUS_BAD_VALUE,
                  "a key has 1 to %d bytes of printable ASCII without spaces and quotes",
                  LIMIT_AUTHKEY);
}

/* A line that is too long, or has a NUL, is no key. */
static bool read_key(FILE *in, char key[LIMIT_AUTHKEY + 2])
{
    size_t len = 0;
    int byte;

    while ((byte = getc(in)) != EOF && byte != '\n' && len <= LIMIT_AUTHKEY)
        key[len++] = (char)byte;
    if (byte == '\n' && len && key[len - 1] == '\r')
        len--;
    key[len] = '\0';
    return authkey_is_valid(key, len);
}

enum status keyring_run(struct link *link, const struct keyring_order *order, FILE *in, FILE *out,
                        struct reason *reason)
{
    char key[LIMIT_AUTHKEY + 2];
    struct keyring keyring = {
        .link = link,
        .order = order,
        .key = order->is_read ? key : NULL,
        .out = out,
        .reason = reason,
    };
    enum status status;

    if (order->is_read && !read_key(in, key))
        return refuse_key(reason);
    status = actions[order->action].work(&keyring);
    call_clear(&keyring.call);
    return status;
}

/* --- the set of their names ---------------------------------------------------------------- */

static enum status read_number(struct call *call, const redisReply *reply, struct reason *reason)
{
    (void)call->result;
    return reply->type == REDIS_REPLY_INTEGER ? STATUS_OK : reply_unexpected("SADD", reason);
}

/* SADD or SREM. */
static enum status change_names(struct keyring *keyring, const char *command, const char *key)
{
    call_begin(&keyring->call, of_all(KEY_AUTHKEYS), NULL, read_number, NULL);
    keyring->call.changes = true;
    call_bytes(&keyring->call, command, strlen(command));
    keys_add_key(&keyring->call, KEY_AUTHKEYS, "");
    call_bytes(&keyring->call, key, strlen(key));
    return link_run(keyring->link, &keyring->call, keyring->reason);
}

struct keyring_names {
    char **names;
    size_t count;
};

static void names_clear(struct keyring_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->names[i]);
    free(names->names);
}

/* Another program may have written a member that is no key. */
static enum status read_names(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct keyring_names *names = call->result;

    if (reply->type != REDIS_REPLY_ARRAY)
        return reply_unexpected("SMEMBERS", reason);
    names->count = 0;
    names->names = xmalloc((reply->elements + 1) * sizeof(*names->names));
    for (size_t i = 0; i < reply->elements; i++) {
        const redisReply *name = reply->element[i];

        if (name->type == REDIS_REPLY_STRING && authkey_is_valid(name->str, name->len))
            names->names[names->count++] = xstrdup(name->str);
    }
    if (names->count)
        qsort(names->names, names->count, sizeof(*names->names), text_compare);
    return STATUS_OK;
}

/* --- add ----------------------------------------------------------------------------------- */

typedef enum status check_word(const char *word, size_t len, struct reason *reason);

/* Adds to the list the words of a text that has commas between them; the first bad one ends it.
 * NULL is no text. */
static enum status add_words(struct json_object *list, const char *text, check_word *check,
                             struct reason *reason)
{
    for (const char *at = text; at; at = *at ? at + 1 : NULL) {
        size_t len = strcspn(at, ",");
        enum status status = check(at, len, reason);

        if (status != STATUS_OK)
            return status;
        json_object_array_add(list, json_object_new_string_len(at, (int)len));
        at += len;
    }
    return STATUS_OK;
}

/* A record with more could not be read again. */
static enum status check_counts(struct json_object *queues, struct reason *reason)
{
    if (json_object_array_length(queues) <= LIMIT_AUTHKEY_QUEUES)
        return STATUS_OK;
    return refuse(reason, STATUS_BAD_VALUE, "a key has at most %d queues", LIMIT_AUTHKEY_QUEUES);
}

static enum status add_name(struct json_object *record, const char *name, struct reason *reason)
{
    if (!name)
        return STATUS_OK;
    if (!authkey_name_is_valid(name, strlen(name)))
        return refuse(reason, STATUS_BAD_VALUE,
                      "a key's name has 1 to %d bytes of printable ASCII without spaces and quotes",
                      LIMIT_AUTHKEY_NAME);
    json_object_object_add(record, "name", json_object_new_string(name));
    return STATUS_OK;
}

static enum status make_record(const struct keyring_order *order, struct buffer *text,
                               struct reason *reason)
{
    struct json_object *record = json_object_new_object();
    struct json_object *queues = json_object_new_array(), *privs = json_object_new_array();
    enum status status = add_words(queues, order->queues, authkey_queue_check, reason);

    json_object_object_add(record, "queues", queues);
    json_object_object_add(record, "privs", privs);
    if (status == STATUS_OK)
        status = check_counts(queues, reason);
    if (status == STATUS_OK)
        status = add_words(privs, order->privs, authkey_priv_check, reason);
    if (status == STATUS_OK)
        status = add_name(record, order->name, reason);
    if (status == STATUS_OK)
        json_render(record, text);
    else
        json_object_put(record);
    return status;
}

/* Without a queue a key would allow nothing at all, which nobody means. */
static enum status check_record(const struct buffer *text, struct reason *reason)
{
    redisReply reply = {.type = REDIS_REPLY_STRING, .str = text->data, .len = text->len};
    struct authkey authkey;
    struct call call = {.result = &authkey};
    enum status status = authkey_result(&call, &reply, reason);

    if (status == STATUS_OK && authkey.queues.len == 0 && !(authkey.privs & AUTHKEY_CREATE))
        status = refuse(reason, STATUS_BAD_VALUE,
                        "this key could do nothing: it needs --queues, or --privs with create");
    authkey_clear(&authkey);
    return status;
}

/* Its name comes first: a key in force that the list does not show would be worse than the other
 * way round. */
static enum status store_key(struct keyring *keyring, const char *key, const struct buffer *record)
{
    enum status status = change_names(keyring, "SADD", key);

    if (status != STATUS_OK)
        return status;
    authkey_set_call(&keyring->call, key, record->data, record->len);
    return link_run(keyring->link, &keyring->call, keyring->reason);
}

static void tell_key(const struct keyring *keyring, const char *key)
{
    struct json_object *object;

    if (!keyring->order->is_json) {
        fprintf(keyring->out, "%s\n", key);
        return;
    }
    object = json_object_new_object();
    json_line_text(object, "key", key);
    json_line_print(object, keyring->out);
}

static enum status add_key(struct keyring *keyring)
{
    const char *key = keyring->key;
    char made[TOKEN_RANDOM + 1];
    struct token_pool pool = {.left = 0};
    struct buffer record = {0};
    enum status status = make_record(keyring->order, &record, keyring->reason);

    if (status == STATUS_OK)
        status = check_record(&record, keyring->reason);
    if (!key) {
        token_make(&pool, made);
        key = made;
    }
    if (status == STATUS_OK)
        status = store_key(keyring, key, &record);
    if (status == STATUS_OK)
        tell_key(keyring, key);
    buffer_clear(&record);
    return status;
}

/* --- list ---------------------------------------------------------------------------------- */

/* Its queues and privs, each with commas between or "-" for none, and what logs call it. */
static void print_key(FILE *out, const char *key, const struct authkey *authkey)
{
    const char *between = "", *name;
    char name_in_logs[LIMIT_AUTHKEY_NAME + 1];
    enum authkey_priv priv;

    fprintf(out, "%s ", key);
    for (size_t i = 0; i + 1 < authkey->queues.len; i++)
        fputc(authkey->queues.data[i] == ' ' ? ',' : authkey->queues.data[i], out);
    fputs(authkey->queues.len ? " " : "- ", out);
    for (int i = 0; (name = authkey_priv_name(i, &priv)) != NULL; i++)
        if (authkey->privs & priv) {
            fprintf(out, "%s%s", between, name);
            between = ",";
        }
    fprintf(out, "%s %s\n", authkey->privs ? "" : "-", authkey_name(authkey, key, name_in_logs));
}

static void print_key_json(FILE *out, const char *key, const struct authkey *authkey)
{
    struct json_object *object = json_object_new_object();
    struct json_object *queues = json_object_new_array(), *privs = json_object_new_array();
    const char *at = authkey->queues.data, *name;
    char name_in_logs[LIMIT_AUTHKEY_NAME + 1];
    enum authkey_priv priv;

    json_line_text(object, "key", key);
    for (size_t left = authkey->queues.len, len; left > 1; at += len + 1, left -= len + 1) {
        len = (size_t)((const char *)memchr(at, ' ', left) - at);
        json_object_array_add(queues, json_object_new_string_len(at, (int)len));
    }
    for (int i = 0; (name = authkey_priv_name(i, &priv)) != NULL; i++)
        if (authkey->privs & priv)
            json_object_array_add(privs, json_object_new_string(name));
    json_object_object_add(object, "queues", queues);
    json_object_object_add(object, "privs", privs);
    json_line_text(object, "name", authkey_name(authkey, key, name_in_logs));
    json_line_print(object, out);
}

static enum status list_key(struct keyring *keyring, const char *key)
{
    struct authkey authkey;
    enum status status;

    authkey_call(&keyring->call, key, strlen(key), &authkey);
    status = link_run(keyring->link, &keyring->call, keyring->reason);
    if (status != STATUS_OK)
        return status;
    if (keyring->order->is_json)
        print_key_json(keyring->out, key, &authkey);
    else
        print_key(keyring->out, key, &authkey);
    authkey_clear(&authkey);
    return STATUS_OK;
}

static enum status list_keys(struct keyring *keyring)
{
    struct keyring_names names = {0};
    enum status status;

    call_begin(&keyring->call, of_all(KEY_AUTHKEYS), NULL, read_names, &names);
    call_bytes(&keyring->call, "SMEMBERS", strlen("SMEMBERS"));
    keys_add_key(&keyring->call, KEY_AUTHKEYS, "");
    status = link_run(keyring->link, &keyring->call, keyring->reason);
    for (size_t i = 0; i < names.count && status == STATUS_OK; i++)
        status = list_key(keyring, names.names[i]);
    names_clear(&names);
    return status;
}

/* --- remove -------------------------------------------------------------------------------- */

/* A name whose record is gone already is taken off the list, and is no such key. */
static enum status remove_key(struct keyring *keyring)
{
    const char *key = keyring->key;
    enum status removed, status;

    authkey_remove_call(&keyring->call, key);
    removed = link_run(keyring->link, &keyring->call, keyring->reason);
    if (removed != STATUS_OK && removed != STATUS_NOT_FOUND)
        return removed;
    status = change_names(keyring, "SREM", key);
    if (status == STATUS_OK && removed == STATUS_OK && keyring->order->is_json)
        fprintf(keyring->out, "{\"removed\":true}\n");
    return status == STATUS_OK ? removed : status;
}
