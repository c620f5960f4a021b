/* log.h - one line an event, to stderr or syslog.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_target { LOG_TO_STDERR, LOG_TO_SYSLOG };

/* The program's name stands before each line; the text is kept, not copied. */
void log_open(const char *program);
void log_to(enum log_target target);

/* Bytes that are no printable ASCII are written as \xNN, so a line stays a line. */
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* As log_info(), but each line counts: one that is the same as the one before, within a second, is
 * written, too.  Who calls sees to it that they are few. */
void log_event(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
