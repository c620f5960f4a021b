/* counts.h - how often calls did not run where they were sent first; no I/O.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef REDIS_COUNTS_H
#define REDIS_COUNTS_H

#include "base/address.h"

/* A node did not run a call: it is another one's, for this once, or it has not all of its keys. */
enum redirect { REDIRECT_MOVED, REDIRECT_ASK, REDIRECT_LATER, REDIRECTS };

enum { COUNTS_NODES = 64 }; /* that are counted one by one */

/* Zeroed memory has counted nothing. */
struct counts {
    long long redirects[REDIRECTS];
    struct {
        char name[ADDRESS_TEXT];
        long long refused; /* calls that were not sent to it, as it had not answered before */
    } nodes[COUNTS_NODES];
    int node_count;
};

/* A call was not sent to the node of that name. */
void counts_refused(struct counts *counts, const char *name);

#endif
