/* test-multipart.c - names and values from a body of multipart/form-data.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "http/multipart.h"

#define TYPE "multipart/form-data; boundary=x"
#define PART "--x\r\nContent-Disposition: form-data; name="
#define LAST "\r\n--x--\r\n"

static char *wall;
static struct form form;
static struct reason reason;

static int open_wall(void **state)
{
    (void)state;
    wall = wall_new(1 << 20);
    return 0;
}

static enum status parse(const char *type, const char *body, size_t len)
{
    reason = (struct reason){0};
    form.count = 0;
    return multipart_parse(&form, type, wall_put(wall, body, len), len, &reason);
}

/* The fields as "<name=value>". */
static const char *dump(void)
{
    static struct buffer out;

    buffer_reset(&out);
    for (int i = 0; i < form.count; i++) {
        const struct field *field = &form.fields[i];

        buffer_add_text(&out, "<");
        buffer_add(&out, field->name, field->name_len);
        buffer_add_text(&out, "=");
        buffer_add(&out, field->value, field->value_len);
        buffer_add_text(&out, ">");
        assert_true(field->has_value);
        assert_int_equal(field->name[field->name_len], '\0');
        assert_int_equal(field->value[field->value_len], '\0');
    }
    buffer_add_text(&out, "");
    return out.data ? out.data : "";
}

/* As clients in the field send them. */
static const struct {
    const char *type, *body, *fields;
} good_rows[] = {
    {TYPE,                                                 "--x--\r\n",                                                                        ""                    },
    {TYPE,                                                 "--x--",                                                                            ""                    },
    {TYPE,                                                 PART "a\r\n\r\n1" LAST,                                                             "<a=1>"               },
    {TYPE,                                                 PART "\"a\"\r\n\r\n1\r\n--x--",                                                     "<a=1>"               },
    {TYPE,                                                 PART "\"a\"\r\n\r\n" LAST,                                                          "<a=>"                },
    {TYPE,                                                 PART "\"\"\r\n\r\n1" LAST,                                                          "<=1>"                },
    {TYPE,                                                 "\r\n" PART "\"a\"\r\n\r\n1" LAST,                                                  "<a=1>"               }, /* .NET, by hand */
    {TYPE,                                                 PART "\"a\"\r\n\r\n1\r\n" PART "\"b\"\r\n\r\n2" LAST,                               "<a=1><b=2>"          },
    {TYPE,                                                 PART "\"a\"\r\n\r\n1\r\n" PART "\"a\"\r\n\r\n2" LAST,                               "<a=1><a=2>"          },
    {TYPE,                                                 PART "\"a\"\r\n\r\n\r\n\r\n" LAST,                                                  "<a=\r\n\r\n>"        },
    {TYPE,                                                 PART "\"a\"\r\n\r\n1\n--x--\r\n2--x" LAST,                                          "<a=1\n--x--\r\n2--x>"},
    {TYPE,                                                 PART "\"a\"\r\n\r\n1\r\n--" LAST,                                                   "<a=1\r\n-->"         },
    {TYPE,                                                 PART "\"a\"; filename=\"m.txt\"\r\nContent-Type: text/plain\r\n\r\n1" LAST,         "<a=1>"               },
    {TYPE,                                                 PART "\"a\"; filename=\"a\\\"; name=\\\"b.txt\"\r\n\r\n1" LAST,                     "<a=1>"               },
    {TYPE,                                                 PART "\"a\"; filename=\"\xc3\xa9\"; filename*=UTF-8''%C3%A9\r\n\r\n1" LAST,         "<a=1>"               },
    {TYPE,                                                 PART "\"a\"; filename=\"\"\r\nContent-Type: application/octet-stream\r\n\r\n" LAST,
     "<a=>"                                                                                                                                                          },
    {TYPE,
     "--x\r\ncontent-length: 1\r\nCONTENT-DISPOSITION:FORM-DATA;NAME=a ;\r\n"
     "Content-Transfer-Encoding: Binary\r\nContent-Encoding: identity \r\n\r\n1" LAST,
     "<a=1>"                                                                                                                                                         },
    {TYPE,                                                 PART "\"a b%22=&;\\\"\"\r\n\r\n1" LAST,                                             "<a b%22=&;\\\"=1>"   },
    {"multipart/form-data; charset=utf-8; boundary=\"x\"", PART "\"a\"\r\n\r\n1" LAST,                                                         "<a=1>"               },
    {"Multipart/Form-Data;BOUNDARY=x;",                    PART "\"a\"\r\n\r\n1" LAST,                                                         "<a=1>"               },
    {"multipart/form-data; boundary=----=_Part_0_1.2",
     "------=_Part_0_1.2\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n"
     "------=_Part_0_1.2--\r\n",                                                                                                               "<a=1>"               }, /* JavaMail: "=" without quotes */
};

static void what_clients_send(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good_rows); i++) {
        enum status status = parse(good_rows[i].type, good_rows[i].body, strlen(good_rows[i].body));

        if (status != STATUS_OK || strcmp(dump(), good_rows[i].fields) != 0)
            fail_msg("%s: %s %s", good_rows[i].body, reason.text, dump());
    }
}

#define SEVENTY "1234567890123456789012345678901234567890123456789012345678901234567890"

static const struct {
    const char *type, *body, *complaint;
} bad_rows[] = {
    {"multipart/form-data",                         "--x--",                                                                 "needs boundary="         },
    {"multipart/form-data; boundary=",              "--x--",                                                                 "needs boundary="         },
    {"multipart/form-data; boundary=\"x ",          "--x--",                                                                 "no name=value"           },
    {"multipart/form-data; boundary=\"x \"",        "--x --",                                                                "needs boundary="         },
    {"multipart/form-data; boundary=\"x\"y",        "--x--",                                                                 "no name=value"           },
    {"multipart/form-data; boundary=x<",            "--x<--",                                                                "needs boundary="         },
    {"multipart/form-data; boundary=\"\xc3\xa9\"",  "--\xc3\xa9--",                                                          "needs boundary="         },
    {"multipart/form-data; boundary=" SEVENTY "x",  "--" SEVENTY "x--",                                                      "needs boundary="         },
    {"multipart/form-data; boundary=x; boundary=x", "--x--",                                                                 "more than one boundary"  },
    {"multipart/form-data boundary=x",              "--x--",                                                                 "no name=value"           },
    {"multipart/form-data; x; boundary=x",          "--x--",                                                                 "no name=value"           },
    {TYPE,                                          "",                                                                      "begin with its boundary" },
    {TYPE,                                          "a=1",                                                                   "begin with its boundary" },
    {TYPE,                                          "preamble\r\n" PART "a\r\n\r\n1" LAST,                                   "begin with its boundary" },
    {TYPE,                                          "\n--x--",                                                               "begin with its boundary" },
    {TYPE,                                          "--X--",                                                                 "begin with its boundary" },
    {TYPE,                                          "--x",                                                                   "goes on"                 },
    {TYPE,                                          "--x-",                                                                  "goes on"                 },
    {TYPE,                                          "--xy--",                                                                "goes on"                 },
    {TYPE,                                          "--x \r\n",                                                              "goes on"                 },
    {TYPE,                                          "--x\nContent-Disposition: form-data; name=a\n\n1\n--x--\n",             "goes on"                 },
    {TYPE,                                          "--x\r\n",                                                               "within the head"         },
    {TYPE,                                          PART "a",                                                                "within the head"         },
    {TYPE,                                          PART "a\r\n",                                                            "within the head"         },
    {TYPE,                                          PART "a\r\n\r\n",                                                        "before its last boundary"},
    {TYPE,                                          PART "a\r\n\r\n1",                                                       "before its last boundary"},
    {TYPE,                                          PART "a\r\n\r\n1\r\n--",                                                 "before its last boundary"},
    {TYPE,                                          PART "a\r\n\r\n1\n--x--",                                                "before its last boundary"},
    {TYPE,                                          PART "a\r\n\r\n1\r\n--x",                                                "goes on"                 },
    {TYPE,                                          PART "a\r\n\r\n1\r\n--xyz" LAST,                                         "goes on"                 },
    {TYPE,                                          PART "a\r\n\r\n--x--\r\n",
     "before its last boundary"                                                                                                                        }, /* its line break is the head's */
    {TYPE,                                          PART "a\r\n\r\n1" LAST "epilogue",                                       "something follows"       },
    {TYPE,                                          PART "a\r\n\r\n1" LAST PART "b\r\n\r\n2" LAST,                           "something follows"       },
    {TYPE,                                          "--x\r\n\r\n1" LAST,                                                     "no Content-Disposition"  },
    {TYPE,                                          "--x\r\nContent-Type: text/plain\r\n\r\n1" LAST,                         "no Content-Disposition"  },
    {TYPE,                                          "--x\r\nContent-Disposition: attachment; name=a\r\n\r\n1" LAST,          "must be form-data"       },
    {TYPE,                                          "--x\r\nContent-Disposition: form-data\r\n\r\n1" LAST,                   "needs name="             },
    {TYPE,                                          "--x\r\nContent-Disposition: form-data; filename=a\r\n\r\n1" LAST,       "needs name="             },
    {TYPE,                                          PART "a; name=b\r\n\r\n1" LAST,                                          "more than one name"      },
    {TYPE,                                          PART "\"a\r\n\r\n1" LAST,                                                "no name=value"           },
    {TYPE,                                          PART "\"a\"; filename=\"C:\\\"\r\n\r\n1" LAST,                           "no name=value"           },
    {TYPE,                                          PART "\"a\" b\r\n\r\n1" LAST,                                            "no name=value"           },
    {TYPE,                                          PART "a\r\nContent-Disposition: form-data; name=b\r\n\r\n1" LAST,
     "more than one Content"                                                                                                                           },
    {TYPE,                                          PART "a\r\n b\r\n\r\n1" LAST,                                            "no \"name: value\""      },
    {TYPE,                                          PART "a\r\nContent-Type : text/plain\r\n\r\n1" LAST,                     "no \"name: value\""      },
    {TYPE,                                          PART "a\r\nX: a\nb\r\n\r\n1" LAST,                                       "no \"name: value\""      },
    {TYPE,                                          PART "\"a\rb\"\r\n\r\n1" LAST,                                           "no \"name: value\""      },
    {TYPE,                                          PART "a\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y--" LAST,
     "must not have parts"                                                                                                                             },
    {TYPE,                                          PART "a\r\nContent-Transfer-Encoding: base64\r\n\r\nYQ==" LAST,
     "Content-Transfer-Encoding"                                                                                                                       },
    {TYPE,                                          PART "a\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=41" LAST,
     "Content-Transfer-Encoding"                                                                                                                       },
    {TYPE,                                          PART "a\r\nContent-Encoding: gzip\r\n\r\n1" LAST,                        "Content-Encoding"        },
};

static void what_is_broken(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_rows); i++) {
        enum status status = parse(bad_rows[i].type, bad_rows[i].body, strlen(bad_rows[i].body));

        if (status != STATUS_BAD_REQUEST || !strstr(reason.text, bad_rows[i].complaint))
            fail_msg("%s %s: %s, %s", bad_rows[i].type, bad_rows[i].body, status_code(status),
                     reason.text);
    }
}

/* Whole only as a whole. */
static void every_beginning_is_broken(void **state)
{
    static const char body[] =
        "\r\n" PART "\"a\"; filename=\"f\"\r\nContent-Type: a/b\r\n\r\n1\r\n" PART
        "b\r\n\r\n\r\n--x--";

    (void)state;
    assert_int_equal(parse(TYPE, body, sizeof(body) - 1), STATUS_OK);
    assert_string_equal(dump(), "<a=1><b=>");
    for (size_t len = 0; len < sizeof(body) - 1; len++)
        assert_int_equal(parse(TYPE, body, len), STATUS_BAD_REQUEST);
}

static void any_bytes_are_kept(void **state)
{
    static const char body[] = PART "\"n\"\r\n\r\n\0\xff\r\0\n\r\n-\0" LAST;

    (void)state;
    assert_int_equal(parse(TYPE, body, sizeof(body) - 1), STATUS_OK);
    assert_int_equal(form.fields[0].value_len, 9);
    assert_memory_equal(form.fields[0].value, "\0\xff\r\0\n\r\n-\0", 9);
}

static void a_nul_in_a_head(void **state)
{
    static const char name[] = PART "\"a\0b\"\r\n\r\n1" LAST,
                      field[] = "--x\r\nA\0: b\r\n\r\n1" LAST;

    (void)state;
    assert_int_equal(parse(TYPE, name, sizeof(name) - 1), STATUS_BAD_REQUEST);
    assert_int_equal(parse(TYPE, field, sizeof(field) - 1), STATUS_BAD_REQUEST);
}

static enum status parse_head_of(size_t len)
{
    static const char begin[] = PART "a\r\nX: ", end[] = "\r\n\r\n1" LAST;
    size_t fill = len - (sizeof(begin) - 1 - 5) - 4;
    struct buffer body = {0};
    enum status status;

    buffer_add_text(&body, begin);
    for (size_t i = 0; i < fill; i++)
        buffer_add_text(&body, "y");
    buffer_add_text(&body, end);
    status = parse(TYPE, body.data, body.len);
    buffer_clear(&body);
    return status;
}

static void heads_are_limited(void **state)
{
    (void)state;
    assert_int_equal(parse_head_of(LIMIT_PART_HEAD), STATUS_OK);
    assert_int_equal(parse_head_of(LIMIT_PART_HEAD + 1), STATUS_BAD_REQUEST);
    assert_non_null(strstr(reason.text, "at most 4096 bytes"));
}

static void parts_are_limited(void **state)
{
    struct buffer body = {0};

    (void)state;
    for (int i = 0; i < LIMIT_FIELDS; i++)
        buffer_add_text(&body, PART "a\r\n\r\n\r\n");
    buffer_add_text(&body, "--x--");
    assert_int_equal(parse(TYPE, body.data, body.len), STATUS_OK);
    assert_int_equal(form.count, LIMIT_FIELDS);
    body.len -= 5;
    buffer_add_text(&body, PART "a\r\n\r\n" LAST);
    assert_int_equal(parse(TYPE, body.data, body.len), STATUS_BAD_REQUEST);
    assert_string_equal(reason.text, "more than 100 fields");
    buffer_clear(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_clients_send),         cmocka_unit_test(what_is_broken),
        cmocka_unit_test(every_beginning_is_broken), cmocka_unit_test(any_bytes_are_kept),
        cmocka_unit_test(a_nul_in_a_head),           cmocka_unit_test(heads_are_limited),
        cmocka_unit_test(parts_are_limited),
    };

    return cmocka_run_group_tests(tests, open_wall, NULL);
}
