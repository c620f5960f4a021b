/* worker.c - one message after the other.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "cli/worker.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/number.h"
#include "base/text.h"
#include "cli/command_run.h"
#include "cli/leases.h"
#include "cli/letter.h"
#include "cli/request_path.h"
#include "cli/stop.h"
#include "cli/verbs.h"

enum { LOOK_MS = 500, PAUSE_MS = 1000 };

/* --- backoff -------------------------------------------------------------------------------- */

bool backoff_read(struct backoff *backoff, const char *text)
{
    struct text_list list = {text, strlen(text)};
    long long *parts[] = {&backoff->base, &backoff->factor, &backoff->most};
    static const long long most[] = {LIMIT_DELAY, 100, LIMIT_DELAY};
    const char *part;
    size_t len;

    for (int i = 0; i < 3; i++)
        if (!text_list_next(&list, &part, &len) || !number_parse(part, len, 1, most[i], parts[i]))
            return false;
    return !text_list_next(&list, &part, &len) && backoff->most >= backoff->base;
}

long long backoff_delay(const struct backoff *backoff, long long deliveries)
{
    long long delay = backoff->base;

    for (; deliveries > 1 && backoff->factor > 1 && delay < backoff->most; deliveries--)
        delay *= backoff->factor;
    return delay < backoff->most ? delay : backoff->most;
}

/* --- what became of a message --------------------------------------------------------------- */

static void report(const struct worker *worker, const struct letter *letter, const char *what,
                   const struct command_run *job)
{
    bool has_line = job && !command_run_is_done(job) && *job->line;
    struct buffer line = {0};

    if (worker->order->options[ORDER_JSON]) {
        buffer_add_text(&line, "{\"key\":");
        json_add_string(&line, letter->key, strlen(letter->key));
        buffer_add_text(&line, ",\"what\":");
        json_add_string(&line, what, strlen(what));
        if (has_line) {
            buffer_add_text(&line, ",\"line\":");
            json_add_string(&line, job->line, strlen(job->line));
        }
        buffer_add_text(&line, "}\n");
        fwrite(line.data, 1, line.len, stderr);
    } else if (!job || !command_run_is_done(job))
        order_fail("%s: %s%s%s", letter->key, what, has_line ? ": " : "",
                   has_line ? job->line : "");
    buffer_clear(&line);
}

static enum outcome settle(struct worker *worker, const struct letter *letter, enum lease_act act,
                           long long seconds, const char *reason, int *refused)
{
    struct lease_list leases = {.reason = reason};
    enum outcome outcome;

    lease_list_add(&leases, letter->key, letter->lease);
    outcome =
        leases_ask(worker->client, worker->queue, act, seconds, &leases, refused, &worker->answer);
    lease_list_clear(&leases);
    return outcome;
}

/* reason NULL: it is no message's fault. */
static void give_back(struct worker *worker, const struct letter *letter, long long delay,
                      const char *reason)
{
    int refused;

    if (settle(worker, letter, LEASE_RELEASE, delay, reason, &refused) != OUTCOME_DONE)
        order_fail("%s: %s; it comes back when its lease has run out", letter->key,
                   worker->answer.why);
}

static void finish(struct worker *worker, const struct letter *letter,
                   const struct command_run *job)
{
    char what[64], reason[LIMIT_REASON + 1];
    int refused;

    if (command_run_is_done(job)) {
        if (settle(worker, letter, LEASE_ACK, -1, NULL, &refused) != OUTCOME_DONE)
            order_fail("%s is done, but not acked: %s; it may come again", letter->key,
                       worker->answer.why);
        else if (refused && !worker->answer.is_second) {
            worker->totals->lost++;
            order_fail("%s is done, but its lease was over: it may come again", letter->key);
            return;
        }
        worker->totals->done++;
        report(worker, letter, "done", job);
        return;
    }
    command_run_describe(job, what, sizeof(what));
    worker->totals->failed++;
    report(worker, letter, what, job);
    command_run_reason(job, reason);
    give_back(worker, letter,
              job->term_ms           ? 0
              : worker->backoff.base ? backoff_delay(&worker->backoff, letter->deliveries)
                                     : -1,
              job->term_ms ? NULL : reason);
}

/* --- the command ---------------------------------------------------------------------------- */

static void tell_environment(const struct worker *worker, const struct letter *letter)
{
    char number[32];

    setenv("RESTMQ_QUEUE", worker->queue, 1);
    setenv("RESTMQ_KEY", letter->key, 1);
    setenv("RESTMQ_LEASE", letter->lease, 1);
    snprintf(number, sizeof(number), "%lld", letter->deliveries);
    setenv("RESTMQ_DELIVERIES", number, 1);
}

/* False: the message is not ours any more. */
static bool extend(struct worker *worker, const struct letter *letter, long long *asked_ms)
{
    long long now = clock_ms();
    int refused;

    if (now < *asked_ms + worker->lease * 500)
        return true;
    if (settle(worker, letter, LEASE_EXTEND, worker->lease, NULL, &refused) == OUTCOME_DONE) {
        if (!refused)
            *asked_ms = now;
        return !refused;
    }
    return clock_ms() < *asked_ms + worker->lease * 1000;
}

/* Runs the command to its end.  False: the lease was lost on the way. */
static bool attend(struct worker *worker, const struct letter *letter, struct command_run *job,
                   long long asked_ms)
{
    bool is_ours = true;

    while (!command_run_wait(job, LOOK_MS)) {
        if (is_ours && !job->term_ms) {
            is_ours = extend(worker, letter, &asked_ms);
            if (!is_ours)
                command_run_end(job);
        }
        if (stop_urged)
            command_run_end(job);
    }
    return is_ours;
}

static enum outcome work_on(struct worker *worker, const struct letter *letter, long long asked_ms)
{
    long long limit = worker->lease / 4 > 1 ? worker->lease / 4 : 1;
    struct command_run job;
    int error;

    tell_environment(worker, letter);
    error = command_run_start(&job, worker->command, letter->value, letter->len);
    if (error) {
        give_back(worker, letter, 0, NULL);
        return order_fail("%s: %s", worker->command[0], strerror(error));
    }
    client_limit(worker->client, (unsigned)limit, 0);
    if (attend(worker, letter, &job, asked_ms)) {
        client_limit(worker->client, 0, 0);
        finish(worker, letter, &job);
    } else {
        client_limit(worker->client, 0, 0);
        worker->totals->lost++;
        report(worker, letter, "the lease was lost, and the command ended", NULL);
    }
    command_run_clear(&job);
    return OUTCOME_DONE;
}

/* --- the loop ------------------------------------------------------------------------------- */

static void pause_ms(long long ms)
{
    for (long long end = clock_ms() + ms; clock_ms() < end && !stop_asked;)
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
}

static enum outcome ask_for_message(struct worker *worker)
{
    bool waits = !worker->is_polling && !worker->until_empty;
    struct ask ask = {.method = "GET", .repeat = REPEAT_SAFE};
    struct request_path target = {0};
    enum outcome outcome;

    path_begin(&target, waits ? "w" : "q", worker->queue);
    path_add_number(&target, "lease", worker->lease);
    if (waits)
        path_add_number(&target, "wait", LONG_POLL);
    ask.wait_seconds = waits ? LONG_POLL : 0;
    ask.target = target.text.data;
    client_stop_on(worker->client, &stop_asked);
    outcome = client_ask(worker->client, &ask, &worker->answer);
    client_stop_on(worker->client, NULL);
    path_clear(&target);
    return outcome;
}

/* Does the worker go on after that outcome?  A broker that is away comes back. */
static enum outcome endure(struct worker *worker, enum outcome outcome)
{
    if (stop_asked)
        return OUTCOME_DONE;
    if (!worker->is_polling && worker->answer.status == 404) {
        order_fail("%s; asking once a second instead", worker->answer.why);
        worker->is_polling = true;
        return OUTCOME_DONE;
    }
    order_fail("%s", worker->answer.why);
    if (outcome != OUTCOME_UNREACHED && outcome != OUTCOME_UNKNOWN && outcome != OUTCOME_LATER)
        return outcome;
    pause_ms(PAUSE_MS);
    return worker->until_empty ? outcome : OUTCOME_DONE;
}

/* NOTHING: there was none, and nobody shall wait for one. */
static enum outcome turn(struct worker *worker)
{
    long long asked_ms;
    enum outcome outcome = ask_for_message(worker);
    struct json_object *object;
    struct letter letter;

    if (outcome != OUTCOME_DONE)
        return endure(worker, outcome);
    asked_ms = clock_ms(); /* of a long-poll it is not known when the lease began */
    if (worker->answer.status == 204) {
        if (worker->until_empty)
            return OUTCOME_NOTHING;
        if (worker->is_polling)
            pause_ms(PAUSE_MS);
        return OUTCOME_DONE;
    }
    object = json_of(&worker->answer.body);
    if (letter_read(&letter, object) && letter.key && letter.lease)
        outcome = work_on(worker, &letter, asked_ms);
    else
        outcome = order_fail("this is no broker: its answer is no message under a lease");
    letter_clear(&letter);
    json_object_put(object);
    return outcome;
}

enum outcome worker_run(struct worker *worker)
{
    enum outcome outcome = OUTCOME_DONE;

    while (outcome == OUTCOME_DONE && !stop_asked)
        outcome = turn(worker);
    result_clear(&worker->answer);
    return outcome == OUTCOME_NOTHING ? OUTCOME_DONE : outcome;
}
