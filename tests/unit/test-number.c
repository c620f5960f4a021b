/* test-number.c - whole numbers, strictly.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <limits.h>

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

static const struct {
    const char *text;
    bool is_read;
    double number;
    const char *shortest;
} reals[] = {
    {"0",                      true,  0,                      "0"                      },
    {"-0",                     true,  0,                      "0"                      },
    {"007",                    true,  7,                      "7"                      },
    {"0.1",                    true,  0.1,                    "0.1"                    },
    {"0.10000000000000001",    true,  0.1,                    "0.1"                    },
    {"-2.5e3",                 true,  -2500,                  "-2500"                  },
    {"1E+2",                   true,  100,                    "100"                    },
    {"1e-400",                 true,  0,                      "0"                      },
    {"9007199254740993",       true,  0x1p53,                 "9007199254740992"       },
    {"1.7976931348623157e308", true,  0x1.fffffffffffffp1023, "1.7976931348623157e+308"},
    {"1e400",                  false, 0,                      NULL                     },
    {"-1e400",                 false, 0,                      NULL                     },
    {"",                       false, 0,                      NULL                     },
    {"-",                      false, 0,                      NULL                     },
    {"+1",                     false, 0,                      NULL                     },
    {" 1",                     false, 0,                      NULL                     },
    {"1 ",                     false, 0,                      NULL                     },
    {"1.",                     false, 0,                      NULL                     },
    {".5",                     false, 0,                      NULL                     },
    {"1e",                     false, 0,                      NULL                     },
    {"1,5",                    false, 0,                      NULL                     },
    {"0x1p3",                  false, 0,                      NULL                     },
    {"nan",                    false, 0,                      NULL                     },
    {"inf",                    false, 0,                      NULL                     },
    {"-infinity",              false, 0,                      NULL                     },
};

static void reads_real_numbers(void **state)
{
    char *wall = wall_new(64), text[NUMBER_REAL];

    (void)state;
    for (size_t i = 0; i < COUNT(reals); i++) {
        size_t len = strlen(reals[i].text);
        double number = UNTOUCHED;

        if (number_parse_real(wall_put(wall, reals[i].text, len), len, &number) !=
                reals[i].is_read ||
            number != (reals[i].is_read ? reals[i].number : UNTOUCHED))
            fail_msg("\"%s\": %g", reals[i].text, number);
        if (!reals[i].is_read)
            continue;
        number_print_real(number, text);
        assert_string_equal(text, reals[i].shortest);
    }
    assert_false(number_parse_real("1\0", 2, &(double){0}));
}

static void prints_what_is_read_again(void **state)
{
    char text[NUMBER_REAL];

    (void)state;
    for (double number = -5e-324; number > -1e308; number *= 1.7) {
        double again = 0;

        number_print_real(number, text);
        assert_true(number_parse_real(text, strlen(text), &again));
        assert_true(again == number);
    }
}

static void prints_whole_numbers(void **state)
{
    static const long long numbers[] = {0, 9, 10, -1, -10, 1048576, LLONG_MAX, LLONG_MIN};
    char text[NUMBER_TEXT], expected[NUMBER_TEXT];

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        snprintf(expected, sizeof(expected), "%lld", numbers[i]);
        assert_int_equal(number_print(numbers[i], text), strlen(expected));
        assert_string_equal(text, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_digits_only),    cmocka_unit_test(refuses_a_nul),
        cmocka_unit_test(reads_real_numbers),   cmocka_unit_test(prints_what_is_read_again),
        cmocka_unit_test(prints_whole_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
