/* leases.h - ack, extend or release many leases of a queue in one request.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_LEASES_H
#define CLI_LEASES_H

#include "cli/client.h"

struct lease_list {
    struct buffer json; /* the array, not yet closed; zeroed memory is an empty list */
    int count;          /* LIMIT_BATCH at most */
    const char *reason; /* of their release, kept by reference; NULL: none */
};

void lease_list_add(struct lease_list *leases, const char *key, const char *token);
void lease_list_clear(struct lease_list *leases);

enum lease_act { LEASE_ACK, LEASE_EXTEND, LEASE_RELEASE };

/* Empties the list.  seconds are those of the extension, or of the delay of a release, -1 for none.
 * DONE: *refused is the number of those whose lease was not in force; after a repeat these may be
 * done.  The answer has the array.  Else it has the reason. */
enum outcome leases_ask(struct client *client, const char *queue, enum lease_act act,
                        long long seconds, struct lease_list *leases, int *refused,
                        struct result *answer);

#endif
