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

/* Members beside key and value, in this order. */
enum {
    MESSAGE_LEASE = 1, /* of a message whose lease has an end: token, end, deliveries */
    MESSAGE_TOKEN = 2, /* of any lease, without its end, as it is prolonged: token, deliveries */
    MESSAGE_COUNT = 4, /* soft reads */
};

/* Adds the message as an object, or the members between its braces; a value that is no UTF-8 is
 * base64, and "encoding" says so.  A message that was found has members for its place, too. */
void message_write(const struct message *message, unsigned parts, struct buffer *out);
void message_write_members(const struct message *message, unsigned parts, struct buffer *out);
void found_write_members(const struct found *found, struct buffer *out);

/* Adds a body as those have it: a string, and maybe a member "encoding" behind it. */
void message_write_value(const char *value, size_t len, struct buffer *out);

/* Would message_write() add more than so many bytes, for the value alone? */
bool message_is_longer(const struct message *message, size_t most);

/* Adds an array of all messages of the batch. */
void messages_write(const struct batch *batch, unsigned parts, struct buffer *out);

/* --- as the answer to a request ------------------------------------------------------------ */

/* Each of these fills a response that has just been reset: type, body and, with raw=1, headers. */

/* Returns how many of the messages the answer has, at least one; see wish->most.  With a callback
 * the answer is a script; NULL: JSON, even where the wish asks for a script. */
int messages_answer(const struct batch *batch, const struct wish *wish, const char *callback,
                    struct response *response);

/* One that was only looked at. */
void message_answer(const struct message *message, const struct wish *wish,
                    struct response *response);
void found_answer(const struct found *found, const struct wish *wish, struct response *response);

#endif
