/* verbs.h - the commands of the JSON protocol; for command.c only.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_VERBS_H
#define BROKER_VERBS_H

#include <stddef.h>

#include "broker/command.h"

struct verb {
    const char *name;
    const char *members; /* that it may have besides cmd, one space between */
    enum status (*build)(struct command *, struct call *, struct reason *);
    void (*answer)(struct command *, struct json_object *answer);
};

/* NULL when there is none of that name. */
const struct verb *verb_find(const char *name, size_t len);

/* As command_next() and command_left_trash(). */
bool verb_next(struct command *command, struct call *call);
bool verb_left_trash(const struct command *command);

#endif
