/* test-log.c - a line stays a line.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "base/log.h"

static int saved_stderr;
static FILE *captured;

static int capture(void **state)
{
    (void)state;
    log_open("tester");
    captured = tmpfile();
    saved_stderr = dup(STDERR_FILENO);
    return captured && saved_stderr >= 0 && dup2(fileno(captured), STDERR_FILENO) >= 0 ? 0 : -1;
}

static int release(void **state)
{
    (void)state;
    dup2(saved_stderr, STDERR_FILENO);
    return fclose(captured);
}

/* Takes the time, "2026-11-22T15:04:05Z ", off the beginning of each line. */
static void drop_times(char *text)
{
    char *out = text;

    for (char *line = text, *next; *line; line = next) {
        struct tm time;
        const char *end = strptime(line, "%Y-%m-%dT%H:%M:%SZ ", &time);

        assert_ptr_equal(end, line + 21);
        next = strchr(line, '\n') + 1;
        memmove(out, end, (size_t)(next - end));
        out += next - end;
    }
    *out = '\0';
}

/* What was logged since the last look, without the times. */
static const char *logged(void)
{
    static char text[8192];
    ssize_t len = pread(fileno(captured), text, sizeof(text) - 1, 0);

    assert_true(len >= 0);
    text[len] = '\0';
    assert_int_equal(ftruncate(fileno(captured), 0), 0);
    lseek(fileno(captured), 0, SEEK_SET);
    drop_times(text);
    return text;
}

static const char *line_of(const char *text)
{
    static char line[8192];

    snprintf(line, sizeof(line), "tester[%d]: %s\n", (int)getpid(), text);
    return line;
}

static void escapes_what_is_not_printable(void **state)
{
    (void)state;
    log_error("%s", "a\r\nb\x1b[0m\x1f\x20~\x7f\x80\xff");
    assert_string_equal(logged(), line_of("a\\x0d\\x0ab\\x1b[0m\\x1f ~\\x7f\\x80\\xff"));
}

static void info_and_error_look_the_same(void **state)
{
    (void)state;
    log_info("one %d", 1);
    assert_string_equal(logged(), line_of("one 1"));
    log_error("two %d", 2);
    assert_string_equal(logged(), line_of("two 2"));
}

static void a_long_line_is_cut(void **state)
{
    char text[4096];
    const char *line;

    (void)state;
    memset(text, '\n', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    log_info("%s", text);
    line = logged();
    assert_true(strlen(line) < 2100);
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    memset(text, 'x', sizeof(text) - 1);
    log_info("%s", text);
    assert_in_range(strlen(logged()), 1000, 1100);
}

static void a_repetition_within_a_second_is_one_event(void **state)
{
    time_t before;

    (void)state;
    do { /* once more if the second ended in between */
        before = time(NULL);
        logged();
        log_info("unlike the last one %d", rand());
        logged();
        log_error("again");
        log_error("again");
        log_info("again");
    } while (time(NULL) != before);
    assert_string_equal(logged(), line_of("again"));
    log_error("other");
    log_error("again");
    assert_non_null(strstr(logged(), line_of("again")));
}

/* Lines that differ in a number only are of one kind. */
static void not_too_many_of_a_kind(void **state)
{
    int lines = 0, others = 0;
    time_t began;

    (void)state;
    do { /* all within one second of the clock */
        logged();
        began = time(NULL);
        for (int i = 0; i < 100; i++)
            log_error("this happened %d times", i);
        log_error("that");
    } while (time(NULL) != began);
    for (const char *at = logged(); *at; at = strchr(at, '\n') + 1) {
        lines += strstr(at, "this") && strstr(at, "this") < strchr(at, '\n');
        others += strstr(at, "that") && strstr(at, "that") < strchr(at, '\n');
    }
    assert_in_range(lines, 1, 10);
    assert_int_equal(others, 1);
}

static void limit_files(size_t bytes)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A file that has no room for a whole line, then for none, then for all. */
static void what_has_no_room_is_counted(void **state)
{
    char path[] = "/tmp/test-log-XXXXXX", text[1024];
    int fd = mkstemp(path);
    ssize_t len;

    (void)state;
    assert_true(fd >= 0 && log_to(path));
    log_info("first");
    len = pread(fd, text, sizeof(text), 0);
    limit_files((size_t)len + 5);
    log_info("torn");
    log_info("lost");
    limit_files(0);
    log_info("there");
    assert_true(log_to("stderr"));
    len = pread(fd, text, sizeof(text) - 1, 0);
    assert_true(len > 0);
    text[len] = '\0';
    assert_non_null(strstr(text, ": first\n2"));
    assert_null(strstr(text, "torn"));
    assert_non_null(
        strstr(text, ": 2 lines before this one could not be written: File too large\n"));
    assert_string_equal(text + len - 8, ": there\n");
    assert_null(strstr(text, "\n\n"));
    close(fd);
    unlink(path);
}

/* The file is another one now. */
static void a_file_that_was_moved_away(void **state)
{
    char path[] = "/tmp/test-log-XXXXXX", moved[64];
    int fd = mkstemp(path);

    (void)state;
    snprintf(moved, sizeof(moved), "%s.1", path);
    assert_true(fd >= 0 && log_to(path));
    assert_int_equal(rename(path, moved), 0);
    log_info("to the old one");
    assert_true(log_can(path));
    assert_int_equal(access(path, F_OK), -1); /* a check makes none */
    assert_true(log_to(path));
    log_info("to the new one");
    assert_int_equal(lseek(fd, 0, SEEK_END), strlen(line_of("to the old one")) + 21);
    assert_int_equal(unlink(path), 0);
    assert_false(log_to("/dev/null/no"));
    assert_false(log_can("/dev/null/no"));
    assert_true(log_to("stderr"));
    close(fd);
    unlink(moved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_what_is_not_printable),
        cmocka_unit_test(info_and_error_look_the_same),
        cmocka_unit_test(a_long_line_is_cut),
        cmocka_unit_test(a_repetition_within_a_second_is_one_event),
        cmocka_unit_test(not_too_many_of_a_kind),
        cmocka_unit_test(what_has_no_room_is_counted),
        cmocka_unit_test(a_file_that_was_moved_away),
    };

    return cmocka_run_group_tests(tests, capture, release);
}
