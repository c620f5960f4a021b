/* test-json.c - JSON as RFC 8259 has it, and nothing json-c takes besides.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <json-c/json.h>

#include "base/json.h"
#include "base/limits.h"

static char *wall;

static int open_wall(void **state)
{
    (void)state;
    wall = wall_new(65536);
    return 0;
}

/* Parses a copy that is followed by its NUL and then by the wall. */
static enum status parse(const char *text, size_t len, struct json_object **value)
{
    struct reason reason = {0};
    char *copy = wall_put(wall - 1, text, len);
    enum status status;

    copy[len] = '\0';
    *value = NULL;
    status = json_parse(copy, len, value, &reason);
    assert_true(status == STATUS_OK || *reason.text);
    return status;
}

/* What comes back as compact JSON; NULL: the same text. */
static const struct {
    const char *text, *rendered;
} good[] = {
    {"{}",                                  NULL                       },
    {"[]",                                  NULL                       },
    {"null",                                NULL                       },
    {"true",                                NULL                       },
    {"false",                               NULL                       },
    {"0",                                   NULL                       },
    {"-0.5",                                NULL                       },
    {"1.5e+3",                              NULL                       },
    {"9223372036854775807",                 NULL                       },
    {"\"\"",                                NULL                       },
    {" \t\r\n[ 1 ,\n2 ] \n",                "[1,2]"                    },
    {"{\"a\":{\"b\":[1,\"c\",null]}}",      NULL                       },
    {"\"/\\/\"",                            "\"//\""                   },
    {"\"\\\"\\\\\\b\\f\\n\\r\\t\"",         NULL                       },
    {"\"\\u0041\\u00e4\\u20AC\"",           "\"A\xc3\xa4\xe2\x82\xac\""},
    {"\"\\uD83D\\uDE00\"",                  "\"\xf0\x9f\x98\x80\""     },
    {"\"\xf0\x9f\x98\x80\"",                NULL                       },
    {"\"\\u0000x\"",                        NULL                       },
    {"{\"\\\\u0000\":1}",                   NULL                       },
    {"\"\x7f\"",                            NULL                       },
    {"\"{'NaN' // /* */}\"",                NULL                       },
    {"{\"a\":{\"b\":1},\"b\":[{\"a\":1}]}", NULL                       },
    {"{\"a\":\":\",\"b\":\"{\\\"a\\\":\"}", NULL                       },
    {"[{\"a\":1},{\"a\":1}]",               NULL                       },
};

static void good_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct json_object *value;
        struct buffer out = {0};

        if (parse(good[i].text, strlen(good[i].text), &value) != STATUS_OK)
            fail_msg("refused: %s", good[i].text);
        json_render(value, &out);
        if (strcmp(out.data, good[i].rendered ? good[i].rendered : good[i].text) != 0)
            fail_msg("%s became %s", good[i].text, out.data);
        buffer_clear(&out);
    }
}

static const char *const bad[] = {
    "", " ", "{", "[", "[1", "{\"a\"", "{\"a\":", "{\"a\":1", "\"", "\"a", "}", "]", "[1,]", "[,]",
    "[,1]", "[1 2]", "{\"a\":1,}", "{,}", "{\"a\" 1}", "{a:1}", "{1:1}", "{\"a\":1 \"b\":2}",
    "{\"a\"}", "{:1}", "[1}", "{\"a\":1]",
    /* trailing bytes */
    "{}{}", "{} x", "{},", "{}]", "1 2", "nullx", "null null", "truefalse", "\"a\"\"b\"", "[]\v",
    /* what json-c is too kind to */
    "'a'", "{'a':1}", "/**/{}", "{}/**/", "// x\n{}", "NaN", "nan", "Infinity", "-Infinity",
    "[NaN]", "True", "TRUE", "NULL", "Null", "nul", "tru", "t", "0x10", "1_000",
    /* numbers */
    "01", "-01", "00", "-00", "[00.1]", "1.", "[1.]", "-1.", ".5", "-.5", "1.e1", "+1", "-", "[-]",
    "--1", "1e", "1e+", "[1e]", "1-1", "1.1.1", "1e1e1", "1e1.5", "1e+-1", "-e1",
    /* a member twice */
    "{\"a\":1,\"a\":1}", "{\"a\":1,\"b\":[],\"\\u0061\":2}", "{\"\":1,\"\":2}",
    "[{\"a\":1,\"a\":1}]", "{\"b\":{\"a\":1,\"a\":2}}", "{\"b\":[[{},{\"a\":1,\"a\":2}]]}",
    /* marks and spaces */
    "\xef\xbb\xbf{}", "\f{}", "\v{}",
    /* strings */
    "\"a\nb\"", "\"a\tb\"", "\"\x1f\"", "\"\x01\"", "\"\\x41\"", "\"\\'\"", "\"\\a\"", "\"\\",
    "\"\\\"", "\"\\u\"", "\"\\u00\"", "\"\\u004\"", "\"\\u00g1\"", "\"\\u+041\"", "\"\\u 041\"",
    "\"\\U0041\"", "\"\\ud83d\"", "\"\\ude00\"", "\"\\ud83dx\"", "\"\\ud83d\\n\"",
    "\"\\ud83d\\u0041\"", "\"\\ud83d\\ud83d\"", "\"\\ude00\\ud83d\"", "\"\\ud83d\\ude0\"",
    "\"\\udbff\\ue000\"", "{\"\\ud83d\":1}",
    /* no UTF-8 */
    "\"\xff\"", "\"\xc3\"", "\"\xed\xa0\x80\"", "\"\xc0\xaf\"", "\"\xf4\x90\x80\x80\"", "\xc3\xa4"};

static void bad_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct json_object *value;

        if (parse(bad[i], strlen(bad[i]), &value) != STATUS_BAD_REQUEST)
            fail_msg("accepted: %s", bad[i]);
    }
}

static void a_nul_is_no_end(void **state)
{
    struct json_object *value;

    (void)state;
    assert_int_equal(parse("{}\0", 3, &value), STATUS_BAD_REQUEST);
    assert_int_equal(parse("{}\0{}", 5, &value), STATUS_BAD_REQUEST);
    assert_int_equal(parse("\0{}", 3, &value), STATUS_BAD_REQUEST);
    assert_int_equal(parse("\"a\0b\"", 5, &value), STATUS_BAD_REQUEST);
    assert_int_equal(parse("1\0", 2, &value), STATUS_BAD_REQUEST);
}

static void a_string_keeps_its_nul(void **state)
{
    struct json_object *value;

    (void)state;
    assert_int_equal(parse("\"a\\u0000b\"", 10, &value), STATUS_OK);
    assert_int_equal(json_object_get_string_len(value), 3);
    assert_memory_equal(json_object_get_string(value), "a\0b", 3);
    json_object_put(value);
}

static void the_depth_is_limited(void **state)
{
    char text[4 * LIMIT_JSON_DEPTH];
    struct json_object *value;

    (void)state;
    for (int depth = 1; depth <= LIMIT_JSON_DEPTH + 1; depth++) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        if ((parse(text, 2 * (size_t)depth, &value) == STATUS_OK) != (depth <= LIMIT_JSON_DEPTH))
            fail_msg("%d deep", depth);
        json_object_put(value);
    }
}

/* Every beginning of a text is refused without reading on. */
static void beginnings_of_a_text(void **state)
{
    static const char text[] =
        "{\"a\": [\"\\ud83d\\ude00\xe2\x82\xac\", -1.5e+3, true, null], \"\\n\": {\"x\": false}}";
    struct json_object *value;

    (void)state;
    for (size_t len = 0; len < sizeof(text) - 1; len++)
        if (parse(text, len, &value) != STATUS_BAD_REQUEST)
            fail_msg("%zu bytes", len);
    assert_int_equal(parse(text, sizeof(text) - 1, &value), STATUS_OK);
    json_object_put(value);
}

/* --- out ----------------------------------------------------------------------------------- */

/* The bytes that json-c itself prints; releases the value. */
static void assert_printed_alike(struct json_object *value)
{
    struct buffer out = {0};
    size_t len;
    const char *text = json_object_to_json_string_length(
        value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);

    json_render(json_object_get(value), &out);
    assert_int_equal(out.len, len);
    assert_memory_equal(out.data, text, len);
    if (json_object_is_type(value, json_type_string))
        assert_int_equal(json_string_len(json_object_get_string(value),
                                         (size_t)json_object_get_string_len(value)),
                         len);
    json_object_put(value);
    buffer_clear(&out);
}

static void every_byte_is_written_as_json_c_does(void **state)
{
    char text[3] = "a?b";

    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        text[1] = (char)byte;
        assert_printed_alike(json_object_new_string_len(text, 3));
    }
    assert_printed_alike(json_object_new_string_len("", 0));
}

/* Longer than the pieces in which room is made, with what is special on both sides of each end. */
static void long_strings_are_written_whole(void **state)
{
    static char text[3 * 4096 + 5];

    (void)state;
    memset(text, 1, sizeof(text));
    assert_printed_alike(json_object_new_string_len(text, sizeof(text)));
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)(i % 7 ? 'x' : '"');
    assert_printed_alike(json_object_new_string_len(text, sizeof(text)));
    memset(text, 'x', sizeof(text));
    assert_printed_alike(json_object_new_string_len(text, sizeof(text)));
}

static const char *const values[] = {"null",
                                     "true",
                                     "false",
                                     "0",
                                     "-1",
                                     "9223372036854775807",
                                     "18446744073709551615",
                                     "1.5",
                                     "1e300",
                                     "-0.0",
                                     "1.0",
                                     "100000000000000000000000",
                                     "0.1",
                                     "{}",
                                     "[]",
                                     "[[],{}]",
                                     "[null]",
                                     "\"\"",
                                     "{\"a\":{\"b\":[1,\"\\u0001\",{\"c\":null}]},\"\\n\":2.50}",
                                     "[1,2,[3,[4,\"\xe2\x82\xac\",\"\\ud83d\\ude00\"]]]",
                                     "\"\\u2028</script>\\u007f\""};

static void values_are_written_as_json_c_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        struct json_object *value;

        assert_int_equal(parse(values[i], strlen(values[i]), &value), STATUS_OK);
        assert_printed_alike(value);
    }
    assert_printed_alike(json_object_new_double_s(0.25, "2.5e-1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_texts),
        cmocka_unit_test(bad_texts),
        cmocka_unit_test(a_nul_is_no_end),
        cmocka_unit_test(a_string_keeps_its_nul),
        cmocka_unit_test(the_depth_is_limited),
        cmocka_unit_test(beginnings_of_a_text),
        cmocka_unit_test(every_byte_is_written_as_json_c_does),
        cmocka_unit_test(long_strings_are_written_whole),
        cmocka_unit_test(values_are_written_as_json_c_does),
    };

    return cmocka_run_group_tests(tests, open_wall, NULL);
}
