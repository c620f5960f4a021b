/* test-call.c - what goes to Redis.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include <openssl/evp.h>

#include "base/limits.h"
#include "broker/scripts.h"
#include "redis/call.h"

static struct call call;

static int clear(void **state)
{
    (void)state;
    call_clear(&call);
    return 0;
}

static void add_key(struct call *to, const char *before, const char *name, const char *after)
{
    call_text(to, before, name, strlen(name), after);
    call_declare(to, true);
}

static void a_script_call(void **state)
{
    (void)state;
    call_begin(&call, (struct owner){0}, &script_take, NULL, NULL);
    add_key(&call, "", "foo", ":queue");
    add_key(&call, "restmq:{", "foo", "}:trash");
    call_text(&call, "<", "x", 1, ">");
    call_bytes(&call, "a\0b", 3);
    call_bytes(&call, "", 0);
    call_number(&call, -9223372036854775807LL - 1);
    assert_int_equal(call_resolve(&call, false), 9);
    assert_string_equal(call.argv[0], "EVALSHA");
    assert_int_equal(call.argv_len[0], 7);
    assert_ptr_equal(call.argv[1], script_take.sha);
    assert_int_equal(call.argv_len[1], 40);
    assert_string_equal(call.argv[2], "2");
    assert_int_equal(call.argv_len[2], 1);
    assert_memory_equal(call.argv[3], "foo:queue", 9);
    assert_int_equal(call.argv_len[3], 9);
    assert_memory_equal(call.argv[4], "restmq:{foo}:trash", 18);
    assert_memory_equal(call.argv[5], "<x>", 3);
    assert_int_equal(call.argv_len[5], 3);
    assert_memory_equal(call.argv[6], "a\0b", 3);
    assert_int_equal(call.argv_len[6], 3);
    assert_int_equal(call.argv_len[7], 0);
    assert_memory_equal(call.argv[8], "-9223372036854775808", 20);
    assert_int_equal(call.argv_len[8], 20);
}

static void with_the_script_s_text(void **state)
{
    (void)state;
    call_begin(&call, (struct owner){0}, &script_take, NULL, NULL);
    add_key(&call, "", "foo", "");
    call_resolve(&call, false);
    assert_int_equal(call_resolve(&call, true), 4);
    assert_string_equal(call.argv[0], "EVAL");
    assert_int_equal(call.argv_len[0], 4);
    assert_string_equal(call.argv[1], script_take.text);
    assert_int_equal(call.argv_len[1], strlen(script_take.text));
    assert_memory_equal(call.argv[2], "1", 1);
    assert_int_equal(call.argv_len[2], 1);
    assert_memory_equal(call.argv[3], "foo", 3);
}

static void a_plain_command(void **state)
{
    (void)state;
    call_begin(&call, (struct owner){0}, NULL, NULL, NULL);
    assert_false(call.changes);
    call_bytes(&call, "PING", 4);
    assert_int_equal(call_resolve(&call, false), 1);
    assert_string_equal(call.argv[0], "PING");
    assert_int_equal(call.argv_len[0], 4);
}

static void thousands_of_arguments(void **state)
{
    char digits[8];

    (void)state;
    call_begin(&call, (struct owner){0}, &script_stats, NULL, NULL);
    for (int i = 0; i < 4000; i++) {
        snprintf(digits, sizeof(digits), "%04d", i);
        add_key(&call, "k", digits, "");
    }
    assert_int_equal(call_resolve(&call, false), 4003);
    assert_memory_equal(call.argv[2], "4000", 4);
    assert_memory_equal(call.argv[3], "k0000", 5);
    assert_memory_equal(call.argv[4002], "k3999", 5);
    assert_int_equal(call.argv_len[4002], 5);
}

static void appended_to_the_last_text(void **state)
{
    (void)state;
    call_begin(&call, (struct owner){0}, &script_take, NULL, NULL);
    call_text(&call, "a", "bXX", 1, "c");
    call_append(&call, "\0d", 2);
    call_append(&call, "", 0);
    call_number(&call, 7);
    call_append(&call, "8", 1);
    assert_int_equal(call_resolve(&call, false), 5);
    assert_int_equal(call.argv_len[3], 5);
    assert_memory_equal(call.argv[3], "abc\0d", 5);
    assert_int_equal(call.argv_len[4], 2);
    assert_memory_equal(call.argv[4], "78", 2);
}

static void the_clock_is_redis_s_own_or_a_test_s(void **state)
{
    (void)state;
    call_begin(&call, (struct owner){0}, &script_take, NULL, NULL);
    call_clock(&call);
    expect_call(&call, &script_take, 0, "");
    call.clock_us = 1700000000123456;
    for (int i = 0; i < 2; i++) {
        call_begin(&call, (struct owner){0}, &script_take, NULL, NULL);
        call_clock(&call);
        expect_call(&call, &script_take, 0, "1700000000123456");
    }
    call.clock_us = 0;
}

static void begun_again_it_is_empty(void **state)
{
    int result;

    (void)state;
    call_begin(&call, (struct owner){0}, &script_take, NULL, NULL);
    add_key(&call, "a", "b", "c");
    call_number(&call, 5);
    call_resolve(&call, false);
    call_begin(&call, (struct owner){0}, &script_push, NULL, &result);
    assert_ptr_equal(call.result, &result);
    call_text(&call, "", "x", 1, "");
    expect_call(&call, &script_push, 0, "x");
}

static const struct {
    const struct script *script;
    const char *name;
    bool changes;
} scripts[] = {
    {&script_ack,     "ack",     true },
    {&script_bodies,  "bodies",  false},
    {&script_browse,  "browse",  false},
    {&script_control, "control", true },
    {&script_delete,  "delete",  true },
    {&script_discard, "discard", true },
    {&script_elect,   "elect",   true },
    {&script_exists,  "exists",  false},
    {&script_extend,  "extend",  true },
    {&script_inspect, "inspect", false},
    {&script_jobs,    "jobs",    false},
    {&script_look,    "look",    true },
    {&script_mend,    "mend",    true },
    {&script_peek,    "peek",    true },
    {&script_policy,  "policy",  true },
    {&script_purge,   "purge",   true },
    {&script_push,    "push",    true },
    {&script_queues,  "queues",  false},
    {&script_redrive, "redrive", true },
    {&script_release, "release", true },
    {&script_remove,  "remove",  true },
    {&script_revive,  "revive",  true },
    {&script_stats,   "stats",   false},
    {&script_sweep,   "sweep",   true },
    {&script_take,    "take",    true },
    {&script_value,   "value",   false},
    {&script_waits,   "waits",   false},
};

/* Redis runs a script only under the SHA-1 of its text, and link.c believes what it changes. */
static void scripts_are_what_they_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(scripts); i++) {
        const struct script *script = scripts[i].script;
        unsigned char digest[20];
        char hex[41];

        EVP_Digest(script->text, strlen(script->text), digest, NULL, EVP_sha1(), NULL);
        for (int byte = 0; byte < 20; byte++)
            snprintf(hex + (ptrdiff_t)2 * byte, 3, "%02x", digest[byte]);
        assert_string_equal(script->sha, hex);
        assert_string_equal(script->name, scripts[i].name);
        assert_int_equal(script->changes, scripts[i].changes);
        call_begin(&call, (struct owner){0}, script, NULL, NULL);
        assert_int_equal(call.changes, script->changes);
    }
}

/* Lua cannot include limits.h. */
static void scripts_have_the_limits_of_the_programs(void **state)
{
    const struct {
        const struct script *script;
        const char *before;
        long limit;
        const char *after;
    } limits[] = {
        {&script_take,  "setting(row[1], ",            LIMIT_LEASE,      ", key)"    },
        {&script_take,  "setting(row[2], ",            LIMIT_DELIVERIES, ", key)"    },
        {&script_push,  "setting(row[1], ",            LIMIT_TTL,        ", KEYS[5])"},
        {&script_push,  "setting(row[2], ",            LIMIT_LENGTH,     ", KEYS[5])"},
        {&script_place, "MAX_SERVERS, MAX_STRANGE = ", LIMIT_SERVERS,    ","         },
        {&script_place, "#name <= ",                   LIMIT_SERVER,     " "         },
        {&script_place, "#row <= ",                    LIMIT_NAME,       " "         },
    };
    char line[80];

    (void)state;
    for (size_t i = 0; i < COUNT(limits); i++) {
        snprintf(line, sizeof(line), "%s%ld%s", limits[i].before, limits[i].limit, limits[i].after);
        if (!strstr(limits[i].script->text, line))
            fail_msg("%s has not \"%s\"", limits[i].script->name, line);
    }
}

/* A command's keys stand behind its name; what is not the owner's is no way to it. */
static void where_it_goes(void **state)
{
    size_t len;

    (void)state;
    call_begin(&call, (struct owner){1, "foo", 3}, NULL, NULL, NULL);
    assert_null(call_route(&call, &len));
    assert_int_equal(call_slot(&call), -1);
    call_bytes(&call, "EXISTS", 6);
    call_text(&call, "QUEUESET", "", 0, "");
    call_declare(&call, false);
    assert_int_equal(call_slot(&call), -1);
    add_key(&call, "{", "foo", "}:queue");
    add_key(&call, "restmq:{", "bar", "}:leases");
    call_bytes(&call, "x", 1);
    assert_int_equal(call.first_key, 1);
    assert_int_equal(call.keys, 3);
    assert_memory_equal(call_route(&call, &len), "{foo}:queue", 11);
    assert_int_equal(len, 11);
    assert_int_equal(call_slot(&call), 12182);
    assert_int_equal(call_resolve(&call, false), 5);
    call_begin(&call, (struct owner){0}, &script_take, NULL, NULL);
    assert_int_equal(call.keys, 0);
    assert_int_equal(call_slot(&call), -1);
    add_key(&call, "", "foo", "");
    assert_int_equal(call.first_key, 0);
    assert_int_equal(call_slot(&call), 12182);
}

/* The builder's name may go, as the rest of what it brought. */
static void whose_it_is(void **state)
{
    char name[] = "foo";

    (void)state;
    call_begin(&call, (struct owner){7, name, 3}, NULL, NULL, NULL);
    memset(name, 'x', 3);
    call_text(&call, "PING", "", 0, "");
    assert_int_equal(call.owner, 7);
    assert_int_equal(call.owner_len, 3);
    assert_memory_equal(call.text.data, "foo", 3);
    assert_int_equal(call_resolve(&call, false), 1);
    assert_memory_equal(call.argv[0], "PING", 4);
    assert_int_equal(call.argv_len[0], 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_script_call),
        cmocka_unit_test(with_the_script_s_text),
        cmocka_unit_test(a_plain_command),
        cmocka_unit_test(thousands_of_arguments),
        cmocka_unit_test(appended_to_the_last_text),
        cmocka_unit_test(the_clock_is_redis_s_own_or_a_test_s),
        cmocka_unit_test(begun_again_it_is_empty),
        cmocka_unit_test(scripts_are_what_they_say),
        cmocka_unit_test(scripts_have_the_limits_of_the_programs),
        cmocka_unit_test_teardown(where_it_goes, clear),
        cmocka_unit_test_teardown(whose_it_is, clear),
    };

    return cmocka_run_group_tests(tests, NULL, clear);
}
