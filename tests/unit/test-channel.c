/* test-channel.c - publishing.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include "broker/channel.h"
#include "redis/slot.h"

static struct call call;
static struct published published;

static int clear(void **state)
{
    (void)state;
    call_clear(&call);
    return 0;
}

static void expect_tell(const char *channel, const char *data, size_t len)
{
    assert_null(call.script);
    assert_true(call.changes); /* nobody knows who heard it when the connection breaks */
    assert_int_equal(call_resolve(&call, false), 3);
    assert_string_equal(call.argv[0], "PUBLISH");
    assert_int_equal(call.argv_len[0], 7);
    assert_int_equal(call.argv_len[1], strlen(channel));
    assert_memory_equal(call.argv[1], channel, strlen(channel));
    assert_int_equal(call.argv_len[2], len);
    assert_memory_equal(call.argv[2], data, len);
}

static void publish_call(void **state)
{
    (void)state;
    channel_publish_call(&call, "a/b.dead", "a\0\xff", 3, &published);
    assert_true(call.changes);
    call_resolve(&call, false);
    assert_int_equal(call.argv_len[6], 3);
    assert_memory_equal(call.argv[6], "a\0\xff", 3);
    channel_publish_call(&call, "a/b.dead", "x", 1, &published);
    expect_call(&call, &script_publish, 2, "restmq:log:{a/b.dead}:keep", "restmq:log:{a/b.dead}",
                "a/b.dead", "x", "restmq:log:{a/b.dead}", "");
    channel_publish_call(&call, "chan", NULL, 0, &published);
    expect_call(&call, &script_publish, 2, "restmq:log:{chan}:keep", "restmq:log:{chan}", "chan",
                "", "restmq:log:{chan}", "");
    channel_publish_call(&call, "foo:PUBSUB", "x", 1, &published);
    expect_tell("foo:PUBSUB", "x", 1);
    channel_tell_call(&call, "restmq:helpers", "call", 4, &published);
    expect_tell("restmq:helpers", "call", 4);
}

static void expect_names(const char *channel, const char *in_redis, bool has_keys)
{
    char name[KEY_SIZE];

    channel_write(name, channel);
    assert_string_equal(name, in_redis);
    assert_int_equal(channel_has_keys(name), has_keys);
}

static void names_with_hash_tags(void **state)
{
    (void)state;
    expect_names("foo:PUBSUB", "foo:PUBSUB", false);
    keys_use_tags(true);
    expect_names("foo:PUBSUB", "{foo}:PUBSUB", true);
    expect_names("foo.dead:PUBSUB", "{foo}.dead:PUBSUB", true);
    expect_names("foo", "foo", false);
    expect_names("foo:PUBSUBS", "foo:PUBSUBS", false);
    expect_names(":PUBSUB", ":PUBSUB", false);
    channel_publish_call(&call, "a:PUBSUB", "x", 1, &published);
    assert_int_equal(call_resolve(&call, false), 3);
    assert_string_equal(call.argv[0], "SPUBLISH");
    assert_memory_equal(call.argv[1], "{a}:PUBSUB", 10);
    assert_int_equal(call_slot(&call), slot_of_key("a", 1));
    channel_tell_call(&call, "chan", "x", 1, &published);
    expect_tell("chan", "x", 1);
    assert_int_equal(call_slot(&call), -1);
    keys_use_tags(false);
}

static void a_script_call_after_it_is_its_own(void **state)
{
    (void)state;
    channel_publish_call(&call, "chan", "x", 1, &published);
    call_begin(&call, (struct owner){0}, &script_stats, NULL, NULL);
    assert_false(call.changes);
}

static void publish_result(void **state)
{
    (void)state;
    channel_publish_call(&call, "chan", "x", 1, &published);
    assert_int_equal(decode(&call, NUMBER(12)), STATUS_OK);
    assert_int_equal(published.receivers, 12);
    EXPECT_UNEXPECTED(&call, NIL, TEXT("12"), SIMPLE("OK"), LIST(NUMBER(1)));
    assert_int_equal(published.receivers, 12);
}

/* Redis is not asked again so soon, by this process. */
static void channels_that_keep_nothing(void **state)
{
    (void)state;
    channel_publish_call(&call, "plain", "x", 1, &published);
    assert_ptr_equal(call.script, &script_publish);
    EXPECT_UNEXPECTED(&call, NIL);
    channel_publish_call(&call, "plain", "x", 1, &published);
    assert_ptr_equal(call.script, &script_publish);
    assert_int_equal(decode(&call, NUMBER(12)), STATUS_OK);
    channel_publish_call(&call, "plain", "x", 1, &published);
    expect_tell("plain", "x", 1);
    assert_int_equal(decode(&call, NUMBER(3)), STATUS_OK);
    assert_int_equal(published.receivers, 3);
    channel_publish_call(&call, "other", "x", 1, &published);
    assert_ptr_equal(call.script, &script_publish);
    channel_may_keep("plain");
    channel_publish_call(&call, "plain", "x", 1, &published);
    assert_ptr_equal(call.script, &script_publish);
}

static void channels_that_keep(void **state)
{
    (void)state;
    channel_publish_call(&call, "kept", "x", 1, &published);
    assert_int_equal(decode(&call, LIST(NUMBER(12), TEXT("1-2-3"))), STATUS_OK);
    assert_string_equal(published.id, "1-2-3");
    channel_publish_call(&call, "kept", "x", 1, &published);
    assert_ptr_equal(call.script, &script_publish);
}

static void names_of_channels(void **state)
{
    static const char *const good[] = {"news", "_", "_key", "a__key", "foo:PUBSUB"};
    static const char *const bad[] = {
        "", "a b", "restmq:a", "__", "__sentinel__:hello", "__keyevent@0__:set"};
    struct reason reason = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        if (channel_name_check(good[i], strlen(good[i]), &reason) != STATUS_OK)
            fail_msg("%s: %s", good[i], reason.text);
    for (size_t i = 0; i < COUNT(bad); i++)
        if (channel_name_check(bad[i], strlen(bad[i]), &reason) != STATUS_BAD_NAME)
            fail_msg("%s", bad[i]);
    assert_string_equal(reason.text, "channels that begin with __ are Redis's own");
}

static void the_size_of_a_message(void **state)
{
    struct reason reason = {0};

    (void)state;
    assert_int_equal(channel_publish_check(0, 10, &reason), STATUS_OK);
    assert_int_equal(channel_publish_check(10, 10, &reason), STATUS_OK);
    assert_int_equal(channel_publish_check(11, 10, &reason), STATUS_TOO_LARGE);
    assert_string_equal(reason.text, "a message has at most 10 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(publish_call),
        cmocka_unit_test(names_with_hash_tags),
        cmocka_unit_test(a_script_call_after_it_is_its_own),
        cmocka_unit_test(publish_result),
        cmocka_unit_test(channels_that_keep_nothing),
        cmocka_unit_test(channels_that_keep),
        cmocka_unit_test(names_of_channels),
        cmocka_unit_test(the_size_of_a_message),
    };

    return cmocka_run_group_tests(tests, NULL, clear);
}
