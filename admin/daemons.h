/* daemons.h - the settings of restmq.fcgi and restmq-wsd, for verbs that ask the same Redis.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef ADMIN_DAEMONS_H
#define ADMIN_DAEMONS_H

#include <stdbool.h>

#include "base/config.h"
#include "cli/order.h"

/* Reads the file of --config, or the default one, which may be missing.  False: the settings are
 * bad, and that was told.  Clear them all the same, with config_clear(). */
bool order_settings(const struct order *order, struct config *config);

/* The same of a file that must be there; NULL: of the default one. */
bool order_settings_of(const char *named, struct config *config);

#endif
