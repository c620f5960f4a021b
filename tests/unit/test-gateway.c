/* test-gateway.c - the parameters that matter.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "fcgi/gateway.h"

/* Texts that FastCGI would give us; they are only read. */
#define PARAMS(...) ((char *const *)(uintptr_t)(const char *const[]){__VA_ARGS__, NULL})

static void finds_what_it_looks_for(void **state)
{
    struct request_head head = gateway_head(PARAMS(
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

static void what_is_absent_is_null(void **state)
{
    struct request_head head = gateway_head(PARAMS("CONTENT_TYPE="));

    (void)state;
    assert_null(head.method);
    assert_null(head.target);
    assert_string_equal(head.content_type, "");
    assert_null(head.content_length);
    assert_null(head.accept);
    assert_null(head.idempotency_key);
    assert_null(gateway_head(PARAMS(NULL)).method);
}

static void other_names_are_not_taken_for_it(void **state)
{
    struct request_head head = gateway_head(PARAMS(
        "REQUEST_URI", "REQUEST_URIX=/x", "XREQUEST_URI=/y", "request_uri=/z", "PATH_INFO=/p",
        "SCRIPT_NAME=/s", "HTTP_CONTENT_TYPE=a", "HTTP_ACCEPT_ENCODING=gzip"));

    (void)state;
    assert_null(head.target);
    assert_null(head.content_type);
    assert_null(head.accept);
}

static void the_first_of_two_counts(void **state)
{
    struct request_head head = gateway_head(
        PARAMS("REQUEST_METHOD=", "REQUEST_METHOD=GET", "REQUEST_URI=/a", "REQUEST_URI=/b"));

    (void)state;
    assert_string_equal(head.method, "");
    assert_string_equal(head.target, "/a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_it_looks_for),
        cmocka_unit_test(what_is_absent_is_null),
        cmocka_unit_test(other_names_are_not_taken_for_it),
        cmocka_unit_test(the_first_of_two_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
