/* command_run.c - a command that works on one message.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "cli/command_run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"

enum { GRACE_MS = 5000, READ_AT_ONCE = 4096 };

/* --- the beginning -------------------------------------------------------------------------- */

/* In the child.  An error is written to the last pipe as an errno; a successful exec closes it. */
static void become(char *const *command, int in, int err, int trouble, pid_t parent)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2};
    sigset_t none;
    int error;

    setpgid(0, 0);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        signal(numbers[i], SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(127);
    if (dup2(in, STDIN_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0)
        execvp(command[0], command);
    error = errno;
    if (write(trouble, &error, sizeof(error)) != sizeof(error))
        _exit(126);
    _exit(127);
}

static void close_all(int (*pipes)[2], int count)
{
    for (int i = 0; i < count; i++) {
        close(pipes[i][0]);
        close(pipes[i][1]);
    }
}

int command_run_start(struct command_run *job, char *const *command, const char *message,
                      size_t len)
{
    enum { IN, ERR, TROUBLE, PIPES };
    int pipes[PIPES][2], error = 0;
    pid_t parent = getpid();

    *job =
        (struct command_run){.rest = message, .rest_len = len, .in = -1, .err = -1, .pid_fd = -1};
    for (int i = 0; i < PIPES; i++)
        if (pipe2(pipes[i], O_CLOEXEC) != 0) {
            close_all(pipes, i);
            return errno;
        }
    job->pid = fork();
    if (job->pid == 0)
        become(command, pipes[IN][0], pipes[ERR][1], pipes[TROUBLE][1], parent);
    if (job->pid < 0) {
        error = errno;
        close_all(pipes, PIPES);
        return error;
    }
    close(pipes[IN][0]);
    close(pipes[ERR][1]);
    close(pipes[TROUBLE][1]);
    while (read(pipes[TROUBLE][0], &error, sizeof(error)) < 0 && errno == EINTR)
        ;
    close(pipes[TROUBLE][0]);
    job->in = pipes[IN][1];
    job->err = pipes[ERR][0];
    fcntl(job->in, F_SETFL, O_NONBLOCK);
    fcntl(job->err, F_SETFL, O_NONBLOCK);
    job->pid_fd = pidfd_open(job->pid, 0);
    if (!error)
        return 0;
    waitpid(job->pid, &job->status, 0);
    command_run_clear(job);
    return error;
}

/* --- while it runs -------------------------------------------------------------------------- */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* A command that does not read its input has had enough of it. */
static void feed(struct command_run *job)
{
    ssize_t count = job->rest_len ? write(job->in, job->rest, job->rest_len) : 0;

    if (count > 0) {
        job->rest += count;
        job->rest_len -= (size_t)count;
    }
    if (!job->rest_len || (count < 0 && errno != EAGAIN && errno != EINTR))
        close_fd(&job->in);
}

/* Printable, as it goes into a line of ours. */
static void note(struct command_run *job, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i] == '\n' || bytes[i] == '\r') {
            if (job->begun_len)
                snprintf(job->line, JOB_LINE, "%.*s", (int)job->begun_len, job->begun);
            job->begun_len = 0;
        } else if (job->begun_len < JOB_LINE - 1)
            job->begun[job->begun_len++] =
                (unsigned char)bytes[i] < ' ' || bytes[i] == 127 ? ' ' : bytes[i];
}

/* What it says is heard as ever.  False: there is no more now. */
static bool hear(struct command_run *job)
{
    char bytes[READ_AT_ONCE];
    ssize_t count = read(job->err, bytes, sizeof(bytes));

    if (count > 0) {
        fwrite(bytes, 1, (size_t)count, stderr);
        note(job, bytes, (size_t)count);
        return true;
    }
    if (count == 0 || (errno != EAGAIN && errno != EINTR))
        close_fd(&job->err);
    return false;
}

static bool has_ended(struct command_run *job)
{
    if (waitpid(job->pid, &job->status, WNOHANG) != job->pid)
        return false;
    while (job->err >= 0 && hear(job))
        ;
    note(job, "\n", 1);
    return true;
}

bool command_run_wait(struct command_run *job, int timeout_ms)
{
    long long end = clock_ms() + timeout_ms, left;

    while ((left = end - clock_ms()) > 0) {
        struct pollfd polls[] = {
            {.fd = job->pid_fd, .events = POLLIN },
            {.fd = job->in,     .events = POLLOUT},
            {.fd = job->err,    .events = POLLIN },
        };

        if (job->term_ms && !job->was_killed && clock_ms() > job->term_ms + GRACE_MS) {
            kill(-job->pid, SIGKILL);
            job->was_killed = true;
        }
        if (poll(polls, 3, (int)left) < 0)
            return false; /* a signal, which the caller looks at */
        if (polls[1].revents)
            feed(job);
        if (polls[2].revents)
            hear(job);
        if (polls[0].revents && has_ended(job))
            return true;
    }
    return false;
}

void command_run_end(struct command_run *job)
{
    if (job->term_ms)
        return;
    job->term_ms = clock_ms();
    kill(-job->pid, SIGTERM);
}

/* --- the end -------------------------------------------------------------------------------- */

void command_run_clear(struct command_run *job)
{
    close_fd(&job->in);
    close_fd(&job->err);
    close_fd(&job->pid_fd);
}

bool command_run_is_done(const struct command_run *job)
{
    return WIFEXITED(job->status) && WEXITSTATUS(job->status) == 0;
}

void command_run_describe(const struct command_run *job, char *text, size_t size)
{
    if (WIFSIGNALED(job->status))
        snprintf(text, size, "ended by signal %d", WTERMSIG(job->status));
    else
        snprintf(text, size, "exit status %d", WEXITSTATUS(job->status));
}

/* Bytes of the character with which the text begins; 0: it is none. */
static size_t character_len(const char *text)
{
    enum { MOST = 4 };

    for (size_t len = 1; len <= MOST && text[len - 1]; len++)
        if (utf8_is_valid(text, len))
            return len;
    return 0;
}

void command_run_reason(const struct command_run *job, char text[LIMIT_REASON + 1])
{
    char what[64];
    const char *from = what;
    size_t len = 0;

    command_run_describe(job, what, sizeof(what));
    if (*job->line)
        from = job->line;
    while (*from) {
        size_t own = character_len(from), step = own ? own : 1;

        if (len + step > LIMIT_REASON)
            break;
        memcpy(text + len, own ? from : "?", step);
        len += step;
        from += step;
    }
    text[len] = '\0';
}
