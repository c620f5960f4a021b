/* test-replay.c - ids of messages on channels that remember, and how these are read.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include "broker/channel.h"
#include "broker/replay.h"
#include "redis/slot.h"

static struct call call;
static struct reason reason;

static int clear(void **state)
{
    (void)state;
    call_clear(&call);
    return 0;
}

static void ids_that_are_read(void **state)
{
    static const char *const good[] = {"0-0-0", "deadbeef01234567-1764590000123-17",
                                       "a-9007199254740992-9007199254740992"};
    struct replay_id id;
    char text[REPLAY_ID];

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        if (!replay_id_read(good[i], strlen(good[i]), &id))
            fail_msg("%s", good[i]);
        replay_id_write(&id, text);
        assert_string_equal(text, good[i]);
    }
    assert_string_equal(id.epoch, "a");
    assert_true(id.ms == 9007199254740992 && id.number == id.ms);
}

static void what_is_no_id(void **state)
{
    static const char *const bad[] = {"",
                                      "0",
                                      "-",
                                      "--",
                                      "a-1",
                                      "a-1-",
                                      "a--1",
                                      "-1-1",
                                      "A-1-1",
                                      "g-1-1",
                                      "a-01-1",
                                      "a-1-01",
                                      "a-1-1 ",
                                      " a-1-1",
                                      "a-1-1-1",
                                      "a-+1-1",
                                      "a-1--1",
                                      "a-1-x",
                                      "a-1-1\n",
                                      "a-1-1.0",
                                      "a_1_1",
                                      "01234567890123456-1-1",
                                      "a-9007199254740993-1",
                                      "a-1-9007199254740993",
                                      "a-99999999999999999999-1"};
    struct replay_id id;
    static char large[10240];

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        if (replay_id_read(bad[i], strlen(bad[i]), &id))
            fail_msg("%s", bad[i]);
        assert_string_equal(id.epoch, "-");
    }
    memset(large, 'a', sizeof(large));
    assert_false(replay_id_read(large, sizeof(large), &id));
    memset(large, '-', sizeof(large));
    assert_false(replay_id_read(large, sizeof(large), &id));
    assert_false(replay_id_read("a\0-1-1", 6, &id));
}

static void calls(void **state)
{
    struct remember remember = {.keep = 5, .bytes = -1, .seconds = 0};
    struct replay_id id = {.epoch = "ab", .ms = 12, .number = 3};
    struct replay replay;

    (void)state;
    remember_call(&call, "a/b.dead", &remember);
    expect_call(&call, &script_remember, 2, "restmq:log:{a/b.dead}:keep", "restmq:log:{a/b.dead}",
                "5", "", "0", "");
    replay_call(&call, "news", &id, 100, &replay);
    expect_call(&call, &script_replay, 2, "restmq:log:{news}:keep", "restmq:log:{news}", "ab", "12",
                "3", "100", "", "news");
    replay_call(&call, "news", NULL, 7, &replay);
    expect_call(&call, &script_replay, 2, "restmq:log:{news}:keep", "restmq:log:{news}", "", "", "",
                "7", "", "news");
    assert_false(call.changes);
    replay_look_call(&call, "news", &replay);
    expect_call(&call, &script_replay, 2, "restmq:log:{news}:keep", "restmq:log:{news}", "", "", "",
                "0", "", "news");
}

static void a_channel_of_a_queue_remembers_nothing(void **state)
{
    (void)state;
    assert_int_equal(remember_check("foo:PUBSUB", &reason), STATUS_BAD_NAME);
    assert_int_equal(remember_check("foo", &reason), STATUS_OK);
    assert_int_equal(remember_check(":PUBSUB", &reason), STATUS_OK);
}

static void settings_that_are_answered(void **state)
{
    struct remember remember = {.keep = 5, .bytes = -1, .seconds = -1};

    (void)state;
    remember_call(&call, "news", &remember);
    assert_int_equal(decode(&call, LIST(NUMBER(5), NUMBER(16777216), NUMBER(60))), STATUS_OK);
    assert_true(remember.keep == 5 && remember.bytes == 16777216 && remember.seconds == 60);
    assert_int_equal(call.decode(&call, LIST(NUMBER(-1)), &reason), STATUS_BAD_REQUEST);
    assert_non_null(strstr(reason.text, "keep="));
    EXPECT_UNEXPECTED(&call, NIL, TEXT("1"), NUMBER(1), LIST(NUMBER(1)));
}

#define HEAD(gap)                                                                                  \
    NUMBER(9), NUMBER(100), NUMBER(0), TEXT("ab"), TEXT("70"), TEXT("8"), NUMBER(gap), NUMBER(2),  \
        NUMBER(4)

static void messages_that_are_read(void **state)
{
    struct replay replay = {0};
    struct replay_id id;
    const char *text;
    size_t len;

    (void)state;
    replay_call(&call, "news", NULL, 7, &replay);
    assert_int_equal(decode(&call, LIST(HEAD(1), TEXT("60"), TEXT("7"), TEXT("a\0b"), TEXT("70"),
                                        TEXT("8"), TEXT(""))),
                     STATUS_OK);
    assert_true(replay.is_gap && replay.count == 2 && replay.kept == 2 && replay.heard == 4);
    assert_true(replay.settings.keep == 9 && replay.last.ms == 70 && replay.last.number == 8);
    assert_string_equal(replay.last.epoch, "ab");
    replay_message(&replay, 0, &id, &text, &len);
    assert_true(id.ms == 60 && id.number == 7 && len == 3 && memcmp(text, "a\0b", 3) == 0);
    assert_string_equal(id.epoch, "ab");
    replay_message(&replay, 1, &id, &text, &len);
    assert_true(id.number == 8 && len == 0);
    EXPECT_UNEXPECTED(&call, NIL, LIST(HEAD(0), TEXT("1")), LIST(HEAD(0), NIL, NIL, NIL),
                      LIST(NUMBER(1)));
}

static void what_becomes_of_a_message(void **state)
{
    struct published published = {0};

    (void)state;
    channel_publish_call(&call, "news", "x", 1, &published);
    assert_int_equal(decode(&call, LIST(NUMBER(3), TEXT("ab-1-2"))), STATUS_OK);
    assert_true(published.receivers == 3);
    assert_string_equal(published.id, "ab-1-2");
    assert_int_equal(decode(&call, NUMBER(1)), STATUS_OK);
    assert_string_equal(published.id, "");
    EXPECT_UNEXPECTED(
        &call, LIST(NUMBER(3), NIL), LIST(TEXT("3"), TEXT("ab-1-2")),
        LIST(NUMBER(3), TEXT("a-long-id-a-long-id-a-long-id-a-long-id-a-long-id-a-long-id")));
}

static void one_slot(void **state)
{
    struct published published;

    (void)state;
    keys_use_tags(true);
    channel_publish_call(&call, "foo", "x", 1, &published);
    expect_call(&call, &script_publish, 3, "restmq:log:{foo}:keep", "restmq:log:{foo}",
                "restmq:{foo}:never", "foo", "x", "{foo}:restmq:log", "");
    assert_int_equal(call_slot(&call), slot_of_key("foo", 3));
    keys_use_tags(false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_that_are_read),
        cmocka_unit_test(what_is_no_id),
        cmocka_unit_test(calls),
        cmocka_unit_test(a_channel_of_a_queue_remembers_nothing),
        cmocka_unit_test(settings_that_are_answered),
        cmocka_unit_test(messages_that_are_read),
        cmocka_unit_test(what_becomes_of_a_message),
        cmocka_unit_test(one_slot),
    };

    return cmocka_run_group_tests(tests, NULL, clear);
}
