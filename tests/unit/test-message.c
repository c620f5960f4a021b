/* test-message.c - messages in JSON, text as it is and bytes as base64.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <json-c/json.h>

#include "base/json.h"
#include "broker/message.h"

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

static void messages_in_json(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        struct message message = {
            .key = "q:1", .key_len = 3, .value = values[i].value, .value_len = values[i].len};
        struct json_object *object = json_object_new_object();
        struct buffer out = {0};

        message_to_json(&message, true, object);
        json_render(object, &out);
        assert_string_equal(out.data, values[i].json);
        buffer_reset(&out);
        message_write(&message, MESSAGE_LEASE | MESSAGE_END, &out);
        assert_string_equal(out.data, values[i].json);
        buffer_clear(&out);
    }
}

static void a_lease_in_json(void **state)
{
    struct message message = {.key = "q:1",
                              .key_len = 3,
                              .value = "\xff",
                              .value_len = 1,
                              .token = "0123456789abcdef0123456789abcdef-1000",
                              .lease_until = 1700000000123,
                              .deliveries = 3};
    struct json_object *object = json_object_new_object();
    struct buffer out = {0};

    (void)state;
    message_to_json(&message, true, object);
    json_render(object, &out);
    assert_string_equal(out.data, "{\"key\":\"q:1\",\"value\":\"/w==\",\"encoding\":\"base64\","
                                  "\"lease\":\"0123456789abcdef0123456789abcdef-1000\","
                                  "\"lease_until\":1700000000123,\"deliveries\":3}");
    buffer_reset(&out);
    json_render(message_object(&message, false), &out);
    assert_string_equal(out.data,
                        "{\"key\":\"q:1\",\"value\":\"/w==\",\"encoding\":\"base64\",\"count\":0}");
    buffer_clear(&out);
}

/* With each choice of parts the same bytes as json-c's own printing. */
static void written_as_printed(void **state)
{
    struct message message = {.key = "q:1",
                              .key_len = 3,
                              .value = "a\x01\x7f/<",
                              .value_len = 5,
                              .count = 7,
                              .token = "0123456789abcdef0123456789abcdef",
                              .lease_until = 1700000000123,
                              .deliveries = 3};

    (void)state;
    for (unsigned parts = 0; parts < 8; parts++) {
        struct json_object *object = json_object_new_object();
        struct buffer out = {0};

        message_to_json(&message, parts & MESSAGE_LEASE, object);
        if (!(parts & MESSAGE_END))
            json_object_object_del(object, "lease_until");
        if (parts & MESSAGE_COUNT)
            json_object_object_add(object, "count", json_object_new_int64(message.count));
        message_write(&message, parts, &out);
        assert_string_equal(out.data,
                            json_object_to_json_string_ext(
                                object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
        json_object_put(object);
        buffer_clear(&out);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_in_json),
        cmocka_unit_test(a_lease_in_json),
        cmocka_unit_test(written_as_printed),
        cmocka_unit_test(how_long_it_becomes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
