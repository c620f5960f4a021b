/* parts.h - which of their keys some queues have.
 *
 * Most queues have no leases, no dead letters, nothing to sweep: a program that reads all of every
 * queue asks that first, for many at once.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_PARTS_H
#define BROKER_PARTS_H

#include <stdbool.h>

#include "base/limits.h"
#include "broker/keys.h"
#include "redis/call.h"

enum { PARTS_QUEUES = 50, PARTS_KEYS = 5 };

struct parts {
    int count;                             /* of queues */
    char has[PARTS_QUEUES][2][PARTS_KEYS]; /* '1': the queue has it, or its dead letters have */
};

/* Asks about the first of these queues, PARTS_QUEUES or count if that is less. */
void parts_call(struct call *call, char (*queues)[LIMIT_NAME + 1], int count, struct parts *parts);
call_decode parts_result;

/* Had the queue of that index this key, or its dead letters as the owner?  The key is trash,
 * leases, delayed, list or receipts. */
bool parts_has(const struct parts *parts, int index, const char *owner, enum key key);

#endif
