/* reply.h - Redis's answers made by hand, and what a call would send.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_UNIT_REPLY_H
#define TESTS_UNIT_REPLY_H

#include "tests/unit/unit.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

#include "broker/call.h"
#include "broker/script.h"

/* They live as long as the block they are written in. */
#define REPLY_BYTES(kind, text)                                                                    \
    (&(redisReply){.type = (kind), .str = (char *)(uintptr_t)(text), .len = sizeof(text) - 1})
#define TEXT(text)     REPLY_BYTES(REDIS_REPLY_STRING, text)
#define SIMPLE(text)   REPLY_BYTES(REDIS_REPLY_STATUS, text)
#define ERROR(text)    REPLY_BYTES(REDIS_REPLY_ERROR, text)
#define NUMBER(number) (&(redisReply){.type = REDIS_REPLY_INTEGER, .integer = (number)})
#define NIL            (&(redisReply){.type = REDIS_REPLY_NIL})
#define LIST_OF(...)   ((redisReply *[]){__VA_ARGS__})
#define LIST(...)                                                                                  \
    (&(redisReply){.type = REDIS_REPLY_ARRAY,                                                      \
                   .elements = sizeof(LIST_OF(__VA_ARGS__)) / sizeof(redisReply *),                \
                   .element = LIST_OF(__VA_ARGS__)})

/* Does the call send exactly this script, so many keys, and these keys and arguments? */
#define expect_call(call, script, keys, ...)                                                       \
    expect_words(call, (script)->sha, keys, (const char *const[]){__VA_ARGS__, NULL})

static inline void expect_words(struct call *call, const char *sha, int keys,
                                const char *const *words)
{
    int at = 3, count = call_resolve(call, false);

    assert_string_equal(call->argv[0], "EVALSHA");
    assert_memory_equal(call->argv[1], sha, 40);
    assert_int_equal(call->argv_len[1], 40);
    assert_int_equal(atoi(call->argv[2]), keys);
    for (; *words; words++, at++) {
        assert_true(at < count);
        if (call->argv_len[at] != strlen(*words) ||
            memcmp(call->argv[at], *words, strlen(*words)) != 0)
            fail_msg("argument %d is \"%.*s\", not \"%s\"", at, (int)call->argv_len[at],
                     call->argv[at], *words);
    }
    assert_int_equal(at, count);
}

#endif
