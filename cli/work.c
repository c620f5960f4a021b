/* work.c - the verb work: workers side by side, each a process, which does one message at a time.
 *
 * SIGINT and SIGTERM come to this process alone; it tells the workers with SIGUSR1 that they take
 * no more, and with SIGUSR2 that they give back what is in hand.  When it dies, that is a SIGUSR1,
 * too.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "cli/letter.h"
#include "cli/request_path.h"
#include "cli/stop.h"
#include "cli/verbs.h"
#include "cli/worker.h"

enum { WORKERS = 256 };

struct crew {
    struct worker worker; /* that each of them is a copy of */
    pid_t pids[WORKERS];
    long long count;
    int running;
    sigset_t signals, before; /* that this process waits for */
    bool is_stopping;
    enum outcome outcome; /* the first that was not DONE */
};

/* --- a worker ------------------------------------------------------------------------------- */

static void note(int number)
{
    stop_asked = true;
    if (number == SIGUSR2)
        stop_urged = true;
}

static void become_worker(struct crew *crew, pid_t parent)
{
    struct sigaction noted = {.sa_handler = note};
    enum outcome outcome;

    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    sigaction(SIGUSR1, &noted, NULL);
    sigaction(SIGUSR2, &noted, NULL);
    prctl(PR_SET_PDEATHSIG, SIGUSR1);
    sigprocmask(SIG_SETMASK, &crew->before, NULL);
    if (getppid() != parent)
        stop_asked = true;
    client_forked(crew->worker.client);
    outcome = worker_run(&crew->worker);
    fflush(stderr);
    _exit((int)outcome);
}

/* --- all of them ---------------------------------------------------------------------------- */

static bool start(struct crew *crew, int number)
{
    pid_t parent = getpid(), pid = fork();

    if (pid == 0)
        become_worker(crew, parent);
    crew->pids[number] = pid < 0 ? 0 : pid;
    crew->running += pid > 0;
    return pid > 0;
}

static void tell(const struct crew *crew, int number)
{
    for (int i = 0; i < crew->count; i++)
        if (crew->pids[i])
            kill(crew->pids[i], number);
}

static void stop(struct crew *crew, int number)
{
    crew->is_stopping = true;
    tell(crew, number);
}

/* One that was killed is replaced: its message comes back to somebody. */
static void bury(struct crew *crew, int number, int status)
{
    crew->pids[number] = 0;
    crew->running--;
    if (WIFSIGNALED(status)) {
        order_fail("a worker was ended by signal %d", WTERMSIG(status));
        if (!crew->is_stopping && !start(crew, number))
            stop(crew, SIGUSR1);
        return;
    }
    if (WEXITSTATUS(status) == OUTCOME_DONE)
        return;
    if (crew->outcome == OUTCOME_DONE)
        crew->outcome = (enum outcome)WEXITSTATUS(status);
    stop(crew, SIGUSR1);
}

static void reap(struct crew *crew)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (int i = 0; i < crew->count; i++)
            if (crew->pids[i] == pid)
                bury(crew, i, status);
}

static void look_after(struct crew *crew)
{
    while (crew->running > 0) {
        int number = sigwaitinfo(&crew->signals, NULL);

        reap(crew);
        if (number == SIGINT || number == SIGTERM)
            stop(crew, crew->is_stopping ? SIGUSR2 : SIGUSR1);
    }
}

static void run_crew(struct crew *crew)
{
    sigemptyset(&crew->signals);
    sigaddset(&crew->signals, SIGINT);
    sigaddset(&crew->signals, SIGTERM);
    sigaddset(&crew->signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &crew->signals, &crew->before);
    for (int i = 0; i < crew->count; i++)
        if (!start(crew, i))
            stop(crew, SIGUSR1);
    look_after(crew);
    sigprocmask(SIG_SETMASK, &crew->before, NULL);
}

/* --- the verb ------------------------------------------------------------------------------- */

/* A queue's own backoff counts, where nobody says otherwise; who may not see it has the default. */
static void find_backoff(struct worker *worker)
{
    static const struct backoff usual = {1, 2, 300};
    struct ask ask = {.method = "GET", .repeat = REPEAT_SAFE};
    struct json_object *object;
    struct request_path target = {0};

    if (worker->backoff.base)
        return;
    worker->backoff = usual;
    path_begin(&target, "p", worker->queue);
    ask.target = target.text.data;
    if (client_ask(worker->client, &ask, &worker->answer) == OUTCOME_DONE) {
        object = json_of(&worker->answer.body);
        if (json_text(object, "backoff"))
            worker->backoff.base = 0;
        json_object_put(object);
    }
    path_clear(&target);
}

static enum outcome run(struct crew *crew)
{
    struct totals *totals =
        mmap(NULL, sizeof(*totals), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (totals == MAP_FAILED)
        return order_fail("out of memory");
    crew->worker.totals = totals;
    find_backoff(&crew->worker);
    run_crew(crew);
    result_clear(&crew->worker.answer);
    if (!crew->worker.order->options[ORDER_JSON])
        fprintf(stderr, "%lld done, %lld failed, %lld lost\n", (long long)totals->done,
                (long long)totals->failed, (long long)totals->lost);
    munmap(totals, sizeof(*totals));
    return crew->outcome;
}

enum outcome work_verb(const struct order *order)
{
    const char *backoff = order->options[WORK_BACKOFF];
    struct crew crew = {
        .count = 1,
        .worker =
            {
                     .order = order,
                     .queue = order->words[0],
                     .command = order->words + 1,
                     .lease = LEASE_SECONDS,
                     .until_empty = order->options[WORK_UNTIL_EMPTY],
                     },
    };
    enum outcome outcome;

    if (!order_number(order, WORK_JOBS, 1, WORKERS, &crew.count) ||
        !order_number(order, WORK_LEASE, 2, LIMIT_LEASE, &crew.worker.lease))
        return OUTCOME_MISUSED;
    if (backoff && !backoff_read(&crew.worker.backoff, backoff))
        return order_refuse(order, "--backoff is base,factor,max: seconds, a number, seconds");
    crew.worker.client = client_open(order, &outcome);
    if (!crew.worker.client)
        return outcome;
    outcome = run(&crew);
    client_close(crew.worker.client);
    return outcome;
}
