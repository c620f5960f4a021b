/* export.c - the verb export: messages leave a queue for a file, a line of JSON each.
 *
 * A message is acked when its line is on the disk.  A message that was written and not acked comes
 * back, is known by its line, and is acked then: no message is lost, and none is in the file twice.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "cli/display.h"
#include "cli/leases.h"
#include "cli/letter.h"
#include "cli/question.h"
#include "cli/seen.h"
#include "cli/stop.h"
#include "cli/verbs.h"

enum { EXPORT_LEASE = 60 };

struct export_run {
    struct question question;
    const char *file;
    int fd;
    off_t end; /* of the lines that are on the disk */
    struct seen seen;
    struct buffer lines; /* of the messages in hand */
    struct lease_list leases;
    long long count; /* lines written by this run */
    struct ticker ticker;
};

/* --- the file ------------------------------------------------------------------------------- */

/* Knows the lines that are there; one that was cut by a crash goes. */
static bool read_file(struct export_run *run)
{
    FILE *file = fdopen(dup(run->fd), "r");
    uint64_t mark[2];
    char *line = NULL;
    size_t size = 0;
    ssize_t len;

    while (file && (len = getline(&line, &size, file)) > 0 && line[len - 1] == '\n') {
        seen_mark(line, (size_t)len, mark);
        seen_add(&run->seen, mark);
        run->end += len;
    }
    free(line);
    if (file)
        fclose(file);
    return file && ftruncate(run->fd, run->end) == 0 && lseek(run->fd, run->end, SEEK_SET) >= 0;
}

static bool open_file(struct export_run *run)
{
    run->fd = open(run->file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (run->fd < 0 || !read_file(run)) {
        order_fail("%s: %s", run->file, strerror(errno));
        return false;
    }
    if (flock(run->fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    order_fail("%s: another export is at work on it", run->file);
    return false;
}

/* False sets errno, and the file is as before. */
static bool write_lines(struct export_run *run)
{
    size_t done = 0;
    ssize_t count = 0;
    int error;

    while (done < run->lines.len) {
        count = write(run->fd, run->lines.data + done, run->lines.len - done);
        if (count < 0 && errno != EINTR)
            break;
        done += count > 0 ? (size_t)count : 0;
    }
    if (done == run->lines.len && fsync(run->fd) == 0) {
        run->end += (off_t)done;
        return true;
    }
    error = errno;
    if (ftruncate(run->fd, run->end) != 0 || lseek(run->fd, run->end, SEEK_SET) < 0)
        order_fail("%s: %s", run->file, strerror(errno));
    errno = error;
    return false;
}

/* --- messages ------------------------------------------------------------------------------- */

static bool add_letter(struct export_run *run, struct json_object *object)
{
    static const char *const passing[] = {"lease", "lease_until", "deliveries", "count"};
    const char *key = json_text(object, "key"), *lease = json_text(object, "lease");
    size_t from = run->lines.len;
    uint64_t mark[2];

    if (!key || !lease || !json_text(object, "value"))
        return false;
    lease_list_add(&run->leases, key, lease);
    for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
        json_object_object_del(object, passing[i]);
    buffer_add_text(&run->lines,
                    json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
                                                               JSON_C_TO_STRING_NOSLASHESCAPE));
    buffer_add_text(&run->lines, "\n");
    seen_mark(run->lines.data + from, run->lines.len - from, mark);
    if (seen_add(&run->seen, mark))
        run->lines.len = from;
    else
        run->count++;
    return true;
}

static enum outcome settle(struct export_run *run, enum lease_act act)
{
    int refused;

    return leases_ask(run->question.client, run->question.order->words[0], act,
                      act == LEASE_RELEASE ? 0 : -1, &run->leases, &refused, &run->question.answer);
}

static enum outcome keep(struct export_run *run)
{
    struct json_object *list = json_of(&run->question.answer.body);
    bool is_read = json_object_is_type(list, json_type_array);
    enum outcome outcome;

    buffer_reset(&run->lines);
    for (size_t i = 0; is_read && i < json_object_array_length(list); i++)
        is_read = add_letter(run, json_object_array_get_idx(list, i));
    json_object_put(list);
    if (!is_read)
        return order_fail("this is no broker: its answer is no messages under leases");
    if (!write_lines(run)) {
        outcome = order_fail("%s: %s; the messages in hand go back to the queue", run->file,
                             strerror(errno));
        settle(run, LEASE_RELEASE);
        return outcome;
    }
    outcome = settle(run, LEASE_ACK);
    if (outcome != OUTCOME_DONE)
        order_fail("%s; the file has messages that are still in the queue: run it again",
                   run->question.answer.why);
    return outcome;
}

static enum outcome run_export(struct export_run *run)
{
    struct question *question = &run->question;
    enum outcome outcome = OUTCOME_DONE;

    while (outcome == OUTCOME_DONE && !stop_asked) {
        path_begin(&question->target, "q", question->order->words[0]);
        path_add_number(&question->target, "lease", EXPORT_LEASE);
        path_add_number(&question->target, "count", LIMIT_BATCH);
        outcome = question_send(question, "GET", REPEAT_SAFE);
        if (outcome != OUTCOME_DONE || question->answer.status == 204)
            return outcome;
        outcome = keep(run);
        ticker_show(&run->ticker, run->count);
    }
    return outcome == OUTCOME_DONE ? (enum outcome)stop_status() : outcome;
}

/* Messages that others hold, and delayed ones, are still in the queue. */
static void tell_rest(struct question *question)
{
    struct json_object *facts;
    long long rest;

    path_begin(&question->target, "stats", question->order->words[0]);
    if (question_send(question, "GET", REPEAT_SAFE) != OUTCOME_DONE)
        return;
    facts = json_of(&question->answer.body);
    rest = json_number(facts, "leased") + json_number(facts, "delayed");
    if (rest)
        fprintf(stderr, "%lld messages stay: they are leased or delayed\n", rest);
    json_object_put(facts);
}

enum outcome export_verb(const struct order *order)
{
    struct export_run run = {.file = order->words[1], .fd = -1, .ticker = {.what = "exported"}};
    enum outcome outcome;

    if (!question_begin(&run.question, order, &outcome))
        return outcome;
    outcome = OUTCOME_FAILED;
    if (open_file(&run)) {
        stop_watch();
        outcome = run_export(&run);
        ticker_end(&run.ticker);
        if (outcome == OUTCOME_DONE)
            tell_rest(&run.question);
        printf(order->options[ORDER_JSON] ? "{\"exported\":%lld}\n" : "%lld messages exported\n",
               run.count);
    }
    if (run.fd >= 0)
        close(run.fd);
    seen_clear(&run.seen);
    buffer_clear(&run.lines);
    lease_list_clear(&run.leases);
    question_end(&run.question);
    return outcome;
}
