/* stop.c - SIGINT and SIGTERM.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "cli/stop.h"

#include <signal.h>

#include "cli/order.h"

volatile bool stop_asked, stop_urged;
static volatile sig_atomic_t last;

static void note(int number)
{
    last = number;
    if (stop_asked)
        stop_urged = true;
    stop_asked = true;
}

void stop_watch(void)
{
    struct sigaction action = {.sa_handler = note};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int stop_status(void)
{
    return OUTCOME_SIGNAL + (int)last;
}
