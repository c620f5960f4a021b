/* test-journal.c - lines about who was refused and who did what.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "http/journal.h"

static int saved_stderr;
static FILE *captured;
static struct journal journal;
static struct ip ip;

static int capture(void **state)
{
    (void)state;
    log_open("tester");
    journal = (struct journal){0};
    assert_true(ip_read("192.0.2.7", 9, &ip));
    captured = tmpfile();
    saved_stderr = dup(STDERR_FILENO);
    return captured && saved_stderr >= 0 && dup2(fileno(captured), STDERR_FILENO) >= 0 ? 0 : -1;
}

static int release(void **state)
{
    (void)state;
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    return fclose(captured);
}

/* All that was logged since the beginning of the test. */
static const char *logged(void)
{
    static char text[65536];
    ssize_t len = pread(fileno(captured), text, sizeof(text) - 1, 0);

    assert_true(len >= 0);
    text[len] = '\0';
    return text;
}

static void expect(const char *line)
{
    char end[2048];

    snprintf(end, sizeof(end), "]: %s\n", line);
    if (!strstr(logged(), end))
        fail_msg("%s is not in: %s", line, logged());
}

static int count(const char *part)
{
    int found = 0;

    for (const char *at = logged(); (at = strstr(at, part)); at++)
        found++;
    return found;
}

static void refuse_with(struct journal_who who, enum status status, const char *target,
                        const char *text)
{
    struct reason reason = {0};

    snprintf(reason.text, sizeof(reason.text), "%s", text);
    journal_refused(&journal, &who, status, "GET", target, &reason);
}

static void who_is_refused(void **state)
{
    struct ip six;

    (void)state;
    assert_true(ip_read("2001:db8::7", 11, &six));
    refuse_with((struct journal_who){.ip = &ip}, STATUS_UNAUTHORIZED, "/q/foo", "why");
    expect("refused 192.0.2.7 401: why; GET \"/q/foo\"");
    refuse_with((struct journal_who){.ip = &six, .user = "bob"}, STATUS_FORBIDDEN, "/q", "why");
    expect("refused 2001:db8::7 403: why; GET \"/q\", user \"bob\"");
    refuse_with((struct journal_who){.key = "shop"}, STATUS_UNAVAILABLE, "/", "later");
    expect("refused unknown 503: later; GET \"/\", key \"shop\"");
    refuse_with((struct journal_who){.ip = &ip, .user = "", .key = "k"}, STATUS_FORBIDDEN, "/",
                "why");
    expect("refused 192.0.2.7 403: why; GET \"/\", user \"\", key \"k\"");
}

/* A key may stand behind the path. */
static void a_secret_is_not_shown(void **state)
{
    (void)state;
    refuse_with((struct journal_who){.ip = &ip}, STATUS_FORBIDDEN, "/q/foo?authkey=sesame", "why");
    expect("refused 192.0.2.7 403: why; GET \"/q/foo\"");
    assert_int_equal(count("sesame"), 0);
}

/* Who writes into a line what looks like another one, or like its other parts. */
static void nobody_writes_for_others(void **state)
{
    char path[4000], user[1024];

    (void)state;
    refuse_with((struct journal_who){.ip = &ip, .user = "a\", key \"b\nrefused 1.2.3.4 401: x\\"},
                STATUS_UNAUTHORIZED, "/\"\r\n\xff", "Host \"; user \"root");
    expect("refused 192.0.2.7 401: Host '; user 'root; GET \"/\\x22\\x0d\\x0a\\xff\", user "
           "\"a\\x22, key "
           "\\x22b\\x0arefused 1.2.3.4 401: x\\x5c\"");
    assert_int_equal(count("\n"), 1);
    memset(path, '"', sizeof(path) - 1);
    memset(user, '"', sizeof(user) - 1);
    path[sizeof(path) - 1] = user[sizeof(user) - 1] = '\0';
    refuse_with((struct journal_who){.ip = &ip, .user = user}, STATUS_FORBIDDEN, path, "why");
    assert_int_equal(count("\n"), 2);
    assert_non_null(strstr(logged(), "\\x22\", user \"\\x22"));
    assert_string_equal(strrchr(logged(), '\\'), "\\x22\"\n");
}

static void what_was_done(void **state)
{
    struct journal_who who = {.ip = &ip, .user = "bob", .key = "shop"};

    (void)state;
    journal_done(&journal, &who, "purge foo, 25 messages");
    expect("done by 192.0.2.7: purge foo, 25 messages; user \"bob\", key \"shop\"");
    journal_done(&journal, &(struct journal_who){.ip = &ip}, "control foo, stop");
    expect("done by 192.0.2.7: control foo, stop");
}

static void wait_for_a_second_to_begin(void)
{
    long long now_s = clock_ms() / 1000;

    while (clock_ms() / 1000 == now_s)
        usleep(1000);
}

/* Those of one kind, equal ones too, take nothing from those of another. */
static void a_flood_is_counted(void **state)
{
    struct journal_who who = {.ip = &ip};
    char left_out[100];

    (void)state;
    wait_for_a_second_to_begin();
    for (int i = 0; i < LIMIT_REFUSAL_LINES + 7; i++)
        refuse_with(who, STATUS_UNAUTHORIZED, "/", "why");
    if (clock_ms() / 1000 != journal.second)
        skip(); /* this machine is so busy that the second is over */
    assert_int_equal(count("refused 192.0.2.7 401"), LIMIT_REFUSAL_LINES);
    refuse_with(who, STATUS_FORBIDDEN, "/", "why");
    assert_int_equal(count("refused 192.0.2.7 403"), 1);
    journal_done(&journal, &who, "purge foo, 1 messages");
    assert_int_equal(count("done by"), 1);
    assert_int_equal(count("left out"), 0);
    wait_for_a_second_to_begin();
    journal_catch_up(&journal);
    snprintf(left_out, sizeof(left_out), "left out: %d more refusals with 401", 7);
    expect(left_out);
    refuse_with(who, STATUS_UNAUTHORIZED, "/", "why");
    journal_catch_up(&journal);
    assert_int_equal(count("left out"), 1);
    assert_int_equal(count("refused 192.0.2.7 401"), LIMIT_REFUSAL_LINES + 1);
}

#define JOURNAL_TEST(test) cmocka_unit_test_setup_teardown(test, capture, release)

int main(void)
{
    const struct CMUnitTest tests[] = {
        JOURNAL_TEST(who_is_refused),           JOURNAL_TEST(a_secret_is_not_shown),
        JOURNAL_TEST(nobody_writes_for_others), JOURNAL_TEST(what_was_done),
        JOURNAL_TEST(a_flood_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
