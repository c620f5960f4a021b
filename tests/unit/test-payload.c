/* test-payload.c - messages in every shape, byte by byte.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "base/buffer.h"
#include "ws/codec/deflate.h"
#include "ws/codec/frame.h"
#include "ws/net/budget.h"
#include "ws/net/payload.h"
#include "ws/net/squeeze.h"
#include "ws/net/turn.h"

#define BYTES(text) (text), sizeof(text) - 1

static void expect_bytes(struct payload *payload, enum shape shape, const char *expected,
                         size_t expected_len)
{
    size_t len;
    const char *bytes = payload_bytes(payload, shape, &len);

    if (len != expected_len || memcmp(bytes, expected, len) != 0)
        fail_msg("shape %d: \"%.*s\" instead of \"%.*s\"", shape, (int)len, bytes,
                 (int)expected_len, expected);
}

/* --- one message in every shape -------------------------------------------------------------- */

#define ROW(id, message, frame, hixie, sse, chunk, line)                                           \
    {                                                                                              \
        (id), {BYTES(message)},                                                                    \
        {                                                                                          \
            {BYTES(frame)}, {BYTES(hixie)}, {BYTES(sse)}, {BYTES(chunk)},                          \
            {                                                                                      \
                BYTES(line)                                                                        \
            }                                                                                      \
        }                                                                                          \
    }

struct bytes {
    const char *data;
    size_t len;
};

// clang-format off
static const struct {
    const char *id;
    struct bytes message, shapes[SHAPES];
} rows[] = {
    ROW("", "Hello", "\x81\x05Hello", "\0Hello\xff", "data: Hello\n\n",
        "7\r\nHello\r\n\r\n", "Hello\r\n"),
    ROW("q:17", "Hello", "\x81\x05Hello", "\0Hello\xff", "id: q:17\ndata: Hello\n\n",
        "7\r\nHello\r\n\r\n", "Hello\r\n"),
    ROW("", "", "\x81\x00", "\0\xff", "data: \n\n", "2\r\n\r\n\r\n", "\r\n"),
    ROW("q:1", "", "\x81\x00", "\0\xff", "id: q:1\ndata: \n\n", "2\r\n\r\n\r\n", "\r\n"),
    ROW("", "\xc3\xa9 \xf0\x9f\x98\x80", "\x81\x07\xc3\xa9 \xf0\x9f\x98\x80",
        "\0\xc3\xa9 \xf0\x9f\x98\x80\xff", "data: \xc3\xa9 \xf0\x9f\x98\x80\n\n",
        "9\r\n\xc3\xa9 \xf0\x9f\x98\x80\r\n\r\n", "\xc3\xa9 \xf0\x9f\x98\x80\r\n"),
    /* what is no UTF-8: binary where there is such a thing, else base64 or as it is */
    ROW("", "\xff", "\x82\x01\xff", "\0/w==\xff", "event: binary\ndata: /w==\n\n",
        "3\r\n\xff\r\n\r\n", "\xff\r\n"),
    ROW("q:2", "a\n\x80", "\x82\x03" "a\n\x80", "\0YQqA\xff",
        "id: q:2\nevent: binary\ndata: YQqA\n\n", "5\r\na\n\x80\r\n\r\n", "a\n\x80\r\n"),
    ROW("", "\xff\xfe\xfd\xfc", "\x82\x04\xff\xfe\xfd\xfc", "\0//79/A==\xff",
        "event: binary\ndata: //79/A==\n\n", "6\r\n\xff\xfe\xfd\xfc\r\n\r\n",
        "\xff\xfe\xfd\xfc\r\n"),
    /* NUL is UTF-8 */
    ROW("", "a\0b", "\x81\x03" "a\0b", "\0a\0b\xff", "data: a\0b\n\n", "5\r\na\0b\r\n\r\n",
        "a\0b\r\n"),
    /* sixteen bytes with the line break: hex */
    ROW("", "12345678901234", "\x81\x0e" "12345678901234", "\0" "12345678901234\xff",
        "data: 12345678901234\n\n", "10\r\n12345678901234\r\n\r\n", "12345678901234\r\n"),
};
// clang-format on

static void every_shape(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct payload *payload = payload_new(NULL);

        payload_add(payload, rows[i].id, strlen(rows[i].id), rows[i].message.data,
                    rows[i].message.len);
        assert_int_equal(payload_count(payload), 1);
        for (enum shape shape = 0; shape < SHAPES; shape++)
            expect_bytes(payload, shape, rows[i].shapes[shape].data, rows[i].shapes[shape].len);
        payload_drop(payload);
    }
}

/* The same bytes when it is written once, for one receiver. */
static void one_text_in_every_shape(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t id_len = strlen(rows[i].id);

        if (rows[i].shapes[SHAPE_FRAME].data[0] != '\x81')
            continue; /* no text */
        for (enum shape shape = 0; shape < SHAPES; shape++) {
            struct payload *payload;
            struct buffer text;

            payload_text_begin(&text, id_len);
            buffer_add(&text, rows[i].message.data, rows[i].message.len);
            payload = payload_text_end(NULL, &text, shape, rows[i].id, id_len);
            expect_bytes(payload, shape, rows[i].shapes[shape].data, rows[i].shapes[shape].len);
            payload_drop(payload);
        }
    }
}

/* The lengths at which the head of a frame, or of a chunk, becomes longer. */
static void one_text_of_every_length(void **state)
{
    static const size_t lengths[] = {125, 126, 253, 254, 65535, 65536, 1048576};

    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct payload *shared = payload_new(NULL);
        struct buffer data = {0};

        buffer_reserve(&data, lengths[i]);
        memset(data.data, 'x', lengths[i]);
        data.len = lengths[i];
        payload_add(shared, "q:1", 3, data.data, data.len);
        for (enum shape shape = 0; shape < SHAPES; shape++) {
            struct payload *payload;
            struct buffer text;
            size_t len;
            const char *bytes = payload_bytes(shared, shape, &len);

            payload_text_begin(&text, 3);
            buffer_add(&text, data.data, data.len);
            payload = payload_text_end(NULL, &text, shape, "q:1", 3);
            expect_bytes(payload, shape, bytes, len);
            payload_drop(payload);
        }
        payload_drop(shared);
        buffer_clear(&data);
    }
}

/* --- lines of events ------------------------------------------------------------------------- */

static const struct {
    const char *message, *event;
} line_rows[] = {
    {"a\nb",         "data: a\ndata: b\n\n"            },
    {"a\rb",         "data: a\ndata: b\n\n"            },
    {"a\r\nb",       "data: a\ndata: b\n\n"            },
    {"a\n\rb",       "data: a\ndata: \ndata: b\n\n"    },
    {"a\n\nb",       "data: a\ndata: \ndata: b\n\n"    },
    {"a\r\n\r\nb",   "data: a\ndata: \ndata: b\n\n"    },
    {"a\r\r\nb",     "data: a\ndata: \ndata: b\n\n"    },
    {"\n",           "data: \ndata: \n\n"              },
    {"\r",           "data: \ndata: \n\n"              },
    {"\r\n",         "data: \ndata: \n\n"              },
    {"\r\r",         "data: \ndata: \ndata: \n\n"      },
    {"a\n",          "data: a\ndata: \n\n"             },
    {"a\r",          "data: a\ndata: \n\n"             },
    {"a\r\n",        "data: a\ndata: \n\n"             },
    {"\na",          "data: \ndata: a\n\n"             },
    {" a",           "data:  a\n\n"                    },
    {"id: 1\n\nx",   "data: id: 1\ndata: \ndata: x\n\n"},
    {"\xe2\x80\xa8", "data: \xe2\x80\xa8\n\n"          }, /* no line break of an event stream */
};

static void line_breaks_in_events(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(line_rows); i++) {
        struct payload *payload = payload_new(NULL);

        payload_add(payload, "", 0, line_rows[i].message, strlen(line_rows[i].message));
        expect_bytes(payload, SHAPE_SSE, line_rows[i].event, strlen(line_rows[i].event));
        payload_drop(payload);
    }
}

/* A return at the end, and a line feed at the beginning of the next message, are no pair. */
static void line_breaks_do_not_reach_over(void **state)
{
    struct payload *payload = payload_new(NULL);

    (void)state;
    payload_add(payload, "", 0, "a\r", 2);
    payload_add(payload, "", 0, "\nb", 2);
    expect_bytes(payload, SHAPE_SSE, BYTES("data: a\ndata: \n\ndata: \ndata: b\n\n"));
    payload_drop(payload);
}

/* --- several messages ------------------------------------------------------------------------ */

static void several(void **state)
{
    static const struct bytes expected[SHAPES] = {
        {BYTES("\x81\x01"
               "a\x82\x01\xff\x81\x00\x81\x02"
               "bc")},
        {BYTES("\0a\xff\0/w==\xff\0\xff\0"
               "bc\xff")},
        {BYTES("id: q:1\ndata: a\n\nevent: binary\ndata: /w==\n\nid: q:3\ndata: \n\n"
               "data: bc\n\n")},
        {BYTES("3\r\na\r\n\r\n3\r\n\xff\r\n\r\n2\r\n\r\n\r\n4\r\nbc\r\n\r\n")},
        {BYTES("a\r\n\xff\r\n\r\nbc\r\n")},
    };
    struct payload *payload = payload_new(NULL);

    (void)state;
    payload_add(payload, "q:1", 3, "a", 1);
    payload_add(payload, "", 0, "\xff", 1);
    payload_add(payload, "q:3", 3, "", 0);
    payload_add(payload, "", 0, "bc", 2);
    assert_int_equal(payload_count(payload), 4);
    for (enum shape shape = 0; shape < SHAPES; shape++)
        expect_bytes(payload, shape, expected[shape].data, expected[shape].len);
    payload_drop(payload);
}

static void none(void **state)
{
    struct payload *payload = payload_new(NULL);

    (void)state;
    assert_int_equal(payload_count(payload), 0);
    for (enum shape shape = 0; shape < SHAPES; shape++)
        expect_bytes(payload, shape, "", 0);
    payload_drop(payload);
    payload_drop(NULL);
}

/* The heads of frames for each kind of length, and bytes that end at a wall. */
static void long_messages(void **state)
{
    static const struct {
        size_t len;
        struct bytes head;
    } lengths[] = {
        {125,    {BYTES("\x81\x7d")}                                },
        {126,    {BYTES("\x81\x7e\x00\x7e")}                        },
        {65535,  {BYTES("\x81\x7e\xff\xff")}                        },
        {65536,  {BYTES("\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00")}},
        {300000, {BYTES("\x81\x7f\x00\x00\x00\x00\x00\x04\x93\xe0")}},
    };
    char *wall = wall_new(300000);

    (void)state;
    memset(wall - 300000, '*', 300000);
    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct payload *payload = payload_new(NULL);
        const struct bytes *head = &lengths[i].head;
        size_t len;
        const char *bytes;

        payload_add(payload, "", 0, wall - lengths[i].len, lengths[i].len);
        bytes = payload_bytes(payload, SHAPE_FRAME, &len);
        assert_int_equal(len, head->len + lengths[i].len);
        assert_memory_equal(bytes, head->data, head->len);
        assert_memory_equal(bytes + head->len, wall - lengths[i].len, lengths[i].len);
        payload_bytes(payload, SHAPE_SSE, &len);
        assert_int_equal(len, lengths[i].len + 8);
        payload_drop(payload);
    }
}

/* Base64 is longer than what it stands for. */
static void long_binary_messages(void **state)
{
    static char zeros[100000]; /* with 0xff at the end */

    (void)state;
    zeros[sizeof(zeros) - 1] = '\xff';
    for (size_t len = sizeof(zeros) - 3; len <= sizeof(zeros); len++) {
        struct payload *payload = payload_new(NULL);
        size_t encoded = (len + 2) / 3 * 4, bytes_len;
        const char *bytes;

        payload_add(payload, "", 0, zeros + sizeof(zeros) - len, len);
        bytes = payload_bytes(payload, SHAPE_HIXIE, &bytes_len);
        assert_int_equal(bytes_len, encoded + 2);
        assert_memory_equal(bytes, "\0AAAA", 5);
        assert_int_equal(bytes[bytes_len - 1], '\xff');
        bytes = payload_bytes(payload, SHAPE_SSE, &bytes_len);
        assert_int_equal(bytes_len, strlen("event: binary\ndata: \n\n") + encoded);
        payload_drop(payload);
    }
}

/* --- shared ---------------------------------------------------------------------------------- */

static void encoded_once_and_kept_until_the_last_lets_go(void **state)
{
    struct payload *payload = payload_new(NULL);
    size_t len;
    const char *bytes;

    (void)state;
    payload_add(payload, "", 0, "Hello", 5);
    bytes = payload_bytes(payload, SHAPE_FRAME, &len);
    payload_hold(payload);
    payload_drop(payload);
    assert_ptr_equal(payload_bytes(payload, SHAPE_FRAME, &len), bytes);
    assert_memory_equal(bytes, "\x81\x05Hello", 7);
    payload_drop(payload);
}

static void what_is_added_is_copied(void **state)
{
    char id[] = "q:1", text[] = "Hello";
    struct payload *payload = payload_new(NULL);

    (void)state;
    payload_add(payload, id, 3, text, 5);
    memset(id, 'x', sizeof(id));
    memset(text, 'x', sizeof(text));
    expect_bytes(payload, SHAPE_SSE, BYTES("id: q:1\ndata: Hello\n\n"));
    payload_drop(payload);
}

static void raw_is_the_same_in_all_shapes(void **state)
{
    struct payload *payload = payload_raw(NULL, "\0\xff\r\n", 4),
                   *nothing = payload_raw(NULL, "", 0);

    (void)state;
    for (enum shape shape = 0; shape < SHAPES; shape++) {
        expect_bytes(payload, shape, BYTES("\0\xff\r\n"));
        expect_bytes(nothing, shape, "", 0);
    }
    payload_drop(payload);
    payload_drop(nothing);
}

/* --- deflated -------------------------------------------------------------------------------- */

#define SHAPE_OF(window) ((enum shape)(SHAPE_DEFLATED + (window)))

static struct turn turn;
static struct squeeze squeeze;
static char stars[2 * SQUEEZE_TURN];

static int begin_squeezing(void **state)
{
    (void)state;
    memset(stars, '*', sizeof(stars));
    turn = (struct turn){0};
    squeeze_begin(&squeeze, &turn);
    squeeze.least = 100;
    return 0;
}

static int end_squeezing(void **state)
{
    (void)state;
    squeeze_end(&squeeze);
    return 0;
}

static struct payload *payload_of_stars(struct budget *budget, size_t len)
{
    struct payload *payload = payload_new(budget);

    payload_add(payload, "q:1", 3, stars, len);
    return payload;
}

/* One frame with so many stars, deflated. */
static void expect_stars(struct payload *payload, enum shape shape, unsigned char first,
                         size_t count)
{
    size_t len, head;
    const char *bytes = payload_bytes(payload, shape, &len);
    struct deflater *deflater = deflater_new();
    struct buffer out = {0};

    assert_int_equal((unsigned char)bytes[0], first);
    head = frame_head_len(bytes);
    assert_true(head == 2 ? (size_t)bytes[1] + 2 == len : len > 126);
    assert_int_equal(deflater_undo(deflater, bytes + head, len - head, sizeof(stars), &out), 0);
    assert_int_equal(out.len, count);
    assert_memory_equal(out.data, stars, count);
    buffer_clear(&out);
    deflater_free(deflater);
}

static void deflated_once_for_each_window(void **state)
{
    struct budget budget = {.limit = SIZE_MAX};
    struct payload *payload = payload_of_stars(&budget, 5000);
    size_t used = budget.used, len, again_len;
    const char *bytes;

    (void)state;
    payload_deflate(payload, SHAPE_OF(15), &squeeze);
    assert_true(budget.used > used && budget.used < used + 500);
    expect_stars(payload, SHAPE_OF(15), 0xc1, 5000);
    bytes = payload_bytes(payload, SHAPE_OF(15), &len);
    squeeze.left = 0;
    payload_deflate(payload, SHAPE_OF(15), &squeeze); /* others who get it */
    assert_ptr_equal(payload_bytes(payload, SHAPE_OF(15), &again_len), bytes);
    squeeze.left = SQUEEZE_TURN;
    payload_deflate(payload, SHAPE_OF(9), &squeeze);
    assert_ptr_not_equal(payload_bytes(payload, SHAPE_OF(9), &len), bytes);
    expect_stars(payload, SHAPE_OF(9), 0xc1, 5000);
    assert_int_equal(squeeze.left, SQUEEZE_TURN - 5000);
    payload_bytes(payload, SHAPE_FRAME, &len);
    assert_int_equal(len, 5004); /* who negotiates nothing gets the same as before */
    payload_drop(payload);
    assert_int_equal(budget.used, 0);
}

/* What is short, and what gets no smaller, is no other than the frame of all. */
static void what_is_not_worth_it_is_shared(void **state)
{
    static const char dull[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-+=";
    struct budget budget = {.limit = SIZE_MAX};
    struct payload *payload = payload_of_stars(&budget, 99);
    size_t len, used;

    (void)state;
    payload_bytes(payload, SHAPE_FRAME, &len);
    used = budget.used;
    payload_deflate(payload, SHAPE_OF(15), &squeeze);
    assert_in_range(budget.used, used, used + 64);
    assert_ptr_equal(payload_bytes(payload, SHAPE_OF(15), &len),
                     payload_bytes(payload, SHAPE_FRAME, &len));
    payload_drop(payload);
    payload = payload_new(NULL);
    squeeze.least = 1;
    payload_add(payload, "", 0, dull, sizeof(dull) - 1);
    payload_deflate(payload, SHAPE_OF(15), &squeeze);
    assert_ptr_equal(payload_bytes(payload, SHAPE_OF(15), &len),
                     payload_bytes(payload, SHAPE_FRAME, &len));
    payload_drop(payload);
}

static void a_payload_of_some_messages(void **state)
{
    struct payload *payload = payload_new(NULL);
    size_t len;
    const char *bytes;

    (void)state;
    payload_add(payload, "", 0, "short", 5);
    payload_add(payload, "", 0, stars, 1000);
    payload_add(payload, "", 0, "\xff", 1);
    payload_deflate(payload, SHAPE_OF(12), &squeeze);
    bytes = payload_bytes(payload, SHAPE_OF(12), &len);
    assert_in_range(len, 12, 50);
    assert_memory_equal(bytes, "\x81\x05short\xc1", 8);
    assert_memory_equal(bytes + len - 3, "\x82\x01\xff", 3);
    payload_drop(payload);
}

static void no_messages_deflated(void **state)
{
    struct payload *payload = payload_new(NULL);

    (void)state;
    payload_deflate(payload, SHAPE_OF(15), &squeeze);
    expect_bytes(payload, SHAPE_OF(15), "", 0);
    payload_drop(payload);
}

static void one_text_is_deflated_where_it_is(void **state)
{
    struct budget budget = {.limit = SIZE_MAX};
    struct payload *payload;
    struct buffer text;
    size_t used;

    (void)state;
    payload_text_begin(&text, 3);
    buffer_add(&text, stars, 70000);
    payload = payload_text_end(&budget, &text, SHAPE_OF(15), "q:1", 3);
    used = budget.used;
    payload_deflate(payload, SHAPE_OF(15), &squeeze);
    assert_in_range(budget.used, 1, used - 60000);
    expect_stars(payload, SHAPE_OF(15), 0xc1, 70000);
    payload_deflate(payload, SHAPE_OF(15), &squeeze); /* is over */
    expect_stars(payload, SHAPE_OF(15), 0xc1, 70000);
    payload_drop(payload);
    payload = payload_binary(&budget, stars, 200);
    payload_deflate(payload, SHAPE_OF(10), &squeeze);
    expect_stars(payload, SHAPE_OF(10), 0xc2, 200);
    payload_drop(payload);
    payload = payload_binary(&budget, "\xff", 1);
    payload_deflate(payload, SHAPE_OF(10), &squeeze);
    expect_bytes(payload, SHAPE_OF(10), BYTES("\x82\x01\xff"));
    payload_drop(payload);
    assert_int_equal(budget.used, 0);
}

/* What is no message is never deflated: pings, heads, answers. */
static void raw_is_not_deflated(void **state)
{
    struct payload *payload = payload_raw(NULL, stars, 5000);

    (void)state;
    payload_deflate(payload, SHAPE_OF(15), &squeeze);
    expect_bytes(payload, SHAPE_OF(15), stars, 5000);
    payload_drop(payload);
}

/* The rest of a turn's messages goes out as it is; those who share them get the same. */
static void a_turn_deflates_so_much(void **state)
{
    struct payload *first = payload_of_stars(NULL, SQUEEZE_TURN - 1000),
                   *second = payload_of_stars(NULL, 1001), *third = payload_of_stars(NULL, 1000),
                   *large = payload_of_stars(NULL, SQUEEZE_TURN + 1);
    size_t len;

    (void)state;
    payload_deflate(first, SHAPE_OF(15), &squeeze);
    payload_deflate(second, SHAPE_OF(15), &squeeze);
    payload_deflate(third, SHAPE_OF(15), &squeeze);
    expect_stars(first, SHAPE_OF(15), 0xc1, SQUEEZE_TURN - 1000);
    payload_bytes(second, SHAPE_OF(15), &len);
    assert_int_equal(len, 1005);
    expect_stars(third, SHAPE_OF(15), 0xc1, 1000);
    turn.turns++;
    payload_deflate(second, SHAPE_OF(15), &squeeze); /* is decided */
    payload_bytes(second, SHAPE_OF(15), &len);
    assert_int_equal(len, 1005);
    payload_deflate(second, SHAPE_OF(14), &squeeze); /* is not */
    expect_stars(second, SHAPE_OF(14), 0xc1, 1001);
    turn.turns++;
    payload_deflate(large, SHAPE_OF(15), &squeeze);
    payload_bytes(large, SHAPE_OF(15), &len);
    assert_int_equal(len, SQUEEZE_TURN + 11);
    assert_int_equal(squeeze.left, SQUEEZE_TURN);
    payload_drop(first);
    payload_drop(second);
    payload_drop(third);
    payload_drop(large);
}

/* --- callbacks ------------------------------------------------------------------------------- */

static const struct {
    const char *message;
    size_t len;
    bool is_json;
    const char *line;
} callback_rows[] = {
    {BYTES("{\"a\":\"<\"}"),         true,  "f({\"a\":\"\\u003c\"});\r\n"       },
    {BYTES("[]"),                    true,  "f([]);\r\n"                        },
    {BYTES("Hello"),                 false, "f(\"Hello\");\r\n"                 },
    {BYTES(""),                      false, "f(\"\");\r\n"                      },
    {BYTES("{}"),                    false, "f(\"{}\");\r\n"                    },
    {BYTES("a\"b\\c\n\0"),           false, "f(\"a\\\"b\\\\c\\n\\u0000\");\r\n" },
    {BYTES("\xff\xfe"),              false, "f(\"//4=\");\r\n"                  },
    {BYTES("</script>\xe2\x80\xa8"), false, "f(\"\\u003c/script>\\u2028\");\r\n"},
};

static void calls(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(callback_rows); i++) {
        struct payload *payload = payload_new(NULL), *call;

        payload_add(payload, "q:1", 3, callback_rows[i].message, callback_rows[i].len);
        call = payload_with_callback(payload, "f", callback_rows[i].is_json, SHAPE_LINE);
        payload_drop(payload); /* the copy needs it no more */
        expect_bytes(call, SHAPE_LINE, callback_rows[i].line, strlen(callback_rows[i].line));
        payload_drop(call);
    }
}

static void calls_in_chunks(void **state)
{
    struct payload *payload = payload_new(NULL), *call;

    (void)state;
    payload_add(payload, "", 0, "1", 1);
    payload_add(payload, "", 0, "{\"b\":2}", 7);
    call = payload_with_callback(payload, "a.b", true, SHAPE_CHUNK);
    expect_bytes(call, SHAPE_CHUNK, BYTES("9\r\na.b(1);\r\n\r\nf\r\na.b({\"b\":2});\r\n\r\n"));
    payload_drop(call);
    call = payload_with_callback(payload, "f", false, SHAPE_CHUNK);
    expect_bytes(call, SHAPE_CHUNK,
                 BYTES("9\r\nf(\"1\");\r\n\r\n11\r\nf(\"{\\\"b\\\":2}\");\r\n\r\n"));
    payload_drop(call);
    expect_bytes(payload, SHAPE_LINE, BYTES("1\r\n{\"b\":2}\r\n")); /* the others' is untouched */
    payload_drop(payload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shape),
        cmocka_unit_test(one_text_in_every_shape),
        cmocka_unit_test(one_text_of_every_length),
        cmocka_unit_test(line_breaks_in_events),
        cmocka_unit_test(line_breaks_do_not_reach_over),
        cmocka_unit_test(several),
        cmocka_unit_test(none),
        cmocka_unit_test(long_messages),
        cmocka_unit_test(long_binary_messages),
        cmocka_unit_test(encoded_once_and_kept_until_the_last_lets_go),
        cmocka_unit_test(what_is_added_is_copied),
        cmocka_unit_test(raw_is_the_same_in_all_shapes),
        cmocka_unit_test(calls),
        cmocka_unit_test(calls_in_chunks),
        cmocka_unit_test_setup_teardown(deflated_once_for_each_window, begin_squeezing,
                                        end_squeezing),
        cmocka_unit_test_setup_teardown(what_is_not_worth_it_is_shared, begin_squeezing,
                                        end_squeezing),
        cmocka_unit_test_setup_teardown(a_payload_of_some_messages, begin_squeezing, end_squeezing),
        cmocka_unit_test_setup_teardown(no_messages_deflated, begin_squeezing, end_squeezing),
        cmocka_unit_test_setup_teardown(one_text_is_deflated_where_it_is, begin_squeezing,
                                        end_squeezing),
        cmocka_unit_test_setup_teardown(raw_is_not_deflated, begin_squeezing, end_squeezing),
        cmocka_unit_test_setup_teardown(a_turn_deflates_so_much, begin_squeezing, end_squeezing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
