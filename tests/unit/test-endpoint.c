/* test-endpoint.c - where a hook may send to: no spelling of another place passes, and libcurl
 * reads each URL that does as we do.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <curl/curl.h>

#include "base/endpoint.h"

static const struct {
    const char *url;
    const char *printed; /* NULL: refused */
} urls[] = {
    {"http://example.org",                  "http://example.org/"                },
    {"HTTPS://Example.ORG/In",              "https://example.org/In"             },
    {"http://example.org:80/",              "http://example.org/"                },
    {"https://example.org:443",             "https://example.org/"               },
    {"https://example.org:80/",             "https://example.org:80/"            },
    {"http://a_b-c:8080/x.php?a=%2f..&b=?", "http://a_b-c:8080/x.php?a=%2f..&b=?"},
    {"http://h?a",                          "http://h/?a"                        },
    {"http://h/a%20b/...;x/.b",             "http://h/a%20b/...;x/.b"            },
    {"http://10.0.0.7/a@b:c",               "http://10.0.0.7/a@b:c"              },
    {"http://[::1]:81/",                    "http://[::1]:81/"                   },
    {"http://[0:0:0:0:0:0:0:1]/",           "http://[::1]/"                      },
    {"http://[2001:DB8::0001]/",            "http://[2001:db8::1]/"              },
    {"http://[::ffff:127.0.0.1]/",          "http://[::ffff:127.0.0.1]/"         },
    {"http://[::ffff:7f00:1]/",             "http://[::ffff:127.0.0.1]/"         },
    {"http://1.example/",                   "http://1.example/"                  },

    {"",                                    NULL                                 },
    {"example.org",                         NULL                                 },
    {"//example.org/",                      NULL                                 },
    {"ftp://example.org/",                  NULL                                 },
    {"file:///etc/passwd",                  NULL                                 },
    {"http:/example.org/",                  NULL                                 },
    {"http:example.org/",                   NULL                                 },
    {"http:\\\\example.org/",               NULL                                 },
    {" http://example.org/",                NULL                                 },
    {"http://example.org/ ",                NULL                                 },
    {"http://",                             NULL                                 },
    {"http:///x",                           NULL                                 },
    {"http://:80/",                         NULL                                 },
 /* other spellings of a host */
    {"http://2130706433/",                  NULL                                 },
    {"http://127.1/",                       NULL                                 },
    {"http://127.0.1/",                     NULL                                 },
    {"http://0177.0.0.1/",                  NULL                                 },
    {"http://127.0.0.01/",                  NULL                                 },
    {"http://017700000001/",                NULL                                 },
    {"http://0x7f000001/",                  NULL                                 },
    {"http://0x7f.1/",                      NULL                                 },
    {"http://127.0.0.0x1/",                 NULL                                 },
    {"http://127.0.0.0X1/",                 NULL                                 },
    {"http://256.0.0.1/",                   NULL                                 },
    {"http://1.2.3.4.5/",                   NULL                                 },
    {"http://0/",                           NULL                                 },
    {"http://127.0.0.1./",                  NULL                                 },
    {"http://example.org./",                NULL                                 },
    {"http://.example.org/",                NULL                                 },
    {"http://example..org/",                NULL                                 },
    {"http://example%2eorg/",               NULL                                 },
    {"http://ex\xc3\xa4mple.org/",          NULL                                 },
    {"http://127\xe3\x80\x82"
     "0.0.1/",                         NULL                                 },
    {"http://\xe2\x91\xa0.0.0.1/",          NULL                                 },
    {"http://example.org\t/",               NULL                                 },
    {"http://exam\nple.org/",               NULL                                 },
    {"http://[::1/",                        NULL                                 },
    {"http://::1/",                         NULL                                 },
    {"http://[::1%25lo]/",                  NULL                                 },
    {"http://[::1%lo]/",                    NULL                                 },
    {"http://[127.0.0.1]/",                 NULL                                 },
    {"http://[]/",                          NULL                                 },
    {"http://[::1]x/",                      NULL                                 },
    {"http://[v1.x]/",                      NULL                                 },
 /* another host behind the one that is seen */
    {"http://example.org@evil.example/",    NULL                                 },
    {"http://user:pw@example.org/",         NULL                                 },
    {"http://@example.org/",                NULL                                 },
    {"http://example.org:80@evil.example/", NULL                                 },
    {"http://example.org#@evil.example/",   NULL                                 },
    {"http://evil.example#example.org/",    NULL                                 },
    {"http://evil.example\\.example.org/",  NULL                                 },
    {"http://example.org\\@evil.example/",  NULL                                 },
    {"http://evil.example;.example.org/",   NULL                                 },
    {"http://example.org,evil.example/",    NULL                                 },
 /* ports */
    {"http://example.org:/",                NULL                                 },
    {"http://example.org:0/",               NULL                                 },
    {"http://example.org:080/",             NULL                                 },
    {"http://example.org:65536/",           NULL                                 },
    {"http://example.org:+80/",             NULL                                 },
    {"http://example.org:80:81/",           NULL                                 },
    {"http://example.org:80x/",             NULL                                 },
 /* paths that lead elsewhere */
    {"http://h/a/../b",                     NULL                                 },
    {"http://h/..",                         NULL                                 },
    {"http://h/.?a",                        NULL                                 },
    {"http://h/a/./b",                      NULL                                 },
    {"http://h/a/..;x/b",                   NULL                                 },
    {"http://h/a/%2e%2e/b",                 NULL                                 },
    {"http://h/a/%2E./b",                   NULL                                 },
    {"http://h/a/%252e%252e/b",             NULL                                 },
    {"http://h/a%2fb",                      NULL                                 },
    {"http://h/a%5cb",                      NULL                                 },
    {"http://h/a\\..\\b",                   NULL                                 },
    {"http://h/a%00b",                      NULL                                 },
    {"http://h/a%0d%0ab",                   NULL                                 },
    {"http://h/a%3fb",                      NULL                                 },
    {"http://h/a%23b",                      NULL                                 },
    {"http://h/a%",                         NULL                                 },
    {"http://h/a%2",                        NULL                                 },
    {"http://h/a%zz",                       NULL                                 },
    {"http://h/a#b",                        NULL                                 },
    {"http://h/a?b#c",                      NULL                                 },
    {"http://h/a?b c",                      NULL                                 },
    {"http://h/a b",                        NULL                                 },
    {"http://h/a\r\nHost: evil",            NULL                                 },
    {"http://h/\x7f",                       NULL                                 },
};

static const struct {
    const char *entries, *url;
    bool is_listed;
} rows[] = {
    {"",                     "http://h/",                  false},
    {" ",                    "http://h/",                  false},
    {"http://h",             "http://h/",                  true },
    {"http://h",             "http://h/any?thing",         true },
    {"http://H:80/",         "HTTP://h",                   true },
    {"https://x http://h",   "http://h/a",                 true },
    {"https://x  http://h ", "https://x/a",                true },
    {"http://h",             "https://h/",                 false},
    {"http://h",             "http://h:81/",               false},
    {"http://h:81",          "http://h/",                  false},
    {"https://h",            "http://h:443/",              false},
    {"http://h",             "http://h.evil.example/",     false},
    {"http://h",             "http://hh/",                 false},
    {"http://example.org",   "http://a.example.org/",      false},
    {"http://h/a",           "http://h/a",                 true },
    {"http://h/a",           "http://h/a?b",               true },
    {"http://h/a",           "http://h/a/b",               true },
    {"http://h/a",           "http://h/ab",                false},
    {"http://h/a",           "http://h/",                  false},
    {"http://h/a",           "http://h/A",                 false},
    {"http://h/a",           "http://h//a",                false},
    {"http://h/a",           "http://h/?/a",               false},
    {"http://h/a/",          "http://h/a",                 false},
    {"http://h/a/",          "http://h/a/b",               true },
    {"http://h/a?b",         "http://h/a?b",               false},
    {"http://127.0.0.1",     "http://127.0.0.1/",          true },
    {"http://127.0.0.1",     "http://[::ffff:127.0.0.1]/", false},
    {"http://127.0.0.1",     "http://localhost/",          false},
    {"http://[::1]",         "http://[0:0::1]/",           true },
    {"http://[::1]",         "http://127.0.0.1/",          false},
    {"http://[::1]",         "http://[::2]/",              false},
};

static void one_spelling_is_read(void **state)
{
    struct endpoint endpoint;
    char text[ENDPOINT_TEXT];

    (void)state;
    for (size_t i = 0; i < COUNT(urls); i++) {
        bool is_read = endpoint_read(urls[i].url, &endpoint);

        if (is_read != (urls[i].printed != NULL))
            fail_msg("\"%s\": %d", urls[i].url, is_read);
        if (!is_read)
            continue;
        endpoint_print(&endpoint, text);
        assert_string_equal(text, urls[i].printed);
        assert_true(endpoint_read(text, &endpoint));
    }
}

/* A part of a URL as libcurl reads it. */
static void assert_part(CURLU *url, CURLUPart part, const char *wanted)
{
    char *found = NULL;

    assert_int_equal(curl_url_get(url, part, &found, CURLU_DEFAULT_PORT), CURLUE_OK);
    assert_string_equal(found, wanted);
    curl_free(found);
}

static void libcurl_reads_the_same(void **state)
{
    struct endpoint endpoint;
    char text[ENDPOINT_TEXT], host[300], port[8], path[ENDPOINT_TEXT];

    (void)state;
    for (size_t i = 0; i < COUNT(urls); i++) {
        CURLU *url = curl_url();

        if (endpoint_read(urls[i].url, &endpoint)) {
            endpoint_print(&endpoint, text);
            assert_int_equal(curl_url_set(url, CURLUPART_URL, text, 0), CURLUE_OK);
            assert_part(url, CURLUPART_SCHEME, endpoint.is_tls ? "https" : "http");
            snprintf(host, sizeof(host), strchr(endpoint.host, ':') ? "[%s]" : "%s", endpoint.host);
            assert_part(url, CURLUPART_HOST, host);
            snprintf(port, sizeof(port), "%d", endpoint.port);
            assert_part(url, CURLUPART_PORT, port);
            snprintf(path, sizeof(path), "%.*s", (int)endpoint.path_len, endpoint.target);
            assert_part(url, CURLUPART_PATH, path);
        }
        curl_url_cleanup(url);
    }
}

static void entries_are_compared_in_parts(void **state)
{
    struct endpoint endpoint;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_true(endpoint_read(rows[i].url, &endpoint));
        if (endpoint_is_listed(&endpoint, rows[i].entries) != rows[i].is_listed)
            fail_msg("%s: %s", rows[i].entries, rows[i].url);
    }
}

/* Whatever one byte is put wherever, libcurl goes to no place that the entry is not. */
static void no_byte_leads_elsewhere(void **state)
{
    static const char entry[] = "http://good.example/in";
    char text[ENDPOINT_TEXT];
    struct endpoint endpoint;
    int passed = 0;

    (void)state;
    for (size_t at = 0; at < sizeof(entry); at++)
        for (int byte = 1; byte < 256; byte++) {
            snprintf(text, sizeof(text), "%.*s%cevil.example%s", (int)at, entry, byte, entry + at);
            if (!endpoint_read(text, &endpoint) || !endpoint_is_listed(&endpoint, entry))
                continue;
            passed++;
            CURLU *url = curl_url();

            endpoint_print(&endpoint, text);
            assert_int_equal(curl_url_set(url, CURLUPART_URL, text, 0), CURLUE_OK);
            assert_part(url, CURLUPART_HOST, "good.example");
            assert_part(url, CURLUPART_PORT, "80");
            curl_url_cleanup(url);
        }
    assert_int_equal(passed, 2); /* …/in/evil.example and …/in?evil.example */
}

static void a_long_url_is_refused(void **state)
{
    char *wall = wall_new(4096), *text = wall - (LIMIT_ENDPOINT + 2);
    char host[400] = "http://";
    struct endpoint endpoint;

    (void)state;
    memset(text, 'a', LIMIT_ENDPOINT + 1);
    memcpy(text, "http://h/", 9);
    text[LIMIT_ENDPOINT + 1] = '\0';
    assert_false(endpoint_read(text, &endpoint));
    text[LIMIT_ENDPOINT] = '\0';
    assert_true(endpoint_read(text, &endpoint));
    memset(host + 7, 'a', 256);
    assert_false(endpoint_read(host, &endpoint));
    host[7 + 255] = '\0';
    assert_true(endpoint_read(host, &endpoint));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_spelling_is_read),          cmocka_unit_test(libcurl_reads_the_same),
        cmocka_unit_test(entries_are_compared_in_parts), cmocka_unit_test(no_byte_leads_elsewhere),
        cmocka_unit_test(a_long_url_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
