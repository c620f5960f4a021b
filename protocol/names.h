/* names.h - names of queues in one option, commas between.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROTOCOL_NAMES_H
#define PROTOCOL_NAMES_H

#include <stdbool.h>

#include "base/limits.h"
#include "base/status.h"
#include "base/text.h"

/* Checks all of them: LIMIT_QUEUES at most.  BAD_NAME, BAD_VALUE. */
enum status names_check(struct text_list names, struct reason *reason);

/* Takes the first name from a list that was checked; false: there is none. */
bool names_next(struct text_list *names, char name[LIMIT_NAME + 1]);

#endif
