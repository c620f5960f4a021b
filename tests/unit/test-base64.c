/* test-base64.c - bytes as text and back, strictly.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "base/base64.h"

static const struct {
    const char *text;
    long len; /* -1: refused */
    const char *bytes;
} rows[] = {
    {"",           0,  ""            },
    {"AA==",       1,  "\0"          },
    {"/w==",       1,  "\xff"        },
    {"/wA=",       2,  "\xff\0"      },
    {"AP8A",       3,  "\0\xff\0"    },
    {"aGFsbG8=",   5,  "hallo"       },
    {"+/+/",       3,  "\xfb\xff\xbf"},
    {"A",          -1, NULL          },
    {"AA",         -1, NULL          },
    {"AAA",        -1, NULL          },
    {"AAAAA",      -1, NULL          },
    {"=",          -1, NULL          },
    {"====",       -1, NULL          },
    {"A===",       -1, NULL          },
    {"=AAA",       -1, NULL          },
    {"A=AA",       -1, NULL          },
    {"AA=A",       -1, NULL          },
    {"AA==AAAA",   -1, NULL          },
    {"AAAA====",   -1, NULL          },
    {"AA= ",       -1, NULL          },
    {" AAA",       -1, NULL          },
    {"AAA\n",      -1, NULL          },
    {"AA\nAA==",   -1, NULL          },
    {"AAA-",       -1, NULL          },
    {"AAA_",       -1, NULL          },
    {"AA.A",       -1, NULL          },
    {"AA\xc3\xa4", -1, NULL          },
};

static void base64_is_strict(void **state)
{
    char *text_wall = wall_new(64), *out_wall = wall_new(64);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t len = strlen(rows[i].text);
        char *out = out_wall - len / 4 * 3;
        long decoded = base64_decode(wall_put(text_wall, rows[i].text, len), len, out);

        if (decoded != rows[i].len ||
            (decoded > 0 && memcmp(out, rows[i].bytes, (size_t)decoded) != 0))
            fail_msg("\"%s\": %ld", rows[i].text, decoded);
    }
}

static void base64_has_no_nul(void **state)
{
    char out[8];

    (void)state;
    assert_int_equal(base64_decode("AA\0A", 4, out), -1);
    assert_int_equal(base64_decode("AAA\0", 4, out), -1);
}

/* The same rows the other way. */
static void encoded_as_decoded(void **state)
{
    struct buffer out = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (rows[i].len < 0)
            continue;
        buffer_reset(&out);
        base64_add(&out, rows[i].bytes, (size_t)rows[i].len);
        assert_int_equal(out.len, BASE64_LEN((size_t)rows[i].len));
        assert_memory_equal(out.data, rows[i].text, out.len);
    }
    buffer_clear(&out);
}

static void added_behind_what_is_there(void **state)
{
    struct buffer out = {0};

    (void)state;
    buffer_add_text(&out, "x");
    base64_add(&out, "", 0);
    base64_add(&out, "\xff", 1);
    base64_add(&out, "hallo", 5);
    assert_string_equal(out.data, "x/w==aGFsbG8=");
    buffer_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_is_strict),
        cmocka_unit_test(base64_has_no_nul),
        cmocka_unit_test(encoded_as_decoded),
        cmocka_unit_test(added_behind_what_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
