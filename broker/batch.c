/* batch.c - the messages that one take brought.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void batch_clear(struct batch *batch)
{
    free(batch->messages);
    memset(batch, 0, sizeof(*batch));
}

void batch_reserve(struct batch *batch, int count)
{
    batch->count = 0;
    if (count <= batch->size)
        return;
    free(batch->messages);
    batch->messages = xmalloc((size_t)count * sizeof(*batch->messages));
    batch->size = count;
}
