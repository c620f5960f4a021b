/* test-meters.c - counters that processes share by a file, and what that file may be like.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/meters.h"

enum { HEAD = 128, SLOT = 128, STATE_AT = 8, NAME_AT = 24, SIZE = HEAD + METERS * SLOT };

static char line[256]; /* the first that was logged */

static struct meters *open_meters(void)
{
    struct meters *meters;

    line[0] = '\0';
    log_keep(line, sizeof(line));
    meters = meters_open(file_name);
    log_keep(NULL, 0);
    return meters;
}

static unsigned long long number_of(struct meters *meters, const char *name)
{
    return meter_number(meters_find(meters, name));
}

static void add(const char *name, int number)
{
    struct meters *meters = open_meters();

    meter_add(meters_find(meters, name), (unsigned long long)number);
    meters_close(meters);
}

static int begin(void **state)
{
    (void)state;
    unlink(file_name);
    return 0;
}

/* What the file has by now: -1: it is not shared. */
static long long told(const char *name)
{
    struct meters *meters = open_meters();
    long long number = meters_are_shared(meters) ? (long long)number_of(meters, name) : -1;

    meters_close(meters);
    return number;
}

/* Writes so many bytes over what is there. */
static void damage(off_t at, const void *bytes, size_t len)
{
    int fd = open(file_name, O_WRONLY);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, len, at), len);
    close(fd);
}

static void expect_anew(void)
{
    struct meters *meters = open_meters();

    assert_true(meters_are_shared(meters));
    assert_int_equal(number_of(meters, "a"), 0);
    assert_non_null(strstr(line, "begins anew"));
    meters_close(meters);
    add("a", 1);
    assert_int_equal(told("a"), 1);
}

static void expect_alone(const char *why)
{
    struct meters *meters = open_meters();

    assert_false(meters_are_shared(meters));
    assert_non_null(strstr(line, why));
    meter_add(meters_find(meters, "a"), 5);
    assert_int_equal(number_of(meters, "a"), 5);
    meters_close(meters);
}

/* --- sharing ------------------------------------------------------------------------------- */

static void those_who_open_it_share(void **state)
{
    struct meters *one = open_meters(), *other = open_meters();
    struct stat file;

    (void)state;
    assert_true(meters_are_shared(one) && meters_are_shared(other));
    meter_add(meters_find(one, "a"), 2);
    meter_add(meters_find(other, "b"), 4);
    meter_add(meters_find(other, "a"), 3);
    assert_int_equal(number_of(one, "a"), 5);
    assert_int_equal(number_of(one, "b"), 4);
    meters_close(one);
    meters_close(other);
    assert_int_equal(told("a"), 5);
    assert_string_equal(line, "");
    assert_int_equal(stat(file_name, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    assert_true(file.st_blocks * 512 >= file.st_size);
}

static void without_a_file_each_counts_alone(void **state)
{
    struct meters *one = meters_open(""), *other = meters_open("");

    (void)state;
    assert_false(meters_are_shared(one));
    meter_add(meters_find(one, "a"), 2);
    assert_int_equal(number_of(one, "a"), 2);
    assert_int_equal(number_of(other, "a"), 0);
    meter_add(NULL, 1);
    meters_close(one);
    meters_close(other);
    meters_close(NULL);
}

static void readings_are_sorted_and_added_up(void **state)
{
    struct reading_of_meter *readings;
    struct meters *meters;

    (void)state;
    add("b", 1);
    add("a", 2);
    add("c", 4);
    damage(HEAD + 2 * SLOT + NAME_AT, "b", 1); /* two processes named one at once */
    meters = open_meters();
    assert_int_equal(meters_read(meters, &readings), 2);
    assert_string_equal(readings[0].name, "a");
    assert_int_equal(readings[0].number, 2);
    assert_string_equal(readings[1].name, "b");
    assert_int_equal(readings[1].number, 5);
    free(readings);
    meters_close(meters);
}

static void there_is_an_end(void **state)
{
    struct meters *meters = open_meters();
    struct reading_of_meter *readings;
    char name[METER_NAME + 1];

    (void)state;
    for (int i = 0; i < METERS + 3; i++) {
        snprintf(name, sizeof(name), "n%d", i);
        meter_add(meters_find(meters, name), 1);
    }
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    meter_add(meters_find(meters, name), 1);
    assert_int_equal(meters_read(meters, &readings), METERS);
    free(readings);
    meters_close(meters);
}

/* Each adds to counters of its own and of all, until it is killed, at any time. */
static void who_is_killed_has_counted(void **state)
{
    struct meters *meters = open_meters();
    unsigned long long before = 0;
    int pipes[2];
    char byte;

    (void)state;
    for (int i = 0; i < 5; i++) {
        pid_t pid;

        assert_int_equal(pipe(pipes), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            char name[32];

            for (int n = 0;; n++) {
                struct meters *mine = meters_open(file_name);

                snprintf(name, sizeof(name), "k%d", n % 500);
                meter_add(meters_find(mine, name), 1);
                meter_add(meters_find(mine, "all"), 1);
                if (n == 50 && write(pipes[1], "x", 1) != 1)
                    _exit(1);
                meters_close(mine);
            }
        }
        assert_int_equal(read(pipes[0], &byte, 1), 1);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        close(pipes[0]);
        close(pipes[1]);
        assert_true(number_of(meters, "all") >= before + 51);
        before = number_of(meters, "all");
    }
    assert_int_equal(told("all"), before);
    assert_string_equal(line, "");
    meters_close(meters);
}

/* It stays of no use, and others go on. */
static void a_slot_of_who_died_while_it_wrote(void **state)
{
    static const unsigned taken = 1;
    struct reading_of_meter *readings;
    struct meters *meters;

    (void)state;
    add("a", 1);
    damage(HEAD + SLOT + STATE_AT, &taken, sizeof(taken));
    damage(HEAD + SLOT + NAME_AT, "ha\x01", 3);
    add("b", 2);
    meters = open_meters();
    assert_string_equal(line, "");
    assert_int_equal(meters_read(meters, &readings), 2);
    assert_int_equal(number_of(meters, "b"), 2);
    free(readings);
    meters_close(meters);
}

/* --- what the file may be like ------------------------------------------------------------- */

static void a_damaged_file_is_replaced(void **state)
{
    static const unsigned bad_state = 7, old_format = 0;

    (void)state;
    write_file(file_name, "restmq");
    expect_anew();
    write_file(file_name, "not one of these files, and longer than the head of one: ............."
                          ".................................................................");
    expect_anew();
    assert_int_equal(truncate(file_name, SIZE - 1), 0);
    expect_anew();
    assert_int_equal(truncate(file_name, SIZE + 1), 0);
    expect_anew();
    damage(0, "R", 1);
    expect_anew();
    damage(100, "x", 1);
    expect_anew();
    damage(16, &old_format, sizeof(old_format));
    expect_anew();
    damage(HEAD + STATE_AT, &bad_state, sizeof(bad_state));
    expect_anew();
    damage(HEAD + NAME_AT, "\n", 1);
    expect_anew();
    damage(HEAD + NAME_AT, "", 1);
    expect_anew();
}

/* Whoever has it counts on, in what it has. */
static void one_that_is_replaced_stays_with_who_has_it(void **state)
{
    struct meters *before = open_meters();

    (void)state;
    damage(0, "R", 1);
    expect_anew();
    meter_add(meters_find(before, "a"), 7);
    assert_int_equal(number_of(before, "a"), 7);
    assert_int_equal(told("a"), 1);
    meters_close(before);
}

/* Who died while it made the file anew. */
static void what_was_left_half_made(void **state)
{
    char fresh[80];

    (void)state;
    write_file(file_name, "");
    assert_int_equal(told("a"), 0);
    assert_string_equal(line, "");
    damage(0, "R", 1);
    snprintf(fresh, sizeof(fresh), "%s.new", file_name);
    write_file(fresh, "half");
    expect_anew();
    assert_int_equal(access(fresh, F_OK), -1);
    unlink(file_name);
    assert_int_equal(close(open(file_name, O_WRONLY | O_CREAT, 0600)), 0);
    assert_int_equal(truncate(file_name, SIZE), 0);
    expect_anew();
}

static void of_a_newer_version(void **state)
{
    static const unsigned format = 2;

    (void)state;
    add("a", 3);
    damage(16, &format, sizeof(format));
    expect_alone("newer version");
    truncate(file_name, 200);
    expect_alone("newer version");
}

static void what_cannot_be_opened(void **state)
{
    (void)state;
    assert_int_equal(mkdir(file_name, 0700), 0);
    expect_alone("directory");
    assert_int_equal(rmdir(file_name), 0);
    assert_int_equal(mkfifo(file_name, 0600), 0);
    expect_alone("regular file");
    unlink(file_name);
    assert_int_equal(symlink(other_name, file_name), 0);
    expect_alone("symbolic link");
    assert_int_equal(access(other_name, F_OK), -1);
}

/* In a process of its own, as a plain user where the test is root's. */
static void in_a_child(void (*act)(void))
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0) {
        act();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void expect_no_room(void)
{
    struct rlimit small = {4096, 4096};

    setrlimit(RLIMIT_FSIZE, &small);
    expect_alone("too large");
}

/* A disk that is full is the same failure, of the same call. */
static void where_there_is_no_room(void **state)
{
    struct stat file;

    (void)state;
    in_a_child(expect_no_room);
    assert_int_equal(stat(file_name, &file), 0);
    assert_int_equal(file.st_size, 0);
    assert_int_equal(told("a"), 0);
    assert_string_equal(line, "");
    damage(0, "R", 1);
    in_a_child(expect_no_room);
    assert_int_equal(stat(file_name, &file), 0);
    assert_int_equal(file.st_size, SIZE);
    expect_anew();
}

static void be_nobody(void)
{
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        _exit(2);
}

static void expect_denied(void)
{
    be_nobody();
    expect_alone("ermission denied");
}

static void a_folder_that_must_not_be_written_to(void **state)
{
    (void)state;
    assert_int_equal(chmod(folder, 0555), 0);
    in_a_child(expect_denied);
    assert_int_equal(chmod(folder, 0700), 0);
}

static void expect_other_user(void)
{
    be_nobody();
    expect_alone("another user");
}

static void the_file_of_another_user(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    add("a", 1);
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(chmod(file_name, 0666), 0);
    in_a_child(expect_other_user);
    assert_int_equal(chmod(folder, 0700), 0);
    assert_int_equal(told("a"), 1);
}

static void who_keeps_it_locked(void **state)
{
    int fd;

    (void)state;
    add("a", 1);
    fd = open(file_name, O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    expect_alone("locked");
    close(fd);
    assert_int_equal(told("a"), 1);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(those_who_open_it_share),
        TEST(without_a_file_each_counts_alone),
        TEST(readings_are_sorted_and_added_up),
        TEST(there_is_an_end),
        TEST(who_is_killed_has_counted),
        TEST(a_slot_of_who_died_while_it_wrote),
        TEST(a_damaged_file_is_replaced),
        TEST(one_that_is_replaced_stays_with_who_has_it),
        TEST(what_was_left_half_made),
        TEST(of_a_newer_version),
        TEST(what_cannot_be_opened),
        TEST(where_there_is_no_room),
        TEST(a_folder_that_must_not_be_written_to),
        TEST(the_file_of_another_user),
        TEST(who_keeps_it_locked),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
