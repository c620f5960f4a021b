/* test-find.c - one message by its key.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include "broker/find.h"
#include "protocol/messages.h"

static struct call call;
static const struct claim unleased = {.key = "foo:17 and more", .key_len = 6};
static const struct claim leased = {
    .key = "foo:17", .key_len = 6, .token = "tok-1", .token_len = 5};

#define PLACES                                                                                     \
    "foo:queue", "restmq:{foo}:leases", "restmq:{foo}:receipts", "restmq:{foo}:delayed",           \
        "foo.dead:queue", "restmq:{foo}.dead:leases", "restmq:{foo}.dead:receipts",                \
        "restmq:{foo}.dead:delayed", "foo:UUID", "restmq:{foo}:foreign"
#define DEAD_PLACES                                                                                \
    "foo.dead:queue", "restmq:{foo}.dead:leases", "restmq:{foo}.dead:receipts",                    \
        "restmq:{foo}.dead:delayed", "foo.dead:queue", "restmq:{foo}.dead:leases",                 \
        "restmq:{foo}.dead:receipts", "restmq:{foo}.dead:delayed", "foo:UUID",                     \
        "restmq:{foo}:foreign"

static int clear(void **state)
{
    (void)state;
    call_clear(&call);
    return 0;
}

static void deletes(void **state)
{
    bool deleted = false;

    (void)state;
    find_delete_call(&call, "foo", &unleased, false, &deleted);
    expect_call(&call, &script_delete, 10, PLACES, "foo:17", "10000", "", "0");
    assert_int_equal(decode(&call, NUMBER(-2)), STATUS_CONFLICT);
    assert_false(deleted);
    assert_int_equal(decode(&call, NUMBER(1)), STATUS_OK);
    assert_true(deleted);
    assert_int_equal(decode(&call, NUMBER(0)), STATUS_OK);
    assert_false(deleted);
    deleted = true;
    assert_int_equal(decode(&call, NUMBER(1700000030000)), STATUS_STALE_LEASE);
    assert_false(deleted);
    EXPECT_UNEXPECTED(&call, NIL, TEXT("1"), LIST(NUMBER(1)), SIMPLE("OK"));

    call.clock_us = 5;
    find_delete_call(&call, "foo.dead", &unleased, true, &deleted);
    call.clock_us = 0;
    expect_call(&call, &script_delete, 10, DEAD_PLACES, "foo:17", "10000", "5", "1");
}

static void with_a_token_it_acks(void **state)
{
    bool deleted;

    (void)state;
    find_delete_call(&call, "foo", &leased, false, &deleted);
    expect_call(&call, &script_ack, 3, "restmq:{foo}:leases", "restmq:{foo}:receipts",
                "restmq:{foo}:stats", "foo:17", "tok-1");
}

static void expect_json(const struct found *found, const char *expected)
{
    struct buffer out = {0};

    found_write_members(found, &out);
    assert_string_equal(out.data, expected);
    buffer_clear(&out);
}

static void looks(void **state)
{
    struct found found;

    (void)state;
    find_call(&call, "foo", &unleased, true, &found);
    expect_call(&call, &script_look, 10, PLACES, "foo:17", "10000", "", "1");
    assert_int_equal(decode(&call, NUMBER(0)), STATUS_NOT_FOUND);
    assert_int_equal(decode(&call, NUMBER(-2)), STATUS_CONFLICT);
    assert_int_equal(decode(&call, LIST(TEXT("v"), NUMBER(3), TEXT("ready"), NUMBER(0), NUMBER(2))),
                     STATUS_OK);
    assert_int_equal(found.message.count, 3);
    expect_json(
        &found,
        "\"key\":\"foo:17\",\"value\":\"v\",\"state\":\"ready\",\"deliveries\":2,\"count\":3");
    assert_int_equal(decode(&call, LIST(TEXT("\xff"), NUMBER(0), TEXT("leased"),
                                        NUMBER(1700000030000), NUMBER(1))),
                     STATUS_OK);
    expect_json(&found,
                "\"key\":\"foo:17\",\"value\":\"/w==\",\"encoding\":\"base64\","
                "\"state\":\"leased\",\"lease_until\":1700000030000,\"deliveries\":1,\"count\":0");
    assert_int_equal(
        decode(&call, LIST(TEXT(""), NUMBER(0), TEXT("delayed"), NUMBER(1700000030000), NUMBER(0))),
        STATUS_OK);
    expect_json(&found, "\"key\":\"foo:17\",\"value\":\"\",\"state\":\"delayed\","
                        "\"due\":1700000030000,\"deliveries\":0,\"count\":0");
    EXPECT_UNEXPECTED(&call, NIL, NUMBER(1), TEXT("1"), LIST(),
                      LIST(NIL, NUMBER(0), TEXT("ready"), NUMBER(0), NUMBER(0)),
                      LIST(TEXT("v"), NUMBER(0), NUMBER(1), NUMBER(0), NUMBER(0)), SIMPLE("OK"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deletes),
        cmocka_unit_test(with_a_token_it_acks),
        cmocka_unit_test(looks),
    };

    return cmocka_run_group_tests(tests, NULL, clear);
}
