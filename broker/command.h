/* command.h - RestMQ's JSON protocol: {"cmd":"add","queue":"q","value":"v"} and its like.
 *
 * The same text means the same on every transport: parse it, run the call, render the answer.
 * A new command takes a row in the table of command.c.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_COMMAND_H
#define BROKER_COMMAND_H

#include <stdbool.h>

#include "base/buffer.h"
#include "broker/call.h"
#include "broker/catalog.h"
#include "broker/queue.h"

struct json_object;
struct verb;

struct command {
    const struct verb *verb; /* NULL: the text is no command at all */
    struct json_object *root;
    char queue[LIMIT_NAME + 1];
    struct buffer binary; /* a decoded base64 value */
    long long max_message;
    /* results */
    long long number;
    bool flag;
    struct message message;
    struct taken taken;
    struct catalog catalog;
    struct queue_state state;
    struct queue_states states;
};

/* Zeroed memory is an unused command. */
void command_clear(struct command *command);

/* Reads the text and builds the call, which points into the command.  Values may have up to
 * max_message bytes.  On an error nothing must be run; command->verb tells whether the text was a
 * command (an application's mistake) or none. */
enum status command_parse(struct command *command, const char *text, size_t len,
                          long long max_message, struct call *call, struct reason *reason);

/* The answer as JSON text, once the call has run with that status; also for statuses that are
 * errors: {"error":"text","code":"bad_name"}. */
void command_render(struct command *command, enum status status, const struct reason *reason,
                    struct buffer *out);

/* Once the call has run: do purged bodies of command->queue wait to be swept? */
bool command_left_trash(const struct command *command);

/* Adds {"error","code"[,"outcome"]} as JSON text; every error of the program looks like this. */
void error_render(enum status status, const struct reason *reason, struct buffer *out);

#endif
