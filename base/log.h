/* log.h - one line an event, to stderr, syslog or a file.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

/* The program's name stands before each line; the text is kept, not copied. */
void log_open(const char *program);

/* A target is "stderr", "syslog" or the absolute path of a file that lines are appended to. */
bool log_is_target(const char *target);

/* Could log_to() go there?  Makes no file.  False sets errno, as below. */
bool log_can(const char *target);

/* Lines go there from now on; a path is opened anew, also when it is the one in use, as it may have
 * been moved away.  Where that fails, the log stays where it was. */
bool log_to(const char *target);
void log_move(const char *target); /* and a failure is a line */

/* From now on the first line is kept in these bytes, which begin empty, and nothing is written,
 * until told otherwise by NULL: for a program that says by itself what was wrong. */
void log_keep(char *line, size_t size);

/* Bytes that are no printable ASCII are written as \xNN, so a line stays a line. */
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* As log_info(), but each line counts: one that is the same as the one before, within a second, is
 * written, too.  The caller sees to it that they are few. */
void log_event(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
