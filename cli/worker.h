/* worker.h - one message after the other: take, run the command, ack or release.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_WORKER_H
#define CLI_WORKER_H

#include <stdatomic.h>

#include "cli/client.h"

struct backoff {
    long long base, factor, most; /* seconds; base 0: what the queue says */
};

struct totals {
    atomic_llong done, failed, lost; /* messages; lost: their leases were over before the work */
};

struct worker {
    const struct order *order;
    struct client *client;
    const char *queue;
    char *const *command;
    long long lease; /* seconds */
    struct backoff backoff;
    bool until_empty;
    bool is_polling; /* there is no helper to wait at */
    struct totals *totals;
    struct result answer;
};

/* Until stop_asked; what is in hand then is finished, or with stop_urged given back. */
enum outcome worker_run(struct worker *worker);

/* Of a text like "1,2,300".  False: it is none. */
bool backoff_read(struct backoff *backoff, const char *text);

/* How long a message waits that was given so many times. */
long long backoff_delay(const struct backoff *backoff, long long deliveries);

#endif
