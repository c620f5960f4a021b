/* index.c - the numbers of all queues as the last samples had them.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/index.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "broker/keys.h"
#include "broker/scripts.h"
#include "redis/reply.h"

/* --- writing ------------------------------------------------------------------------------- */

void index_add_line(struct buffer *chunk, const char *name, const long long row[INDEX_COLUMNS])
{
    buffer_add_text(chunk, name);
    for (int i = 0; i < INDEX_COLUMNS; i++) {
        buffer_add(chunk, " -", row[i] < 0 ? 2 : 1);
        buffer_add_number(chunk, (unsigned long long)llabs(row[i]));
    }
    buffer_add(chunk, "\n", 1);
}

void index_chunk_call(struct call *call, const char *who, int chunk, const struct buffer *lines)
{
    char number[16];

    snprintf(number, sizeof(number), ":%d", chunk);
    call_begin(call, of_all(KEY_INDEX), NULL, index_chunk_result, NULL);
    call->changes = CHANGE_SOME;
    call_bytes(call, "HSET", 4);
    keys_add_key(call, KEY_INDEX, "");
    call_text(call, who, "", 0, number);
    call_bytes(call, lines->len ? lines->data : "", lines->len);
}

enum status index_chunk_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    (void)call;
    return reply->type == REDIS_REPLY_INTEGER ? STATUS_OK : reply_unexpected("HSET", reason);
}

void index_publish_call(struct call *call, struct index_publishing *publishing)
{
    call_begin(call, of_all(KEY_INDEX), &script_indexed, index_publish_result, publishing);
    keys_add_key(call, KEY_INDEX, "");
    call_text(call, publishing->who, "", 0, "");
    call_number(call, publishing->chunks);
    call_number(call, publishing->from_ms);
    call_clock(call);
}

enum status index_publish_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct index_publishing *publishing = call->result;

    if (!reply_is_array(reply, 2))
        return reply_unexpected("indexed", reason);
    publishing->is_own = reply_number(reply->element[0], 0) == 1;
    publishing->now_ms = reply_number(reply->element[1], 0);
    return STATUS_OK;
}

/* --- reading ------------------------------------------------------------------------------- */

void index_clear(struct index *index)
{
    free(index->rows);
    free(index->names);
    *index = (struct index){0};
}

void index_own(struct index *index)
{
    size_t size = 0;
    char *names, *at;

    for (int i = 0; i < index->count; i++)
        size += index->rows[i].name_len + 1;
    names = at = xmalloc(size + 1);
    for (int i = 0; i < index->count; i++) {
        struct index_row *row = &index->rows[i];

        memcpy(at, row->name, row->name_len);
        at[row->name_len] = '\0';
        row->name = at;
        at += row->name_len + 1;
    }
    free(index->names);
    index->names = names;
}

void index_call(struct call *call, struct index *index)
{
    call_begin(call, of_all(KEY_INDEX), &script_index, index_result, index);
    keys_add_key(call, KEY_INDEX, "");
    call_clock(call);
}

/* A number behind a space; false: there is none. */
static bool read_number(const char **at, const char *end, long long *number)
{
    unsigned long long value = 0;
    bool is_negative;
    const char *first;

    if (*at == end || **at != ' ')
        return false;
    ++*at;
    is_negative = *at < end && **at == '-';
    *at += is_negative;
    first = *at;
    while (*at < end && **at >= '0' && **at <= '9' && value <= REPLY_NUMBER_MAX)
        value = 10 * value + (unsigned long long)(*(*at)++ - '0');
    *number = is_negative ? -(long long)value : (long long)value;
    return *at > first && value <= REPLY_NUMBER_MAX;
}

static bool read_row(struct index_row *row, const char *at, const char *end)
{
    const char *space = memchr(at, ' ', (size_t)(end - at));
    struct reason ignored;

    if (!space || queue_name_check(at, (size_t)(space - at), &ignored) != STATUS_OK)
        return false;
    row->name = at;
    row->name_len = (size_t)(space - at);
    for (int i = 0; i < INDEX_COLUMNS; i++)
        if (!read_number(&space, end, &row->columns[i]))
            return false;
    return space == end;
}

/* Lines that this program has not written are passed over. */
static void read_lines(struct index *index, const char *at, size_t len)
{
    const char *end = at + len, *line_end;

    for (; at < end; at = line_end + 1) {
        line_end = memchr(at, '\n', (size_t)(end - at));
        if (!line_end)
            return;
        if (index->count == index->size) {
            index->size = index->size ? 2 * index->size : 256;
            index->rows = xrealloc(index->rows, (size_t)index->size * sizeof(*index->rows));
        }
        if (read_row(&index->rows[index->count], at, line_end))
            index->count++;
    }
}

enum status index_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct index *index = call->result;

    if (!reply_is_array(reply, 2))
        return reply_unexpected("index", reason);
    index->count = 0;
    index->now_ms = reply_number(reply->element[0], 0);
    index->from_ms = reply_number(reply->element[1], 0);
    for (size_t i = 2; i < reply->elements; i++)
        if (reply->element[i]->type == REDIS_REPLY_STRING)
            read_lines(index, reply->element[i]->str, reply->element[i]->len);
    return STATUS_OK;
}

void index_runs_call(struct call *call, struct index_runs *runs)
{
    call_begin(call, of_all(KEY_INDEX), &script_runs, index_runs_result, runs);
    keys_add_key(call, KEY_INDEX, "");
    call_clock(call);
}

enum status index_runs_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct index_runs *runs = call->result;
    char *at;

    if (!reply_is_array(reply, 2) || reply->element[1]->type != REDIS_REPLY_STRING)
        return reply_unexpected("runs", reason);
    runs->now_ms = reply_number(reply->element[0], 0);
    runs->count = 0;
    at = reply->element[1]->str;
    while (*at && runs->count < INDEX_RUNS) {
        long long from = strtoll(at, &at, 10), until = *at == '-' ? strtoll(at + 1, &at, 10) : 0;

        if (until < from || (*at && *at != ','))
            break;
        runs->runs[runs->count].from_ms = from;
        runs->runs[runs->count++].until_ms = until;
        at += *at == ',';
    }
    return STATUS_OK;
}
