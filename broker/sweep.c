/* sweep.c - what requests leave behind, in small steps.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/sweep.h"

#include <string.h>

#include "broker/queue.h"

void sweep_note(struct sweep *sweep, const char *queue)
{
    for (int i = 0; i < sweep->count; i++)
        if (strcmp(sweep->queues[i], queue) == 0)
            return;
    if (sweep->count < SWEEP_QUEUES)
        strcpy(sweep->queues[sweep->count++], queue);
}

bool sweep_call(const struct sweep *sweep, struct call *call, bool *more)
{
    if (sweep->count)
        queue_sweep_call(call, sweep->queues[0], SWEEP_ALL, more);
    return sweep->count > 0;
}

void sweep_done(struct sweep *sweep, bool more)
{
    if (!more && --sweep->count > 0)
        strcpy(sweep->queues[0], sweep->queues[sweep->count]);
}
