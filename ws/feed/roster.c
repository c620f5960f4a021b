/* roster.c - the queues of which samples are taken.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/roster.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "broker/index.h"

enum { LEAST = 256 };

void roster_clear(struct roster *roster)
{
    for (int i = 0; i < roster->count; i++)
        free(roster->places[i]);
    free(roster->places);
    free(roster->hashes);
    free(roster->is_dirty);
    *roster = (struct roster){0};
}

/* FNV-1a.  Names are those of queues: whoever made many with one hash would slow down only this. */
static struct sighting **link_of(const struct roster *roster, const char *name)
{
    uint32_t hash = 2166136261U;

    for (const char *at = name; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 16777619U;
    return &roster->hashes[hash % (uint32_t)roster->size];
}

static void push(struct roster *roster, struct sighting *sighting)
{
    struct sighting **link = link_of(roster, sighting->name);

    sighting->next = *link;
    *link = sighting;
}

static void grow(struct roster *roster)
{
    size_t size = roster->size ? 2 * (size_t)roster->size : LEAST, chunks = size / ROSTER_CHUNK;

    roster->places = xrealloc(roster->places, size * sizeof(struct sighting *));
    roster->hashes = xrealloc(roster->hashes, size * sizeof(struct sighting *));
    roster->is_dirty = xrealloc(roster->is_dirty, chunks * sizeof(bool));
    memset(roster->hashes, 0, size * sizeof(struct sighting *));
    memset(roster->is_dirty + roster->size / ROSTER_CHUNK, 0,
           (chunks - (size_t)roster->size / ROSTER_CHUNK) * sizeof(bool));
    roster->size = (int)size;
    for (int i = 0; i < roster->count; i++)
        push(roster, roster->places[i]);
}

struct sighting *roster_get(struct roster *roster, const char *name)
{
    struct sighting *sighting = roster->size ? *link_of(roster, name) : NULL;
    size_t size = strlen(name) + 1;

    while (sighting && strcmp(sighting->name, name) != 0)
        sighting = sighting->next;
    if (sighting || roster->count == INDEX_MOST)
        return sighting;
    if (roster->count == roster->size)
        grow(roster);
    sighting = xmalloc(sizeof(*sighting) + size);
    *sighting = (struct sighting){.place = roster->count};
    memcpy(sighting->name, name, size);
    push(roster, sighting);
    roster->places[roster->count++] = sighting;
    roster_mark(roster, sighting);
    return sighting;
}

void roster_remove(struct roster *roster, struct sighting *sighting)
{
    struct sighting **link = link_of(roster, sighting->name), *last;

    while (*link != sighting)
        link = &(*link)->next;
    *link = sighting->next;
    last = roster->places[--roster->count];
    roster_mark(roster, last);
    last->place = sighting->place;
    roster->places[last->place] = last;
    roster_mark(roster, last);
    free(sighting);
}

void roster_mark(struct roster *roster, const struct sighting *sighting)
{
    roster->is_dirty[sighting->place / ROSTER_CHUNK] = true;
}

void roster_mark_all(struct roster *roster)
{
    for (int i = 0; i < roster->size / ROSTER_CHUNK; i++)
        roster->is_dirty[i] = true;
}

int roster_chunks(const struct roster *roster)
{
    return (roster->count + ROSTER_CHUNK - 1) / ROSTER_CHUNK;
}

struct sighting *roster_longest_idle(const struct roster *roster)
{
    struct sighting *found = NULL;

    for (int i = 0; i < roster->count; i++) {
        struct sighting *one = roster->places[i];

        if (!one->bytes)
            continue;
        if (!found || one->has_history > found->has_history ||
            (one->has_history == found->has_history && one->sampled_ms < found->sampled_ms))
            found = one;
    }
    return found;
}
