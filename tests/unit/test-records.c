/* test-records.c - the end of a request is found, in whatever pieces it comes.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "fcgi/records.h"

/* A head whose content of so many bytes, and padding, follow. */
#define HEAD(type, content, padding)                                                               \
    1, (type), 0, 1, (unsigned char)((content) >> 8), (unsigned char)((content)&255), (padding), 0
#define BEGIN  HEAD(FCGI_BEGIN_REQUEST, 8, 0), 0, FCGI_RESPONDER, 0, 0, 0, 0, 0, 0
#define PARAMS HEAD(FCGI_PARAMS, 3, 5), 1, 0, 'A', 0, 0, 0, 0, 0, HEAD(FCGI_PARAMS, 0, 0)
#define END    HEAD(FCGI_STDIN, 0, 0)

/* Its content looks like an end, and its padding, too. */
#define BODY HEAD(FCGI_STDIN, 9, 8), 'x', END, END

static char *wall;

static bool ends(struct records *records, const unsigned char *bytes, size_t len)
{
    return records_end(records, (const unsigned char *)wall_put(wall, bytes, len), len);
}

/* The last byte ends it and none before, in three pieces of whatever lengths. */
static void ends_with(const unsigned char *bytes, size_t len)
{
    for (size_t first = 1; first < len - 1; first++)
        for (size_t second = first + 1; second < len; second++) {
            struct records records = {0};

            assert_false(ends(&records, bytes, first));
            assert_false(ends(&records, bytes + first, second - first));
            assert_true(ends(&records, bytes + second, len - second));
        }
}

static void ends_with_in_bytes(const unsigned char *bytes, size_t len)
{
    struct records records = {0};

    for (size_t i = 0; i < len; i++)
        assert_int_equal(ends(&records, bytes + i, 1), i == len - 1);
}

static void in_every_split(void **state)
{
    static const unsigned char whole[] = {BEGIN, PARAMS, BODY, BODY, END};
    static const unsigned char without_body[] = {BEGIN, PARAMS, END};
    static const unsigned char aborted[] = {BEGIN, PARAMS, BODY, HEAD(FCGI_ABORT_REQUEST, 0, 0)};
    static const unsigned char unknown[] = {BEGIN, HEAD(99, 500, 0)};

    (void)state;
    ends_with(whole, sizeof(whole));
    ends_with_in_bytes(whole, sizeof(whole));
    ends_with(without_body, sizeof(without_body));
    ends_with(aborted, sizeof(aborted));
    ends_with(unknown, sizeof(unknown));
}

static void what_is_behind_does_not_matter(void **state)
{
    static const unsigned char more[] = {BEGIN, PARAMS, END, 0xff, 0xff, BODY};
    struct records records = {0};

    (void)state;
    assert_true(ends(&records, more, sizeof(more)));
}

static void the_longest_record(void **state)
{
    static const unsigned char head[] = {HEAD(FCGI_STDIN, 65535, 255)}, end[] = {END};
    static const unsigned char content[65535 + 255];
    struct records records = {0};

    (void)state;
    assert_false(ends(&records, head, sizeof(head)));
    assert_false(ends(&records, content, sizeof(content)));
    assert_true(ends(&records, end, sizeof(end)));
}

static void without_a_byte(void **state)
{
    struct records records = {0};

    (void)state;
    assert_false(records_end(&records, NULL, 0));
}

static bool is_taken_back(const unsigned char *bytes, size_t len)
{
    struct records records = {0};

    assert_true(ends(&records, bytes, len));
    return records.is_taken_back;
}

/* An abort behind the end, also behind its padding, takes the request back. */
static void taken_back(void **state)
{
#define ABORT HEAD(FCGI_ABORT_REQUEST, 0, 0)
    static const unsigned char at_once[] = {BEGIN, PARAMS, END, ABORT};
    static const unsigned char padded[] = {BEGIN, PARAMS, HEAD(FCGI_STDIN, 0, 3), 0, 0, 0, ABORT};
    static const unsigned char not_yet[] = {BEGIN, PARAMS, END};
    static const unsigned char other[] = {BEGIN, PARAMS, END, END};

    (void)state;
    assert_true(is_taken_back(at_once, sizeof(at_once)));
    assert_true(is_taken_back(padded, sizeof(padded)));
    assert_false(is_taken_back(not_yet, sizeof(not_yet)));
    assert_false(is_taken_back(other, sizeof(other)));
    for (size_t less = 1; less <= FCGI_HEADER_LEN; less++)
        assert_false(is_taken_back(at_once, sizeof(at_once) - less));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_every_split),
        cmocka_unit_test(taken_back),
        cmocka_unit_test(what_is_behind_does_not_matter),
        cmocka_unit_test(the_longest_record),
        cmocka_unit_test(without_a_byte),
    };

    wall = wall_new(1 << 17);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
