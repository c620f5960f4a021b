/* tidy.h - removes from presence what dead helpers have left, call by call.
 *
 * The way is that from the helpers to their topics and to the rows there, and back: a topic leaves
 * the list of its helper once it has no rows of it, and a helper its list once it has no topics.
 * So a process that stops on the way leaves what the next one finds.  Several may go it at the same
 * time.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_TIDY_H
#define BROKER_TIDY_H

#include <stdbool.h>

#include "base/limits.h"
#include "broker/helpers.h"
#include "redis/call.h"

enum { TIDY_HELPERS = 10, TIDY_TOPICS = 100 };

/* Zeroed memory is a walk that has not begun. */
struct tidy {
    enum tidy_stage {
        TIDY_DEAD,   /* which helpers are dead? */
        TIDY_LISTED, /* where may this one have rows? */
        TIDY_ROWS,   /* those of a topic go; announced */
        TIDY_STRIKE, /* those topics leave its list, */
        TIDY_BURY,   /* and it that of the helpers */
        TIDY_OVER,
    } stage;
    int helpers_count, helper; /* in hand */
    char helpers[TIDY_HELPERS][HELPER_ID];
    int topics_count, topic; /* in hand */
    char topics[TIDY_TOPICS][LIMIT_NAME + 1];
    bool has_more;   /* topics that are not in hand */
    bool is_failed;  /* some of this helper must wait, */
    bool was_failed; /* or of another one */
};

/* Builds the next call, of LIMIT_PAGE rows at most; false: there is nothing more to do for now. */
bool tidy_call(struct tidy *tidy, struct call *call);
call_decode tidy_result;

/* The call has failed: its helper or topic waits for a later walk. */
void tidy_pass(struct tidy *tidy);

#endif
