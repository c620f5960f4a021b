/* test-text.c - cutting and comparing texts.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/text.h"

#include "tests/unit/unit.h"

static void is(void **state)
{
    (void)state;
    assert_true(text_is("stop", 4, "stop"));
    assert_true(text_is("", 0, ""));
    assert_true(text_is("stopped", 4, "stop"));
    assert_false(text_is("stop", 3, "stop"));
    assert_false(text_is("stop\0x", 6, "stop"));
    assert_false(text_is("Stop", 4, "stop"));
    assert_false(text_is("", 0, "stop"));
}

static void is_listed(void **state)
{
    (void)state;
    assert_true(text_is_listed("a", 1, "a bc"));
    assert_true(text_is_listed("bc", 2, "a bc"));
    assert_false(text_is_listed("b", 1, "a bc"));
    assert_false(text_is_listed("a bc", 4, "a bc"));
    assert_false(text_is_listed("a\0", 2, "a bc"));
    assert_false(text_is_listed("", 0, "a bc"));
    assert_false(text_is_listed("", 0, ""));
    assert_false(text_is_listed("a", 1, ""));
}

static void is_visible(void **state)
{
    (void)state;
    assert_true(text_is_visible("!az09~"));
    assert_false(text_is_visible(""));
    for (int byte = 1; byte < 256; byte++) {
        char text[] = {'a', (char)byte, 'b', '\0'};

        assert_int_equal(text_is_visible(text), byte > 0x20 && byte < 0x7f);
        assert_int_equal(text_is_visible(text + 1), byte > 0x20 && byte < 0x7f);
    }
}

static const struct {
    const char *text;
    bool is_host;
} hosts[] = {
    {"localhost",            true },
    {"LOCALHOST:80",         true },
    {"mq.example.org",       true },
    {"a_b-c~d",              true },
    {"caf%C3%A9",            true },
    {"127.0.0.1:1",          true },
    {"a:",                   true },
    {"[::1]",                true },
    {"[::1]:80",             true },
    {"[fe80::1%25eth-0]:80", true },
    {"",                     false},
    {":80",                  false},
    {"[]",                   false},
    {"[::1",                 false},
    {"::1",                  false},
    {"[::1]80",              false},
    {"[[::1]]",              false},
    {"a]",                   false},
    {"a:x",                  false},
    {"a:80x",                false},
    {"a:80:80",              false},
    {"a:+80",                false},
    {"a:80@b",               false},
    {"a@b",                  false},
    {"a b",                  false},
    {"a,b",                  false},
    {"a/",                   false},
    {"http://a",             false},
    {"a?",                   false},
    {"a#",                   false},
    {"a\tb",                 false},
    {"a\xc3\xa9",            false},
};

static void is_host(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(hosts); i++)
        if (text_is_host(hosts[i].text) != hosts[i].is_host)
            fail_msg("%s", hosts[i].text);
}

static void plural(void **state)
{
    (void)state;
    assert_string_equal(text_plural(0), "s");
    assert_string_equal(text_plural(1), "");
    assert_string_equal(text_plural(2), "s");
}

static const struct {
    const char *text;
    const char *names; /* each with a semicolon behind it */
} lists[] = {
    {"",      ";"     },
    {"a",     "a;"    },
    {"a,bc",  "a;bc;" },
    {",a,,b", ";a;;b;"},
    {"a,",    "a;;"   },
    {",",     ";;"    },
};

static void cuts(void **state)
{
    struct text_list list = {NULL, 0};
    const char *name;
    size_t len;

    (void)state;
    assert_false(text_list_next(&list, &name, &len));
    for (size_t i = 0; i < COUNT(lists); i++) {
        char names[16] = "";

        list = (struct text_list){lists[i].text, strlen(lists[i].text)};
        while (text_list_next(&list, &name, &len)) {
            strncat(names, name, len);
            strcat(names, ";");
        }
        assert_string_equal(names, lists[i].names);
    }
    list = (struct text_list){"a\0b,c", 5};
    assert_true(text_list_next(&list, &name, &len));
    assert_memory_equal(name, "a\0b", 3);
    assert_int_equal(len, 3);
    assert_true(text_list_next(&list, &name, &len));
    assert_int_equal(len, 1);
    assert_false(text_list_next(&list, &name, &len));
}

static void compare(void **state)
{
    const struct {
        const char *name;
        int number;
    } a = {"a", 2}, b = {"b", 1};
    const char *name = "a";

    (void)state;
    assert_int_equal(text_compare(&a, &name), 0);
    assert_true(text_compare(&a, &b) < 0);
    assert_true(text_compare(&b, &name) > 0);
}

static const struct {
    const char *pattern;
    const char *text;
    bool matches;
} matches[] = {
    {"",      "",        true },
    {"",      "a",       false},
    {"a",     "a",       true },
    {"a",     "",        false},
    {"a",     "ab",      false},
    {"ab",    "a",       false},
    {"*",     "",        true },
    {"*",     "abc",     true },
    {"**",    "a",       true },
    {"?",     "a",       true },
    {"?",     "",        false},
    {"??",    "a",       false},
    {"a*",    "a",       true },
    {"a*",    "ba",      false},
    {"*a",    "ba",      true },
    {"*a",    "ab",      false},
    {"a*c",   "abbc",    true },
    {"a*c",   "abcb",    false},
    {"a*b*c", "axbxbxc", true },
    {"a*b*c", "axcxb",   false},
    {"*a?",   "aab",     true },
    {"?*?",   "a",       false},
    {"?*?",   "ab",      true },
    {"a.*",   "a.b",     true },
    {"a.*",   "axb",     false},
    {"[a]",   "a",       false},
    {"*ab",   "aab",     true },
    {"*aab",  "aaaab",   true },
};

static void match(void **state)
{
    char *wall = wall_new(64);

    (void)state;
    for (size_t i = 0; i < COUNT(matches); i++) {
        size_t len = strlen(matches[i].pattern);

        if (text_matches(matches[i].text, wall_put(wall, matches[i].pattern, len), len) !=
            matches[i].matches)
            fail_msg("%s %s", matches[i].pattern, matches[i].text);
    }
}

/* 60 stars that could each take anything: with more than the last of them tried again and again
 * this would not end. */
static void many_stars_take_no_time(void **state)
{
    char text[129], pattern[129];

    (void)state;
    memset(text, 'a', 128);
    text[128] = '\0';
    for (int i = 0; i < 128; i += 2)
        memcpy(pattern + i, "*a", 2);
    pattern[127] = 'b';
    assert_false(text_matches(text, pattern, 128));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is),
        cmocka_unit_test(is_listed),
        cmocka_unit_test(is_visible),
        cmocka_unit_test(is_host),
        cmocka_unit_test(plural),
        cmocka_unit_test(cuts),
        cmocka_unit_test(compare),
        cmocka_unit_test(match),
        cmocka_unit_test(many_stars_take_no_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
