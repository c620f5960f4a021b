/* test-sweep.c - which queues have purged bodies left; and a link whose Redis is not there.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "base/settings.h"
#include "broker/queue.h"
#include "broker/sweep.h"
#include "redis/link.h"

static struct settings settings = {
    .redis = (char[]){"unix:/nonexistent/redis.sock"},
    .redis_account.user = (char[]){""},
    .redis_account.password = (char[]){""},
    .redis_timeout_ms = 100,
};
static struct link *redis;
static struct call call;

static int open_link(void **state)
{
    (void)state;
    redis = link_new(&settings);
    return 0;
}

static int close_link(void **state)
{
    (void)state;
    link_free(redis);
    link_free(NULL);
    call_clear(&call);
    return 0;
}

static void a_queue_is_noted_once(void **state)
{
    struct sweep sweep = {0};

    (void)state;
    sweep_note(&sweep, "a");
    sweep_note(&sweep, "b");
    sweep_note(&sweep, "a");
    assert_int_equal(sweep.count, 2);
    assert_string_equal(sweep.queues[0], "a");
    assert_string_equal(sweep.queues[1], "b");
}

static void too_many_are_left_to_a_later_take(void **state)
{
    struct sweep sweep = {0};
    char name[LIMIT_NAME + 1];

    (void)state;
    memset(name, 'x', LIMIT_NAME);
    name[LIMIT_NAME] = '\0';
    for (int i = 0; i < SWEEP_QUEUES + 5; i++) {
        name[0] = (char)('A' + i % 26);
        name[1] = (char)('A' + i / 26 % 26);
        name[2] = (char)('A' + i / 26 / 26);
        sweep_note(&sweep, name);
    }
    assert_int_equal(sweep.count, SWEEP_QUEUES);
    assert_int_equal(strlen(sweep.queues[SWEEP_QUEUES - 1]), LIMIT_NAME);
}

static void without_queues_there_is_no_call(void **state)
{
    struct sweep sweep = {0};
    bool more;

    (void)state;
    call_clear(&call);
    assert_false(sweep_call(&sweep, &call, &more));
    assert_int_equal(call.count, 0);
}

static void they_are_swept_in_turn(void **state)
{
    struct sweep sweep = {0};
    bool more;

    (void)state;
    sweep_note(&sweep, "a");
    sweep_note(&sweep, "b");
    assert_true(sweep_call(&sweep, &call, &more));
    sweep_note(&sweep, "c"); /* while the call is under way */
    sweep_done(&sweep, true);
    assert_int_equal(sweep.count, 3);
    assert_string_equal(sweep.queues[sweep.next], "b");
    sweep_done(&sweep, false);
    assert_int_equal(sweep.count, 2);
    assert_string_equal(sweep.queues[sweep.next], "c");
    sweep_done(&sweep, true);
    assert_string_equal(sweep.queues[sweep.next], "a");
    sweep_done(&sweep, true);
    assert_string_equal(sweep.queues[sweep.next], "c");
    sweep_done(&sweep, false);
    assert_string_equal(sweep.queues[sweep.next], "a");
    sweep_done(&sweep, false);
    assert_int_equal(sweep.count, 0);
}

static void without_redis_a_change_has_not_happened(void **state)
{
    struct reason reason = {0};
    struct body body = {"v", 1};
    struct push push = {.queue = "q", .bodies = &body, .count = 1};
    struct pushed pushed = {.first = -1};

    (void)state;
    queue_push_call(&call, &push, &pushed);
    assert_int_equal(link_run(redis, &call, &reason), STATUS_UNAVAILABLE);
    assert_true(*reason.text);
    assert_false(reason.outcome_unknown);
    assert_int_equal(pushed.first, -1);
}

static enum status leaves(struct call *run, const struct redisReply *reply, struct reason *reason)
{
    (void)reply, (void)reason;
    run->has_trash = true;
    return STATUS_OK;
}

static void what_a_call_left_is_swept(void **state)
{
    struct sweep sweep = {0};

    (void)state;
    call_begin(&call, (struct owner){0}, NULL, leaves, NULL);
    call_may_leave_trash(&call, "a/b");
    call_text(&call, "PING", "", 0, "");
    sweep_look(&sweep, &call);
    assert_int_equal(sweep.count, 0);
    assert_int_equal(call.decode(&call, NULL, NULL), STATUS_OK);
    sweep_look(&sweep, &call);
    sweep_look(&sweep, &call);
    assert_int_equal(sweep.count, 1);
    assert_string_equal(sweep.queues[0], "a/b");
    call_begin(&call, (struct owner){0}, NULL, leaves, NULL);
    assert_null(call_left_trash(&call));
    assert_int_equal(call.decode(&call, NULL, NULL), STATUS_OK);
    assert_null(call_left_trash(&call));
    call_clear(&call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_queue_is_noted_once),
        cmocka_unit_test(what_a_call_left_is_swept),
        cmocka_unit_test(too_many_are_left_to_a_later_take),
        cmocka_unit_test(without_queues_there_is_no_call),
        cmocka_unit_test(they_are_swept_in_turn),
        cmocka_unit_test(without_redis_a_change_has_not_happened),
    };

    return cmocka_run_group_tests(tests, open_link, close_link);
}
