/* test-round.c - what one helper does for all queues: each call argument by argument, each answer
 * good, short and wrong.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include "broker/round.h"

static struct call call;
static struct round_page page;

static int clear(void **state)
{
    (void)state;
    call_clear(&call);
    round_page_clear(&page);
    return 0;
}

static void expect_command(const char *const *words)
{
    int count = call_resolve(&call, false);

    assert_null(call.script);
    assert_false(call.changes);
    for (int i = 0; i < count; i++) {
        assert_non_null(words[i]);
        assert_int_equal(call.argv_len[i], strlen(words[i]));
        assert_memory_equal(call.argv[i], words[i], call.argv_len[i]);
    }
    assert_null(words[count]);
}

static void who_walks(void **state)
{
    bool is_elected = false;

    (void)state;
    round_elect_call(&call, "0f", &is_elected);
    expect_call(&call, &script_elect, 1, "restmq:walker", "0f", "4000");
    assert_int_equal(decode(&call, NUMBER(1)), STATUS_OK);
    assert_true(is_elected);
    assert_int_equal(decode(&call, NUMBER(0)), STATUS_OK);
    assert_false(is_elected);
    EXPECT_UNEXPECTED(&call, NIL, TEXT("1"), LIST());
}

static void names_of_a_page(void **state)
{
    (void)state;
    round_page_call(&call, &page);
    expect_command((const char *const[]){"SSCAN", "QUEUESET", "0", "COUNT", "100", NULL});
    assert_int_equal(
        decode(&call, LIST(TEXT("17"), LIST(TEXT("foo"), TEXT("bar:queue"), TEXT("no name"),
                                            TEXT(":queue"), NUMBER(1), TEXT("a.dead")))),
        STATUS_OK);
    assert_int_equal(page.count, 3);
    assert_string_equal(page.names[0], "foo");
    assert_string_equal(page.names[1], "bar");
    assert_string_equal(page.names[2], "a.dead");
    round_page_call(&call, &page);
    expect_command((const char *const[]){"SSCAN", "QUEUESET", "17", "COUNT", "100", NULL});
    assert_int_equal(decode(&call, LIST(TEXT("0"), LIST())), STATUS_OK);
    assert_int_equal(page.count, 0);
    assert_string_equal(page.cursor, "0");
    EXPECT_UNEXPECTED(&call, NIL, TEXT("0"), LIST(), LIST(TEXT("0")), LIST(TEXT("0"), TEXT("a")),
                      LIST(NUMBER(0), LIST()));
}

static const char names[2][LIMIT_NAME + 1] = {"foo", "a.dead"};

#define KEYS_OF_BOTH                                                                               \
    "restmq:{foo}:leases", "restmq:{foo}:delayed", "restmq:{foo}:trash", "restmq:{a}.dead:leases", \
        "restmq:{a}.dead:delayed", "restmq:{a}.dead:trash"

static void a_glance(void **state)
{
    struct round_look look = {.count = 2, .names = names};

    (void)state;
    round_glance_call(&call, &look);
    expect_command((const char *const[]){"EXISTS", KEYS_OF_BOTH, NULL});
    assert_int_equal(decode(&call, NUMBER(3)), STATUS_OK);
    assert_true(look.has_any);
    assert_int_equal(decode(&call, NUMBER(0)), STATUS_OK);
    assert_false(look.has_any);
    EXPECT_UNEXPECTED(&call, NIL, TEXT("1"));
}

static void a_closer_look(void **state)
{
    struct round_look look = {.count = 2, .names = names};

    (void)state;
    call.clock_us = 7;
    round_look_call(&call, &look);
    call.clock_us = 0;
    expect_call(&call, &script_waits, 6, KEYS_OF_BOTH, "7");
    assert_int_equal(decode(&call, TEXT("01")), STATUS_OK);
    assert_int_equal(look.bits[0], 0);
    assert_int_equal(look.bits[1], ROUND_WAITS);
    EXPECT_UNEXPECTED(&call, NIL, NUMBER(0), TEXT("0"), TEXT("000"), LIST());
}

/* Dead letters go with their queue. */
static void unused_queues(void **state)
{
    static const char mixed[4][LIMIT_NAME + 1] = {"a.dead", "b", "c", "d"};
    struct round_look look = {
        .count = 4, .names = mixed, .bits = {ROUND_WAITS, ROUND_WAITS}
    };

    (void)state;
    call.clock_us = 7;
    round_unused_call(&call, &look, 43200);
    call.clock_us = 0;
    expect_call(&call, &script_unused, 4, "restmq:unused", "b:UUID", "c:UUID", "d:UUID", "43200000",
                "7", "b", "c", "d");
    assert_int_equal(decode(&call, TEXT("012")), STATUS_OK);
    assert_int_equal(look.bits[0], ROUND_WAITS);
    assert_int_equal(look.bits[1], ROUND_WAITS);
    assert_int_equal(look.bits[2], ROUND_UNUSED);
    assert_int_equal(look.bits[3], ROUND_UNKNOWN);
    EXPECT_UNEXPECTED(&call, NIL, NUMBER(0), TEXT(""), TEXT("00"), TEXT("0000"), TEXT("003"),
                      TEXT("00/"), LIST());
}

#define IN_USE(queue, tagged, topic)                                                               \
    queue ":queue", tagged ":leases", tagged ":delayed", tagged ":trash", tagged ":settings",      \
        queue ":queuepolicy", tagged ":remembers", "restmq:presence:{" topic
#define OF_USE(queue)                                                                              \
    queue ":UUID", "queuestat::" queue, "queuestat::" queue ".dead",                               \
        IN_USE(queue, "restmq:{" queue "}", queue "}"),                                            \
        IN_USE(queue ".dead", "restmq:{" queue "}.dead", queue "}.dead")

static void a_note(void **state)
{
    static const char three[3][LIMIT_NAME + 1] = {"foo", "bar", "baz"};
    struct round_look look = {
        .count = 3, .names = three, .bits = {ROUND_UNKNOWN, ROUND_UNUSED, ROUND_UNKNOWN}
    };

    (void)state;
    call.clock_us = 7;
    round_note_call(&call, &look, 1);
    call.clock_us = 0;
    expect_call(&call, &script_note, 39, "restmq:unused", OF_USE("baz"), OF_USE("foo"), "7", "baz",
                "foo");
    assert_int_equal(decode(&call, NUMBER(2)), STATUS_OK);
    EXPECT_UNEXPECTED(&call, NIL, TEXT("2"), LIST());
}

static void not_many_notes_at_once(void **state)
{
    static char many[ROUND_BATCH][LIMIT_NAME + 1];
    struct round_look look = {.count = ROUND_BATCH, .names = (const char(*)[LIMIT_NAME + 1]) many};
    size_t len;

    (void)state;
    for (int i = 0; i < ROUND_BATCH; i++) {
        snprintf(many[i], sizeof(many[i]), "q%d", i);
        look.bits[i] = ROUND_UNKNOWN;
    }
    round_note_call(&call, &look, ROUND_BATCH - 1);
    assert_int_equal(call.keys, 1 + 19 * ROUND_NOTES);
    assert_int_equal(call.count, call.keys + 1 + ROUND_NOTES);
    assert_memory_equal(call_argument(&call, call.keys + 1, &len), "q99", 3);
    assert_memory_equal(call_argument(&call, call.keys + 2, &len), "q0", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_walks),
        cmocka_unit_test(names_of_a_page),
        cmocka_unit_test(a_glance),
        cmocka_unit_test(a_closer_look),
        cmocka_unit_test(unused_queues),
        cmocka_unit_test(a_note),
        cmocka_unit_test(not_many_notes_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, clear);
}
