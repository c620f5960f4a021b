/* test-queue.c - one queue: each call argument by argument, each answer good, short and wrong.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include "broker/queue.h"

static struct call call;
static struct reason reason;

static int clear(void **state)
{
    (void)state;
    call_clear(&call);
    return 0;
}

/* The answer of the call that was built last. */
static enum status decode(const redisReply *reply)
{
    reason = (struct reason){0};
    return call.decode(reply, call.result, &reason);
}

/* None of these can be read, and none is outcome unknown: Redis did answer. */
static void expect_unexpected(const redisReply *const *replies, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (decode(replies[i]) != STATUS_UNAVAILABLE)
            fail_msg("reply %zu was read", i);
        assert_true(*reason.text);
        assert_false(reason.outcome_unknown);
    }
}

#define EXPECT_UNEXPECTED(...)                                                                     \
    expect_unexpected((const redisReply *const[]){__VA_ARGS__},                                    \
                      COUNT(((const redisReply *const[]){__VA_ARGS__})))

/* --- push ---------------------------------------------------------------------------------- */

static void push_call(void **state)
{
    long long number;

    (void)state;
    queue_push_call(&call, "foo", "body", 4, 0, &number);
    expect_call(&call, &script_push, 4, "foo:queue", "foo:UUID", "queuestat::foo", "QUEUESET",
                "foo", "foo:", "foo:PUBSUB", "body", "");
    queue_push_call(&call, "a/b", "", 0, 315360000, &number);
    expect_call(&call, &script_push, 4, "a/b:queue", "a/b:UUID", "queuestat::a/b", "QUEUESET",
                "a/b", "a/b:", "a/b:PUBSUB", "", "315360000");
}

static void push_sends_any_bytes(void **state)
{
    static const char body[] = "\0\xff\r\n";
    long long number;

    (void)state;
    queue_push_call(&call, "foo", body, 4, 0, &number);
    call_resolve(&call, false);
    assert_ptr_equal(call.argv[10], body);
    assert_int_equal(call.argv_len[10], 4);
}

static void push_result(void **state)
{
    long long number = -1;

    (void)state;
    queue_push_call(&call, "foo", "", 0, 0, &number);
    assert_int_equal(decode(NUMBER(17)), STATUS_OK);
    assert_int_equal(number, 17);
    EXPECT_UNEXPECTED(NIL, TEXT("18"), SIMPLE("OK"), LIST(NUMBER(18)));
    assert_int_equal(number, 17);
}

/* --- take ---------------------------------------------------------------------------------- */

static struct taken taken;

static void take_call(void **state)
{
    (void)state;
    queue_take_call(&call, "foo", 1, &taken);
    expect_call(&call, &script_take, 2, "foo:queue", "restmq:{foo}:trash", "foo:", "1", "8388608");
    queue_take_call(&call, "a/b", 1000, &taken);
    expect_call(&call, &script_take, 2, "a/b:queue", "restmq:{a/b}:trash", "a/b:", "1000",
                "8388608");
}

static void take_result(void **state)
{
    (void)state;
    queue_take_call(&call, "foo", 2, &taken);
    assert_int_equal(
        decode(LIST(NUMBER(0), NUMBER(0), TEXT("foo:1"), TEXT("a\0b"), TEXT("foo:2"), TEXT(""))),
        STATUS_OK);
    assert_int_equal(taken.count, 2);
    assert_false(taken.has_trash);
    assert_string_equal(taken.messages[0].key, "foo:1");
    assert_int_equal(taken.messages[0].key_len, 5);
    assert_int_equal(taken.messages[0].value_len, 3);
    assert_memory_equal(taken.messages[0].value, "a\0b", 3);
    assert_int_equal(taken.messages[0].count, 0);
    assert_string_equal(taken.messages[1].key, "foo:2");
    assert_int_equal(taken.messages[1].value_len, 0);
}

static void take_result_without_messages(void **state)
{
    (void)state;
    queue_take_call(&call, "foo", 1, &taken);
    assert_int_equal(decode(LIST(NUMBER(0), NUMBER(0))), STATUS_EMPTY);
    assert_int_equal(taken.count, 0);
    assert_false(taken.has_trash);
    assert_int_equal(decode(LIST(NUMBER(1), NUMBER(0))), STATUS_EMPTY);
    assert_true(taken.has_trash);
    assert_int_equal(decode(LIST(NUMBER(0), NUMBER(1))), STATUS_AGAIN);
    assert_false(taken.has_trash);
}

static void take_result_unexpected(void **state)
{
    redisReply *many[2 + 2 * LIMIT_BATCH + 2], *zero = NUMBER(0), *text = TEXT("foo:1");
    redisReply too_many = {.type = REDIS_REPLY_ARRAY, .elements = COUNT(many), .element = many};

    (void)state;
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = i < 2 ? zero : text;
    queue_take_call(&call, "foo", 1, &taken);
    EXPECT_UNEXPECTED(NIL, TEXT("x"), NUMBER(1), LIST(), LIST(NUMBER(0)),
                      LIST(NUMBER(0), NUMBER(0), TEXT("foo:1")),
                      LIST(NUMBER(0), NUMBER(0), NUMBER(1), TEXT("x")),
                      LIST(NUMBER(0), NUMBER(0), TEXT("foo:1"), NIL),
                      LIST(NUMBER(0), NUMBER(0), TEXT("foo:1"), LIST(TEXT("x"))), &too_many);
    too_many.elements -= 2;
    assert_int_equal(decode(&too_many), STATUS_OK);
    assert_int_equal(taken.count, LIMIT_BATCH);
}

/* --- peek ---------------------------------------------------------------------------------- */

static void peek_call(void **state)
{
    struct message message;

    (void)state;
    queue_peek_call(&call, "foo", true, &message);
    expect_call(&call, &script_peek, 1, "foo:queue", "foo:", "1");
    queue_peek_call(&call, "foo", false, &message);
    expect_call(&call, &script_peek, 1, "foo:queue", "foo:", "0");
}

static void peek_result(void **state)
{
    struct message message;

    (void)state;
    queue_peek_call(&call, "foo", true, &message);
    assert_int_equal(decode(LIST(NUMBER(0), TEXT("foo:7"), TEXT("x\0"), NUMBER(3))), STATUS_OK);
    assert_string_equal(message.key, "foo:7");
    assert_int_equal(message.key_len, 5);
    assert_int_equal(message.value_len, 2);
    assert_int_equal(message.count, 3);
    assert_int_equal(decode(LIST(NUMBER(0))), STATUS_EMPTY);
    assert_int_equal(decode(LIST(NUMBER(1))), STATUS_AGAIN);
    EXPECT_UNEXPECTED(NIL, NUMBER(0), LIST(), LIST(NUMBER(0), TEXT("foo:7")),
                      LIST(NUMBER(0), TEXT("foo:7"), TEXT("x")),
                      LIST(NUMBER(0), TEXT("foo:7"), NIL, NUMBER(3)),
                      LIST(NUMBER(0), NUMBER(7), TEXT("x"), NUMBER(3)),
                      LIST(NUMBER(0), TEXT("foo:7"), TEXT("x"), NUMBER(3), NUMBER(4)));
}

/* --- delete, purge, sweep ------------------------------------------------------------------ */

static void delete_call_and_result(void **state)
{
    bool deleted = false;

    (void)state;
    queue_delete_call(&call, "foo", "foo:17", 6, &deleted);
    expect_call(&call, &script_delete, 1, "foo:queue", "foo:17", "10000");
    assert_int_equal(decode(NUMBER(1)), STATUS_OK);
    assert_true(deleted);
    assert_int_equal(decode(NUMBER(0)), STATUS_OK);
    assert_false(deleted);
    EXPECT_UNEXPECTED(NIL, TEXT("1"), LIST(NUMBER(1)), SIMPLE("OK"));
    assert_false(deleted);
}

static void purge_call_and_result(void **state)
{
    long long purged = -1;

    (void)state;
    queue_purge_call(&call, "foo", &purged);
    expect_call(&call, &script_purge, 2, "foo:queue", "restmq:{foo}:trash", "restmq:{foo}:events");
    assert_int_equal(decode(NUMBER(1000000)), STATUS_OK);
    assert_int_equal(purged, 1000000);
    EXPECT_UNEXPECTED(NIL, TEXT("1"), LIST(NUMBER(1)), SIMPLE("OK"));
    assert_int_equal(purged, 1000000);
}

static void sweep_call_and_result(void **state)
{
    bool more = false;

    (void)state;
    queue_sweep_call(&call, "foo", &more);
    expect_call(&call, &script_sweep, 1, "restmq:{foo}:trash", "foo:", "100");
    assert_int_equal(decode(NUMBER(1)), STATUS_OK);
    assert_true(more);
    assert_int_equal(decode(NUMBER(0)), STATUS_OK);
    assert_false(more);
    EXPECT_UNEXPECTED(NIL, TEXT("1"), LIST(), SIMPLE("OK"));
}

/* --- policy, status, state ----------------------------------------------------------------- */

static void policies_have_names(void **state)
{
    enum policy policy = POLICY_BROADCAST;

    (void)state;
    assert_string_equal(policy_name(POLICY_BROADCAST), "broadcast");
    assert_string_equal(policy_name(POLICY_ROUNDROBIN), "roundrobin");
    assert_true(policy_parse("roundrobin", 10, &policy));
    assert_int_equal(policy, POLICY_ROUNDROBIN);
    assert_true(policy_parse("broadcast", 9, &policy));
    assert_int_equal(policy, POLICY_BROADCAST);
    assert_false(policy_parse("", 0, &policy));
    assert_false(policy_parse("broadcas", 8, &policy));
    assert_false(policy_parse("broadcast\0", 10, &policy));
    assert_false(policy_parse("Broadcast", 9, &policy));
    assert_false(policy_parse("1", 1, &policy));
}

static void set_calls_and_result(void **state)
{
    (void)state;
    queue_set_policy_call(&call, "foo", POLICY_ROUNDROBIN);
    expect_call(&call, &script_set, 1, "foo:queuepolicy", "2", "restmq:{foo}:events", "policy");
    queue_set_policy_call(&call, "foo", POLICY_BROADCAST);
    expect_call(&call, &script_set, 1, "foo:queuepolicy", "1", "restmq:{foo}:events", "policy");
    queue_set_started_call(&call, "foo", true);
    expect_call(&call, &script_set, 1, "queuestat::foo", "1", "restmq:{foo}:events", "control");
    queue_set_started_call(&call, "foo", false);
    expect_call(&call, &script_set, 1, "queuestat::foo", "0", "restmq:{foo}:events", "control");
    assert_int_equal(decode(SIMPLE("OK")), STATUS_OK);
    EXPECT_UNEXPECTED(NIL, NUMBER(1), TEXT("OK"), LIST());
}

static void states_call(void **state)
{
    static const char *const queues[] = {"foo", "a/b"};
    struct queue_state two[2];
    struct queue_states states = {2, two};

    (void)state;
    queue_states_call(&call, queues, &states);
    expect_call(&call, &script_stats, 8, "foo:queue", "foo:UUID", "queuestat::foo",
                "foo:queuepolicy", "a/b:queue", "a/b:UUID", "queuestat::a/b", "a/b:queuepolicy");
}

static const struct queue_state state_rows[] = {
    {.length = 0, .pushed = 0,  .removed = 0, .is_started = true,  .policy = POLICY_BROADCAST },
    {.length = 3, .pushed = 10, .removed = 7, .is_started = false, .policy = POLICY_ROUNDROBIN},
    {.length = 5, .pushed = 2,  .removed = 0, .is_started = true,  .policy = POLICY_BROADCAST },
    {.length = 0, .pushed = 0,  .removed = 0, .is_started = true,  .policy = POLICY_BROADCAST },
};

static void states_result(void **state)
{
    static const char *const queues[COUNT(state_rows)] = {"unused", "used", "odd", "strange"};
    struct queue_state found[COUNT(state_rows)];
    struct queue_states states = {COUNT(found), found};

    (void)state;
    queue_states_call(&call, queues, &states);
    assert_int_equal(
        decode(LIST(NUMBER(0), TEXT(""), TEXT(""), TEXT(""),     /* nothing is set */
                    NUMBER(3), TEXT("10"), TEXT("0"), TEXT("2"), /* everything */
                    NUMBER(5), TEXT("2"), TEXT("1"), TEXT("1"),  /* more than were pushed */
                    NIL, TEXT("many"), TEXT("on"), TEXT("3"))),  /* what nobody of us wrote */
        STATUS_OK);
    for (size_t i = 0; i < COUNT(found); i++)
        if (found[i].length != state_rows[i].length || found[i].pushed != state_rows[i].pushed ||
            found[i].removed != state_rows[i].removed ||
            found[i].is_started != state_rows[i].is_started ||
            found[i].policy != state_rows[i].policy)
            fail_msg("%s", queues[i]);
    states.count = 2;
    EXPECT_UNEXPECTED(NIL, TEXT("x"), LIST(), LIST(NUMBER(0), NIL, NIL, NIL),
                      LIST(NUMBER(0), NIL, NIL, NIL, NUMBER(0), NIL, NIL));
}

/* --- jobs ---------------------------------------------------------------------------------- */

static void jobs_call_and_result(void **state)
{
    struct queue_jobs jobs;

    (void)state;
    queue_jobs_call(&call, "foo", &jobs);
    expect_call(&call, &script_jobs, 1, "foo:queue", "10");
    assert_int_equal(decode(LIST(NUMBER(12), LIST(TEXT("foo:12"), TEXT("foo:11")))), STATUS_OK);
    assert_int_equal(jobs.length, 12);
    assert_int_equal(jobs.count, 2);
    assert_string_equal(jobs.jobs[1].key, "foo:11");
    assert_int_equal(jobs.jobs[1].key_len, 6);
    assert_int_equal(decode(LIST(NUMBER(0), LIST())), STATUS_OK);
    assert_int_equal(jobs.count, 0);
    EXPECT_UNEXPECTED(NIL, LIST(), LIST(NUMBER(1)), LIST(NUMBER(1), NUMBER(2)),
                      LIST(NUMBER(1), LIST(NIL, NIL, NIL, NIL, NIL, NIL, NIL, NIL, NIL, NIL, NIL)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(push_call),
        cmocka_unit_test(push_sends_any_bytes),
        cmocka_unit_test(push_result),
        cmocka_unit_test(take_call),
        cmocka_unit_test(take_result),
        cmocka_unit_test(take_result_without_messages),
        cmocka_unit_test(take_result_unexpected),
        cmocka_unit_test(peek_call),
        cmocka_unit_test(peek_result),
        cmocka_unit_test(delete_call_and_result),
        cmocka_unit_test(purge_call_and_result),
        cmocka_unit_test(sweep_call_and_result),
        cmocka_unit_test(policies_have_names),
        cmocka_unit_test(set_calls_and_result),
        cmocka_unit_test(states_call),
        cmocka_unit_test(states_result),
        cmocka_unit_test(jobs_call_and_result),
    };

    return cmocka_run_group_tests(tests, NULL, clear);
}
