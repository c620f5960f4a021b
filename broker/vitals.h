/* vitals.h - how a Redis is, from its answer to INFO.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_VITALS_H
#define BROKER_VITALS_H

struct json_object;
struct redisReply;

/* Adds "version", "role", "uptime_s", "clients", "memory":{"used","max"} in bytes, where max 0 is
 * no limit, "eviction_policy", "aof":{"on","ok"}, "rdb":{"saved_at","ok","changes"}, the first in
 * ms since 1970, and "replicas":[{"address","state","lag_s"}].  What INFO does not say is null;
 * info NULL, or no text: all of it. */
void vitals_to_json(const struct redisReply *info, struct json_object *object);

#endif
