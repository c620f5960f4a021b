/* cors.h - letting pages of other origins read an answer.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HTTP_CORS_H
#define HTTP_CORS_H

#include <stdbool.h>

#include "http/response.h"

/* Adds the headers for a page of that origin, which was found in the settings; NULL: for any other.
 * With them OPTIONS says what such a page may send. */
void cors_add(struct response *response, const char *origin, bool is_options);

#endif
