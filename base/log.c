/* log.c - one line an event.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum { ERRORS_A_SECOND = 10 }; /* of one kind */

static const char *program_name = "restmq";
static enum log_target log_target = LOG_TO_STDERR;

void log_open(const char *program)
{
    program_name = program;
}

void log_to(enum log_target target)
{
    if (target == LOG_TO_SYSLOG && log_target != LOG_TO_SYSLOG)
        openlog(program_name, LOG_PID, LOG_DAEMON);
    log_target = target;
}

static void escape(char *out, size_t size, const char *text)
{
    size_t len = 0;

    for (; *text && len + 5 < size; text++) {
        if (*text >= 0x20 && *text <= 0x7e)
            out[len++] = *text;
        else
            len += (size_t)snprintf(out + len, 5, "\\x%02x", (unsigned char)*text);
    }
    out[len] = '\0';
}

/* The same line again within a second is one event: a flood of requests must not fill the disk
 * while Redis is away. */
static int is_repetition(const char *line)
{
    static char last[2048];
    static time_t last_time;
    time_t now = time(NULL);

    if (now == last_time && strcmp(line, last) == 0)
        return 1;
    last_time = now;
    strcpy(last, line);
    return 0;
}

/* Lines that differ in a number or a name only, too: some of a kind a second are enough to know. */
static int is_flood(const char *format)
{
    static struct {
        const char *format;
        time_t second;
        int count;
    } kinds[64];
    size_t i = (uintptr_t)format / 8 % (sizeof(kinds) / sizeof(kinds[0]));
    time_t now = time(NULL);

    if (kinds[i].format != format || kinds[i].second != now) {
        kinds[i].format = format;
        kinds[i].second = now;
        kinds[i].count = 0;
    }
    return ++kinds[i].count > ERRORS_A_SECOND;
}

/* One write, so that lines of several processes do not mix. */
static void write_line(const char *line)
{
    time_t now = time(NULL);
    char stamp[32];
    struct tm utc;

    strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    dprintf(STDERR_FILENO, "%s %s[%d]: %s\n", stamp, program_name, (int)getpid(), line);
}

__attribute__((format(printf, 3, 0))) static void log_line(int priority, bool each,
                                                           const char *format, va_list args)
{
    char text[1024], line[2048];

    vsnprintf(text, sizeof(text), format, args);
    escape(line, sizeof(line), text);
    if (is_repetition(line) && !each)
        return;
    if (log_target == LOG_TO_SYSLOG)
        syslog(priority, "%s", line);
    else
        write_line(line);
}

void log_info(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_line(LOG_INFO, false, format, args);
    va_end(args);
}

void log_error(const char *format, ...)
{
    va_list args;

    if (is_flood(format))
        return;
    va_start(args, format);
    log_line(LOG_ERR, false, format, args);
    va_end(args);
}

void log_event(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_line(LOG_INFO, true, format, args);
    va_end(args);
}
