/* consumer.h - a consumer of a queue, as the commands that it says see it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_ROLE_CONSUMER_H
#define WS_ROLE_CONSUMER_H

struct speaker;

extern const struct speaker consumer_speaker;

#endif
