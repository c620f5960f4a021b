/* kept.c - connections without a request: a list whose places are found by descriptor.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "fcgi/kept.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct kept_place {
    bool is_there;
    int older, newer; /* descriptors + 1; 0: none */
    time_t since;
};

static void make_place(struct kept *kept, int fd)
{
    int size = fd + 64;

    if (fd < kept->size)
        return;
    kept->of_fd = xrealloc(kept->of_fd, (size_t)size * sizeof(kept->of_fd[0]));
    memset(&kept->of_fd[kept->size], 0, (size_t)(size - kept->size) * sizeof(kept->of_fd[0]));
    kept->size = size;
}

void kept_add(struct kept *kept, int fd, time_t now)
{
    make_place(kept, fd);
    kept->of_fd[fd] = (struct kept_place){.is_there = true, .older = kept->newest, .since = now};
    if (kept->newest)
        kept->of_fd[kept->newest - 1].newer = fd + 1;
    else
        kept->oldest = fd + 1;
    kept->newest = fd + 1;
    kept->count++;
}

bool kept_remove(struct kept *kept, int fd)
{
    struct kept_place *place = fd < kept->size ? &kept->of_fd[fd] : NULL;

    if (!place || !place->is_there)
        return false;
    if (place->older)
        kept->of_fd[place->older - 1].newer = place->newer;
    else
        kept->oldest = place->newer;
    if (place->newer)
        kept->of_fd[place->newer - 1].older = place->older;
    else
        kept->newest = place->older;
    place->is_there = false;
    kept->count--;
    return true;
}

int kept_oldest(const struct kept *kept, time_t *since)
{
    if (!kept->oldest)
        return -1;
    *since = kept->of_fd[kept->oldest - 1].since;
    return kept->oldest - 1;
}

void kept_clear(struct kept *kept)
{
    free(kept->of_fd);
    *kept = (struct kept){0};
}
