/* test-row.c - which paths a row is about, and what is wrong with a request there.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "http/row.h"

static struct reason reason;

static enum status is_short(const char *name, size_t len, struct reason *why)
{
    (void)name;
    return len <= 3 ? STATUS_OK : refuse(why, STATUS_BAD_NAME, "too long");
}

static void a_path_is_with_a_name_or_without(void **state)
{
    static const struct {
        const char *resource;
        enum naming naming;
        const char *target;
        bool is_on;
    } rows[] = {
        {"q", WHOLE,  "/q",      true },
        {"q", WHOLE,  "/q/",     true },
        {"q", WHOLE,  "/q/foo",  false},
        {"q", NAMED,  "/q",      false},
        {"q", NAMED,  "/q/",     false},
        {"q", NAMED,  "/q/foo",  true },
        {"q", NAMED,  "/q/a/b",  true },
        {"q", EITHER, "/q",      true },
        {"q", EITHER, "/q/foo",  true },
        {"q", EITHER, "/qq/foo", false},
        {"",  WHOLE,  "/",       true },
        {"",  WHOLE,  "//",      false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct row row = {.resource = rows[i].resource, .naming = rows[i].naming};
        struct uri uri;

        assert_int_equal(uri_parse(&uri, rows[i].target, "", &reason), STATUS_OK);
        if (row_is_on(&row, &uri) != rows[i].is_on)
            fail_msg("%s", rows[i].target);
    }
}

static void its_names_are_checked(void **state)
{
    static const struct {
        struct row row;
        const char *target;
        enum status status;
    } rows[] = {
        {{.naming = NAMED, .check_name = is_short},  "/q/foo",  STATUS_OK      },
        {{.naming = NAMED, .check_name = is_short},  "/q/quux", STATUS_BAD_NAME},
        {{.naming = EITHER, .check_name = is_short}, "/q",      STATUS_OK      },
        {{.naming = EITHER, .check_name = is_short}, "/q/quux", STATUS_BAD_NAME},
        {{.naming = WHOLE},                          "/q",      STATUS_OK      },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct uri uri;

        assert_int_equal(uri_parse(&uri, rows[i].target, "", &reason), STATUS_OK);
        assert_int_equal(row_check_name(&rows[i].row, &uri, &reason), rows[i].status);
    }
}

static void an_option_is_known_and_there_once(void **state)
{
    static const struct {
        const char *query, *name, *complaint;
    } rows[] = {
        {"",                    NULL,   NULL                  },
        {"foo=1&authkey=x&_=1", NULL,   NULL                  },
        {"foo=1&quux=2",        "quux", "unknown option"      },
        {"foo=1&foo=1",         "foo",  "more than one option"},
        {"foo=1&foo=1&quux=2",  "quux", "unknown option"      },
    };
    static const struct row row = {.options = "foo bar"};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct form form = {0};
        const struct field *field;
        const char *complaint;
        char text[64];

        strcpy(text, rows[i].query);
        assert_int_equal(form_parse(&form, text, strlen(text), &reason), STATUS_OK);
        field = row_find_bad_option(&row, &form, &complaint);
        assert_int_equal(field != NULL, rows[i].name != NULL);
        if (!field)
            continue;
        assert_int_equal(row_quoted(field), strlen(rows[i].name));
        assert_memory_equal(field->name, rows[i].name, strlen(rows[i].name));
        assert_string_equal(complaint, rows[i].complaint);
    }
}

static void a_long_name_is_quoted_in_part(void **state)
{
    char name[50] = {0};
    struct field field = {.name = name, .name_len = sizeof(name)};

    (void)state;
    assert_int_equal(row_quoted(&field), 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_with_a_name_or_without),
        cmocka_unit_test(its_names_are_checked),
        cmocka_unit_test(an_option_is_known_and_there_once),
        cmocka_unit_test(a_long_name_is_quoted_in_part),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
