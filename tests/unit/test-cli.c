/* test-cli.c - what the command line's verbs read: URLs, backoff, words, answers.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "cli/broker_access.h"
#include "cli/pushing.h"
#include "cli/request_path.h"
#include "cli/seen.h"
#include "cli/spelling.h"
#include "cli/verdict.h"
#include "cli/worker.h"

static const struct {
    const char *text;
    const char *url, *user, *password; /* url NULL: refused */
} urls[] = {
    {"http://host",               "http://host",          NULL,  NULL    },
    {"http://host/",              "http://host",          NULL,  NULL    },
    {"https://host:8443/mq//",    "https://host:8443/mq", NULL,  NULL    },
    {"http://ann:secret@host/mq", "http://host/mq",       "ann", "secret"},
    {"http://ann@host",           "http://host",          "ann", NULL    },
    {"http://a%3An:s%40c@host",   "http://host",          "a:n", "s@c"   },
    {"http://[::1]:8888/",        "http://[::1]:8888",    NULL,  NULL    },
    {"host",                      NULL,                   NULL,  NULL    },
    {"",                          NULL,                   NULL,  NULL    },
    {"ftp://host",                NULL,                   NULL,  NULL    },
    {"file:///etc/passwd",        NULL,                   NULL,  NULL    },
    {"http://host/?a=b",          NULL,                   NULL,  NULL    },
    {"http://host/#a",            NULL,                   NULL,  NULL    },
    {"http://",                   NULL,                   NULL,  NULL    },
};

static bool is_same(const char *left, const char *right)
{
    return left && right ? strcmp(left, right) == 0 : left == right;
}

static void cuts_urls(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(urls); i++) {
        char *url, *user, *password;
        const char *why;
        bool is_cut = access_cut_url(urls[i].text, &url, &user, &password, &why);

        if (is_cut != (urls[i].url != NULL) || is_cut == (why != NULL) ||
            !is_same(url, urls[i].url) || !is_same(user, urls[i].user) ||
            !is_same(password, urls[i].password))
            fail_msg("\"%s\": %s, %s, %s", urls[i].text, url, user, password);
        free(url);
        free(user);
        free(password);
    }
}

static const struct {
    const char *text;
    bool is_read;
    long long delays[4]; /* after the first delivery, and so on */
} backoffs[] = {
    {"1,2,10",        true,  {1, 2, 4, 8}            },
    {"5,1,300",       true,  {5, 5, 5, 5}            },
    {"7,100,2592000", true,  {7, 700, 70000, 2592000}},
    {"10,2,10",       true,  {10, 10, 10, 10}        },
    {"0,2,10",        false, {0}                     },
    {"1,2",           false, {0}                     },
    {"1,2,3,4",       false, {0}                     },
    {"10,2,9",        false, {0}                     },
    {"1,101,10",      false, {0}                     },
    {"",              false, {0}                     },
    {"1,,3",          false, {0}                     },
    {"a,b,c",         false, {0}                     },
};

static void reads_backoff(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(backoffs); i++) {
        struct backoff backoff = {0};

        if (backoff_read(&backoff, backoffs[i].text) != backoffs[i].is_read)
            fail_msg("\"%s\"", backoffs[i].text);
        for (int n = 0; backoffs[i].is_read && n < 4; n++)
            assert_int_equal(backoff_delay(&backoff, n + 1), backoffs[i].delays[n]);
    }
}

static const struct {
    const char *left, *right;
    size_t distance;
} words[] = {
    {"",      "",     0},
    {"push",  "push", 0},
    {"psuh",  "push", 1},
    {"pus",   "push", 1},
    {"pushh", "push", 1},
    {"pash",  "push", 1},
    {"",      "push", 4},
    {"take",  "push", 4},
};

static void counts_wrong_letters(void **state)
{
    struct spelling spelling = {0};
    char longest[100];

    (void)state;
    for (size_t i = 0; i < COUNT(words); i++)
        assert_int_equal(spelling_distance(words[i].left, strlen(words[i].left), words[i].right,
                                           strlen(words[i].right)),
                         words[i].distance);
    memset(longest, 'a', sizeof(longest));
    assert_int_equal(spelling_distance(longest, sizeof(longest), longest, sizeof(longest)), 0);
    spelling_try(&spelling, "stast", "start", 5);
    spelling_try(&spelling, "stast", "stats", 5);
    assert_string_equal(spelling.best, "start");
    spelling_try(&spelling, "stast", "stast", 5);
    assert_string_equal(spelling.best, "stast");
}

static const struct {
    int status;
    bool is_json;
    const char *body;
    enum outcome outcome;
    int next;
} answers[] = {
    {200, true,  "{}",                                                                 OUTCOME_DONE,    VERDICT_FINAL },
    {204, false, "",                                                                   OUTCOME_DONE,    VERDICT_FINAL },
    {200, false, "<html>",                                                             OUTCOME_FAILED,  VERDICT_FINAL },
    {404, true,  "{\"error\":\"no such message\",\"code\":\"not_found\"}",             OUTCOME_NOTHING,
     VERDICT_FINAL                                                                                                    },
    {404, true,  "{\"error\":\"no such path; GET /\",\"code\":\"not_found\"}",         OUTCOME_FAILED,
     VERDICT_FINAL                                                                                                    },
    {404, true,  "{\"detail\":\"not found\"}",                                         OUTCOME_FAILED,  VERDICT_FINAL },
    {404, true,  "[",                                                                  OUTCOME_FAILED,  VERDICT_FINAL },
    {503, true,  "{\"error\":\"x\",\"code\":\"unavailable\"}",                         OUTCOME_LATER,   VERDICT_UNDONE},
    {503, true,  "{\"error\":\"x\",\"code\":\"unavailable\",\"outcome\":\"unknown\"}",
     OUTCOME_UNKNOWN,                                                                                   VERDICT_OPEN  },
    {503, false, "<html>",                                                             OUTCOME_UNKNOWN, VERDICT_OPEN  },
    {501, false, "<html>",                                                             OUTCOME_FAILED,  VERDICT_FINAL },
    {500, true,  "{\"error\":\"x\",\"code\":\"damaged\"}",                             OUTCOME_FAILED,  VERDICT_FINAL },
};

static void understands_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        struct buffer body = {0};
        char why[64] = "";
        struct verdict meaning;

        buffer_add_text(&body, answers[i].body);
        meaning = verdict_of(answers[i].status, answers[i].is_json, true, &body, why, sizeof(why));
        if (meaning.outcome != answers[i].outcome || (int)meaning.next != answers[i].next)
            fail_msg("row %zu: %d, %d, %s", i, meaning.outcome, meaning.next, why);
        assert_int_equal(*why != '\0', meaning.outcome != OUTCOME_DONE);
        buffer_clear(&body);
    }
}

static void cuts_batches(void **state)
{
    struct buffer bytes = {0};
    size_t used;

    (void)state;
    assert_int_equal(pushing_cut("", 0, &used), 0);
    assert_int_equal(pushing_cut("no end", 6, &used), 0);
    assert_int_equal(pushing_cut("a\n\nb\nc", 6, &used), 3);
    assert_int_equal(used, 5);
    for (int i = 0; i < 1001; i++)
        buffer_add_text(&bytes, "\n");
    assert_int_equal(pushing_cut(bytes.data, bytes.len, &used), 1000);
    assert_int_equal(used, 1000);
    buffer_reset(&bytes);
    buffer_reserve(&bytes, 1200004);
    memset(bytes.data, 'a', 1200004);
    bytes.data[524288] = bytes.data[1048577] = bytes.data[1048579] = '\n'; /* 1 MiB, and 1 byte */
    assert_int_equal(pushing_cut(bytes.data, 1048580, &used), 2);
    assert_int_equal(used, 1048578);
    memset(bytes.data, 'a', 1200004);
    bytes.data[1200003] = '\n'; /* more than a batch may have: alone, and the broker says so */
    assert_int_equal(pushing_cut(bytes.data, 1200004, &used), 1);
    buffer_clear(&bytes);
}

static void encodes_targets(void **state)
{
    struct request_path target = {0};

    (void)state;
    path_begin(&target, "q", "orders/eu:1@x");
    assert_string_equal(target.text.data, "/q/orders/eu:1@x");
    path_begin(&target, "q", "a b?c%d\xc3\xa9");
    path_add(&target, "key", "a&b=c d");
    path_add(&target, "none", NULL);
    path_add_number(&target, "lease", 30);
    assert_string_equal(target.text.data, "/q/a%20b%3Fc%25d%C3%A9?key=a%26b%3Dc%20d&lease=30");
    path_clear(&target);
}

static void remembers_marks(void **state)
{
    struct seen seen = {0};
    uint64_t mark[2];
    char text[16];

    (void)state;
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 5000; i++) {
            snprintf(text, sizeof(text), "%d", i);
            seen_mark(text, strlen(text), mark);
            assert_int_equal(seen_add(&seen, mark), round);
        }
    seen_mark("", 0, mark);
    assert_false(seen_add(&seen, mark));
    assert_int_equal(seen.count, 5001);
    seen_clear(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_urls),
        cmocka_unit_test(reads_backoff),
        cmocka_unit_test(counts_wrong_letters),
        cmocka_unit_test(understands_answers),
        cmocka_unit_test(remembers_marks),
        cmocka_unit_test(cuts_batches),
        cmocka_unit_test(encodes_targets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
