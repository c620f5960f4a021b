/* options.h - the command line of a program that serves: restmq.fcgi, restmq-wsd.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

/* What the command line asks for. */
enum start {
    START_RUN,
    START_CHECK, /* only look at the settings */
    START_DONE,  /* --version or --help, which has been printed */
    START_USAGE, /* the command line is none; the usage stands on standard error */
};

struct program {
    const char *name, *version, *usage;
};

/* *file becomes what --config names, and stays as it is without that. */
enum start options_read(const struct program *program, int argc, char **argv, const char **file);

#endif
