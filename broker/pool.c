/* pool.c - pools of servers: their list, scores, removal.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/pool.h"

#include <hiredis/hiredis.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "broker/catalog.h"
#include "broker/keys.h"
#include "broker/pool_values.h"
#include "broker/registry.h"
#include "broker/scripts.h"
#include "redis/reply.h"

enum status pool_server_check(const char *name, size_t len, struct reason *reason)
{
    if (len > 0 && len <= LIMIT_SERVER && strlen(name) == len && text_is_visible(name))
        return STATUS_OK;
    return refuse(reason, STATUS_BAD_NAME,
                  "a server's name has 1 to %d bytes, all printable ASCII and no space",
                  LIMIT_SERVER);
}

static enum status check_row(const char *name, size_t len, struct reason *reason)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.@-";

    if (len > 0 && len <= LIMIT_NAME && strspn(name, allowed) == len)
        return STATUS_OK;
    return refuse(reason, STATUS_BAD_NAME, "a row's name has 1 to %d bytes of A-Z a-z 0-9 _ . @ -",
                  LIMIT_NAME);
}

/* --- all pools ----------------------------------------------------------------------------- */

void pool_names_call(struct call *call, const char *cursor, size_t cursor_len, long long limit,
                     struct catalog *catalog)
{
    call_begin(call, of_all(KEY_POOLS), &script_queues, catalog_page_result, catalog);
    keys_add_key(call, KEY_POOLS, "");
    call_bytes(call, cursor, cursor_len);
    call_number(call, limit);
}

void pool_count_call(struct call *call, const char *pool, long long *count)
{
    call_begin(call, of_pool(pool), &script_fleet, pool_count_result, count);
    keys_add_key(call, KEY_POOL, pool);
}

enum status pool_count_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    if (reply->type != REDIS_REPLY_INTEGER)
        return reply_unexpected("fleet", reason);
    *(long long *)call->result = reply->integer;
    return STATUS_OK;
}

/* --- list ---------------------------------------------------------------------------------- */

void pool_list_call(struct call *call, const char *pool, struct json_object **rows)
{
    call_begin(call, of_pool(pool), &script_servers, pool_list_result, rows);
    keys_add_key(call, KEY_POOL, pool);
}

static struct json_object *row_to_json(const redisReply *reply)
{
    struct json_object *row = json_object_new_object();

    for (size_t i = 0; i + 1 < reply->elements; i += 2)
        if (reply->element[i]->type == REDIS_REPLY_STRING)
            json_object_object_add(row, reply->element[i]->str,
                                   score_to_json(score_read(reply->element[i + 1])));
    return row;
}

/* Of two rows, each the first of two neighbours in the reply. */
static int compare_rows(const void *left, const void *right)
{
    const redisReply *a = *(redisReply *const *)left, *b = *(redisReply *const *)right;

    return strcmp(a->str ? a->str : "", b->str ? b->str : "");
}

enum status pool_list_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct json_object *rows;

    if (pool_says(reply, "few"))
        return pool_missing(reason);
    if (!pool_says(reply, "ok"))
        return pool_refusal(reply, "servers", reason);
    qsort(reply->element + 1, (reply->elements - 1) / 2, 2 * sizeof(reply->element[0]),
          compare_rows);
    rows = json_object_new_object();
    for (size_t i = 1; i + 1 < reply->elements; i += 2)
        if (reply->element[i]->type == REDIS_REPLY_STRING &&
            reply_is_array(reply->element[i + 1], 0))
            json_object_object_add(rows, reply->element[i]->str,
                                   row_to_json(reply->element[i + 1]));
    *(struct json_object **)call->result = rows;
    return STATUS_OK;
}

/* --- update -------------------------------------------------------------------------------- */

enum status pool_update_set(struct pool_update *update, const char *name, const char *value,
                            size_t len, struct reason *reason)
{
    if (strcmp(name, "server") == 0) {
        update->server = value;
        return pool_server_check(value, len, reason);
    }
    if (strcmp(name, "row") == 0) {
        update->row = value;
        return check_row(value, len, reason);
    }
    if (strcmp(name, "add") == 0)
        return pool_read_bool(name, value, len, &update->is_known, reason);
    if (strcmp(name, "score") == 0)
        update->has_score = true;
    else if (strcmp(name, "incr") == 0)
        update->has_incr = true;
    else
        return refuse(reason, STATUS_BAD_REQUEST, "there is no option %s", name);
    return score_parse(name, value, len, &update->number, reason);
}

enum status pool_update_call(struct call *call, struct pool_update *update, struct reason *reason)
{
    if (!update->server)
        return refuse(reason, STATUS_BAD_REQUEST, "no server is named");
    if (update->has_score == update->has_incr)
        return refuse(reason, STATUS_BAD_REQUEST, "give either score or incr");
    call_begin(call, of_pool(update->pool), &script_score, pool_update_result, update);
    keys_add_key(call, KEY_POOL, update->pool);
    keys_add_key(call, KEY_POOL_VERSION, update->pool);
    call_text(call, update->server, "", 0, "");
    call_text(call, update->row ? update->row : "", "", 0, "");
    call_text(call, update->has_incr ? "add" : update->is_known ? "reset" : "set", "", 0, "");
    score_add(call, update->number);
    if (update->has_score && !update->is_known)
        registry_adds_pool(call);
    return STATUS_OK;
}

enum status pool_update_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct pool_update *update = call->result;

    if (!pool_says(reply, "ok"))
        return pool_refusal(reply, "score", reason);
    if (reply->elements != 4 || reply->element[2]->type != REDIS_REPLY_STRING ||
        reply->element[3]->type != REDIS_REPLY_STRING)
        return reply_unexpected("score", reason);
    snprintf(update->chosen_row, sizeof(update->chosen_row), "%s", reply->element[2]->str);
    update->score = score_read(reply->element[3]);
    return STATUS_OK;
}

void pool_update_to_json(const struct pool_update *update, struct json_object *object)
{
    json_object_object_add(object, "pool", json_object_new_string(update->pool));
    json_object_object_add(object, "row", json_object_new_string(update->chosen_row));
    json_object_object_add(object, "server", json_object_new_string(update->server));
    json_object_object_add(object, "score", score_to_json(update->score));
}

/* --- remove -------------------------------------------------------------------------------- */

void pool_remove_call(struct call *call, const char *pool, const char *server, long long *removed)
{
    call_begin(call, of_pool(pool), &script_retire, pool_remove_result, removed);
    keys_add_key(call, KEY_POOL, pool);
    keys_add_key(call, KEY_POOL_VERSION, pool);
    call_text(call, server ? server : "", "", 0, "");
    registry_removes_pool(call);
}

enum status pool_remove_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    long long *removed = call->result;

    if (reply->type != REDIS_REPLY_INTEGER)
        return reply_unexpected("retire", reason);
    if (reply->integer == 0)
        return refuse(reason, STATUS_NOT_FOUND, "there is no such pool or server");
    *removed = reply->integer;
    return STATUS_OK;
}

void pool_removed_to_json(const char *pool, const char *server, long long removed,
                          struct json_object *object)
{
    json_object_object_add(object, "pool", json_object_new_string(pool));
    if (server)
        json_object_object_add(object, "server", json_object_new_string(server));
    json_object_object_add(object, "removed", json_object_new_int64(removed));
}
