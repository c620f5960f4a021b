/* authkey_cache.c - records of clients' keys that were read lately.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/authkey_cache.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* A key belongs in one row of the table, in any place there. */
enum { PLACES = 4, ROWS = AUTHKEY_CACHE / PLACES, DIGEST = 32 };

struct entry {
    unsigned char digest[DIGEST];
    long long end_ms; /* until then it is as good as new; 0: not used */
    struct authkey authkey;
};

struct authkey_cache {
    struct entry rows[ROWS][PLACES];
};

struct authkey_cache *authkey_cache_new(void)
{
    struct authkey_cache *cache = xmalloc(sizeof(*cache));

    memset(cache, 0, sizeof(*cache));
    return cache;
}

void authkey_cache_free(struct authkey_cache *cache)
{
    if (!cache)
        return;
    for (int row = 0; row < ROWS; row++)
        for (int place = 0; place < PLACES; place++)
            authkey_clear(&cache->rows[row][place].authkey);
    free(cache);
}

static struct entry *find_row(struct authkey_cache *cache, const char *key, size_t len,
                              unsigned char digest[DIGEST])
{
    if (EVP_Digest(key, len, digest, NULL, EVP_sha256(), NULL) != 1)
        abort(); /* out of memory */
    return cache->rows[(digest[0] << 8 | digest[1]) % ROWS];
}

static struct entry *find_entry(struct entry *row, const unsigned char digest[DIGEST])
{
    for (int place = 0; place < PLACES; place++)
        if (row[place].end_ms && memcmp(row[place].digest, digest, DIGEST) == 0)
            return &row[place];
    return NULL;
}

static struct entry *oldest(struct entry *row)
{
    struct entry *found = row;

    for (int place = 1; place < PLACES; place++)
        if (row[place].end_ms < found->end_ms)
            found = &row[place];
    return found;
}

const struct authkey *authkey_cache_find(struct authkey_cache *cache, const char *key, size_t len,
                                         long long now_ms)
{
    static const struct authkey unknown;
    unsigned char digest[DIGEST];
    struct entry *entry;

    if (!authkey_is_valid(key, len))
        return &unknown;
    entry = find_entry(find_row(cache, key, len, digest), digest);
    return entry && now_ms < entry->end_ms ? &entry->authkey : NULL;
}

const struct authkey *authkey_cache_store(struct authkey_cache *cache, const char *key, size_t len,
                                          struct authkey *authkey, long long asked_ms)
{
    unsigned char digest[DIGEST];
    struct entry *row = find_row(cache, key, len, digest);
    struct entry *entry = find_entry(row, digest);

    if (!entry)
        entry = oldest(row);
    authkey_clear(&entry->authkey);
    memcpy(entry->digest, digest, DIGEST);
    entry->end_ms = asked_ms + AUTHKEY_LIFE_MS;
    entry->authkey = *authkey;
    *authkey = (struct authkey){0};
    return &entry->authkey;
}
