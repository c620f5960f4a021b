/* table.c - THE TABLE of the verbs that speak HTTP.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "cli/table.h"

#include <stddef.h>

#include "cli/line.h"
#include "cli/verbs.h"

enum { MANY = 1000000 };

// clang-format off
/* Their order is that of the enums in verbs.h. */
static const struct verb_option push_options[] = {
    {"file",  "FILE",    "the message is what this file has"},
    {"lines", NULL,      "each line is a message: batches, as soon as lines are there"},
    {"once",  "NAME",    "an Idempotency-Key: repeated within idempotency_seconds\nit is pushed once"},
    {"delay", "SECONDS", "nobody gets it before"},
    {"ttl",   "SECONDS", "nobody gets it afterwards"},
    {NULL,    NULL,      NULL},
};
static const struct verb_option take_options[] = {
    {"lease", "SECONDS", "leave it leased to you: it comes back without an ack"},
    {"count", "N",       "so many at most (default 1), each with a line feed behind it"},
    {"wait",  "SECONDS", "for a message, if there is none"},
    {NULL,    NULL,      NULL},
};
static const struct verb_option peek_options[] = {
    {"key", "KEY", "that message, wherever it stands"},
    {NULL,  NULL,  NULL},
};
static const struct verb_option extend_options[] = {
    {"by", "SECONDS", "the lease ends so many seconds from now (default 30)"},
    {NULL, NULL,      NULL},
};
static const struct verb_option release_options[] = {
    {"delay", "SECONDS", "it comes back after that; without, as the queue's backoff says"},
    {NULL,    NULL,      NULL},
};
static const struct verb_option work_options[] = {
    {"jobs",        "N",       "so many messages at the same time (default 1, at most 256)"},
    {"lease",       "SECONDS", "of a message; extended while the command runs (default 30)"},
    {"backoff",     "B,F,MAX", "a failed message comes back after B seconds, then B times F,\n... at most MAX (default: the queue's, or 1,2,300)"},
    {"until-empty", NULL,      "end when there is no message, instead of waiting for one"},
    {NULL,          NULL,      NULL},
};

#define FROM_LINES                                                                                 \
    "Without KEY and TOKEN the standard input has them, or messages as \"take --lease --json\"\n"   \
    "prints them, one a line.\n"

const struct verb client_verbs[] = {
    {"push", "QUEUE [MESSAGE]", "push a message, or one for each line",
     "Without MESSAGE the standard input is the message, whatever its bytes.  Prints the key.\n"
     "No answer is no loss: it is asked again, and pushed once.\n",
     ASKS_BROKER, push_verb, 1, 2, push_options, "POST q NAMED"},
    {"take", "QUEUE [QUEUE ...]", "take the oldest message, of the first queue that has one",
     "It is taken under a lease and acked when it has been printed, so a full disk or a broken\n"
     "pipe loses nothing; a message may be printed twice.  Status 3: there is none.\n",
     ASKS_BROKER, take_verb, 1, 16, take_options, "GET q NAMED,GET q WHOLE queues,GET w NAMED,GET w WHOLE"},
    {"peek", "QUEUE", "read a message and leave it there", "", ASKS_BROKER, peek_verb, 1, 1,
     peek_options, "GET q NAMED"},
    {"ack", "QUEUE [KEY TOKEN]", "end leases: these messages are done", FROM_LINES,
     ASKS_BROKER, ack_verb, 1, 3, NULL, "POST q NAMED acks"},
    {"extend", "QUEUE [KEY TOKEN]", "let leases end later", FROM_LINES,
     ASKS_BROKER, extend_verb, 1, 3, extend_options, "PUT q NAMED"},
    {"release", "QUEUE [KEY TOKEN]", "give leased messages back", FROM_LINES,
     ASKS_BROKER, release_verb, 1, 3, release_options, "PUT q NAMED"},
    {"work", "QUEUE -- COMMAND [WORD ...]", "run a command for each message",
     "The message is its standard input; RESTMQ_QUEUE, RESTMQ_KEY, RESTMQ_LEASE and\n"
     "RESTMQ_DELIVERIES say what it is.  Status 0 acks it; with another one it is given back,\n"
     "later each time.  SIGTERM or Ctrl-C: takes no more and waits for the commands that run;\n"
     "a second one ends them and gives their messages back.\n",
     ASKS_BROKER, work_verb, 2, MANY, work_options, "GET w NAMED,GET q NAMED,POST q NAMED acks,PUT q NAMED,GET p NAMED"},
    {"completion", "bash|zsh", "print what a shell needs to complete these words", "",
     ASKS_NOBODY, completion_verb, 1, 1, NULL, NULL},
    {NULL, NULL, NULL, NULL, ASKS_NOBODY, NULL, 0, 0, NULL, NULL},
};
// clang-format on
