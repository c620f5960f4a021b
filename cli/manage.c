/* manage.c - the verbs that change a queue: purge, remove, delete, redrive, dead rm, pause, start,
 * set.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "cli/asking.h"
#include "cli/display.h"
#include "cli/message.h"
#include "cli/verbs.h"

/* The name of a queue's dead letters, whether it was given with ".dead" or without. */
static const char *dead_of(const char *queue, char name[LIMIT_NAME + 8])
{
    size_t len = strlen(queue);
    bool has_end = len > 5 && strcmp(queue + len - 5, ".dead") == 0;

    snprintf(name, LIMIT_NAME + 8, "%.*s%s", LIMIT_NAME, queue, has_end ? "" : ".dead");
    return name;
}

/* --- purge and remove ----------------------------------------------------------------------- */

static enum outcome purge(const struct order *order, const char *queue)
{
    struct json_object *object;
    struct asking asking;
    enum outcome outcome;

    if (!asking_begin(&asking, order, &outcome))
        return outcome;
    target_begin(&asking.target, "q", queue);
    target_add(&asking.target, "purge", "1");
    outcome = asking_send(&asking, "DELETE", REPEAT_UNDONE);
    if (outcome == OUTCOME_DONE && !asking_print_json(&asking)) {
        object = json_of(&asking.answer.body);
        printf("%lld messages purged\n", json_number(object, "purged"));
        json_object_put(object);
    }
    asking_end(&asking);
    return outcome;
}

enum outcome purge_verb(const struct order *order)
{
    if (!asking_is_sure(order, PURGE_YES, "Remove all messages of %.128s?", order->words[0]))
        return is_person_there() ? OUTCOME_FAILED : OUTCOME_MISUSED;
    return purge(order, order->words[0]);
}

/* A queue of many messages goes in steps. */
enum outcome remove_verb(const struct order *order)
{
    long long purged = 0;
    struct asking asking;
    enum outcome outcome;
    bool has_more = true;

    if (!asking_is_sure(order, REMOVE_YES, "Remove %.128s with its settings and dead letters?",
                        order->words[0]))
        return is_person_there() ? OUTCOME_FAILED : OUTCOME_MISUSED;
    if (!asking_begin(&asking, order, &outcome))
        return outcome;
    target_begin(&asking.target, "q", order->words[0]);
    target_add(&asking.target, "remove", "1");
    target_add(&asking.target, "force", order->options[REMOVE_FORCE] ? "1" : NULL);
    while (has_more && (outcome = asking_send(&asking, "DELETE", REPEAT_UNDONE)) == OUTCOME_DONE) {
        struct json_object *object = json_of(&asking.answer.body);

        has_more = json_object_get_boolean(json_member(object, "more"));
        purged += json_number(object, "purged");
        json_object_put(object);
    }
    if (outcome == OUTCOME_DONE && !asking_print_json(&asking))
        printf("%s is removed, with %lld messages\n", order->words[0], purged);
    asking_end(&asking);
    return outcome;
}

/* --- single messages ------------------------------------------------------------------------ */

static enum outcome delete_keys(const struct order *order, const char *queue, bool has_force)
{
    enum outcome outcome, first = OUTCOME_DONE;
    struct asking asking;

    if (!asking_begin(&asking, order, &first))
        return first;
    for (int i = 1; i < order->count; i++) {
        target_begin(&asking.target, "q", queue);
        target_add(&asking.target, "key", order->words[i]);
        target_add(&asking.target, "force", has_force ? "1" : NULL);
        outcome = asking_send(&asking, "DELETE", REPEAT_SAFE);
        if (outcome == OUTCOME_DONE)
            asking_print_json(&asking);
        else if (first == OUTCOME_DONE)
            first = outcome;
    }
    asking_end(&asking);
    return first;
}

enum outcome delete_verb(const struct order *order)
{
    return delete_keys(order, order->words[0], order->options[DELETE_FORCE]);
}

enum outcome dead_rm_verb(const struct order *order)
{
    char name[LIMIT_NAME + 8];
    const char *dead = dead_of(order->words[0], name);

    if ((order->count == 1) == !order->options[DEAD_RM_ALL])
        return order_refuse(order, "say which by their keys, or --all");
    if (order->count > 1)
        return delete_keys(order, dead, false);
    if (!asking_is_sure(order, DEAD_RM_YES, "Remove all messages of %.133s?", dead))
        return is_person_there() ? OUTCOME_FAILED : OUTCOME_MISUSED;
    return purge(order, dead);
}

/* --- redrive -------------------------------------------------------------------------------- */

enum outcome redrive_verb(const struct order *order)
{
    long long count = 0, moved = 0;
    char name[LIMIT_NAME + 8];
    bool has_more = true;
    struct asking asking;
    enum outcome outcome;

    if (!order_number(order, REDRIVE_COUNT, 1, LIMIT_BATCH, &count))
        return OUTCOME_MISUSED;
    if (!asking_begin(&asking, order, &outcome))
        return outcome;
    target_begin(&asking.target, "q", dead_of(order->words[0], name));
    target_add(&asking.target, "redrive", "1");
    if (count)
        target_add_number(&asking.target, "count", count);
    while (has_more &&
           (outcome = asking_send(&asking, "POST", count ? REPEAT_UNDONE : REPEAT_SAFE)) ==
               OUTCOME_DONE) {
        struct json_object *object = json_of(&asking.answer.body);

        has_more = !count && json_object_get_boolean(json_member(object, "more"));
        moved += json_number(object, "redriven");
        json_object_put(object);
    }
    if (outcome == OUTCOME_DONE && order->options[ORDER_JSON])
        printf("{\"redriven\":%lld}\n", moved);
    else if (outcome == OUTCOME_DONE)
        printf("%lld dead letters are back\n", moved);
    asking_end(&asking);
    return outcome;
}

/* --- settings ------------------------------------------------------------------------------- */

static enum outcome control(const struct order *order, const char *status, const char *what)
{
    struct asking asking;
    enum outcome outcome;

    if (!asking_begin(&asking, order, &outcome))
        return outcome;
    target_begin(&asking.target, "control", order->words[0]);
    target_add(&asking.target, "status", status);
    target_add(&asking.target, "what", what);
    outcome = asking_send(&asking, "POST", REPEAT_SAFE);
    if (outcome == OUTCOME_DONE)
        asking_print_json(&asking);
    asking_end(&asking);
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

static void print_settings(const struct asking *asking)
{
    static const char *const members[] = {"value",      "lease", "max_deliveries",
                                          "max_length", "ttl",   "backoff"};
    struct json_object *object = json_of(&asking->answer.body), *member;

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        if ((member = json_member(object, members[i])))
            printf("%s=%s\n", i ? members[i] : "policy", json_object_get_string(member));
    json_object_put(object);
}

/* POST answers "OK", no JSON, when the policy was the only word: so the settings are asked for
 * afterwards. */
enum outcome set_verb(const struct order *order)
{
    struct asking asking;
    struct ask ask = {
        .method = "POST", .accept = "application/json, text/plain", .repeat = REPEAT_SAFE};
    enum outcome outcome;

    for (int i = 1; i < order->count; i++)
        if (!strchr(order->words[i], '='))
            return order_refuse(order, "a setting is NAME=VALUE: %.60s", order->words[i]);
    if (!asking_begin(&asking, order, &outcome))
        return outcome;
    target_begin(&asking.target, "p", order->words[0]);
    for (int i = 1; i < order->count; i++) {
        char *equals = strchr(order->words[i], '=');

        *equals = '\0';
        target_add(&asking.target, order->words[i], equals + 1);
    }
    ask.target = asking.target.text.data;
    outcome = order->count > 1 ? client_must(asking.client, &ask, &asking.answer) : OUTCOME_DONE;
    target_begin(&asking.target, "p", order->words[0]);
    if (outcome == OUTCOME_DONE)
        outcome = asking_send(&asking, "GET", REPEAT_SAFE);
    if (outcome == OUTCOME_DONE && !asking_print_json(&asking))
        print_settings(&asking);
    asking_end(&asking);
    return outcome;
}
