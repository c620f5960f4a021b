/* test-gateway.c - the parameters that matter.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "fcgi/gateway.h"

/* Texts that FastCGI would give us; they are only read. */
#define PARAMS(...) ((char *const *)(uintptr_t)(const char *const[]){__VA_ARGS__, NULL})

static struct buffer accepted;

static struct request_head head_of(char *const *params)
{
    return gateway_head(params, &accepted);
}

static void finds_what_it_looks_for(void **state)
{
    struct request_head head = head_of(PARAMS(
        "SERVER_NAME=x", "REQUEST_METHOD=POST", "REQUEST_URI=/q/a?b=c", "CONTENT_TYPE=text/plain",
        "CONTENT_LENGTH=5", "HTTP_ACCEPT=*/*", "HTTP_IDEMPOTENCY_KEY=k=v"));

    (void)state;
    assert_string_equal(head.method, "POST");
    assert_string_equal(head.target, "/q/a?b=c");
    assert_string_equal(head.content_type, "text/plain");
    assert_string_equal(head.content_length, "5");
    assert_string_equal(head.accept, "*/*");
    assert_string_equal(head.idempotency_key, "k=v");
}

static void several_addresses_are_none(void **state)
{
    struct request_head head = head_of(PARAMS(
        "HTTP_X_FORWARDED_FOR=10.1.2.3", "REMOTE_ADDR=127.0.0.1", "HTTP_X_FORWARDED_PROTO=https",
        "HTTP_X_FORWARDED_FOR=10.4.5.6", "REMOTE_ADDR=10.7.8.9", "HTTP_X_FORWARDED_PROTO=http"));

    (void)state;
    assert_string_equal(head.forwarded_for, "several");
    assert_string_equal(head.peer, "127.0.0.1");
    assert_string_equal(head.forwarded_proto, "several");
    assert_null(head.repeated);
    head = head_of(PARAMS("HTTP_X_FORWARDED_FOR=10.1.2.3", "HTTP_X_FORWARDED=x"));
    assert_string_equal(head.forwarded_for, "10.1.2.3");
}

static void several_encodings_are_none_that_is_known(void **state)
{
    (void)state;
    assert_string_equal(head_of(PARAMS("HTTP_CONTENT_ENCODING=gzip")).content_encoding, "gzip");
    assert_string_equal(
        head_of(PARAMS("HTTP_CONTENT_ENCODING=identity", "HTTP_CONTENT_ENCODING=gzip"))
            .content_encoding,
        "several");
}

static void what_is_absent_is_null(void **state)
{
    struct request_head head = head_of(PARAMS("CONTENT_TYPE="));

    (void)state;
    assert_null(head.method);
    assert_null(head.target);
    assert_string_equal(head.content_type, "");
    assert_null(head.content_length);
    assert_null(head.accept);
    assert_null(head.idempotency_key);
    assert_null(head_of(PARAMS(NULL)).method);
}

static void other_names_are_not_taken_for_it(void **state)
{
    struct request_head head = head_of(PARAMS("REQUEST_URI", "REQUEST_URIX=/x", "XREQUEST_URI=/y",
                                              "request_uri=/z", "PATH_INFO=/p", "SCRIPT_NAME=/s",
                                              "HTTP_CONTENT_TYPE=a", "HTTP_ACCEPT_ENCODING=gzip"));

    (void)state;
    assert_null(head.target);
    assert_null(head.content_type);
    assert_null(head.accept);
}

static void the_first_of_two_counts(void **state)
{
    struct request_head head = head_of(
        PARAMS("REQUEST_METHOD=", "REQUEST_METHOD=GET", "REQUEST_URI=/a", "REQUEST_URI=/b"));

    (void)state;
    assert_string_equal(head.method, "");
    assert_string_equal(head.target, "/a");
}

static void what_a_client_says_twice_is_named(void **state)
{
    static const struct {
        const char *param, *name;
    } rows[] = {
        {"HTTP_AUTHORIZATION=a",   "Authorization"  },
        {"HTTP_X_AUTHKEY=a",       "X-Authkey"      },
        {"HTTP_HOST=a",            "Host"           },
        {"HTTP_ORIGIN=a",          "Origin"         },
        {"HTTP_SEC_FETCH_SITE=a",  "Sec-Fetch-Site" },
        {"HTTP_IDEMPOTENCY_KEY=a", "Idempotency-Key"},
        {"HTTP_ACCEPT=a",          NULL             },
        {"REQUEST_SCHEME=http",    NULL             },
        {"HTTP_COOKIE=a",          NULL             },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request_head once = head_of(PARAMS(rows[i].param));
        struct request_head twice = head_of(PARAMS(rows[i].param, "HTTP_X=y", rows[i].param));

        assert_null(once.repeated);
        if (rows[i].name)
            assert_string_equal(twice.repeated, rows[i].name);
        else
            assert_null(twice.repeated);
    }
}

static void several_accept_are_one_list(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct request_head head =
            head_of(PARAMS("HTTP_ACCEPT=text/plain", "HTTP_ACCEPT=a/b;q=0.5", "HTTP_ACCEPT=*/*"));

        assert_string_equal(head.accept, "text/plain,a/b;q=0.5,*/*");
        assert_string_equal(head_of(PARAMS("HTTP_ACCEPT=a/b")).accept, "a/b");
    }
    buffer_clear(&accepted);
}

static void what_browsers_guess(void **state)
{
    static const struct {
        const char *param;
        bool is_prefetch;
    } rows[] = {
        {"HTTP_SEC_PURPOSE=prefetch",                     true },
        {"HTTP_SEC_PURPOSE=prefetch;prerender",           true },
        {"HTTP_SEC_PURPOSE=prefetch;anonymous-client-ip", true },
        {"HTTP_SEC_PURPOSE=Prerender",                    true },
        {"HTTP_PURPOSE=prefetch",                         true },
        {"HTTP_X_PURPOSE=preview",                        true },
        {"HTTP_X_MOZ=prefetch",                           true },
        {"HTTP_SEC_PURPOSE=",                             false},
        {"HTTP_SEC_PURPOSE=other",                        false},
        {"HTTP_X_MOZILLA=prefetch",                       false},
        {"HTTP_REFERER=prefetch",                         false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (head_of(PARAMS("HTTP_HOST=a", rows[i].param, "HTTP_PURPOSE=x")).is_prefetch !=
            rows[i].is_prefetch)
            fail_msg("%s", rows[i].param);
}

static void who_asks(void **state)
{
    struct request_head head = head_of(
        PARAMS("REMOTE_ADDR=10.0.0.1", "HTTP_X_FORWARDED_FOR=a, b", "HTTP_AUTHORIZATION=Basic x",
               "HTTP_X_AUTHKEY=k", "HTTP_HOST=h:80", "HTTP_ORIGIN=http://o",
               "HTTP_SEC_FETCH_SITE=cross-site", "HTTP_COOKIE=auth=a:b", "REQUEST_SCHEME=https",
               "HTTPS=on", "HTTP_X_FORWARDED_PROTO=http"));

    (void)state;
    assert_string_equal(head.peer, "10.0.0.1");
    assert_string_equal(head.forwarded_for, "a, b");
    assert_string_equal(head.authorization, "Basic x");
    assert_string_equal(head.authkey, "k");
    assert_string_equal(head.host, "h:80");
    assert_string_equal(head.origin, "http://o");
    assert_string_equal(head.fetch_site, "cross-site");
    assert_string_equal(head.scheme, "https");
    assert_string_equal(head.https, "on");
    assert_string_equal(head.forwarded_proto, "http");
    assert_null(head.cookie); /* a page of another site would bring it along */
}

/* mod_fcgid says 0 of what it has cut off. */
static void what_the_client_said_of_the_length_counts(void **state)
{
    (void)state;
    assert_string_equal(
        head_of(PARAMS("RESTMQ_CONTENT_LENGTH=5", "CONTENT_LENGTH=0")).content_length, "5");
    assert_string_equal(
        head_of(PARAMS("CONTENT_LENGTH=0", "RESTMQ_CONTENT_LENGTH=5")).content_length, "5");
    assert_string_equal(
        head_of(PARAMS("CONTENT_LENGTH=7", "HTTP_RESTMQ_CONTENT_LENGTH=5")).content_length, "7");
}

/* NULL would be a unix socket, which may be trusted. */
static void without_an_address_it_is_nobody(void **state)
{
    (void)state;
    assert_string_equal(head_of(PARAMS(NULL)).peer, "");
    assert_string_equal(head_of(PARAMS("REMOTE_ADDR=")).peer, "");
    assert_string_equal(head_of(PARAMS("HTTP_REMOTE_ADDR=127.0.0.1")).peer, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_it_looks_for),
        cmocka_unit_test(several_addresses_are_none),
        cmocka_unit_test(several_encodings_are_none_that_is_known),
        cmocka_unit_test(what_is_absent_is_null),
        cmocka_unit_test(other_names_are_not_taken_for_it),
        cmocka_unit_test(the_first_of_two_counts),
        cmocka_unit_test(what_a_client_says_twice_is_named),
        cmocka_unit_test(several_accept_are_one_list),
        cmocka_unit_test(what_browsers_guess),
        cmocka_unit_test(who_asks),
        cmocka_unit_test(what_the_client_said_of_the_length_counts),
        cmocka_unit_test(without_an_address_it_is_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
