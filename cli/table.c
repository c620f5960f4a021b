/* table.c - THE TABLE of the verbs that speak HTTP.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "cli/table.h"

#include <stddef.h>

#include "cli/command_line.h"
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
    {"delay",  "SECONDS", "it comes back after that; without, as the queue's backoff says"},
    {"reason", "TEXT",    "why the work failed, which browse and dead ls show"},
    {NULL,     NULL,      NULL},
};
static const struct verb_option work_options[] = {
    {"jobs",        "N",       "so many messages at the same time (default 1, at most 256)"},
    {"lease",       "SECONDS", "of a message; extended while the command runs (default 30)"},
    {"backoff",     "B,F,MAX", "a failed message comes back after B seconds, then B times F,\n... at most MAX (default: the queue's, or 1,2,300)"},
    {"until-empty", NULL,      "end when there is no message, instead of waiting for one"},
    {NULL,          NULL,      NULL},
};

static const struct verb_option ls_options[] = {
    {"match", "PATTERN", "only names like orders.*, with * and ?"},
    {NULL, NULL, NULL},
};
static const struct verb_option stats_options[] = {
    {"match", "PATTERN", "only names like orders.*, with * and ?"},
    {"watch", NULL, "a line each second, until Ctrl-C"},
    {"every", "SECONDS", "between the lines of --watch"},
    {NULL, NULL, NULL},
};
static const struct verb_option who_options[] = {
    {"follow", NULL, "who comes and goes, as it happens, until Ctrl-C"},
    {NULL, NULL, NULL},
};
static const struct verb_option metrics_options[] = {
    {"match", "PATTERN", "only queues like orders.*, with * and ?"},
    {"pools", "A,B", "and the scores of these pools"},
    {NULL, NULL, NULL},
};
static const struct verb_option health_options[] = {
    {"helper", NULL, "the helper that streams, not the responder"},
    {NULL, NULL, NULL},
};
static const struct verb_option purge_options[] = {
    {"yes", NULL, "do not ask"},
    {NULL, NULL, NULL},
};
static const struct verb_option remove_options[] = {
    {"force", NULL, "whatever it still has"},
    {"yes", NULL, "do not ask"},
    {NULL, NULL, NULL},
};
static const struct verb_option delete_options[] = {
    {"force", NULL, "a leased one, too"},
    {NULL, NULL, NULL},
};
static const struct verb_option browse_options[] = {
    {"state", "STATE", "ready, leased or delayed (default: all of them)"},
    {"match", "TEXT", "only with this text in key, reason or message"},
    {"limit", "N", "so many at most (default 50)"},
    {"key", "KEY", "that message, wherever it stands"},
    {"cut", "BYTES", "of each message, at most 65536 (default 60; with --json 1024)"},
    {NULL, NULL, NULL},
};
static const struct verb_option dead_ls_options[] = {
    {"match", "TEXT", "with QUEUE: only with this text in key, reason or message"},
    {"limit", "N", "with QUEUE: so many at most (default 50)"},
    {NULL, NULL, NULL},
};
static const struct verb_option dead_rm_options[] = {
    {"all", NULL, "all of them"},
    {"yes", NULL, "do not ask"},
    {NULL, NULL, NULL},
};
static const struct verb_option redrive_options[] = {
    {"count", "N", "so many at most (default: all)"},
    {NULL, NULL, NULL},
};
static const struct verb_option pause_options[] = {
    {"what", "WHAT", "streams (default), takes or pushes"},
    {NULL, NULL, NULL},
};
static const struct verb_option lb_pick_options[] = {
    {"replicas", "N", "so many servers, of as many rows"},
    {"any-row", NULL, "several may be of one row"},
    {"key", "KEY", "those that this key belongs to, whatever their scores"},
    {"bound", "N", "with --key: pass over who has more than N times the mean"},
    {NULL, NULL, NULL},
};
static const struct verb_option lb_charge_options[] = {
    {"replicas", "N", "so many servers, of as many rows"},
    {"any-row", NULL, "several may be of one row"},
    {"key", "KEY", "those that this key belongs to, whatever their scores"},
    {"bound", "N", "with --key: pass over who has more than N times the mean"},
    {"cost", "N", "what is added to their scores (default 1)"},
    {NULL, NULL, NULL},
};
static const struct verb_option lb_list_options[] = {
    {"match", "PATTERN", "without POOL: only names like files.*, with * and ?"},
    {NULL, NULL, NULL},
};
static const struct verb_option lb_put_options[] = {
    {"score", "N", "the lower the better"},
    {"incr", "N", "what is added to the score; may be below 0"},
    {"row", "ROW", "rack or network: what stands in others does not fail with it"},
    {"no-add", NULL, "only a server that is there"},
    {NULL, NULL, NULL},
};
static const struct verb_option lb_rm_options[] = {
    {"yes", NULL, "do not ask"},
    {NULL, NULL, NULL},
};

static const struct verb_option export_options[] = {
    {"copy", NULL, "leave them there: all messages of a queue whose takes are held"},
    {NULL,   NULL, NULL},
};
static const struct verb_option import_options[] = {
    {"assume", "WHAT",    "pushed or lost: what became of a batch that nobody knows of"},
    {"window", "SECONDS", "idempotency_seconds of the broker (default 300)"},
    {NULL,     NULL,      NULL},
};

static const struct verb_option bench_options[] = {
    {"jobs",    "N",       "so many clients at the same time (default 4)"},
    {"seconds", "SECONDS", "of each of the three parts (default 5)"},
    {"size",    "BYTES",   "of a message (default 100)"},
    {NULL,      NULL,      NULL},
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
     ASKS_BROKER, take_verb, 1, 16, take_options, "GET q NAMED,GET q WHOLE queues,GET q NAMED wait,GET q WHOLE wait,GET w NAMED,GET w WHOLE"},
    {"peek", "QUEUE", "read a message and leave it there", "", ASKS_BROKER, peek_verb, 1, 1,
     peek_options, "GET q NAMED"},
    {"browse", "QUEUE", "show the messages of a queue as they stand there",
     "Nothing is changed, and no lease is needed.\n",
     ASKS_BROKER, browse_verb, 1, 1, browse_options, "GET j NAMED"},
    {"ack", "QUEUE [KEY TOKEN]", "end leases: these messages are done", FROM_LINES,
     ASKS_BROKER, ack_verb, 1, 3, NULL, "POST q NAMED acks"},
    {"extend", "QUEUE [KEY TOKEN]", "let leases end later", FROM_LINES,
     ASKS_BROKER, extend_verb, 1, 3, extend_options, "PUT q NAMED"},
    {"release", "QUEUE [KEY TOKEN]", "give leased messages back", FROM_LINES,
     ASKS_BROKER, release_verb, 1, 3, release_options, "PUT q NAMED"},
    {"work", "QUEUE -- COMMAND [WORD ...]", "run a command for each message",
     "The message is its standard input; RESTMQ_QUEUE, RESTMQ_KEY, RESTMQ_LEASE and\n"
     "RESTMQ_DELIVERIES say what it is.  Status 0 acks it; with another one it is given back,\n"
     "later each time, and its last line on standard error is the reason.  SIGTERM or Ctrl-C: takes no more and waits for the commands that run;\n"
     "a second one ends them and gives their messages back.\n",
     ASKS_BROKER, work_verb, 2, MANY, work_options, "GET w NAMED,GET q NAMED,POST q NAMED acks,PUT q NAMED,GET p NAMED"},
    {"ls", "", "list the queues", "", ASKS_BROKER, ls_verb, 0, 0, ls_options, "GET q WHOLE"},
    {"stats", "[QUEUE]", "show the numbers of all queues, or of one", "", ASKS_BROKER, stats_verb, 0, 1, stats_options,
     "GET stats WHOLE,GET stats NAMED"},
    {"set", "QUEUE [NAME=VALUE ...]", "show and change a queue's policy and settings",
     "Names are policy, lease, max_deliveries, max_length, ttl and backoff; 0 takes one away.\n",
     ASKS_BROKER, set_verb, 1, 7, NULL, "GET p NAMED,POST p NAMED"},
    {"pause", "QUEUE", "hold a queue's streams, takes or pushes", "", ASKS_BROKER, pause_verb, 1, 1,
     pause_options, "POST control NAMED"},
    {"start", "QUEUE", "let them go on", "", ASKS_BROKER, start_verb, 1, 1, pause_options, "POST control NAMED"},
    {"delete", "QUEUE KEY ...", "delete single messages", "", ASKS_BROKER, delete_verb, 2, MANY,
     delete_options, "DELETE q NAMED key,DELETE q NAMED force"},
    {"purge", "QUEUE", "remove all messages of a queue", "", ASKS_BROKER, purge_verb, 1, 1, purge_options,
     "DELETE q NAMED"},
    {"remove", "QUEUE", "remove a queue, its settings and its counter",
     "It must be empty, without dead letters and consumers, but for --force.\n",
     ASKS_BROKER, remove_verb, 1, 1, remove_options, "DELETE q NAMED remove"},
    {"redrive", "QUEUE [KEY ...]", "send a queue's dead letters back to it", "", ASKS_BROKER, redrive_verb, 1, MANY,
     redrive_options, "POST q NAMED redrive"},
    {"dead ls", "[QUEUE]", "list the queues that have dead letters, or a queue's dead letters", "",
     ASKS_BROKER, dead_ls_verb, 0, 1, dead_ls_options, "GET stats WHOLE,GET j NAMED"},
    {"dead rm", "QUEUE KEY ...", "delete dead letters of a queue", "", ASKS_BROKER, dead_rm_verb, 1, MANY,
     dead_rm_options, "POST q NAMED deletes,DELETE q NAMED"},
    {"dead redrive", "QUEUE [KEY ...]", "the same as redrive", "", ASKS_BROKER, redrive_verb, 1, MANY, redrive_options,
     "POST q NAMED redrive"},
    {"pub", "CHANNEL [MESSAGE]", "publish to whoever listens on a channel now",
     "Without MESSAGE the standard input is the message.  Prints how many connections heard it.\n",
     ASKS_BROKER, pub_verb, 1, 2, NULL, "POST pub NAMED"},
    {"sub", "CHANNEL", "print what is published on a channel, until Ctrl-C",
     "A line for each message; a text of several lines is several.  Comes back by itself when the\n"
     "connection ends; standard error says when something may have been missed.\n",
     ASKS_BROKER, sub_verb, 1, 1, NULL, "GET sub NAMED"},
    {"who", "[TOPIC]", "show where there are streaming consumers, and who they are", "", ASKS_BROKER,
     who_verb, 0, 1, who_options, "GET presence WHOLE,GET presence NAMED,GET who NAMED"},
    {"lb pick", "POOL", "print the best server of a pool", "", ASKS_BROKER, lb_pick_verb, 1, 1, lb_pick_options,
     "GET lb NAMED"},
    {"lb charge", "POOL", "the same, and add to its score",
     "Of those who ask at the same time each gets another one.\n", ASKS_BROKER, lb_charge_verb, 1, 1,
     lb_charge_options, "POST lb NAMED"},
    {"lb list", "[POOL]", "list the pools, or the servers of one", "", ASKS_BROKER, lb_list_verb, 0, 1, lb_list_options,
     "GET lb WHOLE,GET lb NAMED list"},
    {"lb put", "POOL SERVER", "add a server to a pool, or change its score", "Prints the score.\n", ASKS_BROKER,
     lb_put_verb, 2, 2, lb_put_options, "PUT lb NAMED,PUT lb NAMED incr"},
    {"lb rm", "POOL [SERVER]", "remove a server, or the whole pool", "", ASKS_BROKER, lb_rm_verb, 1, 2, lb_rm_options,
     "DELETE lb NAMED"},
    {"ready", "", "ask whether Redis is there, and what it promises", "", ASKS_BROKER, ready_verb, 0, 0, NULL,
     "GET ready WHOLE"},
    {"health", "", "ask whether the program is alive", "", ASKS_BROKER, health_verb, 0, 0, health_options,
     "GET health WHOLE,GET health NAMED"},
    {"rights", "[NAME]", "show what you may do, with a queue, channel, topic or pool", "", ASKS_BROKER, rights_verb, 0, 1,
     NULL, "GET rights WHOLE,GET rights NAMED"},
    {"metrics", "", "print the numbers for Prometheus", "", ASKS_BROKER, metrics_verb, 0, 0, metrics_options,
     "GET metrics WHOLE"},
    {"export", "QUEUE FILE", "move the messages of a queue into a file",
     "A line of JSON each, behind those that are there.  A message is acked when its line is on the\n"
     "disk.  Whatever interrupts it: run it again, and nothing is lost or there twice.\n",
     ASKS_BROKER, export_verb, 2, 2, export_options,
     "GET q NAMED,POST q NAMED acks,PUT q NAMED,GET j NAMED,GET stats NAMED"},
    {"import", "QUEUE FILE", "push the messages of such a file",
     "FILE.restmq-import notes how far it came.  Whatever interrupts it: run it again, and nothing\n"
     "is lost or pushed twice.\n",
     ASKS_BROKER, import_verb, 2, 2, import_options, "POST q NAMED"},
    {"bench", "", "measure how many pushes and takes a second there are",
     "In a queue of its own, which it removes in the end.\n",
     ASKS_BROKER, bench_verb, 0, 0, bench_options, "POST q NAMED,GET q NAMED,POST q NAMED acks,DELETE q NAMED remove"},
    {"completion", "bash|zsh", "print what a shell needs to complete these words", "",
     ASKS_NOBODY, completion_verb, 1, 1, NULL, NULL},
    {NULL, NULL, NULL, NULL, ASKS_NOBODY, NULL, 0, 0, NULL, NULL},
};
// clang-format on
