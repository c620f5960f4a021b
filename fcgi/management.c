/* management.c - answers to FastCGI's records that are of no request in hand.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "fcgi/management.h"

#include <string.h>

/* A process has one request in hand.  Of connections it keeps any number, but a web server that
 * asks wants to know how many requests it may send at a time. */
static const struct {
    const char *name;
    char value;
} values[] = {
    {FCGI_MAX_CONNS,  '1'},
    {FCGI_MAX_REQS,   '1'},
    {FCGI_MPXS_CONNS, '0'},
};

static size_t put_head(unsigned char *out, int type, int id, size_t content)
{
    FCGI_Header head = {
        .version = FCGI_VERSION_1,
        .type = (unsigned char)type,
        .requestIdB1 = (unsigned char)(id >> 8),
        .requestIdB0 = (unsigned char)id,
        .contentLengthB0 = (unsigned char)content,
    };

    memcpy(out, &head, sizeof(head));
    return sizeof(head) + content;
}

/* Of a name that is known: itself and its value. */
static size_t put_value(unsigned char *out, const unsigned char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        if (strlen(values[i].name) == len && memcmp(values[i].name, name, len) == 0) {
            out[0] = (unsigned char)len;
            out[1] = 1;
            memcpy(out + 2, name, len);
            out[2 + len] = (unsigned char)values[i].value;
            return len + 3;
        }
    return 0;
}

/* The names come as parameters do, with empty values: lengths of one byte each, as none that is
 * known is longer.  There is room for three. */
static size_t get_values(const unsigned char *content, size_t len, unsigned char *out)
{
    size_t at = 0, put = sizeof(FCGI_Header);
    int count = 0;

    while (count < 3 && len - at >= 2 && content[at] < 0x80 && content[at + 1] < 0x80) {
        size_t name = content[at], value = content[at + 1];

        at += 2;
        if (len - at < name + value)
            break;
        put += put_value(out + put, content + at, name);
        at += name + value;
        count++;
    }
    return put_head(out, FCGI_GET_VALUES_RESULT, 0, put - sizeof(FCGI_Header));
}

static size_t unknown_type(int type, unsigned char *out)
{
    FCGI_UnknownTypeBody body = {.type = (unsigned char)type};

    memcpy(out + sizeof(FCGI_Header), &body, sizeof(body));
    return put_head(out, FCGI_UNKNOWN_TYPE, 0, sizeof(body));
}

static size_t one_at_a_time(int id, unsigned char *out)
{
    FCGI_EndRequestBody body = {.protocolStatus = FCGI_CANT_MPX_CONN};

    memcpy(out + sizeof(FCGI_Header), &body, sizeof(body));
    return put_head(out, FCGI_END_REQUEST, id, sizeof(body));
}

size_t management_answer(const struct records *records, const unsigned char *content, size_t len,
                         unsigned char *out)
{
    int id = records_id(records), type = records->head.type;

    if (id)
        return type == FCGI_BEGIN_REQUEST ? one_at_a_time(id, out) : 0;
    return type == FCGI_GET_VALUES ? get_values(content, len, out) : unknown_type(type, out);
}
