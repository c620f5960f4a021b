/* verbs.h - the commands of the JSON protocol; for command.c and the files of commands only.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_VERBS_H
#define BROKER_VERBS_H

#include <stddef.h>

#include "broker/authkey.h"
#include "broker/command.h"

/* Reads the members and builds the call; the answer's members, once it has run. */
typedef enum status verb_build(struct command *command, struct call *call, struct reason *reason);
typedef void verb_answer(struct command *command, struct json_object *answer);

/* Adds what has been done, as the log says it; nothing where it was a mere look. */
typedef void verb_done(const struct command *command, struct buffer *text);

struct verb {
    const char *name;
    const char *members; /* that it may have besides cmd, one space between */
    verb_build *build;
    verb_answer *answer;
    unsigned needs;  /* of enum authkey_priv, one of them */
    verb_done *done; /* NULL: to one message at most */
};

/* NULL when there is none of that name. */
const struct verb *verb_find(const char *name, size_t len);

/* Is it a policy or control that changes nothing? */
bool verb_only_looks(const struct command *command);

/* As command_needs() and so on. */
unsigned verb_needs(const struct command *command);
const struct claims *verb_claims(const struct command *command);
bool verb_ends_leases(const struct command *command);
const char *verb_queue(const struct command *command, int index);
bool verb_next(struct command *command, struct call *call);
bool verb_left_trash(const struct command *command);

// clang-format off
verb_build build_add, build_pub, build_get, build_take;     /* verbs_messages.c */
verb_build build_del, build_extend, build_release;          /* verbs_leases.c */
verb_build build_acks, build_extends, build_releases;
verb_build build_state, build_list, build_policy;           /* verbs_queues.c */
verb_build build_control, build_purge, build_redrive, build_remove;
verb_build build_lb_best, build_lb_charge, build_lb_list;   /* verbs_pools.c */
verb_build build_lb_update, build_lb_remove;

verb_answer answer_add, answer_pub, answer_get, answer_take;
verb_answer answer_del, answer_extend, answer_release, answer_claims;
verb_answer answer_len, answer_stats, answer_list, answer_policy;
verb_answer answer_control, answer_purge, answer_redrive, answer_remove;
verb_done done_del, done_policy, done_control, done_purge, done_redrive, done_remove;
verb_done done_lb_remove;
verb_answer answer_lb_choice, answer_lb_list, answer_lb_update, answer_lb_remove;
// clang-format on

/* --- what many of them have ---------------------------------------------------------------- */

/* Sets command->queue: to that name, or to the member "queue". */
enum status verb_set_queue(struct command *command, const char *name, size_t len,
                           struct reason *reason);
enum status verb_get_queue(struct command *command, struct reason *reason);

/* Reads the key of a message of command->queue into the first of the claims. */
enum status verb_get_key(struct command *command, struct reason *reason);

void verb_answer_text(struct json_object *answer, const char *name, const char *text);
void verb_answer_number(struct json_object *answer, const char *name, long long number);
void verb_answer_queue(struct command *command, struct json_object *answer);

/* A member of the request, as it came. */
void verb_answer_echo(struct command *command, struct json_object *answer, const char *name);

#endif
