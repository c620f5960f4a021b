/* trial.h - one call over a connection of its own, for a program that does nothing else.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef REDIS_TRIAL_H
#define REDIS_TRIAL_H

#include "base/settings.h"
#include "base/status.h"
#include "redis/call.h"

/* As link_run(); waits up to redis_timeout_ms. */
enum status trial_run(const struct settings *settings, struct call *call, struct reason *reason);

#endif
