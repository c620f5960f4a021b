/* main.c - restmq: THE TABLE of its verbs, and the command line.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/program.h"
#include "admin/verbs.h"
#include "base/log.h"
#include "base/output.h"

// clang-format off
static const struct verb verbs[] = {
    {"authkey", "[--config FILE] add [-|KEY] [--queues A,B] [--privs P,Q] [--name NAME]\n"
                "       " PROGRAM " authkey [--config FILE] list\n"
                "       " PROGRAM " authkey [--config FILE] remove -|KEY",
     "add, list or remove keys of clients",
     "Without KEY a random one is made and printed; - is read from the standard input,\n"
     "so that it stands in no list of processes.\n"
     "\n"
     "  --queues A,B     what the key may use: names, patterns like orders.*, or *\n"
     "  --privs P,Q      create (any queue), read, write, purge, settings, stats, admin;\n"
     "                   without it read,write,purge,settings\n"
     "  --name NAME      what logs call the key\n",
     authkey_verb, 1, 2, {
         [AUTHKEY_QUEUES] = {"queues", true},
         [AUTHKEY_PRIVS] = {"privs", true},
         [AUTHKEY_NAME] = {"name", true},
     }},
    {"cluster", "[--config FILE] [--redis REDIS]",
     "tell which Redis node has which queues, and what Redis promises",
     "  --redis REDIS    instead of that of the settings, cluster://host:port,... too\n",
     cluster_verb, 0, 0, {
         [CLUSTER_REDIS] = {"redis", true},
     }},
    {"fsck", "[--config FILE] [--repair] [--grace SECONDS]",
     "look whether the parts of all queues fit together",
     "  --repair         and mend what was seen twice\n"
     "  --grace SECONDS  between the two looks (default 60)\n",
     fsck_verb, 0, 0, {
         [FSCK_REPAIR] = {"repair", false},
         [FSCK_GRACE] = {"grace", true},
     }},
    {"handshake", "KEY\n"
                  "       " PROGRAM " handshake KEY1 KEY2 HEX",
     "calculate the answer to a websocket's key",
     "Of RFC 6455 that is Sec-WebSocket-Accept; of the two keys and the eight bytes, in\n"
     "hex, of hixie-76 it is the two numbers and the sixteen bytes of the answer.\n"
     "Asks no Redis.\n",
     handshake_verb, 1, 3, {{NULL, false}}},
    {"retag", "[--config FILE] --to REDIS [--wait] [QUEUE ...]",
     "move queues into another Redis, whose names have hash tags",
     "All queues, or those named, go from the Redis of the settings to one with\n"
     "hash_tags = on, or to a cluster; with all of them also pools and keys of clients.\n"
     "Streams, takes and pushes of a queue are held meanwhile, and stay held where it was.\n"
     "Whatever interrupts it: run it again, and nothing is lost or doubled.\n"
     "\n"
     "  --to REDIS       unix:/path, host:port, sentinel://host:port,host:port/name or\n"
     "                   cluster://host:port,host:port; the other settings are those of\n"
     "                   the first Redis\n"
     "  --wait           for leases, whose messages go last, until they have ended\n",
     retag_verb, 0, 1000, {
         [RETAG_TO] = {"to", true},
         [RETAG_WAIT] = {"wait", false},
     }},
};
// clang-format on

enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

static const char usage[] = "usage: " PROGRAM " VERB [--config FILE] ...\n"
                            "       " PROGRAM " VERB --help | --help | --version\n";

/* --- help ----------------------------------------------------------------------------------- */

static enum outcome print_help(void)
{
    printf("%s\nTools for the queues of restmq.fcgi and restmq-wsd.  The verbs are:\n\n", usage);
    for (int i = 0; i < VERBS; i++)
        printf("  %-10s %s\n", verbs[i].name, verbs[i].sentence);
    printf("\n  --config FILE  the settings of the daemons (default " DEFAULT_CONFIG ",\n"
           "                 if it is there)\n"
           "\n"
           "Exit status: 0 when it was done and nothing is wrong; 1 when it could not be\n"
           "done, or something is wrong; 2 when the command line is none.\n");
    return OUTCOME_DONE;
}

static enum outcome print_verb(const struct verb *verb)
{
    printf("usage: " PROGRAM " %s %s\n\n%s: %s.\n\n%s", verb->name, verb->arguments, verb->name,
           verb->sentence, verb->help);
    if (strstr(verb->arguments, "--config"))
        printf("  --config FILE    settings (default " DEFAULT_CONFIG ", if it is there)\n");
    return OUTCOME_DONE;
}

static enum outcome complain(const char *text, const char *word)
{
    fprintf(stderr, PROGRAM ": %s%.40s\n%s", text, word, usage);
    return OUTCOME_MISUSED;
}

/* --- the command line ----------------------------------------------------------------------- */

enum { OPTION_HELP = VERB_OPTIONS, OPTION_CONFIG, OPTION_MOST };

static void list_options(const struct verb *verb, struct option options[OPTION_MOST + 1])
{
    int count = 0;

    for (; count < VERB_OPTIONS && verb->options[count].name; count++)
        options[count] = (struct option){
            verb->options[count].name,
            verb->options[count].has_value ? required_argument : no_argument, NULL, count};
    options[count++] = (struct option){"help", no_argument, NULL, OPTION_HELP};
    if (strstr(verb->arguments, "--config"))
        options[count++] = (struct option){"config", required_argument, NULL, OPTION_CONFIG};
    options[count] = (struct option){NULL, 0, NULL, 0};
}

/* Reads the options behind a verb, words[0].  False: *outcome says how the program ends. */
static bool read_order(struct order *order, int count, char **words, enum outcome *outcome)
{
    struct option options[OPTION_MOST + 1];
    const char **values[OPTION_MOST] = {[OPTION_CONFIG] = &order->file};
    int option, at;

    for (int i = 0; i < VERB_OPTIONS; i++)
        values[i] = &order->options[i];
    list_options(order->verb, options);
    opterr = 0; /* the words of getopt() may show a key */
    while ((option = getopt_long(count, words, ":", options, &at)) != -1) {
        *outcome = OUTCOME_MISUSED;
        if (option == ':' || option == '?')
            order_refuse(order, "%s has no such option, or a value is missing or too much",
                         order->verb->name);
        else if (option == OPTION_HELP)
            *outcome = print_verb(order->verb);
        else if (*values[option])
            order_refuse(order, "an option is there twice: --%s", options[at].name);
        else {
            *values[option] = optarg ? optarg : "";
            continue;
        }
        return false;
    }
    order->count = count - optind;
    order->words = words + optind;
    return true;
}

static enum outcome run(int argc, char **argv)
{
    struct order order = {0};
    enum outcome outcome;

    for (int i = 0; i < VERBS; i++)
        if (strcmp(argv[1], verbs[i].name) == 0)
            order.verb = &verbs[i];
    if (!order.verb)
        return complain("there is no such verb: ", argv[1]);
    if (!read_order(&order, argc - 1, argv + 1, &outcome))
        return outcome;
    if (order.count < order.verb->least || order.count > order.verb->most)
        return order_refuse(&order, "%s words behind %s",
                            order.count < order.verb->least ? "too few" : "too many",
                            order.verb->name);
    return order.verb->work(&order);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    atexit(output_end);
    log_open(PROGRAM);
    if (argc < 2)
        return complain("a verb is missing", "");
    if (strcmp(argv[1], "--help") == 0)
        return print_help();
    if (strcmp(argv[1], "--version") == 0) {
        puts(PROGRAM " " PACKAGE_VERSION);
        return OUTCOME_DONE;
    }
    if (*argv[1] == '-')
        return complain("a verb comes first, its options behind it", "");
    return run(argc, argv);
}
