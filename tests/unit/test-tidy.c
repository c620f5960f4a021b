/* test-tidy.c - the walk from dead helpers to their topics and rows, and back: call by call.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include "broker/tidy.h"

static struct call call;
static struct tidy tidy;

static int begin(void **state)
{
    (void)state;
    tidy = (struct tidy){0};
    return 0;
}

static int clear(void **state)
{
    (void)state;
    call_clear(&call);
    return 0;
}

/* The next call, as text: its script or command, and the words behind it. */
static void expect_next(const char *text)
{
    struct buffer words = {0};
    int count, from;

    assert_true(tidy_call(&tidy, &call));
    count = call_resolve(&call, false);
    from = call.script ? 3 : 0;
    if (call.script)
        buffer_addf(&words, "%s ", call.script->name);
    for (int i = from; i < count; i++)
        buffer_addf(&words, "%s%.*s", i > from ? " " : "", (int)call.argv_len[i], call.argv[i]);
    assert_string_equal(words.data, text);
    buffer_clear(&words);
}

static void answer(const redisReply *reply)
{
    assert_int_equal(decode(&call, reply), STATUS_OK);
}

#define DEAD      "dead restmq:helpers 20000 10 "
#define TOPICS    "SRANDMEMBER restmq:helper:0f:topics 100"
#define ROWS_OF_A "forget restmq:presence:{a} restmq:presence:{a}:0f a 0f 1000 restmq:presence:{a}"
#define ROWS_OF_B                                                                                  \
    "forget restmq:presence:{b}.dead restmq:presence:{b}.dead:0f b.dead 0f 1000 "                  \
    "restmq:presence:{b.dead}"

static void nobody_is_dead(void **state)
{
    (void)state;
    expect_next(DEAD);
    assert_false(call.changes);
    answer(LIST());
    assert_false(tidy_call(&tidy, &call));
    assert_false(tidy_call(&tidy, &call));
}

static void the_way_and_back(void **state)
{
    (void)state;
    expect_next(DEAD);
    answer(LIST(TEXT("0f"), TEXT("1f")));
    expect_next(TOPICS);
    answer(LIST(TEXT("a"), TEXT("b.dead")));
    expect_next(ROWS_OF_A);
    assert_true(call.changes);
    answer(NUMBER(1)); /* there are more */
    expect_next(ROWS_OF_A);
    answer(NUMBER(0));
    expect_next(ROWS_OF_B);
    answer(NUMBER(0));
    expect_next("SREM restmq:helper:0f:topics a b.dead");
    assert_true(call.changes);
    answer(NUMBER(1)); /* somebody else was there */
    expect_next("ZREM restmq:helpers 0f");
    assert_true(call.changes);
    answer(NUMBER(0));
    expect_next("SRANDMEMBER restmq:helper:1f:topics 100");
    answer(LIST());
    expect_next("ZREM restmq:helpers 1f");
    answer(NUMBER(1));
    assert_false(tidy_call(&tidy, &call));
}

static void unexpected_answers(void **state)
{
    (void)state;
    expect_next(DEAD);
    EXPECT_UNEXPECTED(&call, NIL, NUMBER(1), TEXT("x"));
    answer(LIST(TEXT("0f")));
    expect_next(TOPICS);
    EXPECT_UNEXPECTED(&call, NIL, NUMBER(1));
    answer(LIST(TEXT("a")));
    expect_next(ROWS_OF_A);
    EXPECT_UNEXPECTED(&call, NIL, LIST());
}

/* They are no topics, and must not keep the helper on its list. */
static void what_somebody_else_put_there(void **state)
{
    (void)state;
    expect_next(DEAD);
    answer(LIST(NIL, TEXT("0f")));
    expect_next(TOPICS);
    answer(LIST(TEXT("no name"), NIL, TEXT("")));
    expect_next("ZREM restmq:helpers 0f");
}

static void many_topics_come_in_several_lists(void **state)
{
    redisReply *names[TIDY_TOPICS], list = {.type = REDIS_REPLY_ARRAY};
    redisReply *name = TEXT("a");

    (void)state;
    for (int i = 0; i < TIDY_TOPICS; i++)
        names[i] = name;
    list.element = names;
    list.elements = TIDY_TOPICS;
    expect_next(DEAD);
    answer(LIST(TEXT("0f")));
    expect_next(TOPICS);
    answer(&list);
    for (int i = 0; i < TIDY_TOPICS; i++) {
        expect_next(ROWS_OF_A);
        answer(NUMBER(0));
    }
    assert_true(tidy_call(&tidy, &call));
    answer(NUMBER(1));
    expect_next(TOPICS);
    answer(LIST());
    expect_next("ZREM restmq:helpers 0f");
}

static void many_helpers_come_in_several_lists(void **state)
{
    redisReply *ids[TIDY_HELPERS], list = {.type = REDIS_REPLY_ARRAY};
    redisReply *id = TEXT("0f");

    (void)state;
    for (int i = 0; i < TIDY_HELPERS; i++)
        ids[i] = id;
    list.element = ids;
    list.elements = TIDY_HELPERS;
    expect_next(DEAD);
    answer(&list);
    for (int i = 0; i < TIDY_HELPERS; i++) {
        expect_next(TOPICS);
        answer(LIST());
        expect_next("ZREM restmq:helpers 0f");
        answer(NUMBER(1));
    }
    expect_next(DEAD);
    answer(LIST());
    assert_false(tidy_call(&tidy, &call));
}

/* --- calls that fail ----------------------------------------------------------------------- */

static void nothing_can_be_asked(void **state)
{
    (void)state;
    expect_next(DEAD);
    tidy_pass(&tidy);
    assert_false(tidy_call(&tidy, &call));
}

/* Their node is away: the helper stays on its list, with those topics. */
static void some_rows_must_wait(void **state)
{
    (void)state;
    expect_next(DEAD);
    answer(LIST(TEXT("0f"), TEXT("1f")));
    expect_next(TOPICS);
    answer(LIST(TEXT("a"), TEXT("b.dead")));
    expect_next(ROWS_OF_A);
    tidy_pass(&tidy);
    expect_next(ROWS_OF_B);
    answer(NUMBER(0));
    expect_next("SREM restmq:helper:0f:topics b.dead");
    answer(NUMBER(1));
    expect_next("SRANDMEMBER restmq:helper:1f:topics 100");
    answer(LIST(TEXT("a")));
    expect_next("forget restmq:presence:{a} restmq:presence:{a}:1f a 1f 1000 restmq:presence:{a}");
    tidy_pass(&tidy);
    assert_false(tidy_call(&tidy, &call));
}

/* Else the walk would have no end. */
static void a_failure_is_met_once(void **state)
{
    redisReply *ids[TIDY_HELPERS], list = {.type = REDIS_REPLY_ARRAY};
    redisReply *id = TEXT("0f");

    (void)state;
    for (int i = 0; i < TIDY_HELPERS; i++)
        ids[i] = id;
    list.element = ids;
    list.elements = TIDY_HELPERS;
    expect_next(DEAD);
    answer(&list);
    for (int i = 0; i < TIDY_HELPERS; i++) {
        expect_next(TOPICS);
        tidy_pass(&tidy);
    }
    assert_false(tidy_call(&tidy, &call));
}

int main(void)
{
#define WALK(test) cmocka_unit_test_setup(test, begin)
    const struct CMUnitTest tests[] = {
        WALK(nobody_is_dead),
        WALK(the_way_and_back),
        WALK(unexpected_answers),
        WALK(what_somebody_else_put_there),
        WALK(many_topics_come_in_several_lists),
        WALK(many_helpers_come_in_several_lists),
        WALK(nothing_can_be_asked),
        WALK(some_rows_must_wait),
        WALK(a_failure_is_met_once),
    };

    return cmocka_run_group_tests(tests, NULL, clear);
}
