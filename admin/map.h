/* map.h - which node of a Redis Cluster has which slots, for the tools.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef ADMIN_MAP_H
#define ADMIN_MAP_H

#include <stdbool.h>

#include "base/settings.h"
#include "base/status.h"
#include "base/target.h"
#include "redis/cluster.h"

/* Asks those that the target names, one after the other; the settings say how.  False: none tells,
 * and the reason is the last one's.  Clear the map all the same. */
bool map_read(struct cluster *map, const struct settings *settings, const struct target *target,
              struct reason *reason);

#endif
