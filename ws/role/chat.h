/* chat.h - what a consumer's websocket says: commands of the JSON protocol, or something to echo.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_ROLE_CHAT_H
#define WS_ROLE_CHAT_H

#include <stdbool.h>
#include <stddef.h>

struct conn;
struct server;

/* As role.message.  While a command is under way the connection is paused, so that the answers come
 * in order. */
void chat_message(struct conn *conn, const char *data, size_t len, bool is_text);

/* For the server: frees all commands, those under way too. */
void chats_clear(struct server *server);

#endif
