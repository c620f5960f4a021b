/* test-command.c - RestMQ's JSON protocol: text to call, reply to text.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include "broker/command.h"

enum { MAX_MESSAGE = 20 };

static struct command command;
static struct call call;
static struct reason reason;
static struct buffer out;

static int clear(void **state)
{
    (void)state;
    command_clear(&command);
    call_clear(&call);
    buffer_clear(&out);
    return 0;
}

static enum status parse(const char *text)
{
    reason = (struct reason){0};
    return command_parse(&command, text, strlen(text), MAX_MESSAGE, &call, &reason);
}

/* The whole way: text in, what Redis answers, text out. */
static const char *run(const char *text, const redisReply *reply)
{
    enum status status = parse(text);

    if (status == STATUS_OK)
        status = call.decode(reply, call.result, &reason);
    buffer_reset(&out);
    command_render(&command, status, &reason, &out);
    return out.data;
}

/* --- good commands ------------------------------------------------------------------------- */

static void add(void **state)
{
    (void)state;
    assert_string_equal(run("{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"v\"}", NUMBER(7)),
                        "{\"queue\":\"q\",\"value\":\"v\",\"key\":\"q:7\"}");
    expect_call(&call, &script_push, 4, "q:queue", "q:UUID", "queuestat::q", "QUEUESET", "q",
                "q:", "q:PUBSUB", "v", "");
    assert_int_equal(parse("{\"ttl\":60,\"value\":\"\",\"queue\":\"a/b\",\"cmd\":\"add\"}"),
                     STATUS_OK);
    expect_call(&call, &script_push, 4, "a/b:queue", "a/b:UUID", "queuestat::a/b", "QUEUESET",
                "a/b", "a/b:", "a/b:PUBSUB", "", "60");
}

static void add_with_any_bytes(void **state)
{
    (void)state;
    assert_string_equal(
        run("{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"/wA=\",\"encoding\":\"base64\"}",
            NUMBER(1)),
        "{\"queue\":\"q\",\"value\":\"/wA=\",\"key\":\"q:1\"}");
    call_resolve(&call, false);
    assert_int_equal(call.argv_len[10], 2);
    assert_memory_equal(call.argv[10], "\xff\0", 2);
    assert_int_equal(parse("{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"a\\u0000b\"}"), STATUS_OK);
    call_resolve(&call, false);
    assert_int_equal(call.argv_len[10], 3);
    assert_memory_equal(call.argv[10], "a\0b", 3);
}

static void get(void **state)
{
    static const char text[] = "{\"cmd\":\"get\",\"queue\":\"q\"}";

    (void)state;
    assert_string_equal(run(text, LIST(NUMBER(0), TEXT("q:7"), TEXT("v"), NUMBER(2))),
                        "{\"queue\":\"q\",\"key\":\"q:7\",\"value\":\"v\",\"count\":2}");
    expect_call(&call, &script_peek, 1, "q:queue", "q:", "1");
    assert_string_equal(run(text, LIST(NUMBER(0))),
                        "{\"error\":\"empty queue\",\"code\":\"empty\"}");
}

static void take(void **state)
{
    static const char text[] = "{\"cmd\":\"take\",\"queue\":\"q\"}";

    (void)state;
    assert_string_equal(run(text, LIST(NUMBER(0), NUMBER(0), TEXT("q:7"), TEXT("\xff"))),
                        "{\"queue\":\"q\",\"key\":\"q:7\",\"value\":\"/w==\","
                        "\"encoding\":\"base64\"}");
    expect_call(&call, &script_take, 2, "q:queue", "restmq:{q}:trash", "q:", "1", "8388608");
    assert_string_equal(run(text, LIST(NUMBER(0), NUMBER(0))),
                        "{\"error\":\"empty queue\",\"code\":\"empty\"}");
}

static void take_many(void **state)
{
    static const char text[] = "{\"cmd\":\"take\",\"queue\":\"q\",\"count\":2}";

    (void)state;
    assert_string_equal(
        run(text, LIST(NUMBER(0), NUMBER(0), TEXT("q:1"), TEXT("a"), TEXT("q:2"), TEXT("b"))),
        "{\"queue\":\"q\",\"messages\":[{\"key\":\"q:1\",\"value\":\"a\"},"
        "{\"key\":\"q:2\",\"value\":\"b\"}]}");
    expect_call(&call, &script_take, 2, "q:queue", "restmq:{q}:trash", "q:", "2", "8388608");
    assert_string_equal(run(text, LIST(NUMBER(0), NUMBER(0))), "{\"queue\":\"q\",\"messages\":[]}");
    assert_int_equal(parse("{\"cmd\":\"take\",\"queue\":\"q\",\"count\":\"1000\"}"), STATUS_OK);
    expect_call(&call, &script_take, 2, "q:queue", "restmq:{q}:trash", "q:", "1000", "8388608");
}

static void del(void **state)
{
    static const char text[] = "{\"cmd\":\"del\",\"queue\":\"q\",\"key\":\"q:7\"}";

    (void)state;
    assert_string_equal(run(text, NUMBER(1)), "{\"queue\":\"q\",\"deleted\":true,\"key\":\"q:7\"}");
    expect_call(&call, &script_delete, 1, "q:queue", "q:7", "10000");
    assert_string_equal(run(text, NUMBER(0)),
                        "{\"queue\":\"q\",\"deleted\":false,\"key\":\"q:7\"}");
}

static void len(void **state)
{
    (void)state;
    assert_string_equal(
        run("{\"cmd\":\"len\",\"queue\":\"q\"}", LIST(NUMBER(5), TEXT("9"), TEXT("1"), TEXT("1"))),
        "{\"queue\":\"q\",\"len\":5}");
    expect_call(&call, &script_stats, 4, "q:queue", "q:UUID", "queuestat::q", "q:queuepolicy");
}

static void list(void **state)
{
    (void)state;
    assert_string_equal(run("{\"cmd\":\"list\"}", LIST(TEXT("12"), LIST(TEXT("b"), TEXT("a")))),
                        "{\"queues\":[\"a\",\"b\"],\"cursor\":\"12\"}");
    expect_call(&call, &script_queues, 1, "QUEUESET", "0", "1000");
    assert_string_equal(
        run("{\"cmd\":\"list\",\"limit\":5,\"cursor\":\"12\"}", LIST(TEXT("0"), LIST())),
        "{\"queues\":[],\"cursor\":\"0\"}");
    expect_call(&call, &script_queues, 1, "QUEUESET", "12", "5");
}

static void purge(void **state)
{
    static const char text[] = "{\"cmd\":\"purge\",\"queue\":\"q\"}";

    (void)state;
    assert_string_equal(run(text, NUMBER(3)), "{\"queue\":\"q\",\"status\":1,\"purged\":3}");
    assert_true(command_left_trash(&command));
    expect_call(&call, &script_purge, 2, "q:queue", "restmq:{q}:trash", "restmq:{q}:events");
    assert_string_equal(run(text, NUMBER(0)), "{\"queue\":\"q\",\"status\":0,\"purged\":0}");
    assert_false(command_left_trash(&command));
}

static void trash_is_seen_by_take_only(void **state)
{
    (void)state;
    run("{\"cmd\":\"take\",\"queue\":\"q\"}", LIST(NUMBER(1), NUMBER(0)));
    assert_true(command_left_trash(&command));
    run("{\"cmd\":\"len\",\"queue\":\"q\"}", LIST(NUMBER(5), NIL, NIL, NIL));
    assert_false(command_left_trash(&command));
    run("{\"cmd\":\"take\",\"queue\":\"q\"}", LIST(NUMBER(0), NUMBER(0)));
    assert_false(command_left_trash(&command));
}

/* --- refused ------------------------------------------------------------------------------- */

/* No command at all: the one case that HTTP answers with an error status. */
static const char *const no_commands[] = {
    "",
    "x",
    "[]",
    "\"add\"",
    "null",
    "7",
    "{}",
    "{\"queue\":\"q\"}",
    "{\"cmd\":\"\"}",
    "{\"CMD\":\"add\"}",
    "{\"cmd\":\"get\",\"queue\":\"q\"} x",
    "{\"cmd\":\"get\",\"queue\":\"\xff\"}",
    "{\"cmd\":\"get\",\"queue\":\"q\",\"queue\\u0000\":\"p\"}",
    "{\"cmd\\u0000\" :\"get\"}"};

static void texts_that_are_no_command(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(no_commands); i++) {
        if (parse(no_commands[i]) != STATUS_BAD_REQUEST || command.verb)
            fail_msg("%s", no_commands[i]);
        buffer_reset(&out);
        command_render(&command, STATUS_BAD_REQUEST, &reason, &out);
        assert_non_null(strstr(out.data, "\"code\":\"bad_request\""));
    }
}

// clang-format off
static const struct {
    const char *text, *code, *error; /* a part of it */
} bad[] = {
    {"{\"cmd\":\"nope\"}", "bad_request", "null resultset"},
    {"{\"cmd\":\"ADD\"}", "bad_request", "null resultset"},
    {"{\"cmd\":\"add \"}", "bad_request", "null resultset"},
    {"{\"cmd\":\"len\\u0000\",\"queue\":\"q\"}", "bad_request", "null resultset"},
    {"{\"cmd\":7}", "bad_value", "cmd must be a string"},
    {"{\"cmd\":null}", "bad_value", "cmd must be a string"},
    {"{\"cmd\":{\"a\":1}}", "bad_value", "cmd must be a string"},
    {"{\"cmd\":\"get\"}", "bad_request", "missing member \\\"queue\\\""},
    {"{\"cmd\":\"get\",\"queue\":7}", "bad_value", "queue must be a string"},
    {"{\"cmd\":\"get\",\"queue\":null}", "bad_value", "queue must be a string"},
    {"{\"cmd\":\"get\",\"queue\":\"\"}", "bad_name", "empty"},
    {"{\"cmd\":\"get\",\"queue\":\"..\"}", "bad_name", "segment"},
    {"{\"cmd\":\"get\",\"queue\":\"a b\"}", "bad_name", "only"},
    {"{\"cmd\":\"get\",\"queue\":\"q\\u0000\"}", "bad_name", "only"},
    {"{\"cmd\":\"get\",\"queue\":\"QUEUESET\"}", "bad_name", "reserved"},
    {"{\"cmd\":\"get\",\"queue\":\"q\",\"x\":1}", "bad_request", "get has no member \\\"x\\\""},
    {"{\"cmd\":\"get\",\"queue\":\"q\",\"\":1}", "bad_request", "get has no member"},
    {"{\"cmd\":\"get\",\"queue\":\"q\",\"queue \":1}", "bad_request", "get has no member"},
    {"{\"cmd\":\"add\",\"queue\":\"q\"}", "bad_request", "missing member \\\"value\\\""},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":7}", "bad_value", "value must be a string"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":{}}", "bad_value", "value must be a string"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"123456789012345678901\"}", "too_large",
     "at most 20 bytes"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"A\",\"encoding\":\"base64\"}", "bad_value",
     "value is no base64"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"\",\"encoding\":\"hex\"}", "bad_value",
     "encoding must be"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"\",\"encoding\":\"base64\\u0000\"}", "bad_value",
     "encoding must be"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"\",\"encoding\":1}", "bad_value",
     "encoding must"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"\",\"ttl\":0}", "bad_value",
     "ttl must be a whole number from 1 to 315360000"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"\",\"ttl\":315360001}", "bad_value", "ttl must"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"\",\"ttl\":-1}", "bad_value", "ttl must"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"\",\"ttl\":1.5}", "bad_value", "ttl must"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"\",\"ttl\":\"x\"}", "bad_value", "ttl must"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"\",\"ttl\":\"\"}", "bad_value", "ttl must"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"\",\"ttl\":null}", "bad_value", "ttl must"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"\",\"ttl\":true}", "bad_value", "ttl must"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"\",\"ttl\":[1]}", "bad_value", "ttl must"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"\",\"ttl\":99999999999999999999}", "bad_value",
     "ttl must"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"\",\"ttl\":\"5\\u0000\"}", "bad_value",
     "ttl must"},
    {"{\"cmd\":\"take\",\"queue\":\"q\",\"count\":0}", "bad_value", "count must"},
    {"{\"cmd\":\"take\",\"queue\":\"q\",\"count\":1001}", "bad_value", "count must"},
    {"{\"cmd\":\"del\",\"queue\":\"q\"}", "bad_request", "missing member \\\"key\\\""},
    {"{\"cmd\":\"del\",\"queue\":\"q\",\"key\":7}", "bad_value", "key must be a string"},
    {"{\"cmd\":\"del\",\"queue\":\"q\",\"key\":\"p:7\"}", "bad_value", "key must be"},
    {"{\"cmd\":\"del\",\"queue\":\"q\",\"key\":\"q:queue\"}", "bad_value", "key must be"},
    {"{\"cmd\":\"del\",\"queue\":\"q\",\"key\":\"q:7\\u0000\"}", "bad_value", "key must be"},
    {"{\"cmd\":\"list\",\"queue\":\"q\"}", "bad_request", "list has no member"},
    {"{\"cmd\":\"list\",\"limit\":1001}", "bad_value", "limit must"},
    {"{\"cmd\":\"list\",\"cursor\":0}", "bad_value", "cursor must be a string"},
    {"{\"cmd\":\"list\",\"cursor\":\"\"}", "bad_value", "cursor must be what"},
    {"{\"cmd\":\"list\",\"cursor\":\"-1\"}", "bad_value", "cursor must be what"},
};
// clang-format on

static void mistakes_of_an_application(void **state)
{
    char code[64];

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        enum status status = parse(bad[i].text);

        if (status == STATUS_OK || !command.verb)
            fail_msg("%s: %s", bad[i].text, status == STATUS_OK ? "accepted" : "no command");
        buffer_reset(&out);
        command_render(&command, status, &reason, &out);
        snprintf(code, sizeof(code), "\"code\":\"%s\"", bad[i].code);
        if (!strstr(out.data, code) || !strstr(out.data, bad[i].error))
            fail_msg("%s: %s", bad[i].text, out.data);
    }
}

static void a_message_of_the_largest_size(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"12345678901234567890\"}"),
                     STATUS_OK);
    /* what counts is what it decodes to */
    assert_int_equal(parse("{\"cmd\":\"add\",\"queue\":\"q\",\"encoding\":\"base64\","
                           "\"value\":\"MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=\"}"),
                     STATUS_OK);
}

static void errors_of_redis(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"cmd\":\"len\",\"queue\":\"q\"}"), STATUS_OK);
    reason = (struct reason){.text = "gone \"away\"", .outcome_unknown = true};
    command_render(&command, STATUS_UNAVAILABLE, &reason, &out);
    assert_string_equal(out.data, "{\"error\":\"gone \\\"away\\\"\",\"code\":\"unavailable\","
                                  "\"outcome\":\"unknown\"}");
}

static void an_error_without_words_gets_some(void **state)
{
    struct reason none = {0};

    (void)state;
    error_render(STATUS_NOT_ALLOWED, &none, &out);
    assert_string_equal(out.data, "{\"error\":\"method not allowed\",\"code\":\"not_allowed\"}");
}

#define COMMAND_TEST(function) cmocka_unit_test_teardown(function, clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        COMMAND_TEST(add),
        COMMAND_TEST(add_with_any_bytes),
        COMMAND_TEST(get),
        COMMAND_TEST(take),
        COMMAND_TEST(take_many),
        COMMAND_TEST(del),
        COMMAND_TEST(len),
        COMMAND_TEST(list),
        COMMAND_TEST(purge),
        COMMAND_TEST(trash_is_seen_by_take_only),
        COMMAND_TEST(texts_that_are_no_command),
        COMMAND_TEST(mistakes_of_an_application),
        COMMAND_TEST(a_message_of_the_largest_size),
        COMMAND_TEST(errors_of_redis),
        COMMAND_TEST(an_error_without_words_gets_some),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
