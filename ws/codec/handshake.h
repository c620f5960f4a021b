/* handshake.h - from an HTTP request to a websocket, in every version that was in the field:
 * RFC 6455 (13), hybi-07 and -08, hixie-76, hixie-75.
 *
 * A codec: no I/O; allocates nothing but what a buffer grows by.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_CODEC_HANDSHAKE_H
#define WS_CODEC_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/status.h"
#include "ws/codec/extensions.h"
#include "ws/codec/head.h"

enum ws_version { WS_NONE, WS_HIXIE75, WS_HIXIE76, WS_HYBI7, WS_HYBI8, WS_RFC6455 };

enum {
    HANDSHAKE_ACCEPT = 29, /* base64 of a SHA-1, and a NUL */
    HANDSHAKE_NONCE = 8,   /* hixie-76's bytes behind the head */
    HANDSHAKE_DIGEST = 16,
};

struct handshake {
    enum ws_version version;
    const char *key;     /* hybi: Sec-WebSocket-Key */
    uint32_t numbers[2]; /* hixie-76: of Key1 and Key2 */
    const char *origin;  /* as sent, checked to be printable ASCII without spaces; NULL: none */
    const char *host;
    const char *protocol;         /* hixie: the subprotocol to echo, checked likewise; NULL: none */
    struct deflate_terms deflate; /* RFC 6455; what extensions_read() said, for the answer */
};

/* Does the request ask for a websocket, and rightly so?  NOT asked for: OK with WS_NONE.
 * BAD_REQUEST: only one key, no Host, a key that is none, …; UPGRADE: a version that we do not
 * have. */
enum status handshake_check(const struct head *head, struct handshake *handshake,
                            struct reason *reason);

/* Adds the 101 with its blank line.  secure: the client dialled wss (for hixie's location).
 * hixie-76: send it at once, then the digest when the eight bytes are there. */
void handshake_answer(const struct handshake *handshake, const char *target, bool secure,
                      struct buffer *out);

void handshake_digest(const uint32_t numbers[2], const char nonce[HANDSHAKE_NONCE],
                      char digest[HANDSHAKE_DIGEST]);

/* RFC 6455's answer to a key; false when that is not base64 of 16 bytes. */
bool handshake_accept(const char *key, char accept[HANDSHAKE_ACCEPT]);

/* Digits divided by spaces, as hixie-76 has it; false when that has no whole result. */
bool handshake_number(const char *key, uint32_t *number);

#endif
