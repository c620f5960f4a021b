/* leases.c - the verbs ack, extend and release, and what else does so.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "cli/leases.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "cli/display.h"
#include "cli/letter.h"
#include "cli/request_path.h"
#include "cli/verbs.h"

void lease_list_add(struct lease_list *leases, const char *key, const char *token)
{
    buffer_add_text(&leases->json, leases->count++ ? ",{\"key\":" : "[{\"key\":");
    json_add_string(&leases->json, key, strlen(key));
    buffer_add_text(&leases->json, ",\"lease\":");
    json_add_string(&leases->json, token, strlen(token));
    buffer_add_text(&leases->json, "}");
}

void lease_list_clear(struct lease_list *leases)
{
    buffer_clear(&leases->json);
    leases->count = 0;
}

static int count_refused(const struct result *answer)
{
    struct json_object *list = json_of(&answer->body);
    int count = 0;

    if (json_object_is_type(list, json_type_array))
        for (size_t i = 0; i < json_object_array_length(list); i++)
            count += json_text(json_object_array_get_idx(list, i), "error") != NULL;
    json_object_put(list);
    return count;
}

enum outcome leases_ask(struct client *client, const char *queue, enum lease_act act,
                        long long seconds, struct lease_list *leases, int *refused,
                        struct result *answer)
{
    struct ask ask = {
        .method = act == LEASE_ACK ? "POST" : "PUT",
        .type = "application/json",
        .repeat = REPEAT_SAFE,
    };
    struct request_path target = {0};
    enum outcome outcome;

    *refused = 0;
    buffer_add_text(&leases->json, "]");
    path_begin(&target, "q", queue);
    if (act == LEASE_EXTEND)
        path_add_number(&target, "extend", seconds);
    else
        path_add(&target, act == LEASE_ACK ? "acks" : "release", "1");
    if (act == LEASE_RELEASE && seconds >= 0)
        path_add_number(&target, "delay", seconds);
    if (act == LEASE_RELEASE)
        path_add(&target, "reason", leases->reason);
    ask.target = target.text.data;
    ask.body = leases->json.data;
    ask.len = leases->json.len;
    outcome = client_ask(client, &ask, answer);
    if (outcome == OUTCOME_DONE)
        *refused = count_refused(answer);
    path_clear(&target);
    leases->json.len = 0;
    leases->count = 0;
    return outcome;
}

/* --- the verbs ------------------------------------------------------------------------------ */

struct many {
    const struct order *order;
    struct client *client;
    enum lease_act act;
    long long seconds;
    struct lease_list leases;
    struct result answer;
    long long line;
    enum outcome outcome; /* the first that was not done */
};

static void print_results(struct many *many)
{
    struct json_object *list = json_of(&many->answer.body);

    for (size_t i = 0; list && i < json_object_array_length(list); i++) {
        struct json_object *item = json_object_array_get_idx(list, i);
        const char *error = json_text(item, "error");

        if (many->order->options[ORDER_JSON])
            puts(json_object_to_json_string_ext(item, JSON_C_TO_STRING_PLAIN |
                                                          JSON_C_TO_STRING_NOSLASHESCAPE));
        else if (error)
            order_fail("%s: %s%s", json_text(item, "key"), error,
                       many->answer.is_second ? ", or an earlier try was answered too late" : "");
    }
    json_object_put(list);
}

/* False: it is no use to go on. */
static bool send(struct many *many)
{
    int refused;
    enum outcome outcome;

    if (!many->leases.count)
        return true;
    outcome = leases_ask(many->client, many->order->words[0], many->act, many->seconds,
                         &many->leases, &refused, &many->answer);
    if (outcome == OUTCOME_DONE)
        print_results(many);
    else
        order_fail("%s", many->answer.why);
    if (outcome == OUTCOME_DONE && refused)
        many->outcome = OUTCOME_CONFLICT;
    else if (outcome != OUTCOME_DONE)
        many->outcome = outcome;
    return outcome == OUTCOME_DONE;
}

/* A line of "take --lease --json", or a key and a token with a space between. */
static bool add_line(struct many *many, char *line)
{
    char *token = strchr(line, ' ');
    struct json_object *object = NULL;
    const char *key = line, *lease = token ? token + 1 : NULL;

    if (*line == '{') {
        struct buffer text = {.data = line, .len = strlen(line)};

        object = json_of(&text);
        key = json_text(object, "key");
        lease = json_text(object, "lease");
    } else if (token)
        *token = '\0';
    if (key && lease && *key && *lease)
        lease_list_add(&many->leases, key, lease);
    json_object_put(object);
    return key && lease;
}

static void read_lines(struct many *many)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t len;

    while ((len = getline(&line, &size, stdin)) > 0) {
        while (len && strchr("\r\n", line[len - 1]))
            line[--len] = '\0';
        many->line++;
        if (len && !add_line(many, line)) {
            many->outcome = order_fail("line %lld is neither a message with its lease, in JSON, "
                                       "nor a key and a token",
                                       many->line);
            break;
        }
        if (many->leases.count == LIMIT_BATCH && !send(many))
            break;
    }
    free(line);
}

static enum outcome act_on(const struct order *order, enum lease_act act, long long seconds,
                           const char *reason)
{
    struct many many = {
        .order = order, .act = act, .seconds = seconds, .leases = {.reason = reason}};

    if (order->count == 2)
        return order_refuse(order, "a key is followed by the token of its lease");
    many.client = client_open(order, &many.outcome);
    if (!many.client)
        return many.outcome;
    many.outcome = OUTCOME_DONE;
    if (order->count == 3)
        lease_list_add(&many.leases, order->words[1], order->words[2]);
    else
        read_lines(&many);
    if (many.outcome == OUTCOME_DONE || many.outcome == OUTCOME_CONFLICT)
        send(&many);
    lease_list_clear(&many.leases);
    result_clear(&many.answer);
    client_close(many.client);
    return many.outcome;
}

enum outcome ack_verb(const struct order *order)
{
    return act_on(order, LEASE_ACK, -1, NULL);
}

enum outcome extend_verb(const struct order *order)
{
    long long seconds = LEASE_SECONDS;

    if (!order_number(order, EXTEND_BY, 1, LIMIT_LEASE, &seconds))
        return OUTCOME_MISUSED;
    return act_on(order, LEASE_EXTEND, seconds, NULL);
}

/* Web servers refuse some control bytes themselves, and say nothing of use. */
static bool is_reason(const char *text)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 127)
            return false;
    return len >= 1 && len <= LIMIT_REASON;
}

enum outcome release_verb(const struct order *order)
{
    const char *reason = order->options[RELEASE_REASON];
    long long seconds = -1;

    if (reason && !is_reason(reason))
        return order_refuse(order, "--reason has 1 to %d bytes, and no control bytes",
                            LIMIT_REASON);
    if (!order_number(order, RELEASE_DELAY, 0, LIMIT_DELAY, &seconds))
        return OUTCOME_MISUSED;
    return act_on(order, LEASE_RELEASE, seconds, reason);
}
