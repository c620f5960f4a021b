/* ring.c - consistent hashing: a ketama ring of servers, and a cache of such rings.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/ring.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/memory.h"

enum {
    MD5_LEN = 16,
    POINTS_OF_DIGEST = 4, /* a little-endian number in each four bytes */
    DIGESTS = RING_POINTS / POINTS_OF_DIGEST
};

struct point {
    uint32_t place;
    uint16_t server;
};

struct ring {
    EVP_MD_CTX *digest; /* of MD5, made once: that takes longer than a digest */
    struct ring_member *members;
    int count;
    struct point *points; /* in the order of their places */
    size_t point_count;
    unsigned *seen; /* the walk that met a server last */
    unsigned walk;
};

/* --- places -------------------------------------------------------------------------------- */

static void md5(EVP_MD_CTX *digest, const char *data, size_t len, unsigned char *out)
{
    if (!EVP_DigestInit_ex(digest, NULL, NULL) || !EVP_DigestUpdate(digest, data, len) ||
        !EVP_DigestFinal_ex(digest, out, NULL))
        abort(); /* out of memory */
}

static EVP_MD_CTX *md5_new(void)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();

    if (!digest || !EVP_DigestInit_ex(digest, EVP_md5(), NULL))
        abort(); /* out of memory */
    return digest;
}

static uint32_t place_in(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

/* libmemcached leaves out the port that memcached has anyway. */
static int name_len(const char *server)
{
    static const char usual[] = ":11211";
    size_t len = strlen(server), end = sizeof(usual) - 1;

    return (int)(len > end && strcmp(server + len - end, usual) == 0 ? len - end : len);
}

static void add_points(struct ring *ring, int server)
{
    const char *name = ring->members[server].server;
    char text[LIMIT_SERVER + 8];
    unsigned char bytes[MD5_LEN];

    for (int i = 0; i < DIGESTS; i++) {
        int len = snprintf(text, sizeof(text), "%.*s-%d", name_len(name), name, i);

        if (len >= (int)sizeof(text)) /* no name of ours: the scripts pass over it */
            len = (int)sizeof(text) - 1;
        md5(ring->digest, text, (size_t)len, bytes);
        for (int j = 0; j < POINTS_OF_DIGEST; j++)
            ring->points[ring->point_count++] =
                (struct point){place_in(bytes + 4 * j), (uint16_t)server};
    }
}

/* Of two servers on one place the first has it. */
static int compare_points(const void *left, const void *right)
{
    const struct point *a = left, *b = right;

    if (a->place != b->place)
        return a->place < b->place ? -1 : 1;
    return a->server - b->server;
}

/* --- making a ring ------------------------------------------------------------------------- */

static int compare_names(const void *left, const void *right)
{
    const struct ring_member *a = left, *b = right;

    return strcmp(a->server, b->server);
}

static int compare_members(const void *left, const void *right)
{
    const struct ring_member *a = left, *b = right;
    int names = compare_names(a, b);

    return names ? names : strcmp(a->row, b->row);
}

/* In the order of their names, so that the same pool makes the same ring whatever order it is in.
 */
static void copy_members(struct ring *ring, const struct ring_member *members, int count)
{
    ring->members = xmalloc((size_t)(count + 1) * sizeof(*ring->members));
    if (count > 0)
        memcpy(ring->members, members, (size_t)count * sizeof(*members));
    qsort(ring->members, (size_t)count, sizeof(*members), compare_members);
    for (int i = 0; i < count; i++) {
        if (i > 0 && strcmp(ring->members[i].server, ring->members[ring->count - 1].server) == 0)
            continue;
        ring->members[ring->count++] = (struct ring_member){
            .server = xstrdup(ring->members[i].server),
            .row = xstrdup(ring->members[i].row),
        };
    }
}

struct ring *ring_new(const struct ring_member *members, int count)
{
    struct ring *ring = xmalloc(sizeof(*ring));

    *ring = (struct ring){.digest = md5_new()};
    copy_members(ring, members, count);
    ring->points = xmalloc(((size_t)ring->count * RING_POINTS + 1) * sizeof(*ring->points));
    ring->seen = xmalloc((size_t)(ring->count + 1) * sizeof(*ring->seen));
    memset(ring->seen, 0, (size_t)(ring->count + 1) * sizeof(*ring->seen));
    for (int i = 0; i < ring->count; i++)
        add_points(ring, i);
    qsort(ring->points, ring->point_count, sizeof(*ring->points), compare_points);
    return ring;
}

void ring_free(struct ring *ring)
{
    if (!ring)
        return;
    for (int i = 0; i < ring->count; i++) {
        free((char *)ring->members[i].server);
        free((char *)ring->members[i].row);
    }
    EVP_MD_CTX_free(ring->digest);
    free(ring->members);
    free(ring->points);
    free(ring->seen);
    free(ring);
}

int ring_count(const struct ring *ring)
{
    return ring->count;
}

const struct ring_member *ring_member(const struct ring *ring, int index)
{
    return &ring->members[index];
}

/* --- looking up ---------------------------------------------------------------------------- */

/* The first point that is not below the key's, behind the last one the first of all. */
static size_t find_point(struct ring *ring, const char *key, size_t len)
{
    unsigned char bytes[MD5_LEN];
    size_t low = 0, high = ring->point_count;
    uint32_t place;

    md5(ring->digest, key, len, bytes);
    place = place_in(bytes);
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (ring->points[middle].place < place)
            low = middle + 1;
        else
            high = middle;
    }
    return low < ring->point_count ? low : 0;
}

int ring_find(struct ring *ring, const char *key, size_t len)
{
    return ring->points[find_point(ring, key, len)].server;
}

int ring_walk(struct ring *ring, const char *key, size_t len, int *servers, int count)
{
    size_t at = ring->count ? find_point(ring, key, len) : 0;
    int found = 0;

    ring->walk++;
    for (size_t i = 0; i < ring->point_count && found < count; i++) {
        int server = ring->points[at].server;

        if (ring->seen[server] != ring->walk)
            servers[found++] = server;
        ring->seen[server] = ring->walk;
        at = at + 1 < ring->point_count ? at + 1 : 0;
    }
    return found;
}

/* --- the rings of some pools --------------------------------------------------------------- */

struct rings {
    struct ring_slot slots[RINGS];
};

struct rings *rings_new(void)
{
    struct rings *rings = xmalloc(sizeof(*rings));

    memset(rings, 0, sizeof(*rings));
    return rings;
}

static void slot_clear(struct ring_slot *slot)
{
    free(slot->pool);
    ring_free(slot->ring);
    memset(slot, 0, sizeof(*slot));
}

void rings_free(struct rings *rings)
{
    for (int i = 0; rings && i < RINGS; i++)
        slot_clear(&rings->slots[i]);
    free(rings);
}

/* The pool's slot, else one that is unused, else the one that was looked at the longest ago. */
static struct ring_slot *slot_for(struct rings *rings, const char *pool)
{
    struct ring_slot *best = &rings->slots[0];

    for (int i = 0; i < RINGS; i++) {
        struct ring_slot *slot = &rings->slots[i];

        if (slot->pool && strcmp(slot->pool, pool) == 0)
            return slot;
        if (best->pool && (!slot->pool || slot->looked_ms < best->looked_ms))
            best = slot;
    }
    return best;
}

struct ring_slot *rings_find(struct rings *rings, const char *pool, long long now_ms)
{
    struct ring_slot *slot = slot_for(rings, pool);

    if (!slot->pool || strcmp(slot->pool, pool) != 0 || now_ms - slot->looked_ms >= RING_FRESH_MS)
        return NULL;
    return slot;
}

/* The members come in the order of rows and scores, those of the ring are in the order of names. */
static bool is_made_of(const struct ring *ring, const struct ring_member *members, int count)
{
    if (ring->count != count)
        return false;
    for (int i = 0; i < count; i++) {
        const struct ring_member *found = bsearch(&members[i], ring->members, (size_t)ring->count,
                                                  sizeof(*members), compare_names);

        if (!found || strcmp(found->row, members[i].row) != 0)
            return false;
    }
    return true;
}

void rings_store(struct rings *rings, const char *pool, const char *version, const char *size,
                 const struct ring_member *members, int count, long long now_ms)
{
    struct ring_slot *slot = slot_for(rings, pool);

    if (!slot->pool || strcmp(slot->pool, pool) != 0) {
        slot_clear(slot);
        slot->pool = xstrdup(pool);
    }
    if (!slot->ring || !is_made_of(slot->ring, members, count)) {
        ring_free(slot->ring);
        slot->ring = ring_new(members, count);
    }
    snprintf(slot->version, RING_VERSION, "%s", version);
    snprintf(slot->size, RING_VERSION, "%s", size);
    slot->looked_ms = now_ms;
}
