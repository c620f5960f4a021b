/* test-index.c - the numbers of all queues as the last samples had them.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include "base/buffer.h"
#include "broker/index.h"

static struct call call;
static struct index found;

static int clear(void **state)
{
    (void)state;
    index_clear(&found);
    call_clear(&call);
    return 0;
}

static void what_is_written_is_read(void **state)
{
    long long row[INDEX_COLUMNS], other[INDEX_COLUMNS] = {0};
    struct buffer chunk = {0};
    redisReply lines = {.type = REDIS_REPLY_STRING};

    (void)state;
    for (int i = 0; i < INDEX_COLUMNS; i++)
        row[i] = i % 2 ? -1 : 1000000000000LL * i;
    index_add_line(&chunk, "a/b", row);
    index_add_line(&chunk, "c", other);
    index_chunk_call(&call, "me", 7, &chunk);
    assert_int_equal(call_resolve(&call, false), 4);
    assert_memory_equal(call.argv[1], "restmq:index", 12);
    assert_memory_equal(call.argv[2], "me:7", 4);
    assert_int_equal(call.argv_len[3], chunk.len);
    assert_int_equal(decode(&call, NUMBER(0)), STATUS_OK);
    EXPECT_UNEXPECTED(&call, NIL, TEXT("1"));

    lines.str = chunk.data;
    lines.len = chunk.len;
    index_call(&call, &found);
    expect_call(&call, &script_index, 1, "restmq:index", "");
    assert_int_equal(decode(&call, LIST(TEXT("2000"), TEXT("1000"), &lines)), STATUS_OK);
    assert_true(found.now_ms == 2000 && found.from_ms == 1000 && found.count == 2);
    for (int owned = 0; owned < 2; owned++) {
        assert_int_equal(found.rows[0].name_len, 3);
        assert_memory_equal(found.rows[0].name, "a/b", 3);
        assert_memory_equal(found.rows[0].columns, row, sizeof(row));
        assert_memory_equal(found.rows[1].name, "c", 1);
        assert_memory_equal(found.rows[1].columns, other, sizeof(other));
        index_own(&found);
        memset(chunk.data, 'x', chunk.len);
    }
    assert_string_equal(found.rows[0].name, "a/b");
    buffer_clear(&chunk);
}

/* Whatever stands there: rows of ours are read, the rest is passed over. */
static void lines_that_are_none(void **state)
{
    (void)state;
    index_call(&call, &found);
    assert_int_equal(
        decode(&call,
               LIST(TEXT("1"), TEXT("1"), NIL, NUMBER(3), TEXT(""), TEXT("\n"), TEXT("a"),
                    TEXT("no/end 1 1 1 1 1 1 1 1 1 1 1 1 1"), TEXT("few 1 1 1 1 1 1 1 1 1 1 1 1\n"),
                    TEXT("many 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n"),
                    TEXT("word 1 1 1 1 1 1 1 1 1 1 1 1 x\n"),
                    TEXT("minus 1 1 1 1 1 1 1 1 1 1 1 1 -\n"),
                    TEXT("big 1 1 1 1 1 1 1 1 1 1 1 1 99999999999999999999999\n"),
                    TEXT("../x 1 1 1 1 1 1 1 1 1 1 1 1 1\n"),
                    TEXT("\xff 1 1 1 1 1 1 1 1 1 1 1 1 1\ngood 1 1 1 1 1 1 1 1 1 1 1 1 -1\n"))),
        STATUS_OK);
    assert_int_equal(found.count, 1);
    assert_memory_equal(found.rows[0].name, "good", 4);
    assert_int_equal(found.rows[0].columns[INDEX_DIED], -1);
    EXPECT_UNEXPECTED(&call, NIL, TEXT("x"), LIST(TEXT("1")));
}

static void an_empty_index(void **state)
{
    (void)state;
    index_call(&call, &found);
    assert_int_equal(decode(&call, LIST(TEXT("5"), TEXT("0"))), STATUS_OK);
    index_own(&found);
    assert_true(found.count == 0 && found.from_ms == 0);
}

static void publishing(void **state)
{
    struct index_publishing one = {.who = "me", .chunks = 3, .from_ms = 77};

    (void)state;
    index_publish_call(&call, &one);
    expect_call(&call, &script_indexed, 1, "restmq:index", "me", "3", "77", "");
    assert_int_equal(decode(&call, LIST(NUMBER(1), TEXT("99"))), STATUS_OK);
    assert_true(one.is_own && one.now_ms == 99);
    assert_int_equal(decode(&call, LIST(NUMBER(0), TEXT("99"))), STATUS_OK);
    assert_false(one.is_own);
    EXPECT_UNEXPECTED(&call, NIL, LIST(NUMBER(1)));
}

static void when_samples_were_taken(void **state)
{
    static const struct {
        const char *text;
        int count;
    } cases[] = {
        {"",              0},
        {"1-2",           1},
        {"1-2,5-9",       2},
        {"1-2,9-5,10-11", 1},
        {"x",             0},
        {"1-2,x",         1},
        {"1",             0},
        {"1-2;3-4",       0},
    };
    struct index_runs runs;

    (void)state;
    index_runs_call(&call, &runs);
    expect_call(&call, &script_runs, 1, "restmq:index", "");
    for (size_t i = 0; i < COUNT(cases); i++) {
        redisReply text = {.type = REDIS_REPLY_STRING,
                           .str = (char *)(uintptr_t)cases[i].text,
                           .len = strlen(cases[i].text)};

        assert_int_equal(decode(&call, LIST(TEXT("7"), &text)), STATUS_OK);
        if (runs.count != cases[i].count)
            fail_msg("\"%s\" has %d", cases[i].text, runs.count);
    }
    assert_int_equal(decode(&call, LIST(TEXT("7"), TEXT("1-1,1-1,1-1,1-1,1-1,1-1,1-1,1-1,1-1,1-1,"
                                                        "1-1,1-1,1-1,1-1,1-1,1-1,1-1,1-1,1-1,1-1,"
                                                        "1-1,1-1"))),
                     STATUS_OK);
    assert_int_equal(runs.count, INDEX_RUNS);
    EXPECT_UNEXPECTED(&call, NIL, LIST(TEXT("1")), LIST(TEXT("1"), NIL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(what_is_written_is_read, clear),
        cmocka_unit_test_teardown(lines_that_are_none, clear),
        cmocka_unit_test_teardown(an_empty_index, clear),
        cmocka_unit_test_teardown(publishing, clear),
        cmocka_unit_test_teardown(when_samples_were_taken, clear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
