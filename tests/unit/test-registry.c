/* test-registry.c - what runs before and behind a call that makes a queue, or removes one.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include "base/known.h"
#include "broker/keys.h"
#include "broker/policy.h"
#include "broker/pool.h"
#include "broker/queue.h"
#include "broker/removal.h"

static struct call call, others[2];
static struct known known;
static struct pushed pushed;
static struct removal removal;
static struct reason reason;

static int begin(void **state)
{
    (void)state;
    keys_use_tags(true);
    return 0;
}

static int end(void **state)
{
    (void)state;
    keys_use_tags(false);
    call.reply = others[0].reply = others[1].reply = NULL;
    call_clear(&call);
    call_clear(&others[0]);
    call_clear(&others[1]);
    known_clear(&known);
    return 0;
}

static void push_to(const char *queue)
{
    static const struct body body = {"a", 1};
    const struct push push = {.queue = queue, .bodies = &body, .count = 1};

    call.reply = NULL;
    queue_push_call(&call, &push, &pushed);
}

/* The next call behind this one, which was answered so; false: there is none. */
static bool follows(struct call *one, redisReply *reply, struct call *other)
{
    bool is_there;

    one->reply = reply;
    other->reply = NULL;
    is_there = call_after(one, &known, other);
    one->reply = NULL;
    return is_there;
}

static void expect_command(struct call *one, const char *const *words)
{
    int count = call_resolve(one, false);

    for (int i = 0; i < count; i++) {
        assert_non_null(words[i]);
        assert_int_equal(one->argv_len[i], strlen(words[i]));
        assert_memory_equal(one->argv[i], words[i], one->argv_len[i]);
    }
    assert_null(words[count]);
}
#define EXPECT_COMMAND(one, ...) expect_command(one, (const char *const[]){__VA_ARGS__, NULL})

static void without_tags_nothing_runs(void **state)
{
    (void)state;
    keys_use_tags(false);
    push_to("foo");
    assert_false(call_before(&call, &known, &others[0]));
    assert_false(follows(&call, NUMBER(-1), &others[0]));
}

static void the_first_push_lists_its_queue(void **state)
{
    (void)state;
    push_to("foo");
    assert_true(call_before(&call, &known, &others[0]));
    expect_call(&others[0], &script_register, 1, "QUEUESET", "foo");
    assert_false(others[0].changes);
    assert_true(call_before(&call, &known, &others[0])); /* it has not run yet */
    assert_int_equal(decode(&others[0], NUMBER(1)), STATUS_OK);
    assert_false(call_before(&call, &known, &others[0]));
    assert_false(follows(&call, NUMBER(1), &others[0]));
    push_to("foo2");
    assert_true(call_before(&call, &known, &others[0]));
    EXPECT_UNEXPECTED(&others[0], NIL, TEXT("1"));
    assert_true(call_before(&call, &known, &others[0]));
}

/* Somebody has removed it since. */
static void a_new_queue_is_listed_once_more(void **state)
{
    (void)state;
    known_note(&known, "foo", 1LL << 50);
    push_to("foo");
    assert_false(call_before(&call, &known, &others[0]));
    assert_true(follows(&call, NUMBER(-1), &others[0]));
    expect_call(&others[0], &script_register, 1, "QUEUESET", "foo");
    assert_true(call_before(&call, &known, &others[1])); /* until that has run */
    assert_false(follows(&others[0], NUMBER(1), &others[1]));
    assert_false(follows(&call, LIST(NUMBER(-1)), &others[0])); /* it was refused */
}

static void dead_letters_are_listed_with_max_deliveries(void **state)
{
    enum { LEASE, MAX_DELIVERIES };
    struct policy_change change = {.is_given[LEASE] = true, .settings[LEASE] = "5"};
    struct policy_state policy;

    (void)state;
    assert_int_equal(policy_call(&call, "foo", &change, &policy, &reason), STATUS_OK);
    assert_false(call_before(&call, &known, &others[0]));
    change.is_given[MAX_DELIVERIES] = true;
    strcpy(change.settings[MAX_DELIVERIES], "3");
    assert_int_equal(policy_call(&call, "foo", &change, &policy, &reason), STATUS_OK);
    assert_true(call_before(&call, &known, &others[0]));
    expect_call(&others[0], &script_register, 1, "QUEUESET", "foo.dead");
    assert_int_equal(decode(&others[0], NUMBER(1)), STATUS_OK);
    assert_true(call_before(&call, &known, &others[0])); /* others may have removed them */
    strcpy(change.settings[MAX_DELIVERIES], "0");
    assert_int_equal(policy_call(&call, "foo", &change, &policy, &reason), STATUS_OK);
    assert_false(call_before(&call, &known, &others[0]));
}

static void a_removed_queue_leaves_the_list(void **state)
{
    (void)state;
    known_note(&known, "foo", 1LL << 50);
    queue_remove_call(&call, "foo", false, NULL, &removal);
    assert_false(call_before(&call, &known, &others[0]));
    assert_false(follows(&call, LIST(NUMBER(-1)), &others[0]));
    assert_false(follows(&call, LIST(NUMBER(0)), &others[0]));
    assert_true(known_has(&known, "foo", 1));
    assert_true(follows(&call, LIST(NUMBER(1)), &others[0]));
    assert_false(known_has(&known, "foo", 1));
    EXPECT_COMMAND(&others[0], "SREM", "QUEUESET", "foo", "foo.dead");
    assert_true(follows(&others[0], NUMBER(2), &others[1]));
    EXPECT_COMMAND(&others[1], "SISMEMBER", "restmq:{foo}:names", "foo");
    assert_false(follows(&others[1], NUMBER(0), &others[0]));
    assert_true(follows(&others[1], NUMBER(1), &others[0])); /* it is back */
    expect_call(&others[0], &script_register, 1, "QUEUESET", "foo");
    assert_false(follows(&others[0], NUMBER(1), &others[1]));
}

static void dead_letters_that_are_removed_alone(void **state)
{
    (void)state;
    queue_remove_call(&call, "foo.dead", false, NULL, &removal);
    assert_true(follows(&call, LIST(NUMBER(1)), &others[0]));
    EXPECT_COMMAND(&others[0], "SREM", "QUEUESET", "foo.dead");
    assert_true(follows(&others[0], NUMBER(1), &others[1]));
    EXPECT_COMMAND(&others[1], "SISMEMBER", "restmq:{foo}:names", "foo.dead");
    assert_true(follows(&others[1], NUMBER(1), &others[0]));
    expect_call(&others[0], &script_register, 1, "QUEUESET", "foo.dead");
}

/* With tags or without. */
static void a_pool_is_listed(void **state)
{
    struct pool_update update = {.pool = "p", .server = "s", .has_score = true};

    (void)state;
    for (int with_tags = 0; with_tags <= 1; with_tags++) {
        keys_use_tags(with_tags);
        assert_int_equal(pool_update_call(&call, &update, &reason), STATUS_OK);
        assert_true(call_before(&call, &known, &others[0]));
        expect_call(&others[0], &script_register, 1, "restmq:pools", "p");
        assert_int_equal(decode(&others[0], NUMBER(0)), STATUS_OK);
    }
    update.is_known = true; /* nothing is added */
    assert_int_equal(pool_update_call(&call, &update, &reason), STATUS_OK);
    assert_false(call_before(&call, &known, &others[0]));
    update = (struct pool_update){.pool = "p", .server = "s", .has_incr = true};
    assert_int_equal(pool_update_call(&call, &update, &reason), STATUS_OK);
    assert_false(call_before(&call, &known, &others[0]));
}

static void a_pool_without_servers_is_not_listed(void **state)
{
    long long removed;

    (void)state;
    pool_remove_call(&call, "p", "s", &removed);
    assert_false(call_before(&call, &known, &others[0]));
    assert_false(follows(&call, NUMBER(0), &others[0]));
    assert_true(follows(&call, NUMBER(1), &others[0]));
    EXPECT_COMMAND(&others[0], "EXISTS", "restmq:lb:{p}");
    assert_false(follows(&others[0], NUMBER(1), &others[1])); /* there are others */
    assert_true(follows(&others[0], NUMBER(0), &others[1]));
    EXPECT_COMMAND(&others[1], "SREM", "restmq:pools", "p");
    assert_true(follows(&others[1], NUMBER(1), &others[0]));
    EXPECT_COMMAND(&others[0], "EXISTS", "restmq:lb:{p}");
    assert_false(follows(&others[0], NUMBER(0), &others[1]));
    assert_true(follows(&others[0], NUMBER(1), &others[1])); /* it is back */
    expect_call(&others[1], &script_register, 1, "restmq:pools", "p");
    assert_false(follows(&others[1], NUMBER(1), &others[0]));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_pool_is_listed),
        TEST(a_pool_without_servers_is_not_listed),
        TEST(without_tags_nothing_runs),
        TEST(the_first_push_lists_its_queue),
        TEST(a_new_queue_is_listed_once_more),
        TEST(dead_letters_are_listed_with_max_deliveries),
        TEST(a_removed_queue_leaves_the_list),
        TEST(dead_letters_that_are_removed_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
