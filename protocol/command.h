/* command.h - RestMQ's JSON protocol: {"cmd":"add","queue":"q","value":"v"} and its like.
 *
 * The same text means the same on every transport: parse it, run the call, render the answer.
 * A new command takes a row in the table of its file, verbs_….c.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROTOCOL_COMMAND_H
#define PROTOCOL_COMMAND_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "broker/claim.h"
#include "redis/call.h"

struct helpers;
struct json_object;
struct rings;
struct token_pool;
struct json_verb;

/* The limits of a command, and what the process keeps for commands. */
struct command_limits {
    long long max_message;   /* bytes */
    long long once_seconds;  /* how long an idempotency key is remembered */
    bool has_id;             /* a member id is returned with the answer */
    struct rings *rings;     /* NULL: no pool places keys */
    struct helpers *helpers; /* those that are alive */
    struct token_pool *tokens;
};

struct command {
    const struct json_verb *verb; /* NULL: the text is no command at all */
    struct json_object *root;
    struct command_limits limits;
    char queue[LIMIT_NAME + 1]; /* that the call is for; of a take from several, the one in turn;
                                   of pub, the channel; of lb_…, the pool */
    struct json_object *queues; /* of a take from several, all of them; NULL: the one */
    int turn;
    bool was_held;        /* one of those before */
    struct claims claims; /* on leases, that del, extend, release and their like are about */
    void *own;            /* the verb's: what it has read, and the results */
};

/* Zeroed memory is an unused command. */
void command_clear(struct command *command);

/* Reads the text and builds the call, which points into the command.  On an error nothing must be
 * run; command->verb tells whether the text was a command (an application's mistake) or none. */
enum status command_parse(struct command *command, const char *text, size_t len,
                          const struct command_limits *limits, struct call *call,
                          struct reason *reason);

/* What the command needs, with each of its queues: one of these privs. */
unsigned command_needs(const struct command *command);

/* The names that the command is about, from 0 on, whichever the call is for; "" for all that there
 * are.  NULL behind the last. */
const char *command_queue(const struct command *command, int index);

/* Are the leases of command->claims over, or were they, once the call has run? */
bool command_ends_leases(const struct command *command);
bool command_returns_leases(const struct command *command); /* and does so by giving back */

/* Bytes of memory that it takes beside itself and the parsed text. */
size_t command_size(const struct command *command);

/* The call has run with that status: is there another one to run, for another queue to take from as
 * this one was EMPTY or HELD, or to ask which helpers are alive?  Then it is built; else the status
 * is that of the whole command. */
bool command_next(struct command *command, struct call *call, enum status *status);

/* The answer as JSON text, once the call has run with that status; also for statuses that are
 * errors: {"error":"text","code":"bad_name"}. */
void command_render(struct command *command, enum status status, const struct reason *reason,
                    struct buffer *out);

/* Once the call has run with OK: adds to the text what was done to more than one message, for the
 * log; nothing where that is not so. */
void command_done(const struct command *command, struct buffer *text);

/* Adds {"error","code"[,"outcome"]} as JSON text; every error of the program looks like this. */
void error_render(enum status status, const struct reason *reason, struct buffer *out);

#endif
