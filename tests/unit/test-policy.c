/* test-policy.c - the settings of a queue: which values, what is sent, what is read.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include <json-c/json.h>

#include "base/json.h"
#include "base/limits.h"
#include "broker/policy.h"

static struct call call;
static struct reason reason;

static int clear(void **state)
{
    (void)state;
    call_clear(&call);
    return 0;
}

/* --- values -------------------------------------------------------------------------------- */

static const struct {
    const char *name, *value;
    bool is_good;
} values[] = {
    {"policy",         "broadcast",               true },
    {"policy",         "roundrobin",              true },
    {"policy",         "Broadcast",               false},
    {"policy",         "broadcas",                false},
    {"policy",         "broadcastx",              false},
    {"policy",         "1",                       false},
    {"policy",         "0",                       false},
    {"policy",         "",                        false},
    {"lease",          "0",                       true },
    {"lease",          "1",                       true },
    {"lease",          "43200",                   true },
    {"lease",          "43201",                   false},
    {"lease",          "-1",                      false},
    {"lease",          "00",                      false},
    {"lease",          "030",                     false},
    {"lease",          "1.5",                     false},
    {"lease",          " 1",                      false},
    {"lease",          "1s",                      false},
    {"lease",          "",                        false},
    {"max_deliveries", "0",                       true },
    {"max_deliveries", "1000",                    true },
    {"max_deliveries", "1001",                    false},
    {"max_deliveries", "1,2,10",                  false},
    {"max_length",     "0",                       true },
    {"max_length",     "1000000000",              true },
    {"max_length",     "1000000001",              false},
    {"max_length",     "99999999999999999999999", false},
    {"ttl",            "0",                       true },
    {"ttl",            "315360000",               true },
    {"ttl",            "315360001",               false},
    {"backoff",        "0",                       true },
    {"backoff",        "1,1,1",                   true },
    {"backoff",        "1,2,10",                  true },
    {"backoff",        "2592000,100,2592000",     true },
    {"backoff",        "",                        false},
    {"backoff",        "1",                       false},
    {"backoff",        "1,2",                     false},
    {"backoff",        "1,2,3,4",                 false},
    {"backoff",        ",,",                      false},
    {"backoff",        "1,,1",                    false},
    {"backoff",        ",2,10",                   false},
    {"backoff",        "1,2,",                    false},
    {"backoff",        "0,2,10",                  false},
    {"backoff",        "1,0,10",                  false},
    {"backoff",        "1,101,10",                false},
    {"backoff",        "1,1.5,10",                false},
    {"backoff",        "10,2,9",                  false},
    {"backoff",        "1,2,2592001",             false},
    {"backoff",        "2592001,2,2592001",       false},
    {"backoff",        "01,2,10",                 false},
    {"backoff",        "1, 2,10",                 false},
    {"backoff",        "1,2,-10",                 false},
};

static void good_and_bad_values(void **state)
{
    char *wall = wall_new(64);

    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        struct policy_change change = {0};
        size_t len = strlen(values[i].value);
        enum status status = policy_change_add(&change, values[i].name,
                                               wall_put(wall, values[i].value, len), len, &reason);

        if (status != (values[i].is_good ? STATUS_OK : STATUS_BAD_VALUE))
            fail_msg("%s=%s", values[i].name, values[i].value);
        if (!values[i].is_good) { /* says of which, and changes nothing */
            assert_memory_equal(reason.text, values[i].name, strlen(values[i].name));
            assert_memory_equal(&change, &(struct policy_change){0}, sizeof(change));
        }
    }
}

static void what_is_wrong_is_said(void **state)
{
    struct policy_change change = {0};

    (void)state;
    policy_change_add(&change, "policy", "x", 1, &reason);
    assert_string_equal(reason.text, "policy must be broadcast or roundrobin");
    policy_change_add(&change, "lease", "x", 1, &reason);
    assert_string_equal(reason.text, "lease must be a whole number from 0 to 43200");
    policy_change_add(&change, "max_length", "x", 1, &reason);
    assert_string_equal(reason.text, "max_length must be a whole number from 0 to 1000000000");
    policy_change_add(&change, "backoff", "x", 1, &reason);
    assert_non_null(strstr(reason.text, "base,factor,max"));
}

static void a_nul_is_no_end_of_a_value(void **state)
{
    struct policy_change change = {0};

    (void)state;
    assert_int_equal(policy_change_add(&change, "policy", "broadcast\0", 10, &reason),
                     STATUS_BAD_VALUE);
    assert_int_equal(policy_change_add(&change, "lease", "5\0", 2, &reason), STATUS_BAD_VALUE);
    assert_int_equal(policy_change_add(&change, "lease", "0\0", 2, &reason), STATUS_BAD_VALUE);
    assert_int_equal(policy_change_add(&change, "backoff", "1,2,10\0", 7, &reason),
                     STATUS_BAD_VALUE);
}

static void settings_have_names(void **state)
{
    static const char *const names[] = {"lease", "max_deliveries", "max_length", "ttl", "backoff"};

    (void)state;
    assert_int_equal(COUNT(names), POLICY_SETTINGS);
    for (int i = 0; i < POLICY_SETTINGS; i++)
        assert_string_equal(policy_setting_name(i), names[i]);
    assert_null(policy_setting_name(POLICY_SETTINGS));
    assert_string_equal(policy_name(POLICY_BROADCAST), "broadcast");
    assert_string_equal(policy_name(POLICY_ROUNDROBIN), "roundrobin");
}

/* --- the call ------------------------------------------------------------------------------ */

static struct policy_state policy;

/* Builds the call with these pairs of name and value, up to a NULL. */
static enum status build(const char *queue, const char *const *pairs)
{
    struct policy_change change = {0};

    for (; *pairs; pairs += 2)
        assert_int_equal(policy_change_add(&change, pairs[0], pairs[1], strlen(pairs[1]), &reason),
                         STATUS_OK);
    return policy_call(&call, queue, &change, &policy, &reason);
}

#define BUILD(queue, ...) build(queue, (const char *const[]){__VA_ARGS__, NULL})

static void policy_calls(void **state)
{
    (void)state;
    assert_int_equal(build("foo", (const char *const[]){NULL}), STATUS_OK);
    expect_call(&call, &script_policy, 2, "foo:queuepolicy", "restmq:{foo}:settings",
                "restmq:{foo}:events", "");
    assert_false(call.changes);
    assert_int_equal(BUILD("a/b", "policy", "broadcast"), STATUS_OK);
    assert_true(call.changes);
    expect_call(&call, &script_policy, 2, "a/b:queuepolicy", "restmq:{a/b}:settings",
                "restmq:{a/b}:events", "1");
    /* settings go in the order of the table, and the last value of a name counts */
    assert_int_equal(BUILD("foo", "backoff", "1,2,10", "ttl", "60", "max_length", "7",
                           "max_deliveries", "5", "lease", "31", "policy", "roundrobin", "lease",
                           "30"),
                     STATUS_OK);
    expect_call(&call, &script_policy, 2, "foo:queuepolicy", "restmq:{foo}:settings",
                "restmq:{foo}:events", "2", "lease", "30", "max_deliveries", "5", "max_length", "7",
                "ttl", "60", "backoff", "1,2,10");
    assert_int_equal(BUILD("foo", "ttl", "0", "backoff", "0"), STATUS_OK);
    assert_true(call.changes);
    expect_call(&call, &script_policy, 2, "foo:queuepolicy", "restmq:{foo}:settings",
                "restmq:{foo}:events", "", "ttl", "0", "backoff", "0");
}

/* The change may be gone by the time the call runs. */
static void the_call_keeps_the_values(void **state)
{
    struct policy_change change = {0};

    (void)state;
    policy_change_add(&change, "lease", "30", 2, &reason);
    policy_call(&call, "foo", &change, &policy, &reason);
    memset(&change, 0x55, sizeof(change));
    expect_call(&call, &script_policy, 2, "foo:queuepolicy", "restmq:{foo}:settings",
                "restmq:{foo}:events", "", "lease", "30");
}

static void who_can_have_dead_letters(void **state)
{
    char name[LIMIT_NAME + 1] = "";

    (void)state;
    assert_int_equal(BUILD("foo.dead", "max_deliveries", "5"), STATUS_BAD_NAME);
    assert_int_equal(BUILD("foo.dead", "max_deliveries", "0", "lease", "30"), STATUS_OK);
    expect_call(&call, &script_policy, 2, "foo.dead:queuepolicy", "restmq:{foo}.dead:settings",
                "restmq:{foo}.dead:events", "", "lease", "30", "max_deliveries", "0");
    memset(name, 'a', LIMIT_NAME - 5);
    assert_int_equal(BUILD(name, "max_deliveries", "5"), STATUS_OK);
    name[LIMIT_NAME - 5] = 'a';
    assert_int_equal(BUILD(name, "max_deliveries", "5"), STATUS_BAD_NAME);
    assert_non_null(strstr(reason.text, "at most 123 bytes"));
    assert_int_equal(BUILD(name, "max_deliveries", "0"), STATUS_OK);
}

/* --- the result ---------------------------------------------------------------------------- */

static const char *in_json(void)
{
    static char text[512];
    struct json_object *object = json_object_new_object();
    struct buffer out = {0};

    policy_to_json(&policy, object);
    json_render(object, &out);
    snprintf(text, sizeof(text), "%s", out.data);
    buffer_clear(&out);
    return text;
}

static void policy_results(void **state)
{
    (void)state;
    build("foo", (const char *const[]){NULL});
    assert_int_equal(decode(&call, LIST(TEXT(""), LIST())), STATUS_OK);
    assert_int_equal(policy.policy, POLICY_BROADCAST);
    assert_string_equal(in_json(), "{\"value\":\"broadcast\",\"lease\":0,\"max_deliveries\":0,"
                                   "\"max_length\":0,\"ttl\":0,\"backoff\":0}");
    assert_int_equal(
        decode(&call,
               LIST(TEXT("2"), LIST(TEXT("backoff"), TEXT("1,2,10"), TEXT("lease"), TEXT("30"),
                                    TEXT("of later"), TEXT("1"), TEXT("ttl"), TEXT("315360000")))),
        STATUS_OK);
    assert_int_equal(policy.policy, POLICY_ROUNDROBIN);
    assert_string_equal(in_json(), "{\"value\":\"roundrobin\",\"lease\":30,\"max_deliveries\":0,"
                                   "\"max_length\":0,\"ttl\":315360000,\"backoff\":\"1,2,10\"}");
    EXPECT_UNEXPECTED(&call, NIL, TEXT("2"), NUMBER(2), LIST(), LIST(TEXT("2")),
                      LIST(TEXT("2"), NIL), LIST(TEXT("2"), TEXT("lease")));
}

/* Somebody else may have written there. */
static void strange_results(void **state)
{
    (void)state;
    build("foo", (const char *const[]){NULL});
    assert_int_equal(
        decode(&call, LIST(TEXT("3"), LIST(TEXT("lease"), TEXT("99999999"), TEXT("ttl"),
                                           TEXT("a \"week\""), NIL, TEXT("5"), TEXT("backoff")))),
        STATUS_OK);
    assert_string_equal(in_json(), "{\"value\":\"broadcast\",\"lease\":\"99999999\","
                                   "\"max_deliveries\":0,\"max_length\":0,"
                                   "\"ttl\":\"a \\\"week\\\"\",\"backoff\":0}");
    assert_int_equal(
        decode(&call, LIST(TEXT("1"),
                           LIST(TEXT("ttl"), TEXT("0123456789012345678901234567890123456789"
                                                  "0123456789012345678901234567890123456789")))),
        STATUS_OK);
    assert_int_equal(strlen(policy.settings[3]), POLICY_VALUE - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_and_bad_values),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(a_nul_is_no_end_of_a_value),
        cmocka_unit_test(settings_have_names),
        cmocka_unit_test(policy_calls),
        cmocka_unit_test(the_call_keeps_the_values),
        cmocka_unit_test(who_can_have_dead_letters),
        cmocka_unit_test(policy_results),
        cmocka_unit_test(strange_results),
    };

    return cmocka_run_group_tests(tests, NULL, clear);
}
