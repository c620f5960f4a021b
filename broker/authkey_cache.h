/* authkey_cache.h - records of clients' keys that were read lately, so that not each request asks
 * Redis for one.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_AUTHKEY_CACHE_H
#define BROKER_AUTHKEY_CACHE_H

#include <stddef.h>

#include "broker/authkey.h"

enum {
    AUTHKEY_CACHE = 1024,   /* records at most */
    AUTHKEY_LIFE_MS = 1000, /* a record that has changed in Redis is used for so long */
};

/* Records as they were read, the missing ones too.  The cache keeps digests of keys: it has no
 * secret, and a key that is nearly right takes no longer to compare than another. */
struct authkey_cache *authkey_cache_new(void);
void authkey_cache_free(struct authkey_cache *cache);

/* The record of a key; for a key that is not valid, one that is not known.  NULL: authkey_call()
 * must run, and its result be stored.  now_ms is of a clock that never goes back. The record is the
 * cache's, and valid until the next authkey_cache_store(). */
const struct authkey *authkey_cache_find(struct authkey_cache *cache, const char *key, size_t len,
                                         long long now_ms);

/* Takes over what authkey_call() has read of a valid key; asked_ms is the time before the call was
 * sent.  The return is as of authkey_cache_find(). */
const struct authkey *authkey_cache_store(struct authkey_cache *cache, const char *key, size_t len,
                                          struct authkey *authkey, long long asked_ms);

#endif
