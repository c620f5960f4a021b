/* test-next.c - what happens to a call next.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include "base/limits.h"
#include "redis/call.h"
#include "redis/next.h"

static struct call call;
static int decoded; /* so often */

static enum status read_text(struct call *run, const struct redisReply *reply,
                             struct reason *reason)
{
    decoded++;
    if (reply->type != REDIS_REPLY_STRING)
        return refuse(reason, STATUS_NOT_FOUND, "no text");
    *(const char **)run->result = reply->str;
    return STATUS_OK;
}

static enum status always_again(struct call *run, const struct redisReply *reply,
                                struct reason *reason)
{
    (void)reply, (void)reason;
    decoded++;
    call_begin(run, (struct owner){0}, &script_take, always_again, run->result); /* as pools do */
    return STATUS_AGAIN;
}

static int begin(void **state)
{
    static const char *text;

    (void)state;
    text = NULL;
    decoded = 0;
    call_begin(&call, (struct owner){0}, &script_take, read_text, &text);
    return 0;
}

static int end(void **state)
{
    (void)state;
    call_clear(&call);
    return 0;
}

static void an_answer_ends_it(void **state)
{
    struct run run = {.call = &call};
    struct reason reason = {.outcome_unknown = true};
    struct next next = next_of(&run, TEXT("x"), &reason);

    (void)state;
    assert_int_equal(next.step, STEP_DONE);
    assert_int_equal(next.status, STATUS_OK);
    assert_false(next_is_sending(&next));
    assert_string_equal(*(const char **)call.result, "x");
    assert_false(reason.outcome_unknown);
    next = next_of(&run, NIL, &reason);
    assert_int_equal(next.step, STEP_DONE);
    assert_int_equal(next.status, STATUS_NOT_FOUND);
    assert_string_equal(reason.text, "no text");
}

static const struct {
    const char *text;
    enum next_step step;
    enum status status;
} errors[] = {
    {"ERR something",             STEP_DONE,      STATUS_UNAVAILABLE},
    {"OOM command not allowed",   STEP_DONE,      STATUS_NO_SPACE   },
    {"DAMAGED foo:queue",         STEP_DONE,      STATUS_DAMAGED    },
    {"LOADING Redis is loading",  STEP_DONE,      STATUS_UNAVAILABLE},
    {"READONLY You can't write",  STEP_RECONNECT, STATUS_UNAVAILABLE},
    {"NOAUTH Authentication",     STEP_RECONNECT, STATUS_UNAVAILABLE},
    {"CLUSTERDOWN Hash slot",     STEP_DONE,      STATUS_UNAVAILABLE},
    {"MOVED 3999 127.0.0.1:6381", STEP_MOVED,     STATUS_UNAVAILABLE},
    {"ASK 3999 127.0.0.1:6381",   STEP_ASK,       STATUS_UNAVAILABLE},
    {"TRYAGAIN Multiple keys",    STEP_LATER,     STATUS_UNAVAILABLE},
    {"TRYAGAINX Multiple keys",   STEP_DONE,      STATUS_UNAVAILABLE},
    {"MOVED",                     STEP_DONE,      STATUS_UNAVAILABLE},
    {"MOVED ",                    STEP_DONE,      STATUS_UNAVAILABLE},
    {"MOVED x y",                 STEP_DONE,      STATUS_UNAVAILABLE},
    {"MOVED 1",                   STEP_DONE,      STATUS_UNAVAILABLE},
    {"MOVED 1 host",              STEP_DONE,      STATUS_UNAVAILABLE},
    {"MOVED 1 host:",             STEP_DONE,      STATUS_UNAVAILABLE},
    {"MOVED 1 host:0",            STEP_DONE,      STATUS_UNAVAILABLE},
    {"MOVED 1 host:65536",        STEP_DONE,      STATUS_UNAVAILABLE},
    {"MOVED 1 host:6379 x",       STEP_DONE,      STATUS_UNAVAILABLE},
    {"MOVED 16384 host:6379",     STEP_DONE,      STATUS_UNAVAILABLE},
    {"MOVED -1 host:6379",        STEP_DONE,      STATUS_UNAVAILABLE},
    {"MOVED 1:2 3",               STEP_DONE,      STATUS_UNAVAILABLE},
    {"MOVEDX 1 host:6379",        STEP_DONE,      STATUS_UNAVAILABLE},
};

static void an_error_ends_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(errors); i++) {
        redisReply reply = {.type = REDIS_REPLY_ERROR,
                            .str = (char *)(uintptr_t)errors[i].text,
                            .len = strlen(errors[i].text)};
        struct run run = {.call = &call, .in_cluster = true};
        struct reason reason = {.outcome_unknown = true};
        struct next next = next_of(&run, &reply, &reason);

        if (next.step != errors[i].step)
            fail_msg("%s: step %d", errors[i].text, next.step);
        assert_int_equal(next.status, errors[i].status);
        assert_false(next_is_sending(&next));
        assert_true(*reason.text);
        assert_false(reason.outcome_unknown);
    }
    assert_int_equal(decoded, 0);
}

static const struct {
    redisReply *reply;
    int slot;
    const char *host;
    int port;
} places[] = {
    {ERROR("MOVED 0 127.0.0.1:6381"),    0,     "127.0.0.1",     6381 },
    {ERROR("ASK 16383 redis.example:1"), 16383, "redis.example", 1    },
    {ERROR("MOVED 12739 ::1:65535"),     12739, "::1",           65535},
    {ERROR("MOVED 5 :6379"),             5,     "",              6379 },
    {ERROR("MOVED 5 ?:6379"),            5,     "?",             6379 },
};

static void where_another_node_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(places); i++) {
        struct run run = {.call = &call, .in_cluster = true};
        struct reason reason = {0};
        struct next next = next_of(&run, places[i].reply, &reason);

        assert_int_equal(next.elsewhere.slot, places[i].slot);
        assert_int_equal(next.elsewhere.host_len, strlen(places[i].host));
        assert_memory_equal(next.elsewhere.host, places[i].host, next.elsewhere.host_len);
        assert_int_equal(next.elsewhere.port, places[i].port);
    }
}

/* One Redis that is a node of a cluster, which the settings do not say. */
static void without_a_cluster_nobody_goes_elsewhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(places); i++) {
        struct run run = {.call = &call};
        struct reason reason = {0};
        struct next next = next_of(&run, places[i].reply, &reason);

        assert_int_equal(next.step, STEP_DONE);
        assert_int_equal(next.status, STATUS_UNAVAILABLE);
        assert_string_equal(reason.text, "another Redis node has what is asked for");
    }
}

static const struct {
    redisReply *reply;
    bool is_stale, is_unknown;
    const char *text;
} troubles[] = {
    {ERROR("MOVED 5 :6379"),                  true,  false, "another Redis node has what is asked for"},
    {ERROR("TRYAGAIN Multiple keys"),         true,  false,
     "this queue is on its way to another Redis node"                                                 },
    {ERROR("CLUSTERDOWN The cluster"),        true,  false, "the Redis cluster is down"               },
    {ERROR("READONLY You can't"),             true,  false, "this Redis is a read-only replica"       },
    {ERROR("CROSSSLOT Keys in request"),      false, true,  "Redis refused keys of several slots"     },
    {ERROR("ERR Script attempted to access"), false, true,  "Redis refused a key of another slot"     },
    {ERROR("ERR something"),                  false, false, "Redis refused the operation"             },
};

static void what_an_error_says_of_the_cluster(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * COUNT(troubles); i++) {
        struct run run = {.call = &call, .in_cluster = true};
        struct reason reason = {0};
        struct next next;

        call.changes = i % 2 ? CHANGE_KEPT : CHANGE_NONE;
        next = next_of(&run, troubles[i / 2].reply, &reason);
        assert_int_equal(next.is_stale, troubles[i / 2].is_stale);
        assert_int_equal(reason.outcome_unknown, i % 2 && troubles[i / 2].is_unknown);
        assert_string_equal(reason.text, troubles[i / 2].text);
    }
}

static void an_unknown_script_is_sent_with_its_text_once(void **state)
{
    struct run run = {.call = &call};
    struct reason reason = {0};
    struct next next = next_of(&run, ERROR("NOSCRIPT No matching script."), &reason);

    (void)state;
    assert_int_equal(next.step, STEP_TEXT);
    assert_true(next_is_sending(&next));
    assert_true(run.with_text);
    next = next_of(&run, ERROR("NOSCRIPT No matching script."), &reason);
    assert_int_equal(next.step, STEP_DONE);
    assert_int_equal(next.status, STATUS_UNAVAILABLE);
    assert_string_equal(reason.text, "Redis forgot a script while it was being loaded");
}

static void a_command_has_no_text(void **state)
{
    struct run run = {.call = &call};
    struct reason reason = {0};
    struct next next;

    (void)state;
    call_begin(&call, (struct owner){0}, NULL, read_text, NULL);
    next = next_of(&run, ERROR("NOSCRIPT No matching script."), &reason);
    assert_int_equal(next.step, STEP_DONE);
    assert_int_equal(next.status, STATUS_UNAVAILABLE);
}

/* The decoder never ends it, and begins the call anew each time. */
static void again_has_an_end(void **state)
{
    struct run run = {.call = &call};
    struct reason reason = {0};
    struct next next;
    int sent = 0;

    (void)state;
    call.decode = always_again;
    do {
        next = next_of(&run, ++sent % 2 ? ERROR("NOSCRIPT x") : TEXT("x"), &reason);
        assert_true(sent <= 2 * LIMIT_STEPS);
    } while (next_is_sending(&next));
    assert_int_equal(decoded, LIMIT_STEPS);
    assert_int_equal(next.step, STEP_DONE);
    assert_int_equal(next.status, STATUS_UNAVAILABLE);
    assert_non_null(strstr(reason.text, "ask again"));
}

static void without_a_reply(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct reason reason = {.outcome_unknown = i % 3};

        call.changes = i & 1;
        assert_int_equal(next_of_loss(&call, i & 2, &reason), STATUS_UNAVAILABLE);
        assert_int_equal(reason.outcome_unknown, i == 3);
        assert_string_equal(reason.text, "Redis is unavailable");
    }
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_answer_ends_it),
        TEST(an_error_ends_it),
        TEST(where_another_node_is),
        TEST(an_unknown_script_is_sent_with_its_text_once),
        TEST(without_a_cluster_nobody_goes_elsewhere),
        TEST(what_an_error_says_of_the_cluster),
        TEST(a_command_has_no_text),
        TEST(again_has_an_end),
        TEST(without_a_reply),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
