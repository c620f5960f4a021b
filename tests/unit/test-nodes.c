/* test-nodes.c - where Redis is.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "redis/nodes.h"

static struct settings settings_of(const char *redis, long long db)
{
    return (struct settings){
        .redis = (char *)(uintptr_t)redis,
        .redis_tls = {.ca = "", .name = "", .cert = "", .key = ""},
        .redis_account.user = "",
        .redis_account.password = "secret",
        .redis_db = db,
        .redis_timeout_ms = 700
    };
}

static void it_is_where_the_settings_say(void **state)
{
    struct settings tcp = settings_of("[::1]:6380", 0), local = settings_of("unix:/run/r.sock", 3);
    struct address address;
    struct nodes nodes;
    struct login login;

    (void)state;
    nodes_init(&nodes, &tcp);
    nodes_address(&nodes, &address);
    assert_false(address.is_unix);
    assert_string_equal(address.host, "::1");
    assert_int_equal(address.port, 6380);
    assert_string_equal(nodes_name(&nodes), "[::1]:6380");
    assert_int_equal(nodes_timeout_ms(&nodes), 700);
    nodes_login(&nodes, &login);
    assert_int_equal(login.count, 1);
    assert_true(nodes_configure(&nodes, &tcp, &local));
    nodes_address(&nodes, &address);
    assert_true(address.is_unix);
    assert_string_equal(address.host, "/run/r.sock");
    nodes_login(&nodes, &login);
    assert_int_equal(login.count, 2);
    assert_string_equal(login.commands[0].argv[0], "AUTH");
    assert_string_equal(login.commands[1].argv[1], "3");
    nodes_clear(&nodes);
}

static void going_and_coming_back_are_a_line_each(void **state)
{
    struct settings settings = settings_of("x:1", 0);
    struct nodes nodes;

    (void)state;
    nodes_init(&nodes, &settings);
    assert_false(nodes_answered(&nodes)); /* the first time goes without saying */
    for (int i = 0; i < 2; i++) {
        assert_true(nodes_failed(&nodes, "connect", "refused"));
        assert_false(nodes_failed(&nodes, "connect", "refused"));
        assert_true(nodes_answered(&nodes));
        assert_false(nodes_answered(&nodes));
    }
    nodes_clear(&nodes);
}

static void another_one_s_troubles_are_told_anew(void **state)
{
    struct settings old = settings_of("x:1", 0), other = settings_of("x:2", 0);
    struct nodes nodes;

    (void)state;
    nodes_init(&nodes, &old);
    nodes_failed(&nodes, "connect", "refused");
    assert_true(nodes_configure(&nodes, &old, &other));
    assert_true(nodes_failed(&nodes, "connect", "refused"));
    assert_true(nodes_configure(&nodes, &other, &old));
    assert_true(nodes_answered(&nodes));
    assert_true(nodes_configure(&nodes, &old, &other));
    assert_true(nodes_answered(&nodes)); /* that it is there, too */
    nodes_clear(&nodes);
}

static void the_same_one_s_are_not(void **state)
{
    struct settings old = settings_of("x:1", 0), other = settings_of("x:1", 5),
                    patient = settings_of("x:1", 5);
    struct nodes nodes;

    (void)state;
    patient.redis_timeout_ms = 9;
    nodes_init(&nodes, &old);
    nodes_failed(&nodes, "connect", "refused");
    assert_true(nodes_configure(&nodes, &old, &other));
    assert_false(nodes_failed(&nodes, "connect", "refused"));
    assert_false(nodes_configure(&nodes, &other, &patient));
    assert_int_equal(nodes_timeout_ms(&nodes), 9);
    assert_true(nodes_answered(&nodes));
    assert_true(nodes_configure(&nodes, &patient, &old));
    assert_false(nodes_answered(&nodes));
    nodes_clear(&nodes);
}

static void sentinels_say_where_it_is(void **state)
{
    struct settings old = settings_of("sentinel://a:1,b:2/x", 3),
                    other = settings_of("sentinel://c:3/x", 3);
    struct address address;
    struct nodes nodes;
    struct login login;

    (void)state;
    nodes_init(&nodes, &old);
    assert_true(nodes_have_sentinels(&nodes));
    assert_false(nodes_address(&nodes, &address));
    assert_string_equal(nodes_name(&nodes), "sentinel://a:1,b:2/x");
    assert_true(nodes_found(&nodes, "10.0.0.1:7"));
    assert_false(nodes_found(&nodes, "10.0.0.1:7"));
    assert_true(nodes_address(&nodes, &address));
    assert_string_equal(address.host, "10.0.0.1");
    assert_string_equal(nodes_name(&nodes), "10.0.0.1:7");
    nodes_login(&nodes, &login);
    assert_int_equal(login.count, 3);
    assert_string_equal(login.commands[2].argv[0], "ROLE");
    assert_int_equal(nodes_dial_ms(&nodes), 500);
    assert_int_equal(nodes_timeout_ms(&nodes), 700);
    assert_true(nodes_configure(&nodes, &old, &other));
    assert_false(nodes_address(&nodes, &address));
    nodes_clear(&nodes);
}

static void what_is_said_to_sentinels(void **state)
{
    struct settings old = settings_of("sentinel://a:1/x", 3), other = old;
    struct nodes nodes;
    struct login login;

    (void)state;
    old.sentinel_account = (struct account){.user = "watch", .password = "open"};
    other.sentinel_account = (struct account){.user = "watch", .password = "other"};
    nodes_init_sentinels(&nodes, &old);
    assert_false(nodes_have_sentinels(&nodes));
    assert_true(nodes_found(&nodes, "b:2"));
    assert_string_equal(nodes_name(&nodes), "b:2");
    nodes_login(&nodes, &login);
    assert_int_equal(login.count, 1);
    assert_string_equal(login.commands[0].argv[1], "watch");
    assert_int_equal(nodes_timeout_ms(&nodes), 200);
    assert_true(nodes_configure(&nodes, &old, &other));
    nodes_clear(&nodes);
}

static void a_member_is_where_it_was_found(void **state)
{
    struct settings old = settings_of("cluster://a:1,b:2", 0),
                    other = settings_of("cluster://b:2", 0), secret = other;
    struct address address;
    struct nodes nodes;
    struct login login;

    (void)state;
    secret.redis_account.password = "other";
    nodes_init_member(&nodes, &old, "c:3");
    assert_false(nodes_have_sentinels(&nodes));
    assert_true(nodes_address(&nodes, &address));
    assert_int_equal(address.port, 3);
    assert_string_equal(nodes_name(&nodes), "c:3");
    nodes_login(&nodes, &login);
    assert_int_equal(login.count, 1);
    assert_int_equal(nodes_dial_ms(&nodes), 500);
    assert_int_equal(nodes_timeout_ms(&nodes), 700);
    assert_true(nodes_failed(&nodes, "connect", "refused"));
    nodes_configure(&nodes, &old, &other);
    assert_string_equal(nodes_name(&nodes), "c:3");
    assert_false(nodes_failed(&nodes, "connect", "refused"));
    assert_true(nodes_configure(&nodes, &other, &secret));
    assert_true(nodes_answered(&nodes));
    nodes_clear(&nodes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_where_the_settings_say),
        cmocka_unit_test(going_and_coming_back_are_a_line_each),
        cmocka_unit_test(another_one_s_troubles_are_told_anew),
        cmocka_unit_test(the_same_one_s_are_not),
        cmocka_unit_test(sentinels_say_where_it_is),
        cmocka_unit_test(what_is_said_to_sentinels),
        cmocka_unit_test(a_member_is_where_it_was_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
