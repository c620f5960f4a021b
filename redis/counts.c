/* counts.c - how often calls did not run where they were sent first.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "redis/counts.h"

#include <stdio.h>
#include <string.h>

void counts_refused(struct counts *counts, const char *name)
{
    int i = 0;

    while (i < counts->node_count && strcmp(counts->nodes[i].name, name) != 0)
        i++;
    if (i == COUNTS_NODES)
        return;
    if (i == counts->node_count) {
        snprintf(counts->nodes[i].name, sizeof(counts->nodes[i].name), "%s", name);
        counts->node_count++;
    }
    counts->nodes[i].refused++;
}
