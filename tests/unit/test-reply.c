/* test-reply.c - Redis's errors, and its other answers.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include "redis/reply.h"

static const struct {
    const char *error;
    enum status status;
    bool reconnect, stale, half_done;
} errors[] = {
    {"OOM command not allowed when used memory > 'maxmemory'.",          STATUS_NO_SPACE,    false, false,
     false                                                                                                      },
    {"LOADING Redis is loading the dataset in memory",                   STATUS_UNAVAILABLE, false, true,  false},
    {"READONLY You can't write against a read only replica.",            STATUS_UNAVAILABLE, true,  true,
     false                                                                                                      },
    {"MASTERDOWN Link with MASTER is down",                              STATUS_UNAVAILABLE, true,  true,  false},
    {"BUSY Redis is busy running a script.",                             STATUS_UNAVAILABLE, false, false, false},
    {"MISCONF Redis is configured to save RDB snapshots",                STATUS_UNAVAILABLE, false, false, false},
    {"NOREPLICAS Not enough good replicas to write.",                    STATUS_UNAVAILABLE, false, true,  false},
    {"NOAUTH Authentication required.",                                  STATUS_UNAVAILABLE, true,  false, false},
    {"WRONGPASS invalid username-password pair",                         STATUS_UNAVAILABLE, true,  false, false},
    {"NOPERM this user has no permissions",                              STATUS_UNAVAILABLE, false, false, false},
    {"CLUSTERDOWN The cluster is down",                                  STATUS_UNAVAILABLE, false, true,  false},
    {"MOVED 1 127.0.0.1:7000",                                           STATUS_UNAVAILABLE, false, true,  false},
    {"ASK 1 127.0.0.1:7000",                                             STATUS_UNAVAILABLE, false, true,  false},
    {"TRYAGAIN Multiple keys request during rehashing of slot",          STATUS_UNAVAILABLE, false, true,
     false                                                                                                      },
    {"CROSSSLOT Keys in request don't hash to the same slot",            STATUS_UNAVAILABLE, false, false,
     true                                                                                                       },
    {"ERR Script attempted to access a non local key in a cluster node", STATUS_UNAVAILABLE, false,
     false,                                                                                                true },
    {"ERR Script attempt",                                               STATUS_UNAVAILABLE, false, false, false},
    {"NOSCRIPT No matching script. Please use EVAL.",                    STATUS_UNAVAILABLE, false, false, false},
    {"ERR unknown command",                                              STATUS_UNAVAILABLE, false, false, false},
    {"ERR Protocol error: unauthenticated multibulk length",             STATUS_UNAVAILABLE, true,  false,
     false                                                                                                      },
    {"DAMAGED foo:queue",                                                STATUS_DAMAGED,     false, false, false},
    {"DAMAGED ",                                                         STATUS_DAMAGED,     false, false, false},
    {"OOM",                                                              STATUS_NO_SPACE,    false, false, false},
    {"OOMPH",                                                            STATUS_UNAVAILABLE, false, false, false},
    {"READONLYX",                                                        STATUS_UNAVAILABLE, false, false, false},
    {"",                                                                 STATUS_UNAVAILABLE, false, false, false},
};

static redisReply error_reply(const char *text)
{
    return (redisReply){
        .type = REDIS_REPLY_ERROR, .str = (char *)(uintptr_t)text, .len = strlen(text)};
}

static void every_error_has_a_status(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(errors); i++) {
        redisReply reply = error_reply(errors[i].error);
        struct reason reason = {0};

        if (reply_error(&reply, &reason) != errors[i].status ||
            reply_wants_reconnect(&reply) != errors[i].reconnect ||
            reply_is_stale(&reply) != errors[i].stale ||
            reply_is_half_done(&reply) != errors[i].half_done)
            fail_msg("%s", errors[i].error);
        assert_true(*reason.text);
        assert_false(reason.outcome_unknown);
    }
}

static void damage_names_the_key(void **state)
{
    static const char *const texts[] = {
        "DAMAGED foo:queue",
        "DAMAGED foo:queue script: 0123456789, on @user_script:9.",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        redisReply reply = error_reply(texts[i]);
        struct reason reason = {0};

        assert_int_equal(reply_error(&reply, &reason), STATUS_DAMAGED);
        assert_string_equal(reason.text, "the Redis key foo:queue holds something other than this "
                                         "program put there");
    }
}

static void what_a_user_may_not_run_is_named(void **state)
{
    static const char *const texts[][2] = {
        {"NOPERM INCRBY",                                                       "INCRBY"          },
        {"NOPERM INCRBY script: 0123456789, on @user_script:9.",                "INCRBY"          },
        {"NOPERM this user has no permissions to run the 'config|get' command", "config|get"      },
        {"NOPERM User me has no permissions to run the 'get' command",          "get"             },
        {"NOPERM this Redis user may not run GET, SCRIPT|LOAD",                 "GET, SCRIPT|LOAD"},
        {"NOPERM No permissions to access a key",                               "the command"     },
        {"NOPERM ",                                                             "the command"     },
        {"NOPERM",                                                              "the command"     },
        {"ERR The user executing the script can't run this command",            "the command"     },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        redisReply reply = error_reply(texts[i][0]);
        struct reason reason = {0};
        char expected[60];

        snprintf(expected, sizeof(expected), "this Redis user may not run %s", texts[i][1]);
        assert_int_equal(reply_error(&reply, &reason), STATUS_UNAVAILABLE);
        assert_string_equal(reason.text, expected);
        assert_int_equal(reply_lacks_right(&reply), strcmp(texts[i][1], "the command") != 0);
    }
}

static void redis_s_own_words_stay_in_the_log(void **state)
{
    struct reason reason = {0};

    (void)state;
    reply_error(ERROR("ERR some secret"), &reason);
    assert_null(strstr(reason.text, "secret"));
}

static void only_noscript_is_noscript(void **state)
{
    (void)state;
    assert_true(reply_is_noscript(ERROR("NOSCRIPT No matching script.")));
    assert_false(reply_is_noscript(ERROR("ERR NOSCRIPT")));
    assert_false(reply_is_noscript(SIMPLE("NOSCRIPT")));
    assert_false(reply_is_noscript(TEXT("NOSCRIPT")));
    assert_false(reply_is_noscript(NIL));
}

static void only_errors_say_so(void **state)
{
    (void)state;
    assert_false(reply_wants_reconnect(TEXT("READONLY x")));
    assert_false(reply_wants_reconnect(NIL));
    assert_false(reply_wants_reconnect(NUMBER(1)));
    assert_false(reply_is_stale(TEXT("CLUSTERDOWN x")));
    assert_false(reply_is_half_done(TEXT("CROSSSLOT x")));
}

static void arrays(void **state)
{
    (void)state;
    assert_true(reply_is_array(LIST(), 0));
    assert_false(reply_is_array(LIST(), 1));
    assert_true(reply_is_array(LIST(NIL, NIL), 2));
    assert_true(reply_is_array(LIST(NIL, NIL), 1));
    assert_false(reply_is_array(LIST(NIL, NIL), 3));
    assert_false(reply_is_array(TEXT("x"), 0));
    assert_false(reply_is_array(NIL, 0));
}

static void numbers(void **state)
{
    (void)state;
    assert_int_equal(reply_number(NUMBER(-5), 77), -5);
    assert_int_equal(reply_number(NUMBER(REPLY_NUMBER_MAX), 5), REPLY_NUMBER_MAX);
    assert_int_equal(reply_number(NUMBER(REPLY_NUMBER_MAX + 1), 5), 5);
    assert_int_equal(reply_number(NUMBER(-REPLY_NUMBER_MAX - 1), 5), 5);
    assert_int_equal(reply_number(TEXT("12"), 77), 12);
    assert_int_equal(reply_number(TEXT("-12"), 77), -12);
    assert_int_equal(reply_number(TEXT(""), 77), 77);
    assert_int_equal(reply_number(TEXT("12x"), 77), 77);
    assert_int_equal(reply_number(TEXT("x"), 77), 77);
    assert_int_equal(reply_number(SIMPLE("12"), 77), 77);
    assert_int_equal(reply_number(NIL, 77), 77);
    assert_int_equal(reply_number(LIST(NUMBER(1)), 77), 77);
}

static void the_unexpected(void **state)
{
    struct reason reason = {0};

    (void)state;
    assert_int_equal(reply_unexpected("push", &reason), STATUS_UNAVAILABLE);
    assert_true(*reason.text);
}

static void bytes_of_all_its_elements(void **state)
{
    (void)state;
    assert_int_equal(reply_bytes(NIL), 0);
    assert_int_equal(reply_bytes(NUMBER(5)), 0);
    assert_int_equal(reply_bytes(ERROR("ERR")), 3);
    assert_int_equal(reply_bytes(LIST()), 0);
    assert_int_equal(reply_bytes(LIST(NIL, TEXT("four"), LIST(TEXT("x"), LIST(TEXT("yz"))))), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_a_status),
        cmocka_unit_test(damage_names_the_key),
        cmocka_unit_test(what_a_user_may_not_run_is_named),
        cmocka_unit_test(redis_s_own_words_stay_in_the_log),
        cmocka_unit_test(only_noscript_is_noscript),
        cmocka_unit_test(only_errors_say_so),
        cmocka_unit_test(arrays),
        cmocka_unit_test(numbers),
        cmocka_unit_test(bytes_of_all_its_elements),
        cmocka_unit_test(the_unexpected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
