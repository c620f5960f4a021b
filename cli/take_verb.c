/* take_verb.c - the verbs take and peek.
 *
 * take loses nothing: it takes under a lease, prints, and acks what was printed.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "cli/display.h"
#include "cli/leases.h"
#include "cli/letter.h"
#include "cli/request_path.h"
#include "cli/verbs.h"

struct take_run {
    const struct order *order;
    struct client *client;
    long long lease, count, wait; /* seconds; wait 0: not */
    bool is_kept;                 /* the lease is the caller's */
    struct result answer;
    struct lease_list leases;
};

/* --- printing ------------------------------------------------------------------------------- */

/* The facts of a lease stand apart from the message, so that this can go down a pipe as it is. */
static void print_facts(const struct letter *letter)
{
    char until[DISPLAY_TIME];

    print_time(letter->lease_until, until);
    fprintf(stderr, "%s %s leased until %s, delivery %lld\n", letter->key, letter->lease, until,
            letter->deliveries);
}

static void print_letter(const struct take_run *take, struct json_object *object,
                         const struct letter *letter)
{
    if (take->order->options[ORDER_JSON]) {
        if (!take->is_kept) {
            json_object_object_del(object, "lease");
            json_object_object_del(object, "lease_until");
        }
        puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
                                                        JSON_C_TO_STRING_NOSLASHESCAPE));
        return;
    }
    if (take->is_kept)
        print_facts(letter);
    fwrite(letter->value, 1, letter->len, stdout);
    if (take->count > 1 || isatty(STDOUT_FILENO))
        putchar('\n');
}

/* False: it is no message. */
static bool print_and_note(struct take_run *take, struct json_object *object)
{
    struct letter letter;
    bool is_read = letter_read(&letter, object) && letter.key;

    if (is_read && letter.lease)
        lease_list_add(&take->leases, letter.key, letter.lease);
    if (is_read)
        print_letter(take, object, &letter);
    letter_clear(&letter);
    return is_read;
}

/* --- the way out ---------------------------------------------------------------------------- */

/* Of several queues the key tells which one; its dead letters have the same keys. */
static void find_queue(const struct take_run *take, const char *key, char *queue, size_t size)
{
    const char *end = strrchr(key, ':');

    snprintf(queue, size, "%.*s", end ? (int)(end - key) : 0, key);
    for (int i = 0; i < take->order->count; i++)
        if (strcmp(take->order->words[i], queue) == 0)
            return;
    strncat(queue, ".dead", size - strlen(queue) - 1);
}

static enum outcome settle(struct take_run *take, const char *queue, int error)
{
    enum outcome outcome;
    int refused;

    if (take->is_kept || !take->leases.count)
        return error ? order_fail("standard output: %s", strerror(error)) : OUTCOME_DONE;
    outcome = leases_ask(take->client, queue, error ? LEASE_RELEASE : LEASE_ACK, error ? 0 : -1,
                         &take->leases, &refused, &take->answer);
    if (error)
        return order_fail("standard output: %s; the message %s", strerror(error),
                          outcome == OUTCOME_DONE ? "is back in its queue" : "comes back");
    if (outcome != OUTCOME_DONE)
        order_fail("%s; what was printed may come again", take->answer.why);
    else if (refused && !take->answer.is_second) {
        outcome = OUTCOME_CONFLICT;
        order_fail("printing took longer than the lease: what was printed may come again");
    }
    return outcome;
}

static enum outcome print_answer(struct take_run *take)
{
    struct json_object *object = json_of(&take->answer.body);
    bool is_list = json_object_is_type(object, json_type_array), is_read = object != NULL;
    struct json_object *first = is_list ? json_object_array_get_idx(object, 0) : object;
    char queue[LIMIT_NAME + 16];
    int error;

    snprintf(queue, sizeof(queue), "%s", take->order->words[0]);
    if (take->order->count > 1 && json_text(first, "key"))
        find_queue(take, json_text(first, "key"), queue, sizeof(queue));
    if (!is_list)
        is_read = is_read && print_and_note(take, object);
    for (size_t i = 0; is_list && i < json_object_array_length(object); i++)
        is_read = print_and_note(take, json_object_array_get_idx(object, i)) && is_read;
    error = output_is_written() ? 0 : errno;
    json_object_put(object);
    if (!is_read)
        return order_fail("this is no broker: its answer is no message");
    return settle(take, queue, error);
}

/* --- the way there -------------------------------------------------------------------------- */

static void aim(const struct take_run *take, struct request_path *target, long long wait)
{
    const struct order *order = take->order;
    struct buffer names = {0};

    path_begin(target, take->wait ? "w" : "q", order->count == 1 ? order->words[0] : NULL);
    for (int i = 0; order->count > 1 && i < order->count; i++)
        buffer_addf(&names, "%s%s", i ? "," : "", order->words[i]);
    path_add(target, "queues", names.data);
    path_add_number(target, "lease", take->lease);
    if (take->count > 1)
        path_add_number(target, "count", take->count);
    if (take->wait)
        path_add_number(target, "wait", wait);
    buffer_clear(&names);
}

static enum outcome take_within(struct take_run *take)
{
    long long end = clock_ms() + 1000 * take->wait, left;
    struct request_path target = {0};
    enum outcome outcome;

    do {
        left = (end - clock_ms() + 999) / 1000;
        left = left < 0 ? 0 : left > LONG_POLL ? LONG_POLL : left;
        aim(take, &target, left);
        outcome = client_must(take->client,
                              &(struct ask){.method = "GET",
                                            .target = target.text.data,
                                            .repeat = REPEAT_SAFE,
                                            .wait_seconds = (unsigned)left},
                              &take->answer);
    } while (outcome == OUTCOME_DONE && take->answer.status == 204 && clock_ms() < end);
    path_clear(&target);
    if (outcome == OUTCOME_DONE && take->answer.status == 204)
        return OUTCOME_NOTHING;
    return outcome == OUTCOME_DONE ? print_answer(take) : outcome;
}

enum outcome take_verb(const struct order *order)
{
    struct take_run take = {
        .order = order,
        .lease = LEASE_SECONDS,
        .count = 1,
        .is_kept = order->options[TAKE_LEASE],
    };
    enum outcome outcome;

    if (!order_number(order, TAKE_LEASE, 1, LIMIT_LEASE, &take.lease) ||
        !order_number(order, TAKE_COUNT, 1, LIMIT_BATCH, &take.count) ||
        !order_number(order, TAKE_WAIT, 0, LIMIT_LEASE, &take.wait))
        return OUTCOME_MISUSED;
    take.client = client_open(order, &outcome);
    if (!take.client)
        return outcome;
    outcome = take_within(&take);
    lease_list_clear(&take.leases);
    result_clear(&take.answer);
    client_close(take.client);
    return outcome;
}

/* --- peek ----------------------------------------------------------------------------------- */

static void print_state(const struct letter *letter)
{
    char until[DISPLAY_TIME];

    print_time(letter->lease_until, until);
    fprintf(stderr, "%s%s%s%s%s\n", letter->key, letter->state ? " " : "",
            letter->state ? letter->state : "", letter->lease_until ? " until " : "", until);
}

static enum outcome print_peeked(struct take_run *take)
{
    struct json_object *object;
    struct letter letter;
    bool is_read;

    if (take->answer.status == 204)
        return OUTCOME_NOTHING;
    object = json_of(&take->answer.body);
    is_read = letter_read(&letter, object) && letter.key;
    if (is_read && take->order->options[ORDER_JSON])
        print_json(&take->answer.body);
    else if (is_read) {
        print_state(&letter);
        print_letter(take, object, &letter);
    }
    letter_clear(&letter);
    json_object_put(object);
    return is_read ? OUTCOME_DONE : order_fail("this is no broker: its answer is no message");
}

enum outcome peek_verb(const struct order *order)
{
    struct take_run take = {.order = order, .count = 1};
    struct request_path target = {0};
    struct ask ask = {.method = "GET", .repeat = REPEAT_SAFE};
    enum outcome outcome;

    take.client = client_open(order, &outcome);
    if (!take.client)
        return outcome;
    path_begin(&target, "q", order->words[0]);
    path_add(&target, "soft", "1");
    path_add(&target, "key", order->options[PEEK_KEY]);
    ask.target = target.text.data;
    outcome = client_must(take.client, &ask, &take.answer);
    if (outcome == OUTCOME_DONE)
        outcome = print_peeked(&take);
    path_clear(&target);
    result_clear(&take.answer);
    client_close(take.client);
    return outcome;
}
