/* bench.c - the verb bench: how many pushes and takes a second, and how long one takes.
 *
 * Processes side by side, each with a connection of its own, note their times in memory that they
 * share.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <json-c/json.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "cli/display.h"
#include "cli/leases.h"
#include "cli/letter.h"
#include "cli/pushing.h"
#include "cli/question.h"
#include "cli/stop.h"
#include "cli/verbs.h"

/* A bucket is an eighth of a power of two wide: times are right to a tenth. */
enum { EIGHTHS = 8, BUCKETS = 40 * EIGHTHS, JOBS = 256, PERCENTILES = 4 };

struct bench_times {
    atomic_llong counts[BUCKETS];
    atomic_llong done, failed;
};

struct bench_run {
    struct question question;
    char queue[64];
    long long jobs, seconds, size;
    char *message;
    struct bench_times *times; /* of the phase in hand */
    struct table table;
};

/* One of what a phase counts.  False: it failed, or there is nothing more to do. */
typedef bool bench_step(struct bench_run *run);

/* --- times ---------------------------------------------------------------------------------- */

static int bucket_of(long long us)
{
    int power = 0;

    while (power < BUCKETS / EIGHTHS - 1 && us >> (power + 1))
        power++;
    return power * EIGHTHS + (int)(power < 3 ? 0 : (us >> (power - 3)) & (EIGHTHS - 1));
}

/* The upper end of a bucket, in ms. */
static double end_of(int bucket)
{
    double power = (double)(1LL << (bucket / EIGHTHS));

    return power * (1 + (bucket % EIGHTHS + 1) / (double)EIGHTHS) / 1000;
}

/* The time that so many of a thousand took at most. */
static double time_of(const struct bench_times *times, int per_mille)
{
    long long sum = 0;

    for (int i = 0; i < BUCKETS; i++) {
        sum += times->counts[i];
        if (times->done && sum * 1000 >= times->done * per_mille)
            return end_of(i);
    }
    return 0;
}

static void print_phase(struct bench_run *run, const char *what, double seconds)
{
    static const int per_mille[PERCENTILES] = {500, 950, 990, 1000};
    double rate = seconds > 0 ? (double)run->times->done / seconds : 0, ms[PERCENTILES];
    char text[32];

    for (int i = 0; i < PERCENTILES; i++)
        ms[i] = time_of(run->times, per_mille[i]);
    if (run->question.order->options[ORDER_JSON]) {
        printf("{\"what\":\"%s\",\"a_second\":%.0f,\"p50_ms\":%.2f,\"p95_ms\":%.2f,"
               "\"p99_ms\":%.2f,\"most_ms\":%.2f,\"failed\":%lld}\n",
               what, rate, ms[0], ms[1], ms[2], ms[3], (long long)run->times->failed);
        return;
    }
    table_add(&run->table, what);
    table_add_number(&run->table, (long long)rate);
    for (int i = 0; i < PERCENTILES; i++) {
        snprintf(text, sizeof(text), "%.2f", ms[i]);
        table_add(&run->table, text);
    }
    table_add_number(&run->table, run->times->failed);
}

/* --- steps ---------------------------------------------------------------------------------- */

static bool push_step(struct bench_run *run)
{
    struct pushing pushing = {.client = run->question.client, .queue = run->queue};

    return pushing_send(&pushing, run->message, (size_t)run->size, 0, NULL,
                        &run->question.answer) == OUTCOME_DONE;
}

static bool take(struct bench_run *run, long long lease)
{
    struct question *question = &run->question;
    struct ask ask = {.method = "GET", .repeat = REPEAT_SAFE};

    path_begin(&question->target, "q", run->queue);
    path_add_number(&question->target, "lease", lease);
    ask.target = question->target.text.data;
    return client_ask(question->client, &ask, &question->answer) == OUTCOME_DONE &&
           question->answer.status == 200;
}

static bool take_step(struct bench_run *run)
{
    return take(run, 0);
}

static bool whole_step(struct bench_run *run)
{
    struct lease_list leases = {0};
    struct json_object *object;
    bool is_done;
    int refused;

    if (!push_step(run) || !take(run, LEASE_SECONDS))
        return false;
    object = json_of(&run->question.answer.body);
    is_done = json_text(object, "key") && json_text(object, "lease");
    if (is_done)
        lease_list_add(&leases, json_text(object, "key"), json_text(object, "lease"));
    json_object_put(object);
    is_done = is_done && leases_ask(run->question.client, run->queue, LEASE_ACK, -1, &leases,
                                    &refused, &run->question.answer) == OUTCOME_DONE;
    lease_list_clear(&leases);
    return is_done && !refused;
}

/* --- phases --------------------------------------------------------------------------------- */

static void repeat(struct bench_run *run, bench_step *step)
{
    long long end = clock_us() + run->seconds * 1000000;

    client_forked(run->question.client);
    while (!stop_asked) {
        long long begun = clock_us();

        if (begun >= end)
            break;
        if (!step(run)) {
            run->times->failed += run->question.answer.status != 204;
            break;
        }
        run->times->counts[bucket_of(clock_us() - begun)]++;
        run->times->done++;
    }
    _exit(0);
}

static void run_phase(struct bench_run *run, const char *what, bench_step *step)
{
    long long begun = clock_us();

    memset(run->times, 0, sizeof(*run->times));
    fflush(stdout);
    for (int i = 0; i < run->jobs; i++)
        if (fork() == 0)
            repeat(run, step);
    while (wait(NULL) > 0 || errno == EINTR)
        ;
    print_phase(run, what, (double)(clock_us() - begun) / 1e6);
}

static enum outcome clean_up(struct bench_run *run)
{
    enum outcome outcome;

    path_begin(&run->question.target, "q", run->queue);
    path_add(&run->question.target, "remove", "1");
    path_add(&run->question.target, "force", "1");
    do
        outcome = question_send(&run->question, "DELETE", REPEAT_UNDONE);
    while (outcome == OUTCOME_DONE && run->question.answer.body.data &&
           strstr(run->question.answer.body.data, "\"more\":true"));
    if (outcome != OUTCOME_DONE)
        order_fail("the queue %s is left", run->queue);
    return outcome;
}

static enum outcome run_all(struct bench_run *run)
{
    static const char *const heads[] = {"",       "a second", "p50 ms", "p95 ms",
                                        "p99 ms", "most ms",  "failed", NULL};
    enum outcome outcome;

    table_begin(&run->table, heads);
    run_phase(run, "push", push_step);
    if (!stop_asked && run->times->done)
        run_phase(run, "take", take_step);
    if (!stop_asked && run->times->done)
        run_phase(run, "push, lease, ack", whole_step);
    outcome = run->times->done ? OUTCOME_DONE : OUTCOME_FAILED;
    if (!run->question.order->options[ORDER_JSON])
        table_print(&run->table);
    buffer_clear(&run->table.cells);
    if (outcome != OUTCOME_DONE) { /* the reason is in one of the processes: ask once more */
        push_step(run);
        return order_fail("%s", run->question.answer.why);
    }
    outcome = clean_up(run);
    return stop_asked ? (enum outcome)stop_status() : outcome;
}

enum outcome bench_verb(const struct order *order)
{
    struct bench_run run = {.jobs = 4, .seconds = 5, .size = 100};
    char once[CLIENT_ONCE];
    enum outcome outcome;

    if (!order_number(order, BENCH_JOBS, 1, JOBS, &run.jobs) ||
        !order_number(order, BENCH_SECONDS, 1, 3600, &run.seconds) ||
        !order_number(order, BENCH_SIZE, 0, 1024 * 1024, &run.size))
        return OUTCOME_MISUSED;
    if (!question_begin(&run.question, order, &outcome))
        return outcome;
    client_make_once(once);
    snprintf(run.queue, sizeof(run.queue), "restmq-bench-%.12s", once);
    run.message = xmalloc((size_t)run.size + 1);
    memset(run.message, 'x', (size_t)run.size + 1);
    run.times =
        mmap(NULL, sizeof(*run.times), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (run.times == MAP_FAILED)
        outcome = order_fail("out of memory");
    else {
        stop_watch();
        outcome = run_all(&run);
        munmap(run.times, sizeof(*run.times));
    }
    free(run.message);
    question_end(&run.question);
    return outcome;
}
