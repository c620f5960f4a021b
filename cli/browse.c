/* browse.c - the verbs browse and dead ls: messages as they stand in a queue.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "cli/display.h"
#include "cli/letter.h"
#include "cli/question.h"
#include "cli/request_path.h"
#include "cli/verbs.h"

enum { PAGE = 100, MANY = 1000000 };

struct browse_run {
    struct question question;
    const char *queue, *state, *match;
    long long left, cut;
    bool is_dead; /* the table is that of dead letters */
    struct table table;
};

/* --- rows ----------------------------------------------------------------------------------- */

static void add_time(struct table *table, long long ms)
{
    char text[DISPLAY_TIME] = "";

    if (ms)
        print_time(ms, text);
    table_add(table, text);
}

/* Seconds, or the least that it can be. */
static void add_age(struct table *table, struct json_object *message)
{
    const char *what = json_text(message, "age_is");
    char text[32] = "";

    if (what)
        snprintf(text, sizeof(text), "%s%lld s", *what == '>' ? ">" : "",
                 json_number(message, "age_s"));
    table_add(table, text);
}

static void add_value(struct table *table, struct json_object *message)
{
    if (json_text(message, "encoding"))
        table_add(table, "(no text)");
    else
        table_add(table, json_text(message, "value"));
}

static const char *const message_heads[] = {
    "key", "state", "until", "deliveries", "age", "bytes", "reason", "message", NULL,
};

static void add_message(struct table *table, struct json_object *message)
{
    long long until = json_number(message, "lease_until");

    table_add(table, json_text(message, "key"));
    table_add(table, json_text(message, "state"));
    add_time(table, until ? until : json_number(message, "due"));
    table_add_number(table, json_number(message, "deliveries"));
    add_age(table, message);
    table_add_number(table, json_number(message, "size"));
    table_add(table, json_text(message, "reason"));
    add_value(table, message);
}

static const char *const letter_heads[] = {
    "key", "died", "deliveries", "bytes", "reason", "message", NULL,
};

static void add_letter(struct table *table, struct json_object *message)
{
    struct json_object *death = json_member(message, "died");
    const char *reason = json_text(death, "reason");

    table_add(table, json_text(message, "key"));
    add_time(table, json_number(death, "at"));
    if (death)
        table_add_number(table, json_number(death, "deliveries"));
    else
        table_add(table, "");
    table_add_number(table, json_number(message, "size"));
    table_add(table, reason ? reason : json_text(message, "reason"));
    add_value(table, message);
}

static void add_row(struct browse_run *run, struct json_object *message)
{
    if (run->question.order->options[ORDER_JSON])
        puts(json_object_to_json_string_ext(message, JSON_C_TO_STRING_PLAIN |
                                                         JSON_C_TO_STRING_NOSLASHESCAPE));
    else
        (run->is_dead ? add_letter : add_message)(&run->table, message);
    run->left--;
}

/* --- pages ---------------------------------------------------------------------------------- */

static void aim(struct browse_run *run, const char *cursor)
{
    struct request_path *target = &run->question.target;

    path_begin(target, "j", run->queue);
    path_add(target, "state", run->state);
    path_add(target, "match", run->match);
    path_add_number(target, "limit", run->left < PAGE ? run->left : PAGE);
    path_add_number(target, "cut", run->cut);
    path_add(target, "cursor", cursor);
}

static enum outcome print_page(struct browse_run *run, struct json_object *answer)
{
    struct json_object *list = json_member(answer, "messages");

    if (!json_object_is_type(list, json_type_array))
        return order_fail("this is no broker: its answer is no list of messages");
    for (size_t i = 0; i < json_object_array_length(list); i++)
        add_row(run, json_object_array_get_idx(list, i));
    return OUTCOME_DONE;
}

static enum outcome print_pages(struct browse_run *run)
{
    enum { CURSOR = 24 };
    char cursor[CURSOR] = "0";
    enum outcome outcome = OUTCOME_DONE;

    while (outcome == OUTCOME_DONE && run->left > 0 && *cursor) {
        struct json_object *answer;
        const char *next;

        aim(run, cursor);
        outcome = question_send(&run->question, "GET", REPEAT_SAFE);
        if (outcome != OUTCOME_DONE)
            break;
        answer = json_of(&run->question.answer.body);
        outcome = print_page(run, answer);
        next = json_text(answer, "cursor");
        snprintf(cursor, sizeof(cursor), "%s", next ? next : "");
        json_object_put(answer);
    }
    return outcome;
}

static enum outcome print_one(struct browse_run *run, const char *key)
{
    struct json_object *answer, *message;
    enum outcome outcome;

    path_begin(&run->question.target, "j", run->queue);
    path_add(&run->question.target, "key", key);
    path_add_number(&run->question.target, "cut", run->cut);
    outcome = question_send(&run->question, "GET", REPEAT_SAFE);
    if (outcome != OUTCOME_DONE)
        return outcome;
    answer = json_of(&run->question.answer.body);
    message = json_member(answer, "message");
    if (message)
        add_row(run, message);
    else
        outcome = order_fail("this is no broker: its answer is no message");
    json_object_put(answer);
    return outcome;
}

static enum outcome show(struct browse_run *run, const struct order *order, const char *key)
{
    enum outcome outcome;

    if (!question_begin(&run->question, order, &outcome))
        return outcome;
    table_begin(&run->table, run->is_dead ? letter_heads : message_heads);
    outcome = key ? print_one(run, key) : print_pages(run);
    if (outcome == OUTCOME_DONE && !order->options[ORDER_JSON])
        table_print(&run->table);
    buffer_clear(&run->table.cells);
    question_end(&run->question);
    return outcome;
}

/* --- the verbs ------------------------------------------------------------------------------ */

enum { LIMIT = 50, CUT = 60, CUT_JSON = 1024 };

enum outcome browse_verb(const struct order *order)
{
    static const int of_pages[] = {BROWSE_STATE, BROWSE_MATCH, BROWSE_LIMIT};
    const char *key = order->options[BROWSE_KEY];
    struct browse_run run = {
        .queue = order->words[0],
        .state = order->options[BROWSE_STATE],
        .match = order->options[BROWSE_MATCH],
        .left = LIMIT,
        .cut = order->options[ORDER_JSON] ? CUT_JSON : CUT,
    };

    for (size_t i = 0; key && i < sizeof(of_pages) / sizeof(of_pages[0]); i++)
        if (order->options[of_pages[i]])
            return order_refuse(order, "--key names one message: no --%s beside it",
                                order->verb->options[of_pages[i]].name);
    if (!order_number(order, BROWSE_LIMIT, 1, MANY, &run.left) ||
        !order_number(order, BROWSE_CUT, 0, LIMIT_BROWSE_CUT, &run.cut))
        return OUTCOME_MISUSED;
    return show(&run, order, key);
}

enum outcome dead_ls_verb(const struct order *order)
{
    char name[DEAD_NAME];
    struct browse_run run = {
        .match = order->options[DEAD_LS_MATCH],
        .left = LIMIT,
        .cut = order->options[ORDER_JSON] ? CUT_JSON : CUT,
        .is_dead = true,
    };

    if (!order->count && (run.match || order->options[DEAD_LS_LIMIT]))
        return order_refuse(order, "these options are for the dead letters of one queue");
    if (!order->count)
        return dead_queues(order);
    if (!order_number(order, DEAD_LS_LIMIT, 1, MANY, &run.left))
        return OUTCOME_MISUSED;
    run.queue = dead_name(order->words[0], name);
    return show(&run, order, NULL);
}
