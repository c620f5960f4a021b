/* export.c - the verb export: messages leave a queue for a file, a line of JSON each.
 *
 * A message is acked when its line is on the disk.  A message that was written and not acked comes
 * back, is known by its line, and is acked then: no message is lost, and none is in the file twice.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "cli/copy.h"
#include "cli/display.h"
#include "cli/leases.h"
#include "cli/letter.h"
#include "cli/message_file.h"
#include "cli/question.h"
#include "cli/stop.h"
#include "cli/verbs.h"

enum { EXPORT_LEASE = 60 };

struct export_run {
    struct question question;
    struct message_file file;
    struct lease_list leases;
    struct ticker ticker;
};

/* --- messages ------------------------------------------------------------------------------- */

static bool add_letter(struct export_run *run, struct json_object *object)
{
    static const char *const passing[] = {"lease", "lease_until", "deliveries", "count"};
    const char *key = json_text(object, "key"), *lease = json_text(object, "lease");

    if (!key || !lease || !json_text(object, "value"))
        return false;
    lease_list_add(&run->leases, key, lease);
    for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
        json_object_object_del(object, passing[i]);
    message_file_add(&run->file, object);
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

    for (size_t i = 0; is_read && i < json_object_array_length(list); i++)
        is_read = add_letter(run, json_object_array_get_idx(list, i));
    json_object_put(list);
    if (!is_read)
        return order_fail("this is no broker: its answer is no messages under leases");
    if (!message_file_write(&run->file)) {
        outcome = order_fail("%s: %s; the messages in hand go back to the queue", run->file.name,
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
        ticker_show(&run->ticker, run->file.count);
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

static enum outcome run_move(struct export_run *run)
{
    enum outcome outcome = run_export(run);

    ticker_end(&run->ticker);
    if (outcome == OUTCOME_DONE)
        tell_rest(&run->question);
    return outcome;
}

enum outcome export_verb(const struct order *order)
{
    struct export_run run = {.ticker = {.what = "exported"}};
    bool is_copy = order->options[EXPORT_COPY];
    const char *what = is_copy ? "copied" : "exported";
    enum outcome outcome;

    if (!question_begin(&run.question, order, &outcome))
        return outcome;
    outcome = OUTCOME_FAILED;
    if (message_file_open(&run.file, order->words[1])) {
        stop_watch();
        outcome = is_copy ? copy_messages(&run.question, &run.file) : run_move(&run);
        if (order->options[ORDER_JSON])
            printf("{\"%s\":%lld}\n", what, run.file.count);
        else
            printf("%lld messages %s\n", run.file.count, what);
    }
    message_file_close(&run.file);
    lease_list_clear(&run.leases);
    question_end(&run.question);
    return outcome;
}
