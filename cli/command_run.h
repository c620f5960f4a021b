/* command_run.h - a command that works on one message: its input, what it says on standard error,
 * its end.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_COMMAND_RUN_H
#define CLI_COMMAND_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/limits.h"

enum { JOB_LINE = 256 }; /* bytes of a line of standard error that are kept, a NUL behind them */

struct command_run {
    pid_t pid;
    int pid_fd;
    int in, err; /* our ends of the pipes; -1: closed */
    const char *rest;
    size_t rest_len;     /* of the message, that the command has not got */
    char line[JOB_LINE]; /* its last line that is not empty */
    char begun[JOB_LINE];
    size_t begun_len;
    int status;        /* as waitpid(2) has it, once it has ended */
    long long term_ms; /* when it was told to end; 0: it was not */
    bool was_killed;
};

/* Starts the command with the message, kept by reference, on its standard input.  It has a process
 * group of its own, and gets SIGTERM when this process dies.  0, or the errno of what failed: it
 * does not run then. */
int command_run_start(struct command_run *job, char *const *command, const char *message,
                      size_t len);

/* Goes on with it until it has ended, or so many milliseconds are over.  True: it has ended. */
bool command_run_wait(struct command_run *job, int timeout_ms);

/* Asks it to end, with all of its group; kills it when it has not ended some seconds later. */
void command_run_end(struct command_run *job);

/* After its end. */
void command_run_clear(struct command_run *job);

/* Why it failed, as a release may say it: the last line that it said, or what became of it where it
 * said nothing; bytes that are no UTF-8 are question marks. */
void command_run_reason(const struct command_run *job, char text[LIMIT_REASON + 1]);

/* "exit status 3", "signal 9"; */
void command_run_describe(const struct command_run *job, char *text, size_t size);
bool command_run_is_done(const struct command_run *job);

#endif
