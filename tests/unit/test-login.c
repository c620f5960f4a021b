/* test-login.c - what a connection to Redis begins with.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include "redis/login.h"

static struct settings settings_of(const char *redis, const char *user, const char *password,
                                   long long db)
{
    return (struct settings){
        .redis = (char *)redis,
        .redis_tls = {.ca = "", .name = "", .cert = "", .key = ""},
        .redis_account.user = (char *)user,
        .redis_account.password = (char *)password,
        .redis_db = db
    };
}

static const struct {
    const char *user, *password;
    long long db;
    const char *words; /* of all commands, each followed by a space, a command by a bar */
} rows[] = {
    {"",   "",   0,       ""                            },
    {"",   "",   7,       "SELECT 7 |"                  },
    {"",   "pw", 0,       "AUTH pw |"                   },
    {"me", "pw", 0,       "AUTH me pw |"                },
    {"me", "",   0,       "AUTH me  |"                  },
    {"me", "pw", 1000000, "AUTH me pw |SELECT 1000000 |"},
};

static void the_commands(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct settings settings = settings_of("x:1", rows[i].user, rows[i].password, rows[i].db);
        struct login login;
        char words[100] = "";

        login_init(&login, &settings);
        for (int at = 0; at < login.count; at++) {
            for (int word = 0; word < login.commands[at].argc; word++) {
                strcat(words, login.commands[at].argv[word]);
                strcat(words, " ");
            }
            strcat(words, "|");
        }
        assert_string_equal(words, rows[i].words);
    }
}

static void a_master_is_asked_for_its_role(void **state)
{
    struct settings settings = settings_of("x:1", "me", "pw", 3);
    struct login login;

    (void)state;
    login_init(&login, &settings);
    login_ask_role(&login);
    assert_int_equal(login.count, LOGIN_COMMANDS);
    assert_string_equal(login.commands[2].argv[0], "ROLE");
    login_init_as(&login, &settings.redis_account);
    assert_int_equal(login.count, 1);
}

static void what_ends_a_login(void **state)
{
    (void)state;
    assert_null(login_refusal(SIMPLE("OK")));
    assert_null(login_refusal(LIST(TEXT("master"), NUMBER(0))));
    assert_string_equal(login_refusal(ERROR("NOPERM no")), "NOPERM no");
    assert_string_equal(login_refusal(LIST(TEXT("slave"), TEXT("10.0.0.1"))),
                        "this Redis is not a master");
}

static void what_needs_another_connection(void **state)
{
    struct settings old = settings_of("x:1", "me", "pw", 0);
    struct settings others[] = {
        settings_of("x:2", "me", "pw", 0),
        settings_of("x:1", "", "pw", 0),
        settings_of("x:1", "me", "", 0),
        settings_of("x:1", "me", "pw", 1),
    };

    (void)state;
    assert_true(login_is_same(&old, &old));
    for (size_t i = 0; i < COUNT(others); i++)
        assert_false(login_is_same(&old, &others[i]));
    others[0] = old;
    others[0].redis_timeout_ms = 1;
    assert_true(login_is_same(&old, &others[0]));
    others[0].redis_tls.is_on = true;
    assert_false(login_is_same(&old, &others[0]));
    for (int i = 0; i < 4; i++) {
        struct settings *other = &others[0];
        char **texts[] = {&other->redis_tls.ca, &other->redis_tls.name, &other->redis_tls.cert,
                          &other->redis_tls.key};

        *other = old;
        *texts[i] = "other";
        assert_false(login_is_same(&old, other));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_commands),
        cmocka_unit_test(a_master_is_asked_for_its_role),
        cmocka_unit_test(what_ends_a_login),
        cmocka_unit_test(what_needs_another_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
