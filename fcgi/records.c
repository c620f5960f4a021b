/* records.c - where a request ends: with an empty record of FastCGI's input.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "fcgi/records.h"

#include <string.h>

static size_t shorter(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Is the head whole? */
static bool collect_head(struct records *records, const unsigned char *bytes, size_t len)
{
    memcpy((unsigned char *)&records->head + records->head_len, bytes, len);
    records->head_len += len;
    return records->head_len == FCGI_HEADER_LEN;
}

/* Is this the last record?  Else what is behind its head is to come. */
static bool is_last(struct records *records)
{
    const FCGI_Header *head = &records->head;
    size_t content = (size_t)head->contentLengthB1 << 8 | head->contentLengthB0;
    bool is_usual =
        head->type == FCGI_BEGIN_REQUEST || head->type == FCGI_PARAMS || head->type == FCGI_STDIN;

    records->head_len = 0;
    records->left = content + head->paddingLength;
    return !is_usual || (head->type == FCGI_STDIN && content == 0);
}

/* Behind the padding of the last record. */
static bool is_taken_back(const struct records *records, const unsigned char *bytes, size_t len)
{
    FCGI_Header head;

    if (len < records->left + sizeof(head))
        return false;
    memcpy(&head, bytes + records->left, sizeof(head));
    return head.type == FCGI_ABORT_REQUEST;
}

bool records_end(struct records *records, const unsigned char *bytes, size_t len)
{
    while (len > 0) {
        size_t step;

        if (records->left) {
            step = shorter(len, records->left);
            records->left -= step;
        } else {
            step = shorter(len, FCGI_HEADER_LEN - records->head_len);
            if (collect_head(records, bytes, step) && is_last(records)) {
                records->is_taken_back = is_taken_back(records, bytes + step, len - step);
                return true;
            }
        }
        bytes += step;
        len -= step;
    }
    return false;
}
