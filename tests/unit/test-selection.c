/* test-selection.c - which queues of many are shown, and in which order.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "handlers/selection.h"
#include "http/form.h"

enum { NOW_S = 1000000, ROWS = 4 };

/* Their names are in no order. */
static struct index_row rows[ROWS] = {
    {.name = "b", .columns = {[INDEX_READY] = 2, [INDEX_IN] = 500, [INDEX_PUSHED_S] = NOW_S - 60}},
    {.name = "d", .columns = {[INDEX_READY] = 1, [INDEX_IN] = -1}                                },
    {.name = "a", .columns = {[INDEX_READY] = 2, [INDEX_PUSHED_S] = NOW_S + 9}                   },
    {.name = "c", .columns = {[INDEX_READY] = 9, [INDEX_BITS] = -1, [INDEX_IN] = 1500}           },
};

/* What is selected, as "a b c"; of all pages so many. */
static const char *select_with(const char *query, long long *total)
{
    static char names[64];
    const struct index_row *page[SELECTION_ROWS];
    struct selection selection = {.now_s = NOW_S};
    struct reason reason;
    struct form form = {0};
    char text[256];
    int shown;

    snprintf(text, sizeof(text), "%s", query);
    assert_int_equal(form_parse(&form, text, strlen(text), &reason), STATUS_OK);
    assert_int_equal(selection_read(&selection, &form, &reason), STATUS_OK);
    *total = selection_apply(&selection, rows, ROWS, page, &shown);
    names[0] = '\0';
    for (int i = 0; i < shown; i++)
        snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s", i ? " " : "",
                 page[i]->name);
    return names;
}

static void order_and_filter(void **state)
{
    static const struct {
        const char *query, *names;
        long long total;
    } cases[] = {
        {"x=1",                         "a b c d", 4},
        {"order=desc",                  "d c b a", 4},
        {"sort=ready",                  "c a b d", 4},
        {"sort=ready&order=asc",        "d a b c", 4},
        {"sort=in_s",                   "c b a d", 4},
        {"sort=in_s&order=asc",         "a b c d", 4},
        {"sort=oldest_s",               "b a c d", 4},
        {"sort=oldest_s&order=asc",     "a b c d", 4},
        {"sort=ready&limit=2",          "c a",     4},
        {"sort=ready&limit=2&offset=3", "d",       4},
        {"offset=4",                    "",        4},
        {"min=ready:2",                 "a b c",   3},
        {"min=ready:2&max=ready:2",     "a b",     2},
        {"max=in_s:0.5",                "a b",     2},
        {"min=in_s:0",                  "a b c",   3},
        {"min=in_s:1.5,ready:9",        "c",       1},
        {"max=oldest_s:0",              "a",       1},
        {"is=broadcast",                "a b d",   3},
        {"is=full",                     "",        0},
        {"match=a",                     "a",       1},
        {"match=%3F&max=ready:1",       "d",       1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        long long total;

        assert_string_equal(select_with(cases[i].query, &total), cases[i].names);
        assert_int_equal(total, cases[i].total);
    }
}

/* A pattern for the longest name has a star on either side. */
static void the_longest_piece(void **state)
{
    struct selection selection = {0};
    struct reason reason;
    struct form form = {0};
    char text[LIMIT_NAME + 10] = "match=";

    (void)state;
    memset(text + 6, 'a', LIMIT_NAME);
    assert_int_equal(form_parse(&form, text, strlen(text), &reason), STATUS_OK);
    assert_int_equal(selection_read(&selection, &form, &reason), STATUS_OK);
    assert_int_equal(selection.match_len, LIMIT_NAME + 2);
    assert_int_equal(selection.match[LIMIT_NAME + 1], '*');
}

/* Also: more rows than a page has. */
static void a_page_ends(void **state)
{
    struct selection selection = {0};
    const struct index_row *page[SELECTION_ROWS];
    struct index_row many[300];
    struct reason reason;
    struct form form = {0};
    char text[] = "limit=200";
    int shown;

    (void)state;
    for (int i = 0; i < 300; i++)
        many[i] = (struct index_row){.name = "x"};
    assert_int_equal(form_parse(&form, text, strlen(text), &reason), STATUS_OK);
    assert_int_equal(selection_read(&selection, &form, &reason), STATUS_OK);
    assert_int_equal(selection_apply(&selection, many, 300, page, &shown), 300);
    assert_int_equal(shown, SELECTION_ROWS);
    assert_int_equal(selection_apply(&selection, many, 0, page, &shown), 0);
    assert_int_equal(shown, 0);
}

/* Pages of many rows, in no order and some of the same number, are the parts of one list. */
static void pages_fit_together(void **state)
{
    enum { MANY = 1000, LIMIT = 37 };
    struct selection selection = {0};
    const struct index_row *page[SELECTION_ROWS], *before = NULL;
    struct index_row many[MANY];
    char names[MANY][8], text[] = "limit=37&sort=ready";
    struct reason reason;
    struct form form = {0};
    int seen = 0, shown;

    (void)state;
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof(names[i]), "q%d", i * 577 % MANY);
        many[i] = (struct index_row){.name = names[i], .columns = {[INDEX_READY] = i * i % 91}};
    }
    assert_int_equal(form_parse(&form, text, strlen(text), &reason), STATUS_OK);
    assert_int_equal(selection_read(&selection, &form, &reason), STATUS_OK);
    for (selection.offset = 0; selection.offset < MANY; selection.offset += LIMIT) {
        assert_int_equal(selection_apply(&selection, many, MANY, page, &shown), MANY);
        for (int i = 0; i < shown; i++, seen++) {
            long long ready = page[i]->columns[INDEX_READY];

            if (before && before->columns[INDEX_READY] == ready)
                assert_true(strcmp(before->name, page[i]->name) < 0);
            else if (before)
                assert_true(before->columns[INDEX_READY] > ready);
            before = page[i];
        }
    }
    assert_int_equal(seen, MANY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_and_filter),
        cmocka_unit_test(the_longest_piece),
        cmocka_unit_test(a_page_ends),
        cmocka_unit_test(pages_fit_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
