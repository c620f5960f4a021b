/* order.h - a command line of restmq, as its verb gets it.
 *
 * A new verb is a function and a row: in cli/table.c when it speaks HTTP, in admin/main.c when it
 * asks Redis.  The row drives what is parsed, helped with and completed.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_ORDER_H
#define CLI_ORDER_H

#include <stdbool.h>

/* How the program ends; restmq(1) has the same list. */
enum outcome {
    OUTCOME_DONE,      /* and nothing is wrong */
    OUTCOME_FAILED,    /* it could not be done, or what was looked at is not as it should be */
    OUTCOME_MISUSED,   /* the command line is none */
    OUTCOME_NOTHING,   /* there is no message, queue, pool or server of that name */
    OUTCOME_UNREACHED, /* no broker answered, and nothing was done */
    OUTCOME_UNKNOWN,   /* no answer came: it may have been done or not */
    OUTCOME_FORBIDDEN, /* not with this password, key or address */
    OUTCOME_CONFLICT,  /* the lease is not in force, or something stands in the way */
    OUTCOME_LATER,     /* held, full, or no answer of Redis now; nothing was done */
};

/* Beyond these: the program was told to stop by that signal, before it was done. */
enum { OUTCOME_SIGNAL = 128 };

struct order;

/* Does what the order says; whatever goes wrong is told on standard error. */
typedef enum outcome verb_work(const struct order *order);

enum { VERB_OPTIONS = 10 }; /* that a verb has at most */

struct verb_option {
    const char *name;     /* NULL: the end of the options */
    const char *value;    /* what usages call it; NULL: it has none */
    const char *sentence; /* lines, without an end of line at the end */
};

enum verb_asks { ASKS_NOBODY, ASKS_REDIS, ASKS_BROKER };

struct verb {
    const char *name;      /* one word, or two: those of a family begin with the same one */
    const char *arguments; /* as usages show them */
    const char *sentence;  /* what it does, in a line */
    const char *help;      /* what else is to be known; lines */
    enum verb_asks asks;   /* which common options it has */
    verb_work *work;
    int least, most; /* words behind it */
    const struct verb_option *options;
    const char
        *routes; /* that it asks, "POST q NAMED" and the like with commas between; NULL: none */
};

/* Which of the common options stand where in an order: from ORDER_CONFIG on they are of ASKS_REDIS,
 * too. */
enum {
    ORDER_URL = VERB_OPTIONS,
    ORDER_CA,
    ORDER_PATIENCE,
    ORDER_CONFIG,
    ORDER_JSON,
    ORDER_HELP,
    ORDER_OPTIONS,
};

struct order {
    const struct verb *verb;
    const char *options[ORDER_OPTIONS]; /* the value, or "" for one that has none; NULL: it is not
                                           there */
    int count;
    char **words;
};

/* Tells what is wrong with the command line, in one line, and how it should look. */
enum outcome order_refuse(const struct order *order, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Tells why it could not be done, in one line. */
enum outcome order_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The value of an option as a whole number from low to high, *number as it was without the option.
 * False: it is none, and that was told. */
bool order_number(const struct order *order, int option, long long low, long long high,
                  long long *number);

#endif
