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

void sweep_look(struct sweep *sweep, const struct call *call)
{
    const char *queue = call_left_trash(call);

    if (queue)
        sweep_note(sweep, queue);
}

bool sweep_call(const struct sweep *sweep, struct call *call, bool *more)
{
    if (sweep->count)
        queue_sweep_call(call, sweep->queues[sweep->next], SWEEP_ALL, more);
    return sweep->count > 0;
}

void sweep_done(struct sweep *sweep, bool more)
{
    if (more)
        sweep->next++;
    else if (sweep->next < --sweep->count)
        strcpy(sweep->queues[sweep->next], sweep->queues[sweep->count]);
    if (sweep->next >= sweep->count)
        sweep->next = 0;
}
