/* browsing.h - what is told of messages that are only looked at.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROTOCOL_BROWSING_H
#define PROTOCOL_BROWSING_H

#include <stdbool.h>

#include "base/buffer.h"
#include "broker/browse.h"

/* Adds the message as a JSON object; with reasons, and its body as far as it is known, if the
 * reader may see bodies. */
void facts_write(const struct facts *facts, bool sees_bodies, struct buffer *out);

#endif
