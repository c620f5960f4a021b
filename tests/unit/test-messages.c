/* test-messages.c - messages as clients are told them.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <json-c/json.h>

#include "base/base64.h"
#include "base/json.h"
#include "protocol/messages.h"

static const struct {
    const char *value;
    size_t len;
    const char *json;
} values[] = {
    {"",             0, "{\"key\":\"q:1\",\"value\":\"\"}"                            },
    {"hi",           2, "{\"key\":\"q:1\",\"value\":\"hi\"}"                          },
    {"a/\"\\\n",     5, "{\"key\":\"q:1\",\"value\":\"a/\\\"\\\\\\n\"}"               },
    {"a\0b",         3, "{\"key\":\"q:1\",\"value\":\"a\\u0000b\"}"                   },
    {"\xe2\x82\xac", 3, "{\"key\":\"q:1\",\"value\":\"\xe2\x82\xac\"}"                },
    {"\xff",         1, "{\"key\":\"q:1\",\"value\":\"/w==\",\"encoding\":\"base64\"}"},
    {"\xff\0",       2, "{\"key\":\"q:1\",\"value\":\"/wA=\",\"encoding\":\"base64\"}"},
    {"\xe2\x82",     2, "{\"key\":\"q:1\",\"value\":\"4oI=\",\"encoding\":\"base64\"}"},
    {"\0\xff\0",     3, "{\"key\":\"q:1\",\"value\":\"AP8A\",\"encoding\":\"base64\"}"},
};

#define TOKEN "0123456789abcdef0123456789abcdef-1000"

static struct buffer out;
static struct response response;

static int reset(void **state)
{
    (void)state;
    buffer_reset(&out);
    response_reset(&response);
    return 0;
}

static int clear(void **state)
{
    (void)state;
    buffer_clear(&out);
    response_clear(&response);
    return 0;
}

static void values_in_json(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        struct message message = {
            .key = "q:1", .key_len = 3, .value = values[i].value, .value_len = values[i].len};

        buffer_reset(&out);
        message_write(&message, MESSAGE_LEASE | MESSAGE_TOKEN, &out);
        assert_string_equal(out.data, values[i].json);
    }
}

/* A helper holds messages under leases that no client has asked for: these have no end. */
static void what_is_told_beside(void **state)
{
    struct message held = {.key = "q:1",
                           .key_len = 3,
                           .value = "v",
                           .value_len = 1,
                           .count = 7,
                           .token = TOKEN,
                           .deliveries = 3};
    struct message leased = held;

    (void)state;
    leased.lease_until = 1700000000123;
    message_write(&leased, 0, &out);
    message_write(&leased, MESSAGE_COUNT, &out);
    message_write(&leased, MESSAGE_TOKEN, &out);
    message_write(&leased, MESSAGE_LEASE | MESSAGE_COUNT, &out);
    message_write(&held, MESSAGE_LEASE, &out);
    message_write(&held, MESSAGE_TOKEN, &out);
    assert_string_equal(out.data, "{\"key\":\"q:1\",\"value\":\"v\"}"
                                  "{\"key\":\"q:1\",\"value\":\"v\",\"count\":7}"
                                  "{\"key\":\"q:1\",\"value\":\"v\","
                                  "\"lease\":\"" TOKEN "\",\"deliveries\":3}"
                                  "{\"key\":\"q:1\",\"value\":\"v\","
                                  "\"lease\":\"" TOKEN "\",\"lease_until\":1700000000123,"
                                  "\"deliveries\":3,\"count\":7}"
                                  "{\"key\":\"q:1\",\"value\":\"v\"}"
                                  "{\"key\":\"q:1\",\"value\":\"v\","
                                  "\"lease\":\"" TOKEN "\",\"deliveries\":3}");
}

/* The text is JSON that says what was to be told, whatever the bytes. */
static void any_value_comes_back(void **state)
{
    char value[256 + 3];

    (void)state;
    for (size_t i = 0; i < sizeof(value); i++)
        value[i] = (char)i;
    for (size_t from = 0; from < 256; from += 7)
        for (size_t len = 0; len <= 3; len++) {
            struct message message = {
                .key = "q:1", .key_len = 3, .value = value + from, .value_len = len};
            struct json_object *object, *string, *encoding;
            struct reason reason;
            char decoded[8];

            buffer_reset(&out);
            message_write(&message, 0, &out);
            assert_int_equal(json_parse(out.data, out.len, &object, &reason), STATUS_OK);
            assert_true(json_object_object_get_ex(object, "value", &string));
            if (json_object_object_get_ex(object, "encoding", &encoding)) {
                assert_int_equal(base64_decode(json_object_get_string(string),
                                               (size_t)json_object_get_string_len(string), decoded),
                                 len);
                assert_memory_equal(decoded, value + from, len);
            } else {
                assert_int_equal(json_object_get_string_len(string), len);
                assert_memory_equal(json_object_get_string(string), value + from, len);
            }
            json_object_put(object);
        }
}

static void how_long_it_becomes(void **state)
{
    static const struct {
        const char *value;
        size_t len, written;
    } rows[] = {
        {"",                 0, 2 },
        {"plain",            5, 7 },
        {"\1\1\1",           3, 20},
        {"\n\"",             2, 6 },
        {"\xff\xff",         2, 6 },
        {"\xff\xff\xff\xff", 4, 10},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct message message = {.value = rows[i].value, .value_len = rows[i].len};

        if (message_is_longer(&message, rows[i].written) ||
            (rows[i].len && !message_is_longer(&message, rows[i].written - 1)))
            fail_msg("row %zu", i);
    }
}

/* --- answers ------------------------------------------------------------------------------- */

static struct message three[] = {
    {.key = "q:1", .key_len = 3, .value = "one",  .value_len = 3},
    {.key = "q:2", .key_len = 3, .value = "<2>",  .value_len = 3},
    {.key = "q:3", .key_len = 3, .value = "\xff", .value_len = 1},
};
static const struct batch batch = {.messages = three, .count = 3};

static void expect_answer(const char *type, const char *headers, const char *body)
{
    buffer_add_text(&response.headers, "");
    assert_int_equal(response.http_status, 200);
    assert_string_equal(response.type, type);
    assert_string_equal(response.headers.len ? response.headers.data : "", headers);
    assert_int_equal(response.body.len, strlen(body));
    assert_memory_equal(response.body.data, body, response.body.len);
}

#define ONE   "{\"key\":\"q:1\",\"value\":\"one\",\"count\":0}"
#define TWO   "{\"key\":\"q:2\",\"value\":\"<2>\",\"count\":0}"
#define THREE "{\"key\":\"q:3\",\"value\":\"/w==\",\"encoding\":\"base64\",\"count\":0}"

static void one_or_an_array(void **state)
{
    struct wish wish = {.asks = WISH_TAKE, .most = SIZE_MAX};
    struct batch first = {.messages = three, .count = 1};

    (void)state;
    assert_int_equal(messages_answer(&first, &wish, NULL, &response), 1);
    expect_answer(TYPE_JSON, "", ONE "\r\n");
    response_reset(&response);
    wish.asks |= WISH_COUNT;
    assert_int_equal(messages_answer(&first, &wish, NULL, &response), 1);
    expect_answer(TYPE_JSON, "", "[" ONE "]\r\n");
    response_reset(&response);
    assert_int_equal(messages_answer(&batch, &wish, NULL, &response), 3);
    expect_answer(TYPE_JSON, "", "[" ONE "," TWO "," THREE "]\r\n");
}

static void as_a_script(void **state)
{
    struct wish wish = {.asks = WISH_TAKE | WISH_CALLBACK, .most = SIZE_MAX};

    (void)state;
    assert_int_equal(messages_answer(&batch, &wish, "f", &response), 1);
    expect_answer(TYPE_SCRIPT, "", "/**/f(" ONE ");\r\n");
    response_reset(&response);
    wish.asks |= WISH_COUNT;
    assert_int_equal(messages_answer(&batch, &wish, "f", &response), 3);
    expect_answer(TYPE_SCRIPT, "",
                  "/**/f([" ONE ",{\"key\":\"q:2\",\"value\":\"\\u003c2>\",\"count\":0}," THREE
                  "]);\r\n");
}

/* One message is told however long it is, and no other is told in part. */
static void as_many_as_there_is_room_for(void **state)
{
    static const struct {
        size_t most;
        int told;
    } rows[] = {
        {0,                                     1},
        {sizeof("[" ONE) - 1,                   1},
        {sizeof("[" ONE "," TWO) - 2,           1},
        {sizeof("[" ONE "," TWO) - 1,           2},
        {sizeof("[" ONE "," TWO "," THREE) - 2, 2},
        {sizeof("[" ONE "," TWO "," THREE) - 1, 3},
        {SIZE_MAX,                              3},
    };
    static const char *const bodies[] = {"[" ONE "]\r\n", "[" ONE "," TWO "]\r\n",
                                         "[" ONE "," TWO "," THREE "]\r\n"};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wish wish = {.asks = WISH_TAKE | WISH_COUNT, .most = rows[i].most};
        int told;

        response_reset(&response);
        told = messages_answer(&batch, &wish, NULL, &response);
        if (told != rows[i].told)
            fail_msg("row %zu: %d", i, told);
        expect_answer(TYPE_JSON, "", bodies[told - 1]);
    }
}

static void as_they_are(void **state)
{
    struct wish wish = {.asks = WISH_TAKE | WISH_RAW, .most = SIZE_MAX};
    struct message message = {.key = "q:1",
                              .key_len = 3,
                              .value = "a\xff",
                              .value_len = 2,
                              .token = TOKEN,
                              .deliveries = 3};
    struct batch one = {.messages = &message, .count = 1};

    (void)state;
    assert_int_equal(messages_answer(&one, &wish, NULL, &response), 1);
    expect_answer(TYPE_BYTES, "Restmq-Key: q:1\r\n", "a\xff");
    response_reset(&response);
    message.lease_until = 1700000000123;
    assert_int_equal(messages_answer(&one, &wish, NULL, &response), 1);
    expect_answer(TYPE_BYTES,
                  "Restmq-Key: q:1\r\nRestmq-Lease: " TOKEN "\r\n"
                  "Restmq-Lease-Until: 1700000000123\r\nRestmq-Deliveries: 3\r\n",
                  "a\xff");
    response_reset(&response);
    message.key = "q:\r\nX: 1";
    message.key_len = 8;
    message.lease_until = 0;
    message.count = 2;
    message_answer(&message, &wish, &response);
    expect_answer(TYPE_BYTES, "Restmq-Count: 2\r\n", "a\xff");
}

static void looked_at(void **state)
{
    struct wish wish = {.asks = WISH_SOFT, .most = SIZE_MAX};
    struct wish raw = {.asks = WISH_SOFT | WISH_KEY | WISH_RAW, .most = SIZE_MAX};
    struct found found = {.message = three[0], .state = "leased", .until_ms = 1700000000123};

    (void)state;
    found.message.count = 4;
    found.message.deliveries = 2;
    message_answer(&found.message, &wish, &response);
    expect_answer(TYPE_JSON, "", "{\"key\":\"q:1\",\"value\":\"one\",\"count\":4}\r\n");
    response_reset(&response);
    found_answer(&found, &wish, &response);
    expect_answer(TYPE_JSON, "",
                  "{\"key\":\"q:1\",\"value\":\"one\",\"state\":\"leased\","
                  "\"lease_until\":1700000000123,\"deliveries\":2,\"count\":4}\r\n");
    response_reset(&response);
    found_answer(&found, &raw, &response);
    expect_answer(TYPE_BYTES, "Restmq-Key: q:1\r\nRestmq-Count: 4\r\n", "one");
}

static void none_at_all(void **state)
{
    (void)state;
    messages_write(&(struct batch){0}, MESSAGE_LEASE, &out);
    assert_string_equal(out.data, "[]");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, reset, clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(values_in_json),
        TEST(what_is_told_beside),
        TEST(any_value_comes_back),
        TEST(how_long_it_becomes),
        TEST(one_or_an_array),
        TEST(as_a_script),
        TEST(as_many_as_there_is_room_for),
        TEST(as_they_are),
        TEST(looked_at),
        TEST(none_at_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
