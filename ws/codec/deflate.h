/* deflate.h - messages deflated and inflated as permessage-deflate has it (RFC 7692), each by
 * itself.
 *
 * A codec: no I/O. The memory of zlib is allocated once for each window, when that is first used.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_CODEC_DEFLATE_H
#define WS_CODEC_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/* Windows have 2 to the power of so many bytes.  zlib cannot deflate with one of 8. */
enum { WINDOW_LEAST = 9, WINDOW_MOST = 15 };

struct deflater;

struct deflater *deflater_new(void);
void deflater_free(struct deflater *deflater); /* NULL is fine */

/* Adds the message, deflated for readers with that window.  False: it does not get smaller, and
 * nothing was added. */
bool deflater_add(struct deflater *deflater, int window, const char *text, size_t len,
                  struct buffer *out);

/* Adds the message that was deflated, with any window, of at most max bytes.  0, or the code to
 * close with: CLOSE_TOO_LONG, as soon as that is known, or CLOSE_NO_UTF8 for what is not deflated
 * data; then anything may have been added, but never more than max + 1 bytes. */
int deflater_undo(struct deflater *deflater, const char *data, size_t len, size_t max,
                  struct buffer *out);

#endif
