/* verbs.h - the verbs that speak HTTP; what each is asked for stands in its row in table.c, where
 * the options have the order of these enums.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include "cli/order.h"

enum {
    LEASE_SECONDS = 30, /* where nobody says */
    LONG_POLL = 20,     /* seconds that one request waits; proxies give up after 30 or 60 */
};

enum { PUSH_FILE, PUSH_LINES, PUSH_ONCE, PUSH_DELAY, PUSH_TTL };
verb_work push_verb;

enum { TAKE_LEASE, TAKE_COUNT, TAKE_WAIT };
verb_work take_verb;

enum { PEEK_KEY };
verb_work peek_verb;

verb_work ack_verb;

enum { EXTEND_BY };
verb_work extend_verb;

enum { RELEASE_DELAY };
verb_work release_verb;

enum { WORK_JOBS, WORK_LEASE, WORK_BACKOFF, WORK_UNTIL_EMPTY };
verb_work work_verb;

#endif
