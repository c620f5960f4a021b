/* helper_metrics.h - how this helper is, in the text form of Prometheus.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_ROLE_HELPER_METRICS_H
#define WS_ROLE_HELPER_METRICS_H

#include "ws/role/kinds.h"

struct buffer;

/* Adds its numbers; user is its struct conns.  As of struct service, see handlers/exchange.h. */
void metrics_add(void *user, struct buffer *out);

#endif
