/* test-config.c - restmq.conf of a running program.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/file.h"

#include <fcntl.h>

#include "base/config.h"
#include "base/memory.h"

static struct config config;
static struct file_problem problem;

static int close_config(void **state)
{
    (void)state;
    config_clear(&config);
    return 0;
}

static void open_with(const char *text)
{
    write_file(file_name, text);
    assert_true(config_open(&config, file_name, false, &problem));
}

/* As if a second had passed since the last look. */
static bool refresh_later(void)
{
    struct settings old;

    config.watched.looked--;
    if (!config_refresh(&config, false, &old))
        return false;
    settings_clear(&old);
    return true;
}

static void a_missing_file_is_an_error_unless_optional(void **state)
{
    (void)state;
    assert_false(config_open(&config, "/nonexistent/restmq.conf", false, &problem));
    config_clear(&config);
    assert_true(config_open(&config, "/nonexistent/restmq.conf", true, &problem));
    assert_int_equal(config.settings.redis_timeout_ms, 2000);
}

static void a_bad_file_is_an_error_even_if_optional(void **state)
{
    (void)state;
    write_file(file_name, "bogus\n");
    assert_false(config_open(&config, file_name, true, &problem));
}

static void a_changed_file_is_read_again(void **state)
{
    struct settings old;

    (void)state;
    open_with("redis_db = 1\n");
    assert_false(refresh_later());
    write_file(file_name, "redis_db = 22\n");
    config.watched.looked--;
    assert_true(config_refresh(&config, false, &old));
    assert_int_equal(old.redis_db, 1);
    assert_int_equal(config.settings.redis_db, 22);
    settings_clear(&old);
    assert_false(refresh_later());
}

/* As "mv" or a package manager may put it there. */
static void a_file_of_the_same_time_and_size_is_another(void **state)
{
    (void)state;
    open_with("redis_db = 1\n");
    write_file(other_name, "redis_db = 2\n");
    utimensat(AT_FDCWD, other_name,
              (struct timespec[]){config.watched.seen.st_mtim, config.watched.seen.st_mtim}, 0);
    assert_int_equal(rename(other_name, file_name), 0);
    assert_true(refresh_later());
    assert_int_equal(config.settings.redis_db, 2);
}

static void it_looks_once_a_second(void **state)
{
    struct settings old;

    (void)state;
    open_with("redis_db = 1\n");
    write_file(file_name, "redis_db = 22\n");
    config.watched.looked = time(NULL);
    assert_false(config_refresh(&config, false, &old));
    assert_int_equal(config.settings.redis_db, 1);
    assert_true(refresh_later());
}

static void force_reads_an_unchanged_file(void **state)
{
    struct settings old;

    (void)state;
    open_with("redis_db = 1\n");
    assert_true(config_refresh(&config, true, &old));
    assert_int_equal(config.settings.redis_db, 1);
    settings_clear(&old);
}

static void a_bad_change_keeps_the_old_settings(void **state)
{
    (void)state;
    open_with("redis_db = 1\n");
    write_file(file_name, "redis_db = many\n");
    assert_false(refresh_later());
    assert_int_equal(config.settings.redis_db, 1);
    write_file(file_name, "redis_db = 333\n");
    assert_true(refresh_later());
    assert_int_equal(config.settings.redis_db, 333);
}

static void another_kind_of_redis_takes_a_restart(void **state)
{
    static const char *const kinds[] = {"x:1", "sentinel://x:1/name", "cluster://x:1"};
    struct settings old, fresh;
    char text[200];

    (void)state;
    settings_init(&old);
    settings_init(&fresh);
    for (size_t i = 0; i < COUNT(kinds); i++)
        for (size_t j = 0; j < COUNT(kinds); j++) {
            free(old.redis);
            free(fresh.redis);
            old.redis = xstrdup(kinds[i]);
            fresh.redis = xstrdup(kinds[j]);
            assert_int_equal(settings_can_follow(&fresh, &old, text, sizeof(text)), i == j);
        }
    settings_clear(&old);
    settings_clear(&fresh);
}

static void other_names_of_keys_take_a_restart(void **state)
{
    (void)state;
    open_with("hash_tags = on\nredis_db = 1\n");
    write_file(file_name, "redis_db = 22\n");
    assert_false(refresh_later());
    assert_true(config.settings.hash_tags);
    assert_int_equal(config.settings.redis_db, 1);
    write_file(file_name, "hash_tags = on\nredis_db = 333\n");
    assert_true(refresh_later());
    assert_int_equal(config.settings.redis_db, 333);
}

static void a_file_that_is_gone_changes_nothing(void **state)
{
    (void)state;
    for (int is_optional = 0; is_optional <= 1; is_optional++) {
        open_with("redis_db = 1\n");
        config.is_optional = is_optional;
        unlink(file_name);
        assert_false(refresh_later());
        assert_int_equal(config.settings.redis_db, 1);
        write_file(file_name, "redis_db = 2\n");
        assert_true(refresh_later());
        assert_int_equal(config.settings.redis_db, 2);
        if (!is_optional)
            config_clear(&config);
    }
}

static void an_optional_file_may_come_later(void **state)
{
    struct settings old;

    (void)state;
    unlink(file_name);
    assert_true(config_open(&config, file_name, true, &problem));
    assert_false(refresh_later());
    assert_false(config_refresh(&config, true, &old));
    write_file(file_name, "redis_db = 2\n");
    assert_true(refresh_later());
    assert_int_equal(config.settings.redis_db, 2);
}

static bool is_small(const struct settings *settings, char *text, size_t size)
{
    snprintf(text, size, "redis_db: %lld is too large", settings->redis_db);
    return settings->redis_db < 10;
}

static void a_check_decides_with_the_file(void **state)
{
    char expected[100];

    (void)state;
    open_with("redis_db = 10\n");
    snprintf(expected, sizeof(expected), "%s: redis_db: 10 is too large", file_name);
    assert_false(config_must_pass(&config, is_small, &problem));
    assert_string_equal(problem.text, expected);
    config_clear(&config);
    open_with("redis_db = 1\n");
    assert_true(config_must_pass(&config, is_small, &problem));
    write_file(file_name, "redis_db = 22\n");
    assert_false(refresh_later());
    assert_int_equal(config.settings.redis_db, 1);
    write_file(file_name, "redis_db = 2\n");
    assert_true(refresh_later());
    assert_int_equal(config.settings.redis_db, 2);
}

/* What it looked at may be mended without a change of the file. */
static void what_did_not_pass_is_tried_again(void **state)
{
    (void)state;
    open_with("redis_db = 1\n");
    assert_true(config_must_pass(&config, is_small, &problem));
    write_file(file_name, "redis_db = 22\n");
    assert_false(refresh_later());
    config.check = NULL;
    assert_true(refresh_later());
    assert_int_equal(config.settings.redis_db, 22);
}

#define CONFIG_TEST(function) cmocka_unit_test_teardown(function, close_config)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONFIG_TEST(a_missing_file_is_an_error_unless_optional),
        CONFIG_TEST(a_bad_file_is_an_error_even_if_optional),
        CONFIG_TEST(a_changed_file_is_read_again),
        CONFIG_TEST(a_file_of_the_same_time_and_size_is_another),
        CONFIG_TEST(it_looks_once_a_second),
        CONFIG_TEST(force_reads_an_unchanged_file),
        CONFIG_TEST(a_bad_change_keeps_the_old_settings),
        CONFIG_TEST(a_file_that_is_gone_changes_nothing),
        cmocka_unit_test(another_kind_of_redis_takes_a_restart),
        CONFIG_TEST(other_names_of_keys_take_a_restart),
        CONFIG_TEST(an_optional_file_may_come_later),
        CONFIG_TEST(a_check_decides_with_the_file),
        CONFIG_TEST(what_did_not_pass_is_tried_again),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
