/* test-records.c - the records of a request are told from others, and its end is found, in whatever
 * pieces they come.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "base/buffer.h"
#include "fcgi/records.h"

/* A head whose content of so many bytes, and padding, follow. */
#define HEAD_OF(id, type, content, padding)                                                        \
    1, (type), 0, (id), (unsigned char)((content) >> 8), (unsigned char)((content)&255),           \
        (padding), 0
#define HEAD(type, content, padding) HEAD_OF(1, type, content, padding)
#define BEGIN_OF(id)                 HEAD_OF(id, FCGI_BEGIN_REQUEST, 8, 0), 0, FCGI_RESPONDER, 0, 0, 0, 0, 0, 0
#define BEGIN                        BEGIN_OF(1)
#define PARAMS                       HEAD(FCGI_PARAMS, 3, 5), 1, 0, 'A', 0, 0, 0, 0, 0, HEAD(FCGI_PARAMS, 0, 0)
#define END                          HEAD(FCGI_STDIN, 0, 0)
#define ABORT                        HEAD(FCGI_ABORT_REQUEST, 0, 0)

/* Its content looks like an end, and its padding, too. */
#define BODY HEAD(FCGI_STDIN, 9, 8), 'x', END, END

static char *wall;

/* What is left of the bytes behind the end or junk; own collects what is of the request. */
static enum record_piece feed(struct records *records, struct buffer *own,
                              const unsigned char *bytes, size_t len, size_t *behind)
{
    const unsigned char *at = (const unsigned char *)wall_put(wall, bytes, len);
    enum record_piece piece = PIECE_NONE;
    size_t size;

    while (len > 0 && piece != PIECE_LAST && piece != PIECE_JUNK) {
        piece = records_next(records, at, len, &size);
        assert_in_range(size, 1, len);
        if (piece == PIECE_HEAD || piece == PIECE_LAST)
            buffer_add(own, (const char *)&records->head, sizeof(records->head));
        if (piece == PIECE_CONTENT)
            buffer_add(own, (const char *)at, size);
        at += size;
        len -= size;
    }
    *behind = len;
    return piece;
}

/* The last byte ends it and none before, in three pieces of whatever lengths; these bytes are of
 * the request. */
static void ends_with(const unsigned char *bytes, size_t len, const unsigned char *wanted,
                      size_t wanted_len)
{
    size_t behind;

    for (size_t first = 1; first < len - 1; first++)
        for (size_t second = first + 1; second < len; second++) {
            struct records records = {0};
            struct buffer own = {0};

            assert_int_not_equal(feed(&records, &own, bytes, first, &behind), PIECE_LAST);
            assert_int_not_equal(feed(&records, &own, bytes + first, second - first, &behind),
                                 PIECE_LAST);
            assert_int_equal(feed(&records, &own, bytes + second, len - second, &behind),
                             PIECE_LAST);
            assert_int_equal(behind, 0);
            assert_int_equal(own.len, wanted_len);
            assert_memory_equal(own.data, wanted, wanted_len);
            buffer_clear(&own);
        }
}

static void in_every_split(void **state)
{
    static const unsigned char whole[] = {BEGIN, PARAMS, BODY, BODY, END};
    static const unsigned char without_body[] = {BEGIN, PARAMS, END};
    static const unsigned char aborted[] = {BEGIN, PARAMS, BODY, ABORT};
    static const unsigned char unknown[] = {BEGIN, HEAD(99, 500, 0)};

    (void)state;
    ends_with(whole, sizeof(whole), whole, sizeof(whole));
    ends_with(without_body, sizeof(without_body), without_body, sizeof(without_body));
    ends_with(aborted, sizeof(aborted), aborted, sizeof(aborted));
    ends_with(unknown, sizeof(unknown), unknown, sizeof(unknown));
}

static void records_of_others_are_left_out(void **state)
{
    static const unsigned char mixed[] = {HEAD_OF(0, FCGI_GET_VALUES, 3, 1),
                                          1,
                                          0,
                                          'A',
                                          0,
                                          HEAD_OF(7, FCGI_ABORT_REQUEST, 0, 0),
                                          BEGIN,
                                          HEAD_OF(0, FCGI_GET_VALUES, 0, 0),
                                          BEGIN_OF(2),
                                          PARAMS,
                                          HEAD_OF(2, FCGI_STDIN, 0, 0),
                                          BODY,
                                          HEAD_OF(0, 99, 2, 0),
                                          1,
                                          1,
                                          END};
    static const unsigned char own[] = {BEGIN, PARAMS, BODY, END};

    (void)state;
    ends_with(mixed, sizeof(mixed), own, sizeof(own));
}

static void what_no_web_server_sends(void **state)
{
    static const struct {
        unsigned char bytes[40];
        size_t len;
    } rows[] = {
        {{2, FCGI_BEGIN_REQUEST, 0, 1, 0, 8, 0, 0},               8 },
        {{HEAD(FCGI_BEGIN_REQUEST, 2, 0)},                        8 },
        {{HEAD_OF(0, FCGI_BEGIN_REQUEST, 8, 0)},                  8 },
        {{HEAD(FCGI_PARAMS, 0, 0)},                               8 },
        {{END},                                                   8 },
        {{HEAD(99, 0, 0)},                                        8 },
        {{BEGIN, BEGIN},                                          24},
        {{BEGIN, HEAD_OF(0, FCGI_BEGIN_REQUEST, 8, 0)},           24},
        {{BEGIN, 3, FCGI_PARAMS, 0, 1, 0, 0, 0, 0},               24},
        {{'G', 'E', 'T', ' ', '/', ' ', 'H', 'T', 'T', 'P', '/'}, 8 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct records records = {0};
        struct buffer own = {0};
        size_t behind;

        assert_int_equal(feed(&records, &own, rows[i].bytes, rows[i].len, &behind), PIECE_JUNK);
        buffer_clear(&own);
    }
}

static void what_is_behind_does_not_matter(void **state)
{
    static const unsigned char more[] = {BEGIN, PARAMS, END, 0xff, 0xff, BODY};
    struct records records = {0};
    struct buffer own = {0};
    size_t behind;

    (void)state;
    assert_int_equal(feed(&records, &own, more, sizeof(more), &behind), PIECE_LAST);
    assert_int_equal(behind, sizeof(more) - own.len);
    buffer_clear(&own);
}

static void the_longest_record(void **state)
{
    static const unsigned char begin[] = {BEGIN}, head[] = {HEAD(FCGI_STDIN, 65535, 255)},
                               end[] = {END};
    static const unsigned char content[65535 + 255];
    struct records records = {0};
    struct buffer own = {0};
    size_t behind;

    (void)state;
    assert_int_equal(feed(&records, &own, begin, sizeof(begin), &behind), PIECE_CONTENT);
    assert_int_equal(feed(&records, &own, head, sizeof(head), &behind), PIECE_HEAD);
    assert_int_equal(feed(&records, &own, content, sizeof(content), &behind), PIECE_CONTENT);
    assert_int_equal(records.left, 0);
    assert_int_equal(feed(&records, &own, end, sizeof(end), &behind), PIECE_LAST);
    buffer_clear(&own);
}

static void between_two(void **state)
{
    static const unsigned char other[] = {HEAD_OF(0, FCGI_GET_VALUES, 1, 0), 0}, begin[] = {BEGIN};
    struct records records = {0};
    struct buffer own = {0};
    size_t behind;

    (void)state;
    assert_true(records_are_between(&records));
    for (size_t i = 0; i < sizeof(other); i++) {
        feed(&records, &own, other + i, 1, &behind);
        assert_int_equal(records_are_between(&records), i == sizeof(other) - 1);
    }
    feed(&records, &own, begin, sizeof(begin), &behind);
    assert_false(records_are_between(&records));
    buffer_clear(&own);
}

static bool is_taken_back(const unsigned char *bytes, size_t len)
{
    struct records records = {0};
    struct buffer own = {0};
    size_t behind;

    assert_int_equal(feed(&records, &own, bytes, len, &behind), PIECE_LAST);
    buffer_clear(&own);
    return records_are_taken_back(&records, bytes + len - behind, behind);
}

/* An abort behind the end, also behind its padding, takes the request back. */
static void taken_back(void **state)
{
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
        cmocka_unit_test(records_of_others_are_left_out),
        cmocka_unit_test(what_no_web_server_sends),
        cmocka_unit_test(taken_back),
        cmocka_unit_test(what_is_behind_does_not_matter),
        cmocka_unit_test(the_longest_record),
        cmocka_unit_test(between_two),
    };

    wall = wall_new(1 << 17);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
