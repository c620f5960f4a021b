/* reply.h - Redis's answers made by hand, and what a call would send.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_UNIT_REPLY_H
#define TESTS_UNIT_REPLY_H

#include "tests/unit/unit.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

#include "broker/scripts.h"
#include "redis/call.h"

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

/* What many calls begin with: the keys of push, and of scripts by which messages may come back (of
 * dead letters, redrive's only: they have no dead letters themselves). */
#define PUSH_KEYS(q) q ":queue", q ":UUID", "queuestat::" q, "QUEUESET", "restmq:{" q "}:settings"
#define TAKE_KEYS(q)                                                                               \
    q ":queue", "restmq:{" q "}:leases", "restmq:{" q "}:delayed", "restmq:{" q "}:trash",         \
        "restmq:{" q "}:settings", "restmq:{" q "}:receipts"

/* The argument of a push that has its rare parts; clock and digest may be empty. */
#define PUSH_RARE(q, delay_ms, digest, seconds, clock, once)                                       \
    text_of("%s\n%s\n%s\n%s\nrestmq:{%s}:leases\nrestmq:{%s}:delayed\nrestmq:{%s}:once:%s\n"       \
            "restmq:{%s}:receipts\nrestmq:{%s}:stats",                                             \
            delay_ms, digest, seconds, clock, q, q, q, once, q, q)

/* That of a take; dead is "" or, of dead letters, ".dead". */
#define TAKE_RARE(token, q, dead)                                                                  \
    text_of("%s\n1048576\nrestmq:{%s}%s:stats\n%s.dead:queue\nqueuestat::%s.dead\nQUEUESET\n"      \
            "%s.dead\nrestmq:{%s}%s:events\nrestmq:{%s}.dead:receipts",                            \
            token, q, dead, q, q, q, q, dead, q)

/* A formatted text, until the next one. */
__attribute__((format(printf, 1, 2))) static inline const char *text_of(const char *format, ...)
{
    static char text[2000];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return text;
}

#define GIVEBACK_KEYS(q)                                                                           \
    q ":queue", "restmq:{" q "}:leases", "restmq:{" q "}:delayed", "restmq:{" q "}:trash",         \
        "restmq:{" q "}:settings", "restmq:{" q "}:receipts", "restmq:{" q "}:stats",              \
        q ".dead:queue", "queuestat::" q ".dead", "QUEUESET", "restmq:{" q "}.dead:receipts"
#define DEAD_GIVEBACK_KEYS(q)                                                                      \
    q ".dead:queue", "restmq:{" q "}.dead:leases", "restmq:{" q "}.dead:delayed",                  \
        "restmq:{" q "}.dead:trash", "restmq:{" q "}.dead:settings",                               \
        "restmq:{" q "}.dead:receipts", "restmq:{" q "}.dead:stats", q ".dead:queue",              \
        "queuestat::" q ".dead", "QUEUESET", "restmq:{" q "}.dead:receipts"

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

/* The answer of the call that was built last. */
static inline enum status decode(struct call *call, const redisReply *reply)
{
    struct reason reason = {0};

    return call->decode(call, reply, &reason);
}

/* None of these can be read, and none is outcome unknown: Redis did answer. */
#define EXPECT_UNEXPECTED(call, ...)                                                               \
    expect_unexpected(call, (const redisReply *const[]){__VA_ARGS__, NULL})

static inline void expect_unexpected(struct call *call, const redisReply *const *replies)
{
    for (size_t i = 0; replies[i]; i++) {
        struct reason reason = {0};

        if (call->decode(call, replies[i], &reason) != STATUS_UNAVAILABLE)
            fail_msg("reply %zu was read", i);
        assert_true(*reason.text);
        assert_false(reason.outcome_unknown);
    }
}

#endif
