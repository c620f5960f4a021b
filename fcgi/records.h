/* records.h - FastCGI's records on a connection, in whatever pieces they come: which are of the
 * request, and where it ends.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef FCGI_RECORDS_H
#define FCGI_RECORDS_H

#include <fastcgi.h>
#include <stdbool.h>
#include <stddef.h>

/* Of the record in hand; all zeros before the first, and between two requests. */
struct records {
    FCGI_Header head;
    size_t head_len; /* bytes of the head that are here */
    size_t left;     /* bytes behind the head that are not: content and padding */
    int id;          /* of the request; 0: none has begun */
    bool is_other;   /* this record is not of the request */
};

enum record_piece {
    PIECE_NONE,    /* of a head that is not whole */
    PIECE_HEAD,    /* a head of the request is whole: records.head */
    PIECE_CONTENT, /* of the request, behind such a head */
    PIECE_LAST,    /* as PIECE_HEAD, of its last record, or of one that libfcgi refuses by itself */
    PIECE_OTHER,   /* a head of another request, or of none, is whole: the request goes on */
    PIECE_REST,    /* behind such a head */
    PIECE_JUNK,    /* what no web server sends: nothing more is to be looked at */
};

/* What the next bytes are, of which there is one at least, and how many of them. */
enum record_piece records_next(struct records *records, const unsigned char *bytes, size_t len,
                               size_t *size);

/* Bytes of content of the record in hand, without its padding. */
size_t records_content(const struct records *records);

/* The id in the head of the record in hand. */
int records_id(const struct records *records);

/* Is nothing here yet of a request, nor of a record? */
bool records_are_between(const struct records *records);

/* Do the bytes behind the last record begin with an abort? */
bool records_are_taken_back(const struct records *records, const unsigned char *bytes, size_t len);

#endif
