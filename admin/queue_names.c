/* queue_names.c - the names of all queues that a Redis lists.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "admin/queue_names.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "broker/catalog.h"
#include "broker/keys.h"

void queue_names_clear(struct queue_names *names)
{
    free(names->names);
    *names = (struct queue_names){0};
}

void queue_names_add(struct queue_names *names, const char *name)
{
    if (names->count == names->size) {
        names->size = names->size ? names->size * 2 : 64;
        names->names = xrealloc(names->names, (size_t)names->size * sizeof(*names->names));
    }
    strcpy(names->names[names->count++], name);
}

enum status queue_names_read(struct queue_names *names, struct link *link, bool with_dead,
                             struct reason *reason)
{
    struct call call = {0};
    struct catalog catalog = {0};
    char cursor[CATALOG_CURSOR] = "0";
    enum status status;

    do {
        catalog_page_call(&call, cursor, strlen(cursor), LIMIT_PAGE, &catalog);
        status = link_run(link, &call, reason);
        for (int i = 0; i < catalog.count && status == STATUS_OK; i++)
            if (with_dead || !queue_is_dead(catalog.names[i]))
                queue_names_add(names, catalog.names[i]);
        strcpy(cursor, catalog.cursor);
    } while (status == STATUS_OK && strcmp(cursor, "0") != 0);
    catalog_clear(&catalog);
    call_clear(&call);
    return status;
}

static int compare(const void *left, const void *right)
{
    return strcmp(left, right);
}

void queue_names_sort(struct queue_names *names)
{
    if (names->count)
        qsort(names->names, (size_t)names->count, sizeof(*names->names), compare);
}

bool queue_names_has(const struct queue_names *sorted, const char *name)
{
    return sorted->count && bsearch(name, sorted->names, (size_t)sorted->count,
                                    sizeof(*sorted->names), compare) != NULL;
}
