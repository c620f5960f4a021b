/* moved.h - what the verb retag tells of each queue.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef ADMIN_MOVED_H
#define ADMIN_MOVED_H

#include <stdbool.h>

#include "base/status.h"

struct moved_queue {
    const char *queue;
    long long messages, leases; /* moved, left */
};

/* Lines on standard output, or one of JSON; a status that is not OK, with its reason, on standard
 * error, or in the JSON. */
void moved_tell(const struct moved_queue *moved, enum status status, const struct reason *reason,
                bool is_json);

#endif
