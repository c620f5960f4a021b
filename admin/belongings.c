/* belongings.c - what a Redis has beside queues.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "admin/belongings.h"

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "admin/plain.h"
#include "base/text.h"
#include "broker/authkey.h"
#include "broker/keys.h"
#include "broker/replay.h"
#include "redis/reply.h"

enum { PAGE = 1000 }; /* servers of a row that one command has */

/* Calls whose replies are in use at the same time. */
struct copying {
    struct belongings *belongings;
    struct call rows, read, write;
    struct reason *reason;
};

static enum status at_source(struct copying *copying, struct call *call)
{
    return link_run(copying->belongings->source, call, copying->reason);
}

static enum status at_target(struct copying *copying)
{
    return link_run(copying->belongings->target, &copying->write, copying->reason);
}

/* A number that the target answers. */
static enum status ask_target(struct copying *copying, const redisReply **reply, bool *is_more)
{
    enum status status = at_target(copying);

    *is_more = status == STATUS_OK && reply_number(*reply, 0) > 0;
    return status;
}

/* --- pools --------------------------------------------------------------------------------- */

static void add_row(struct call *call, const char *pool, const redisReply *row)
{
    keys_add_key(call, KEY_POOL, pool);
    call_append(call, ":", 1);
    call_append(call, row->str, row->len);
}

/* The copy that an interrupted run has left is removed first. */
static enum status copy_row(struct copying *copying, const char *pool, const redisReply *row)
{
    const redisReply *servers;
    enum status status;
    long long from = 0;

    plain_begin_change(&copying->write, of_pool(pool), "UNLINK", NULL);
    add_row(&copying->write, pool, row);
    status = at_target(copying);
    do {
        if (status != STATUS_OK)
            return status;
        plain_begin(&copying->read, of_pool(pool), "ZRANGE", &servers);
        add_row(&copying->read, pool, row);
        call_number(&copying->read, from);
        call_number(&copying->read, from + PAGE - 1);
        plain_add(&copying->read, "WITHSCORES");
        status = at_source(copying, &copying->read);
        if (status != STATUS_OK || !reply_is_array(servers, 2))
            return status;
        plain_begin_change(&copying->write, of_pool(pool), "ZADD", NULL);
        add_row(&copying->write, pool, row);
        for (size_t i = 0; i + 1 < servers->elements; i += 2) {
            call_bytes(&copying->write, servers->element[i + 1]->str, servers->element[i + 1]->len);
            call_bytes(&copying->write, servers->element[i]->str, servers->element[i]->len);
        }
        status = at_target(copying);
        from += PAGE;
    } while (servers->elements == (size_t)2 * PAGE);
    return status;
}

/* By its version those who have its ring know whether it is of other servers by now. */
static enum status copy_version(struct copying *copying, const char *pool)
{
    const redisReply *version;
    enum status status;

    plain_begin(&copying->read, of_pool(pool), "GET", &version);
    keys_add_key(&copying->read, KEY_POOL_VERSION, pool);
    status = at_source(copying, &copying->read);
    if (status != STATUS_OK || version->type != REDIS_REPLY_STRING)
        return status;
    plain_begin_change(&copying->write, of_pool(pool), "SET", NULL);
    keys_add_key(&copying->write, KEY_POOL_VERSION, pool);
    call_bytes(&copying->write, version->str, version->len);
    return at_target(copying);
}

/* The names of its rows make it a pool, so they come last, in one step. */
static enum status list_rows(struct copying *copying, const char *pool, const redisReply *rows)
{
    enum status status;

    plain_begin_change(&copying->write, of_pool(pool), "SADD", NULL);
    keys_add_key(&copying->write, KEY_POOL, pool);
    for (size_t i = 0; i < rows->elements; i++)
        call_bytes(&copying->write, rows->element[i]->str, rows->element[i]->len);
    status = at_target(copying);
    copying->belongings->pools += status == STATUS_OK;
    return status;
}

static enum status copy_pool(struct copying *copying, const char *pool)
{
    const redisReply *rows, *reply;
    enum status status;
    bool is_there;

    plain_begin(&copying->write, of_pool(pool), "EXISTS", &reply);
    keys_add_key(&copying->write, KEY_POOL, pool);
    status = ask_target(copying, &reply, &is_there);
    if (status != STATUS_OK || is_there)
        return status;
    plain_begin(&copying->rows, of_pool(pool), "SMEMBERS", &rows);
    keys_add_key(&copying->rows, KEY_POOL, pool);
    status = at_source(copying, &copying->rows);
    if (status != STATUS_OK || !reply_is_array(rows, 1))
        return status;
    plain_begin_change(&copying->write, of_all(KEY_POOLS), "SADD", NULL);
    keys_add_key(&copying->write, KEY_POOLS, "");
    plain_add(&copying->write, pool);
    status = at_target(copying);
    for (size_t i = 0; status == STATUS_OK && i < rows->elements; i++)
        status = copy_row(copying, pool, rows->element[i]);
    if (status == STATUS_OK)
        status = copy_version(copying, pool);
    return status == STATUS_OK ? list_rows(copying, pool, rows) : status;
}

/* Does this key name a pool, and not one of its rows; or the settings of a channel, and not its
 * log? The name stands before this end. */
static bool read_name(const redisReply *key, const char *prefix, const char *end,
                      char name[LIMIT_NAME + 1])
{
    size_t before = strlen(prefix), after = strlen(end);
    struct reason ignored;

    if (key->len <= before + after || key->len - before - after > LIMIT_NAME ||
        memcmp(key->str + key->len - after, end, after) != 0)
        return false;
    memcpy(name, key->str + before, key->len - before - after);
    name[key->len - before - after] = '\0';
    return queue_name_check(name, key->len - before - after, &ignored) == STATUS_OK;
}

/* --- keys of clients ----------------------------------------------------------------------- */

/* Where it is listed at the source. */
static enum status list_key(struct copying *copying, const char *key, size_t len)
{
    const redisReply *reply;
    enum status status;

    plain_begin(&copying->read, of_all(KEY_AUTHKEYS), "SISMEMBER", &reply);
    keys_add_key(&copying->read, KEY_AUTHKEYS, "");
    call_bytes(&copying->read, key, len);
    status = at_source(copying, &copying->read);
    if (status != STATUS_OK || reply_number(reply, 0) != 1)
        return status;
    plain_begin_change(&copying->write, of_all(KEY_AUTHKEYS), "SADD", NULL);
    keys_add_key(&copying->write, KEY_AUTHKEYS, "");
    call_bytes(&copying->write, key, len);
    return at_target(copying);
}

/* GET or PTTL at the source. */
static enum status ask_key(struct copying *copying, struct call *call, const char *word,
                           const char *key, size_t len, const redisReply **reply)
{
    plain_begin(call, of_client(key, len), word, reply);
    keys_add_key(call, KEY_AUTHKEY, key);
    return at_source(copying, call);
}

static enum status copy_key(struct copying *copying, const char *key, size_t len)
{
    const redisReply *record, *ttl, *reply;
    enum status status = list_key(copying, key, len);
    long long ms;

    if (status == STATUS_OK)
        status = ask_key(copying, &copying->rows, "GET", key, len, &record);
    if (status == STATUS_OK)
        status = ask_key(copying, &copying->read, "PTTL", key, len, &ttl);
    if (status != STATUS_OK || record->type != REDIS_REPLY_STRING)
        return status;
    ms = reply_number(ttl, 0);
    plain_begin_change(&copying->write, of_client(key, len), "SET", &reply);
    keys_add_key(&copying->write, KEY_AUTHKEY, key);
    call_bytes(&copying->write, record->str, record->len);
    plain_add(&copying->write, "NX");
    if (ms > 0) {
        plain_add(&copying->write, "PX");
        call_number(&copying->write, ms);
    }
    status = at_target(copying);
    copying->belongings->keys += status == STATUS_OK && reply->type == REDIS_REPLY_STATUS;
    return status;
}

/* --- channels that remember ---------------------------------------------------------------- */

/* How much they keep: what was kept stays, and begins anew there, under another epoch. */
static enum status copy_channel(struct copying *copying, const char *channel)
{
    const redisReply *row, *reply;
    struct remember set = {0};
    enum status status;
    bool is_there;

    plain_begin(&copying->write, of_channel(channel), "EXISTS", &reply);
    keys_add_key(&copying->write, KEY_LOG_SETTINGS, channel);
    status = ask_target(copying, &reply, &is_there);
    if (status != STATUS_OK || is_there)
        return status;
    plain_begin(&copying->read, of_channel(channel), "HMGET", &row);
    keys_add_key(&copying->read, KEY_LOG_SETTINGS, channel);
    plain_add(&copying->read, "keep");
    plain_add(&copying->read, "keep_bytes");
    plain_add(&copying->read, "keep_s");
    status = at_source(copying, &copying->read);
    if (status != STATUS_OK || !reply_is_array(row, 3))
        return status;
    set.keep = reply_number(row->element[0], 0);
    set.bytes = reply_number(row->element[1], 0);
    set.seconds = reply_number(row->element[2], 0);
    if (set.keep < 1)
        return STATUS_OK;
    remember_call(&copying->write, channel, &set);
    status = at_target(copying);
    copying->belongings->channels += status == STATUS_OK;
    return status;
}

/* --- all ----------------------------------------------------------------------------------- */

static enum status copy_one(struct copying *copying, enum key kind, const char *prefix,
                            const redisReply *key)
{
    size_t before = strlen(prefix);
    char name[LIMIT_NAME + 1];

    if (kind == KEY_POOL)
        return read_name(key, prefix, "}", name) ? copy_pool(copying, name) : STATUS_OK;
    if (kind == KEY_LOG_SETTINGS)
        return read_name(key, prefix, "}:keep", name) ? copy_channel(copying, name) : STATUS_OK;
    if (!authkey_is_valid(key->str + before, key->len - before))
        return STATUS_OK;
    return copy_key(copying, key->str + before, key->len - before);
}

static enum status copy_all(struct copying *copying, enum key kind, const char *prefix)
{
    char cursor[PLAIN_CURSOR] = "0";
    struct call call = {0};
    const redisReply *keys;
    enum status status;

    do {
        status =
            plain_scan(copying->belongings->source, &call, prefix, cursor, &keys, copying->reason);
        for (size_t i = 0; status == STATUS_OK && i < keys->elements; i++)
            status = copy_one(copying, kind, prefix, keys->element[i]);
    } while (status == STATUS_OK && strcmp(cursor, "0") != 0);
    call_clear(&call);
    return status;
}

enum status belongings_copy(struct belongings *belongings, struct reason *reason)
{
    struct copying copying = {.belongings = belongings, .reason = reason};
    enum status status = copy_all(&copying, KEY_POOL, "restmq:lb:{");

    if (status == STATUS_OK)
        status = copy_all(&copying, KEY_LOG_SETTINGS, "restmq:log:{");
    if (status == STATUS_OK)
        status = copy_all(&copying, KEY_AUTHKEY, "AUTHKEY:");
    call_clear(&copying.rows);
    call_clear(&copying.read);
    call_clear(&copying.write);
    return status;
}

void belongings_print(const struct belongings *belongings, bool is_json)
{
    if (is_json) {
        printf("{\"pools\":%lld,\"channels\":%lld,\"keys\":%lld}\n", belongings->pools,
               belongings->channels, belongings->keys);
        return;
    }
    if (belongings->pools)
        printf("%lld pool%s of servers copied\n", belongings->pools,
               text_plural(belongings->pools));
    if (belongings->channels)
        printf("settings of %lld channel%s copied\n", belongings->channels,
               text_plural(belongings->channels));
    if (belongings->keys)
        printf("%lld key%s of clients copied\n", belongings->keys, text_plural(belongings->keys));
}
