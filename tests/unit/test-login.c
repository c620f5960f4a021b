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
    {"",   "",   0,       ""                                  },
    {"",   "",   7,       "SELECT 7 |"                        },
    {"",   "pw", 0,       "AUTH pw |"                         },
    {"me", "pw", 0,       "AUTH me pw |EVAL |"                },
    {"me", "",   0,       "AUTH me  |EVAL |"                  },
    {"me", "pw", 1000000, "AUTH me pw |SELECT 1000000 |EVAL |"},
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
                if (strcmp(login.commands[at].argv[0], "EVAL") == 0)
                    break; /* its words are rights.h's */
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
    assert_string_equal(login.commands[3].argv[0], "ROLE");
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

/* Redis is told nothing that these settings do not need. */
static void the_rights_asked_for(void **state)
{
    static const struct {
        bool hash_tags;
        long long replicas;
        const char *more;
    } cases[] = {
        {false, 0, ""                                      },
        {true,  0, "SPUBLISH SSUBSCRIBE SUNSUBSCRIBE "     },
        {false, 2, "WAIT "                                 },
        {true,  1, "SPUBLISH SSUBSCRIBE SUNSUBSCRIBE WAIT "},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct settings settings = settings_of("x:1", "me", "pw", 0);
        struct login login;

        settings.hash_tags = cases[i].hash_tags;
        settings.redis_wait.replicas = cases[i].replicas;
        login_init(&login, &settings);
        assert_int_equal(login.commands[1].argc, 4);
        assert_string_equal(login.commands[1].argv[2], "0");
        assert_string_equal(login.commands[1].argv[3], cases[i].more);
    }
}

static void what_clients_are_told_of_a_refused_login(void **state)
{
    struct settings settings = settings_of("x:1", "me", "pw", 0);
    const char *const texts[] = {
        "Redis refused AUTH",
        "this Redis user may not run GET, ZADD",
        "this Redis user may not run eval",
        "Redis is loading its data",
        "Redis refused ROLE",
        "Redis is no master: sentinels decide on another one",
    };
    const redisReply *const replies[] = {
        ERROR("WRONGPASS no"),
        ERROR("NOPERM this Redis user may not run GET, ZADD"),
        ERROR("NOPERM User me has no permissions to run the 'eval' command"),
        ERROR("LOADING Redis is loading the dataset in memory"),
        ERROR("NOPERM no"),
        LIST(TEXT("slave"), TEXT("10.0.0.1")),
    };
    const int commands[] = {0, 1, 1, 1, 2, 2};
    struct login login;

    (void)state;
    login_init(&login, &settings);
    login_ask_role(&login);
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct reason reason = {0};

        assert_int_equal(login_tell(&login, commands[i], replies[i], &reason), STATUS_UNAVAILABLE);
        assert_string_equal(reason.text, texts[i]);
        assert_false(reason.outcome_unknown);
    }
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
        cmocka_unit_test(the_rights_asked_for),
        cmocka_unit_test(what_clients_are_told_of_a_refused_login),
        cmocka_unit_test(what_ends_a_login),
        cmocka_unit_test(what_needs_another_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
