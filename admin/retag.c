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

#include "admin/move.h"
#include "admin/names.h"
#include "admin/verbs.h"
#include "base/memory.h"
#include "base/target.h"
#include "base/text.h"
#include "broker/keys.h"
#include "broker/queue.h"
#include "redis/link.h"
#include "redis/reply.h"

struct retag {
    struct link *source, *target;
    bool must_wait; /* for the ends of leases */
    struct reason *reason;
    struct departure departure;
    struct call depart, pack, call; /* the first two own what was read at the source */
    long long has;                  /* number of what the target has of the queue in hand */
    long long messages, leases;     /* of that queue: moved, left */
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

static enum status any_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    const redisReply **result = call->result;

    (void)reason;
    if (result)
        *result = reply;
    return STATUS_OK;
}

static void add_plain(struct call *call, const char *word)
{
    call_bytes(call, word, strlen(word));
}

/* The queue's name, and that of its dead letters, stand in the set of all queues. */
static enum status list_name(struct retag *retag, const char *queue, bool has_dead)
{
    struct link *link = at_target(retag);
    struct call *call = &retag->call;
    char dead[LIMIT_NAME + 1];

    queue_dead_name(queue, dead);
    call_begin(call, of_all(KEY_QUEUES), NULL, any_result, NULL);
    call->changes = true;
    add_plain(call, "SADD");
    keys_add_key(call, KEY_QUEUES, "");
    add_plain(call, queue);
    if (has_dead)
        add_plain(call, dead);
    return link_run(link, call, retag->reason);
}

/* Writes the Redis's name for itself; "" if it has none. */
static enum status read_identity(struct link *link, char identity[64], struct reason *reason)
{
    struct call call = {0};
    const redisReply *info = NULL;
    const char *found = NULL;
    enum status status;

    call_begin(&call, of_nobody(), NULL, any_result, &info);
    add_plain(&call, "INFO");
    add_plain(&call, "server");
    status = link_run(link, &call, reason);
    if (status == STATUS_OK && info->type == REDIS_REPLY_STRING)
        found = strstr(info->str, "run_id:");
    snprintf(identity, 64, "%.*s", found ? (int)strcspn(found, "\r\n") : 0, found ? found : "");
    call_clear(&call);
    return status;
}

/* --- remembered pushes --------------------------------------------------------------------- */

/* Text at a key that begins with this name, for so many ms; one that is there already stays. */
static enum status remember(struct retag *retag, const char *queue, enum key key, const char *more,
                            const redisReply *text, long long ms)
{
    struct link *link = at_target(retag);
    struct call *call = &retag->call;

    call_begin(call, of_queue(queue), NULL, any_result, NULL);
    call->changes = true;
    add_plain(call, "SET");
    keys_add_key(call, key, queue);
    call_append(call, more, strlen(more));
    call_bytes(call, text->str, text->len);
    add_plain(call, "PX");
    call_number(call, ms);
    add_plain(call, "NX");
    return link_run(link, call, retag->reason);
}

/* GET or PTTL at the source. */
static enum status ask(struct retag *retag, struct call *call, const char *word, const char *queue,
                       const char *more, const redisReply **reply)
{
    struct link *link = at_source(retag);

    call_begin(call, of_queue(queue), NULL, any_result, reply);
    add_plain(call, word);
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

/* A page of those keys of the source that begin so. */
static enum status scan(struct retag *retag, struct call *call, const char *prefix,
                        const char *cursor, const redisReply **page)
{
    struct link *link = at_source(retag);
    enum status status;

    call_begin(call, of_nobody(), NULL, any_result, page);
    add_plain(call, "SCAN");
    add_plain(call, cursor);
    add_plain(call, "MATCH");
    call_text(call, prefix, "", 0, "*");
    add_plain(call, "COUNT");
    add_plain(call, "1000");
    status = link_run(link, call, retag->reason);
    if (status == STATUS_OK &&
        (!reply_is_array(*page, 2) || !reply_is_array((*page)->element[1], 0)))
        status = reply_unexpected("SCAN", retag->reason);
    return status;
}

/* Which Idempotency-Keys a queue remembers stands nowhere: the keyspace is looked through, where it
 * may remember some. */
static enum status move_onces(struct retag *retag, const char *queue)
{
    const struct departure *departure = &retag->departure;
    char prefix[KEY_SIZE], cursor[32] = "0";
    struct call call = {0};
    const redisReply *page;
    enum status status = STATUS_OK;

    if (!departure->remembers->len || departure->remembers_ms <= 0)
        return STATUS_OK;
    keys_write(prefix, KEY_ONCE, queue);
    do {
        status = scan(retag, &call, prefix, cursor, &page);
        for (size_t i = 0; status == STATUS_OK && i < page->element[1]->elements; i++)
            status = move_once(retag, queue, page->element[1]->element[i]->str + strlen(prefix));
        if (status == STATUS_OK)
            snprintf(cursor, sizeof(cursor), "%s", page->element[0]->str);
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

/* What is due comes back at the source, and what was purged goes there. */
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

/* All messages that are not leased. */
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
static enum status arrive(struct retag *retag, const char *queue, enum arrival arrival)
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

/* It has gone already: what is there now came afterwards. */
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

static void tell(const struct retag *retag, const char *queue, enum status status)
{
    if (retag->messages || status == STATUS_OK)
        printf("%s: %lld message%s moved\n", queue, retag->messages, text_plural(retag->messages));
    if (status == STATUS_OK && retag->leases)
        printf("%s: %lld leased message%s left\n", queue, retag->leases,
               text_plural(retag->leases));
    if (status != STATUS_OK)
        order_fail("%s: %s", queue, retag->reason->text);
    fflush(stdout);
}

/* Whether all of these went.  One that cannot go does not hold up the others. */
static bool move_all(struct retag *retag, const struct names *queues, const struct names *listed)
{
    bool is_whole = true;

    for (int i = 0; i < queues->count; i++) {
        char dead[LIMIT_NAME + 1];
        enum status status;

        queue_dead_name(queues->names[i], dead);
        status = move_queue(retag, queues->names[i],
                            queue_can_have_dead(queues->names[i]) && names_has(listed, dead));
        tell(retag, queues->names[i], status);
        if (status == STATUS_UNAVAILABLE)
            return false;
        is_whole = is_whole && status == STATUS_OK && !retag->leases;
    }
    return is_whole;
}

/* Those of the order, or all; each is one that is listed. */
static bool choose(const struct order *order, const struct names *listed, struct names *queues)
{
    for (int i = 0; i < order->count; i++) {
        if (!names_has(listed, order->words[i])) {
            order_fail("%.128s: no such queue", order->words[i]);
            return false;
        }
        names_add(queues, order->words[i]);
    }
    for (int i = 0; i < listed->count && !order->count; i++)
        if (!queue_is_dead(listed->names[i]))
            names_add(queues, listed->names[i]);
    return true;
}

static enum status check_links(struct retag *retag)
{
    char source[64], target[64];
    enum status status = read_identity(retag->source, source, retag->reason);

    if (status == STATUS_OK)
        status = read_identity(retag->target, target, retag->reason);
    if (status == STATUS_OK && strcmp(source, target) == 0)
        status = refuse(retag->reason, STATUS_CONFLICT,
                        "--to names the Redis of the settings; queues move to another one");
    return status;
}

static enum outcome move(const struct order *order, struct retag *retag)
{
    struct names listed = {0}, queues = {0};
    enum status status = check_links(retag);
    enum outcome outcome = OUTCOME_FAILED;

    keys_use_tags(false);
    if (status == STATUS_OK)
        status = names_read(&listed, retag->source, true, retag->reason);
    names_sort(&listed);
    if (status != STATUS_OK)
        order_fail("%s", retag->reason->text);
    else if (choose(order, &listed, &queues) && move_all(retag, &queues, &listed))
        outcome = OUTCOME_DONE;
    names_clear(&listed);
    names_clear(&queues);
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

    if (!to)
        return order_refuse(order, "--to is missing: the Redis where the queues go");
    if (!target_read(to, &target))
        return order_refuse(order, "--to is " TARGET_ALLOWED);
    if (target.kind == TARGET_CLUSTER)
        return order_refuse(order, "queues do not move into a cluster:// yet; from a Redis with "
                                   "hash tags they can be taken into one");
    for (int i = 0; i < order->count; i++)
        if (queue_name_check(order->words[i], strlen(order->words[i]), &ignored) != STATUS_OK ||
            queue_is_dead(order->words[i]))
            return order_refuse(order, "a word is no queue; dead letters move with their queue");
    return OUTCOME_DONE;
}

static enum outcome run(const struct order *order, const struct settings *settings)
{
    char *to = xstrdup(order->options[RETAG_TO]);
    struct settings there = *settings;
    struct reason reason = {0};
    struct retag retag = {.must_wait = order->options[RETAG_WAIT], .reason = &reason};
    enum outcome outcome;

    there.redis = to;
    retag.source = link_new(settings);
    retag.target = link_new(&there);
    outcome = move(order, &retag);
    link_free(retag.source);
    link_free(retag.target);
    free(to);
    return outcome;
}

enum outcome retag_verb(const struct order *order)
{
    enum outcome outcome = check_order(order);
    struct config config;

    if (outcome != OUTCOME_DONE)
        return outcome;
    outcome = OUTCOME_FAILED;
    if (order_settings(order, &config))
        outcome = config.settings.hash_tags
                      ? order_fail("hash_tags is on in the settings: these queues have hash tags")
                      : run(order, &config.settings);
    config_clear(&config);
    return outcome;
}
