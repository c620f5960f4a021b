/* look_verbs.c - the verbs that look: ls, stats, dead ls, who, ready, health, metrics, control.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/display.h"
#include "cli/letter.h"
#include "cli/question.h"
#include "cli/stop.h"
#include "cli/verbs.h"

/* --- ls ------------------------------------------------------------------------------------- */

/* Of a path like "/mq/q/orders/eu" what stands behind the broker's "/q/". */
static const char *name_of(const char *path)
{
    const char *name = path ? strstr(path, "/q/") : NULL;

    return name ? name + 3 : path;
}

struct listing {
    bool is_json;
    long long count;
};

static void list_page(void *user, const struct result *answer)
{
    struct listing *listing = user;
    struct json_object *names = json_of(&answer->body);

    for (size_t i = 0; names && i < json_object_array_length(names); i++) {
        const char *name = name_of(json_object_get_string(json_object_array_get_idx(names, i)));

        if (listing->is_json)
            printf("%s\"%s\"", listing->count ? "," : "[", name);
        else
            puts(name);
        listing->count++;
    }
    json_object_put(names);
}

enum outcome ls_verb(const struct order *order)
{
    struct listing listing = {.is_json = order->options[ORDER_JSON]};
    struct question question;
    enum outcome outcome;

    if (!question_begin(&question, order, &outcome))
        return outcome;
    path_begin(&question.target, "q", NULL);
    path_add(&question.target, "match", order->options[LS_MATCH]);
    outcome = question_pages(&question, list_page, &listing);
    if (listing.is_json && outcome == OUTCOME_DONE)
        puts(listing.count ? "]" : "[]");
    question_end(&question);
    return outcome;
}

/* --- stats ---------------------------------------------------------------------------------- */

static const char *const stats_heads[] = {
    "queue", "ready", "leased",  "delayed",   "dead",  "pushed",
    "acked", "died",  "expired", "consumers", "state", NULL,
};

/* "stopped", and what is held, as POST /control calls it. */
static void add_state(struct table *table, struct json_object *facts)
{
    struct json_object *held = json_member(facts, "held");
    struct buffer state = {0};

    if (!json_number(facts, "status"))
        buffer_add_text(&state, "stopped");
    for (size_t i = 0; held && i < json_object_array_length(held); i++)
        buffer_addf(&state, "%s%s held", state.len ? ", " : "",
                    json_object_get_string(json_object_array_get_idx(held, i)));
    table_add(table, state.len ? state.data : "started");
    buffer_clear(&state);
}

static void add_stats(struct table *table, const char *name, struct json_object *facts)
{
    static const char *const members[] = {
        "len", "leased", "delayed", "dead", "pushed", "acked", "died", "expired", "consumers",
    };
    const char *error = json_text(facts, "error");

    table_add(table, name);
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        if (error)
            table_add(table, "");
        else
            table_add_number(table, json_number(facts, members[i]));
    if (error)
        table_add(table, "damaged");
    else
        add_state(table, facts);
}

struct overview {
    const struct order *order;
    struct table table;
    bool only_dead;       /* queues that have dead letters */
    long long numbers[6]; /* of all queues: see watched */
};

static const char *const watched[] = {"len", "leased", "delayed", "dead", "pushed", "removed"};
enum { WATCHED = sizeof(watched) / sizeof(watched[0]) };

static void add_page(void *user, const struct result *answer)
{
    struct overview *overview = user;
    struct json_object *object = json_of(&answer->body);
    struct json_object *queues = json_member(object, "queues");

    if (json_object_is_type(queues, json_type_object)) {
        json_object_object_foreach(queues, name, facts)
        {
            if (overview->only_dead && !json_number(facts, "dead"))
                continue;
            for (int i = 0; i < WATCHED; i++)
                overview->numbers[i] += json_number(facts, watched[i]);
            if (overview->order->options[ORDER_JSON])
                printf("{\"queue\":\"%s\",\"stats\":%s}\n", name,
                       json_object_to_json_string_ext(facts, JSON_C_TO_STRING_PLAIN |
                                                                 JSON_C_TO_STRING_NOSLASHESCAPE));
            else
                add_stats(&overview->table, name, facts);
        }
    }
    json_object_put(object);
}

static enum outcome print_all(struct question *question, bool only_dead)
{
    struct overview overview = {.order = question->order, .only_dead = only_dead};
    enum outcome outcome;

    table_begin(&overview.table, stats_heads);
    path_begin(&question->target, "stats", NULL);
    if (!only_dead)
        path_add(&question->target, "match", question->order->options[STATS_MATCH]);
    outcome = question_pages(question, add_page, &overview);
    if (!question->order->options[ORDER_JSON] && outcome == OUTCOME_DONE)
        table_print(&overview.table);
    buffer_clear(&overview.table.cells);
    return outcome;
}

static enum outcome print_one_queue(struct question *question)
{
    struct json_object *facts;
    struct table table;
    enum outcome outcome;

    path_begin(&question->target, "stats", question->order->words[0]);
    outcome = question_send(question, "GET", REPEAT_SAFE);
    if (outcome != OUTCOME_DONE || question_print_json(question))
        return outcome;
    facts = json_of(&question->answer.body);
    table_begin(&table, stats_heads);
    add_stats(&table, question->order->words[0], facts);
    table_print(&table);
    json_object_put(facts);
    return outcome;
}

/* The numbers of one queue, or of all of them together. */
static enum outcome read_watched(struct question *question, long long numbers[WATCHED])
{
    struct overview overview = {.order = question->order};
    struct json_object *facts;
    enum outcome outcome;

    path_begin(&question->target, "stats",
               question->order->count ? question->order->words[0] : NULL);
    if (!question->order->count) {
        struct order quiet = *question->order;

        quiet.options[ORDER_JSON] = NULL;
        overview.order = &quiet;
        table_begin(&overview.table, stats_heads);
        path_add(&question->target, "match", question->order->options[STATS_MATCH]);
        outcome = question_pages(question, add_page, &overview);
        buffer_clear(&overview.table.cells);
        memcpy(numbers, overview.numbers, sizeof(overview.numbers));
        return outcome;
    }
    outcome = question_send(question, "GET", REPEAT_SAFE);
    facts = json_of(&question->answer.body);
    for (int i = 0; i < WATCHED && outcome == OUTCOME_DONE; i++)
        numbers[i] = json_number(facts, watched[i]);
    json_object_put(facts);
    return outcome;
}

static void print_watched(const struct order *order, const long long *now, const long long *before,
                          long long seconds)
{
    long long in = (now[4] - before[4]) / seconds, out = (now[5] - before[5]) / seconds;

    if (order->options[ORDER_JSON])
        printf("{\"len\":%lld,\"leased\":%lld,\"delayed\":%lld,\"dead\":%lld,"
               "\"pushed_a_second\":%lld,\"removed_a_second\":%lld}\n",
               now[0], now[1], now[2], now[3], in, out);
    else
        printf("%10lld %10lld %10lld %10lld %10lld %10lld\n", now[0], now[1], now[2], now[3], in,
               out);
}

static enum outcome watch(struct question *question, long long seconds)
{
    enum { LINES = 20 };
    long long now[WATCHED], before[WATCHED];
    enum outcome outcome = read_watched(question, before);

    stop_watch();
    for (int line = 0; outcome == OUTCOME_DONE && !stop_asked; line++) {
        nanosleep(&(struct timespec){.tv_sec = seconds}, NULL);
        if (stop_asked)
            break;
        outcome = read_watched(question, now);
        if (outcome != OUTCOME_DONE)
            break;
        if (line % LINES == 0 && !question->order->options[ORDER_JSON])
            printf("%10s %10s %10s %10s %10s %10s\n", "ready", "leased", "delayed", "dead",
                   "pushed/s", "removed/s");
        print_watched(question->order, now, before, seconds);
        if (!output_is_written())
            return OUTCOME_FAILED;
        memcpy(before, now, sizeof(now));
    }
    return outcome;
}

enum outcome stats_verb(const struct order *order)
{
    long long seconds = 1;
    struct question question;
    enum outcome outcome;

    if (!order_number(order, STATS_EVERY, 1, 3600, &seconds))
        return OUTCOME_MISUSED;
    if (!question_begin(&question, order, &outcome))
        return outcome;
    if (order->options[STATS_WATCH])
        outcome = watch(&question, seconds);
    else
        outcome = order->count ? print_one_queue(&question) : print_all(&question, false);
    question_end(&question);
    return outcome;
}

enum outcome dead_queues(const struct order *order)
{
    struct question question;
    enum outcome outcome;

    if (!question_begin(&question, order, &outcome))
        return outcome;
    outcome = print_all(&question, true);
    question_end(&question);
    return outcome;
}

/* --- who ------------------------------------------------------------------------------------ */

static void add_topics(void *user, const struct result *answer)
{
    struct overview *overview = user;
    struct json_object *object = json_of(&answer->body), *topics = json_member(object, "topics");

    if (overview->order->options[ORDER_JSON])
        print_json(&answer->body);
    else if (json_object_is_type(topics, json_type_object)) {
        json_object_object_foreach(topics, name, count)
        {
            table_add(&overview->table, name);
            table_add_number(&overview->table, json_object_get_int64(count));
        }
    }
    json_object_put(object);
}

static void add_people(void *user, const struct result *answer)
{
    struct overview *overview = user;
    struct json_object *list = json_of(&answer->body);

    for (size_t i = 0; list && i < json_object_array_length(list); i++) {
        struct json_object *one = json_object_array_get_idx(list, i);
        char since[DISPLAY_TIME];

        print_time(json_number(one, "since"), since);
        if (overview->order->options[ORDER_JSON]) {
            puts(json_object_to_json_string_ext(one, JSON_C_TO_STRING_PLAIN |
                                                         JSON_C_TO_STRING_NOSLASHESCAPE));
            continue;
        }
        table_add(&overview->table, json_text(one, "name"));
        table_add(&overview->table, json_text(one, "via"));
        table_add(&overview->table, since);
        table_add(&overview->table, json_text(one, "id"));
    }
    json_object_put(list);
}

enum outcome who_list(const struct order *order)
{
    static const char *const topics[] = {"topic", "consumers", NULL};
    static const char *const people[] = {"name", "via", "since", "id", NULL};
    struct overview overview = {.order = order};
    struct question question;
    enum outcome outcome;

    if (!question_begin(&question, order, &outcome))
        return outcome;
    table_begin(&overview.table, order->count ? people : topics);
    path_begin(&question.target, "presence", order->count ? order->words[0] : NULL);
    outcome = question_pages(&question, order->count ? add_people : add_topics, &overview);
    if (outcome == OUTCOME_DONE && !order->options[ORDER_JSON])
        table_print(&overview.table);
    buffer_clear(&overview.table.cells);
    question_end(&question);
    return outcome;
}

/* --- rights --------------------------------------------------------------------------------- */

/* Those that are there, a line each. */
static void print_rights(const struct result *answer)
{
    struct json_object *object = json_of(&answer->body);
    struct json_object *rights = json_member(object, "may");

    for (size_t i = 0;
         json_object_is_type(rights, json_type_array) && i < json_object_array_length(rights); i++)
        puts(json_object_get_string(json_object_array_get_idx(rights, i)));
    json_object_put(object);
}

enum outcome rights_verb(const struct order *order)
{
    struct question question;
    enum outcome outcome;

    if (!question_begin(&question, order, &outcome))
        return outcome;
    path_begin(&question.target, "rights", order->count ? order->words[0] : NULL);
    outcome = question_send(&question, "GET", REPEAT_SAFE);
    if (outcome == OUTCOME_DONE && !question_print_json(&question))
        print_rights(&question.answer);
    question_end(&question);
    return outcome;
}

/* --- is it well ----------------------------------------------------------------------------- */

static enum outcome ask_text(const struct order *order, struct question *question,
                             const char *accept)
{
    struct ask ask = {
        .method = "GET",
        .target = question->target.text.data,
        .accept = accept,
        .repeat = REPEAT_SAFE,
    };
    enum outcome outcome = client_must(question->client, &ask, &question->answer);
    size_t len = question->answer.body.len;

    if (outcome == OUTCOME_DONE && order->options[ORDER_JSON] && accept && len < 100)
        printf("{\"status\":\"%.*s\"}\n", (int)strcspn(question->answer.body.data, "\r\n"),
               question->answer.body.data);
    else if (outcome == OUTCOME_DONE)
        fwrite(question->answer.body.data, 1, len, stdout);
    return outcome;
}

enum outcome metrics_verb(const struct order *order)
{
    struct question question;
    enum outcome outcome;

    if (!question_begin(&question, order, &outcome))
        return outcome;
    path_begin(&question.target, "metrics", NULL);
    path_add(&question.target, "match", order->options[METRICS_MATCH]);
    path_add(&question.target, "pools", order->options[METRICS_POOLS]);
    outcome = ask_text(order, &question, "text/plain");
    question_end(&question);
    return outcome;
}

enum outcome health_verb(const struct order *order)
{
    struct question question;
    enum outcome outcome;

    if (!question_begin(&question, order, &outcome))
        return outcome;
    path_begin(&question.target, "health", order->options[HEALTH_HELPER] ? "ws" : NULL);
    outcome = ask_text(order, &question, order->options[HEALTH_HELPER] ? NULL : "text/plain");
    question_end(&question);
    return outcome;
}

enum outcome ready_verb(const struct order *order)
{
    struct json_object *object;
    struct question question;
    enum outcome outcome;

    if (!question_begin(&question, order, &outcome))
        return outcome;
    path_begin(&question.target, "ready", NULL);
    outcome = question_send(&question, "GET", REPEAT_SAFE);
    if (outcome == OUTCOME_DONE && !question_print_json(&question)) {
        object = json_of(&question.answer.body);
        printf("ready: %s\n", json_text(object, "promise") ? json_text(object, "promise") : "");
        json_object_put(object);
    }
    question_end(&question);
    return outcome;
}
