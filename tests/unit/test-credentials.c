/* test-credentials.c - Basic, Bearer, and RestMQ's cookie.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "http/credentials.h"

static struct credentials credentials;

/* user and password are NULL where there are none. */
static void expect(const char *header, const char *user, const char *password)
{
    if (credentials.has_password != (user != NULL) ||
        strcmp(credentials.user, user ? user : "") != 0 ||
        strcmp(credentials.password, password ? password : "") != 0)
        fail_msg("%s: %d \"%s\" \"%s\"", header, credentials.has_password, credentials.user,
                 credentials.password);
}

/* --- Authorization -------------------------------------------------------------------------- */

static const struct {
    const char *header, *user, *password;
} headers[] = {
    {"Basic dXNlcjpwYXNz",       "user",   "pass"     },
    {"basic dXNlcjpwYXNz",       "user",   "pass"     },
    {"BASIC   dXNlcjpwYXNz  ",   "user",   "pass"     },
    {"Basic dXNlcjpwYTpzcw==",   "user",   "pa:ss"    }, /* the first colon counts */
    {"Basic dXNlcjo=",           "user",   ""         },
    {"Basic OnBhc3M=",           "",       "pass"     },
    {"Basic Og==",               "",       ""         },
    {"Basic w7w6w6Q=",           "\u00fc", "\u00e4"   },
    {"Basic fn9+On9+fw==",       "~\x7f~", "\x7f~\x7f"},
    {NULL,                       NULL,     NULL       },
    {"",                         NULL,     NULL       },
    {"Basic",                    NULL,     NULL       },
    {"Basic ",                   NULL,     NULL       },
    {"Basic    ",                NULL,     NULL       },
    {"Basic dXNlcg==",           NULL,     NULL       }, /* no colon */
    {"Basic dXNlcjpwYQBzcw==",   NULL,     NULL       }, /* a NUL in the password */
    {"Basic dXMAZXI6cGFzcw==",   NULL,     NULL       }, /* in the user */
    {"Basic dXNlcjpwYXMA",       NULL,     NULL       }, /* at the end */
    {"Basic dXNlcjpwYXN",        NULL,     NULL       },
    {"Basic dXNlcjpwYXNz=",      NULL,     NULL       },
    {"Basic dXNlcjpwYXNz====",   NULL,     NULL       },
    {"Basic ====",               NULL,     NULL       },
    {"Basic =",                  NULL,     NULL       },
    {"Basic dXNl=jpwYXNz",       NULL,     NULL       },
    {"Basic dXNlcj pwYXNz",      NULL,     NULL       },
    {"Basic dXNlcjpw\tYXNz",     NULL,     NULL       },
    {"Basic dXNlcjpwYXN*",       NULL,     NULL       },
    {"Basic dXNlcjpwYXN_",       NULL,     NULL       },
    {"Basic user:pass",          NULL,     NULL       },
    {"Basic  \t dXNlcjpwYXNz",   NULL,     NULL       },
    {"BasicdXNlcjpwYXNz",        NULL,     NULL       },
    {" Basic dXNlcjpwYXNz",      NULL,     NULL       },
    {"Digest username=\"user\"", NULL,     NULL       },
    {"Negotiate dXNlcjpwYXNz",   NULL,     NULL       },
    {"Bearer dXNlcjpwYXNz",      NULL,     NULL       },
};

static void every_header(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(headers); i++) {
        memset(&credentials, 'x', sizeof(credentials));
        credentials_read(&credentials, headers[i].header);
        expect(headers[i].header, headers[i].user, headers[i].password);
    }
}

static void keys(void **state)
{
    static const struct {
        const char *header, *key;
    } rows[] = {
        {"Bearer k-1",   "k-1"},
        {"bearer   k 1", "k 1"},
        {"Bearer ",      ""   },
        {"Bearer",       ""   },
        {"Bearerk",      ""   },
        {"Basic azpr",   ""   },
        {NULL,           ""   },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        memset(&credentials, 'x', sizeof(credentials));
        credentials_read(&credentials, rows[i].header);
        assert_string_equal(credentials.key, rows[i].key);
    }
}

/* "Basic " and the base64 of "user:" with a password of that many bytes. */
static char *header_with(size_t user_len, size_t password_len)
{
    size_t len = user_len + 1 + password_len;
    char *pair = malloc(len), *header = malloc(len * 2 + 16);

    memset(pair, 'u', len);
    pair[user_len] = ':';
    strcpy(header, "Basic ");
    EVP_EncodeBlock((unsigned char *)header + 6, (unsigned char *)pair, (int)len);
    free(pair);
    return header;
}

static void long_ones_are_none(void **state)
{
    static const struct {
        size_t user, password;
        bool is_read;
    } rows[] = {
        {1023, 1023, true },
        {1,    1023, true },
        {1023, 1,    true },
        {1,    1024, false},
        {1024, 1,    false},
        {1024, 1024, false},
        {4,    4096, false},
        {4096, 4,    false},
        {4,    9000, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *header = header_with(rows[i].user, rows[i].password);

        credentials_read(&credentials, header);
        assert_int_equal(credentials.has_password, rows[i].is_read);
        assert_int_equal(strlen(credentials.user), rows[i].is_read ? rows[i].user : 0);
        assert_int_equal(strlen(credentials.password), rows[i].is_read ? rows[i].password : 0);
        free(header);
    }
}

static void a_long_key_is_none(void **state)
{
    char header[7 + CREDENTIAL_SIZE + 1] = "Bearer ";

    (void)state;
    memset(header + 7, 'k', CREDENTIAL_SIZE - 1);
    credentials_read(&credentials, header);
    assert_int_equal(strlen(credentials.key), CREDENTIAL_SIZE - 1);
    header[7 + CREDENTIAL_SIZE - 1] = 'k';
    credentials_read(&credentials, header);
    assert_string_equal(credentials.key, "");
}

/* --- the cookie ----------------------------------------------------------------------------- */

static const struct {
    const char *cookie, *user, *password;
} cookies[] = {
    {"auth=user:pass",             "user",  "pass" },
    {"a=b; auth=user:pass; c=d",   "user",  "pass" },
    {"a=b;auth=user:pass;c=d",     "user",  "pass" },
    {";; auth=user:pass",          "user",  "pass" },
    {"auth=user:pa:ss",            "user",  "pa:ss"},
    {"auth=user%3Apass",           "user",  "pass" },
    {"auth=us%65r:p%3bss",         "user",  "p;ss" },
    {"auth=user:a+b",              "user",  "a+b"  },
    {"auth=user:",                 "user",  ""     },
    {"auth=:pass",                 "",      "pass" },
    {"auth=user; auth=other:pass", "other", "pass" },
    {"auth=one:1; auth=two:2",     "one",   "1"    },
    {NULL,                         NULL,    NULL   },
    {"",                           NULL,    NULL   },
    {" ; ",                        NULL,    NULL   },
    {"auth",                       NULL,    NULL   },
    {"auth=",                      NULL,    NULL   },
    {"auth=user",                  NULL,    NULL   },
    {"auth=user%zz:pass",          NULL,    NULL   },
    {"auth=user:pa%00ss",          NULL,    NULL   },
    {"auth=user:pass%",            NULL,    NULL   },
    {"Auth=user:pass",             NULL,    NULL   },
    {"xauth=user:pass",            NULL,    NULL   },
    {"auth2=user:pass",            NULL,    NULL   },
    {"auth =user:pass",            NULL,    NULL   },
    {"a=auth=user:pass",           NULL,    NULL   },
};

/* Reads the first cookie that counts. */
static bool read_first(const char *list)
{
    credentials_read(&credentials, NULL);
    return credentials_next_cookie(&credentials, &list);
}

static void every_cookie(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cookies); i++) {
        assert_int_equal(read_first(cookies[i].cookie), cookies[i].user != NULL);
        expect(cookies[i].cookie, cookies[i].user, cookies[i].password);
    }
}

static void one_cookie_after_the_other(void **state)
{
    const char *list = "auth=a:1; b=c; auth=; auth=b:2,x, auth=c:3, d=e;auth=d:4;";
    static const char *const users[] = {"a", "b", "c", "d"};
    static const char *const passwords[] = {"1", "2,x", "3", "4"};

    (void)state;
    for (size_t i = 0; i < COUNT(users); i++) {
        assert_true(credentials_next_cookie(&credentials, &list));
        expect("one of them", users[i], passwords[i]);
    }
    assert_false(credentials_next_cookie(&credentials, &list));
    assert_false(credentials.has_password);
    assert_false(credentials_next_cookie(&credentials, &list));
}

static void a_long_cookie_is_none(void **state)
{
    char cookie[6000] = "auth=user:";
    size_t start = strlen(cookie);

    (void)state;
    memset(cookie + start, 'p', 1023);
    assert_true(read_first(cookie));
    for (size_t len = 1024; len < sizeof(cookie) - start; len++) {
        memset(cookie + start, 'p', len);
        assert_false(read_first(cookie));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_header),          cmocka_unit_test(keys),
        cmocka_unit_test(long_ones_are_none),    cmocka_unit_test(a_long_key_is_none),
        cmocka_unit_test(every_cookie),          cmocka_unit_test(one_cookie_after_the_other),
        cmocka_unit_test(a_long_cookie_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
