/* replay_id.h - ids of messages on channels that remember.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_REPLAY_ID_H
#define BROKER_REPLAY_ID_H

#include <stdbool.h>
#include <stddef.h>

/* Where a message stands in the log of its channel: clients see "<epoch>-<ms>-<number>".  Numbers
 * of an epoch have no gaps; another epoch is another log. */
enum { REPLAY_EPOCH = 17, REPLAY_ID = REPLAY_EPOCH + 36 };
struct replay_id {
    char epoch[REPLAY_EPOCH];
    long long ms, number;
};

/* False: it is no id, and *id is one that no log has. */
bool replay_id_read(const char *text, size_t len, struct replay_id *id);
void replay_id_write(const struct replay_id *id, char text[REPLAY_ID]);

#endif
