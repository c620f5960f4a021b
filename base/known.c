/* known.c - names that were met not long ago.
 *
 * A name has a few places, by its hash; the oldest one there makes room.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/known.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { PLACES = 4 };

struct known_name {
    char *name; /* NULL: a free place */
    long long until_ms;
};

void known_clear(struct known *known)
{
    for (int i = 0; known->names && i < KNOWN_NAMES; i++)
        free(known->names[i].name);
    free(known->names);
    known->names = NULL;
}

/* FNV-1a.  A client that chooses names with the same places makes us forget one: that costs a
 * call. */
static struct known_name *places_of(const struct known *known, const char *name)
{
    uint32_t hash = 2166136261U;

    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619U;
    return known->names + hash % (KNOWN_NAMES / PLACES) * PLACES;
}

static struct known_name *find(const struct known *known, const char *name)
{
    struct known_name *places = known->names ? places_of(known, name) : NULL;

    for (int i = 0; places && i < PLACES; i++)
        if (places[i].name && strcmp(places[i].name, name) == 0)
            return &places[i];
    return NULL;
}

bool known_has(const struct known *known, const char *name, long long now_ms)
{
    const struct known_name *found = find(known, name);

    return found && now_ms <= found->until_ms;
}

void known_forget(struct known *known, const char *name)
{
    struct known_name *found = find(known, name);

    if (!found)
        return;
    free(found->name);
    *found = (struct known_name){0};
}

void known_note(struct known *known, const char *name, long long now_ms)
{
    struct known_name *places, *oldest;

    known_forget(known, name);
    if (!known->names) {
        known->names = xmalloc(KNOWN_NAMES * sizeof(*known->names));
        memset(known->names, 0, KNOWN_NAMES * sizeof(*known->names));
    }
    oldest = places = places_of(known, name);
    for (int i = 1; i < PLACES; i++)
        if (places[i].until_ms < oldest->until_ms)
            oldest = &places[i];
    free(oldest->name);
    *oldest = (struct known_name){.name = xstrdup(name), .until_ms = now_ms + KNOWN_MS};
}
