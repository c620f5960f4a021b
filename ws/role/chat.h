/* chat.h - what a consumer's websocket says: commands of the JSON protocol, or something to echo.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_ROLE_CHAT_H
#define WS_ROLE_CHAT_H

#include <stdbool.h>
#include <stddef.h>

struct chats;
struct conn;

/* How a lease was ended by a command. */
enum settlement { LEASE_WAS_OVER, LEASE_ACKED, LEASE_RETURNED };

/* The sender of commands, as far as they are about messages that it was given. */
struct speaker {
    /* Does it read that queue? */
    bool (*reads)(const struct conn *conn, const char *queue);

    /* Was it given that message, under that token, and is the lease not known to be over? */
    bool (*holds)(const struct conn *conn, const char *key, size_t len, const char *token);

    /* The lease of that message, with that token, is over; if it has it at all. */
    void (*settled)(struct conn *conn, const char *key, size_t len, const char *token,
                    enum settlement how);
};

/* As role.message.  While a command is under way the connection is paused, so that the answers come
 * in order. */
void chat_message(struct conn *conn, const char *data, size_t len, bool is_text);

/* For the wiring: all commands.  Those under way are jobs, and freed with them. */
struct chats *chats_new(void);
void chats_free(struct chats *chats);

#endif
