/* records.c - FastCGI's records: a request begins, and ends with an empty record of its input.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "fcgi/records.h"

#include <string.h>

static size_t shorter(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t records_content(const struct records *records)
{
    return (size_t)records->head.contentLengthB1 << 8 | records->head.contentLengthB0;
}

int records_id(const struct records *records)
{
    return records->head.requestIdB1 << 8 | records->head.requestIdB0;
}

bool records_are_between(const struct records *records)
{
    return !records->id && !records->head_len && !records->left;
}

/* An abort of a request that was answered meanwhile is no mistake. */
static enum record_piece between_requests(struct records *records, int id)
{
    int type = records->head.type;

    if (type == FCGI_BEGIN_REQUEST) {
        records->id = id;
        return id && records_content(records) == sizeof(FCGI_BeginRequestBody) ? PIECE_HEAD
                                                                               : PIECE_JUNK;
    }
    return !id || type == FCGI_ABORT_REQUEST ? PIECE_OTHER : PIECE_JUNK;
}

static enum record_piece in_request(const struct records *records, int id)
{
    int type = records->head.type;

    if (type == FCGI_BEGIN_REQUEST && (!id || id == records->id))
        return PIECE_JUNK;
    if (id != records->id)
        return PIECE_OTHER;
    if (type == FCGI_PARAMS || (type == FCGI_STDIN && records_content(records) > 0))
        return PIECE_HEAD;
    return PIECE_LAST;
}

static enum record_piece whole_head(struct records *records)
{
    int id = records_id(records);
    enum record_piece piece = PIECE_JUNK;

    records->head_len = 0;
    records->left = records_content(records) + records->head.paddingLength;
    if (records->head.version == FCGI_VERSION_1)
        piece = records->id ? in_request(records, id) : between_requests(records, id);
    records->is_other = piece == PIECE_OTHER;
    return piece;
}

enum record_piece records_next(struct records *records, const unsigned char *bytes, size_t len,
                               size_t *size)
{
    if (records->left) {
        *size = shorter(len, records->left);
        records->left -= *size;
        return records->is_other ? PIECE_REST : PIECE_CONTENT;
    }
    *size = shorter(len, FCGI_HEADER_LEN - records->head_len);
    memcpy((unsigned char *)&records->head + records->head_len, bytes, *size);
    records->head_len += *size;
    return records->head_len == FCGI_HEADER_LEN ? whole_head(records) : PIECE_NONE;
}

bool records_are_taken_back(const struct records *records, const unsigned char *bytes, size_t len)
{
    FCGI_Header head;

    if (len < records->left + sizeof(head))
        return false;
    memcpy(&head, bytes + records->left, sizeof(head));
    return head.type == FCGI_ABORT_REQUEST;
}
