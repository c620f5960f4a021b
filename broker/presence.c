/* presence.c - who is connected.
 *
 * A row is the JSON text {"id","name","since","via"}; its key says topic and helper.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/presence.h"

#include <hiredis/hiredis.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "broker/catalog.h"
#include "broker/scripts.h"
#include "redis/reply.h"

/* Stands for a topic in a key's name, for scripts that find the topic only then. */
static const char any_topic[] = "*";

void presence_channel(const char *topic, char *channel)
{
    keys_write(channel, KEY_PRESENCE_NEWS, topic);
}

/* --- joining and leaving ------------------------------------------------------------------- */

static void add_keys(struct call *call, const struct presence *presence)
{
    keys_add_key(call, KEY_PRESENCE, presence->topic);
    keys_add_key(call, KEY_PRESENCE_ROWS, presence->topic);
    call_append(call, presence->helper, strlen(presence->helper));
    keys_add_key(call, KEY_TOPICS, "");
    keys_add_key(call, KEY_HELPER_TOPICS, presence->helper);
    keys_add_key(call, KEY_HELPERS, "");
}

static void add_copy(struct call *call, const char *text)
{
    call_text(call, text, "", 0, "");
}

static void add_row(struct call *call, const struct presence *presence)
{
    struct json_object *row = json_object_new_object();
    struct buffer text = {0};

    json_object_object_add(row, "id", json_object_new_string(presence->id));
    json_object_object_add(row, "name", json_object_new_string(presence->name));
    json_object_object_add(row, "since", json_object_new_int64(presence->since));
    json_object_object_add(row, "via", json_object_new_string(presence->via));
    json_render(row, &text);
    call_text(call, "", text.data, text.len, "");
    buffer_clear(&text);
}

void presence_join_call(struct call *call, const struct presence *presence)
{
    call_begin(call, of_topic(presence->topic), &script_join, presence_change_result, NULL);
    add_keys(call, presence);
    keys_add_key(call, KEY_UNUSED, presence->topic);
    add_copy(call, presence->id);
    add_row(call, presence);
    add_copy(call, presence->topic);
    add_copy(call, presence->helper);
    keys_add_text(call, KEY_PRESENCE_NEWS, presence->topic);
}

void presence_leave_call(struct call *call, const struct presence *presence)
{
    call_begin(call, of_topic(presence->topic), &script_leave, presence_change_result, NULL);
    add_keys(call, presence);
    add_copy(call, presence->id);
    add_copy(call, presence->topic);
    add_copy(call, presence->helper);
    keys_add_text(call, KEY_PRESENCE_NEWS, presence->topic);
}

static enum status expect_number(const redisReply *reply, const char *operation,
                                 struct reason *reason)
{
    return reply->type == REDIS_REPLY_INTEGER ? STATUS_OK : reply_unexpected(operation, reason);
}

enum status presence_change_result(struct call *call, const redisReply *reply,
                                   struct reason *reason)
{
    (void)call->result;
    return expect_number(reply, "join or leave", reason);
}

/* --- helpers ------------------------------------------------------------------------------- */

void presence_beat_call(struct call *call, const char *helper)
{
    call_begin(call, of_helper(helper), &script_beat, presence_beat_result, NULL);
    keys_add_key(call, KEY_HELPER, helper);
    keys_add_key(call, KEY_HELPERS, "");
    add_copy(call, helper);
    call_number(call, PRESENCE_DEAD_MS);
}

enum status presence_beat_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    (void)call->result;
    if (reply->type != REDIS_REPLY_INTEGER)
        return reply_unexpected("beat", reason);
    if (reply->integer == 0)
        return refuse(reason, STATUS_NOT_FOUND, "the helper was not alive");
    return STATUS_OK;
}

void presence_muster_call(struct call *call, long long since, struct presence_muster *muster)
{
    call_begin(call, of_all(KEY_HELPERS), &script_muster, presence_muster_result, muster);
    keys_add_key(call, KEY_HELPERS, "");
    keys_add_text(call, KEY_HELPER, "");
    call_number(call, PRESENCE_DEAD_MS);
    call_number(call, since);
    call_clock(call);
}

enum status presence_muster_result(struct call *call, const redisReply *reply,
                                   struct reason *reason)
{
    struct presence_muster *muster = call->result;

    if (!reply_is_array(reply, 3))
        return reply_unexpected("muster", reason);
    *muster = (struct presence_muster){
        .now = reply_number(reply->element[0], 0),
        .alive = reply_number(reply->element[1], 0),
        .heard = reply_number(reply->element[2], 0),
    };
    return STATUS_OK;
}

void presence_end_call(struct call *call, const char *helper)
{
    call_begin(call, of_helper(helper), NULL, presence_end_result, NULL);
    call->changes = true;
    call_bytes(call, "UNLINK", strlen("UNLINK"));
    keys_add_key(call, KEY_HELPER, helper);
}

enum status presence_end_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    (void)call->result;
    return expect_number(reply, "end", reason);
}

void presence_tidy_call(struct call *call, bool *more)
{
    call_begin(call, of_all(KEY_HELPERS), &script_tidy, presence_tidy_result, more);
    keys_add_key(call, KEY_HELPERS, "");
    keys_add_key(call, KEY_TOPICS, "");
    keys_add_text(call, KEY_HELPER, "");
    keys_add_text(call, KEY_PRESENCE, any_topic);
    call_number(call, LIMIT_PAGE);
    keys_add_text(call, KEY_PRESENCE_NEWS, any_topic);
}

enum status presence_tidy_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    bool *more = call->result;

    if (reply->type != REDIS_REPLY_INTEGER)
        return reply_unexpected("tidy", reason);
    *more = reply->integer != 0;
    return STATUS_OK;
}

/* --- who is there -------------------------------------------------------------------------- */

static enum status read_head(const redisReply *reply, struct presence_page *page,
                             const char *operation, struct reason *reason)
{
    if (!reply_is_array(reply, 2) || reply->element[0]->type != REDIS_REPLY_STRING)
        return reply_unexpected(operation, reason);
    snprintf(page->cursor, sizeof(page->cursor), "%s", reply->element[0]->str);
    page->has_dead = reply_number(reply->element[1], 0) == 1;
    return STATUS_OK;
}

void presence_topics_call(struct call *call, const char *cursor, size_t cursor_len, long long limit,
                          struct presence_page *page)
{
    call_begin(call, of_all(KEY_TOPICS), &script_topics, presence_topics_result, page);
    keys_add_key(call, KEY_TOPICS, "");
    call_bytes(call, cursor, cursor_len);
    call_number(call, limit);
    keys_add_text(call, KEY_HELPER, "");
    keys_add_text(call, KEY_PRESENCE, any_topic);
}

/* What somebody else put there may be no topic. */
static bool is_topic(const redisReply *name)
{
    struct reason ignored;

    return name->type == REDIS_REPLY_STRING &&
           queue_name_check(name->str, name->len, &ignored) == STATUS_OK;
}

enum status presence_topics_result(struct call *call, const redisReply *reply,
                                   struct reason *reason)
{
    struct presence_page *page = call->result;
    enum status status = read_head(reply, page, "topics", reason);

    if (status != STATUS_OK)
        return status;
    page->items = json_object_new_object();
    for (size_t i = 2; i + 1 < reply->elements; i += 2)
        if (is_topic(reply->element[i]))
            json_object_object_add(page->items, reply->element[i]->str,
                                   json_object_new_int64(reply_number(reply->element[i + 1], 0)));
    return STATUS_OK;
}

bool presence_cursor_is_valid(const char *cursor, size_t len)
{
    const char *dash = memchr(cursor, '-', len);
    size_t digits = dash ? (size_t)(dash - cursor) : 0;

    if (!dash)
        return len == 1 && *cursor == '0';
    if (digits + 1 == len || len - digits - 1 >= PRESENCE_ID)
        return false;
    for (size_t i = digits + 1; i < len; i++)
        if (!cursor[i] || !strchr("0123456789abcdef", cursor[i]))
            return false;
    return catalog_cursor_is_valid(cursor, digits);
}

void presence_list_call(struct call *call, const char *topic, const char *cursor, size_t cursor_len,
                        long long limit, struct presence_page *page)
{
    call_begin(call, of_topic(topic), &script_who, presence_list_result, page);
    keys_add_key(call, KEY_PRESENCE, topic);
    call_bytes(call, cursor, cursor_len);
    call_number(call, limit);
    keys_add_text(call, KEY_HELPER, "");
}

/* Somebody else may have put there what is none. */
static bool is_row(struct json_object *row)
{
    static const struct {
        const char *name;
        enum json_type type;
    } members[] = {
        {"id",    json_type_string},
        {"name",  json_type_string},
        {"since", json_type_int   },
        {"via",   json_type_string},
    };
    int count = sizeof(members) / sizeof(members[0]);

    if (!json_object_is_type(row, json_type_object) || json_object_object_length(row) != count)
        return false;
    for (int i = 0; i < count; i++)
        if (!json_object_is_type(json_object_object_get(row, members[i].name), members[i].type))
            return false;
    return true;
}

static void add_listed(struct json_object *list, const redisReply *helper, const redisReply *text)
{
    struct reason ignored;
    struct json_object *row;

    if (helper->type != REDIS_REPLY_STRING || text->type != REDIS_REPLY_STRING ||
        json_parse(text->str, text->len, &row, &ignored) != STATUS_OK)
        return;
    if (!is_row(row)) {
        json_object_put(row);
        return;
    }
    json_object_object_add(row, "helper",
                           json_object_new_string_len(helper->str, (int)helper->len));
    json_object_array_add(list, row);
}

enum status presence_list_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct presence_page *page = call->result;
    enum status status = read_head(reply, page, "who", reason);

    if (status != STATUS_OK)
        return status;
    page->items = json_object_new_array();
    for (size_t i = 2; i + 1 < reply->elements; i += 2)
        add_listed(page->items, reply->element[i], reply->element[i + 1]);
    return STATUS_OK;
}
