/* multipart.h - names and values from a body of multipart/form-data (RFC 7578), strictly.
 *
 * A codec: no I/O, no allocation.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HTTP_MULTIPART_H
#define HTTP_MULTIPART_H

#include "http/form.h"

/* Appends one field a part, in place: the body must outlive the form.  type is the Content-Type
 * with its boundary.  A file is a value like any other, whatever its name and type.  BAD_REQUEST
 * says what is broken. */
enum status multipart_parse(struct form *form, const char *type, char *body, size_t len,
                            struct reason *reason);

#endif
