/* test-number.c - whole numbers, strictly.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "base/number.h"

enum { UNTOUCHED = -77 };

static const struct {
    const char *text;
    long long low, high, number; /* UNTOUCHED: refused */
} rows[] = {
    {"0",                          0,  9,         0                 },
    {"9",                          0,  9,         9                 },
    {"10",                         0,  9,         UNTOUCHED         },
    {"0",                          1,  9,         UNTOUCHED         },
    {"1",                          1,  9,         1                 },
    {"65535",                      1,  65535,     65535             },
    {"65536",                      1,  65535,     UNTOUCHED         },
    {"999999999999999999",         0,  INT64_MAX, 999999999999999999},
    {"1000000000000000000",        0,  INT64_MAX, UNTOUCHED         },
    {"99999999999999999999999999", 0,  INT64_MAX, UNTOUCHED         },
    {"",                           0,  9,         UNTOUCHED         },
    {"00",                         0,  9,         UNTOUCHED         },
    {"01",                         0,  9,         UNTOUCHED         },
    {"+1",                         0,  9,         UNTOUCHED         },
    {"-1",                         -5, 9,         UNTOUCHED         },
    {" 1",                         0,  9,         UNTOUCHED         },
    {"1 ",                         0,  9,         UNTOUCHED         },
    {"1.0",                        0,  9,         UNTOUCHED         },
    {"1e0",                        0,  9,         UNTOUCHED         },
    {"0x1",                        0,  9,         UNTOUCHED         },
    {"/",                          0,  9,         UNTOUCHED         },
    {":",                          0,  99,        UNTOUCHED         },
    {"\xd9\xa1",                   0,  9,         UNTOUCHED         },
};

static void reads_digits_only(void **state)
{
    char *wall = wall_new(64);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t len = strlen(rows[i].text);
        long long number = UNTOUCHED;
        bool ok = number_parse(wall_put(wall, rows[i].text, len), len, rows[i].low, rows[i].high,
                               &number);

        if (ok != (rows[i].number != UNTOUCHED) || number != rows[i].number)
            fail_msg("\"%s\": %lld", rows[i].text, number);
    }
}

static void refuses_a_nul(void **state)
{
    long long number = UNTOUCHED;

    (void)state;
    assert_false(number_parse("1\0", 2, 0, 99, &number));
    assert_int_equal(number, UNTOUCHED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_digits_only),
        cmocka_unit_test(refuses_a_nul),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
