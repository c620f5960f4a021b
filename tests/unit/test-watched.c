/* test-watched.c - has a file changed?
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/file.h"

#include <fcntl.h>

#include "base/ini.h"
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

static void another_owner_or_mode_is_a_change(void **state)
{
    (void)state;
    assert_int_equal(chmod(file_name, 0640), 0);
    assert_true(has_changed_later());
    assert_false(has_changed_later());
    assert_int_equal(chmod(file_name, 0600), 0);
    assert_true(has_changed_later());
    if (geteuid() == 0) {
        assert_int_equal(chown(file_name, 1, (gid_t)-1), 0);
        assert_true(has_changed_later());
        assert_false(has_changed_later());
    }
}

static void what_could_not_be_read_is_tried_again(void **state)
{
    struct file_problem unread = {.text = "a", .is_unread = true}, other = unread,
                        bad = {.text = "a"};

    (void)state;
    other.text[0] = 'b';
    for (int i = 0; i < 3; i++) {
        assert_int_equal(watched_was_read(&watched, &unread), i == 0); /* said once */
        assert_true(has_changed_later());
        assert_false(watched_has_changed(&watched, file_name, false)); /* in the same second */
    }
    assert_true(watched_was_read(&watched, &other));
    assert_true(watched_was_read(&watched, &bad));
    assert_false(has_changed_later());
    assert_true(watched_was_read(&watched, &bad)); /* the file has changed, as it was not unread */
    assert_false(watched_was_read(&watched, NULL));
    assert_true(watched_was_read(&watched, &unread));
    assert_false(watched_was_read(&watched, NULL));
}

/* All others may be taken. */
static void a_descriptor_is_kept_for_reading(void **state)
{
    int fd;

    (void)state;
    assert_true(watched.reserve > 0);
    fd = watched.reserve;
    watched_read(&watched);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    watched_was_read(&watched, NULL);
    assert_true(watched.reserve > 0 && fcntl(watched.reserve, F_GETFD) == FD_CLOEXEC);
    watched_end(&watched);
    watched_end(&watched);
    assert_int_equal(watched.reserve, 0);
    assert_false(has_changed_later()); /* and it is there again */
    assert_true(watched.reserve > 0);
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
        WATCHED_TEST(another_owner_or_mode_is_a_change),
        WATCHED_TEST(what_could_not_be_read_is_tried_again),
        WATCHED_TEST(a_descriptor_is_kept_for_reading),
        WATCHED_TEST(it_looks_once_a_second),
        WATCHED_TEST(force_is_a_change),
        WATCHED_TEST(a_file_may_go_and_come),
        WATCHED_TEST(it_may_be_missing_at_first),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
