/* test-state.c - what queues look like from outside.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include <json-c/json.h>

#include "base/json.h"
#include "broker/state.h"

static struct call call;
static struct queue_state found[3];
static struct queue_states states = {.count = 1, .states = found};

static int clear(void **state)
{
    (void)state;
    call_clear(&call);
    tally_clear(&states.tally);
    return 0;
}

static void states_call(void **state)
{
    static const char *const queues[] = {"foo", "a/b.dead"};
    struct queue_state two[2];
    struct queue_states both = {.count = 2, .states = two};

    (void)state;
    queue_states_call(&call, queues, &both);
    expect_call(&call, &script_stats, 26, "foo:queue", "foo:UUID", "queuestat::foo",
                "foo:queuepolicy", "restmq:{foo}:leases", "restmq:{foo}:delayed",
                "restmq:{foo}:stats", "restmq:{foo}:settings", "foo.dead:queue",
                "restmq:{foo}.dead:leases", "restmq:{foo}.dead:delayed", "restmq:presence:{foo}",
                "restmq:{foo}:sampled", "a/b.dead:queue", "a/b.dead:UUID", "queuestat::a/b.dead",
                "a/b.dead:queuepolicy", "restmq:{a/b}.dead:leases", "restmq:{a/b}.dead:delayed",
                "restmq:{a/b}.dead:stats", "restmq:{a/b}.dead:settings", "a/b.dead:queue",
                "restmq:{a/b}.dead:leases", "restmq:{a/b}.dead:delayed",
                "restmq:presence:{a/b}.dead", "restmq:{a/b}:sampled", "");
}

static void begin(int count)
{
    static const char *const queues[COUNT(found)] = {"a", "b", "c"};

    states.count = count;
    memset(found, 0x55, sizeof(found));
    queue_states_call(&call, queues, &states);
}

#define UNUSED_QUEUE                                                                               \
    NUMBER(0), TEXT(""), TEXT(""), TEXT(""), NUMBER(0), NUMBER(0), NUMBER(0), LIST(), LIST(),      \
        LIST(), TEXT("")

static void a_queue_nobody_used(void **state)
{
    (void)state;
    begin(1);
    assert_int_equal(decode(&call, LIST(UNUSED_QUEUE)), STATUS_OK);
    assert_int_equal(found[0].ready, 0);
    assert_int_equal(found[0].pushed, 0);
    assert_int_equal(found[0].removed, 0);
    assert_int_equal(found[0].purged, 0);
    assert_true(found[0].holds.is_started);
    assert_int_equal(found[0].policy.policy, POLICY_BROADCAST);
    for (int i = 0; i < POLICY_SETTINGS; i++)
        assert_string_equal(found[0].policy.settings[i], "");
}

static void everything_is_read(void **state)
{
    struct json_object *object = json_object_new_object();
    struct buffer out = {0};
    struct helpers helpers = {.count = 1, .ids = (char[][HELPER_ID]){"0f"}};

    (void)state;
    begin(3);
    assert_int_equal(
        decode(&call,
               LIST(UNUSED_QUEUE, NUMBER(3), TEXT("100"), TEXT("0"), TEXT("2"), NUMBER(20),
                    NUMBER(5), NUMBER(7),
                    LIST(TEXT("acked"), TEXT("8"), TEXT("returned"), TEXT("9"), TEXT("expired"),
                         TEXT("10"), TEXT("dead"), TEXT("11"), TEXT("dropped"), TEXT("12"),
                         TEXT("purged"), TEXT("13"), TEXT("of later"), TEXT("14")),
                    LIST(TEXT("lease"), TEXT("30"), TEXT("backoff"), TEXT("1,2,10")),
                    LIST(TEXT("0f"), NUMBER(15), TEXT("1f"), NUMBER(2)), TEXT(">99"),
                    UNUSED_QUEUE)),
        STATUS_OK);
    assert_int_equal(found[0].ready, 0);
    assert_int_equal(found[1].removed, 65);
    assert_false(found[1].holds.is_started);
    assert_string_equal(found[1].policy.settings[0], "30");
    assert_int_equal(found[2].acked, 0);
    assert_true(tally_must_ask(&states.tally, &helpers));
    assert_int_equal(states.tally.count, 2);
    assert_true(tally_settle(&states.tally, &helpers));
    queue_state_to_json(&found[1], object);
    json_render(object, &out);
    assert_string_equal(out.data,
                        "{\"len\":3,\"leased\":20,\"delayed\":5,\"dead\":7,\"status\":0,"
                        "\"policy\":\"roundrobin\",\"pushed\":100,\"removed\":65,\"acked\":8,"
                        "\"returned\":9,\"expired\":10,\"died\":11,\"dropped\":12,\"purged\":13,"
                        "\"consumers\":15,\"oldest_s\":99,\"oldest_is\":\">\"}");
    buffer_clear(&out);
}

/* RestMQ's own keys may hold what others wrote. */
static void strange_values(void **state)
{
    (void)state;
    begin(2);
    assert_int_equal(
        decode(&call,
               LIST(NUMBER(5), TEXT("2"), TEXT("1"), TEXT("1"), NUMBER(1), NUMBER(1), NUMBER(1),
                    LIST(TEXT("acked")), LIST(TEXT("ttl")), LIST(TEXT("0f")), /* no pairs */
                    TEXT("-1"), NIL, TEXT("many"), TEXT("on"), TEXT("3"), NIL, TEXT("x"), LIST(),
                    LIST(NIL, TEXT("1"), TEXT("acked"), TEXT("x")), LIST(),
                    LIST(NIL, NUMBER(1), TEXT("0f"), TEXT("x")), NIL)),
        STATUS_OK);
    assert_int_equal(found[0].oldest.s, -1);
    assert_int_equal(found[1].oldest.s, -1);
    assert_int_equal(found[0].removed, 0); /* more are there than were pushed */
    assert_int_equal(found[0].acked, 0);
    assert_int_equal(found[1].ready, 0);
    assert_int_equal(found[1].pushed, 0);
    assert_true(found[1].holds.is_started);
    assert_int_equal(found[1].policy.policy, POLICY_BROADCAST);
    assert_int_equal(found[1].acked, 0);
}

static void states_result_unexpected(void **state)
{
    (void)state;
    begin(2);
    EXPECT_UNEXPECTED(&call, NIL, TEXT("x"), NUMBER(1), LIST(), LIST(UNUSED_QUEUE),
                      LIST(UNUSED_QUEUE, NUMBER(0), TEXT(""), TEXT(""), TEXT(""), NUMBER(0),
                           NUMBER(0), NUMBER(0), LIST(), LIST(), NIL),
                      LIST(UNUSED_QUEUE, NUMBER(0), TEXT(""), TEXT(""), TEXT(""), NUMBER(0),
                           NUMBER(0), NUMBER(0), NIL, LIST(), NUMBER(0), NIL),
                      LIST(UNUSED_QUEUE, NUMBER(0), TEXT(""), TEXT(""), TEXT(""), NUMBER(0),
                           NUMBER(0), NUMBER(0), LIST(), TEXT("x"), NUMBER(0), NIL));
}

static void jobs_call_and_result(void **state)
{
    struct queue_jobs jobs;

    (void)state;
    queue_jobs_call(&call, "foo", &jobs);
    expect_call(&call, &script_jobs, 1, "foo:queue", "10");
    assert_int_equal(decode(&call, LIST(NUMBER(12), LIST(TEXT("foo:12"), TEXT("foo:11")))),
                     STATUS_OK);
    assert_int_equal(jobs.length, 12);
    assert_int_equal(jobs.count, 2);
    assert_string_equal(jobs.jobs[1].key, "foo:11");
    assert_int_equal(jobs.jobs[1].key_len, 6);
    assert_int_equal(decode(&call, LIST(NUMBER(0), LIST())), STATUS_OK);
    assert_int_equal(jobs.count, 0);
    EXPECT_UNEXPECTED(&call, NIL, LIST(), LIST(NUMBER(1)), LIST(NUMBER(1), NUMBER(2)),
                      LIST(NUMBER(1), LIST(NIL, NIL, NIL, NIL, NIL, NIL, NIL, NIL, NIL, NIL, NIL)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_call),
        cmocka_unit_test(a_queue_nobody_used),
        cmocka_unit_test(everything_is_read),
        cmocka_unit_test(strange_values),
        cmocka_unit_test(states_result_unexpected),
        cmocka_unit_test(jobs_call_and_result),
    };

    return cmocka_run_group_tests(tests, NULL, clear);
}
