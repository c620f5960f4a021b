/* openapi.h - the description of all routes for tools, in the form of OpenAPI 3.1.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_OPENAPI_H
#define HANDLERS_OPENAPI_H

struct buffer;

/* Adds the description as JSON; the prefix is that of restmq.conf. */
void openapi_describe(const char *prefix, struct buffer *out);

#endif
