/* verbs.h - what many commands of the JSON protocol have; for the files of commands only.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROTOCOL_VERBS_H
#define PROTOCOL_VERBS_H

#include "broker/authkey.h"
#include "protocol/command.h"
#include "protocol/verb.h"

/* Sets command->queue: to that name, or to the member "queue". */
enum status verb_set_queue(struct command *command, const char *name, size_t len,
                           struct reason *reason);
enum status verb_get_queue(struct command *command, struct reason *reason);

/* Reads the key of a message of command->queue. */
enum status verb_get_key(const struct command *command, struct claim *claim, struct reason *reason);

void verb_answer_text(struct json_object *answer, const char *name, const char *text);
void verb_answer_number(struct json_object *answer, const char *name, long long number);
void verb_answer_queue(struct command *command, struct json_object *answer);

/* The same as text, and the comma behind it. */
void verb_write_queue(const struct command *command, struct buffer *out);

/* A member of the request, as it came. */
void verb_answer_echo(struct command *command, struct json_object *answer, const char *name);

#endif
