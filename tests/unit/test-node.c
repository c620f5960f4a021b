/* test-node.c - one synchronous connection to one Redis, against a real one.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/redis.h"

#include <signal.h>

#include "base/clock.h"
#include "redis/call.h"
#include "redis/next.h"
#include "redis/node.h"
#include "redis/nodes.h"

static struct settings settings;
static struct nodes nodes;
static struct node_asker asker;
static struct node *node;
static struct call calls[2];
static struct run runs[2];

static enum status read_nothing(struct call *call, const redisReply *reply, struct reason *reason)
{
    (void)call;
    (void)reply;
    (void)reason;
    return STATUS_OK;
}

static int make(void **state)
{
    (void)state;
    if (redis_make_folder() < 0)
        return -1;
    redis_start(NULL, NULL);
    settings_init(&settings);
    nodes_init(&nodes, &settings);
    node = node_new(&nodes, redis_address, &asker);
    for (int i = 0; i < 2; i++) {
        call_begin(&calls[i], (struct owner){0}, NULL, read_nothing, NULL);
        call_text(&calls[i], "INCR", "", 0, "");
        call_text(&calls[i], i == 0 ? "one" : "two", "", 0, "");
        runs[i].call = &calls[i];
    }
    return 0;
}

static int remove_all(void **state)
{
    (void)state;
    node_free(node);
    node_free(NULL);
    nodes_clear(&nodes);
    for (int i = 0; i < 2; i++)
        call_clear(&calls[i]);
    settings_clear(&settings);
    redis_kill();
    redis_remove_folder();
    return 0;
}

static long long receive_number(void)
{
    redisReply *reply = node_receive(node);
    long long number;

    assert_non_null(reply);
    number = reply->integer;
    freeReplyObject(reply);
    return number;
}

static void replies_come_in_the_order_of_the_calls(void **state)
{
    (void)state;
    redis_do("SET two 10");
    for (int i = 1; i <= 2; i++) {
        assert_int_equal(node_send(node, runs, 2, clock_ms() + 2000), SENDING_DONE);
        assert_int_equal(receive_number(), i);
        assert_int_equal(receive_number(), 10 + i);
        node_close(node);
    }
}

static bool no(void *user)
{
    ++*(int *)user;
    return false;
}

static void what_is_not_wanted_is_not_sent(void **state)
{
    int asked = 0;

    (void)state;
    redis_do("SET one 0");
    asker = (struct node_asker){.is_wanted = no, .user = &asked};
    assert_int_equal(node_send(node, runs, 1, clock_ms() + 2000), SENDING_UNWANTED);
    assert_int_equal(asked, 1);
    assert_false(node_failed_lately(node));
    asker = (struct node_asker){0};
    assert_int_equal(node_send(node, runs, 1, clock_ms() + 2000), SENDING_DONE);
    assert_int_equal(receive_number(), 1);
}

static void a_refused_login_is_told(void **state)
{
    (void)state;
    free(settings.redis_account.password);
    settings.redis_account.password = strdup("wrong");
    node_close(node);
    assert_int_equal(node_send(node, runs, 1, clock_ms() + 2000), SENDING_REFUSED);
    assert_string_equal(node_refusal(node), "Redis refused AUTH");
    *settings.redis_account.password = '\0';
    assert_int_equal(node_send(node, runs, 1, clock_ms() + 2000), SENDING_DONE);
    receive_number();
}

static void a_failure_counts_for_a_second(void **state)
{
    (void)state;
    assert_false(node_failed_lately(node));
    redis_kill();
    assert_int_equal(node_send(node, runs, 1, clock_ms() + 2000), SENDING_FAILED);
    assert_true(node_failed_lately(node));
    node_move(node, redis_address); /* the same one */
    assert_true(node_failed_lately(node));
    node_move(node, "unix:/nowhere");
    assert_false(node_failed_lately(node));
    assert_int_equal(node_send(node, runs, 1, clock_ms() + 2000), SENDING_FAILED);
    assert_true(node_failed_lately(node));
    usleep(1010000);
    assert_false(node_failed_lately(node));
    node_move(node, redis_address);
    redis_start(NULL, NULL);
    assert_int_equal(node_send(node, runs, 1, clock_ms() + 2000), SENDING_DONE);
    assert_int_equal(receive_number(), 1);
    assert_false(node_failed_lately(node));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_come_in_the_order_of_the_calls),
        cmocka_unit_test(what_is_not_wanted_is_not_sent),
        cmocka_unit_test(a_refused_login_is_told),
        cmocka_unit_test(a_failure_counts_for_a_second),
    };

    signal(SIGPIPE, SIG_IGN); /* as main() does */
    return cmocka_run_group_tests(tests, make, remove_all);
}
