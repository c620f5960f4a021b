/* command_line.h - the command line: which verb, its options, help, completion.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_COMMAND_LINE_H
#define CLI_COMMAND_LINE_H

#include "cli/order.h"

/* Runs what the words of main() say.  Each table ends with a row without a name, the list of tables
 * with NULL; both are kept by reference. */
enum outcome line_run(const struct verb *const *tables, int argc, char **argv);

/* For whoever goes through all verbs: the first one behind that one, NULL: of all, in the tables of
 * line_run(); NULL at the end. */
const struct verb *line_next_verb(const struct verb *verb);

/* The common options of a verb; the last one has no name.  *first is where they stand in an
 * order. */
const struct verb_option *line_common_options(const struct verb *verb, int *first);

/* The verb completion. */
verb_work completion_verb;

#endif
