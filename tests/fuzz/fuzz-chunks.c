/* fuzz-chunks.c - libFuzzer: the body of a request that comes in chunks.
 *
 * An input is what a client sends behind the head.  Read whole, byte by byte and in two parts it
 * must be the same body, with the same end.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "tests/fuzz/must.h"
#include "ws/codec/chunks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reading {
    struct chunks chunks;
    enum chunks_result result;
    size_t used;
    struct buffer body;
    struct reason reason;
};

/* One part, in an allocation of its own, so that a byte read too far is seen. */
static void read_part(struct reading *reading, const uint8_t *data, size_t size)
{
    char *part = xmalloc(size + !size);
    size_t at = 0;

    memcpy(part, data, size);
    do {
        const char *piece = NULL;
        size_t used, piece_len = 0;

        reading->result = chunks_read(&reading->chunks, part + at, size - at, &used, &piece,
                                      &piece_len, &reading->reason);
        MUST(used <= size - at);
        if (reading->result == CHUNKS_PIECE) {
            MUST(piece_len > 0 && piece >= part + at && piece + piece_len == part + at + used);
            buffer_add(&reading->body, piece, piece_len);
        }
        MUST(reading->result != CHUNKS_MORE || used == size - at);
        at += used;
    } while (reading->result == CHUNKS_PIECE && at < size);
    reading->used += at;
    free(part);
}

static void read_parts(struct reading *reading, const uint8_t *data, size_t size, size_t first,
                       size_t then)
{
    *reading = (struct reading){0};
    for (size_t at = 0, len = first; at < size && reading->result <= CHUNKS_PIECE; len = then) {
        len = len < size - at ? len : size - at;
        read_part(reading, data + at, len);
        at += len;
    }
}

static void check_same(const struct reading *one, const struct reading *other)
{
    MUST(one->result == other->result && one->body.len == other->body.len);
    MUST(one->result == CHUNKS_BAD || one->used == other->used);
    MUST(!one->body.len || memcmp(one->body.data, other->body.data, one->body.len) == 0);
    if (one->result == CHUNKS_BAD)
        MUST(*one->reason.text && strcmp(one->reason.text, other->reason.text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reading whole, other;

    if (size == 0)
        return 0;
    read_parts(&whole, data, size, size, size);
    MUST(whole.used <= size && whole.body.len <= whole.used);
    if (whole.result == CHUNKS_DONE)
        MUST(whole.used >= 5 && memcmp(data + whole.used - 2, "\r\n", 2) == 0);
    read_parts(&other, data, size, 1, 1);
    check_same(&whole, &other);
    buffer_clear(&other.body);
    read_parts(&other, data, size, 1 + data[size - 1] * size / 256, size);
    check_same(&whole, &other);
    buffer_clear(&other.body);
    buffer_clear(&whole.body);
    return 0;
}
