/* test-claim.c - acks, extends and releases, of one message and of many.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include <json-c/json.h>

#include "broker/claim.h"
#include "protocol/pairs.h"

static struct call call;
static struct claims claims;
static const struct claim leased = {
    .key = "foo:17 and more", .key_len = 6, .token = "tok-1 more", .token_len = 5};

static int clear(void **state)
{
    (void)state;
    call_clear(&call);
    return 0;
}

/* --- one ----------------------------------------------------------------------------------- */

static void ack(void **state)
{
    bool acked = false;

    (void)state;
    claim_ack_call(&call, "foo", &leased, &acked);
    expect_call(&call, &script_ack, 3, "restmq:{foo}:leases", "restmq:{foo}:receipts",
                "restmq:{foo}:stats", "foo:17", "tok-1");
    assert_int_equal(decode(&call, LIST(NUMBER(1))), STATUS_OK);
    assert_true(acked);
    assert_int_equal(decode(&call, LIST(NUMBER(-1))), STATUS_STALE_LEASE);
    assert_false(acked);
    EXPECT_UNEXPECTED(&call, NIL, TEXT("1"), NUMBER(1), LIST(TEXT("1")), LIST(NUMBER(1), NUMBER(1)),
                      SIMPLE("OK"));
}

static void extend(void **state)
{
    long long lease_until = 0;

    (void)state;
    claim_extend_call(&call, "foo", &leased, 43200, &lease_until);
    expect_call(&call, &script_extend, 2, "restmq:{foo}:leases", "restmq:{foo}:receipts",
                "43200000", "", "foo:17", "tok-1");
    call.clock_us = 5;
    claim_extend_call(&call, "foo", &leased, 1, &lease_until);
    call.clock_us = 0;
    expect_call(&call, &script_extend, 2, "restmq:{foo}:leases", "restmq:{foo}:receipts", "1000",
                "5", "foo:17", "tok-1");
    assert_int_equal(decode(&call, LIST(NUMBER(1700000030000))), STATUS_OK);
    assert_int_equal(lease_until, 1700000030000);
    assert_int_equal(decode(&call, LIST(NUMBER(-1))), STATUS_STALE_LEASE);
    EXPECT_UNEXPECTED(&call, NIL, TEXT("1700000030000"), NUMBER(1), LIST(TEXT("1")), SIMPLE("OK"));
}

static void release(void **state)
{
    (void)state;
    claim_release_call(&call, "foo", &leased, &(struct release){.delay = -1});
    expect_call(&call, &script_release, 11, GIVEBACK_KEYS("foo"), "", "", "foo.dead",
                "restmq:{foo}:events", "", "foo:17", "tok-1");
    claim_release_call(&call, "foo", &leased,
                       &(struct release){.delay = 0, .reason = "why and more", .reason_len = 3});
    expect_call(&call, &script_release, 11, GIVEBACK_KEYS("foo"), "0", "why", "foo.dead",
                "restmq:{foo}:events", "", "foo:17", "tok-1");
    call.clock_us = 5;
    claim_release_call(&call, "foo", &leased, &(struct release){.delay = 2592000});
    call.clock_us = 0;
    expect_call(&call, &script_release, 11, GIVEBACK_KEYS("foo"), "2592000000", "", "foo.dead",
                "restmq:{foo}:events", "5", "foo:17", "tok-1");
    assert_int_equal(decode(&call, LIST(NUMBER(1))), STATUS_OK);
    assert_int_equal(decode(&call, LIST(NUMBER(-1))), STATUS_STALE_LEASE);
    EXPECT_UNEXPECTED(&call, NIL, TEXT("1"), NUMBER(1), LIST(TEXT("1")), SIMPLE("OK"));
}

/* Characters of one to four bytes, and what is next to a control byte. */
static void reasons(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        enum status status;
    } cases[] = {
        {NULL,                                        0,  STATUS_OK       },
        {"a",                                         1,  STATUS_OK       },
        {" ~ \xc2\x80 \xe2\x82\xac \xf0\x9f\x98\x80", 14, STATUS_OK       },
        {"",                                          0,  STATUS_BAD_VALUE},
        {"a\nb",                                      3,  STATUS_BAD_VALUE},
        {"a\0b",                                      3,  STATUS_BAD_VALUE},
        {"\x1f",                                      1,  STATUS_BAD_VALUE},
        {"\x7f",                                      1,  STATUS_BAD_VALUE},
        {"\xe2\x82",                                  2,  STATUS_BAD_VALUE},
        {"\xff",                                      1,  STATUS_BAD_VALUE},
    };
    char longest[LIMIT_REASON + 1];
    struct reason reason;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(
            release_check(&(struct release){.reason = cases[i].text, .reason_len = cases[i].len},
                          &reason),
            cases[i].status);
    memset(longest, 'x', sizeof(longest));
    assert_int_equal(
        release_check(&(struct release){.reason = longest, .reason_len = LIMIT_REASON}, &reason),
        STATUS_OK);
    assert_int_equal(
        release_check(&(struct release){.reason = longest, .reason_len = LIMIT_REASON + 1},
                      &reason),
        STATUS_BAD_VALUE);
}

/* --- many ---------------------------------------------------------------------------------- */

static enum status read_text(const char *text)
{
    struct reason reason = {0};
    enum status status = pairs_read_text(&claims, "foo", text, strlen(text), &reason);

    assert_true(status == STATUS_OK || *reason.text);
    return status;
}

static void expect_outcomes(const char *expected)
{
    struct json_object *outcomes = pairs_outcomes(&claims);

    assert_string_equal(json_object_to_json_string_ext(outcomes, JSON_C_TO_STRING_PLAIN), expected);
    json_object_put(outcomes);
}

#define STALE                                                                                      \
    "{\"key\":\"foo:2\",\"error\":\"this is not the token of the lease in force\","                \
    "\"code\":\"stale_lease\"}"

static void many(void **state)
{
    (void)state;
    assert_int_equal(read_text("foo:1 a,foo:2 b"), STATUS_OK);
    claims_ack_call(&call, "foo", &claims);
    expect_call(&call, &script_ack, 4, "restmq:{foo}:leases", "restmq:{foo}:receipts",
                "restmq:{foo}:stats", "restmq:{foo}:trash", "foo:1", "a", "foo:2", "b");
    assert_int_equal(decode(&call, LIST(NUMBER(1), NUMBER(-1))), STATUS_OK);
    expect_outcomes("[{\"key\":\"foo:1\",\"deleted\":true}," STALE "]");
    assert_null(call_left_trash(&call));
    assert_int_equal(decode(&call, LIST(NUMBER(CLAIM_LEFT), NUMBER(-1))), STATUS_OK);
    expect_outcomes("[{\"key\":\"foo:1\",\"deleted\":true}," STALE "]");
    assert_string_equal(call_left_trash(&call), "foo");

    call.clock_us = 5;
    claims_ack_call(&call, "foo", &claims);
    expect_call(&call, &script_ack, 4, "restmq:{foo}:leases", "restmq:{foo}:receipts",
                "restmq:{foo}:stats", "restmq:{foo}:trash", "foo:1", "a", "foo:2", "b", "5");
    call.clock_us = 0;

    claims_extend_call(&call, "foo", &claims, 30);
    expect_call(&call, &script_extend, 2, "restmq:{foo}:leases", "restmq:{foo}:receipts", "30000",
                "", "foo:1", "a", "foo:2", "b");
    assert_int_equal(decode(&call, LIST(NUMBER(1700000030000), NUMBER(-1))), STATUS_OK);
    expect_outcomes("[{\"key\":\"foo:1\",\"lease_until\":1700000030000}," STALE "]");

    claims_release_call(&call, "foo", &claims,
                        &(struct release){.delay = -1, .reason = "why", .reason_len = 3});
    expect_call(&call, &script_release, 11, GIVEBACK_KEYS("foo"), "", "why", "foo.dead",
                "restmq:{foo}:events", "", "foo:1", "a", "foo:2", "b");
    assert_int_equal(decode(&call, LIST(NUMBER(1), NUMBER(-1))), STATUS_OK);
    expect_outcomes("[{\"key\":\"foo:1\",\"released\":true}," STALE "]");
    EXPECT_UNEXPECTED(&call, NIL, NUMBER(1), LIST(NUMBER(1)), LIST(NUMBER(1), TEXT("1")),
                      LIST(NUMBER(1), NUMBER(1), NUMBER(1)), SIMPLE("OK"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ack),     cmocka_unit_test(extend), cmocka_unit_test(release),
        cmocka_unit_test(reasons), cmocka_unit_test(many),
    };

    return cmocka_run_group_tests(tests, NULL, clear);
}
