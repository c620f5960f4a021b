/* pools.c - the verbs of load balancing: lb ...
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "cli/display.h"
#include "cli/letter.h"
#include "cli/question.h"
#include "cli/verbs.h"

static const char *text_of(struct json_object *list, size_t i)
{
    return json_object_get_string(json_object_array_get_idx(list, i));
}

/* A line for each server, the one to take first in front. */
static void print_choice(const struct question *question)
{
    struct json_object *object = json_of(&question->answer.body);
    struct json_object *servers = json_member(object, "servers");

    for (size_t i = 0; servers && i < json_object_array_length(servers); i++)
        puts(text_of(servers, i));
    json_object_put(object);
}

static enum outcome choose(const struct order *order, const char *method, enum repeat repeat)
{
    struct question question;
    enum outcome outcome;

    if (!question_begin(&question, order, &outcome))
        return outcome;
    path_begin(&question.target, "lb", order->words[0]);
    path_add(&question.target, "replicas", order->options[LB_REPLICAS]);
    path_add(&question.target, "spread", order->options[LB_ANY_ROW] ? "no" : NULL);
    path_add(&question.target, "key", order->options[LB_KEY]);
    path_add(&question.target, "bound", order->options[LB_BOUND]);
    if (repeat == REPEAT_UNDONE)
        path_add(&question.target, "cost", order->options[LB_COST]);
    outcome = question_send(&question, method, repeat);
    if (outcome == OUTCOME_DONE && !question_print_json(&question))
        print_choice(&question);
    question_end(&question);
    return outcome;
}

enum outcome lb_pick_verb(const struct order *order)
{
    return choose(order, "GET", REPEAT_SAFE);
}

enum outcome lb_charge_verb(const struct order *order)
{
    return choose(order, "POST", REPEAT_UNDONE);
}

static void add_pools(void *user, const struct result *answer)
{
    struct json_object *object = json_of(&answer->body), *pools = json_member(object, "pools");
    struct table *table = user;

    for (size_t i = 0; pools && i < json_object_array_length(pools); i++) {
        struct json_object *pool = json_object_array_get_idx(pools, i);
        const char *error = json_text(pool, "error");

        table_add(table, json_text(pool, "name"));
        if (error)
            table_add(table, error);
        else
            table_add_number(table, json_number(pool, "servers"));
    }
    json_object_put(object);
}

/* A line for each pool. */
static void print_pools(void *user, const struct result *answer)
{
    struct json_object *object = json_of(&answer->body), *pools = json_member(object, "pools");

    (void)user;
    for (size_t i = 0; pools && i < json_object_array_length(pools); i++)
        puts(json_object_to_json_string_ext(json_object_array_get_idx(pools, i),
                                            JSON_C_TO_STRING_PLAIN |
                                                JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(object);
}

static enum outcome list_pools(const struct order *order)
{
    static const char *const heads[] = {"pool", "servers", NULL};
    bool is_json = order->options[ORDER_JSON];
    struct question question;
    enum outcome outcome;
    struct table table;

    if (!question_begin(&question, order, &outcome))
        return outcome;
    table_begin(&table, heads);
    path_begin(&question.target, "lb", NULL);
    path_add(&question.target, "match", order->options[LB_LIST_MATCH]);
    outcome = question_pages(&question, is_json ? print_pools : add_pools, &table);
    if (outcome == OUTCOME_DONE && !is_json)
        table_print(&table);
    buffer_clear(&table.cells);
    question_end(&question);
    return outcome;
}

static void print_pool(const struct question *question)
{
    static const char *const heads[] = {"server", "row", "score", NULL};
    struct json_object *object = json_of(&question->answer.body),
                       *rows = json_member(object, "rows");
    struct table table;

    table_begin(&table, heads);
    if (json_object_is_type(rows, json_type_object)) {
        json_object_object_foreach(rows, row, servers)
        {
            json_object_object_foreach(servers, server, score)
            {
                table_add(&table, server);
                table_add(&table, row);
                table_add(&table, score ? json_object_get_string(score) : "out of service");
            }
        }
    }
    table_print(&table);
    json_object_put(object);
}

enum outcome lb_list_verb(const struct order *order)
{
    struct question question;
    enum outcome outcome;

    if (!order->count)
        return list_pools(order);
    if (order->options[LB_LIST_MATCH])
        return order_refuse(order, "--match is for the list of pools");
    if (!question_begin(&question, order, &outcome))
        return outcome;
    path_begin(&question.target, "lb", order->words[0]);
    path_add(&question.target, "list", "1");
    outcome = question_send(&question, "GET", REPEAT_SAFE);
    if (outcome == OUTCOME_DONE && !question_print_json(&question))
        print_pool(&question);
    question_end(&question);
    return outcome;
}

enum outcome lb_put_verb(const struct order *order)
{
    bool has_score = order->options[LB_PUT_SCORE], has_incr = order->options[LB_PUT_INCR];
    struct json_object *object, *score;
    struct question question;
    enum outcome outcome;

    if (has_score == has_incr)
        return order_refuse(order, "say one of --score and --incr");
    if (!question_begin(&question, order, &outcome))
        return outcome;
    path_begin(&question.target, "lb", order->words[0]);
    path_add(&question.target, "server", order->words[1]);
    path_add(&question.target, "row", order->options[LB_PUT_ROW]);
    path_add(&question.target, "score", order->options[LB_PUT_SCORE]);
    path_add(&question.target, "incr", order->options[LB_PUT_INCR]);
    path_add(&question.target, "add", order->options[LB_PUT_NO_ADD] ? "no" : NULL);
    outcome = question_send(&question, "PUT", has_incr ? REPEAT_UNDONE : REPEAT_SAFE);
    if (outcome == OUTCOME_DONE && !question_print_json(&question)) {
        object = json_of(&question.answer.body);
        score = json_member(object, "score");
        printf("%s\n", json_object_get_string(score));
        json_object_put(object);
    }
    question_end(&question);
    return outcome;
}

enum outcome lb_rm_verb(const struct order *order)
{
    bool is_whole = order->count == 1;
    struct json_object *object;
    struct question question;
    enum outcome outcome;

    if (is_whole &&
        !question_is_sure(order, LB_RM_YES, "Remove the whole pool %.128s?", order->words[0]))
        return is_person_there() ? OUTCOME_FAILED : OUTCOME_MISUSED;
    if (!question_begin(&question, order, &outcome))
        return outcome;
    path_begin(&question.target, "lb", order->words[0]);
    path_add(&question.target, is_whole ? "all" : "server", is_whole ? "1" : order->words[1]);
    outcome = question_send(&question, "DELETE", REPEAT_UNDONE);
    if (outcome == OUTCOME_DONE && !question_print_json(&question)) {
        object = json_of(&question.answer.body);
        printf("%lld removed\n", json_number(object, "removed"));
        json_object_put(object);
    }
    question_end(&question);
    return outcome;
}
