/* test-fields.c - header fields that must come once, and those that are lists.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "http/fields.h"
#include "http/request.h"

static const struct {
    struct request_head head;
    const char *name; /* of the field that is complained about; NULL: all is fine */
} rows[] = {
    {{.method = "GET"},                                       NULL            },
    {{.host = "a", .origin = "http://a", .authkey = "k"},     NULL            },
    {{.repeated = "X"},                                       "X"             },
    {{.host = "a, b"},                                        "Host"          },
    {{.host = "a,b"},                                         "Host"          },
    {{.origin = "http://a, http://b"},                        "Origin"        },
    {{.origin = "http://a,http://b"},                         "Origin"        },
    {{.fetch_site = "none, none"},                            "Sec-Fetch-Site"},
    {{.fetch_site = "none"},                                  NULL            },
    {{.authkey = "a, b"},                                     "X-Authkey"     },
    {{.authkey = "a,\tb"},                                    "X-Authkey"     },
    {{.authkey = "a, "},                                      "X-Authkey"     },
    {{.authkey = "a,b,"},                                     NULL            }, /* a key */
    {{.authorization = "Basic YTpi"},                         NULL            },
    {{.authorization = "Basic YTpi, Basic YTpi"},             "Authorization" },
    {{.authorization = "basic YTpi, x"},                      "Authorization" },
    {{.authorization = "Bearer k, Basic YTpi"},               "Authorization" },
    {{.authorization = "Bearer a,b"},                         NULL            },
    {{.authorization = "Digest username=\"a\", realm=\"b\""}, NULL            },
    {{.authorization = "Digest username=\"a\", Bearer k"},    "Authorization" },
};

static void what_must_come_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct reason reason = {0};
        enum status status = fields_check(&rows[i].head, &reason);
        char expected[60] = "";

        if (rows[i].name)
            snprintf(expected, sizeof(expected), "the head has two of \"%s\"", rows[i].name);
        if (status != (rows[i].name ? STATUS_BAD_REQUEST : STATUS_OK) ||
            strcmp(reason.text, expected) != 0)
            fail_msg("row %zu: %s", i, reason.text);
    }
}

static void host_is_a_host(void **state)
{
    static const char *const good[] = {"", "localhost", "[::1]:80"};
    static const char *const bad[] = {"localhost:x", "localhost:80@evil", "a b", ":80", "a/b"};

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        assert_int_equal(fields_check(&(struct request_head){.host = good[i]}, NULL), STATUS_OK);
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct reason reason = {0};

        assert_int_equal(fields_check(&(struct request_head){.host = bad[i]}, &reason),
                         STATUS_BAD_REQUEST);
        assert_string_equal(reason.text, "Host must be a host name, or name:port");
    }
}

static void values_are_joined(void **state)
{
    struct buffer buffer = {0};
    const char *list = NULL;

    (void)state;
    for (int i = 0; i < 2; i++) {
        list = NULL;
        field_join(&list, &buffer, "; ", "a");
        assert_string_equal(list, "a");
        field_join(&list, &buffer, "; ", "");
        field_join(&list, &buffer, "; ", "b");
        assert_string_equal(list, "a; ; b");
    }
    buffer_clear(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_must_come_once),
        cmocka_unit_test(host_is_a_host),
        cmocka_unit_test(values_are_joined),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
