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
}

static void add_copy(struct call *call, const char *text)
{
    call_text(call, text, "", 0, "");
}

static void add_word(struct call *call, const char *word)
{
    call_bytes(call, word, strlen(word));
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

void presence_beat_call(struct call *call, const char *helper, bool is_first)
{
    call_begin(call, of_all(KEY_HELPERS), &script_beat, presence_beat_result, NULL);
    keys_add_key(call, KEY_HELPERS, "");
    add_copy(call, helper);
    call_number(call, HELPER_DEAD_MS);
    call_number(call, is_first);
    call_clock(call);
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

void presence_about_call(struct call *call, const char *helper, const char *text, size_t len)
{
    call_begin(call, of_helper(helper), NULL, presence_about_result, NULL);
    call->changes = CHANGE_SOME;
    add_word(call, "SET");
    keys_add_key(call, KEY_HELPER_ABOUT, helper);
    call_text(call, "", text, len, "");
    add_word(call, "PX");
    call_number(call, HELPER_DEAD_MS);
}

enum status presence_about_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    (void)call;
    return reply->type == REDIS_REPLY_STATUS ? STATUS_OK : reply_unexpected("SET", reason);
}

void presence_about_read_call(struct call *call, const char *helper, const char **text)
{
    call_begin(call, of_helper(helper), NULL, presence_about_read_result, text);
    add_word(call, "GET");
    keys_add_key(call, KEY_HELPER_ABOUT, helper);
}

enum status presence_about_read_result(struct call *call, const redisReply *reply,
                                       struct reason *reason)
{
    if (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_NIL)
        return reply_unexpected("GET", reason);
    *(const char **)call->result = reply->str;
    return STATUS_OK;
}

void presence_muster_call(struct call *call, long long since, struct presence_muster *muster)
{
    call_begin(call, of_all(KEY_HELPERS), &script_muster, presence_muster_result, muster);
    keys_add_key(call, KEY_HELPERS, "");
    call_number(call, HELPER_DEAD_MS);
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

/* A moment that was never: it stays on the list until it is tidied up. */
void presence_end_call(struct call *call, const char *helper)
{
    call_begin(call, of_all(KEY_HELPERS), NULL, presence_end_result, NULL);
    call->changes = true;
    add_word(call, "ZADD");
    keys_add_key(call, KEY_HELPERS, "");
    call_number(call, 0);
    add_copy(call, helper);
}

enum status presence_end_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    (void)call->result;
    return expect_number(reply, "end", reason);
}

/* --- topics -------------------------------------------------------------------------------- */

static void change_list(struct call *call, const char *command, const char *helper,
                        const char *const *topics, int count)
{
    call_begin(call, of_helper(helper), NULL, presence_enlist_result, NULL);
    call->changes = true;
    add_word(call, command);
    keys_add_key(call, KEY_HELPER_TOPICS, helper);
    for (int i = 0; i < count; i++)
        add_word(call, topics[i]);
}

void presence_enlist_call(struct call *call, const char *helper, const char *const *topics,
                          int count)
{
    change_list(call, "SADD", helper, topics, count);
}

void presence_strike_call(struct call *call, const char *helper, const char *const *topics,
                          int count)
{
    change_list(call, "SREM", helper, topics, count);
}

enum status presence_enlist_result(struct call *call, const redisReply *reply,
                                   struct reason *reason)
{
    (void)call->result;
    return expect_number(reply, "topics of a helper", reason);
}

void presence_seen_call(struct call *call, const char *const *topics, int count)
{
    call_begin(call, of_all(KEY_TOPICS), &script_seen, presence_seen_result, NULL);
    keys_add_key(call, KEY_TOPICS, "");
    call_number(call, PRESENCE_SEEN_MS);
    call_number(call, LIMIT_PAGE);
    call_clock(call);
    for (int i = 0; i < count; i++)
        add_word(call, topics[i]);
}

enum status presence_seen_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    (void)call->result;
    return expect_number(reply, "seen", reason);
}

void presence_topics_call(struct call *call, const char *cursor, size_t cursor_len, long long limit,
                          struct catalog *catalog)
{
    call_begin(call, of_all(KEY_TOPICS), &script_topics, presence_topics_result, catalog);
    keys_add_key(call, KEY_TOPICS, "");
    call_bytes(call, cursor, cursor_len);
    call_number(call, limit);
    call_number(call, PRESENCE_SEEN_MS);
    call_clock(call);
}

enum status presence_topics_result(struct call *call, const redisReply *reply,
                                   struct reason *reason)
{
    struct catalog *catalog = call->result;

    if (!reply_is_array(reply, 2) || reply->element[0]->type != REDIS_REPLY_STRING ||
        !reply_is_array(reply->element[1], 0))
        return reply_unexpected("topics", reason);
    catalog_read(catalog, reply->element[0], reply->element[1]);
    return STATUS_OK;
}

void presence_count_call(struct call *call, const char *topic, struct presence_count *count)
{
    call_begin(call, of_topic(topic), &script_count, presence_count_result, count);
    keys_add_key(call, KEY_PRESENCE, topic);
}

enum status presence_count_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct presence_count *count = call->result;

    if (!reply_is_array(reply, 0))
        return reply_unexpected("count", reason);
    tally_add(count->tally, reply, &count->number);
    return STATUS_OK;
}

/* --- rows ---------------------------------------------------------------------------------- */

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
}

/* Another program may have written a row that is none of ours. */
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

    if (!reply_is_array(reply, 1) || reply->element[0]->type != REDIS_REPLY_STRING)
        return reply_unexpected("who", reason);
    snprintf(page->cursor, sizeof(page->cursor), "%s", reply->element[0]->str);
    page->items = json_object_new_array();
    for (size_t i = 1; i + 1 < reply->elements; i += 2)
        add_listed(page->items, reply->element[i], reply->element[i + 1]);
    return STATUS_OK;
}

/* The helper of a row that was listed. */
static const char *helper_at(const struct presence_page *page, size_t index)
{
    struct json_object *row = json_object_array_get_idx(page->items, index);

    return json_object_get_string(json_object_object_get(row, "helper"));
}

bool presence_page_must_ask(const struct presence_page *page, const struct helpers *helpers)
{
    size_t count = json_object_array_length(page->items);

    if (count && !helpers_are_fresh(helpers))
        return true;
    for (size_t i = 0; i < count; i++)
        if (!helpers_have(helpers, helper_at(page, i)))
            return true;
    return false;
}

bool presence_page_settle(struct presence_page *page, const struct helpers *helpers)
{
    size_t count = json_object_array_length(page->items);
    struct json_object *kept = json_object_new_array();
    bool has_dead;

    for (size_t i = 0; i < count; i++)
        if (helpers_have(helpers, helper_at(page, i)))
            json_object_array_add(kept, json_object_get(json_object_array_get_idx(page->items, i)));
    has_dead = json_object_array_length(kept) < count;
    json_object_put(page->items);
    page->items = kept;
    return has_dead;
}
