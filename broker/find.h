/* find.h - one message by its key, wherever it stands in its queue: read, or deleted.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_FIND_H
#define BROKER_FIND_H

#include <stdbool.h>

#include "broker/claim.h"
#include "broker/message.h"
#include "redis/call.h"

/* A message, and where it stands. */
struct found {
    struct message message;
    const char *state;  /* "ready", "leased", "delayed" */
    long long until_ms; /* end of the lease, or of the delay; 0: ready */
};

/* Reads it; counted says whether message->count goes up by that.  NOT_FOUND; CONFLICT: it may be a
 * dead letter, and was not looked for. */
void find_call(struct call *call, const char *queue, const struct claim *claim, bool counted,
               struct found *found);
call_decode find_result;

/* Deletes it; with the claim's token this is the ack of a lease.  force: a leased one, too.
 * *deleted is false when there was none.  STALE_LEASE: the token is not that of the lease in force,
 * or is missing.  CONFLICT: as above. */
void find_delete_call(struct call *call, const char *queue, const struct claim *claim, bool force,
                      bool *deleted);
call_decode find_delete_result;

/* For calls of scripts that search as these do (scripts/find.lua): the keys and the arguments with
 * which they begin; and what the number says that such a script answers when it has not found the
 * message. */
void find_add_keys(struct call *call, const char *queue);
void find_add_message(struct call *call, const struct claim *claim);
enum status find_refuse(long long outcome, struct reason *reason);

#endif
