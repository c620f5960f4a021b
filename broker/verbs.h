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

/* Of enum authkey_priv, one of them; 0: what the row says. */
typedef unsigned verb_needs(const struct command *command);

/* Builds the call for command->queue, after one for another queue. */
typedef void verb_next(struct command *command, struct call *call);

/* Adds what has been done, as the log says it; nothing where it was a mere look. */
typedef void verb_done(const struct command *command, struct buffer *text);

/* Of what the command keeps: what it points to is freed; purged bodies wait to be swept. */
typedef void verb_clear(void *own);
typedef bool verb_left_trash(const void *own);

struct verb {
    const char *name;
    const char *members; /* that it may have besides cmd, one space between */
    unsigned needs;      /* of enum authkey_priv, one of them */
    bool ends_leases;
    size_t size; /* of command->own, which is zeroed before build */
    verb_build *build;
    verb_answer *answer;
    verb_needs *needs_otherwise; /* NULL: no command of this verb needs something else */
    verb_next *next;             /* NULL: it takes from one queue at most */
    verb_done *done;             /* NULL: to one message at most */
    verb_left_trash *left_trash; /* NULL: as command->claims say */
    verb_clear *clear;           /* NULL: it points to nothing */
};

/* The rows of each file; one without a name ends them. */
extern const struct verb verbs_of_messages[], verbs_of_leases[], verbs_of_queues[],
    verbs_of_pools[];

/* NULL when there is none of that name. */
const struct verb *verb_find(const char *name, size_t len);

/* --- what many of them have ---------------------------------------------------------------- */

/* Sets command->queue: to that name, or to the member "queue". */
enum status verb_set_queue(struct command *command, const char *name, size_t len,
                           struct reason *reason);
enum status verb_get_queue(struct command *command, struct reason *reason);

/* Reads the key of a message of command->queue. */
enum status verb_get_key(const struct command *command, struct claim *claim, struct reason *reason);

void verb_answer_text(struct json_object *answer, const char *name, const char *text);
void verb_answer_number(struct json_object *answer, const char *name, long long number);
void verb_answer_queue(struct command *command, struct json_object *answer);

/* A member of the request, as it came. */
void verb_answer_echo(struct command *command, struct json_object *answer, const char *name);

#endif
