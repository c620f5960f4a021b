/* trial.c - one call over a connection of its own.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "redis/trial.h"

#include "redis/link.h"

enum status trial_run(const struct settings *settings, struct call *call, struct reason *reason)
{
    struct link *link = link_new(settings);
    enum status status = link_run(link, call, reason);

    link_free(link);
    return status;
}
