/* test-watched.c - has a file changed?
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/file.h"

#include <fcntl.h>

#include "base/watched.h"

static struct watched watched;

static int begin(void **state)
{
    (void)state;
    write_file(file_name, "1");
    watched_begin(&watched, file_name);
    return 0;
}

/* As if a second had passed since the last look. */
static bool has_changed_later(void)
{
    watched.looked--;
    return watched_has_changed(&watched, file_name, false);
}

static void set_time(const char *name, struct timespec when)
{
    assert_int_equal(utimensat(AT_FDCWD, name, (struct timespec[]){when, when}, 0), 0);
}

static void an_unchanged_file_has_not_changed(void **state)
{
    (void)state;
    assert_true(watched_is_there(&watched));
    assert_false(has_changed_later());
    assert_false(has_changed_later());
}

static void another_size_time_or_file_is_a_change(void **state)
{
    struct timespec when = watched.seen.st_mtim;

    (void)state;
    write_file(file_name, "12");
    set_time(file_name, when);
    assert_true(has_changed_later());
    assert_false(has_changed_later());
    when.tv_nsec = (when.tv_nsec + 1) % 1000000000;
    set_time(file_name, when);
    assert_true(has_changed_later());
    assert_false(has_changed_later());
    when.tv_sec++;
    set_time(file_name, when);
    assert_true(has_changed_later());
    assert_false(has_changed_later());
    write_file(other_name, "34");
    set_time(other_name, when);
    assert_int_equal(rename(other_name, file_name), 0);
    assert_true(has_changed_later());
    assert_false(has_changed_later());
}

static void it_looks_once_a_second(void **state)
{
    (void)state;
    write_file(file_name, "12");
    watched.looked = time(NULL);
    assert_false(watched_has_changed(&watched, file_name, false));
    assert_true(has_changed_later());
}

static void force_is_a_change(void **state)
{
    (void)state;
    assert_true(watched_has_changed(&watched, file_name, true));
    assert_true(watched_has_changed(&watched, file_name, true));
    assert_false(has_changed_later());
}

static void a_file_may_go_and_come(void **state)
{
    (void)state;
    unlink(file_name);
    assert_true(watched_is_there(&watched));
    assert_true(has_changed_later());
    assert_false(watched_is_there(&watched));
    assert_false(has_changed_later());
    write_file(file_name, "1");
    assert_true(has_changed_later());
    assert_true(watched_is_there(&watched));
}

static void it_may_be_missing_at_first(void **state)
{
    (void)state;
    unlink(file_name);
    watched_begin(&watched, file_name);
    assert_false(watched_is_there(&watched));
    assert_false(has_changed_later());
    watched_begin(&watched, "");
    assert_false(watched_is_there(&watched));
}

#define WATCHED_TEST(function) cmocka_unit_test_setup(function, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WATCHED_TEST(an_unchanged_file_has_not_changed),
        WATCHED_TEST(another_size_time_or_file_is_a_change),
        WATCHED_TEST(it_looks_once_a_second),
        WATCHED_TEST(force_is_a_change),
        WATCHED_TEST(a_file_may_go_and_come),
        WATCHED_TEST(it_may_be_missing_at_first),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
