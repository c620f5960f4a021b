/* outage.c - what the log says of a Redis that fails.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "redis/outage.h"

#include <string.h>

#include "base/log.h"

void outage_elsewhere(struct outage *outage)
{
    outage->is_lost = outage->is_refused = false;
    outage->tells_back = true;
}

bool outage_begins(struct outage *outage, const char *name, const char *what, const char *why)
{
    bool is_refused = strncmp(why, "NOPERM", 6) == 0;
    bool is_first = !outage->is_lost || (is_refused && !outage->is_refused);

    outage->is_refused = outage->is_refused || is_refused;
    if (is_first)
        log_error("Redis at %s: %s: %s", name, what, why);
    outage->is_lost = outage->tells_back = true;
    return is_first;
}

bool outage_ends(struct outage *outage, const char *name)
{
    bool is_back = outage->tells_back;

    if (is_back)
        log_info("Redis at %s: back", name);
    outage->is_lost = outage->is_refused = outage->tells_back = false;
    return is_back;
}

void silence_goes_on(struct silence *silence, const char *master, int more, int all)
{
    silence->count += more;
    if (silence->count < all || silence->is_told)
        return;
    log_error("no sentinel says where the master %s is", master);
    silence->is_told = true;
}

void silence_ends(struct silence *silence, const char *master)
{
    if (silence->is_told)
        log_info("a sentinel says where the master %s is", master);
    *silence = (struct silence){0};
}
