/* test-link.c - one synchronous connection to Redis, against a real one.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/redis.h"

#include "base/limits.h"
#include "base/memory.h"
#include "base/settings.h"
#include "redis/link.h"
#include "redis/reply.h"
#include "redis/script.h"

static struct settings settings;
static struct link *redis;
static struct call call, other;

struct text {
    const char *data;
    size_t len;
};

static enum status read_text(struct call *run, const struct redisReply *reply,
                             struct reason *reason)
{
    (void)reason;
    *(struct text *)run->result = (struct text){.data = reply->str, .len = reply->len};
    return STATUS_OK;
}

static enum status read_number(struct call *run, const struct redisReply *reply,
                               struct reason *reason)
{
    (void)reason;
    *(long long *)run->result = reply_number(reply, -1);
    return STATUS_OK;
}

static enum status always_again(struct call *run, const struct redisReply *reply,
                                struct reason *reason)
{
    read_number(run, reply, reason);
    return STATUS_AGAIN;
}

static void begin(struct call *with, const char *word, const char *first, call_decode *decode,
                  void *result)
{
    call_begin(with, (struct owner){0}, NULL, decode, result);
    call_text(with, word, "", 0, "");
    call_text(with, first, "", 0, "");
}

static enum status get(struct call *with, const char *key, struct text *text)
{
    struct reason reason;

    begin(with, "GET", key, read_text, text);
    return link_run(redis, with, &reason);
}

static int make(void **state)
{
    (void)state;
    if (redis_make_folder() < 0)
        return -1;
    redis_start(NULL, NULL);
    settings_init(&settings);
    free(settings.redis);
    settings.redis = xstrdup(redis_address);
    redis = link_new(&settings);
    return 0;
}

static int remove_all(void **state)
{
    (void)state;
    link_free(redis);
    call_clear(&call);
    call_clear(&other);
    settings_clear(&settings);
    redis_kill();
    redis_remove_folder();
    return 0;
}

static void a_result_outlives_the_runs_of_others(void **state)
{
    struct text text, overwritten;

    (void)state;
    redis_do("SET one 1111111111111111111111111111111111111111");
    redis_do("SET two 2222222222222222222222222222222222222222");
    assert_int_equal(get(&call, "one", &text), STATUS_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(get(&other, "two", &overwritten), STATUS_OK);
    assert_int_equal(text.len, 40);
    assert_memory_equal(text.data, "1111111111111111111111111111111111111111", 40);
    call_clear(&other);
    assert_memory_equal(text.data, "1111111111111111111111111111111111111111", 40);
}

static void results_of_a_volley_last(void **state)
{
    struct errand errands[3] = {{.status = STATUS_AGAIN}};
    struct text texts[3];

    (void)state;
    redis_do("MSET k0 zero k1 one k2 two");
    for (size_t i = 0; i < COUNT(errands); i++) {
        char key[] = {'k', (char)('0' + i), '\0'};

        begin(&errands[i].call, "GET", key, read_text, &texts[i]);
    }
    link_run_all(redis, errands, COUNT(errands));
    for (size_t i = 0; i < COUNT(errands); i++)
        assert_int_equal(errands[i].status, STATUS_OK);
    assert_string_equal(texts[0].data, "zero");
    assert_string_equal(texts[1].data, "one");
    assert_string_equal(texts[2].data, "two");
    for (size_t i = 0; i < COUNT(errands); i++)
        call_clear(&errands[i].call);
}

static void again_has_an_end(void **state)
{
    struct reason reason;
    long long number;

    (void)state;
    begin(&call, "INCR", "again", always_again, &number);
    assert_int_equal(link_run(redis, &call, &reason), STATUS_UNAVAILABLE);
    assert_int_equal(number, LIMIT_STEPS);
}

static void an_unknown_script_is_sent_as_text(void **state)
{
    static const struct script answer = {"answer", "0123456789012345678901234567890123456789", true,
                                         "return tonumber(ARGV[1])"};
    struct errand errands[2] = {{.status = STATUS_AGAIN}};
    struct reason reason;
    long long numbers[3];

    (void)state;
    redis_do("SCRIPT FLUSH");
    call_begin(&call, (struct owner){0}, &answer, read_number, &numbers[2]);
    call_number(&call, 42);
    assert_int_equal(link_run(redis, &call, &reason), STATUS_OK);
    assert_int_equal(numbers[2], 42);
    for (int i = 0; i < 2; i++) {
        call_begin(&errands[i].call, (struct owner){0}, &answer, read_number, &numbers[i]);
        call_number(&errands[i].call, 5 + i);
    }
    link_run_all(redis, errands, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(errands[i].status, STATUS_OK);
        assert_int_equal(numbers[i], 5 + i);
        call_clear(&errands[i].call);
    }
}

/* What an earlier run left in the reason does not stay. */
static void the_outcome_is_unknown_of_what_may_have_run(void **state)
{
    struct reason reason = {0};
    long long number;

    (void)state;
    settings.redis_timeout_ms = 200;
    link_free(redis);
    redis = link_new(&settings);
    begin(&call, "INCR", "counter", read_number, &number);
    assert_int_equal(link_run(redis, &call, &reason), STATUS_OK);
    kill(redis_pid, SIGSTOP);
    for (int changes = 1; changes >= 0; changes--) {
        begin(&call, "INCR", "counter", read_number, &number);
        call.changes = changes;
        assert_int_equal(link_run(redis, &call, &reason), STATUS_UNAVAILABLE);
        assert_int_equal(reason.outcome_unknown, changes);
    }
    reason.outcome_unknown = true;
    redis_kill();
    begin(&call, "INCR", "counter", read_number, &number);
    call.changes = true;
    assert_int_equal(link_run(redis, &call, &reason), STATUS_UNAVAILABLE);
    assert_false(reason.outcome_unknown);
    redis_start(NULL, NULL);
    begin(&call, "INCR", "counter", read_number, &number);
    assert_int_equal(link_run(redis, &call, &reason), STATUS_OK);
    assert_int_equal(number, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_outlives_the_runs_of_others),
        cmocka_unit_test(results_of_a_volley_last),
        cmocka_unit_test(again_has_an_end),
        cmocka_unit_test(an_unknown_script_is_sent_as_text),
        cmocka_unit_test(the_outcome_is_unknown_of_what_may_have_run),
    };

    return cmocka_run_group_tests(tests, make, remove_all);
}
