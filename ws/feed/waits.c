/* waits.c - the long-polls that wait for one queue.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/waits.h"

#include <stddef.h>

void waits_init(struct waits *waits)
{
    *waits = (struct waits){.last = &waits->first};
}

void waits_add(struct waits *waits, struct wait *wait)
{
    wait->next = NULL;
    wait->link = waits->last;
    *waits->last = wait;
    waits->last = &wait->next;
}

void waits_remove(struct waits *waits, struct wait *wait)
{
    if (!wait->link)
        return;
    *wait->link = wait->next;
    if (wait->next)
        wait->next->link = wait->link;
    else
        waits->last = wait->link;
    wait->link = NULL;
}

struct wait *waits_next(const struct waits *waits)
{
    struct wait *wait = waits->is_serving ? NULL : waits->first;

    while (wait && !waits->kind->is_idle(wait))
        wait = wait->next;
    return wait;
}
