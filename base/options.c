/* options.c - the command line of a program that serves.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/options.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

static enum start misuse(const struct program *program, const char *complaint)
{
    if (complaint)
        fprintf(stderr, "%s: %s\n\n", program->name, complaint);
    fputs(program->usage, stderr);
    return START_USAGE;
}

/* Which of two would count is not to be guessed. */
static bool is_twice(unsigned *seen, int option)
{
    unsigned bit = 1U << (option & 31);
    bool is_there = *seen & bit;

    *seen |= bit;
    return is_there;
}

enum start options_read(const struct program *program, int argc, char **argv, const char **file)
{
    static const struct option known[] = {
        {"config",       required_argument, NULL, 'c'},
        {"check-config", no_argument,       NULL, 'k'},
        {"version",      no_argument,       NULL, 'v'},
        {"help",         no_argument,       NULL, 'h'},
        {NULL,           0,                 NULL, 0  },
    };
    enum start start = START_RUN;
    unsigned seen = 0;
    int option;

    while ((option = getopt_long(argc, argv, "+", known, NULL)) != -1) {
        if (is_twice(&seen, option))
            return misuse(program, "an option is there twice");
        switch (option) {
        case 'c':
            *file = optarg;
            break;
        case 'k':
            start = START_CHECK;
            break;
        case 'v':
            printf("%s %s\n", program->name, program->version);
            return START_DONE;
        case 'h':
            fputs(program->usage, stdout);
            return START_DONE;
        default: /* getopt_long() has complained */
            return misuse(program, NULL);
        }
    }
    if (optind < argc)
        return misuse(program, "each option begins with --; there is a word that does not");
    return start;
}
