/* handshake-fixed.h - the handshake of the bench, always the same: the example of RFC 6455.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_BENCH_HANDSHAKE_FIXED_H
#define TESTS_BENCH_HANDSHAKE_FIXED_H

/* clang-format off */
#define HANDSHAKE_FIXED_REQUEST(path)                                                              \
    "GET " path " HTTP/1.1\r\n"                                                                    \
    "Host: localhost\r\n"                                                                          \
    "Upgrade: websocket\r\n"                                                                       \
    "Connection: Upgrade\r\n"                                                                      \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"                                              \
    "Sec-WebSocket-Version: 13\r\n"                                                                \
    "\r\n"

#define HANDSHAKE_FIXED_ANSWER                                                                     \
    "HTTP/1.1 101 Switching Protocols\r\n"                                                         \
    "Upgrade: websocket\r\n"                                                                       \
    "Connection: Upgrade\r\n"                                                                      \
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"                                       \
    "\r\n"
/* clang-format on */

#endif
