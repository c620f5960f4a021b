/* test-status.c - the one map of statuses, and reasons in words.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "base/status.h"

static const struct {
    enum status status;
    int http;
    const char *code;
} rows[] = {
    {STATUS_OK,          200, "ok"         },
    {STATUS_EMPTY,       204, "empty"      },
    {STATUS_BAD_REQUEST, 400, "bad_request"},
    {STATUS_BAD_NAME,    400, "bad_name"   },
    {STATUS_BAD_VALUE,   400, "bad_value"  },
    {STATUS_FORBIDDEN,   403, "forbidden"  },
    {STATUS_NOT_FOUND,   404, "not_found"  },
    {STATUS_NOT_ALLOWED, 405, "not_allowed"},
    {STATUS_STALE_LEASE, 409, "stale_lease"},
    {STATUS_CONFLICT,    409, "conflict"   },
    {STATUS_TOO_LARGE,   413, "too_large"  },
    {STATUS_UNSUPPORTED, 415, "unsupported"},
    {STATUS_UPGRADE,     426, "upgrade"    },
    {STATUS_FULL,        429, "full"       },
    {STATUS_DAMAGED,     500, "damaged"    },
    {STATUS_UNAVAILABLE, 503, "unavailable"},
    {STATUS_NO_SPACE,    507, "no_space"   },
};

static void every_status_is_mapped(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (status_http(rows[i].status) != rows[i].http ||
            strcmp(status_code(rows[i].status), rows[i].code) != 0)
            fail_msg("%s is %d %s", rows[i].code, status_http(rows[i].status),
                     status_code(rows[i].status));
        assert_true(*status_text(rows[i].status));
    }
}

static void refuse_returns_the_status(void **state)
{
    struct reason reason = {0};

    (void)state;
    assert_int_equal(refuse(&reason, STATUS_BAD_VALUE, "%s must be %d", "ttl", 7),
                     STATUS_BAD_VALUE);
    assert_string_equal(reason.text, "ttl must be 7");
    assert_false(reason.outcome_unknown);
}

/* What an earlier refusal has said of the same request is no part of a later one. */
static void refuse_fills_the_whole_reason(void **state)
{
    struct reason reason = {.text = "no answer", .outcome_unknown = true, .retry_after_s = 5};

    (void)state;
    refuse(&reason, STATUS_NOT_FOUND, "gone");
    assert_string_equal(reason.text, "gone");
    assert_false(reason.outcome_unknown);
    assert_int_equal(reason.retry_after_s, 0);
}

static void refuse_quotes_no_odd_byte(void **state)
{
    struct reason reason = {0};

    (void)state;
    refuse(&reason, STATUS_BAD_NAME, "<%s>", "a\r\nb\x1f\x20\x7e\x7f_\x80");
    assert_string_equal(reason.text, "<a??b? ~?_?>");
}

static void refuse_cuts_what_is_long(void **state)
{
    struct reason reason = {0};

    (void)state;
    refuse(&reason, STATUS_BAD_NAME, "%*d", 5000, 1);
    assert_int_equal(strlen(reason.text), sizeof(reason.text) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_is_mapped),
        cmocka_unit_test(refuse_returns_the_status),
        cmocka_unit_test(refuse_fills_the_whole_reason),
        cmocka_unit_test(refuse_quotes_no_odd_byte),
        cmocka_unit_test(refuse_cuts_what_is_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
