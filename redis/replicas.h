/* replicas.h - how many replicas have what was sent before on the same connection; no I/O.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef REDIS_REPLICAS_H
#define REDIS_REPLICAS_H

#include <stdbool.h>

#include "base/settings.h"
#include "base/status.h"

struct call;
struct redisReply;

/* Do these settings want replicas to have what the call changes? */
bool replicas_are_wanted(const struct redis_wait *wait, const struct call *call);

/* WAIT, to be sent right behind such a call. */
void replicas_call(struct call *call, const struct redis_wait *wait);

/* What the call before ends with, which Redis has executed: OK, or UNAVAILABLE with an outcome that
 * is unknown. */
enum status replicas_status(const struct redis_wait *wait, const struct redisReply *reply,
                            struct reason *reason);

#endif
