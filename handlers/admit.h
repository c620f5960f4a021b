/* admit.h - may whoever asks do this?  The one call before every handler.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_ADMIT_H
#define HANDLERS_ADMIT_H

#include <stdbool.h>

#include "base/status.h"
#include "http/acl.h"

struct exchange;

/* Checks address, password, Host and Origin, and where keys are required the key, for the queues
 * that the request is about: exchange->queue, or those in its options queue and queues, or all.
 * FORBIDDEN, UNAUTHORIZED; UNAVAILABLE when the key cannot be looked up. */
enum status admit(struct exchange *exchange, enum right right, bool changes);

#endif
