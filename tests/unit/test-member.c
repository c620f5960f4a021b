/* test-member.c - the members of a JSON object, read strictly.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <json-c/json.h>

#include "base/json.h"
#include "protocol/member.h"

static struct json_object *object;
static struct reason reason;

static int open_object(void **state)
{
    static const char text[] =
        "{\"text\":\"a\\u0000b\",\"empty\":\"\",\"null\":null,\"true\":true,\"object\":{\"a\":1},"
        "\"zero\":0,\"five\":5,\"negative\":-5,\"float\":5.0,\"exponent\":5e0,"
        "\"huge\":99999999999999999999,"
        "\"digits\":\"5\",\"leading\":\"05\",\"space\":\" 5\",\"nul\":\"5\\u0000\","
        "\"list\":[\"a\",\"\"],\"none\":[],\"three\":[\"a\",\"b\",\"c\"],\"mixed\":[\"a\",1],"
        "\"nulls\":[null],\"lists\":[[\"a\"]]}";

    (void)state;
    return json_parse(text, strlen(text), &object, &reason) == STATUS_OK ? 0 : -1;
}

static int close_object(void **state)
{
    (void)state;
    json_object_put(object);
    return 0;
}

static void is_given(void **state)
{
    (void)state;
    assert_true(member_is_given(object, "text"));
    assert_true(member_is_given(object, "null"));
    assert_false(member_is_given(object, "tex"));
    assert_false(member_is_given(object, ""));
}

static void texts(void **state)
{
    static const char *const no_strings[] = {"null", "true", "object", "five", "list"};
    const char *text = NULL;
    size_t len = 99;

    (void)state;
    assert_int_equal(member_text(object, "text", &text, &len, &reason), STATUS_OK);
    assert_int_equal(len, 3);
    assert_memory_equal(text, "a\0b", 4);
    assert_int_equal(member_text(object, "empty", &text, &len, &reason), STATUS_OK);
    assert_int_equal(len, 0);
    assert_string_equal(text, "");
    assert_int_equal(member_text(object, "nope", &text, &len, &reason), STATUS_BAD_REQUEST);
    assert_string_equal(reason.text, "missing member \"nope\"");
    for (size_t i = 0; i < COUNT(no_strings); i++) {
        if (member_text(object, no_strings[i], &text, &len, &reason) != STATUS_BAD_VALUE)
            fail_msg("%s", no_strings[i]);
        assert_non_null(strstr(reason.text, " must be a string"));
    }
}

static const struct {
    const char *name;
    long long low, high;
    long long number; /* -9: refused; the fallback is -1 */
} numbers[] = {
    {"five",     1, 10, 5 },
    {"five",     5, 5,  5 },
    {"five",     6, 10, -9},
    {"five",     0, 4,  -9},
    {"zero",     0, 10, 0 },
    {"zero",     1, 10, -9},
    {"digits",   1, 10, 5 },
    {"nope",     1, 10, -1},
    {"negative", 0, 10, -9},
    {"float",    0, 10, -9},
    {"exponent", 0, 10, -9},
    {"huge",     0, 10, -9},
    {"leading",  0, 10, -9},
    {"space",    0, 10, -9},
    {"nul",      0, 10, -9},
    {"text",     0, 10, -9},
    {"empty",    0, 10, -9},
    {"null",     0, 10, -9},
    {"true",     0, 10, -9},
    {"object",   0, 10, -9},
    {"list",     0, 10, -9},
};

static void whole_numbers(void **state)
{
    long long number;

    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        enum status status = member_number(object, numbers[i].name, numbers[i].low, numbers[i].high,
                                           -1, &number, &reason);

        if (status != (numbers[i].number == -9 ? STATUS_BAD_VALUE : STATUS_OK) ||
            (status == STATUS_OK && number != numbers[i].number))
            fail_msg("%s from %lld to %lld", numbers[i].name, numbers[i].low, numbers[i].high);
    }
    assert_string_equal(reason.text, "list must be a whole number from 0 to 10");
    assert_int_equal(member_number(object, "list", 1, 1, -1, &number, &reason), STATUS_BAD_VALUE);
    assert_string_equal(reason.text, "list must be 1");
}

static void arrays(void **state)
{
    static const char *const bad[] = {"none", "three",  "mixed", "nulls", "lists",
                                      "text", "object", "null",  "five"};
    struct json_object *array = NULL;

    (void)state;
    assert_int_equal(member_array(object, "list", 2, &array, &reason), STATUS_OK);
    assert_int_equal(json_object_array_length(array), 2);
    assert_int_equal(member_array(object, "three", 3, &array, &reason), STATUS_OK);
    assert_int_equal(member_array(object, "nope", 3, &array, &reason), STATUS_BAD_REQUEST);
    assert_string_equal(reason.text, "missing member \"nope\"");
    for (size_t i = 0; i < COUNT(bad); i++)
        if (member_array(object, bad[i], 2, &array, &reason) != STATUS_BAD_VALUE)
            fail_msg("%s", bad[i]);
    assert_string_equal(reason.text, "five must be an array of 1 to 2 strings");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_given),
        cmocka_unit_test(texts),
        cmocka_unit_test(whole_numbers),
        cmocka_unit_test(arrays),
    };

    return cmocka_run_group_tests(tests, open_object, close_object);
}
