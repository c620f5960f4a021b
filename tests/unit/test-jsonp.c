/* test-jsonp.c - JSON as a script that calls a function of the page.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "http/jsonp.h"

static char *wall;

static int open_wall(void **state)
{
    (void)state;
    wall = wall_new(4096);
    return 0;
}

#define TEN "abcdefghij"

static const struct {
    const char *name;
    bool is_callback;
} names[] = {
    {"f",                             true },
    {"$",                             true },
    {"_",                             true },
    {"Z9",                            true },
    {"a.b.c",                         true },
    {"a..b",                          true },
    {"jQuery.cb_17$",                 true },
    {TEN TEN TEN TEN TEN TEN "1234",  true },
    {TEN TEN TEN TEN TEN TEN "12345", false},
    {"",                              false},
    {"9a",                            false},
    {".a",                            false},
    {"a b",                           false},
    {"a(",                            false},
    {"a;b",                           false},
    {"a[0]",                          false},
    {"a-b",                           false},
    {"a\n",                           false},
    {"<script>",                      false},
    {"f\xc3\xa9",                     false},
};

static void names_of_functions(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        size_t len = strlen(names[i].name);

        if (jsonp_is_callback(wall_put(wall, names[i].name, len), len) != names[i].is_callback)
            fail_msg("row %zu: %s", i, names[i].name);
    }
    assert_false(jsonp_is_callback("a\0b", 3));
}

static const struct {
    const char *json, *script;
} rows[] = {
    {"",                             "f();"                            },
    {"{\"a\":[1,null]}",             "f({\"a\":[1,null]});"            },
    {"\"</script>\"",                "f(\"\\u003c/script>\");"         },
    {"\"<!--\"",                     "f(\"\\u003c!--\");"              },
    {"\"a\xe2\x80\xa8z\"",           "f(\"a\\u2028z\");"               },
    {"\"a\xe2\x80\xa9z\"",           "f(\"a\\u2029z\");"               },
    {"\xe2\x80\xa8\xe2\x80\xa9",     "f(\\u2028\\u2029);"              },
    {"\"\xe2\x80\xa7\xe2\x80\xaa\"", "f(\"\xe2\x80\xa7\xe2\x80\xaa\");"},
    {"\xe2\x80",                     "f(\xe2\x80);"                    }, /* not looked at beyond its end */
    {"\xe2",                         "f(\xe2);"                        },
    {"\xe2\x80<",                    "f(\xe2\x80\\u003c);"             },
};

static void json_within_a_script(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buffer out = {0};
        size_t len = strlen(rows[i].json);

        jsonp_call(&out, "f", wall_put(wall, rows[i].json, len), len);
        if (strcmp(out.data, rows[i].script) != 0)
            fail_msg("row %zu: %s", i, out.data);
        buffer_clear(&out);
    }
}

static void it_is_appended_and_may_hold_any_byte(void **state)
{
    struct buffer out = {0};

    (void)state;
    buffer_add_text(&out, "/**/");
    jsonp_call(&out, "a.b", "\"\0\"", 3);
    assert_int_equal(out.len, 13);
    assert_memory_equal(out.data, "/**/a.b(\"\0\");", 13);
    buffer_clear(&out);
}

static void an_answer_in_pieces(void **state)
{
    struct buffer out = {0};

    (void)state;
    jsonp_begin_answer(&out, "a.b");
    jsonp_add(&out, "[\"<", 3);
    jsonp_add(&out, "", 0);
    jsonp_add(&out, "\"]", 2);
    jsonp_end_answer(&out);
    assert_string_equal(out.data, "/**/a.b([\"\\u003c\"]);\r\n");
    buffer_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_functions),
        cmocka_unit_test(json_within_a_script),
        cmocka_unit_test(it_is_appended_and_may_hold_any_byte),
        cmocka_unit_test(an_answer_in_pieces),
    };

    return cmocka_run_group_tests(tests, open_wall, NULL);
}
