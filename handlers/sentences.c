/* sentences.c - what people are told about each route and each option in openapi.json.
 *
 * A new route takes a row in the first table, a new option one in the second: the first that fits
 * counts.  tests/unit/test-openapi.c compares both with routes.c.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "handlers/sentences.h"

#include <string.h>

#include "base/text.h"

// clang-format off
const struct route_sentence route_sentences[] = {
    {METHOD_GET,    "",             WHOLE, "getRoot",        "The page of routes; with queue, the oldest message of that queue is taken.", ANSWERS_HTML},
    {METHOD_POST,   "",             WHOLE, "pushToRoot",     "Push a message to the queue that the field queue names.", ANSWERS_KEY},
    {METHOD_GET,    "q",            WHOLE, "listQueues",     "The names of all queues; with queues, take from the first of these that has a message.", ANSWERS_JSON},
    {METHOD_GET,    "q",            NAMED, "takeMessage",    "Take the oldest message.", ANSWERS_MESSAGE},
    {METHOD_POST,   "q",            NAMED, "pushMessage",    "Push a message: the field value, or the body as it is; with acks, acknowledge many messages.", ANSWERS_KEY},
    {METHOD_PUT,    "q",            NAMED, "extendLease",    "Extend a lease, or give the message back.", ANSWERS_JSON},
    {METHOD_DELETE, "q",            NAMED, "deleteMessages", "With key, delete one message, which with lease acknowledges it; else purge or remove the queue.", ANSWERS_JSON},
    {METHOD_GET,    "help",         WHOLE, "getHelp",        "The page of routes.", ANSWERS_HTML},
    {METHOD_GET,    "queue",        WHOLE, "getQueueHelp",   "Leads to the page of routes.", ANSWERS_TEXT},
    {METHOD_POST,   "queue",        WHOLE, "postCommand",    "A command of the JSON protocol.", ANSWERS_JSON},
    {METHOD_GET,    "p",            NAMED, "getSettings",    "The policy and the settings of a queue.", ANSWERS_JSON},
    {METHOD_POST,   "p",            NAMED, "changeSettings", "Change the policy and the settings of a queue.", ANSWERS_JSON},
    {METHOD_GET,    "control",      WHOLE, "listControl",    "Which queues are started, and what of them is held.", ANSWERS_JSON},
    {METHOD_GET,    "control",      NAMED, "getControl",     "Whether a queue is started, and what of it is held.", ANSWERS_JSON},
    {METHOD_POST,   "control",      NAMED, "changeControl",  "Start or stop the streams of a queue, its takes or its pushes.", ANSWERS_JSON},
    {METHOD_GET,    "stats",        WHOLE, "listStats",      "The numbers of all queues.", ANSWERS_JSON},
    {METHOD_GET,    "stats",        NAMED, "getStats",       "The numbers of a queue.", ANSWERS_JSON},
    {METHOD_GET,    "queues",       WHOLE, "listQueueTable", "A page of the table of all queues, in order of their names or numbers.", ANSWERS_JSON},
    {METHOD_GET,    "history",      NAMED, "getHistory",     "The numbers of a queue over the last seconds.", ANSWERS_JSON},
    {METHOD_GET,    "server",       WHOLE, "getServer",      "How Redis and the helpers are, and what Redis promises.", ANSWERS_JSON},
    {METHOD_GET,    "settings",     WHOLE, "getInstallation", "What is in force of restmq.conf.", ANSWERS_JSON},
    {METHOD_GET,    "j",            NAMED, "browseMessages", "The messages of a queue as they stand, which stay there; with key, one of them.", ANSWERS_JSON},
    {METHOD_POST,   "pub",          NAMED, "publish",        "Publish to whoever listens on the channel at the moment; a channel that keeps messages keeps it, too.", ANSWERS_JSON},
    {METHOD_GET,    "pub",          NAMED, "readChannel",    "With since, the messages that a channel keeps behind that id; else how many it keeps.", ANSWERS_MESSAGE},
    {METHOD_PUT,    "pub",          NAMED, "setChannel",     "Say how much a channel keeps for those who come later.", ANSWERS_JSON},
    {METHOD_GET,    "presence",     WHOLE, "listTopics",     "The number of streaming consumers of each topic.", ANSWERS_JSON},
    {METHOD_GET,    "presence",     NAMED, "listConsumers",  "The streaming consumers of a topic.", ANSWERS_JSON},
    {METHOD_GET,    "lb",           WHOLE, "listPools",      "The pools, and how many servers each has.", ANSWERS_JSON},
    {METHOD_GET,    "lb",           NAMED, "findServer",     "The best server of a pool, or of several rows.", ANSWERS_TEXT},
    {METHOD_POST,   "lb",           NAMED, "chargeServer",   "The best server of a pool, whose score rises by cost.", ANSWERS_TEXT},
    {METHOD_PUT,    "lb",           NAMED, "putServer",      "Add a server to a pool, or change its score or row.", ANSWERS_JSON},
    {METHOD_DELETE, "lb",           NAMED, "deleteServer",   "Remove a server from a pool, or the pool.", ANSWERS_JSON},
    {METHOD_GET,    "rights",       WHOLE, "getRights",      "What whoever asks may do.", ANSWERS_JSON},
    {METHOD_GET,    "rights",       NAMED, "getRightsOf",    "What whoever asks may do with that queue, channel, topic or pool.", ANSWERS_JSON},
    {METHOD_GET,    "ui",           WHOLE, "getDashboard",   "The dashboard.", ANSWERS_HTML},
    {METHOD_GET,    "ui",           NAMED, "getUiFile",      "A file of the dashboard.", ANSWERS_FILE},
    {METHOD_GET,    "openapi.json", WHOLE, "getOpenapi",     "This description.", ANSWERS_JSON},
    {METHOD_GET,    "metrics",      WHOLE, "getMetrics",     "The numbers of all queues, for Prometheus.", ANSWERS_TEXT},
    {METHOD_GET,    "health",       WHOLE, "getHealth",      "The program is alive.", ANSWERS_TEXT},
    {METHOD_GET,    "ready",        WHOLE, "getReady",       "Whether Redis takes a push, and what it promises.", ANSWERS_JSON},
    {0},
};

const struct option_sentence option_sentences[] = {
    {"acks",           NULL,       0,           "string",  "1: acknowledge the messages of keys, or of the array that is the body."},
    {"add",            NULL,       0,           "string",  "no: a server that is not in the pool is not added."},
    {"all",            NULL,       0,           "string",  "1: remove all servers."},
    {"backoff",        NULL,       0,           "string",  "Seconds before a message that came back is there again, for each further time more."},
    {"body",           "queue",    0,           "string",  "The command, as JSON."},
    {"body",           NULL,       0,           "string",  "What is published."},
    {"bound",          NULL,       0,           "number",  "Pass over a server whose score is above that many times the mean."},
    {"cost",           NULL,       0,           "number",  "By how much the score of the server rises."},
    {"count",          NULL,       METHOD_POST, "integer", "How many dead letters go back, at most."},
    {"count",          NULL,       0,           "integer", "How many messages, at most; the answer is an array."},
    {"cursor",         NULL,       0,           "string",  "Where the page begins, as the answer before said."},
    {"cut",            NULL,       0,           "integer", "How many bytes of each value are shown, at most."},
    {"delay",          NULL,       0,           "integer", "Seconds for which nobody gets the message."},
    {"deletes",        NULL,       0,           "string",  "1: delete the dead letters of keys."},
    {"extend",         NULL,       0,           "integer", "Seconds that the lease lasts from this moment on."},
    {"force",          NULL,       0,           "string",  "1: also a message that is leased, or a queue that is not empty."},
    {"incr",           NULL,       0,           "number",  "By how much the score changes."},
    {"is",             NULL,       0,           "string",  "Of held, full, stopped, broadcast and roundrobin what a queue must be, with commas between."},
    {"keep",           NULL,       0,           "integer", "How many messages the channel keeps; 0: none."},
    {"keep_bytes",     NULL,       0,           "integer", "How many bytes of messages it keeps, at most."},
    {"keep_s",         NULL,       0,           "integer", "For how many seconds it keeps a message; 0: whatever time."},
    {"key",            "lb",       0,           "string",  "Choose by consistent hashing the server that this belongs to."},
    {"key",            NULL,       0,           "string",  "The key of a message, such as orders:7."},
    {"keys",           NULL,       0,           "string",  "Keys and lease tokens: orders:7 TOKEN,orders:8 TOKEN."},
    {"lease",          "p",        0,           "integer", "Seconds of a lease of a consumer that names none."},
    {"lease",          NULL,       METHOD_GET,  "integer", "Take under a lease of so many seconds."},
    {"lease",          NULL,       0,           "string",  "The token of the lease."},
    {"limit",          NULL,       0,           "integer", "How many the page has, at most."},
    {"list",           NULL,       0,           "string",  "1: all servers of the pool with their rows and scores."},
    {"match",          NULL,       0,           "string",  "Only what fits this pattern."},
    {"max",            NULL,       0,           "string",  "Columns and the highest number that each may have: ready:0,consumers:0."},
    {"max_deliveries", NULL,       0,           "integer", "After so many deliveries without an ack a message is a dead letter."},
    {"max_length",     NULL,       0,           "integer", "Refuse pushes while the queue has so many messages."},
    {"min",            NULL,       0,           "string",  "Columns and the lowest number that each may have: ready:1,oldest_s:60."},
    {"msg",            NULL,       0,           "string",  "As value."},
    {"offset",         NULL,       0,           "integer", "How many rows come before the page."},
    {"order",          NULL,       0,           "string",  "asc or desc."},
    {"policy",         NULL,       0,           "string",  "broadcast or roundrobin."},
    {"pools",          NULL,       0,           "string",  "Pools whose numbers are shown, too, with commas between."},
    {"purge",          NULL,       0,           "string",  "1: remove all messages."},
    {"queue",          NULL,       0,           "string",  "The name of a queue."},
    {"queues",         NULL,       0,           "string",  "Names of queues, with commas between."},
    {"raw",            NULL,       0,           "string",  "1: the bytes of the message, and nothing around them."},
    {"reason",         NULL,       0,           "string",  "Why the work failed: 1 to 200 bytes."},
    {"redrive",        NULL,       0,           "string",  "1: dead letters go back to their queue."},
    {"release",        NULL,       0,           "string",  "1: give the message back."},
    {"remove",         NULL,       0,           "string",  "1: remove the queue with its counter."},
    {"replicas",       NULL,       0,           "integer", "So many servers, each of another row."},
    {"row",            NULL,       0,           "string",  "The row of the server."},
    {"score",          NULL,       0,           "number",  "The score of the server; the lowest is the best."},
    {"server",         NULL,       0,           "string",  "The server."},
    {"since",          NULL,       0,           "string",  "The id of the last message that is known; 0: all that is kept."},
    {"sort",           NULL,       0,           "string",  "The column that the table is ordered by: name, ready, in_s and so on."},
    {"soft",           NULL,       0,           "string",  "1: read the message and leave it there."},
    {"span",           NULL,       0,           "integer", "Of how many seconds, up to this moment."},
    {"spread",         NULL,       0,           "string",  "no: replicas may be of one row."},
    {"state",          NULL,       0,           "string",  "Which messages: ready, leased or delayed."},
    {"status",         NULL,       0,           "string",  "start or stop."},
    {"ttl",            NULL,       0,           "integer", "Seconds after which the message is not delivered any more."},
    {"value",          NULL,       0,           "string",  "The message."},
    {"what",           NULL,       0,           "string",  "streams, takes or pushes."},
    {0},
};
// clang-format on

const struct route_sentence *sentence_of_route(const struct row *row)
{
    for (const struct route_sentence *one = route_sentences; one->id; one++)
        if (one->method == row->method && one->naming == row->naming &&
            strcmp(one->resource, row->resource) == 0)
            return one;
    return NULL;
}

const struct option_sentence *sentence_of_option(const struct row *row, const char *name,
                                                 size_t len)
{
    for (const struct option_sentence *one = option_sentences; one->name; one++)
        if (text_is(name, len, one->name) &&
            (!one->resource || strcmp(one->resource, row->resource) == 0) &&
            (!one->methods || one->methods & row->method))
            return one;
    return NULL;
}
