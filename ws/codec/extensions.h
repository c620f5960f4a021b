/* extensions.h - the extensions that a websocket's client offers: of those permessage-deflate, as
 * RFC 7692 has it.
 *
 * A codec: no I/O, no allocation.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_CODEC_EXTENSIONS_H
#define WS_CODEC_EXTENSIONS_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/status.h"

struct head;

/* The parameters that were agreed upon. */
struct deflate_terms {
    int window;      /* for what we send: see deflate.h; 0: nothing is deflated */
    bool is_limited; /* the client asked for a window */
};

/* Accepts the first offer that we can serve, if there is one.  BAD_REQUEST: the fields are no list
 * of extensions. */
enum status extensions_read(const struct head *head, struct deflate_terms *terms,
                            struct reason *reason);

/* Adds the value of the answer's Sec-WebSocket-Extensions; the window is not 0. */
void extensions_answer(const struct deflate_terms *terms, struct buffer *out);

#endif
