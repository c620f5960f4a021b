/* call.c - one operation on its way to Redis.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "redis/call.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "redis/script.h"
#include "redis/slot.h"

enum { SCRIPT_WORDS = 4 }; /* EVALSHA, SHA-1 or text, number of keys, and maybe the guard */

void call_keep_reply(struct call *call, redisReply *reply)
{
    if (call->reply)
        freeReplyObject(call->reply);
    call->reply = reply;
}

void call_clear(struct call *call)
{
    call_keep_reply(call, NULL);
    free(call->args);
    free(call->argv);
    free(call->argv_len);
    buffer_clear(&call->text);
    memset(call, 0, sizeof(*call));
}

void call_begin(struct call *call, struct owner owner, const struct script *script,
                call_decode *decode, void *result)
{
    call_keep_reply(call, NULL);
    call->script = script;
    call->around = NULL;
    call->changes = script && script->changes ? CHANGE_SOME : CHANGE_NONE;
    call->decode = decode;
    call->result = result;
    call->first_key = 0;
    call->has_trash = false;
    call->keys = 0;
    call->guard.len = 0;
    call->slot = call->route = -1;
    call->strangers = 0;
    call->hidden = 0;
    call->count = 0;
    call->bodies = 0;
    call->most_bytes = 0;
    call->trash_queue = -1;
    buffer_reset(&call->text);
    buffer_add(&call->text, owner.name, owner.len);
    call->owner = owner.kind;
    call->owner_len = owner.len;
}

void call_expect(struct call *call, long long bodies, size_t most_bytes)
{
    call->bodies = (int)bodies;
    call->most_bytes = most_bytes;
}

void call_may_leave_trash(struct call *call, const char *queue)
{
    call->trash_queue = (long)call->text.len;
    buffer_add(&call->text, queue, strlen(queue) + 1);
}

const char *call_left_trash(const struct call *call)
{
    return call->has_trash && call->trash_queue >= 0 ? call->text.data + call->trash_queue : NULL;
}

static struct call_arg *add(struct call *call)
{
    if (call->count == call->size) {
        size_t size = call->size ? (size_t)call->size * 2 : 16;

        call->args = xrealloc(call->args, size * sizeof(*call->args));
        call->argv = xrealloc(call->argv, (size + SCRIPT_WORDS) * sizeof(*call->argv));
        call->argv_len = xrealloc(call->argv_len, (size + SCRIPT_WORDS) * sizeof(*call->argv_len));
        call->size = (int)size;
    }
    return &call->args[call->count++];
}

void call_bytes(struct call *call, const char *data, size_t len)
{
    *add(call) = (struct call_arg){.data = data, .len = len};
}

void call_own(struct call *call)
{
    for (int i = 0; i < call->count; i++) {
        struct call_arg *arg = &call->args[i];

        if (!arg->data)
            continue;
        arg->offset = call->text.len;
        buffer_add(&call->text, arg->data, arg->len);
        arg->data = NULL;
    }
}

void call_text(struct call *call, const char *before, const char *name, size_t name_len,
               const char *after)
{
    size_t offset = call->text.len;

    buffer_add_text(&call->text, before);
    buffer_add(&call->text, name, name_len);
    buffer_add_text(&call->text, after);
    *add(call) = (struct call_arg){.offset = offset, .len = call->text.len - offset};
}

void call_append(struct call *call, const char *data, size_t len)
{
    buffer_add(&call->text, data, len);
    call->args[call->count - 1].len += len;
}

void call_append_number(struct call *call, long long number)
{
    char digits[NUMBER_TEXT];

    call_append(call, digits, number_print(number, digits));
}

size_t call_size(const struct call *call)
{
    return call->text.size + (size_t)call->size * (sizeof(*call->args) + sizeof(*call->argv) +
                                                   sizeof(*call->argv_len));
}

void call_number(struct call *call, long long number)
{
    char digits[NUMBER_TEXT];

    number_print(number, digits);
    call_text(call, digits, "", 0, "");
}

void call_clock(struct call *call)
{
    if (call->clock_us)
        call_number(call, call->clock_us);
    else
        call_bytes(call, "", 0);
}

void call_declare(struct call *call, bool is_owners)
{
    int last = call->count - 1;

    if (call->keys++ == 0)
        call->first_key = last;
    if (is_owners && call->route < 0)
        call->route = last;
}

void call_guard(struct call *call, const char *before, const char *after)
{
    size_t offset = call->text.len;

    buffer_add_text(&call->text, before);
    buffer_reserve(&call->text, call->owner_len);
    buffer_add(&call->text, call->text.data, call->owner_len); /* with it the text begins */
    buffer_add_text(&call->text, after);
    call->guard = (struct call_arg){.offset = offset, .len = call->text.len - offset};
}

const char *call_argument(const struct call *call, int i, size_t *len)
{
    const struct call_arg *arg = &call->args[i];

    *len = arg->len;
    return arg->data ? arg->data : call->text.data + arg->offset;
}

const char *call_route(const struct call *call, size_t *len)
{
    *len = 0;
    return call->route < 0 ? NULL : call_argument(call, call->route, len);
}

int call_slot(const struct call *call)
{
    size_t len;
    const char *key = call_route(call, &len);

    return key ? slot_of_key(key, len) : call->slot;
}

void call_to_slot(struct call *call, int slot)
{
    call->slot = slot;
}

bool call_before(const struct call *call, struct known *known, struct call *other)
{
    return call->around && call->around->before && call->around->before(call, known, other);
}

bool call_after(const struct call *call, struct known *known, struct call *other)
{
    return call->around && call->around->after && call->around->after(call, known, other);
}

static void put(struct call *call, int at, const char *data, size_t len)
{
    call->argv[at] = data;
    call->argv_len[at] = len;
}

static int put_script(struct call *call, bool with_text)
{
    const char *keys;

    /* A text that is added last moves no other: the offsets are resolved after it. */
    size_t offset = call->text.len;
    buffer_add_number(&call->text, call->keys + (call->guard.len > 0));
    keys = call->text.data + offset;
    if (with_text) {
        put(call, 0, "EVAL", 4);
        put(call, 1, call->script->text, strlen(call->script->text));
    } else {
        put(call, 0, "EVALSHA", 7);
        put(call, 1, call->script->sha, 40);
    }
    put(call, 2, keys, call->text.len - offset);
    return 3;
}

/* The arguments from the first one on, up to the end. */
static int put_arguments(struct call *call, int at, int first, int end)
{
    for (int i = first; i < end; i++) {
        size_t len;
        const char *data = call_argument(call, i, &len);

        put(call, at++, data, len);
    }
    return at;
}

int call_resolve(struct call *call, bool with_text)
{
    int at = call->script ? put_script(call, with_text) : 0;

    if (!call->script || !call->guard.len)
        return put_arguments(call, at, 0, call->count);
    at = put_arguments(call, at, 0, call->keys);
    put(call, at++, call->text.data + call->guard.offset, call->guard.len);
    return put_arguments(call, at, call->keys, call->count);
}
