/* test-form.c - names and values from a query string or a form body.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "base/buffer.h"
#include "http/form.h"

static char *wall;
static struct form form;

static int open_wall(void **state)
{
    (void)state;
    wall = wall_new(65536);
    return 0;
}

/* Parses a copy with one byte of room behind it, which is not a NUL yet. */
static enum status parse(const char *text, size_t len)
{
    struct reason reason;
    char *copy = wall_put(wall - 1, text, len);

    copy[len] = 'x';
    form.count = 0;
    return form_parse(&form, copy, len, &reason);
}

/* The fields as "<name=value>", those without '=' as "<name>". */
static const char *dump(void)
{
    static struct buffer out;

    buffer_reset(&out);
    for (int i = 0; i < form.count; i++) {
        const struct field *field = &form.fields[i];

        buffer_add_text(&out, "<");
        buffer_add(&out, field->name, field->name_len);
        buffer_add_text(&out, field->has_value ? "=" : "");
        buffer_add(&out, field->value, field->value_len);
        buffer_add_text(&out, ">");
        assert_int_equal(field->name[field->name_len], '\0');
        assert_int_equal(field->value[field->value_len], '\0');
    }
    buffer_add_text(&out, "");
    return out.data ? out.data : "";
}

static const struct {
    const char *text, *fields; /* NULL: refused */
} rows[] = {
    {"",                   ""                    },
    {"a=1",                "<a=1>"               },
    {"a=1&b=2",            "<a=1><b=2>"          },
    {"a=1&a=2",            "<a=1><a=2>"          },
    {"a",                  "<a>"                 },
    {"a&b=",               "<a><b=>"             },
    {"=",                  "<=>"                 },
    {"=v",                 "<=v>"                },
    {"a==b=c",             "<a==b=c>"            },
    {"&",                  ""                    },
    {"&&a=1&&&b=2&&",      "<a=1><b=2>"          },
    {"a=1;b=2",            "<a=1;b=2>"           },
    {"a=x+y",              "<a=x y>"             },
    {"a+b=1",              "<a b=1>"             },
    {"a=x%2By%20z",        "<a=x+y z>"           },
    {"a%3Db=%26%3d",       "<a=b=&=>"            },
    {"a=%zz",              NULL                  },
    {"a=%",                NULL                  },
    {"a=%4",               NULL                  },
    {"a=1&b=%4",           NULL                  },
    {"%g0=1",              NULL                  },
    {"%4&1=1",             NULL                  }, /* an escape does not reach beyond its field */
    {"a%4=1",              NULL                  },
    {"{\"json\":\"x=y\"}", "<{\"json\":\"x=y\"}>"},
};

static void cuts_and_decodes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        enum status status = parse(rows[i].text, strlen(rows[i].text));

        if (status != (rows[i].fields ? STATUS_OK : STATUS_BAD_REQUEST))
            fail_msg("\"%s\": status %s", rows[i].text, status_code(status));
        if (rows[i].fields && strcmp(dump(), rows[i].fields) != 0)
            fail_msg("\"%s\": %s", rows[i].text, dump());
    }
}

static void any_bytes_are_kept(void **state)
{
    static const char text[] = "n%00m=\0\xff%00%ff+";

    (void)state;
    assert_int_equal(parse(text, sizeof(text) - 1), STATUS_OK);
    assert_int_equal(form.count, 1);
    assert_int_equal(form.fields[0].name_len, 3);
    assert_memory_equal(form.fields[0].name, "n\0m", 4);
    assert_int_equal(form.fields[0].value_len, 5);
    assert_memory_equal(form.fields[0].value, "\0\xff\0\xff ", 6);
    assert_null(form_find(&form, "n"));
}

static void the_last_of_a_name_wins(void **state)
{
    (void)state;
    assert_int_equal(parse("a=1&b=2&a=3&ab=4", 16), STATUS_OK);
    assert_string_equal(form_find(&form, "a")->value, "3");
    assert_string_equal(form_find(&form, "b")->value, "2");
    assert_null(form_find(&form, "c"));
    assert_null(form_find(&form, ""));
}

static void a_second_text_is_appended(void **state)
{
    char query[] = "a=1", body[] = "a=2";
    struct reason reason;

    (void)state;
    form.count = 0;
    assert_int_equal(form_parse(&form, query, 3, &reason), STATUS_OK);
    assert_int_equal(form_parse(&form, body, 3, &reason), STATUS_OK);
    assert_string_equal(dump(), "<a=1><a=2>");
}

static void fields_are_limited(void **state)
{
    struct buffer text = {0};

    (void)state;
    for (int i = 0; i < LIMIT_FIELDS; i++)
        buffer_add_text(&text, "a&");
    assert_int_equal(parse(text.data, text.len), STATUS_OK);
    assert_int_equal(form.count, LIMIT_FIELDS);
    buffer_add_text(&text, "a");
    assert_int_equal(parse(text.data, text.len), STATUS_BAD_REQUEST);
    assert_int_equal(form.count, LIMIT_FIELDS);
    buffer_clear(&text);
}

static const struct {
    const char *text;
    bool is_good;
    long long number;
} number_rows[] = {
    {"",                       true,  64  }, /* not given */
    {"m=1",                    true,  64  },
    {"nn=1",                   true,  64  },
    {"n=1",                    true,  1   },
    {"n=1000",                 true,  1000},
    {"n=007",                  false, 64  },
    {"n=%31%30",               true,  10  },
    {"n=2&n=3",                true,  3   },
    {"n=x&n=3",                true,  3   },
    {"n=3&n=x",                false, 64  },
    {"n=0",                    false, 64  },
    {"n=1001",                 false, 64  },
    {"n=-1",                   false, 64  },
    {"n",                      false, 64  },
    {"n=",                     false, 64  },
    {"n=+1",                   false, 64  }, /* a space and a one */
    {"n=%2B1",                 false, 64  },
    {"n=1+",                   false, 64  },
    {"n=1.0",                  false, 64  },
    {"n=0x10",                 false, 64  },
    {"n=1%00",                 false, 64  },
    {"n=18446744073709551617", false, 64  },
};

/* When it is refused there is still a number: the fallback. */
static void numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(number_rows); i++) {
        struct reason reason = {0};
        long long number = -1;
        enum status status;

        assert_int_equal(parse(number_rows[i].text, strlen(number_rows[i].text)), STATUS_OK);
        status = form_number(&form, "n", 1, 1000, 64, &number, &reason);
        if (status != (number_rows[i].is_good ? STATUS_OK : STATUS_BAD_VALUE) ||
            number != number_rows[i].number)
            fail_msg("\"%s\": %lld, status %s", number_rows[i].text, number, status_code(status));
        assert_string_equal(
            reason.text, number_rows[i].is_good ? "" : "n must be a whole number from 1 to 1000");
    }
}

/* The fallback need not be within what may be asked for. */
static void a_fallback_outside(void **state)
{
    struct reason reason;
    long long number;

    (void)state;
    assert_int_equal(parse("a=1", 3), STATUS_OK);
    assert_int_equal(form_number(&form, "lease", 0, 43200, -1, &number, &reason), STATUS_OK);
    assert_int_equal(number, -1);
}

static const struct {
    const char *text;
    const char *unknown; /* NULL: none */
} unknown_rows[] = {
    {"",                          NULL  },
    {"a=1&bc&a=2",                NULL  },
    {"callback=f&authkey=k&_=17", NULL  },
    {"a=1&b=2&c=3",               "b"   },
    {"=1",                        ""    },
    {"a%20bc=1",                  "a bc"},
};

static void which_is_unknown(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(unknown_rows); i++) {
        const struct field *field;

        assert_int_equal(parse(unknown_rows[i].text, strlen(unknown_rows[i].text)), STATUS_OK);
        field = form_find_unknown(&form, "a bc");
        if (unknown_rows[i].unknown)
            assert_string_equal(field->name, unknown_rows[i].unknown);
        else
            assert_null(field);
    }
}

static const struct {
    const char *text;
    const char *twice; /* NULL: none */
} twice_rows[] = {
    {"",              NULL},
    {"a=1&b=1&ab=1",  NULL},
    {"a=1&b=2&a=1",   "a" },
    {"a&A&b&%61",     "a" },
    {"=1&=2",         ""  },
    {"_=1&_=2",       NULL},
    {"__=1&_=1&__=2", "__"},
    {"a%00b=1&a=1",   NULL},
    {"a%00b=1&a%00c", NULL},
};

static void which_is_there_twice(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(twice_rows); i++) {
        const struct field *field;

        assert_int_equal(parse(twice_rows[i].text, strlen(twice_rows[i].text)), STATUS_OK);
        field = form_find_twice(&form);
        if (twice_rows[i].twice)
            assert_string_equal(field->name, twice_rows[i].twice);
        else
            assert_null(field);
    }
}

static void some_names_are_dropped(void **state)
{
    (void)state;
    assert_int_equal(parse("a=1&b=2&c=3&a=4&ab=5", 20), STATUS_OK);
    form_drop(&form, "x a c");
    assert_string_equal(dump(), "<b=2><ab=5>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_and_decodes),        cmocka_unit_test(any_bytes_are_kept),
        cmocka_unit_test(the_last_of_a_name_wins), cmocka_unit_test(a_second_text_is_appended),
        cmocka_unit_test(fields_are_limited),      cmocka_unit_test(numbers),
        cmocka_unit_test(a_fallback_outside),      cmocka_unit_test(which_is_unknown),
        cmocka_unit_test(which_is_there_twice),    cmocka_unit_test(some_names_are_dropped),
    };

    return cmocka_run_group_tests(tests, open_wall, NULL);
}
