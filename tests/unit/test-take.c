/* test-take.c - taking messages: each call argument by argument, each answer good, short and wrong.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include "base/limits.h"
#include "broker/take.h"

static struct call call;
static struct token_pool pool;
static struct batch batch;

static int clear(void **state)
{
    (void)state;
    call_clear(&call);
    batch_clear(&batch);
    return 0;
}

/* --- for a client ---------------------------------------------------------------------------- */

static void take(const char *queue, long long count, long long lease)
{
    take_call(&call, &(struct take){.queue = queue, .count = count, .lease = lease, .pool = &pool},
              &batch);
}

static void call_of_a_take(void **state)
{
    (void)state;
    take("foo", 1, LEASE_BY_POLICY);
    expect_call(&call, &script_take, 6, "foo:queue", "restmq:{foo}:leases", "restmq:{foo}:delayed",
                "restmq:{foo}:trash", "restmq:{foo}:settings", "restmq:{foo}:receipts", "foo:", "1",
                "", TAKE_RARE(batch.token, "foo", ""));
    take("a/b", 1000, LEASE_NONE);
    expect_call(&call, &script_take, 6, TAKE_KEYS("a/b"), "a/b:", "1000", "0",
                TAKE_RARE(batch.token, "a/b", ""));
    call.clock_us = 1700000000123456;
    take("foo", 2, 43200);
    call.clock_us = 0;
    expect_call(&call, &script_take, 6, TAKE_KEYS("foo"), "foo:", "2", "43200000",
                TAKE_RARE(batch.token, "foo", ""), "1700000000123456");
}

/* The messages are those of foo; there are no dead letters of dead letters. */
static void call_for_dead_letters(void **state)
{
    (void)state;
    take("foo.dead", 1, 30);
    expect_call(&call, &script_take, 6, "foo.dead:queue", "restmq:{foo}.dead:leases",
                "restmq:{foo}.dead:delayed", "restmq:{foo}.dead:trash",
                "restmq:{foo}.dead:settings", "restmq:{foo}.dead:receipts", "foo:", "1", "30000",
                TAKE_RARE(batch.token, "foo", ".dead"));
}

#define NO_MESSAGES NUMBER(0), NUMBER(0), NUMBER(0)

static void result_of_a_take(void **state)
{
    (void)state;
    take("foo", 2, LEASE_BY_POLICY);
    assert_int_equal(
        decode(&call, LIST(NUMBER(0), NUMBER(0), NUMBER(0), TEXT("foo:1"), TEXT("a\0b"), NUMBER(1),
                           TEXT("foo:2"), TEXT(""), NUMBER(4))),
        STATUS_OK);
    assert_int_equal(batch.count, 2);
    assert_null(call_left_trash(&call));
    assert_string_equal(batch.messages[0].key, "foo:1");
    assert_int_equal(batch.messages[0].key_len, 5);
    assert_int_equal(batch.messages[0].value_len, 3);
    assert_memory_equal(batch.messages[0].value, "a\0b", 3);
    assert_int_equal(batch.messages[0].count, 0);
    assert_int_equal(batch.messages[0].deliveries, 1);
    assert_string_equal(batch.messages[0].token, "");
    assert_string_equal(batch.messages[1].key, "foo:2");
    assert_int_equal(batch.messages[1].value_len, 0);
    assert_int_equal(batch.messages[1].deliveries, 4);
}

static void result_of_a_take_of_a_lease(void **state)
{
    (void)state;
    take("foo", 1, 30);
    assert_int_equal(decode(&call, LIST(NUMBER(1), NUMBER(0), NUMBER(1700000030000), TEXT("foo:1"),
                                        TEXT("a"), NUMBER(2))),
                     STATUS_OK);
    assert_string_equal(call_left_trash(&call), "foo");
    assert_int_equal(batch.messages[0].lease_until, 1700000030000);
    assert_int_equal(batch.messages[0].deliveries, 2);
    assert_int_equal(strlen(batch.messages[0].token), TOKEN_RANDOM);
    assert_string_equal(batch.messages[0].token, batch.token);
}

/* As take.lua writes them: "-<position>" behind each when count is above 1. */
static void each_of_many_leases_has_its_token(void **state)
{
    redisReply *many[3 + 3 * LIMIT_BATCH], *number = NUMBER(7), *text = TEXT("foo:1");
    redisReply reply = {.type = REDIS_REPLY_ARRAY, .elements = COUNT(many), .element = many};
    char token[TOKEN_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = i < 3 || i % 3 == 2 ? number : text;
    take("foo", LIMIT_BATCH, 30);
    assert_int_equal(decode(&call, &reply), STATUS_OK);
    assert_int_equal(batch.count, LIMIT_BATCH);
    for (int i = 0; i < LIMIT_BATCH; i++) {
        snprintf(token, sizeof(token), "%.32s-%u", batch.token, (unsigned)(i + 1) % 10000);
        assert_string_equal(batch.messages[i].token, token);
    }
    take("foo", 2, 30);
    assert_int_equal(
        decode(&call, LIST(NUMBER(0), NUMBER(0), NUMBER(7), TEXT("foo:1"), TEXT("a"), NUMBER(1))),
        STATUS_OK);
    assert_string_equal(batch.messages[0].token + TOKEN_RANDOM, "-1");
}

static void tokens_are_random(void **state)
{
    char tokens[100][TOKEN_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT(tokens); i++) {
        take("foo", 1, 30);
        assert_int_equal(strspn(batch.token, "0123456789abcdef"), 32);
        assert_int_equal(strlen(batch.token), 32);
        strcpy(tokens[i], batch.token);
        for (size_t before = 0; before < i; before++)
            assert_string_not_equal(tokens[i], tokens[before]);
    }
}

static void result_of_a_take_without_messages(void **state)
{
    (void)state;
    take("foo", 1, LEASE_BY_POLICY);
    assert_int_equal(decode(&call, LIST(NUMBER(0), NUMBER(0), NUMBER(0))), STATUS_EMPTY);
    assert_int_equal(batch.count, 0);
    assert_null(call_left_trash(&call));
    assert_int_equal(decode(&call, LIST(NUMBER(1), NUMBER(0), NUMBER(0))), STATUS_EMPTY);
    assert_string_equal(call_left_trash(&call), "foo");
    assert_int_equal(decode(&call, LIST(NUMBER(0), NUMBER(1), NUMBER(0))), STATUS_AGAIN);
    assert_null(call_left_trash(&call));
}

static void result_of_a_take_unexpected(void **state)
{
    redisReply *many[3 + 3 * LIMIT_BATCH + 3], *zero = NUMBER(0), *text = TEXT("foo:1");
    redisReply too_many = {.type = REDIS_REPLY_ARRAY, .elements = COUNT(many), .element = many};

    (void)state;
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = i < 3 ? zero : text;
    take("foo", 1, LEASE_BY_POLICY);
    EXPECT_UNEXPECTED(&call, NIL, TEXT("x"), NUMBER(1), LIST(), LIST(NUMBER(0)),
                      LIST(NUMBER(0), NUMBER(0)), LIST(NO_MESSAGES, TEXT("foo:1")),
                      LIST(NO_MESSAGES, TEXT("foo:1"), TEXT("a")),
                      LIST(NO_MESSAGES, NUMBER(1), TEXT("x"), NUMBER(1)),
                      LIST(NO_MESSAGES, TEXT("foo:1"), NIL, NUMBER(1)),
                      LIST(NO_MESSAGES, TEXT("foo:1"), LIST(TEXT("x")), NUMBER(1)), &too_many);
    too_many.elements -= 3;
    assert_int_equal(decode(&call, &too_many), STATUS_OK);
    assert_int_equal(batch.count, LIMIT_BATCH);
}

/* What nobody got to see can be another one's. */
static void a_token_that_leased_nothing_is_the_next_ones(void **state)
{
    char before[TOKEN_RANDOM + 1];

    (void)state;
    take("foo", 1, LEASE_BY_POLICY);
    strcpy(before, batch.token);
    assert_int_equal(decode(&call, LIST(NO_MESSAGES, TEXT("foo:1"), TEXT("a"), NUMBER(1))),
                     STATUS_OK);
    take("foo", 1, 30);
    assert_string_equal(batch.token, before);
    assert_int_equal(decode(&call, LIST(NUMBER(0), NUMBER(0), NUMBER(7))), STATUS_EMPTY);
    take("foo", 1, 30);
    assert_string_equal(batch.token, before);
    assert_int_equal(
        decode(&call, LIST(NUMBER(0), NUMBER(0), NUMBER(7), TEXT("foo:1"), TEXT("a"), NUMBER(1))),
        STATUS_OK);
    take("foo", 1, 30);
    assert_string_not_equal(batch.token, before);
}

static void held(void **state)
{
    static struct reason reason;

    (void)state;
    take("foo", 1, LEASE_BY_POLICY);
    assert_int_equal(call.decode(&call, LIST(NUMBER(1), NUMBER(0), NUMBER(-1)), &reason),
                     STATUS_HELD);
    assert_string_equal(reason.text, "the takes of this queue are held, see /control");
    assert_string_equal(call_left_trash(&call), "foo");
}

/* --- for a helper ---------------------------------------------------------------------------- */

static void deliver(const char *queue, enum policy policy, int count, long long lease)
{
    struct take wish = {.queue = queue,
                        .count = count,
                        .lease = lease,
                        .holder = HOLDER_HELPER,
                        .policy = policy,
                        .pool = &pool};

    take_call(&call, &wish, &batch);
}

static const enum policy ANY_POLICY = (enum policy)0;

static void call_of_a_helper(void **state)
{
    (void)state;
    deliver("foo", POLICY_ROUNDROBIN, 64, LEASE_NONE);
    expect_call(&call, &script_take, 8, TAKE_KEYS("foo"), "queuestat::foo", "foo:queuepolicy",
                "foo:", "64", "0", TAKE_RARE(batch.token, "foo", ""), "", "30000", "2",
                "restmq:{foo}:broadcast");
    assert_int_equal(strspn(batch.token, "0123456789abcdef"), TOKEN_RANDOM);
    assert_int_equal(strlen(batch.token), TOKEN_RANDOM);
    assert_true(call.changes);
}

static void call_of_a_helper_of_a_broadcast(void **state)
{
    (void)state;
    call.clock_us = 1700000000123;
    deliver("foo", POLICY_BROADCAST, 100, LEASE_NONE);
    call.clock_us = 0;
    expect_call(&call, &script_take, 8, TAKE_KEYS("foo"), "queuestat::foo", "foo:queuepolicy",
                "foo:", "100", "0", TAKE_RARE(batch.token, "foo", ""), "1700000000123", "30000",
                "1", "restmq:{foo}:broadcast");
}

/* A long-poll goes by no policy; its lease is the client's. */
static void call_of_a_helper_of_a_long_poll(void **state)
{
    (void)state;
    deliver("foo", ANY_POLICY, 1, LEASE_BY_POLICY);
    expect_call(&call, &script_take, 8, TAKE_KEYS("foo"), "queuestat::foo", "foo:queuepolicy",
                "foo:", "1", "", TAKE_RARE(batch.token, "foo", ""), "", "30000", "",
                "restmq:{foo}:broadcast");
    deliver("foo", ANY_POLICY, 1000, 43200);
    expect_call(&call, &script_take, 8, TAKE_KEYS("foo"), "queuestat::foo", "foo:queuepolicy",
                "foo:", "1000", "43200000", TAKE_RARE(batch.token, "foo", ""), "", "30000", "",
                "restmq:{foo}:broadcast");
}

static void call_of_a_helper_of_dead_letters(void **state)
{
    (void)state;
    deliver("foo.dead", POLICY_ROUNDROBIN, 1, LEASE_NONE);
    expect_call(&call, &script_take, 8, "foo.dead:queue", "restmq:{foo}.dead:leases",
                "restmq:{foo}.dead:delayed", "restmq:{foo}.dead:trash",
                "restmq:{foo}.dead:settings", "restmq:{foo}.dead:receipts", "queuestat::foo.dead",
                "foo.dead:queuepolicy", "foo:", "1", "0", TAKE_RARE(batch.token, "foo", ".dead"),
                "", "30000", "2", "restmq:{foo}.dead:broadcast");
}

static void each_call_has_its_token(void **state)
{
    char before[TOKEN_RANDOM + 1];

    (void)state;
    deliver("foo", ANY_POLICY, 1, LEASE_NONE);
    strcpy(before, batch.token);
    deliver("foo", ANY_POLICY, 1, LEASE_NONE);
    assert_string_not_equal(batch.token, before);
}

static void result_of_a_helper(void **state)
{
    char token[TOKEN_SIZE];

    (void)state;
    deliver("foo", POLICY_ROUNDROBIN, 2, LEASE_NONE);
    assert_int_equal(
        decode(&call, LIST(NUMBER(0), NUMBER(0), NUMBER(0), TEXT("foo:1"), TEXT("a\0b"), NUMBER(1),
                           TEXT("foo:22"), TEXT(""), NUMBER(4), TEXT("2"), NUMBER(2))),
        STATUS_OK);
    assert_false(batch.is_stopped);
    assert_null(call_left_trash(&call));
    assert_int_equal(batch.policy, POLICY_ROUNDROBIN);
    assert_int_equal(batch.count, 2);
    assert_int_equal(batch.lease_until, 0);
    assert_string_equal(batch.messages[0].key, "foo:1");
    assert_int_equal(batch.messages[0].key_len, 5);
    assert_int_equal(batch.messages[0].value_len, 3);
    assert_memory_equal(batch.messages[0].value, "a\0b", 3);
    assert_int_equal(batch.messages[0].deliveries, 1);
    assert_int_equal(batch.messages[0].lease_until, 0);
    snprintf(token, sizeof(token), "%s.1", batch.token);
    assert_string_equal(batch.messages[0].token, token);
    snprintf(token, sizeof(token), "%s.2", batch.token);
    assert_string_equal(batch.messages[1].token, token);
    assert_int_equal(batch.messages[1].key_len, 6);
    assert_int_equal(batch.messages[1].value_len, 0);
    assert_int_equal(batch.messages[1].deliveries, 4);
}

static void result_of_a_helper_of_a_lease(void **state)
{
    (void)state;
    deliver("foo", ANY_POLICY, 1, 30);
    assert_int_equal(decode(&call, LIST(NUMBER(1), NUMBER(0), NUMBER(1700000030000), TEXT("foo:1"),
                                        TEXT("a"), NUMBER(2), TEXT("1"), NUMBER(1))),
                     STATUS_OK);
    assert_string_equal(call_left_trash(&call), "foo");
    assert_int_equal(batch.policy, POLICY_BROADCAST);
    assert_int_equal(batch.lease_until, 1700000030000);
    assert_int_equal(batch.messages[0].lease_until, 1700000030000);
}

/* They come on their own channel; here is only how many. */
static void result_of_a_helper_of_a_broadcast(void **state)
{
    (void)state;
    deliver("foo", POLICY_BROADCAST, 100, LEASE_NONE);
    assert_int_equal(decode(&call, LIST(NUMBER(0), NUMBER(0), NUMBER(0), TEXT("1"), NUMBER(100))),
                     STATUS_OK);
    assert_int_equal(batch.count, 100);
}

static void result_of_a_helper_without_messages(void **state)
{
    (void)state;
    deliver("foo", POLICY_BROADCAST, 1, LEASE_NONE);
    assert_int_equal(decode(&call, LIST(NO_MESSAGES, TEXT("1"), NUMBER(0))), STATUS_EMPTY);
    assert_int_equal(batch.count, 0);
    assert_false(batch.is_stopped);
    assert_int_equal(decode(&call, LIST(NUMBER(1), NUMBER(0), NUMBER(0), TEXT("0"), NUMBER(0))),
                     STATUS_EMPTY);
    assert_true(batch.is_stopped);
    assert_string_equal(call_left_trash(&call), "foo");
    assert_int_equal(decode(&call, LIST(NO_MESSAGES, TEXT("2"), NUMBER(0))), STATUS_EMPTY);
    assert_int_equal(batch.policy, POLICY_ROUNDROBIN);
    assert_false(batch.is_stopped);
    assert_null(call_left_trash(&call));
    assert_int_equal(decode(&call, LIST(NUMBER(0), NUMBER(1), NUMBER(0), TEXT("1"), NUMBER(0))),
                     STATUS_AGAIN);
    assert_int_equal(batch.count, 0);
}

/* A count is only believed where the messages are elsewhere. */
static void result_of_a_helper_unexpected(void **state)
{
    enum { AROUND = 5, MANY = LIMIT_BATCH + 1 };
    redisReply *many[AROUND + 3 * MANY], *zero = NUMBER(0), *text = TEXT("foo:1"),
                                         *number = NUMBER(MANY);
    redisReply too_many = {.type = REDIS_REPLY_ARRAY, .elements = COUNT(many), .element = many};

    (void)state;
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = i < 3 ? zero : i == COUNT(many) - 1 ? number : text;
    deliver("foo", POLICY_ROUNDROBIN, 1, LEASE_NONE);
    EXPECT_UNEXPECTED(
        &call, NIL, TEXT("x"), NUMBER(1), LIST(), SIMPLE("OK"), LIST(NO_MESSAGES, TEXT("2")),
        LIST(NO_MESSAGES, TEXT("foo:1"), TEXT("2"), NUMBER(1)),
        LIST(NO_MESSAGES, TEXT("foo:1"), TEXT("a"), TEXT("2"), NUMBER(1)),
        LIST(NO_MESSAGES, NUMBER(1), TEXT("a"), NUMBER(1), TEXT("2"), NUMBER(1)),
        LIST(NO_MESSAGES, TEXT("foo:1"), NIL, NUMBER(1), TEXT("2"), NUMBER(1)),
        LIST(NO_MESSAGES, TEXT("foo:1"), LIST(TEXT("x")), NUMBER(1), TEXT("2"), NUMBER(1)),
        LIST(NO_MESSAGES, TEXT("2"), NUMBER(1)),
        LIST(NO_MESSAGES, TEXT("foo:1"), TEXT("a"), NUMBER(1), TEXT("2"), NUMBER(2)),
        LIST(NO_MESSAGES, TEXT("foo:1"), TEXT("a"), NUMBER(1), TEXT("2"), NUMBER(0)),
        LIST(NO_MESSAGES, TEXT("2"), NUMBER(-1)), LIST(NO_MESSAGES, TEXT("2"), TEXT("x")),
        &too_many);
    assert_int_equal(batch.count, 0);
    deliver("foo", POLICY_BROADCAST, 1, LEASE_NONE);
    EXPECT_UNEXPECTED(&call, LIST(NO_MESSAGES, TEXT("1"), NUMBER(-1)),
                      LIST(NO_MESSAGES, TEXT("1"), NUMBER(LIMIT_BATCH + 1)),
                      LIST(NO_MESSAGES, TEXT("foo:1"), TEXT("a"), NUMBER(1), TEXT("1"), NUMBER(1)));
    assert_int_equal(batch.count, 0);
}

/* A long-poll waits until they are not. */
static void held_for_a_helper(void **state)
{
    (void)state;
    deliver("foo", ANY_POLICY, 1, 30);
    assert_int_equal(decode(&call, LIST(NUMBER(0), NUMBER(0), NUMBER(-1), TEXT("2"), NUMBER(0))),
                     STATUS_EMPTY);
    assert_int_equal(batch.policy, POLICY_ROUNDROBIN);
    assert_int_equal(batch.lease_until, 0);
}

static void many_messages_and_few(void **state)
{
    enum { AROUND = 5 };
    redisReply *many[AROUND + 3 * LIMIT_BATCH], *zero = NUMBER(0), *text = TEXT("foo:1"),
                                                *number = NUMBER(LIMIT_BATCH);
    redisReply reply = {.type = REDIS_REPLY_ARRAY, .elements = COUNT(many), .element = many};
    char token[TOKEN_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = i < 3 ? zero : i == COUNT(many) - 1 ? number : text;
    deliver("foo", ANY_POLICY, LIMIT_BATCH, LEASE_NONE);
    assert_int_equal(decode(&call, &reply), STATUS_OK);
    assert_int_equal(batch.count, LIMIT_BATCH);
    for (int i = 0; i < LIMIT_BATCH; i++) {
        snprintf(token, sizeof(token), "%.32s.%d", batch.token, (i + 1) % 10000);
        assert_string_equal(batch.messages[i].token, token);
    }
    assert_int_equal(
        decode(&call, LIST(NO_MESSAGES, TEXT("foo:9"), TEXT("z"), NUMBER(1), TEXT("1"), NUMBER(1))),
        STATUS_OK);
    assert_int_equal(batch.count, 1);
    assert_string_equal(batch.messages[0].key, "foo:9");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(call_of_a_take, clear),
        cmocka_unit_test_teardown(call_for_dead_letters, clear),
        cmocka_unit_test_teardown(result_of_a_take, clear),
        cmocka_unit_test_teardown(result_of_a_take_of_a_lease, clear),
        cmocka_unit_test_teardown(each_of_many_leases_has_its_token, clear),
        cmocka_unit_test_teardown(tokens_are_random, clear),
        cmocka_unit_test_teardown(result_of_a_take_without_messages, clear),
        cmocka_unit_test_teardown(result_of_a_take_unexpected, clear),
        cmocka_unit_test_teardown(a_token_that_leased_nothing_is_the_next_ones, clear),
        cmocka_unit_test_teardown(held, clear),
        cmocka_unit_test_teardown(call_of_a_helper, clear),
        cmocka_unit_test_teardown(call_of_a_helper_of_a_broadcast, clear),
        cmocka_unit_test_teardown(call_of_a_helper_of_a_long_poll, clear),
        cmocka_unit_test_teardown(call_of_a_helper_of_dead_letters, clear),
        cmocka_unit_test_teardown(each_call_has_its_token, clear),
        cmocka_unit_test_teardown(result_of_a_helper, clear),
        cmocka_unit_test_teardown(result_of_a_helper_of_a_lease, clear),
        cmocka_unit_test_teardown(result_of_a_helper_of_a_broadcast, clear),
        cmocka_unit_test_teardown(result_of_a_helper_without_messages, clear),
        cmocka_unit_test_teardown(result_of_a_helper_unexpected, clear),
        cmocka_unit_test_teardown(held_for_a_helper, clear),
        cmocka_unit_test_teardown(many_messages_and_few, clear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
