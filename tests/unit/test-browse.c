/* test-browse.c - messages as they stand in their queue.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include "broker/browse.h"
#include "broker/claim.h"
#include "protocol/browsing.h"

static struct call call;
static struct browse browse;

#define ROW_OF(key, state, size, until, expires, body, reason, deliveries, at, died, age)          \
    TEXT(key), TEXT(state), NUMBER(size), NUMBER(2), NUMBER(until), NUMBER(expires), TEXT(body),   \
        TEXT(reason), NUMBER(deliveries), NUMBER(at), TEXT(died), TEXT(age)
#define ROW(key, state, size, until, expires, body)                                                \
    ROW_OF(key, state, size, until, expires, body, "", 0, 0, "", "")
#define NO_AGE "\"age_s\":null,\"age_is\":null"

static int clear(void **state)
{
    (void)state;
    call_clear(&call);
    return 0;
}

static void expect_row(const struct facts *facts, bool sees_bodies, const char *expected)
{
    struct buffer out = {0};

    facts_write(facts, sees_bodies, &out);
    assert_string_equal(out.data, expected);
    buffer_clear(&out);
}

static void a_page(void **state)
{
    (void)state;
    browse = (struct browse){.queue = "foo.dead",
                             .states = "rl",
                             .passed = 7,
                             .most = 2,
                             .cut = 5,
                             .text = "xyz",
                             .text_len = 3,
                             .looks_into_bodies = true};
    browse_call(&call, &browse);
    expect_call(&call, &script_browse, 6, "foo.dead:queue", "restmq:{foo}.dead:leases",
                "restmq:{foo}.dead:delayed", "restmq:{foo}.dead:receipts", "foo:UUID",
                "restmq:{foo}:sampled", "foo:", "foo:", "rl", "7", "2", "250", "5", "xyz", "65536",
                "262144", "");
    assert_int_equal(decode(&call, LIST(NUMBER(1700000000000), NUMBER(9),
                                        ROW("foo:1", "leased", 9, 1700000030000, 0, "ab"),
                                        ROW("foo:2", "delayed", 1, 1700000040000, 5, "\xff"))),
                     STATUS_OK);
    assert_int_equal(browse.count, 2);
    assert_int_equal(browse.next, 9);
    assert_int_equal(browse.now_ms, 1700000000000);
    expect_row(&browse.rows[0], true,
               "{\"key\":\"foo:1\",\"state\":\"leased\",\"size\":9,\"deliveries\":2,"
               "\"lease_until\":1700000030000," NO_AGE ",\"value\":\"ab\",\"cut\":true}");
    expect_row(&browse.rows[0], false,
               "{\"key\":\"foo:1\",\"state\":\"leased\",\"size\":9,\"deliveries\":2,"
               "\"lease_until\":1700000030000," NO_AGE "}");
    expect_row(&browse.rows[1], true,
               "{\"key\":\"foo:2\",\"state\":\"delayed\",\"size\":1,\"deliveries\":2,"
               "\"due\":1700000040000,\"expires\":5," NO_AGE
               ",\"value\":\"/w==\",\"encoding\":\"base64\"}");
    EXPECT_UNEXPECTED(
        &call, NIL, NUMBER(1), LIST(), LIST(NUMBER(1)), LIST(NUMBER(1), NUMBER(-1), TEXT("foo:1")),
        LIST(NUMBER(1), NUMBER(-1), NIL, TEXT("ready"), NUMBER(1), NUMBER(1), NUMBER(0), NUMBER(0),
             TEXT(""), TEXT(""), NUMBER(0), NUMBER(0), TEXT(""), TEXT("")),
        LIST(NUMBER(1), NUMBER(-1), TEXT("foo:1"), TEXT("ready"), NUMBER(1), NUMBER(1), NUMBER(0),
             NUMBER(0), TEXT(""), NIL, NUMBER(0), NUMBER(0), TEXT(""), TEXT("")),
        LIST(NUMBER(1), NUMBER(-1), ROW("foo:1", "ready", 1, 0, 0, ""),
             ROW("foo:2", "ready", 1, 0, 0, ""), ROW("foo:3", "ready", 1, 0, 0, "")));
}

static void one(void **state)
{
    static const struct claim claim = {.key = "foo:1", .key_len = 5};

    (void)state;
    browse = (struct browse){.queue = "foo", .cut = 5};
    browse_one_call(&call, &claim, &browse);
    expect_call(&call, &script_inspect, 11, "foo:queue", "restmq:{foo}:leases",
                "restmq:{foo}:receipts", "restmq:{foo}:delayed", "foo.dead:queue",
                "restmq:{foo}.dead:leases", "restmq:{foo}.dead:receipts",
                "restmq:{foo}.dead:delayed", "foo:UUID", "restmq:{foo}:foreign",
                "restmq:{foo}:sampled", "foo:1", "10000", "", "5");
    assert_int_equal(decode(&call, NUMBER(0)), STATUS_NOT_FOUND);
    assert_int_equal(decode(&call, NUMBER(-2)), STATUS_CONFLICT);
    assert_int_equal(
        decode(&call, LIST(NUMBER(1700000000000), ROW("foo:1", "ready", 1, 0, 0, "a"))), STATUS_OK);
    assert_int_equal(browse.count, 1);
    expect_row(browse.rows, true,
               "{\"key\":\"foo:1\",\"state\":\"ready\",\"size\":1,\"deliveries\":2," NO_AGE
               ",\"value\":\"a\"}");
    EXPECT_UNEXPECTED(&call, NIL, NUMBER(5), LIST(), LIST(NUMBER(1)), TEXT("x"),
                      LIST(NUMBER(1), NIL, NIL, NIL, NIL, NIL, NIL, NIL, NIL, NIL, NIL, NIL, NIL));
}

/* Who may not see bodies does not see reasons either. */
static void reasons_and_ages(void **state)
{
    (void)state;
    browse = (struct browse){.queue = "foo.dead", .states = "r", .most = 2};
    browse_call(&call, &browse);
    assert_int_equal(
        decode(&call, LIST(NUMBER(1), NUMBER(-1),
                           ROW_OF("foo:1", "ready", 1, 0, 0, "", "a \"b\"", 5, 17, "late", "12"),
                           ROW_OF("foo:2", "ready", 1, 0, 0, "", "", 1, 18, "", ">13"))),
        STATUS_OK);
    expect_row(
        &browse.rows[0], true,
        "{\"key\":\"foo:1\",\"state\":\"ready\",\"size\":1,\"deliveries\":2,"
        "\"age_s\":12,\"age_is\":\"=\",\"reason\":\"a \\\"b\\\"\","
        "\"died\":{\"deliveries\":5,\"at\":17,\"reason\":\"late\"},\"value\":\"\",\"cut\":true}");
    expect_row(&browse.rows[0], false,
               "{\"key\":\"foo:1\",\"state\":\"ready\",\"size\":1,\"deliveries\":2,"
               "\"age_s\":12,\"age_is\":\"=\",\"died\":{\"deliveries\":5,\"at\":17}}");
    expect_row(
        &browse.rows[1], true,
        "{\"key\":\"foo:2\",\"state\":\"ready\",\"size\":1,\"deliveries\":2,"
        "\"age_s\":13,\"age_is\":\">\","
        "\"died\":{\"deliveries\":1,\"at\":18,\"reason\":null},\"value\":\"\",\"cut\":true}");
}

/* However a text is cut, what is left of it is text. */
static void whole_characters_are_told(void **state)
{
    static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
    static const size_t whole[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10};

    (void)state;
    for (size_t len = 1; len < sizeof(text) - 1; len++) {
        struct facts facts = {
            .key = "foo:1", .key_len = 5, .state = "ready", .size = 99, .age = {.s = -1}};
        struct buffer expected = {0};

        facts.body = text;
        facts.body_len = len;
        buffer_addf(&expected,
                    "{\"key\":\"foo:1\",\"state\":\"ready\",\"size\":99,\"deliveries\":0," NO_AGE
                    ",\"value\":\"%.*s\",\"cut\":true}",
                    (int)whole[len], text);
        expect_row(&facts, true, expected.data);
        buffer_clear(&expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page),
        cmocka_unit_test(one),
        cmocka_unit_test(reasons_and_ages),
        cmocka_unit_test(whole_characters_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, clear);
}
