/* date.h - the time as HTTP writes it (RFC 9110, 5.6.7).
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HTTP_DATE_H
#define HTTP_DATE_H

#include <time.h>

enum { DATE_LEN = 29 }; /* "Sun, 06 Nov 1994 08:49:37 GMT" */

/* The text of that second, until the next call; written anew only when it is another one. */
const char *date_text(time_t now);

#endif
