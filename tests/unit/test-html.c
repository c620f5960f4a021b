/* test-html.c - pages for people.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "http/html.h"

static struct response response;

static int clear(void **state)
{
    (void)state;
    response_clear(&response);
    return 0;
}

static const char *body(void)
{
    buffer_add(&response.body, "", 1);
    return response.body.data;
}

static void escapes(void **state)
{
    struct buffer out = {0};

    (void)state;
    html_add(&out, "<a href=\"x\" title='y'>&amp;\n</a>");
    buffer_add(&out, "", 1);
    assert_string_equal(out.data,
                        "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;\n&lt;/a&gt;");
    buffer_clear(&out);
}

/* A browser takes the style only if its sum is that of the policy. */
static void the_policy_has_the_sum_of_the_style(void **state)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    char text[64], policy[96];
    const char *begin, *end;
    unsigned len;

    (void)state;
    response_reset(&response);
    html_begin(&response, "x");
    begin = strstr(body(), "<style>") + strlen("<style>");
    end = strstr(begin, "</style>");
    assert_int_equal(EVP_Digest(begin, (size_t)(end - begin), sum, &len, EVP_sha256(), NULL), 1);
    EVP_EncodeBlock((unsigned char *)text, sum, (int)len);
    snprintf(policy, sizeof(policy), "style-src 'sha256-%s';", text);
    buffer_add(&response.headers, "", 1);
    assert_non_null(strstr(response.headers.data, policy));
    assert_non_null(strstr(response.headers.data, "default-src 'none';"));
}

static void an_error_is_a_page(void **state)
{
    struct reason reason = {.text = "not <b>\"here\"</b>", .outcome_unknown = true};
    const char *page;

    (void)state;
    response_reset(&response);
    response.http_status = 403;
    html_error(&response, STATUS_FORBIDDEN, &reason, "/m'q");
    page = body();
    assert_ptr_equal(strstr(page, "<!DOCTYPE html>\n"), page);
    assert_non_null(strstr(page, "<title>403 Forbidden</title>"));
    assert_non_null(strstr(page, "<h1>403 Forbidden</h1>"));
    assert_non_null(strstr(page, "not &lt;b&gt;&quot;here&quot;&lt;/b&gt;"));
    assert_non_null(strstr(page, "It is not known whether"));
    assert_non_null(strstr(page, "<a href=\"/m&#39;q/help\">"));
    assert_string_equal(strstr(page, "</body>"), "</body>\n</html>\n");
    assert_string_equal(response.type, TYPE_HTML);
}

static void every_status_has_advice(void **state)
{
    (void)state;
    for (enum status status = STATUS_OK; status <= STATUS_AGAIN; status++)
        assert_true(strlen(status_advice(status)) > 5);
}

static void who_wants_one(void **state)
{
    static const struct {
        const char *accept;
        bool wants;
    } cases[] = {
        {NULL,                                                              false},
        {"",                                                                false},
        {"*/*",                                                             false},
        {"application/json",                                                false},
        {"application/json, text/html;q=0.9",                               false},
        {"text/html, application/json",                                     false},
        {"text/html, text/plain",                                           false},
        {"text/event-stream",                                               false},
        {"text/html;q=0",                                                   false},
        {"text/html",                                                       true },
        {"text/html, application/json;q=0.9, text/plain;q=0.8",             true },
        {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct request request = {.head.accept = cases[i].accept};

        if (html_is_wanted(&request) != cases[i].wants)
            fail_msg("%s", cases[i].accept);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes),
        cmocka_unit_test_teardown(the_policy_has_the_sum_of_the_style, clear),
        cmocka_unit_test_teardown(an_error_is_a_page, clear),
        cmocka_unit_test(every_status_has_advice),
        cmocka_unit_test(who_wants_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
