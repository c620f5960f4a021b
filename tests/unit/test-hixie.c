/* test-hixie.c - the frames of hixie-75 and -76, in every split.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/events.h"

#include "ws/codec/hixie.h"

#define BYTES(text) (text), sizeof(text) - 1

static char *wall;
static struct hixie_reader reader;

static void begin_75(void *memory, size_t max_message)
{
    hixie_reader_init(memory, max_message, false);
}

static void begin_76(void *memory, size_t max_message)
{
    hixie_reader_init(memory, max_message, true);
}

static size_t read_frame(void *memory, char *data, size_t len, struct frame *frame)
{
    return hixie_read(memory, data, len, frame);
}

static const struct reading reading_75 = {&reader, begin_75, read_frame};
static const struct reading reading_76 = {&reader, begin_76, read_frame};

static int open_wall(void **state)
{
    (void)state;
    wall = wall_new(4096);
    return 0;
}

// clang-format off
static const struct {
    const char *data;
    size_t len;
    const char *events_76;
    const char *events_75; /* NULL: the same */
} rows[] = {
    {BYTES(""), "", NULL},
    {BYTES("\0Hello\xff"), "text(Hello)", NULL},
    {BYTES("\0\xff"), "text()", NULL},
    {BYTES("\0a\xff\0\xff\0b\xff"), "text(a) text() text(b)", NULL},
    {BYTES("\0a"), "", NULL},
    {BYTES("\0\0\xff"), "text(\\x00)", NULL},
    {BYTES("\0\xe2\x82\xac\xff"), "text(\\xe2\\x82\\xac)", NULL},
    {BYTES("\0\xe2\x82\xff"), "bad(1007)", NULL},
    {BYTES("\0\xed\xa0\x80\xff"), "bad(1007)", NULL},
    {BYTES("\0a\xff\0\xc0\x80\xff\0b\xff"), "text(a) bad(1007)", NULL},
    {BYTES("\0\xe2\xff\x82\xac\xff"), "bad(1007)", NULL},
    /* as long as may be, and one byte more */
    {BYTES("\0abcdefghij\xff\0k\xff"), "text(abcdefghij) text(k)", NULL},
    {BYTES("\0abcdefghijk\xff\0k\xff"), "bad(1009)", NULL},
    {BYTES("\0abcdefghijk"), "bad(1009)", NULL},
    {BYTES("\0abcdefghi\xe2\xff"), "bad(1007)", NULL},
    {BYTES("\0abcdefghi\xe2\x82\xff"), "bad(1009)", NULL},
    {BYTES("\0abc\xff" "defghijklmno"), "text(abc) bad(1009)", NULL}, /* 'd' is a type too */
    {BYTES("\0a\x80" "bcdefghijkl\xff"), "bad(1007)", NULL},
    /* types that mean nothing, up to ff */
    {BYTES("\x01ignored\xff\0a\xff"), "text(a)", NULL},
    {BYTES("\x7f\xc0\x80\xff\0a\xff"), "text(a)", NULL},
    {BYTES("\x41\xff\x42\xff\0a\xff"), "text(a)", NULL},
    {BYTES("\x01ignored...\xff\0a\xff"), "text(a)", NULL},
    {BYTES("\x01ignored....\xff\0a\xff"), "bad(1009)", NULL},
    /* types with a length */
    {BYTES("\x80\x03zzz\0a\xff"), "text(a)", NULL},
    {BYTES("\x80\x00\0a\xff"), "text(a)", NULL},
    {BYTES("\xfe\x80\x02\xff\xff\0a\xff"), "text(a)", NULL},
    {BYTES("\xff\x02zz\0a\xff"), "text(a)", NULL},
    {BYTES("\x80\x0a" "zzzzzzzzzz\0a\xff"), "text(a)", NULL},
    {BYTES("\x80\x0b" "zzzzzzzzzzz\0a\xff"), "bad(1009)", NULL},
    {BYTES("\x80\x81\x00"), "bad(1009)", NULL},
    {BYTES("\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), "bad(1009)", NULL},
    {BYTES("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01z\0a\xff"), "text(a)", NULL},
    {BYTES("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01z\0a\xff"), "bad(1002)", NULL},
    {BYTES("\x80\x0a" "zz"), "", NULL},
    {BYTES("\0a\xff\xfe"), "text(a)", NULL},
    /* the end */
    {BYTES("\xff\0"), "close(1005)", ""},
    {BYTES("\0a\xff\xff\0\0b\xff"), "text(a) close(1005)", "text(a) text(b)"},
    {BYTES("\xff\x80\0\0b\xff"), "close(1005)", "text(b)"},
    {BYTES("\xff\0\xff\0"), "close(1005)", ""},
    {BYTES("\xfe\0\0a\xff"), "text(a)", NULL},
    {BYTES("\xff"), "", NULL},
};
// clang-format on

static void every_frame_in_every_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buffer input = {0};

        buffer_add(&input, rows[i].data, rows[i].len);
        check_splits(&reading_76, 10, wall, &input, rows[i].events_76);
        check_splits(&reading_75, 10, wall, &input,
                     rows[i].events_75 ? rows[i].events_75 : rows[i].events_76);
        buffer_clear(&input);
    }
}

/* A length of 64 bits and more must not wrap. */
static void lengths_do_not_wrap(void **state)
{
    static const char huge[] = "\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f";
    static const char largest[] = "\x80\x81\xff\xff\xff\xff\xff\xff\xff\xff\x7f";
    struct buffer input = {0};

    (void)state;
    buffer_add(&input, huge, sizeof(huge) - 1);
    check_splits(&reading_76, SIZE_MAX, wall, &input, "bad(1009)");
    input.len = 0;
    buffer_add(&input, largest, sizeof(largest) - 1);
    buffer_add(&input, "zzz", 3);
    check_splits(&reading_76, SIZE_MAX, wall, &input, "");
    check_splits(&reading_76, SIZE_MAX - 1, wall, &input, "bad(1009)");
    buffer_clear(&input);
}

static void a_text_that_is_there_is_one_piece(void **state)
{
    char *at = wall_put(wall, "\0Hello\xff\0b", 9);
    struct frame frame;

    (void)state;
    hixie_reader_init(&reader, 10, true);
    assert_int_equal(hixie_read(&reader, at, 9, &frame), 7);
    assert_ptr_equal(frame.data, at + 1);
    assert_int_equal(frame.len, 5);
    assert_true(frame.is_last);
    assert_int_equal(hixie_read(&reader, at + 7, 2, &frame), 2);
    assert_true(frame.kind == FRAME_TEXT && frame.len == 1 && !frame.is_last);
    at = wall_put(wall, "\xff", 1);
    assert_int_equal(hixie_read(&reader, at, 1, &frame), 1);
    assert_true(frame.kind == FRAME_TEXT && frame.len == 0 && frame.is_last);
}

static const struct {
    const char *data;
    size_t len;
    size_t bytes; /* what has to be seen */
} soon[] = {
    {BYTES("\0abc\xc0\x80"),     5 },
    {BYTES("\0ab\xed\xa0\x80"),  5 },
    {BYTES("\0abcdefghijkl"),    12},
    {BYTES("\x05"
           "abcdefghijkl"),
     12                            },
    {BYTES("\x80\x0bz"),         2 },
    {BYTES("\x80\x81\x80\x80"),  3 },
};

static void mistakes_are_told_at_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(soon); i++) {
        struct frame frame = {0};
        size_t at = 0;

        hixie_reader_init(&reader, 10, true);
        while (at < soon[i].len && frame.kind != FRAME_BAD)
            at += hixie_read(&reader, wall_put(wall, soon[i].data + at, 1), 1, &frame);
        if (at != soon[i].bytes || frame.kind != FRAME_BAD)
            fail_msg("row %zu: %zu bytes", i, at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_frame_in_every_split),
        cmocka_unit_test(lengths_do_not_wrap),
        cmocka_unit_test(a_text_that_is_there_is_one_piece),
        cmocka_unit_test(mistakes_are_told_at_once),
    };

    return cmocka_run_group_tests(tests, open_wall, NULL);
}
