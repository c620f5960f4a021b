/* test-cors.c - the headers for pages of other origins.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "http/cors.h"

static struct response response;

static int clear_response(void **state)
{
    (void)state;
    response_clear(&response);
    return 0;
}

static const char *headers_for(const char *origin, bool is_options)
{
    response_reset(&response);
    cors_add(&response, origin, is_options);
    return response.headers.data;
}

#define SHARED                                                                                     \
    "Vary: Origin\r\nAccess-Control-Allow-Origin: https://a.org\r\n"                               \
    "Access-Control-Allow-Credentials: true\r\nAccess-Control-Expose-Headers: "                    \
    "Link, Retry-After, Idempotent-Replay, Restmq-Key, Restmq-Lease, Restmq-Lease-Until, "         \
    "Restmq-Deliveries, Restmq-Count\r\n"

static void any_other_page_may_read_nothing(void **state)
{
    (void)state;
    assert_string_equal(headers_for(NULL, false), "Vary: Origin\r\n");
    assert_string_equal(headers_for(NULL, true), "Vary: Origin\r\n");
}

static void a_listed_page_may_read(void **state)
{
    (void)state;
    assert_string_equal(headers_for("https://a.org", false), SHARED);
}

static void options_says_what_it_may_send(void **state)
{
    (void)state;
    assert_string_equal(headers_for("https://a.org", true),
                        SHARED "Access-Control-Allow-Methods: GET, HEAD, POST, PUT, DELETE\r\n"
                               "Access-Control-Allow-Headers: Authorization, Content-Type, "
                               "Idempotency-Key, X-Authkey\r\n"
                               "Access-Control-Max-Age: 600\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_other_page_may_read_nothing),
        cmocka_unit_test(a_listed_page_may_read),
        cmocka_unit_test(options_says_what_it_may_send),
    };

    return cmocka_run_group_tests(tests, NULL, clear_response);
}
