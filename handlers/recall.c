/* recall.c - PUT and GET of /pub/CHANNEL: what a channel remembers.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <json-c/json.h>

#include "base/limits.h"
#include "broker/channel.h"
#include "broker/replay.h"
#include "handlers/admit.h"
#include "handlers/handlers.h"
#include "http/response.h"
#include "protocol/messages.h"

/* --- how much ------------------------------------------------------------------------------ */

static void add_settings(struct json_object *answer, const char *channel,
                         const struct remember *settings)
{
    json_object_object_add(answer, "channel", json_object_new_string(channel));
    json_object_object_add(answer, "keep", json_object_new_int64(settings->keep));
    json_object_object_add(answer, "keep_bytes", json_object_new_int64(settings->bytes));
    json_object_object_add(answer, "keep_s", json_object_new_int64(settings->seconds));
}

static enum status finish_put(struct exchange *exchange, enum status status)
{
    const struct remember *set = exchange->state;
    struct json_object *answer;

    channel_may_keep(exchange->queue);
    if (status != STATUS_OK)
        return status;
    admit_done(exchange, "channel %s, keep=%lld keep_bytes=%lld keep_s=%lld", exchange->queue,
               set->keep, set->bytes, set->seconds);
    answer = json_object_new_object();
    add_settings(answer, exchange->queue, set);
    return answer_json(exchange, answer);
}

enum status put_pub(struct exchange *exchange)
{
    struct remember *remember = exchange_state(exchange, sizeof(*remember), NULL);
    enum status status = remember_check(exchange->queue, &exchange->reason);

    if (status == STATUS_OK)
        status = option_number(exchange, "keep", 0, LIMIT_KEEP, -1, &remember->keep);
    if (status == STATUS_OK)
        status = option_number(exchange, "keep_bytes", 0, LIMIT_KEEP_BYTES, -1, &remember->bytes);
    if (status == STATUS_OK)
        status = option_number(exchange, "keep_s", 0, LIMIT_TTL, -1, &remember->seconds);
    if (status == STATUS_OK && remember->keep < 0 && remember->bytes < 0 && remember->seconds < 0)
        return refuse(&exchange->reason, STATUS_BAD_REQUEST,
                      "no option keep, keep_bytes or keep_s");
    if (status != STATUS_OK)
        return status;
    remember_call(&exchange->call, exchange->queue, remember);
    return exchange_await(exchange, finish_put);
}

/* --- how it stands ------------------------------------------------------------------------- */

static void add_id(struct json_object *answer, const char *name, const struct replay_id *id)
{
    char text[REPLAY_ID];

    replay_id_write(id, text);
    json_object_object_add(answer, name, json_object_new_string(text));
}

static enum status finish_look(struct exchange *exchange, enum status status)
{
    const struct replay *replay = exchange->state;
    struct json_object *answer;
    struct replay_id id;
    const char *text;
    size_t len;

    if (status != STATUS_OK)
        return status;
    answer = json_object_new_object();
    add_settings(answer, exchange->queue, &replay->settings);
    json_object_object_add(answer, "kept", json_object_new_int64(replay->kept));
    json_object_object_add(answer, "first", NULL);
    json_object_object_add(answer, "last", NULL);
    if (replay->count) {
        replay_message(replay, 0, &id, &text, &len);
        add_id(answer, "first", &id);
    }
    if (*replay->last.epoch)
        add_id(answer, "last", &replay->last);
    json_object_object_add(answer, "subscribers", json_object_new_int64(replay->heard));
    return answer_json(exchange, answer);
}

enum status get_pub(struct exchange *exchange)
{
    struct replay *replay = exchange_state(exchange, sizeof(*replay), NULL);

    if (option_is_given(exchange, "limit"))
        return refuse(&exchange->reason, STATUS_BAD_REQUEST, "limit= goes with since=");
    replay_look_call(&exchange->call, exchange->queue, replay);
    return exchange_await(exchange, finish_look);
}

/* --- what was published -------------------------------------------------------------------- */

static void write_message(const struct replay *replay, int i, struct buffer *out)
{
    char id_text[REPLAY_ID];
    struct replay_id id;
    const char *text;
    size_t len;

    replay_message(replay, i, &id, &text, &len);
    replay_id_write(&id, id_text);
    buffer_addf(out, "{\"id\":\"%s\",\"data\":", id_text);
    message_write_value(text, len, out);
    buffer_add_text(out, "}");
}

/* Who comes with the id of a gap is told of it once. */
static void write_gap(const struct replay *replay, struct buffer *out)
{
    char id[REPLAY_ID];

    buffer_add_text(out, "{\"event\":\"gap\"");
    if (*replay->last.epoch && !replay->count) {
        replay_id_write(&replay->last, id);
        buffer_addf(out, ",\"id\":\"%s\"", id);
    }
    buffer_add_text(out, "}");
}

static enum status finish_since(struct exchange *exchange, enum status status)
{
    const struct replay *replay = exchange->state;
    struct buffer *out = &exchange->response.body;

    if (status != STATUS_OK)
        return status;
    if (!replay->settings.keep)
        return refuse(&exchange->reason, STATUS_NOT_FOUND, "this channel keeps nothing");
    if (!replay->is_gap && !replay->count)
        return STATUS_EMPTY;
    exchange->response.type = TYPE_JSON;
    buffer_add_text(out, "[");
    if (replay->is_gap)
        write_gap(replay, out);
    for (int i = 0; i < replay->count; i++) {
        if (i || replay->is_gap)
            buffer_add_text(out, ",");
        write_message(replay, i, out);
    }
    buffer_add_text(out, "]\r\n");
    return STATUS_OK;
}

enum status get_pub_since(struct exchange *exchange)
{
    struct replay *replay = exchange_state(exchange, sizeof(*replay), NULL);
    const struct field *since = form_find(&exchange->request.form, "since");
    bool is_all = since->value_len == 1 && since->value[0] == '0';
    struct replay_id id;
    long long limit;
    enum status status = option_number(exchange, "limit", 1, LIMIT_PAGE, 100, &limit);

    if (status != STATUS_OK)
        return status;
    replay_id_read(since->value, since->value_len, &id);
    replay_call(&exchange->call, exchange->queue, is_all ? NULL : &id, limit, replay);
    return exchange_await(exchange, finish_since);
}
