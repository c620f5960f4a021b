/* log.c - one line an event.
 *
 * A file is opened to append, and each line is one write: so lines of several processes do not mix,
 * and the file may be moved away, or cut, while they write.  A line that cannot be written, say on
 * a full disk, is left out; how many were is said as soon as one can be.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"

enum { ERRORS_A_SECOND = 10 }; /* of one kind */

static const char *program_name = "restmq";

static struct {
    enum { TO_STDERR, TO_SYSLOG, TO_FILE } target;
    int fd; /* of a file */
    unsigned lost;
    int lost_by;  /* errno of the last one that was lost */
    bool is_torn; /* the last line was written in part */
} sink;

void log_open(const char *program)
{
    program_name = program;
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error like others */
}

/* --- where to ---------------------------------------------------------------------------------
 */

bool log_is_target(const char *target)
{
    return strcmp(target, "stderr") == 0 || strcmp(target, "syslog") == 0 || *target == '/';
}

/* A check leaves no file behind: it may be somebody else's who runs it. */
bool log_can(const char *target)
{
    bool can = true;
    char *path;
    int fd;

    if (*target != '/')
        return true;
    fd = open(target, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd >= 0) {
        close(fd);
    } else if (errno == ENOENT) {
        path = xstrdup(target);
        can = faccessat(AT_FDCWD, dirname(path), W_OK | X_OK, AT_EACCESS) == 0;
        free(path);
    } else {
        can = false;
    }
    return can;
}

/* Where the first line is kept, see log_keep(). */
static struct {
    char *line;
    size_t size;
} kept;

void log_keep(char *line, size_t size)
{
    kept.line = line;
    kept.size = size;
}

static void leave(void)
{
    if (sink.target == TO_FILE)
        close(sink.fd);
}

/* Nothing may block here: not a pipe that nobody reads, either. */
static bool go_to_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);

    if (fd < 0)
        return false;
    leave();
    sink.fd = fd;
    sink.target = TO_FILE;
    return true;
}

bool log_to(const char *target)
{
    if (*target == '/')
        return go_to_file(target);
    leave();
    if (strcmp(target, "syslog") == 0 && sink.target != TO_SYSLOG)
        openlog(program_name, LOG_PID, LOG_DAEMON);
    sink.target = strcmp(target, "syslog") == 0 ? TO_SYSLOG : TO_STDERR;
    return true;
}

void log_move(const char *target)
{
    if (!log_to(target))
        log_error("log = %s: %s; the log stays where it was", target, strerror(errno));
}

/* --- what -------------------------------------------------------------------------------------
 */

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

static bool put(const char *text, size_t len)
{
    ssize_t done = write(sink.target == TO_FILE ? sink.fd : STDERR_FILENO, text, len);

    if (done == (ssize_t)len)
        return true;
    sink.lost_by = done < 0 ? errno : ENOSPC;
    sink.is_torn = sink.is_torn || done > 0;
    return false;
}

/* One write.  A line that follows a torn one begins on a line of its own. */
static bool put_line(const char *line)
{
    time_t now = time(NULL);
    char stamp[32], text[2200];
    struct tm utc;
    int len;

    strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    len = snprintf(text, sizeof(text), "%s%s %s[%d]: %s\n", sink.is_torn ? "\n" : "", stamp,
                   program_name, (int)getpid(), line);
    if (!put(text, (size_t)len))
        return false;
    sink.is_torn = false;
    return true;
}

static void write_line(const char *line)
{
    char text[128];

    if (sink.lost) {
        snprintf(text, sizeof(text), "%u lines before this one could not be written: %s", sink.lost,
                 strerror(sink.lost_by));
        if (put_line(text))
            sink.lost = 0;
    }
    if (!put_line(line))
        sink.lost++;
}

__attribute__((format(printf, 3, 0))) static void log_line(int priority, bool each,
                                                           const char *format, va_list args)
{
    char text[1024], line[2048];

    vsnprintf(text, sizeof(text), format, args);
    escape(line, sizeof(line), text);
    if (kept.line) {
        if (!*kept.line)
            snprintf(kept.line, kept.size, "%s", line);
        return;
    }
    if (is_repetition(line) && !each)
        return;
    if (sink.target == TO_SYSLOG)
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
