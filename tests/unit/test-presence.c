/* test-presence.c - who is connected: what is said to Redis, and what its answers mean.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include <json-c/json.h>

#include "base/json.h"
#include "broker/presence.h"

static struct call call;
static struct presence_page page;

static int clear(void **state)
{
    (void)state;
    call_clear(&call);
    return 0;
}

/* --- joining and leaving ------------------------------------------------------------------- */

#define PRESENCE_KEYS(topic, helper)                                                               \
    "restmq:presence:{" topic "}", "restmq:presence:{" topic "}:" helper, "restmq:topics",         \
        "restmq:helper:" helper ":topics", "restmq:helpers"

static struct presence somebody = {
    .topic = "a/b",
    .id = "c1",
    .name = "Ann",
    .via = "sse",
    .helper = "0f",
    .since = 1700000000123,
};

static void join_call(void **state)
{
    (void)state;
    presence_join_call(&call, &somebody);
    expect_call(&call, &script_join, 6, PRESENCE_KEYS("a/b", "0f"), "restmq:unused", "c1",
                "{\"id\":\"c1\",\"name\":\"Ann\",\"since\":1700000000123,\"via\":\"sse\"}", "a/b",
                "0f", "restmq:presence:{a/b}");
    assert_true(call.changes);
    assert_int_equal(decode(&call, NUMBER(1)), STATUS_OK);
    assert_int_equal(decode(&call, NUMBER(0)), STATUS_OK);
    EXPECT_UNEXPECTED(&call, NIL, TEXT("1"), LIST(NUMBER(1)));
}

static const char *const names[] = {
    "",          "\"",
    "\\",        "\"}],{",
    "</script>", "tab\tfeed\nreturn\rbell\aescape\x1b\x7f",
    "%s%n",      "caf\xc3\xa9 \xe2\x80\xa8 \xf0\x9f\x90\x87",
};

/* The announcement is the row with two members before it. */
static void rows_are_json_for_every_name(void **state)
{
    enum { AT_ROW = 3 + 6 + 1 }; /* in argv */

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        struct presence presence = somebody;
        struct reason reason = {0};
        struct json_object *row;

        presence.name = names[i];
        presence_join_call(&call, &presence);
        call_resolve(&call, false);
        if (json_parse(text_of("%.*s", (int)call.argv_len[AT_ROW], call.argv[AT_ROW]),
                       call.argv_len[AT_ROW], &row, &reason) != STATUS_OK)
            fail_msg("%s: %s", names[i], reason.text);
        assert_memory_equal(call.argv[AT_ROW], "{\"id\":", 6);
        assert_string_equal(json_object_get_string(json_object_object_get(row, "name")), names[i]);
        json_object_put(row);
    }
}

static void leave_call(void **state)
{
    (void)state;
    presence_leave_call(&call, &(struct presence){.topic = "foo.dead", .id = "c1", .helper = "0f"});
    expect_call(&call, &script_leave, 5, PRESENCE_KEYS("foo.dead", "0f"), "c1", "foo.dead", "0f",
                "restmq:presence:{foo.dead}");
    assert_int_equal(decode(&call, NUMBER(1)), STATUS_OK);
    EXPECT_UNEXPECTED(&call, NIL, TEXT("1"), LIST(NUMBER(1)));
}

static void the_longest_channel(void **state)
{
    char topic[LIMIT_NAME + 1], channel[PRESENCE_CHANNEL];

    (void)state;
    presence_channel("foo.dead", channel);
    assert_string_equal(channel, "restmq:presence:{foo.dead}");
    memset(topic, 't', LIMIT_NAME);
    topic[LIMIT_NAME] = '\0';
    presence_channel(topic, channel);
    assert_string_equal(channel, text_of("restmq:presence:{%s}", topic));
}

/* --- helpers ------------------------------------------------------------------------------- */

static void beat(void **state)
{
    (void)state;
    presence_beat_call(&call, "0f");
    expect_call(&call, &script_beat, 2, "restmq:helper:0f", "restmq:helpers", "0f", "20000");
    assert_int_equal(decode(&call, NUMBER(1)), STATUS_OK);
    assert_int_equal(decode(&call, NUMBER(0)), STATUS_NOT_FOUND);
    EXPECT_UNEXPECTED(&call, NIL, TEXT("1"), SIMPLE("OK"));
}

static void muster(void **state)
{
    struct presence_muster muster;

    (void)state;
    presence_muster_call(&call, 1795359640310, &muster);
    expect_call(&call, &script_muster, 1, "restmq:helpers", "restmq:helper:", "20000",
                "1795359640310", "");
    assert_int_equal(decode(&call, LIST(NUMBER(1795359640400), NUMBER(3), NUMBER(2))), STATUS_OK);
    assert_int_equal(muster.now, 1795359640400);
    assert_int_equal(muster.alive, 3);
    assert_int_equal(muster.heard, 2);
    EXPECT_UNEXPECTED(&call, NIL, NUMBER(1), LIST(NUMBER(1), NUMBER(2)));
}

static void end(void **state)
{
    (void)state;
    presence_end_call(&call, "0f");
    assert_null(call.script);
    assert_true(call.changes);
    assert_int_equal(call_resolve(&call, false), 2);
    assert_string_equal(call.argv[0], "UNLINK");
    assert_int_equal(call.argv_len[1], strlen("restmq:helper:0f"));
    assert_memory_equal(call.argv[1], "restmq:helper:0f", call.argv_len[1]);
    assert_int_equal(decode(&call, NUMBER(0)), STATUS_OK);
    EXPECT_UNEXPECTED(&call, NIL, TEXT("1"));
}

static void tidy(void **state)
{
    bool more = false;

    (void)state;
    presence_tidy_call(&call, &more);
    expect_call(&call, &script_tidy, 2, "restmq:helpers", "restmq:topics",
                "restmq:helper:", "restmq:presence:{*}", "1000", "restmq:presence:{*}");
    assert_true(call.changes);
    assert_int_equal(decode(&call, NUMBER(1)), STATUS_OK);
    assert_true(more);
    assert_int_equal(decode(&call, NUMBER(0)), STATUS_OK);
    assert_false(more);
    EXPECT_UNEXPECTED(&call, NIL, TEXT("1"));
}

/* --- who is there -------------------------------------------------------------------------- */

/* The items as text, which are released. */
static const char *items(void)
{
    static struct buffer out;

    buffer_reset(&out);
    json_render(page.items, &out);
    page.items = NULL;
    return out.data;
}

static void topics(void **state)
{
    (void)state;
    presence_topics_call(&call, "12345", 3, 50, &page);
    expect_call(&call, &script_topics, 1, "restmq:topics", "123", "50",
                "restmq:helper:", "restmq:presence:{*}");
    assert_false(call.changes);
    assert_int_equal(decode(&call, LIST(TEXT("17"), NUMBER(1), TEXT("a/b"), NUMBER(3), TEXT("c"),
                                        NUMBER(1), TEXT("a/b"), NUMBER(3))),
                     STATUS_OK);
    assert_string_equal(items(), "{\"a/b\":3,\"c\":1}");
    assert_string_equal(page.cursor, "17");
    assert_true(page.has_dead);
    assert_int_equal(decode(&call, LIST(TEXT("0"), NUMBER(0))), STATUS_OK);
    assert_string_equal(items(), "{}");
    assert_string_equal(page.cursor, "0");
    assert_false(page.has_dead);
}

static void topics_of_others_are_left_out(void **state)
{
    (void)state;
    presence_topics_call(&call, "0", 1, 50, &page);
    assert_int_equal(
        decode(&call, LIST(TEXT("0"), NUMBER(0), TEXT("a b"), NUMBER(1), TEXT(""), NUMBER(1), NIL,
                           NUMBER(1), TEXT("nul\0"), NUMBER(1), TEXT("odd"))),
        STATUS_OK);
    assert_string_equal(items(), "{}");
    EXPECT_UNEXPECTED(&call, NIL, TEXT("0"), LIST(TEXT("0")), LIST(NUMBER(0), NUMBER(0)),
                      LIST(NIL, NUMBER(0)));
}

static void list(void **state)
{
    static const char cursor[] = "7-0f";

    (void)state;
    presence_list_call(&call, "a/b", cursor, sizeof(cursor) - 1, 50, &page);
    expect_call(&call, &script_who, 1, "restmq:presence:{a/b}", "7-0f", "50", "restmq:helper:");
    assert_false(call.changes);
    assert_int_equal(
        decode(&call, LIST(TEXT("18446744073709551615-0123456789abcdef0123456789abcdef"), NUMBER(1),
                           TEXT("0f"),
                           TEXT("{\"id\":\"c1\",\"name\":\"\\\"\",\"since\":5,\"via\":\"sse\"}"),
                           TEXT("1f"),
                           TEXT("{\"id\":\"c2\",\"name\":\"\",\"since\":6,\"via\":\"comet\"}"))),
        STATUS_OK);
    assert_string_equal(items(), "[{\"id\":\"c1\",\"name\":\"\\\"\",\"since\":5,\"via\":\"sse\","
                                 "\"helper\":\"0f\"},{\"id\":\"c2\",\"name\":\"\",\"since\":6,"
                                 "\"via\":\"comet\",\"helper\":\"1f\"}]");
    assert_string_equal(page.cursor, "18446744073709551615-0123456789abcdef0123456789abcdef");
    assert_true(page.has_dead);
}

static void rows_of_others_are_left_out(void **state)
{
    (void)state;
    presence_list_call(&call, "foo", "0", 1, 50, &page);
    assert_int_equal(
        decode(&call, LIST(TEXT("0"), NUMBER(0), TEXT("0f"), TEXT("no json"), TEXT("0f"),
                           TEXT("[]"), TEXT("0f"), TEXT("null"), TEXT("0f"), TEXT("{}"), TEXT("0f"),
                           TEXT("{\"id\":1,\"name\":\"\",\"since\":6,\"via\":\"\"}"), TEXT("0f"),
                           TEXT("{\"id\":\"\",\"name\":\"\",\"since\":6,\"x\":\"\"}"), TEXT("0f"),
                           NIL, NIL, TEXT("{}"), TEXT("0f"))),
        STATUS_OK);
    assert_string_equal(items(), "[]");
    EXPECT_UNEXPECTED(&call, NIL, TEXT("0"), LIST(), LIST(TEXT("0")), LIST(NUMBER(0), NUMBER(0)));
}

static const struct {
    const char *cursor;
    bool is_valid;
} cursors[] = {
    {"0",                                                      true },
    {"0-0",                                                    true },
    {"17-0f",                                                  true },
    {"18446744073709551615-0123456789abcdef0123456789abcdef",  true },
    {"18446744073709551616-0f",                                false},
    {"18446744073709551615-0123456789abcdef0123456789abcdef0", false},
    {"",                                                       false},
    {"1",                                                      false},
    {"17",                                                     false},
    {"-",                                                      false},
    {"-0f",                                                    false},
    {"17-",                                                    false},
    {"17-0F",                                                  false},
    {"17-0f ",                                                 false},
    {"17-0f-0f",                                               false},
    {" 17-0f",                                                 false},
    {"x-0f",                                                   false},
};

static void cursors_name_a_helper(void **state)
{
    char *wall = wall_new(64);

    (void)state;
    for (size_t i = 0; i < COUNT(cursors); i++) {
        size_t len = strlen(cursors[i].cursor);

        if (presence_cursor_is_valid(wall_put(wall, cursors[i].cursor, len), len) !=
            cursors[i].is_valid)
            fail_msg("%s", cursors[i].cursor);
    }
    assert_false(presence_cursor_is_valid("0\0", 2));
    assert_false(presence_cursor_is_valid("17-0f\0", 6));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(join_call),
        cmocka_unit_test(rows_are_json_for_every_name),
        cmocka_unit_test(leave_call),
        cmocka_unit_test(the_longest_channel),
        cmocka_unit_test(beat),
        cmocka_unit_test(muster),
        cmocka_unit_test(end),
        cmocka_unit_test(tidy),
        cmocka_unit_test(topics),
        cmocka_unit_test(topics_of_others_are_left_out),
        cmocka_unit_test(list),
        cmocka_unit_test(rows_of_others_are_left_out),
        cmocka_unit_test(cursors_name_a_helper),
    };

    return cmocka_run_group_tests(tests, NULL, clear);
}
