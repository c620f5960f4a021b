/* main.c - restmq: THE TABLE of its verbs that ask Redis, and main().
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <signal.h>
#include <stdlib.h>

#include "admin/verbs.h"
#include "base/log.h"
#include "base/output.h"
#include "cli/command_line.h"
#include "cli/program.h"
#include "cli/table.h"

// clang-format off
/* Their order is that of the enums in verbs.h. */
static const struct verb_option authkey_options[] = {
    {"queues", "A,B",  "what the key may use: names, patterns like orders.*, or *"},
    {"privs",  "P,Q",
     "create (any queue), read, write, purge, settings, stats, admin;\nwithout it "
     "read,write,purge,settings"                                                  },
    {"name",   "NAME", "what logs call the key"                                   },
    {NULL,     NULL,   NULL                                                       },
};
static const struct verb_option cluster_options[] = {
    {"redis", "REDIS", "instead of that of the settings, cluster://host:port,... too"},
    {NULL,    NULL,    NULL                                                          },
};
static const struct verb_option fsck_options[] = {
    {"repair", NULL,      "and mend what was seen twice"      },
    {"grace",  "SECONDS", "between the two looks (default 60)"},
    {NULL,     NULL,      NULL                                },
};
static const struct verb_option handshake_options[] = {
    {"json", NULL, "print JSON, for programs"},
    {NULL,   NULL, NULL                      },
};
static const struct verb_option retag_options[] = {
    {"to",   "REDIS",
     "unix:/path, host:port, sentinel://host:port,host:port/name "
     "or\ncluster://host:port,host:port; the other settings are those of\nthe first Redis"},
    {"to-config", "FILE", "instead of --to: all settings of the other Redis, its user, password\n"
     "and TLS too"},
    {"wait", NULL,    "for leases, whose messages go last, until they have ended"         },
    {NULL,   NULL,    NULL                                                                },
};

static const struct verb admin_verbs[] = {
    {
     .name = "authkey",
     .arguments = "[--config FILE] [--json] add [-] [--queues A,B] [--privs P,Q] [--name NAME]\n"
                     "       " PROGRAM " authkey [--config FILE] [--json] list\n"
                     "       " PROGRAM " authkey [--config FILE] [--json] remove -",
     .sentence = "add, list or remove keys of clients",
     .help = "add makes a random key and prints it; - is one that is read from the standard input,\n"
                "so that it stands in no list of processes.\n", .asks = ASKS_REDIS,
     .work = authkey_verb,
     .least = 1,
     .most = 2,
     .options = authkey_options,
     },
    {
     .name = "check-config",
     .arguments = "[--config FILE] [--json]",
     .sentence = "print the settings and whether Redis answers",
     .help = "As restmq.fcgi and restmq-wsd do; \"" PROGRAM " --check-config\" is the same.\n",
     .asks = ASKS_REDIS,
     .work = check_config_verb,
     },
    {
     .name = "cluster",
     .arguments = "[--config FILE] [--json] [--redis REDIS]",
     .sentence = "tell which Redis node has which queues, and what Redis promises",
     .help = "",
     .asks = ASKS_REDIS,
     .work = cluster_verb,
     .options = cluster_options,
     },
    {
     .name = "fsck",
     .arguments = "[--config FILE] [--json] [--repair] [--grace SECONDS]",
     .sentence = "look whether the parts of all queues fit together",
     .help = "",
     .asks = ASKS_REDIS,
     .work = fsck_verb,
     .options = fsck_options,
     },
    {
     .name = "handshake",
     .arguments = "[--json] KEY\n"
                     "       " PROGRAM " handshake [--json] KEY1 KEY2 HEX",
     .sentence = "calculate the answer to a websocket's key",
     .help =
            "Of RFC 6455 that is Sec-WebSocket-Accept; of the two keys and the eight bytes, in\n"
            "hex, of hixie-76 it is the two numbers and the sixteen bytes of the answer.\n"
            "Asks no Redis.\n", .asks = ASKS_NOBODY,
     .work = handshake_verb,
     .least = 1,
     .most = 3,
     .options = handshake_options,
     },
    {
     .name = "retag",
     .arguments = "[--config FILE] [--json] --to REDIS|--to-config FILE [--wait] [QUEUE ...]",
     .sentence = "move queues into another Redis, whose names have hash tags",
     .help =
            "All queues, or those named, go from the Redis of the settings to one with\n"
            "hash_tags = on, or to a cluster; with all of them also pools and keys of clients.\n"
            "Streams, takes and pushes of a queue are held meanwhile, and stay held where it was.\n"
            "Whatever interrupts it: run it again, and nothing is lost or doubled.\n", .asks = ASKS_REDIS,
     .work = retag_verb,
     .most = 1000,
     .options = retag_options,
     },
    {.name = NULL                                                      },
};
// clang-format on

int main(int argc, char **argv)
{
    static const struct verb *const tables[] = {client_verbs, admin_verbs, NULL};

    signal(SIGPIPE, SIG_IGN);
    atexit(output_end);
    log_open(PROGRAM);
    return (int)line_run(tables, argc, argv);
}
