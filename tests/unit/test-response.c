/* test-response.c - one answer on the wire.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <time.h>

#include "http/date.h"
#include "http/response.h"

static struct response response;
static struct buffer out;

static int reset(void **state)
{
    (void)state;
    response_reset(&response);
    buffer_reset(&out);
    return 0;
}

static int clear(void **state)
{
    (void)state;
    response_clear(&response);
    buffer_clear(&out);
    return 0;
}

#define ALWAYS                                                                                     \
    "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"                               \
    "Accept-Ranges: none\r\n"

static void a_whole_answer(void **state)
{
    static const char expected[] = "Status: 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
                                   "Content-Length: 3\r\n" ALWAYS "Allow: GET\r\n\r\na\0b";

    (void)state;
    response.type = TYPE_HTML;
    response_header(&response, "Allow", "%s", "GET");
    buffer_add(&response.body, "a\0b", 3);
    response_write(&response, "Status: ", false, &out);
    assert_int_equal(out.len, sizeof(expected) - 1);
    assert_memory_equal(out.data, expected, sizeof(expected) - 1);
}

static void without_body_the_length_stays(void **state)
{
    (void)state;
    buffer_add_text(&response.body, "abc");
    response_write(&response, "Status: ", true, &out);
    assert_string_equal(out.data, "Status: 200 OK\r\nContent-Type: application/json\r\n"
                                  "Content-Length: 3\r\n" ALWAYS "\r\n");
}

/* Web servers write one themselves. */
static void what_is_no_web_servers_has_a_date(void **state)
{
    time_t now = time(NULL);
    char expected[2][256];

    (void)state;
    response_write(&response, "HTTP/1.1 ", true, &out);
    for (int i = 0; i < 2; i++)
        snprintf(expected[i], sizeof(expected[i]),
                 "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 0\r\n"
                 "Date: %s\r\n" ALWAYS "\r\n",
                 date_text(now + i));
    assert_true(strcmp(out.data, expected[0]) == 0 || strcmp(out.data, expected[1]) == 0);
}

static void dates(void **state)
{
    (void)state;
    assert_string_equal(date_text(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_string_equal(date_text(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_string_equal(date_text(784111778), "Sun, 06 Nov 1994 08:49:38 GMT");
    assert_string_equal(date_text(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
    assert_string_equal(date_text(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

static void not_modified_has_neither_body_nor_length(void **state)
{
    (void)state;
    response.http_status = 304;
    response.cache = "no-cache";
    buffer_add_text(&response.body, "abc");
    response_write(&response, "Status: ", false, &out);
    assert_string_equal(out.data, "Status: 304 Not Modified\r\nCache-Control: no-cache\r\n"
                                  "X-Content-Type-Options: nosniff\r\nAccept-Ranges: none\r\n\r\n");
}

static void no_content_has_neither_body_nor_length(void **state)
{
    (void)state;
    response.http_status = 204;
    buffer_add_text(&response.body, "abc");
    response_write(&response, "Status: ", false, &out);
    assert_string_equal(out.data, "Status: 204 No Content\r\n" ALWAYS "\r\n");
}

static void it_is_appended(void **state)
{
    (void)state;
    buffer_add_text(&out, "before");
    response_write(&response, "Status: ", false, &out);
    assert_memory_equal(out.data, "beforeStatus: 200 OK\r\n", 22);
}

static void every_status_has_a_phrase(void **state)
{
    (void)state;
    for (enum status status = STATUS_OK; status <= STATUS_NO_SPACE; status++) {
        response.http_status = status_http(status);
        buffer_reset(&out);
        response_write(&response, "", true, &out);
        if (strncmp(out.data + 4, "Status\r\n", 8) == 0)
            fail_msg("%d", response.http_status);
    }
}

static void a_value_with_control_bytes_is_left_out(void **state)
{
    static const char *const bad[] = {"a\r\nb: c", "a\n", "\r", "\t", "\x1f", "\x7f", "\xc3\xa4"};

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        response_header(&response, "X", "<%s>", bad[i]);
    response_header(&response, "X", "%600d", 1);
    assert_int_equal(response.headers.len, 0);
    response_header(&response, "X", "%s", " ~\"");
    assert_string_equal(response.headers.data, "X:  ~\"\r\n");
}

static int ended;

static bool no_more(void *user, struct buffer *to)
{
    (void)user, (void)to;
    return false;
}

static void count_end(void *user)
{
    assert_ptr_equal(user, &ended);
    ended++;
}

/* Its length is not known when the head is written. */
static void what_comes_from_a_source_has_no_length(void **state)
{
    (void)state;
    ended = 0;
    response.source = (struct response_source){no_more, count_end, &ended};
    response_write(&response, "", false, &out);
    assert_null(strstr(out.data, "Content-Length"));
    assert_non_null(strstr(out.data, "Content-Type"));
    response_reset(&response);
    response_reset(&response);
    assert_int_equal(ended, 1);
    response.source = (struct response_source){no_more, count_end, &ended};
    response_clear(&response);
    assert_int_equal(ended, 2);
    assert_null(response.source.more);
}

static void reset_forgets_everything(void **state)
{
    (void)state;
    response.http_status = 503;
    response.type = TYPE_HTML;
    response_header(&response, "A", "b");
    buffer_add_text(&response.body, "abc");
    response_reset(&response);
    assert_int_equal(response.http_status, 200);
    assert_string_equal(response.type, TYPE_JSON);
    assert_int_equal(response.headers.len, 0);
    assert_int_equal(response.body.len, 0);
}

#define RESPONSE_TEST(function) cmocka_unit_test_setup(function, reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RESPONSE_TEST(a_whole_answer),
        RESPONSE_TEST(without_body_the_length_stays),
        RESPONSE_TEST(what_is_no_web_servers_has_a_date),
        RESPONSE_TEST(dates),
        RESPONSE_TEST(no_content_has_neither_body_nor_length),
        RESPONSE_TEST(not_modified_has_neither_body_nor_length),
        RESPONSE_TEST(it_is_appended),
        RESPONSE_TEST(every_status_has_a_phrase),
        RESPONSE_TEST(a_value_with_control_bytes_is_left_out),
        RESPONSE_TEST(what_comes_from_a_source_has_no_length),
        RESPONSE_TEST(reset_forgets_everything),
    };

    return cmocka_run_group_tests(tests, NULL, clear);
}
