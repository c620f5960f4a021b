/* records.h - where a request ends among FastCGI's records, in whatever pieces they come.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef FCGI_RECORDS_H
#define FCGI_RECORDS_H

#include <fastcgi.h>
#include <stdbool.h>
#include <stddef.h>

/* Of the record in hand; all zeros before the first. */
struct records {
    FCGI_Header head;
    size_t head_len;    /* bytes of the head that are here */
    size_t left;        /* bytes behind the head that are not */
    bool is_taken_back; /* an abort stands right behind the end */
};

/* Looks at the next bytes of a request.  True: they have its end, or what libfcgi refuses by
 * itself; then nothing more is to be looked at. */
bool records_end(struct records *records, const unsigned char *bytes, size_t len);

#endif
