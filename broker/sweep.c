/* sweep.c - removing purged bodies in small steps.
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

void sweep_step(struct sweep *sweep, struct link *link, struct call *call)
{
    struct reason reason = {0};
    bool more = false;

    if (sweep->count == 0)
        return;
    queue_sweep_call(call, sweep->queues[sweep->count - 1], &more);
    if (link_run(link, call, &reason) != STATUS_OK || !more)
        sweep->count--; /* done; or Redis has other worries, and a later take will tell again */
}
