/* chunks.h - the body of a request that comes in chunks (RFC 9112, 7.1), strictly.
 *
 * A codec: no I/O, no allocation.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_CODEC_CHUNKS_H
#define WS_CODEC_CHUNKS_H

#include <stddef.h>

#include "base/status.h"

/* Where it is; zeroed memory is before the first chunk. */
struct chunks {
    enum {
        CHUNK_SIZE,
        CHUNK_EXTENSION,
        CHUNK_SIZE_END,
        CHUNK_DATA,
        CHUNK_CR,
        CHUNK_LF,
        CHUNK_TRAILER
    } at;
    size_t left;   /* bytes of this chunk */
    size_t digits; /* of its size */
    size_t extras; /* bytes of extensions and trailers, of all chunks; nobody reads them */
    size_t line;   /* bytes of the trailer's line */
    char last;     /* byte of it */
};

enum chunks_result { CHUNKS_MORE, CHUNKS_PIECE, CHUNKS_DONE, CHUNKS_BAD };

/* Looks at what has come, and sets *used.  PIECE: piece_len bytes of the body begin at *piece,
 * which points into the data, and there may be more behind what was used.  MORE: all was used.
 * DONE: the end, trailers too, was used.  BAD: the reason says what is wrong, BAD_REQUEST. */
enum chunks_result chunks_read(struct chunks *chunks, const char *data, size_t len, size_t *used,
                               const char **piece, size_t *piece_len, struct reason *reason);

#endif
