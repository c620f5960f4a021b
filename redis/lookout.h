/* lookout.h - asks the sentinels where the master is, and waits for their answers.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef REDIS_LOOKOUT_H
#define REDIS_LOOKOUT_H

#include <stdbool.h>

#include "base/address.h"
#include "base/settings.h"

struct lookout;

/* Connects when it is asked first.  The settings must outlive it. */
struct lookout *lookout_new(const struct settings *settings);
void lookout_free(struct lookout *lookout);

/* Is it time to look again?  Once a second, and where the master that is known failed, ten times a
 * second. */
bool lookout_is_due(const struct lookout *lookout, bool has_failed);

/* Where is the master?  False: no sentinel that was asked says so.  The one that answered last is
 * asked first; each has 200 ms.  `failed` is the address of a master that failed, or "": then all
 * sentinels are asked until one names another address, for half a second; NULL: two of them are
 * asked, until one answers.  Ends at that time by clock_ms() at the latest. */
bool lookout_find(struct lookout *lookout, const char *failed, long long until_ms,
                  char at[ADDRESS_TEXT]);

#endif
