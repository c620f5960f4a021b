/* messages.h - messages as clients are told them: in JSON, as a script, or as they are.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROTOCOL_MESSAGES_H
#define PROTOCOL_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "broker/batch.h"
#include "broker/find.h"
#include "broker/message.h"
#include "http/response.h"
#include "protocol/wish.h"

/* --- in JSON ------------------------------------------------------------------------------- */

/* What is told beside key and value; in this order. */
enum {
    MESSAGE_LEASE = 1, /* that the client has asked for, if it has one: token, end, deliveries */
    MESSAGE_TOKEN = 2, /* of a lease that is prolonged, and so has no end: token, deliveries */
    MESSAGE_COUNT = 4, /* of soft reads */
};

/* Adds the message as an object, or what stands between its braces; a value that is no UTF-8 is
 * base64, and "encoding" says so.  Of a message that was found the same, and where it stands. */
void message_write(const struct message *message, unsigned parts, struct buffer *out);
void message_write_members(const struct message *message, unsigned parts, struct buffer *out);
void found_write_members(const struct found *found, struct buffer *out);

/* Would it add more than so many bytes, for the value alone? */
bool message_is_longer(const struct message *message, size_t most);

/* Adds all of them as an array. */
void messages_write(const struct batch *batch, unsigned parts, struct buffer *out);

/* --- as the answer to a request ------------------------------------------------------------ */

/* All make a response that is new a 200 with its body and, of raw=1, its headers. */

/* Returns how many of the messages are told, at least one: an array ends before the first that
 * would make it longer than wish->most.  callback is not NULL where wish asks for that, unless the
 * response will be made a script later. */
int messages_answer(const struct batch *batch, const struct wish *wish, const char *callback,
                    struct response *response);

/* One that was only looked at. */
void message_answer(const struct message *message, const struct wish *wish,
                    struct response *response);
void found_answer(const struct found *found, const struct wish *wish, struct response *response);

#endif
