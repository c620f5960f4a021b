/* round.c - what one helper does for all queues.
 *
 * Where nothing waits, which is nearly everywhere, plain commands tell so: for Redis a script is
 * some times as much work.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/round.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "broker/keys.h"
#include "broker/scripts.h"
#include "redis/reply.h"

static void add_word(struct call *call, const char *word)
{
    call_bytes(call, word, strlen(word));
}

/* --- who it is ------------------------------------------------------------------------------ */

void round_elect_call(struct call *call, const char *helper, bool *is_elected)
{
    call_begin(call, of_all(KEY_WALKER), &script_elect, round_elect_result, is_elected);
    keys_add_key(call, KEY_WALKER, "");
    call_text(call, helper, "", 0, "");
    call_number(call, ROUND_TERM_MS);
}

enum status round_elect_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    bool *is_elected = call->result;

    if (reply->type != REDIS_REPLY_INTEGER)
        return reply_unexpected("elect", reason);
    *is_elected = reply->integer == 1;
    return STATUS_OK;
}

/* --- names ---------------------------------------------------------------------------------- */

void round_page_clear(struct round_page *page)
{
    free(page->names);
    *page = (struct round_page){0};
}

void round_page_call(struct call *call, struct round_page *page)
{
    call_begin(call, of_all(KEY_QUEUES), NULL, round_page_result, page);
    add_word(call, "SSCAN");
    keys_add_key(call, KEY_QUEUES, "");
    call_text(call, *page->cursor ? page->cursor : "0", "", 0, "");
    add_word(call, "COUNT");
    call_number(call, ROUND_BATCH);
}

/* The Sinatra endpoint writes "foo:queue" for foo; others may have written anything. */
static void add_name(struct round_page *page, const redisReply *member)
{
    static const char sinatra[] = ":queue";
    size_t len = member->len, tail = sizeof(sinatra) - 1;
    struct reason ignored;

    if (member->type != REDIS_REPLY_STRING)
        return;
    if (len > tail && memcmp(member->str + len - tail, sinatra, tail) == 0)
        len -= tail;
    if (queue_name_check(member->str, len, &ignored) == STATUS_OK)
        snprintf(page->names[page->count++], LIMIT_NAME + 1, "%.*s", (int)len, member->str);
}

enum status round_page_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct round_page *page = call->result;
    const redisReply *members;

    if (!reply_is_array(reply, 2) || reply->element[0]->type != REDIS_REPLY_STRING ||
        !reply_is_array(reply->element[1], 0))
        return reply_unexpected("names of queues", reason);
    members = reply->element[1];
    snprintf(page->cursor, sizeof(page->cursor), "%s", reply->element[0]->str);
    if (page->size < (int)members->elements) {
        page->size = (int)members->elements;
        page->names = xrealloc(page->names, (size_t)page->size * sizeof(*page->names));
    }
    page->count = 0;
    for (size_t i = 0; i < members->elements; i++)
        add_name(page, members->element[i]);
    return STATUS_OK;
}

/* --- looks ---------------------------------------------------------------------------------- */

static void add_keys(struct call *call, const struct round_look *look)
{
    for (int i = 0; i < look->count; i++) {
        keys_add_key(call, KEY_LEASES, look->names[i]);
        keys_add_key(call, KEY_DELAYED, look->names[i]);
        keys_add_key(call, KEY_TRASH, look->names[i]);
    }
}

void round_glance_call(struct call *call, struct round_look *look)
{
    call_begin(call, of_queue(look->names[0]), NULL, round_glance_result, look);
    add_word(call, "EXISTS");
    add_keys(call, look);
}

enum status round_glance_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct round_look *look = call->result;

    if (reply->type != REDIS_REPLY_INTEGER)
        return reply_unexpected("glance", reason);
    look->has_any = reply->integer > 0;
    return STATUS_OK;
}

void round_look_call(struct call *call, struct round_look *look)
{
    call_begin(call, of_queue(look->names[0]), &script_waits, round_look_result, look);
    add_keys(call, look);
    call_clock(call);
}

enum status round_look_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct round_look *look = call->result;

    if (reply->type != REDIS_REPLY_STRING || reply->len != (size_t)look->count)
        return reply_unexpected("waits", reason);
    for (int i = 0; i < look->count; i++)
        look->bits[i] = (unsigned char)(reply->str[i] - '0');
    return STATUS_OK;
}

/* --- queues that nobody uses ---------------------------------------------------------------- */

/* Begins with the notes about these queues; with hash tags that about the only one. */
static void begin_unused(struct call *call, const struct script *script, call_decode *decode,
                         struct round_look *look)
{
    char base[LIMIT_NAME + 1];

    queue_base_name(look->names[0], base);
    call_begin(call, of_key(KEY_UNUSED, base), script, decode, look);
    keys_add_key(call, KEY_UNUSED, base);
}

void round_unused_call(struct call *call, struct round_look *look, long long ttl)
{
    begin_unused(call, &script_unused, round_unused_result, look);
    for (int i = 0; i < look->count; i++)
        if (!queue_is_dead(look->names[i]))
            keys_add_key(call, KEY_COUNTER, look->names[i]);
    call_number(call, ttl * 1000);
    call_clock(call);
    for (int i = 0; i < look->count; i++)
        if (!queue_is_dead(look->names[i]))
            call_text(call, look->names[i], "", 0, "");
}

static const unsigned char bits_of_unused[] = {0, ROUND_UNUSED, ROUND_UNKNOWN};

enum status round_unused_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct round_look *look = call->result;
    size_t at = 0, count = 0;

    for (int i = 0; i < look->count; i++)
        count += !queue_is_dead(look->names[i]);
    if (reply->type != REDIS_REPLY_STRING || reply->len != count ||
        strspn(reply->str, "012") != count)
        return reply_unexpected("unused", reason);
    for (int i = 0; i < look->count; i++)
        if (!queue_is_dead(look->names[i]))
            look->bits[i] |= bits_of_unused[reply->str[at++] - '0'];
    return STATUS_OK;
}

/* What it has only while it is not empty, has consumers or settings of its own. */
static void add_keys_in_use(struct call *call, const char *queue)
{
    static const enum key keys[] = {
        KEY_LIST,     KEY_LEASES, KEY_DELAYED,   KEY_TRASH,
        KEY_SETTINGS, KEY_POLICY, KEY_REMEMBERS, KEY_PRESENCE,
    };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        keys_add_key(call, keys[i], queue);
}

static void add_keys_of_use(struct call *call, const char *queue)
{
    char dead[LIMIT_NAME + 1];

    queue_dead_name(queue, dead);
    keys_add_key(call, KEY_COUNTER, queue);
    keys_add_key(call, KEY_STATUS, queue);
    keys_add_key(call, KEY_STATUS, dead);
    add_keys_in_use(call, queue);
    add_keys_in_use(call, dead);
}

void round_note_call(struct call *call, struct round_look *look, int from)
{
    const char *names[ROUND_NOTES];
    int count = 0;

    for (int i = 0; i < look->count && count < ROUND_NOTES; i++) {
        int at = (from + i) % look->count;

        if (look->bits[at] & ROUND_UNKNOWN)
            names[count++] = look->names[at];
    }
    begin_unused(call, &script_note, round_note_result, look);
    for (int i = 0; i < count; i++)
        add_keys_of_use(call, names[i]);
    call_clock(call);
    for (int i = 0; i < count; i++)
        call_text(call, names[i], "", 0, "");
}

enum status round_note_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    (void)call->result;
    return reply->type == REDIS_REPLY_INTEGER ? STATUS_OK : reply_unexpected("note", reason);
}
