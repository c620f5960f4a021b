/* test-stream.c - what a helper does with queues: each call argument by argument, each answer good,
 * short and wrong.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include "broker/queue.h"
#include "broker/stream.h"

static struct call call;

static int clear(void **state)
{
    (void)state;
    call_clear(&call);
    return 0;
}

/* --- what is broadcast ----------------------------------------------------------------------- */

#define TOKEN "0123456789abcdef0123456789abcdef"

static const struct {
    const char *text, *key, *token, *value; /* key NULL: nothing of ours */
} broadcast_rows[] = {
    {"q:1 " TOKEN "-1 Hello",   "q:1",   TOKEN "-1",     "Hello"},
    {"q:1 " TOKEN "-1 ",        "q:1",   TOKEN "-1",     ""     },
    {"q:1 " TOKEN "-1 a b ",    "q:1",   TOKEN "-1",     "a b " },
    {"q:1 " TOKEN "-1  a",      "q:1",   TOKEN "-1",     " a"   },
    {"q:1 " TOKEN "-1000 a",    "q:1",   TOKEN "-1000",  "a"    },
    {"q:1 " TOKEN "-10000 a",   "q:1",   TOKEN "-10000", "a"    },
    {"a/b:1 t a",               "a/b:1", "t",            "a"    },
    {"q:1 " TOKEN "-1000000 a", NULL,    NULL,           NULL   }, /* no room for such a token */
    {"q:1 " TOKEN TOKEN " a",   NULL,    NULL,           NULL   },
    {"",                        NULL,    NULL,           NULL   },
    {" ",                       NULL,    NULL,           NULL   },
    {"  ",                      NULL,    NULL,           NULL   },
    {"   ",                     NULL,    NULL,           NULL   },
    {"Hello",                   NULL,    NULL,           NULL   },
    {"q:1 ",                    NULL,    NULL,           NULL   },
    {"q:1  a",                  NULL,    NULL,           NULL   },
    {"q:1 " TOKEN "-1",         NULL,    NULL,           NULL   },
    {"Hello world",             NULL,    NULL,           NULL   },
};

static void broadcasts(void **state)
{
    char *wall = wall_new(4096);

    (void)state;
    for (size_t i = 0; i < COUNT(broadcast_rows); i++) {
        const char *text = broadcast_rows[i].text, *key = broadcast_rows[i].key;
        size_t len = strlen(text);
        char copy[MESSAGE_KEY];
        struct message message;
        bool is_read = stream_read_broadcast(wall_put(wall, text, len), len, copy, &message);

        if (is_read != (key != NULL))
            fail_msg("row %zu: %s", i, text);
        if (!is_read)
            continue;
        assert_int_equal(message.key_len, strlen(key));
        assert_memory_equal(message.key, key, message.key_len);
        assert_string_equal(message.token, broadcast_rows[i].token);
        assert_int_equal(message.value_len, strlen(broadcast_rows[i].value));
        assert_memory_equal(message.value, broadcast_rows[i].value, message.value_len);
    }
}

static void a_broadcast_of_any_bytes(void **state)
{
    static const char text[] = "q:1 t \0\xff\r\n ";
    char copy[MESSAGE_KEY];
    struct message message;

    (void)state;
    assert_true(stream_read_broadcast(text, sizeof(text) - 1, copy, &message));
    assert_int_equal(message.value_len, 5);
    assert_memory_equal(message.value, "\0\xff\r\n ", 5);
    assert_int_equal(message.deliveries, 0);
    assert_int_equal(message.lease_until, 0);
}

static void a_broadcast_with_hash_tags(void **state)
{
    static const char text[] = "{a/b}:17 t {x}";
    char copy[MESSAGE_KEY];
    struct message message;

    (void)state;
    keys_use_tags(true);
    assert_true(stream_read_broadcast(text, sizeof(text) - 1, copy, &message));
    assert_int_equal(message.key_len, 6);
    assert_memory_equal(message.key, "a/b:17", 6);
    assert_memory_equal(message.value, "{x}", 3);
    assert_false(stream_read_broadcast("a/b:17 t x", 10, copy, &message));
    keys_use_tags(false);
}

/* --- values ---------------------------------------------------------------------------------- */

#define SIXTEEN "abcdefghijklmnop"
#define LONGEST SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN

static const struct {
    const char *key;
    bool is_message;
} key_rows[] = {
    {"foo:1",                true },
    {"foo:123456789",        true },
    {"a/b:1",                true },
    {"a:b:1",                true },
    {"1:1",                  true },
    {LONGEST ":1",           true },
    {LONGEST "x:1",          false},
    {LONGEST LONGEST ":1",   false},
    {"",                     false},
    {":",                    false},
    {":1",                   false},
    {"foo",                  false},
    {"foo:",                 false},
    {"foo:1 ",               false},
    {"foo:-1",               false},
    {"foo:+1",               false},
    {"foo:1x",               false},
    {"foo:0x1",              false},
    {"foo:1\n",              false},
    {"foo:queue",            false},
    {"foo:queue:1",          false}, /* no queue has such a name */
    {"foo:1:refcount",       false},
    {"QUEUESET:1",           false},
    {"AUTHKEY:1",            false},
    {"AUTHKEY:x:1",          false},
    {"queuestat::1",         false},
    {"queuestat::foo:1",     false},
    {"restmq:1",             true }, /* the queue "restmq" is no reserved one */
    {"restmq:{foo}:trash:1", false},
    {"restmq:helper:1",      false},
    {"{foo}:1",              false},
    {"foo bar:1",            false},
    {"../foo:1",             false},
    {"foo//bar:1",           false},
    {"/foo:1",               false},
};

static void keys_that_may_be_asked_for(void **state)
{
    char *wall = wall_new(4096);

    (void)state;
    for (size_t i = 0; i < COUNT(key_rows); i++) {
        size_t len = strlen(key_rows[i].key);

        if (stream_key_is_message(wall_put(wall, key_rows[i].key, len), len) !=
            key_rows[i].is_message)
            fail_msg("row %zu: %s", i, key_rows[i].key);
    }
    assert_false(stream_key_is_message("fo\0:1", 5));
    assert_false(stream_key_is_message("foo:1\0", 6));
}

static void value_call_and_result(void **state)
{
    struct message message = {.key = "x"};

    (void)state;
    stream_value_call(&call, "foo:17 and more", 6, 1000, &message);
    expect_call(&call, &script_value, 4, "foo:17", "foo:UUID", "restmq:{foo}:foreign", "QUEUESET",
                "1000", "foo", "17");
    assert_int_equal(call.most_bytes, 1000);
    stream_value_call(&call, "a/b:c:1", 7, 0, &message);
    expect_call(&call, &script_value, 4, "a/b:c:1", "a/b:c:UUID", "restmq:{a/b:c}:foreign",
                "QUEUESET", "0", "a/b:c", "1");
    assert_false(call.changes);
    assert_int_equal(decode(&call, TEXT("a\0b")), STATUS_OK);
    assert_int_equal(message.value_len, 3);
    assert_memory_equal(message.value, "a\0b", 3);
    assert_null(message.key);
    assert_int_equal(decode(&call, TEXT("")), STATUS_OK);
    assert_int_equal(message.value_len, 0);
    assert_int_equal(decode(&call, NIL), STATUS_EMPTY);
    assert_int_equal(decode(&call, NUMBER(1001)), STATUS_TOO_LARGE);
    assert_int_equal(message.value_len, 1001);
    assert_null(message.value);
    assert_int_equal(decode(&call, LIST()), STATUS_EMPTY);
}

/* --- settle ---------------------------------------------------------------------------------- */

static signed char results[STREAM_BATCH];

static void settle_call(void **state)
{
    (void)state;
    stream_settle_call(&call, "foo", results);
    expect_call(&call, &script_settle, 11, GIVEBACK_KEYS("foo"), "foo.dead", "restmq:{foo}:events",
                "");
    stream_settle_add(&call, SETTLE_ACK, "foo:1 and more", 5, "tok-1");
    stream_settle_add(&call, SETTLE_RELEASE, "foo:3", 5, "tok-3");
    stream_settle_add(&call, SETTLE_RETURN, "foo:4", 5, "tok-4");
    expect_call(&call, &script_settle, 11, GIVEBACK_KEYS("foo"), "foo.dead", "restmq:{foo}:events",
                "", "a", "foo:1", "tok-1", "r", "foo:3", "tok-3", "u", "foo:4", "tok-4");
    assert_true(call.changes);
}

static void settle_call_of_dead_letters(void **state)
{
    (void)state;
    call.clock_us = 5;
    stream_settle_call(&call, "foo.dead", results);
    call.clock_us = 0;
    stream_settle_add(&call, SETTLE_ACK, "foo:1", 5, "t");
    expect_call(&call, &script_settle, 11, DEAD_GIVEBACK_KEYS("foo"), "foo.dead",
                "restmq:{foo}.dead:events", "5", "a", "foo:1", "t");
}

/* What is given is copied: it may be gone before the call is run. */
static void settle_copies(void **state)
{
    char key[] = "foo:1", token[] = "tok";

    (void)state;
    stream_settle_call(&call, "foo", results);
    stream_settle_add(&call, SETTLE_ACK, key, 5, token);
    memset(key, 'x', sizeof(key));
    memset(token, 'x', sizeof(token) - 1);
    expect_call(&call, &script_settle, 11, GIVEBACK_KEYS("foo"), "foo.dead", "restmq:{foo}:events",
                "", "a", "foo:1", "tok");
}

static void settle_result(void **state)
{
    redisReply *many[STREAM_BATCH + 1], *one = NUMBER(1);
    redisReply reply = {.type = REDIS_REPLY_ARRAY, .elements = STREAM_BATCH, .element = many};

    (void)state;
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = one;
    stream_settle_call(&call, "foo", results);
    assert_int_equal(decode(&call, LIST(NUMBER(1), NUMBER(0), NUMBER(-1), NIL, TEXT("x"))),
                     STATUS_OK);
    assert_int_equal(results[0], SETTLE_DONE);
    assert_int_equal(results[1], SETTLE_GONE);
    assert_int_equal(results[2], SETTLE_STALE);
    assert_int_equal(results[3], SETTLE_STALE); /* not said: nothing may be forgotten */
    assert_int_equal(results[4], SETTLE_STALE);
    assert_int_equal(decode(&call, &reply), STATUS_OK);
    assert_int_equal(results[STREAM_BATCH - 1], SETTLE_DONE);
    assert_null(call_left_trash(&call));
    assert_int_equal(decode(&call, LIST(NUMBER(SETTLE_LEFT), NUMBER(SETTLE_DONE))), STATUS_OK);
    assert_string_equal(call_left_trash(&call), "foo");
    reply.elements++;
    EXPECT_UNEXPECTED(&call, NIL, NUMBER(1), TEXT("1"), LIST(), SIMPLE("OK"), &reply);
}

/* --- prolong --------------------------------------------------------------------------------- */

static void prolong_call(void **state)
{
    char key[] = "foo:22", token[] = "tok-22", read[TOKEN_SIZE], read_key[MESSAGE_KEY];
    size_t len;

    (void)state;
    stream_prolong_call(&call, "foo", results);
    stream_prolong_add(&call, "foo:1 and more", 5, "tok-1");
    stream_prolong_add(&call, key, 6, token);
    memset(key, 'x', sizeof(key));
    memset(token, 'x', sizeof(token) - 1);
    expect_call(&call, &script_prolong, 2, "restmq:{foo}:leases", "restmq:{foo}:receipts", "30000",
                "", "foo:1", "tok-1", "foo:22", "tok-22");
    assert_true(call.changes);
    stream_prolong_read(&call, 0, read_key, &len, read);
    assert_int_equal(len, 5);
    assert_memory_equal(read_key, "foo:1", len);
    assert_string_equal(read, "tok-1");
    stream_prolong_read(&call, 1, read_key, &len, read);
    assert_int_equal(len, 6);
    assert_memory_equal(read_key, "foo:22", len);
    assert_string_equal(read, "tok-22");
}

static void prolong_call_with_hash_tags(void **state)
{
    char read[TOKEN_SIZE], read_key[MESSAGE_KEY];
    size_t len;

    (void)state;
    keys_use_tags(true);
    stream_prolong_call(&call, "foo", results);
    stream_prolong_add(&call, "foo:1 and more", 5, "tok-1");
    expect_call(&call, &script_prolong, 3, "restmq:{foo}:leases", "restmq:{foo}:receipts",
                "restmq:{foo}:never", "30000", "", "{foo}:1", "tok-1");
    for (int i = 0; i < 2; i++) {
        stream_prolong_read(&call, 0, read_key, &len, read);
        assert_int_equal(len, 5);
        assert_string_equal(read_key, "foo:1");
        assert_string_equal(read, "tok-1");
    }
    keys_use_tags(false);
}

static void prolong_result(void **state)
{
    char text[STREAM_BATCH + 1];
    redisReply reply = {.type = REDIS_REPLY_STRING, .len = STREAM_BATCH, .str = text};

    (void)state;
    memset(text, '1', sizeof(text));
    memset(results, 7, sizeof(results));
    stream_prolong_call(&call, "foo", results);
    assert_int_equal(decode(&call, TEXT("10x")), STATUS_OK);
    assert_int_equal(results[0], 1);
    assert_int_equal(results[1], 0);
    assert_int_equal(results[2], 0);
    assert_int_equal(results[3], 7);
    assert_int_equal(decode(&call, &reply), STATUS_OK);
    assert_int_equal(results[STREAM_BATCH - 1], 1);
    reply.len++;
    EXPECT_UNEXPECTED(&call, NIL, NUMBER(1), LIST(), SIMPLE("OK"), &reply);
}

/* --- states ---------------------------------------------------------------------------------- */

static void states_call_and_result(void **state)
{
    static const char *const queues[] = {"foo", "a/b", "foo.dead"};
    struct stream_states states = {
        .count = 3, .is_close = {true, false, true}
    };

    (void)state;
    call.clock_us = 7;
    stream_states_call(&call, queues, &states);
    call.clock_us = 0;
    expect_call(&call, &script_tick, 11, "foo:queue", "a/b:queue", "foo.dead:queue",
                "restmq:{foo}:leases", "restmq:{foo}:delayed", "queuestat::foo", "foo:queuepolicy",
                "restmq:{foo}.dead:leases", "restmq:{foo}.dead:delayed", "queuestat::foo.dead",
                "foo.dead:queuepolicy", "7", "101");
    assert_false(call.changes);
    assert_int_equal(decode(&call, TEXT("04o")), STATUS_OK);
    assert_int_equal(states.bits[0], 0);
    assert_int_equal(states.bits[1], STREAM_READY);
    assert_int_equal(states.bits[2], STREAM_STOPPED | STREAM_ROUNDROBIN | STREAM_READY |
                                         STREAM_DUE | STREAM_PENDING | STREAM_TOLD);
    EXPECT_UNEXPECTED(&call, NIL, NUMBER(0), TEXT(""), TEXT("00"), TEXT("0000"), SIMPLE("000"),
                      LIST(TEXT("0"), TEXT("0"), TEXT("0")));
    assert_int_equal(states.bits[1], STREAM_READY);
}

/* A name of each where nothing has happened. */
static void states_of_as_many_as_there_may_be(void **state)
{
    const char *queues[STREAM_STATES];
    struct stream_states states = {.count = STREAM_STATES};
    char bits[STREAM_STATES];
    redisReply reply = {.type = REDIS_REPLY_STRING, .str = bits, .len = sizeof(bits)};

    (void)state;
    memset(bits, '4', sizeof(bits));
    for (size_t i = 0; i < COUNT(queues); i++)
        queues[i] = "foo";
    stream_states_call(&call, queues, &states);
    assert_int_equal(call_resolve(&call, false), 3 + STREAM_STATES + 2);
    assert_int_equal(decode(&call, &reply), STATUS_OK);
    assert_int_equal(states.bits[STREAM_STATES - 1], STREAM_READY);
    memset(states.is_close, true, sizeof(states.is_close));
    stream_states_call(&call, queues, &states);
    assert_int_equal(call_resolve(&call, false), 3 + 5 * STREAM_STATES + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broadcasts),
        cmocka_unit_test(a_broadcast_of_any_bytes),
        cmocka_unit_test(a_broadcast_with_hash_tags),
        cmocka_unit_test(keys_that_may_be_asked_for),
        cmocka_unit_test(value_call_and_result),
        cmocka_unit_test(prolong_call),
        cmocka_unit_test(prolong_call_with_hash_tags),
        cmocka_unit_test(prolong_result),
        cmocka_unit_test(settle_call),
        cmocka_unit_test(settle_call_of_dead_letters),
        cmocka_unit_test(settle_copies),
        cmocka_unit_test(settle_result),
        cmocka_unit_test(states_call_and_result),
        cmocka_unit_test(states_of_as_many_as_there_may_be),
    };

    return cmocka_run_group_tests(tests, NULL, clear);
}
