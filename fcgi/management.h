/* management.h - answers to FastCGI's records that are of no request in hand.
 *
 * libfcgi answers some of them as well, but where it reads a request that was collected in a file
 * it would write into that file; and behind an empty record that it skips it takes the next one,
 * too.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef FCGI_MANAGEMENT_H
#define FCGI_MANAGEMENT_H

#include "fcgi/records.h"

enum {
    MANAGEMENT_CONTENT = 64, /* bytes, of the content of such a record, that matter */
    MANAGEMENT_ANSWER = 80,
};

/* Answers the record in hand, whose content is that, cut at MANAGEMENT_CONTENT; out has room for
 * MANAGEMENT_ANSWER bytes.  Returns how many were written; 0: there is nothing to say. */
size_t management_answer(const struct records *records, const unsigned char *content, size_t len,
                         unsigned char *out);

#endif
