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

enum { RELEASE_DELAY, RELEASE_REASON };
verb_work release_verb;

enum { WORK_JOBS, WORK_LEASE, WORK_BACKOFF, WORK_UNTIL_EMPTY };
verb_work work_verb;

enum { LS_MATCH };
verb_work ls_verb;

enum { STATS_MATCH, STATS_WATCH, STATS_EVERY };
verb_work stats_verb;

enum { WHO_FOLLOW };
verb_work who_verb;
verb_work who_list; /* without that option */

enum { METRICS_MATCH, METRICS_POOLS };
verb_work metrics_verb;

enum { HEALTH_HELPER };
verb_work health_verb;

verb_work ready_verb;
verb_work rights_verb;

enum { PURGE_YES };
verb_work purge_verb;

enum { REMOVE_FORCE, REMOVE_YES };
verb_work remove_verb;

enum { DELETE_FORCE };
verb_work delete_verb;

enum { BROWSE_STATE, BROWSE_MATCH, BROWSE_LIMIT, BROWSE_KEY, BROWSE_CUT };
verb_work browse_verb;

enum { DEAD_LS_MATCH, DEAD_LS_LIMIT };
verb_work dead_ls_verb;
verb_work dead_queues; /* without a queue */

enum { DEAD_RM_ALL, DEAD_RM_YES };
verb_work dead_rm_verb;

enum { REDRIVE_COUNT };
verb_work redrive_verb;

enum { PAUSE_WHAT };
verb_work pause_verb;
verb_work start_verb;

verb_work set_verb;

enum { LB_REPLICAS, LB_ANY_ROW, LB_KEY, LB_BOUND, LB_COST };
verb_work lb_pick_verb;
verb_work lb_charge_verb;

enum { LB_LIST_MATCH };
verb_work lb_list_verb;

enum { LB_PUT_SCORE, LB_PUT_INCR, LB_PUT_ROW, LB_PUT_NO_ADD };
verb_work lb_put_verb;

enum { LB_RM_YES };
verb_work lb_rm_verb;

verb_work pub_verb;
verb_work sub_verb;

enum { EXPORT_COPY };
verb_work export_verb;

enum { IMPORT_ASSUME, IMPORT_WINDOW };
verb_work import_verb;

enum { BENCH_JOBS, BENCH_SECONDS, BENCH_SIZE };
verb_work bench_verb;

#endif
