/* verb.h - the rows of commands of the JSON protocol.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROTOCOL_VERB_H
#define PROTOCOL_VERB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

struct buffer;
struct call;
struct command;
struct json_object;

/* Reads the members and builds the call; the answer's members, once it has run. */
typedef enum status verb_build(struct command *command, struct call *call, struct reason *reason);
typedef void verb_answer(struct command *command, struct json_object *answer);

/* The same as text, for what has messages in it: "name":value, with a comma between. */
typedef void verb_write(const struct command *command, struct buffer *out);

/* Of enum authkey_priv, one of them; 0: what the row says. */
typedef unsigned verb_needs(const struct command *command);

/* Builds the call for command->queue, after one for another queue. */
typedef void verb_next(struct command *command, struct call *call);

/* A call of the command has run with that status: builds the one that comes behind it.  False:
 * there is none, and the status is that of the command. */
typedef bool verb_more(struct command *command, struct call *call, enum status *status);

/* Adds what has been done, as the log says it; nothing where it was a mere look. */
typedef void verb_done(const struct command *command, struct buffer *text);

/* What the command keeps points to is freed. */
typedef void verb_clear(void *own);

struct json_verb {
    const char *name;
    const char *members; /* that it may have besides cmd, one space between */
    unsigned needs;      /* of enum authkey_priv, one of them */
    bool ends_leases;
    size_t size; /* of command->own, which is zeroed before build */
    verb_build *build;
    verb_answer *answer; /* or: */
    verb_write *write;
    verb_needs *needs_otherwise; /* NULL: no command of this verb needs something else */
    verb_next *next;             /* NULL: it takes from one queue at most */
    verb_more *more;             /* NULL: all of its calls are alike */
    verb_done *done;             /* NULL: to one message at most */
    verb_clear *clear;           /* NULL: it points to nothing */
};

/* The rows of each file; one without a name ends them. */
extern const struct json_verb verbs_of_messages[], verbs_of_leases[], verbs_of_queues[],
    verbs_of_letters[], verbs_of_pools[];

/* NULL when there is none of that name. */
const struct json_verb *verb_find(const char *name, size_t len);

#endif
