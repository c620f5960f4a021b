/* test-wish.c - what is asked for, by options and by members, and what does not go together.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <json-c/json.h>

#include "base/json.h"
#include "base/limits.h"
#include "broker/take.h"
#include "http/form.h"
#include "protocol/wish.h"

#define BAD_COUNT "count must be a whole number from 1 to 1000"
#define BAD_LEASE "lease must be a whole number from 0 to 43200"
#define BAD_RAW   "raw must be a whole number from 0 to 1"
#define BAD_WAIT  "wait must be a whole number from 0 to 60"

static const struct {
    const char *options;
    const char *get, *wait; /* the reason of the refusal; NULL: it is none */
} rows[] = {
    {"",                             NULL,                                   NULL     },
    {"count=1000&lease=43200",       NULL,                                   NULL     },
    {"count=1&lease=0",              NULL,                                   NULL     },
    {"count=0",                      BAD_COUNT,                              BAD_COUNT},
    {"count=1001",                   BAD_COUNT,                              BAD_COUNT},
    {"count=",                       BAD_COUNT,                              BAD_COUNT},
    {"count",                        BAD_COUNT,                              BAD_COUNT},
    {"count=1%00",                   BAD_COUNT,                              BAD_COUNT},
    {"count=%2b1",                   BAD_COUNT,                              BAD_COUNT},
    {"count=99999999999999999999",   BAD_COUNT,                              BAD_COUNT},
    {"lease=-1",                     BAD_LEASE,                              BAD_LEASE},
    {"lease=43201",                  BAD_LEASE,                              BAD_LEASE},
    {"raw=2",                        BAD_RAW,                                BAD_RAW  },
    {"raw=",                         BAD_RAW,                                BAD_RAW  },
    {"wait=61",                      NULL,                                   BAD_WAIT },
    {"wait=-1",                      NULL,                                   BAD_WAIT },
 /* Of several that are wrong, one is told. */
    {"wait=x&count=x&lease=x&raw=x", BAD_RAW,                                BAD_WAIT },
    {"count=x&lease=x&raw=x",        BAD_RAW,                                BAD_COUNT},
    {"count=1&raw=1&lease=x",        BAD_LEASE,                              BAD_LEASE},
    {"count=1&raw=1",                "count goes with neither soft nor raw",
     "raw goes with neither count nor callback"                                       },
    {"count=1&raw=0",                NULL,                                   NULL     },
    {"raw=1&callback=f",             "raw does not go with callback",
     "raw goes with neither count nor callback"                                       },
    {"raw=1&callback=",              NULL,                                   NULL     },
    {"raw=1&lease=1",                NULL,                                   NULL     },
    {"count=1&callback=f",           NULL,                                   NULL     },
};

static const struct {
    const char *options;
    const char *reason;
} looks[] = {
    {"soft=1",                  NULL                                                     },
    {"soft=1&raw=1",            NULL                                                     },
    {"soft=1&raw=1&key=q:1",    NULL                                                     },
    {"soft=1&key=",             NULL                                                     },
    {"soft=1&count=1",          "count goes with neither soft nor raw"                   },
    {"soft=0&count=1",          NULL                                                     },
    {"soft=false&count=1",      NULL                                                     },
    {"soft=False&count=1",      "count goes with neither soft nor raw"                   },
    {"soft&count=1",            "count goes with neither soft nor raw"                   },
    {"soft=1&lease=0",          "soft does not go with lease"                            },
    {"soft=0&lease=0",          NULL                                                     },
    {"key=q:1",                 "key goes with soft=1: by its key a message is only read"},
    {"key=q:1&soft=0",          "key goes with soft=1: by its key a message is only read"},
    {"key=q:1&count=1&raw=1",   "count goes with neither soft nor raw"                   },
    {"soft=1&raw=1&callback=f", "raw does not go with callback"                          },
};

/* NULL: nothing is wrong. */
static const char *refusal_of(const char *options, enum wish_kind kind, struct wish *wish)
{
    static struct reason reason;
    static char text[128];
    static struct form form;
    enum status status;

    strcpy(text, options);
    form.count = 0;
    reason = (struct reason){0};
    assert_int_equal(form_parse(&form, text, strlen(text), &reason), STATUS_OK);
    memset(wish, 0xff, sizeof(*wish));
    status = wish_read(wish, kind, &form, &reason);
    assert_int_equal(status != STATUS_OK, *reason.text != '\0');
    return status == STATUS_OK ? NULL : reason.text;
}

static void check(const char *options, enum wish_kind kind, const char *expected)
{
    struct wish wish;
    const char *refusal = refusal_of(options, kind, &wish);

    if ((refusal != NULL) != (expected != NULL) || (expected && strcmp(refusal, expected) != 0))
        fail_msg("%s: %s", options, refusal ? refusal : "OK");
}

static void what_goes_with_what(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        check(rows[i].options, WISH_OF_GET, rows[i].get);
        check(rows[i].options, WISH_OF_WAIT, rows[i].wait);
    }
    for (size_t i = 0; i < COUNT(looks); i++)
        check(looks[i].options, WISH_OF_GET, looks[i].reason);
}

static void nothing_is_asked(void **state)
{
    struct wish wish;

    (void)state;
    assert_null(refusal_of("", WISH_OF_WAIT, &wish));
    assert_int_equal(wish.asks, WISH_TAKE);
    assert_int_equal(wish.count, 1);
    assert_int_equal(wish.lease, LEASE_BY_POLICY);
    assert_int_equal(wish.wait, 20);
    assert_int_equal(wish.most, LIMIT_ANSWER);
    assert_null(refusal_of("", WISH_OF_GET, &wish));
    assert_int_equal(wish.asks, WISH_TAKE);
    assert_int_equal(wish.lease, LEASE_BY_POLICY);
    assert_int_equal(wish.wait, 0);
    assert_true(wish.most > LIMIT_ANSWER);
}

static void all_is_asked(void **state)
{
    struct wish wish;

    (void)state;
    assert_null(refusal_of("count=7&lease=0&callback=f&raw=0", WISH_OF_GET, &wish));
    assert_int_equal(wish.asks, WISH_TAKE | WISH_COUNT | WISH_LEASE | WISH_CALLBACK);
    assert_int_equal(wish.count, 7);
    assert_int_equal(wish.lease, LEASE_NONE);
    assert_null(refusal_of("soft=x&key=a&raw=1", WISH_OF_GET, &wish));
    assert_int_equal(wish.asks, WISH_SOFT | WISH_KEY | WISH_RAW);
    assert_null(refusal_of("wait=0&lease=30&count=1", WISH_OF_WAIT, &wish));
    assert_int_equal(wish.asks, WISH_TAKE | WISH_COUNT | WISH_LEASE);
    assert_int_equal(wish.wait, 0);
    assert_int_equal(wish.lease, 30);
}

static const struct {
    const char *command;
    const char *reason;
    unsigned asks;
    long long count, lease;
} commands[] = {
    {"{}",                                          NULL,      WISH_TAKE,                           1,    LEASE_BY_POLICY},
    {"{\"count\":1}",                               NULL,      WISH_TAKE | WISH_COUNT,              1,    LEASE_BY_POLICY},
    {"{\"count\":\"1000\"}",                        NULL,      WISH_TAKE | WISH_COUNT,              1000, LEASE_BY_POLICY},
    {"{\"lease\":0}",                               NULL,      WISH_TAKE | WISH_LEASE,              1,    0              },
    {"{\"lease\":43200,\"count\":2}",               NULL,      WISH_TAKE | WISH_COUNT | WISH_LEASE, 2,    43200          },
    {"{\"raw\":1,\"wait\":1,\"soft\":1,\"key\":1}", NULL,      WISH_TAKE,                           1,    LEASE_BY_POLICY},
    {"{\"count\":0}",                               BAD_COUNT, 0,                                   0,    0              },
    {"{\"count\":1001}",                            BAD_COUNT, 0,                                   0,    0              },
    {"{\"count\":1.0}",                             BAD_COUNT, 0,                                   0,    0              },
    {"{\"count\":null}",                            BAD_COUNT, 0,                                   0,    0              },
    {"{\"count\":[1]}",                             BAD_COUNT, 0,                                   0,    0              },
    {"{\"lease\":-1}",                              BAD_LEASE, 0,                                   0,    0              },
    {"{\"lease\":\"\"}",                            BAD_LEASE, 0,                                   0,    0              },
    {"{\"lease\":true}",                            BAD_LEASE, 0,                                   0,    0              },
    {"{\"lease\":{},\"count\":{}}",                 BAD_COUNT, 0,                                   0,    0              },
};

static void members(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(commands); i++) {
        const char *text = commands[i].command;
        struct json_object *command;
        struct reason reason = {0};
        struct wish wish;
        enum status status;

        assert_int_equal(json_parse(text, strlen(text), &command, &reason), STATUS_OK);
        status = wish_read_members(&wish, command, &reason);
        json_object_put(command);
        if (commands[i].reason
                ? status != STATUS_BAD_VALUE || strcmp(reason.text, commands[i].reason) != 0
                : status != STATUS_OK || wish.asks != commands[i].asks ||
                      wish.count != commands[i].count || wish.lease != commands[i].lease)
            fail_msg("%s: %s", text, reason.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_with_what),
        cmocka_unit_test(nothing_is_asked),
        cmocka_unit_test(all_is_asked),
        cmocka_unit_test(members),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
