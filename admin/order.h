/* order.h - a command line of restmq, as its verb gets it.
 *
 * A new verb is a function of verbs.h and a row in the table of main.c.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef ADMIN_ORDER_H
#define ADMIN_ORDER_H

#include <stdbool.h>

#include "base/config.h"

/* How the program ends. */
enum outcome {
    OUTCOME_DONE,    /* and nothing is wrong */
    OUTCOME_FAILED,  /* it could not be done, or what was looked at is not as it should be */
    OUTCOME_MISUSED, /* the command line is none */
};

struct order;

/* Does what the order says; whatever goes wrong is told on standard error. */
typedef enum outcome verb_work(const struct order *order);

enum { VERB_OPTIONS = 6 }; /* that a verb has at most, with a last one without a name */

struct verb {
    const char *name;
    const char *arguments; /* as usages show them */
    const char *sentence;  /* what it does, in a line */
    const char *help;      /* its options, and what else is to be known; lines */
    verb_work *work;
    int least, most; /* words behind it */
    struct {
        const char *name;
        bool has_value;
    } options[VERB_OPTIONS];
};

struct order {
    const struct verb *verb;
    const char *file;                  /* --config; NULL: the default, which may be missing */
    const char *options[VERB_OPTIONS]; /* of those of the verb: the value, or "" for one that has
                                         none; NULL: it is not there */
    int count;
    char **words;
};

/* Tells what is wrong with the command line, in one line, and how it should look. */
enum outcome order_refuse(const struct order *order, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Tells why it could not be done, in one line. */
enum outcome order_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The settings of the daemons, from the same file.  False: they are bad, and that was told.  Clear
 * them all the same, with config_clear(). */
bool order_settings(const struct order *order, struct config *config);

#endif
