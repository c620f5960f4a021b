/* test-deflate.c - messages deflated and inflated: what RFC 7692 has as examples, what other
 * programs make of it, and what is none.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <zlib.h>

#include "ws/codec/deflate.h"
#include "ws/codec/frame.h"

#define BYTES(text) (text), sizeof(text) - 1

enum { MANY = 65536 };

static struct deflater *deflater;

static int open_deflater(void **state)
{
    (void)state;
    deflater = deflater_new();
    return 0;
}

static int close_deflater(void **state)
{
    (void)state;
    deflater_free(deflater);
    return 0;
}

/* --- up --------------------------------------------------------------------------------------- */

// clang-format off
static const struct {
    const char *name;
    const char *data;
    size_t len;
    const char *text; /* NULL: it is none */
} rows[] = {
    /* RFC 7692, 7.2.3 */
    {"a block", BYTES("\xf2\x48\xcd\xc9\xc9\x07\x00"), "Hello"},
    {"a block that is not compressed", BYTES("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"), "Hello"},
    {"a last block", BYTES("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), "Hello"},
    {"two blocks", BYTES("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"), "Hello"},
    {"an empty message", BYTES("\x00"), ""},
    /* what should not be sent so, and has only one meaning */
    {"the tail was sent", BYTES("\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff"), "Hello"},
    {"a last block and nothing behind it", BYTES("\xf3\x48\xcd\xc9\xc9\x07\x00"), "Hello"},
    {"no bytes", BYTES(""), ""},
    {"last blocks", BYTES("\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), "HelloHello"},
    {"a last block, and one that is none", BYTES("\xf3\x48\xcd\xc9\xc9\x07\x00\xf2\x48\xcd\xc9\xc9\x07\x00"), "HelloHello"},
    /* none */
    {"cut within a block", BYTES("\xf2\x48\xcd\xc9"), NULL},
    {"cut within a last block", BYTES("\xf3\x48\xcd\xc9\xc9"), NULL},
    {"cut within a block that is not compressed", BYTES("\x00\x09\x00\xf6\xff\x48"), NULL},
    {"a block of the reserved type", BYTES("\x06\x00"), NULL},
    {"a length that contradicts itself", BYTES("\x00\x05\x00\xfb\xff\x48\x65\x6c\x6c\x6f\x00"), NULL},
    {"text", BYTES("Hello"), NULL},
    {"ones", BYTES("\xff\xff\xff\xff"), NULL},
    {"what was there before the message", BYTES("\xf2\x00\x11\x00\x00"), NULL}, /* takeover */
};
// clang-format on

static void examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buffer out = {0};
        int code = deflater_undo(deflater, rows[i].data, rows[i].len, 1000, &out);

        if (code != (rows[i].text ? 0 : CLOSE_NO_UTF8) ||
            (rows[i].text && strcmp(rows[i].text, out.data) != 0))
            fail_msg("%s: %d \"%s\"", rows[i].name, code, out.data);
        buffer_clear(&out);
    }
}

/* What zlib makes of a message, by any of its ways to end it, without the tail. */
static size_t deflated(const char *text, size_t len, int level, int flush, char *data, size_t size)
{
    z_stream stream = {0};

    assert_int_equal(
        deflateInit2(&stream, level, Z_DEFLATED, -15, 9, flush == Z_FINISH ? Z_FIXED : Z_FILTERED),
        Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)text;
    stream.avail_in = (uInt)len;
    stream.next_out = (Bytef *)data;
    stream.avail_out = (uInt)size;
    deflate(&stream, flush);
    assert_int_equal(stream.avail_in, 0);
    size = stream.total_out;
    deflateEnd(&stream);
    if (flush != Z_FINISH)
        return size - 4;
    data[size] = '\0';
    return size + 1;
}

static char *random_bytes(size_t len, unsigned mask)
{
    char *bytes = test_malloc(len);
    unsigned number = 1;

    for (size_t i = 0; i < len; i++) {
        number = number * 1103515245 + 12345;
        bytes[i] = (char)(number >> 16 & mask);
    }
    return bytes;
}

/* Just as long as may be, and one byte longer; whatever it was deflated by. */
static void lengths(void **state)
{
    static const unsigned masks[] = {0xff, 0x0f, 0x01, 0x00};
    static const int flushes[] = {Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_FINISH};
    char *data = test_malloc(2 * MANY);

    (void)state;
    for (size_t i = 0; i < COUNT(masks) * COUNT(flushes) * 3; i++) {
        char *bytes = random_bytes(MANY, masks[i % COUNT(masks)]);
        int level = (int)(i % 3) * 4; /* 0: not at all */
        size_t len = deflated(bytes, MANY, level, flushes[i / 12], data, 2 * MANY);
        struct buffer out = {0};

        assert_int_equal(deflater_undo(deflater, data, len, MANY, &out), 0);
        assert_int_equal(out.len, MANY);
        assert_memory_equal(out.data, bytes, MANY);
        buffer_clear(&out);
        assert_int_equal(deflater_undo(deflater, data, len, MANY - 1, &out), CLOSE_TOO_LONG);
        assert_in_range(out.len, 0, MANY);
        buffer_clear(&out);
        test_free(bytes);
    }
    test_free(data);
}

/* A million times as much as may be: what is too much is never made. */
static void a_bomb(void **state)
{
    size_t len = 64 * (size_t)MANY;
    char *zeros = test_calloc(1, len), *data = test_malloc(MANY);
    struct buffer out = {0};

    (void)state;
    len = deflated(zeros, len, 9, Z_SYNC_FLUSH, data, MANY);
    assert_in_range(len, 1, 5000);
    assert_int_equal(deflater_undo(deflater, data, len, 1000, &out), CLOSE_TOO_LONG);
    assert_in_range(out.len, 0, 1001);
    assert_in_range(out.size, 0, 2048);
    buffer_clear(&out);
    test_free(zeros);
    test_free(data);
}

/* --- down ------------------------------------------------------------------------------------- */

/* A reader that has no larger window must understand it. */
static void inflate_as_a_client(int window, const struct buffer *data, const char *text, size_t len)
{
    z_stream stream = {0};
    char *out = test_malloc(len + 1);

    buffer_reserve((struct buffer *)(uintptr_t)data, 4);
    memcpy(data->data + data->len, "\x00\x00\xff\xff", 4);
    assert_int_equal(inflateInit2(&stream, -window), Z_OK);
    stream.next_in = (Bytef *)data->data;
    stream.avail_in = (uInt)data->len + 4;
    stream.next_out = (Bytef *)out;
    stream.avail_out = (uInt)len + 1;
    assert_int_equal(inflate(&stream, Z_SYNC_FLUSH), Z_OK);
    assert_int_equal(stream.total_out, len);
    assert_int_equal(stream.avail_in, 0);
    assert_memory_equal(out, text, len);
    inflateEnd(&stream);
    test_free(out);
}

static void every_window(void **state)
{
    static const size_t sizes[] = {100, 1000, 65535, 65536, 65537, 300000};

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        char *text = random_bytes(sizes[i], 7);

        for (int window = WINDOW_LEAST; window <= WINDOW_MOST; window++) {
            struct buffer out = {0};

            buffer_add_text(&out, "head");
            assert_true(deflater_add(deflater, window, text, sizes[i], &out));
            assert_in_range(out.len - 4, 1, sizes[i] - 1);
            assert_memory_equal(out.data, "head", 4);
            memmove(out.data, out.data + 4, out.len -= 4);
            inflate_as_a_client(window, &out, text, sizes[i]);
            buffer_clear(&out);
        }
        test_free(text);
    }
}

/* The same message is the same bytes, whatever came before: nothing is taken over. */
static void nothing_is_kept(void **state)
{
    struct buffer first = {0}, second = {0};
    static const char text[] = "as often as this may be told, as often it is told anew";

    (void)state;
    assert_true(deflater_add(deflater, 15, BYTES(text), &first));
    assert_true(deflater_add(deflater, 15, BYTES(text), &second));
    assert_int_equal(first.len, second.len);
    assert_memory_equal(first.data, second.data, first.len);
    buffer_clear(&first);
    buffer_clear(&second);
}

static void what_gets_no_smaller(void **state)
{
    static const size_t sizes[] = {0, 1, 5, 100, 65536, 65537, 1000000};

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        char *bytes = random_bytes(sizes[i] + 1, 0xff);
        struct buffer out = {0};

        buffer_add_text(&out, "head");
        assert_false(deflater_add(deflater, 15, bytes, sizes[i], &out));
        assert_int_equal(out.len, 4);
        buffer_clear(&out);
        test_free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples),        cmocka_unit_test(lengths),
        cmocka_unit_test(a_bomb),          cmocka_unit_test(every_window),
        cmocka_unit_test(nothing_is_kept), cmocka_unit_test(what_gets_no_smaller),
    };

    return cmocka_run_group_tests(tests, open_deflater, close_deflater);
}
