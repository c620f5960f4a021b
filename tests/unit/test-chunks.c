/* test-chunks.c - bodies that come in chunks: each text in one piece, and byte by byte.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "base/buffer.h"
#include "ws/codec/chunks.h"

struct reading {
    struct chunks chunks;
    enum chunks_result result;
    size_t used;
    struct buffer body;
    struct reason reason;
};

/* Hands it over in pieces of that size. */
static void read_pieces(struct reading *reading, const char *text, size_t len, size_t size)
{
    *reading = (struct reading){.result = CHUNKS_MORE};
    while (reading->used < len && reading->result <= CHUNKS_PIECE) {
        size_t rest = len - reading->used, used, piece_len;
        const char *piece;

        reading->result =
            chunks_read(&reading->chunks, text + reading->used, rest < size ? rest : size, &used,
                        &piece, &piece_len, &reading->reason);
        if (reading->result == CHUNKS_PIECE)
            buffer_add(&reading->body, piece, piece_len);
        reading->used += used;
    }
}

static void expect(const char *text, enum chunks_result result, const char *body, const char *rest)
{
    size_t len = strlen(text), sizes[] = {1, 2, 7, len + 1};

    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct reading reading;

        read_pieces(&reading, text, len, sizes[i]);
        if (reading.result != result)
            fail_msg("\"%s\" by %zu: %d instead of %d", text, sizes[i], reading.result, result);
        assert_int_equal(reading.body.len, strlen(body));
        assert_memory_equal(reading.body.len ? reading.body.data : "", body, reading.body.len);
        if (result == CHUNKS_DONE)
            assert_string_equal(text + reading.used, rest);
        buffer_clear(&reading.body);
    }
}

static void bodies(void **state)
{
    (void)state;
    expect("0\r\n\r\n", CHUNKS_DONE, "", "");
    expect("5\r\nhello\r\n0\r\n\r\nGET", CHUNKS_DONE, "hello", "GET");
    expect("1\r\nh\r\n0A\r\nello world\r\n0000\r\n\r\n", CHUNKS_DONE, "hello world", "");
    expect("2;a=\"b\"\r\n\r\n\r\n0;c\r\n\r\n\n", CHUNKS_DONE, "\r\n", "\n");
    expect("1\r\na\r\n0\r\nA: b\r\nC: d\r\n\r\nrest", CHUNKS_DONE, "a", "rest");
}

static void bodies_that_have_more(void **state)
{
    (void)state;
    expect("", CHUNKS_MORE, "", "");
    expect("5", CHUNKS_MORE, "", "");
    expect("5\r\nhello\r", CHUNKS_MORE, "hello", "");
    expect("5\r\nhello\r\n0\r\n", CHUNKS_MORE, "hello", "");
    expect("0\r\nA: b\r\n", CHUNKS_MORE, "", "");
}

static void bodies_that_are_none(void **state)
{
    static const char *const bad[] = {"\r\n",        " 5\r\n",     "-5\r\n",          "+5\r\n",
                                      "0x5\r\n",     "g\r\n",      ";a\r\n",          "5 \r\n",
                                      "5\n",         "5\r5",       "1000000000000a",  "1\r\nab",
                                      "1\r\na\n",    "1\r\na\rb",  "0\r\n\n",         "0\r\nA: b\n",
                                      "0\r\nA\rB\n", "5;a\nb\r\n", "0\r\nA: \x01\r\n"};

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct reading reading;

        read_pieces(&reading, bad[i], strlen(bad[i]), 100);
        if (reading.result != CHUNKS_BAD || !*reading.reason.text)
            fail_msg("\"%s\": %d", bad[i], reading.result);
        buffer_clear(&reading.body);
    }
}

/* However they are dealt out. */
static void what_nobody_reads_has_a_limit(void **state)
{
    struct chunks chunks = {0};
    struct reason reason;
    const char *piece;
    size_t used, piece_len, chunk_count = 0;
    enum chunks_result result;

    (void)state;
    do {
        static const char chunk[] = "1;extension\r\n";

        result = chunks_read(&chunks, chunk, strlen(chunk), &used, &piece, &piece_len, &reason);
        if (result != CHUNKS_BAD)
            result = chunks_read(&chunks, "a\r\n", 3, &used, &piece, &piece_len, &reason);
        if (result == CHUNKS_PIECE)
            result = chunks_read(&chunks, "\r\n", 2, &used, &piece, &piece_len, &reason);
    } while (result != CHUNKS_BAD && ++chunk_count < 10000);
    assert_in_range(chunk_count, 100, 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies),
        cmocka_unit_test(bodies_that_have_more),
        cmocka_unit_test(bodies_that_are_none),
        cmocka_unit_test(what_nobody_reads_has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
