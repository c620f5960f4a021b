/* command_line.c - the command line: which verb, its options, help.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "cli/command_line.h"

#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/program.h"
#include "cli/spelling.h"

static const char usage[] = "usage: " PROGRAM " VERB [OPTION ...] [WORD ...]\n"
                            "       " PROGRAM " VERB --help | --help | --version | --verbs\n";

static const struct verb_option help_alone[] = {
    {"help", NULL, "print this and exit"},
    {NULL,   NULL, NULL                 },
};

/* In the order of the enum in order.h, from ORDER_CONFIG on. */
static const struct verb_option of_redis[] = {
    {"config", "FILE", "settings of the daemons (default " DEFAULT_CONFIG ",\nif it is there)"},
    {"json",   NULL,   "print JSON, for programs"                                             },
    {"help",   NULL,   "print this and exit"                                                  },
    {NULL,     NULL,   NULL                                                                   },
};

/* And from ORDER_URL on. */
static const struct verb_option of_broker[] = {
    {"url",      "URL",     "of the broker, instead of RESTMQ_URL"        },
    {"ca",       "FILE",    "certificates of authorities to trust, PEM"   },
    {"patience", "SECONDS", "how long to try again, 0 to 240 (default 20)"},
    {"config",   "FILE",
     "URL and credentials (default ~/.config/restmq/config, if it is\n"
     "there); nobody else may be able to read it"                         },
    {"json",     NULL,      "print JSON, for programs"                    },
    {"help",     NULL,      "print this and exit"                         },
    {NULL,       NULL,      NULL                                          },
};

static const struct verb *const *all; /* the tables */

/* --- the tables ----------------------------------------------------------------------------- */

const struct verb *line_next_verb(const struct verb *verb)
{
    const struct verb *const *table = all;

    if (!verb)
        return all[0];
    for (; *table; table++)
        for (const struct verb *row = *table; row->name; row++)
            if (row == verb)
                return row[1].name ? row + 1 : table[1];
    return NULL;
}

const struct verb_option *line_common_options(const struct verb *verb, int *first)
{
    static const struct {
        int first;
        const struct verb_option *options;
    } common[] = {
        [ASKS_NOBODY] = {ORDER_HELP,   help_alone},
        [ASKS_REDIS] = {ORDER_CONFIG, of_redis  },
        [ASKS_BROKER] = {ORDER_URL,    of_broker },
    };

    *first = common[verb->asks].first;
    return common[verb->asks].options;
}

/* How many of the first words are the name of the verb; 0: none. */
static int words_of(const struct verb *verb, int count, char **words)
{
    const char *space = strchr(verb->name, ' ');
    size_t len = space ? (size_t)(space - verb->name) : strlen(verb->name);

    if (strlen(words[0]) != len || strncmp(words[0], verb->name, len) != 0)
        return 0;
    if (!space)
        return 1;
    return count > 1 && strcmp(words[1], space + 1) == 0 ? 2 : 0;
}

static bool is_of_family(const struct verb *verb, const char *word)
{
    size_t len = strlen(word);

    return strncmp(verb->name, word, len) == 0 && verb->name[len] == ' ';
}

/* --- help ----------------------------------------------------------------------------------- */

static void print_options(const struct verb_option *options)
{
    for (; options && options->name; options++) {
        const char *rest = options->sentence, *end;
        int width = printf("  --%s%s%s", options->name, options->value ? " " : "",
                           options->value ? options->value : "");

        while ((end = strchr(rest, '\n'))) {
            printf("%*s%.*s\n", width > 20 ? 1 : 21 - width, "", (int)(end - rest), rest);
            width = 0;
            rest = end + 1;
        }
        printf("%*s%s\n", width > 20 ? 1 : 21 - width, "", rest);
    }
}

static enum outcome print_help(void)
{
    printf("%s\nQueues over HTTP, and tools for those of restmq.fcgi and restmq-wsd.  The verbs "
           "are:\n\n",
           usage);
    for (const struct verb *verb = line_next_verb(NULL); verb; verb = line_next_verb(verb))
        printf("  %-13s %s\n", verb->name, verb->sentence);
    printf("\n\"" PROGRAM " VERB --help\" has the options of a verb; " PROGRAM
           "(1) has the exit\nstatuses: 0 when it was done and nothing is wrong, 2 when the "
           "command line is none.\n");
    return OUTCOME_DONE;
}

static enum outcome print_verb(const struct verb *verb)
{
    int first;

    printf("usage: " PROGRAM " %s %s%s\n\n%s: %s.\n\n%s%s", verb->name, verb->arguments,
           verb->asks == ASKS_BROKER ? " [OPTION ...]" : "", verb->name, verb->sentence, verb->help,
           *verb->help ? "\n" : "");
    print_options(verb->options);
    print_options(line_common_options(verb, &first));
    return OUTCOME_DONE;
}

/* For programs: a line of JSON for each verb.  Names and routes need no escapes. */
static enum outcome print_table(void)
{
    for (const struct verb *verb = line_next_verb(NULL); verb; verb = line_next_verb(verb)) {
        printf("{\"verb\":\"%s\",\"routes\":\"%s\",\"options\":[", verb->name,
               verb->routes ? verb->routes : "");
        for (const struct verb_option *option = verb->options; option && option->name; option++)
            printf("%s\"%s\"", option == verb->options ? "" : ",", option->name);
        puts("]}");
    }
    return OUTCOME_DONE;
}

/* --- what is wrong with it ------------------------------------------------------------------ */

static enum outcome complain(const char *text, const char *word)
{
    fprintf(stderr, PROGRAM ": %s%.40s\n%s", text, word, usage);
    return OUTCOME_MISUSED;
}

static enum outcome no_verb(const char *word, const char *second)
{
    struct spelling spelling = {0};
    bool is_family = false;

    for (const struct verb *verb = line_next_verb(NULL); verb; verb = line_next_verb(verb))
        is_family = is_family || is_of_family(verb, word);
    for (const struct verb *verb = line_next_verb(NULL); verb; verb = line_next_verb(verb))
        if (!is_family)
            spelling_try(&spelling, word, verb->name, strcspn(verb->name, " "));
        else if (is_of_family(verb, word))
            spelling_try(&spelling, second, strchr(verb->name, ' ') + 1, strlen(verb->name));
    fprintf(stderr, PROGRAM ": there is no such verb: %.40s%s%.40s", word, is_family ? " " : "",
            is_family ? second : "");
    if (spelling.best)
        fprintf(stderr, "; did you mean %s%s%.*s?", is_family ? word : "", is_family ? " " : "",
                (int)strcspn(spelling.best, " "), spelling.best);
    fprintf(stderr, "\n%s", usage);
    for (const struct verb *verb = line_next_verb(NULL); verb; verb = line_next_verb(verb))
        if (is_of_family(verb, word))
            fprintf(stderr, "       " PROGRAM " %s %s\n", verb->name, verb->arguments);
    return OUTCOME_MISUSED;
}

/* --- options -------------------------------------------------------------------------------- */

static int add_options(struct option *options, const struct verb_option *rows, int first)
{
    int count = 0;

    for (; rows && rows[count].name; count++)
        options[count] =
            (struct option){rows[count].name, rows[count].value ? required_argument : no_argument,
                            NULL, first + count};
    return count;
}

static void list_options(const struct verb *verb, struct option options[ORDER_OPTIONS + 1])
{
    int count = add_options(options, verb->options, 0), first;
    const struct verb_option *common = line_common_options(verb, &first);

    count += add_options(options + count, common, first);
    options[count] = (struct option){NULL, 0, NULL, 0};
}

/* Reads the options behind a verb, words[0].  False: *outcome says how the program ends. */
static bool read_order(struct order *order, int count, char **words, enum outcome *outcome)
{
    struct option options[ORDER_OPTIONS + 1];
    int option, at;

    list_options(order->verb, options);
    opterr = 0; /* the words of getopt() may show a key */
    while ((option = getopt_long(count, words, ":", options, &at)) != -1) {
        *outcome = OUTCOME_MISUSED;
        if (option == ':' || option == '?')
            order_refuse(order, "%s has no such option, or a value is missing or too much",
                         order->verb->name);
        else if (option == ORDER_HELP)
            *outcome = print_verb(order->verb);
        else if (order->options[option])
            order_refuse(order, "an option is there twice: --%s", options[at].name);
        else {
            order->options[option] = optarg ? optarg : "";
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
    int words = 0;

    for (const struct verb *verb = line_next_verb(NULL); verb && !words;
         verb = line_next_verb(verb)) {
        words = words_of(verb, argc - 1, argv + 1);
        order.verb = verb;
    }
    if (!words)
        return no_verb(argv[1], argc > 2 ? argv[2] : "");
    if (!read_order(&order, argc - words, argv + words, &outcome))
        return outcome;
    if (order.count < order.verb->least || order.count > order.verb->most)
        return order_refuse(&order, "%s words behind %s",
                            order.count < order.verb->least ? "too few" : "too many",
                            order.verb->name);
    return order.verb->work(&order);
}

enum outcome line_run(const struct verb *const *tables, int argc, char **argv)
{
    all = tables;
    if (argc < 2)
        return complain("a verb is missing", "");
    if (strcmp(argv[1], "--help") == 0)
        return print_help();
    if (strcmp(argv[1], "--verbs") == 0)
        return print_table();
    if (strcmp(argv[1], "--version") == 0) {
        puts(PROGRAM " " PACKAGE_VERSION);
        return OUTCOME_DONE;
    }
    if (strcmp(argv[1], "--check-config") == 0)
        argv[1] += 2; /* the daemons have an option of that name */
    if (*argv[1] == '-')
        return complain("a verb comes first, its options behind it", "");
    return run(argc, argv);
}
