/* fuzz-head.c - libFuzzer: the head of a request to restmq-wsd, and the handshake it asks for.
 *
 * An input is what a client sends.  Read whole, byte by byte and in two parts it must be the same
 * request; and nothing that a client sends may add a line to the answer.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "tests/fuzz/must.h"
#include "ws/codec/handshake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reading {
    char *data; /* an allocation of its own, so that a byte read too far is seen */
    enum head_result result;
    struct head head;
    struct reason reason;
    size_t used;
};

static void begin(struct reading *reading, const uint8_t *data, size_t size)
{
    *reading = (struct reading){.data = xmalloc(size + !size)};
    memcpy(reading->data, data, size);
}

/* The first `now` bytes have arrived, and `known` of them were seen before. */
static void go_on(struct reading *reading, size_t now, size_t known)
{
    reading->result =
        head_parse(&reading->head, reading->data, now, known, &reading->used, &reading->reason);
}

static void read_whole(struct reading *reading, const uint8_t *data, size_t size)
{
    begin(reading, data, size);
    go_on(reading, size, 0);
}

static void read_bytes(struct reading *reading, const uint8_t *data, size_t size)
{
    begin(reading, data, size);
    for (size_t now = 1; now <= size && reading->result == HEAD_MORE; now++)
        go_on(reading, now, now - 1);
}

static void read_two_parts(struct reading *reading, const uint8_t *data, size_t size, size_t first)
{
    begin(reading, data, first);
    go_on(reading, first, 0);
    if (reading->result != HEAD_MORE)
        return;
    free(reading->data);
    begin(reading, data, size);
    go_on(reading, size, first);
}

/* --- what must be true ------------------------------------------------------------------------ */

static void check_same(const struct reading *one, const struct reading *other)
{
    MUST(one->result == other->result);
    if (one->result == HEAD_BAD)
        MUST(*one->reason.text && strcmp(one->reason.text, other->reason.text) == 0);
    if (one->result != HEAD_DONE)
        return;
    MUST(one->used == other->used && one->head.count == other->head.count);
    MUST(one->head.minor_version == other->head.minor_version);
    MUST(strcmp(one->head.method, other->head.method) == 0);
    MUST(strcmp(one->head.target, other->head.target) == 0);
    for (int i = 0; i < one->head.count; i++) {
        MUST(strcmp(one->head.fields[i].name, other->head.fields[i].name) == 0);
        MUST(strcmp(one->head.fields[i].value, other->head.fields[i].value) == 0);
    }
}

static bool has_only(const char *text, unsigned char low)
{
    for (; *text; text++)
        if (((unsigned char)*text < low && *text != '\t') || *text == 0x7f)
            return false;
    return true;
}

static void check_head(const struct reading *reading, const uint8_t *data, size_t size)
{
    const struct head *head = &reading->head;
    size_t used = reading->used;

    MUST(used <= size && used >= strlen("A / HTTP/1.0\r\n\r\n"));
    MUST(memcmp(data + used - 4, "\r\n\r\n", 4) == 0);
    MUST(memcmp(data + used, reading->data + used, size - used) == 0);
    MUST(*head->method && has_only(head->method, 0x21));
    MUST(*head->target && has_only(head->target, 0x21));
    MUST(head->count <= LIMIT_HEAD_FIELDS);
    MUST(head->minor_version == 0 || head_field(head, "host"));
    for (int i = 0; i < head->count; i++) {
        const struct head_field *field = &head->fields[i];

        MUST(*field->name && has_only(field->name, 0x21) && !strchr(field->name, ':'));
        MUST(has_only(field->value, 0x20));
        MUST(!*field->value || !strchr(" \t", field->value[0]));
        MUST(!*field->value || !strchr(" \t", field->value[strlen(field->value) - 1]));
        MUST(field->value >= reading->data && field->value < reading->data + used);
    }
}

/* Lines of printable ASCII, one blank one at the end, and no more than the version has. */
static void check_answer(const struct handshake *handshake, const struct buffer *out)
{
    const char *at = out->data, *end = out->data + out->len;
    int lines = 0;

    MUST(memcmp(at, "HTTP/1.1 101 ", 13) == 0);
    for (; at < end - 2; at += 2, lines++) {
        const char *line = at;

        while (at < end && *at >= 0x20 && *at <= 0x7e)
            at++;
        MUST(at > line && end - at >= 4 && at[0] == '\r' && at[1] == '\n');
    }
    MUST(at == end - 2 && memcmp(at, "\r\n", 2) == 0);
    if (handshake->version >= WS_HYBI7)
        MUST(lines == 4);
    else
        MUST(lines == 4 + !!handshake->origin + !!handshake->protocol);
}

static void check_handshake(const struct head *head)
{
    struct handshake handshake;
    struct reason reason = {0};
    enum status status = handshake_check(head, &handshake, &reason);
    struct buffer out = {0};

    MUST(status == STATUS_OK || status == STATUS_BAD_REQUEST || status == STATUS_UPGRADE);
    MUST((status == STATUS_OK) == !*reason.text);
    if (status != STATUS_OK || handshake.version == WS_NONE)
        return;
    MUST(!head_field(head, "transfer-encoding") && head_lists(head, "connection", "upgrade"));
    handshake_answer(&handshake, head->target, handshake.numbers[0] & 1, &out);
    check_answer(&handshake, &out);
    buffer_clear(&out);
}

/* Where a body ends is known in one way, or it is refused. */
static void check_body(const struct head *head)
{
    struct head_body body;
    struct reason reason = {0};
    enum status status = head_read_body(head, &body, &reason);
    bool has_length = head_field(head, "content-length") != NULL;

    MUST(status == STATUS_OK || (status == STATUS_BAD_REQUEST && *reason.text));
    MUST(body.is_chunked == (head_field(head, "transfer-encoding") != NULL));
    MUST(status != STATUS_OK || !(body.is_chunked && has_length));
    MUST(status != STATUS_OK || (body.length >= 0 && (has_length || body.length == 0)));
    MUST(head->minor_version == 1 ||
         !(body.is_expected || (body.is_chunked && status == STATUS_OK)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reading whole, other;

    read_whole(&whole, data, size);
    read_bytes(&other, data, size);
    check_same(&whole, &other);
    free(other.data);
    read_two_parts(&other, data, size, size ? data[size - 1] * size / 256 : 0);
    check_same(&whole, &other);
    free(other.data);
    if (whole.result == HEAD_DONE) {
        check_head(&whole, data, size);
        check_handshake(&whole.head);
        check_body(&whole.head);
    }
    free(whole.data);
    return 0;
}
