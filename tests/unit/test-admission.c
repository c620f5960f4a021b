/* test-admission.c - may whoever asks do this, by what is known of a key, and before it is.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <hiredis/hiredis.h>

#include "base/clock.h"
#include "base/settings.h"
#include "broker/authkey_cache.h"
#include "protocol/admission.h"

static char acl[] = "", origins[] = "", hosts[] = "", proxies[] = "", prefix[] = "";
static struct settings settings = {
    .prefix = prefix,
    .acl = acl,
    .origins = origins,
    .hosts = hosts,
    .trusted_proxies = proxies,
    .authkeys = true,
};
static struct access rules;
static struct authkey_cache *keys;
static struct reason reason;

static int begin(void **state)
{
    struct file_problem problem;

    (void)state;
    settings.authkeys = true;
    keys = authkey_cache_new();
    return access_open(&rules, &settings, &problem) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    authkey_cache_free(keys);
    access_close(&rules);
    return 0;
}

static struct visitor visitor_with(const char *key)
{
    struct visitor visitor = {.has_ip = true, .host = "localhost", .key = key};

    assert_true(ip_read("127.0.0.1", 9, &visitor.ip));
    return visitor;
}

static enum status ask(struct admission *admission, const char *key)
{
    struct visitor visitor = visitor_with(key);

    return admission_begin(admission, &rules, keys, &visitor, &reason);
}

/* As Redis tells it. */
static struct authkey record_of(const char *text)
{
    redisReply reply = {.type = REDIS_REPLY_STRING, .str = (char *)(uintptr_t)text};
    struct authkey authkey = {0};
    struct call call = {0};

    reply.len = strlen(text);
    authkey_call(&call, "k", 1, &authkey);
    assert_int_equal(call.decode(&call, &reply, &reason), STATUS_OK);
    call_clear(&call);
    return authkey;
}

#define LIST(text)                                                                                 \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

static void what_it_is_about_decides(void **state)
{
    static const struct {
        struct admission asked;
        enum status status;
    } rows[] = {
        {{.rights = RIGHT_CONSUMER, .name = "mine"},                       STATUS_OK       },
        {{.rights = RIGHT_CONSUMER, .name = "other"},                      STATUS_FORBIDDEN},
        {{.rights = RIGHT_PRODUCER, .name = "mine"},                       STATUS_FORBIDDEN},
        {{.rights = RIGHT_PRODUCER | RIGHT_CONSUMER, .name = "mine"},      STATUS_OK       },
        {{.rights = RIGHT_WEBSOCKET, .name = "mine"},                      STATUS_OK       },
        {{.rights = RIGHT_CONSUMER, .names = LIST("mine,a.b")},            STATUS_OK       },
        {{.rights = RIGHT_CONSUMER, .names = LIST("mine,other")},          STATUS_FORBIDDEN},
        {{.rights = RIGHT_CONSUMER, .names = LIST("mine,a\0b")},           STATUS_OK       },
        {{.rights = RIGHT_CONSUMER, .name = "mine", .names = LIST("foo")}, STATUS_OK       },
        {{.rights = RIGHT_CONSUMER},                                       STATUS_FORBIDDEN},
        {{.rights = RIGHT_CONSUMER, .is_vague = true},                     STATUS_OK       },
        {{.rights = RIGHT_PRODUCER, .is_vague = true},                     STATUS_FORBIDDEN},
    };
    struct authkey record = record_of("{\"queues\":[\"mine\",\"a.*\"],\"privs\":[\"read\"]}");
    struct visitor visitor = visitor_with("k");

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct admission admission = rows[i].asked;
        enum status status = admission_go_on(&admission, &rules, &visitor, &record, &reason);

        assert_ptr_equal(admission.key, &record);
        if (status != rows[i].status)
            fail_msg("row %zu: %s", i, status_code(status));
    }
    authkey_clear(&record);
}

static void a_key_that_nobody_has_is_told_so(void **state)
{
    static const struct admission rows[] = {
        {.rights = RIGHT_CONSUMER, .name = "mine"       },
        {.rights = RIGHT_CONSUMER, .names = LIST("a\0b")},
        {.rights = RIGHT_CONSUMER},
        {.rights = RIGHT_CONSUMER,        .is_vague = true                     },
    };
    static const struct authkey nobodys;
    struct visitor visitor = visitor_with("k");

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct admission admission = rows[i];

        assert_int_equal(admission_go_on(&admission, &rules, &visitor, &nobodys, &reason),
                         STATUS_UNAUTHORIZED);
    }
}

static void only_the_first_time_its_record_must_be_read(void **state)
{
    struct admission admission = {.rights = RIGHT_CONSUMER, .name = "mine"};
    struct authkey record = record_of("{\"queues\":[\"mine\"]}");

    (void)state;
    assert_int_equal(ask(&admission, "k"), STATUS_NEEDS_KEY);
    assert_null(admission.key);
    authkey_cache_store(keys, "k", 1, &record, clock_ms());
    assert_int_equal(ask(&admission, "k"), STATUS_OK);
    assert_non_null(admission.key);
    assert_int_equal(ask(&admission, "another"), STATUS_NEEDS_KEY);
}

static void where_none_is_needed_none_is_looked_at(void **state)
{
    struct admission everybody = {.rights = RIGHT_NONE};
    struct admission consumer = {.rights = RIGHT_CONSUMER, .name = "mine"};

    (void)state;
    assert_int_equal(ask(&everybody, NULL), STATUS_OK);
    assert_int_equal(ask(&consumer, NULL), STATUS_UNAUTHORIZED);
    settings.authkeys = false;
    assert_int_equal(ask(&consumer, NULL), STATUS_OK);
    assert_int_equal(ask(&consumer, "k"), STATUS_OK);
    assert_null(consumer.key);
}

static void rights_and_privs_are_the_same(void **state)
{
    unsigned pairs = RIGHT_PRODUCER | RIGHT_CONSUMER | RIGHT_ADMIN | RIGHT_STATS | RIGHTS_TO_MANAGE;

    (void)state;
    for (unsigned right = 1; right; right <<= 1)
        if (right & pairs)
            assert_int_equal(admission_rights_of(admission_privs_of(right)), right);
    assert_int_equal(admission_privs_of(RIGHT_COMET), AUTHKEY_READ);
    assert_int_equal(admission_privs_of(RIGHT_WEBSOCKET), AUTHKEY_READ);
    assert_int_equal(admission_rights_of(AUTHKEY_CREATE), RIGHT_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_it_is_about_decides, begin, end),
        cmocka_unit_test_setup_teardown(a_key_that_nobody_has_is_told_so, begin, end),
        cmocka_unit_test_setup_teardown(only_the_first_time_its_record_must_be_read, begin, end),
        cmocka_unit_test_setup_teardown(where_none_is_needed_none_is_looked_at, begin, end),
        cmocka_unit_test_setup_teardown(rights_and_privs_are_the_same, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
