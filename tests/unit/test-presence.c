/* test-presence.c - who is connected: what is said to Redis, and what its answers mean.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include <json-c/json.h>

#include "base/clock.h"
#include "base/json.h"
#include "broker/catalog.h"
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

#define PRESENCE_KEYS(topic, helper) "restmq:presence:{" topic, "restmq:presence:{" topic ":" helper

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
    expect_call(&call, &script_join, 3, PRESENCE_KEYS("a/b}", "0f"), "restmq:unused", "c1",
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
    enum { AT_ROW = 3 + 3 + 1 }; /* in argv */

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
    expect_call(&call, &script_leave, 2, PRESENCE_KEYS("foo}.dead", "0f"), "c1", "foo.dead", "0f",
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
    presence_beat_call(&call, "0f", true);
    expect_call(&call, &script_beat, 1, "restmq:helpers", "0f", "20000", "1", "");
    presence_beat_call(&call, "0f", false);
    expect_call(&call, &script_beat, 1, "restmq:helpers", "0f", "20000", "0", "");
    assert_int_equal(decode(&call, NUMBER(1)), STATUS_OK);
    assert_int_equal(decode(&call, NUMBER(0)), STATUS_NOT_FOUND);
    EXPECT_UNEXPECTED(&call, NIL, TEXT("1"), SIMPLE("OK"));
}

static void muster(void **state)
{
    struct presence_muster muster;

    (void)state;
    presence_muster_call(&call, 1795359640310, &muster);
    expect_call(&call, &script_muster, 1, "restmq:helpers", "20000", "1795359640310", "");
    assert_int_equal(decode(&call, LIST(NUMBER(1795359640400), NUMBER(3), NUMBER(2))), STATUS_OK);
    assert_int_equal(muster.now, 1795359640400);
    assert_int_equal(muster.alive, 3);
    assert_int_equal(muster.heard, 2);
    EXPECT_UNEXPECTED(&call, NIL, NUMBER(1), LIST(NUMBER(1), NUMBER(2)));
}

/* The words of a plain command. */
static void expect_command(const char *text)
{
    struct buffer words = {0};
    int count = call_resolve(&call, false);

    assert_null(call.script);
    for (int i = 0; i < count; i++)
        buffer_addf(&words, "%s%.*s", i ? " " : "", (int)call.argv_len[i], call.argv[i]);
    assert_string_equal(words.data, text);
    buffer_clear(&words);
}

static void end(void **state)
{
    (void)state;
    presence_end_call(&call, "0f");
    expect_command("ZADD restmq:helpers 0 0f");
    assert_true(call.changes);
    assert_int_equal(decode(&call, NUMBER(0)), STATUS_OK);
    EXPECT_UNEXPECTED(&call, NIL, TEXT("1"));
}

static const char *const two[] = {"a/b", "c.dead"};

static void a_helper_s_list(void **state)
{
    (void)state;
    presence_enlist_call(&call, "0f", two, 2);
    expect_command("SADD restmq:helper:0f:topics a/b c.dead");
    assert_true(call.changes);
    presence_strike_call(&call, "0f", two, 1);
    expect_command("SREM restmq:helper:0f:topics a/b");
    assert_true(call.changes);
    assert_int_equal(decode(&call, NUMBER(0)), STATUS_OK);
    EXPECT_UNEXPECTED(&call, NIL, TEXT("1"));
}

static void seen(void **state)
{
    (void)state;
    presence_seen_call(&call, two, 2);
    expect_call(&call, &script_seen, 1, "restmq:topics", "30000", "1000", "", "a/b", "c.dead");
    assert_true(call.changes);
    presence_seen_call(&call, NULL, 0);
    expect_call(&call, &script_seen, 1, "restmq:topics", "30000", "1000", "");
    assert_int_equal(decode(&call, NUMBER(0)), STATUS_OK);
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
    static struct catalog catalog;

    (void)state;
    presence_topics_call(&call, "12345", 3, 50, &catalog);
    expect_call(&call, &script_topics, 1, "restmq:topics", "123", "50", "30000", "");
    assert_false(call.changes);
    assert_int_equal(decode(&call, LIST(TEXT("17"), LIST(TEXT("c"), TEXT("a b"), TEXT(""), NIL,
                                                         TEXT("nul\0"), TEXT("a/b")))),
                     STATUS_OK);
    assert_int_equal(catalog.count, 2);
    assert_string_equal(catalog.names[0], "a/b");
    assert_string_equal(catalog.names[1], "c");
    assert_string_equal(catalog.cursor, "17");
    EXPECT_UNEXPECTED(&call, NIL, TEXT("0"), LIST(TEXT("0")), LIST(NUMBER(0), LIST()),
                      LIST(TEXT("0"), NIL));
    catalog_clear(&catalog);
}

static void counts(void **state)
{
    struct tally tally = {0};
    struct presence_count count = {.tally = &tally};
    struct helpers helpers = {.count = 1, .ids = (char[][HELPER_ID]){"1f"}};

    (void)state;
    presence_count_call(&call, "c.dead", &count);
    expect_call(&call, &script_count, 1, "restmq:presence:{c}.dead");
    assert_false(call.changes);
    assert_int_equal(decode(&call, LIST(TEXT("0f"), NUMBER(3), TEXT("1f"), NUMBER(4))), STATUS_OK);
    assert_true(tally_settle(&tally, &helpers));
    assert_int_equal(count.number, 4);
    EXPECT_UNEXPECTED(&call, NIL, TEXT("0"));
    tally_clear(&tally);
}

static void list(void **state)
{
    static const char cursor[] = "7-0f";

    (void)state;
    presence_list_call(&call, "a/b", cursor, sizeof(cursor) - 1, 50, &page);
    expect_call(&call, &script_who, 1, "restmq:presence:{a/b}", "7-0f", "50");
    assert_false(call.changes);
    assert_int_equal(
        decode(&call,
               LIST(TEXT("18446744073709551615-0123456789abcdef0123456789abcdef"), TEXT("0f"),
                    TEXT("{\"id\":\"c1\",\"name\":\"\\\"\",\"since\":5,\"via\":\"sse\"}"),
                    TEXT("1f"),
                    TEXT("{\"id\":\"c2\",\"name\":\"\",\"since\":6,\"via\":\"comet\"}"))),
        STATUS_OK);
    assert_string_equal(items(), "[{\"id\":\"c1\",\"name\":\"\\\"\",\"since\":5,\"via\":\"sse\","
                                 "\"helper\":\"0f\"},{\"id\":\"c2\",\"name\":\"\",\"since\":6,"
                                 "\"via\":\"comet\",\"helper\":\"1f\"}]");
    assert_string_equal(page.cursor, "18446744073709551615-0123456789abcdef0123456789abcdef");
}

/* Rows count whose helper is alive, as was told a moment ago. */
static void the_dead_are_left_out(void **state)
{
    static const char row[] = "{\"id\":\"c1\",\"name\":\"\",\"since\":5,\"via\":\"sse\"}";
    struct helpers helpers = {.count = 1, .ids = (char[][HELPER_ID]){"1f"}};
    const redisReply *reply = LIST(TEXT("0"), TEXT("0f"), TEXT(row), TEXT("1f"), TEXT(row));

    (void)state;
    presence_list_call(&call, "foo", "0", 1, 50, &page);
    assert_int_equal(decode(&call, reply), STATUS_OK);
    assert_true(presence_page_must_ask(&page, &helpers));
    helpers.asked_ms = clock_ms();
    assert_true(presence_page_must_ask(&page, &helpers)); /* 0f may be new */
    assert_true(presence_page_settle(&page, &helpers));
    assert_false(presence_page_must_ask(&page, &helpers));
    assert_false(presence_page_settle(&page, &helpers));
    assert_int_equal(json_object_array_length(page.items), 1);
    helpers.asked_ms -= HELPERS_KEPT_MS + 1;
    assert_true(presence_page_must_ask(&page, &helpers));
    items();
}

static void rows_of_others_are_left_out(void **state)
{
    (void)state;
    presence_list_call(&call, "foo", "0", 1, 50, &page);
    assert_int_equal(
        decode(&call, LIST(TEXT("0"), TEXT("0f"), TEXT("no json"), TEXT("0f"), TEXT("[]"),
                           TEXT("0f"), TEXT("null"), TEXT("0f"), TEXT("{}"), TEXT("0f"),
                           TEXT("{\"id\":1,\"name\":\"\",\"since\":6,\"via\":\"\"}"), TEXT("0f"),
                           TEXT("{\"id\":\"\",\"name\":\"\",\"since\":6,\"x\":\"\"}"), TEXT("0f"),
                           NIL, NIL, TEXT("{}"), TEXT("0f"))),
        STATUS_OK);
    assert_string_equal(items(), "[]");
    EXPECT_UNEXPECTED(&call, NIL, TEXT("0"), LIST(), LIST(NUMBER(0)));
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
        cmocka_unit_test(a_helper_s_list),
        cmocka_unit_test(seen),
        cmocka_unit_test(topics),
        cmocka_unit_test(counts),
        cmocka_unit_test(list),
        cmocka_unit_test(the_dead_are_left_out),
        cmocka_unit_test(rows_of_others_are_left_out),
        cmocka_unit_test(cursors_name_a_helper),
    };

    return cmocka_run_group_tests(tests, NULL, clear);
}
