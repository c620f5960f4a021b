/* test-uri.c - request targets.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "http/uri.h"

static char *wall;

static int open_wall(void **state)
{
    (void)state;
    wall = wall_new(65536);
    return 0;
}

/* --- uri_decode ---------------------------------------------------------------------------- */

static const struct {
    const char *text;
    int plus;
    long len; /* -1: refused */
    const char *decoded;
} escapes[] = {
    {"",          0, 0,  ""      },
    {"abc",       0, 3,  "abc"   },
    {"%41%5a%5A", 0, 3,  "AZZ"   },
    {"%00%ff",    0, 2,  "\0\xff"},
    {"%2541",     0, 3,  "%41"   },
    {"a+b",       0, 3,  "a+b"   },
    {"a+b%2b",    1, 4,  "a b+"  },
    {"%",         0, -1, NULL    },
    {"a%4",       0, -1, NULL    },
    {"%g0",       0, -1, NULL    },
    {"%0g",       0, -1, NULL    },
    {"%/0",       0, -1, NULL    },
    {"%0:",       0, -1, NULL    },
    {"%@0",       0, -1, NULL    },
    {"%`0",       0, -1, NULL    },
    {"% 1",       0, -1, NULL    },
    {"%%41",      0, -1, NULL    },
    {"%u0041",    0, -1, NULL    },
};

static void decodes_in_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(escapes); i++) {
        size_t len = strlen(escapes[i].text);
        char *text = wall_put(wall, escapes[i].text, len);
        long decoded = uri_decode(text, len, escapes[i].plus);

        if (decoded != escapes[i].len ||
            (decoded > 0 && memcmp(text, escapes[i].decoded, (size_t)decoded) != 0))
            fail_msg("\"%s\": %ld", escapes[i].text, decoded);
    }
}

static void reads_no_digit_behind_the_end(void **state)
{
    char text[] = "%41";

    (void)state;
    assert_int_equal(uri_decode(text, 2, 0), -1);
    assert_int_equal(uri_decode(text, 1, 0), -1);
    assert_int_equal(uri_decode(text, 3, 0), 1);
}

/* --- uri_parse ----------------------------------------------------------------------------- */

static const struct {
    const char *prefix, *target;
    enum status status;
    const char *resource, *name, *query;
    int has_slash;
} targets[] = {
    {"",    "/",                     STATUS_OK,          "",  "",             "",          0},
    {"",    "/?queue=foo",           STATUS_OK,          "",  "",             "queue=foo", 0},
    {"",    "/q",                    STATUS_OK,          "q", "",             "",          0},
    {"",    "/q/",                   STATUS_OK,          "q", "",             "",          1},
    {"",    "/q?",                   STATUS_OK,          "q", "",             "",          0},
    {"",    "/q/orders/eu?soft=1?x", STATUS_OK,          "q", "orders/eu",    "soft=1?x",  1},
    {"",    "/q//",                  STATUS_OK,          "q", "/",            "",          1},
    {"",    "//",                    STATUS_OK,          "",  "",             "",          1},
    {"",    "//q/foo",               STATUS_OK,          "",  "q/foo",        "",          1},
    {"",    "/q/../x",               STATUS_OK,          "q", "../x",         "",          1},
    {"",    "/q/f%6fo+%20",          STATUS_OK,          "q", "foo+ ",        "",          1},
    {"",    "/%71/foo",              STATUS_OK,          "q", "foo",          "",          1},
    {"",    "/q/%C3%A4%0d%0a",       STATUS_OK,          "q", "\xc3\xa4\r\n", "",          1},
    {"",    "/q/a?x=%zz",            STATUS_OK,          "q", "a",            "x=%zz",     1},
    {"",    "/q/a%3fb",              STATUS_OK,          "q", "a?b",          "",          1},
    {"",    "/q/a#b",                STATUS_OK,          "q", "a#b",          "",          1},
    {"",    "/q/a%2Fb",              STATUS_BAD_NAME,    "",  "",             "",          0},
    {"",    "/q/a%2fb",              STATUS_BAD_NAME,    "",  "",             "",          0},
    {"",    "/q/a%00",               STATUS_BAD_NAME,    "",  "",             "",          0},
    {"",    "/q%2Ffoo",              STATUS_BAD_NAME,    "",  "",             "",          0},
    {"",    "/q/%",                  STATUS_BAD_REQUEST, "",  "",             "",          0},
    {"",    "/q/%4",                 STATUS_BAD_REQUEST, "",  "",             "",          0},
    {"",    "/q/%4/1",               STATUS_BAD_REQUEST, "",  "",             "",          0},
    {"",    "/q/%zz",                STATUS_BAD_REQUEST, "",  "",             "",          0},
    {"",    "/q/%?1",                STATUS_BAD_REQUEST, "",  "",             "",          0},
    {"",    "",                      STATUS_BAD_REQUEST, "",  "",             "",          0},
    {"",    "http://host/q/foo?a",   STATUS_OK,          "q", "foo",          "a",         1},
    {"",    "HTTPS://user@host:1/q", STATUS_OK,          "q", "",             "",          0},
    {"",    "http://host",           STATUS_OK,          "",  "",             "",          0},
    {"",    "http://host?a=/b",      STATUS_OK,          "",  "",             "a=/b",      0},
    {"/mq", "/mq",                   STATUS_OK,          "",  "",             "",          0},
    {"/mq", "/mq/",                  STATUS_OK,          "",  "",             "",          0},
    {"/mq", "/mq?a=1",               STATUS_OK,          "",  "",             "a=1",       0},
    {"/mq", "/mq/q/foo",             STATUS_OK,          "q", "foo",          "",          1},
    {"/mq", "http://host/mq/q",      STATUS_OK,          "q", "",             "",          0},
    {"/mq", "/mqx/q",                STATUS_NOT_FOUND,   "",  "",             "",          0},
    {"/mq", "/m",                    STATUS_NOT_FOUND,   "",  "",             "",          0},
    {"/mq", "/",                     STATUS_NOT_FOUND,   "",  "",             "",          0},
    {"/mq", "/q/foo",                STATUS_NOT_FOUND,   "",  "",             "",          0},
    {"/mq", "/%6dq/q",               STATUS_NOT_FOUND,   "",  "",             "",          0},
    {"/mq", "/?/mq",                 STATUS_NOT_FOUND,   "",  "",             "",          0},
};

static void splits_targets(void **state)
{
    static struct uri uri;
    struct reason reason;

    (void)state;
    for (size_t i = 0; i < COUNT(targets); i++) {
        const char *target = wall_put(wall, targets[i].target, strlen(targets[i].target) + 1);
        enum status status = uri_parse(&uri, target, targets[i].prefix, &reason);

        if (status != targets[i].status)
            fail_msg("%s: %s", target, status_code(status));
        if (status != STATUS_OK)
            continue;
        if (strcmp(uri.resource, targets[i].resource) != 0 ||
            strcmp(uri.name, targets[i].name) != 0 || strcmp(uri.query, targets[i].query) != 0 ||
            uri.has_slash != targets[i].has_slash)
            fail_msg("%s: resource \"%s\", name \"%s\", query \"%s\", slash %d", target,
                     uri.resource, uri.name, uri.query, uri.has_slash);
        assert_int_equal(uri.name_len, strlen(uri.name));
        assert_int_equal(uri.query_len, strlen(uri.query));
    }
}

static void the_host_of_a_target(void **state)
{
    static const struct {
        const char *target, *host; /* NULL: it has none */
    } hosts[] = {
        {"http://host/q/foo",     "host"       },
        {"HTTPS://user@host:1?a", "user@host:1"},
        {"http://host",           "host"       },
        {"http:///q",             ""           },
        {"/q/http://host",        NULL         },
        {"//host/q",              NULL         },
        {"ftp://host/q",          NULL         },
        {"http:/host",            NULL         },
        {"",                      NULL         },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(hosts); i++) {
        size_t len = 0;
        const char *target = wall_put(wall, hosts[i].target, strlen(hosts[i].target) + 1);
        const char *host = uri_authority(target, &len);

        assert_true(!host == !hosts[i].host);
        if (host && (len != strlen(hosts[i].host) || memcmp(host, hosts[i].host, len) != 0))
            fail_msg("%s: %.*s", target, (int)len, host);
    }
}

static void what_is_no_path_is_refused(void **state)
{
    static const char *const targets_without_path[] = {"*", "q/foo", "example.org:80", "ftp://h/q"};
    static struct uri uri;
    struct reason reason;

    (void)state;
    for (size_t i = 0; i < COUNT(targets_without_path); i++)
        assert_int_not_equal(uri_parse(&uri, targets_without_path[i], "", &reason), STATUS_OK);
}

static void the_length_is_limited(void **state)
{
    static struct uri uri;
    struct reason reason;
    char *target = wall - (LIMIT_TARGET + 2);

    (void)state;
    memset(target, 'a', LIMIT_TARGET + 2);
    target[0] = '/';
    target[LIMIT_TARGET + 1] = '\0';
    assert_int_equal(uri_parse(&uri, target, "", &reason), STATUS_BAD_REQUEST);
    target[LIMIT_TARGET] = '\0';
    assert_int_equal(uri_parse(&uri, target, "", &reason), STATUS_OK);
    assert_int_equal(strlen(uri.resource), LIMIT_TARGET - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_in_place),
        cmocka_unit_test(reads_no_digit_behind_the_end),
        cmocka_unit_test(splits_targets),
        cmocka_unit_test(the_host_of_a_target),
        cmocka_unit_test(what_is_no_path_is_refused),
        cmocka_unit_test(the_length_is_limited),
    };

    return cmocka_run_group_tests(tests, open_wall, NULL);
}
