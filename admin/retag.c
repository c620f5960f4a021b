/* retag.c - the verb retag: queues move from one Redis into another whose names have hash tags.
 *
 * Names are made with tags or without as keys_use_tags() said last: each call is built right behind
 * at_source() or at_target().
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/belongings.h"
#include "admin/daemons.h"
#include "admin/destination.h"
#include "admin/move.h"
#include "admin/moved.h"
#include "admin/plain.h"
#include "admin/queue_names.h"
#include "admin/verbs.h"
#include "base/memory.h"
#include "base/target.h"
#include "broker/keys.h"
#include "broker/queue.h"
#include "redis/link.h"
#include "redis/reply.h"

struct retag {
    struct link *source, *target;
    const struct settings *there; /* of the target */
    bool must_wait;               /* for the ends of leases */
    bool is_json;
    struct reason *reason;
    struct departure departure;
    struct call depart, pack, call; /* the first two own what was read at the source */
    long long has;                  /* number of what the target has of the queue in hand */
    long long messages, leases;     /* of that queue: moved, left */
    bool has_given_up;
};

static struct link *at_source(struct retag *retag)
{
    keys_use_tags(false);
    return retag->source;
}

static struct link *at_target(struct retag *retag)
{
    keys_use_tags(true);
    return retag->target;
}

/* --- plain commands ------------------------------------------------------------------------ */

/* The queue's name, and that of its dead letters, stand in the set of all queues. */
static enum status list_name(struct retag *retag, const char *queue, bool has_dead)
{
    struct link *link = at_target(retag);
    struct call *call = &retag->call;
    char dead[LIMIT_NAME + 1];

    queue_dead_name(queue, dead);
    plain_begin_change(call, of_all(KEY_QUEUES), "SADD", NULL);
    keys_add_key(call, KEY_QUEUES, "");
    plain_add(call, queue);
    if (has_dead)
        plain_add(call, dead);
    return link_run(link, call, retag->reason);
}

/* --- remembered pushes --------------------------------------------------------------------- */

/* Text at a key that begins with this name, for so many ms; one that is there already stays. */
static enum status remember(struct retag *retag, const char *queue, enum key key, const char *more,
                            const redisReply *text, long long ms)
{
    struct link *link = at_target(retag);
    struct call *call = &retag->call;

    plain_begin_change(call, of_queue(queue), "SET", NULL);
    keys_add_key(call, key, queue);
    call_append(call, more, strlen(more));
    call_bytes(call, text->str, text->len);
    plain_add(call, "PX");
    call_number(call, ms);
    plain_add(call, "NX");
    return link_run(link, call, retag->reason);
}

/* GET or PTTL at the source. */
static enum status ask(struct retag *retag, struct call *call, const char *word, const char *queue,
                       const char *more, const redisReply **reply)
{
    struct link *link = at_source(retag);

    plain_begin(call, of_queue(queue), word, reply);
    keys_add_key(call, KEY_ONCE, queue);
    call_append(call, more, strlen(more));
    return link_run(link, call, retag->reason);
}

static enum status move_once(struct retag *retag, const char *queue, const char *once)
{
    struct call text_call = {0}, ttl_call = {0};
    const redisReply *text, *ttl;
    enum status status = ask(retag, &text_call, "GET", queue, once, &text);

    if (status == STATUS_OK)
        status = ask(retag, &ttl_call, "PTTL", queue, once, &ttl);
    if (status == STATUS_OK && text->type == REDIS_REPLY_STRING && reply_number(ttl, 0) > 0)
        status = remember(retag, queue, KEY_ONCE, once, text, reply_number(ttl, 0));
    call_clear(&text_call);
    call_clear(&ttl_call);
    return status;
}

/* Which Idempotency-Keys a queue remembers stands nowhere: the keyspace is looked through, where it
 * may remember some. */
static enum status move_onces(struct retag *retag, const char *queue)
{
    const struct departure *departure = &retag->departure;
    char prefix[KEY_SIZE], cursor[PLAIN_CURSOR] = "0";
    struct call call = {0};
    const redisReply *keys;
    enum status status = STATUS_OK;

    if (!departure->remembers->len || departure->remembers_ms <= 0)
        return STATUS_OK;
    keys_write(prefix, KEY_ONCE, queue);
    do {
        status = plain_scan(at_source(retag), &call, prefix, cursor, &keys, retag->reason);
        for (size_t i = 0; status == STATUS_OK && i < keys->elements; i++)
            status = move_once(retag, queue, keys->element[i]->str + strlen(prefix));
    } while (status == STATUS_OK && strcmp(cursor, "0") != 0);
    call_clear(&call);
    if (status != STATUS_OK)
        return status;
    return remember(retag, queue, KEY_REMEMBERS, "", departure->remembers, departure->remembers_ms);
}

/* --- one queue ----------------------------------------------------------------------------- */

static enum status depart(struct retag *retag, const char *queue)
{
    struct link *link = at_source(retag);

    move_depart_call(&retag->depart, queue, &retag->departure);
    return link_run(link, &retag->depart, retag->reason);
}

/* Messages that are due come back at the source, and purged ones are swept there. */
static enum status sweep(struct retag *retag, const char *queue)
{
    enum status status;
    bool more = false;

    do {
        struct link *link = at_source(retag);

        queue_sweep_call(&retag->call, queue, SWEEP_ALL, &more);
        status = link_run(link, &retag->call, retag->reason);
    } while (status == STATUS_OK && more);
    return status;
}

/* Moves all messages that are not leased. */
static enum status move_messages(struct retag *retag, const char *queue)
{
    enum status status = sweep(retag, queue);
    struct packed packed;

    while (status == STATUS_OK) {
        struct link *link = at_source(retag);

        move_pack_call(&retag->pack, queue, retag->has, &packed);
        status = link_run(link, &retag->pack, retag->reason);
        retag->leases = packed.leases;
        if (status != STATUS_OK || packed.number == 0)
            break;
        link = at_target(retag);
        move_unpack_call(&retag->call, queue, &retag->departure, &packed, &retag->messages);
        status = link_run(link, &retag->call, retag->reason);
        retag->has = packed.number;
    }
    return status;
}

/* With what stands at the source by now. */
static enum status arrive(struct retag *retag, const char *queue, enum move_stage arrival)
{
    enum status status = depart(retag, queue);
    struct link *link = arrival == ARRIVAL_UNDONE ? at_source(retag) : at_target(retag);

    if (status != STATUS_OK)
        return status;
    move_arrived_call(&retag->call, queue, arrival, &retag->departure);
    return link_run(link, &retag->call, retag->reason);
}

static enum status begin(struct retag *retag, const char *queue, bool has_dead)
{
    struct reason ignored, *reason = retag->reason;
    enum status status = list_name(retag, queue, has_dead);
    struct link *link = at_target(retag);

    if (status != STATUS_OK)
        return status;
    move_arrive_call(&retag->call, queue, has_dead, &retag->departure);
    status = link_run(link, &retag->call, reason);
    if (status != STATUS_CONFLICT)
        return status;
    retag->reason = &ignored;
    arrive(retag, queue, ARRIVAL_UNDONE);
    retag->reason = reason;
    return status;
}

/* The source's queue has gone already: keys that are there came afterwards. */
static enum status finish(struct retag *retag, const char *queue)
{
    struct link *link = at_source(retag);
    struct packed packed;
    enum status status;

    move_pack_call(&retag->pack, queue, 0, &packed);
    status = link_run(link, &retag->pack, retag->reason);
    if (status == STATUS_OK && packed.number + packed.leases > 0)
        return refuse(retag->reason, STATUS_CONFLICT,
                      "it has moved, and has messages again: somebody has lifted its holds");
    return status == STATUS_OK ? arrive(retag, queue, ARRIVAL_OVER) : status;
}

static enum status move_queue(struct retag *retag, const char *queue, bool has_dead)
{
    enum status status;

    retag->has = retag->messages = retag->leases = 0;
    status = depart(retag, queue);
    if (status == STATUS_OK && retag->departure.is_done)
        return finish(retag, queue);
    if (status == STATUS_OK)
        status = begin(retag, queue, has_dead);
    if (status == STATUS_OK)
        status = move_onces(retag, queue);
    if (status == STATUS_OK)
        status = move_messages(retag, queue);
    if (status == STATUS_OK && retag->leases)
        status = arrive(retag, queue, ARRIVAL_OPEN);
    while (status == STATUS_OK && retag->leases && retag->must_wait) {
        sleep(1);
        status = move_messages(retag, queue);
    }
    if (status == STATUS_OK && !retag->leases)
        status = arrive(retag, queue, ARRIVAL_OVER);
    return status;
}

/* --- all ----------------------------------------------------------------------------------- */

/* Where a node of a cluster is away, queues of others go on; that many queues in a row that cannot
 * go are the end. */
enum { UNAVAILABLE_IN_A_ROW = 10 };

static bool is_end(const struct retag *retag, enum status status, int *in_a_row)
{
    *in_a_row = status == STATUS_UNAVAILABLE ? *in_a_row + 1 : 0;
    return *in_a_row >=
           (target_kind(retag->there->redis) == TARGET_CLUSTER ? UNAVAILABLE_IN_A_ROW : 1);
}

/* Whether all of these went.  One that cannot go does not hold up the others. */
static bool move_all(struct retag *retag, const struct queue_names *queues,
                     const struct queue_names *listed)
{
    bool is_whole = true;
    int in_a_row = 0;

    for (int i = 0; i < queues->count; i++) {
        char dead[LIMIT_NAME + 1];
        enum status status;

        queue_dead_name(queues->names[i], dead);
        status = move_queue(retag, queues->names[i],
                            queue_can_have_dead(queues->names[i]) && queue_names_has(listed, dead));
        moved_tell(&(struct moved_queue){queues->names[i], retag->messages, retag->leases}, status,
                   retag->reason, retag->is_json);
        retag->has_given_up = is_end(retag, status, &in_a_row);
        if (retag->has_given_up)
            return false;
        is_whole = is_whole && status == STATUS_OK && !retag->leases;
    }
    return is_whole;
}

/* Pools and keys of clients go with all queues, and not with some. */
static bool copy_belongings(struct retag *retag)
{
    struct belongings belongings = {.source = retag->source, .target = retag->target};
    enum status status = belongings_copy(&belongings, retag->reason);

    belongings_print(&belongings, retag->is_json);
    if (status != STATUS_OK)
        order_fail("pools and keys of clients: %s", retag->reason->text);
    return status == STATUS_OK;
}

/* Those of the order, or all; each is one that is listed. */
static bool choose(const struct order *order, const struct queue_names *listed,
                   struct queue_names *queues)
{
    for (int i = 0; i < order->count; i++) {
        if (!queue_names_has(listed, order->words[i])) {
            order_fail("%.128s: no such queue", order->words[i]);
            return false;
        }
        queue_names_add(queues, order->words[i]);
    }
    for (int i = 0; i < listed->count && !order->count; i++)
        if (!queue_is_dead(listed->names[i]))
            queue_names_add(queues, listed->names[i]);
    return true;
}

static enum outcome move_what_there_is(const struct order *order, struct retag *retag,
                                       const struct queue_names *queues,
                                       const struct queue_names *listed)
{
    bool is_whole = move_all(retag, queues, listed);

    if (order->count == 0 && !retag->has_given_up)
        is_whole = copy_belongings(retag) && is_whole;
    return is_whole ? OUTCOME_DONE : OUTCOME_FAILED;
}

static enum outcome move(const struct order *order, struct retag *retag)
{
    struct queue_names listed = {0}, queues = {0};
    enum status status =
        destination_check(retag->source, retag->target, retag->there, retag->reason);
    enum outcome outcome = OUTCOME_FAILED;

    keys_use_tags(false);
    if (status == STATUS_OK)
        status = queue_names_read(&listed, retag->source, true, retag->reason);
    queue_names_sort(&listed);
    if (status != STATUS_OK)
        order_fail("%s", retag->reason->text);
    else if (choose(order, &listed, &queues))
        outcome = move_what_there_is(order, retag, &queues, &listed);
    queue_names_clear(&listed);
    queue_names_clear(&queues);
    call_clear(&retag->depart);
    call_clear(&retag->pack);
    call_clear(&retag->call);
    return outcome;
}

static enum outcome check_order(const struct order *order)
{
    const char *to = order->options[RETAG_TO];
    struct reason ignored;
    struct target target;

    if (!to == !order->options[RETAG_TO_CONFIG])
        return order_refuse(order, "one of --to and --to-config says where the queues go");
    if (to && !target_read(to, &target))
        return order_refuse(order, "--to is " TARGET_ALLOWED);
    for (int i = 0; i < order->count; i++)
        if (queue_name_check(order->words[i], strlen(order->words[i]), &ignored) != STATUS_OK ||
            queue_is_dead(order->words[i]))
            return order_refuse(order, "a word is no queue; dead letters move with their queue");
    return OUTCOME_DONE;
}

static enum outcome run(const struct order *order, const struct settings *here,
                        const struct settings *there)
{
    struct reason reason = {0};
    struct retag retag = {.source = link_new(here),
                          .target = link_new(there),
                          .there = there,
                          .must_wait = order->options[RETAG_WAIT],
                          .is_json = order->options[ORDER_JSON],
                          .reason = &reason};
    enum outcome outcome = move(order, &retag);

    link_free(retag.source);
    link_free(retag.target);
    return outcome;
}

/* All but the address is the same there. */
static enum outcome run_to(const struct order *order, const struct settings *here)
{
    char *to = xstrdup(order->options[RETAG_TO]);
    struct settings there = *here;
    enum outcome outcome;

    there.redis = to;
    there.hash_tags = true;
    if (target_kind(to) == TARGET_CLUSTER)
        there.redis_db = 0;
    outcome = run(order, here, &there);
    free(to);
    return outcome;
}

static enum outcome run_to_config(const struct order *order, const struct settings *here)
{
    const char *file = order->options[RETAG_TO_CONFIG];
    enum outcome outcome = OUTCOME_FAILED;
    struct config there;

    if (order_settings_of(file, &there))
        outcome = there.settings.hash_tags
                      ? run(order, here, &there.settings)
                      : order_fail("%s: hash_tags is off, and the queues would have them", file);
    config_clear(&there);
    return outcome;
}

enum outcome retag_verb(const struct order *order)
{
    enum outcome outcome = check_order(order);
    struct config config;

    if (outcome != OUTCOME_DONE)
        return outcome;
    if (!order_settings(order, &config))
        outcome = OUTCOME_FAILED;
    else if (config.settings.hash_tags)
        outcome = order_fail("hash_tags is on in the settings: these queues have hash tags");
    else
        outcome = order->options[RETAG_TO] ? run_to(order, &config.settings)
                                           : run_to_config(order, &config.settings);
    config_clear(&config);
    return outcome;
}
