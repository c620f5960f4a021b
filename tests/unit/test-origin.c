/* test-origin.c - pages of other hosts, and names of this one.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <strings.h>

#include "http/origin.h"

static const struct {
    const char *origin, *list;
    bool is_listed;
} listed[] = {
    {"https://a.org",          "https://a.org",           true },
    {"HTTPS://A.ORG",          "https://a.org",           true },
    {"https://a.org",          "http://b  https://a.org", true },
    {"https://a.org",          " https://a.org ",         true },
    {"https://a.org",          "https://a.org http://b",  true },
    {"https://a.org:8443",     "https://a.org:8443",      true },
    {"https://a.org",          "",                        false},
    {"https://a.org",          "   ",                     false},
    {"",                       "",                        false},
    {"",                       "https://a.org",           false},
    {"",                       " ",                       false},
    {"null",                   "https://a.org",           false},
    {"https://a.org",          "http://a.org",            false},
    {"https://a.org:443",      "https://a.org",           false},
    {"https://a.org",          "https://a.org:443",       false},
    {"https://a.org",          "https://a.org.evil.org",  false},
    {"https://a.org.evil",     "https://a.org",           false},
    {"https://x.a.org",        "https://a.org",           false},
    {"https://a.or",           "https://a.org",           false},
    {"https://a.org b",        "https://a.org b",         false},
    {"https://a.org http://b", "https://a.org http://b",  false},
};

static void origins_in_a_list(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(listed); i++)
        if (origin_is_listed(listed[i].origin, listed[i].list) != listed[i].is_listed)
            fail_msg("\"%s\" in \"%s\"", listed[i].origin, listed[i].list);
}

static const struct {
    const char *origin, *host;
    bool is_same;
} pairs[] = {
    {"http://a.org",             "a.org",      true },
    {"http://a.org",             "A.Org",      true },
    {"http://a.org",             "a.org:80",   true },
    {"http://a.org:80",          "a.org",      true },
    {"http://a.org:",            "a.org",      true },
    {"http://a.org",             "a.org:",     true },
    {"https://a.org",            "a.org",      true },
    {"https://a.org",            "a.org:443",  true },
    {"https://a.org:443",        "a.org",      true },
    {"HTTPS://a.org",            "a.org:443",  true },
    {"http://a.org:8080",        "a.org:8080", true },
    {"http://[::1]:8080",        "[::1]:8080", true },
    {"http://[::1]",             "[::1]:80",   true },
    {"http://a.org:8080",        "a.org",      false},
    {"http://a.org",             "a.org:8080", false},
    {"http://a.org",             "a.org:443",  false},
    {"https://a.org",            "a.org:80",   false},
    {"ftp://a.org",              "a.org",      false},
    {"//a.org",                  "a.org",      false},
    {"httpx://a.org",            "a.org",      false},
    {"http://a.org:8080",        "a.org:8081", false},
    {"http://a.org:80",          "a.org:080",  false},
    {"http://b.org",             "a.org",      false},
    {"http://a.org.evil",        "a.org",      false},
    {"http://a.or",              "a.org",      false},
    {"http://x.a.org",           "a.org",      false},
    {"http://[::1]",             "[::2]",      false},
    {"http://[::1]",             "[::1",       false},
    {"http://[::1]",             "[::1].evil", false},
    {"http://[::1].evil",        "[::1]",      false},
    {"http://a.org@evil",        "a.org",      false},
    {"http://evil/http://a.org", "a.org",      false},
    {"null",                     "a.org",      false},
    {"null",                     "null",       false},
    {"null",                     "",           false},
    {"",                         "",           false},
    {"",                         "a.org",      false},
    {"http://",                  "",           false},
    {"http://:80",               "",           false},
    {"a.org",                    "a.org",      false},
    {"http:a.org",               "a.org",      false},
    {"http://a.org",             "",           false},
};

static void origins_of_the_host(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        bool is_secure = strncasecmp(pairs[i].origin, "https", 5) == 0;

        if (origin_is_of_host(pairs[i].origin, pairs[i].host, is_secure) != pairs[i].is_same ||
            origin_is_of_host(pairs[i].origin, pairs[i].host, !is_secure))
            fail_msg("%s and %s", pairs[i].origin, pairs[i].host);
    }
}

static const struct {
    const char *host, *list;
    bool is_listed;
} hosts[] = {
    {"localhost",           "localhost 127.0.0.1 [::1]", true },
    {"LOCALHOST",           "localhost 127.0.0.1 [::1]", true },
    {"localhost:8080",      "localhost 127.0.0.1 [::1]", true },
    {"127.0.0.1:1",         "localhost 127.0.0.1 [::1]", true },
    {"[::1]",               "localhost 127.0.0.1 [::1]", true },
    {"[::1]:8080",          "localhost 127.0.0.1 [::1]", true },
    {"a.org:8443",          "b a.org:8443",              true },
    {"[::1]:8080",          "[::1]:8080",                true },
    {"a.org",               "a.org b:80",                true },
    {"a.org:81",            "a.org b:80",                true },
    {"a.org",               "a.org:8443",                false},
    {"a.org:8444",          "a.org:8443",                false},
    {"a.org:84431",         "a.org:8443",                false},
    {"[::1]",               "[::1]:8080",                false},
    {"[::1]:8081",          "[::1]:8080",                false},
    {"evil",                "localhost 127.0.0.1 [::1]", false},
    {"localhost.evil",      "localhost 127.0.0.1 [::1]", false},
    {"xlocalhost",          "localhost 127.0.0.1 [::1]", false},
    {"localhos",            "localhost 127.0.0.1 [::1]", false},
    {"evil:localhost",      "localhost",                 false},
    {"127.0.0.2",           "localhost 127.0.0.1 [::1]", false},
    {"[::1",                "localhost 127.0.0.1 [::1]", false},
    {"[::1]0:80",           "localhost 127.0.0.1 [::1]", false},
    {"[::1].evil",          "[::1]",                     false},
    {"::1",                 "localhost 127.0.0.1 [::1]", false},
    {"localhost 127.0.0.1", "localhost 127.0.0.1",       false},
    {"",                    "localhost",                 false},
    {":80",                 "localhost",                 false},
    {"localhost",           "",                          false},
};

static void hosts_in_a_list(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(hosts); i++)
        if (host_is_listed(hosts[i].host, hosts[i].list) != hosts[i].is_listed)
            fail_msg("\"%s\" in \"%s\"", hosts[i].host, hosts[i].list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(origins_in_a_list),
        cmocka_unit_test(origins_of_the_host),
        cmocka_unit_test(hosts_in_a_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
