/* stop.h - SIGINT and SIGTERM, for verbs that finish what is in hand before they end.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_STOP_H
#define CLI_STOP_H

#include <stdbool.h>

/* From now on these signals end nothing, but are noted. */
void stop_watch(void);

/* One came, or a second one, which says that it must be quick. */
extern volatile bool stop_asked, stop_urged;

/* How the program ends by it: 130 or 143. */
int stop_status(void);

#endif
