/* manage.c - the verbs that change a queue: purge, remove, delete, redrive, dead rm, pause, start,
 * set.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "cli/display.h"
#include "cli/letter.h"
#include "cli/question.h"
#include "cli/verbs.h"

/* --- purge and remove ----------------------------------------------------------------------- */

static enum outcome purge(const struct order *order, const char *queue)
{
    struct json_object *object;
    struct question question;
    enum outcome outcome;

    if (!question_begin(&question, order, &outcome))
        return outcome;
    path_begin(&question.target, "q", queue);
    path_add(&question.target, "purge", "1");
    outcome = question_send(&question, "DELETE", REPEAT_UNDONE);
    if (outcome == OUTCOME_DONE && !question_print_json(&question)) {
        object = json_of(&question.answer.body);
        printf("%lld messages purged\n", json_number(object, "purged"));
        json_object_put(object);
    }
    question_end(&question);
    return outcome;
}

enum outcome purge_verb(const struct order *order)
{
    if (!question_is_sure(order, PURGE_YES, "Remove all messages of %.128s?", order->words[0]))
        return is_person_there() ? OUTCOME_FAILED : OUTCOME_MISUSED;
    return purge(order, order->words[0]);
}

/* A queue of many messages goes in steps. */
enum outcome remove_verb(const struct order *order)
{
    long long purged = 0;
    struct question question;
    enum outcome outcome;
    bool has_more = true;

    if (!question_is_sure(order, REMOVE_YES, "Remove %.128s with its settings and dead letters?",
                          order->words[0]))
        return is_person_there() ? OUTCOME_FAILED : OUTCOME_MISUSED;
    if (!question_begin(&question, order, &outcome))
        return outcome;
    path_begin(&question.target, "q", order->words[0]);
    path_add(&question.target, "remove", "1");
    path_add(&question.target, "force", order->options[REMOVE_FORCE] ? "1" : NULL);
    while (has_more &&
           (outcome = question_send(&question, "DELETE", REPEAT_UNDONE)) == OUTCOME_DONE) {
        struct json_object *object = json_of(&question.answer.body);

        has_more = json_object_get_boolean(json_member(object, "more"));
        purged += json_number(object, "purged");
        json_object_put(object);
    }
    if (outcome == OUTCOME_DONE && !question_print_json(&question))
        printf("%s is removed, with %lld messages\n", order->words[0], purged);
    question_end(&question);
    return outcome;
}

/* --- single messages ------------------------------------------------------------------------ */

static enum outcome delete_keys(const struct order *order, bool has_force)
{
    enum outcome outcome, first = OUTCOME_DONE;
    struct question question;

    if (!question_begin(&question, order, &first))
        return first;
    for (int i = 1; i < order->count; i++) {
        path_begin(&question.target, "q", order->words[0]);
        path_add(&question.target, "key", order->words[i]);
        path_add(&question.target, "force", has_force ? "1" : NULL);
        outcome = question_send(&question, "DELETE", REPEAT_SAFE);
        if (outcome == OUTCOME_DONE)
            question_print_json(&question);
        else if (first == OUTCOME_DONE)
            first = outcome;
    }
    question_end(&question);
    return first;
}

enum outcome delete_verb(const struct order *order)
{
    return delete_keys(order, order->options[DELETE_FORCE]);
}

/* What became of each.  The outcome is that of the first that could not be done. */
static enum outcome print_chosen(const struct question *question)
{
    struct json_object *list = json_of(&question->answer.body);
    enum outcome first = OUTCOME_DONE;

    if (!json_object_is_type(list, json_type_array))
        first = order_fail("this is no broker: its answer is no list");
    for (size_t i = 0; first != OUTCOME_FAILED && i < json_object_array_length(list); i++) {
        struct json_object *one = json_object_array_get_idx(list, i);
        const char *code = json_text(one, "code");

        if (!code)
            continue;
        order_fail("%s: %s", json_text(one, "key"), json_text(one, "error"));
        if (first == OUTCOME_DONE)
            first = strcmp(code, "not_found") == 0 ? OUTCOME_NOTHING : OUTCOME_CONFLICT;
    }
    json_object_put(list);
    return first;
}

/* Dead letters by their keys, which stand behind the queue; act is "redrive" or "deletes".  It
 * stands in the form, as the keys do: what loses one on the way loses both. */
static enum outcome act_on_chosen(const struct order *order, const char *act)
{
    struct request_path form = {0};
    struct buffer keys = {0};
    struct question question;
    struct ask ask = {
        .method = "POST", .type = "application/x-www-form-urlencoded", .repeat = REPEAT_UNDONE};
    char name[DEAD_NAME];
    enum outcome outcome;

    if (order->count - 1 > LIMIT_BATCH)
        return order_refuse(order, "at most %d keys", LIMIT_BATCH);
    if (!question_begin(&question, order, &outcome))
        return outcome;
    for (int i = 1; i < order->count; i++)
        buffer_addf(&keys, "%s%s", i > 1 ? "," : "", order->words[i]);
    path_begin(&form, "", NULL);
    path_add(&form, act, "1");
    path_add(&form, "keys", keys.data);
    ask.body = strchr(form.text.data, '?') + 1;
    ask.len = strlen(ask.body);
    path_begin(&question.target, "q", dead_name(order->words[0], name));
    ask.target = question.target.text.data;
    outcome = client_must(question.client, &ask, &question.answer);
    if (outcome == OUTCOME_DONE)
        question_print_json(&question);
    if (outcome == OUTCOME_DONE)
        outcome = print_chosen(&question);
    buffer_clear(&keys);
    path_clear(&form);
    question_end(&question);
    return outcome;
}

enum outcome dead_rm_verb(const struct order *order)
{
    char name[DEAD_NAME];
    const char *dead = dead_name(order->words[0], name);

    if ((order->count == 1) == !order->options[DEAD_RM_ALL])
        return order_refuse(order, "say which by their keys, or --all");
    if (order->count > 1)
        return act_on_chosen(order, "deletes");
    if (!question_is_sure(order, DEAD_RM_YES, "Remove all messages of %.133s?", dead))
        return is_person_there() ? OUTCOME_FAILED : OUTCOME_MISUSED;
    return purge(order, dead);
}

/* --- redrive -------------------------------------------------------------------------------- */

enum outcome redrive_verb(const struct order *order)
{
    long long count = 0, moved = 0;
    char name[DEAD_NAME];
    bool has_more = true;
    struct question question;
    enum outcome outcome;

    if (order->count > 1 && order->options[REDRIVE_COUNT])
        return order_refuse(order, "say which by their keys, or --count");
    if (order->count > 1)
        return act_on_chosen(order, "redrive");
    if (!order_number(order, REDRIVE_COUNT, 1, LIMIT_BATCH, &count))
        return OUTCOME_MISUSED;
    if (!question_begin(&question, order, &outcome))
        return outcome;
    path_begin(&question.target, "q", dead_name(order->words[0], name));
    path_add(&question.target, "redrive", "1");
    if (count)
        path_add_number(&question.target, "count", count);
    while (has_more &&
           (outcome = question_send(&question, "POST", count ? REPEAT_UNDONE : REPEAT_SAFE)) ==
               OUTCOME_DONE) {
        struct json_object *object = json_of(&question.answer.body);

        has_more = !count && json_object_get_boolean(json_member(object, "more"));
        moved += json_number(object, "redriven");
        json_object_put(object);
    }
    if (outcome == OUTCOME_DONE && order->options[ORDER_JSON])
        printf("{\"redriven\":%lld}\n", moved);
    else if (outcome == OUTCOME_DONE)
        printf("%lld dead letters are back\n", moved);
    question_end(&question);
    return outcome;
}

/* --- settings ------------------------------------------------------------------------------- */

static enum outcome control(const struct order *order, const char *status, const char *what)
{
    struct question question;
    enum outcome outcome;

    if (!question_begin(&question, order, &outcome))
        return outcome;
    path_begin(&question.target, "control", order->words[0]);
    path_add(&question.target, "status", status);
    path_add(&question.target, "what", what);
    outcome = question_send(&question, "POST", REPEAT_SAFE);
    if (outcome == OUTCOME_DONE)
        question_print_json(&question);
    question_end(&question);
    return outcome;
}

enum outcome pause_verb(const struct order *order)
{
    return control(order, "stop", order->options[PAUSE_WHAT]);
}

enum outcome start_verb(const struct order *order)
{
    return control(order, "start", order->options[PAUSE_WHAT]);
}

static void print_settings(const struct question *question)
{
    static const char *const members[] = {"value",      "lease", "max_deliveries",
                                          "max_length", "ttl",   "backoff"};
    struct json_object *object = json_of(&question->answer.body), *member;

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        if ((member = json_member(object, members[i])))
            printf("%s=%s\n", i ? members[i] : "policy", json_object_get_string(member));
    json_object_put(object);
}

/* POST answers "OK", no JSON, when the policy was the only word: so the settings are asked for
 * afterwards. */
enum outcome set_verb(const struct order *order)
{
    struct question question;
    struct ask ask = {
        .method = "POST", .accept = "application/json, text/plain", .repeat = REPEAT_SAFE};
    enum outcome outcome;

    for (int i = 1; i < order->count; i++)
        if (!strchr(order->words[i], '='))
            return order_refuse(order, "a setting is NAME=VALUE: %.60s", order->words[i]);
    if (!question_begin(&question, order, &outcome))
        return outcome;
    path_begin(&question.target, "p", order->words[0]);
    for (int i = 1; i < order->count; i++) {
        char *equals = strchr(order->words[i], '=');

        *equals = '\0';
        path_add(&question.target, order->words[i], equals + 1);
    }
    ask.target = question.target.text.data;
    outcome =
        order->count > 1 ? client_must(question.client, &ask, &question.answer) : OUTCOME_DONE;
    path_begin(&question.target, "p", order->words[0]);
    if (outcome == OUTCOME_DONE)
        outcome = question_send(&question, "GET", REPEAT_SAFE);
    if (outcome == OUTCOME_DONE && !question_print_json(&question))
        print_settings(&question);
    question_end(&question);
    return outcome;
}
