/* script.h - the operations that Redis runs, embedded from scripts/ at build time.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef REDIS_SCRIPT_H
#define REDIS_SCRIPT_H

#include <stdbool.h>

struct script {
    const char *name;
    const char *sha; /* hex SHA-1 of the text: Redis's name for it */
    bool changes;    /* false: only reads */
    const char *text;
};

extern const struct script script_ack;
extern const struct script script_beat;
extern const struct script script_bodies;
extern const struct script script_choose;
extern const struct script script_control;
extern const struct script script_delete;
extern const struct script script_elect;
extern const struct script script_exists;
extern const struct script script_extend;
extern const struct script script_jobs;
extern const struct script script_join;
extern const struct script script_leave;
extern const struct script script_look;
extern const struct script script_mend;
extern const struct script script_muster;
extern const struct script script_note;
extern const struct script script_page;
extern const struct script script_peek;
extern const struct script script_place;
extern const struct script script_policy;
extern const struct script script_probe;
extern const struct script script_prolong;
extern const struct script script_purge;
extern const struct script script_push;
extern const struct script script_queues;
extern const struct script script_redrive;
extern const struct script script_release;
extern const struct script script_remove;
extern const struct script script_retire;
extern const struct script script_score;
extern const struct script script_servers;
extern const struct script script_settle;
extern const struct script script_stats;
extern const struct script script_sweep;
extern const struct script script_take;
extern const struct script script_tick;
extern const struct script script_tidy;
extern const struct script script_topics;
extern const struct script script_unused;
extern const struct script script_value;
extern const struct script script_waits;
extern const struct script script_who;

/* All of them, with NULL at the end. */
extern const struct script *const all_scripts[];

#endif
