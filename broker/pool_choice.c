/* pool_choice.c - chooses servers of a pool.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/pool_choice.h"

#include <hiredis/hiredis.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/number.h"
#include "broker/keys.h"
#include "broker/pool_values.h"
#include "broker/ring.h"
#include "broker/scripts.h"
#include "redis/reply.h"

enum {
    TRIES = 3,           /* a pool that has other members every time is taken as it was last */
    SPARE_CANDIDATES = 4 /* for each replica that is wanted, and for some more */
};

/* --- what is wished for -------------------------------------------------------------------- */

static enum status set_replicas(struct pool_choice *choice, const char *value, size_t len,
                                struct reason *reason)
{
    if (number_parse(value, len, 1, LIMIT_REPLICAS, &choice->replicas))
        return STATUS_OK;
    return refuse(reason, STATUS_BAD_VALUE, "replicas must be a whole number from 1 to %d",
                  LIMIT_REPLICAS);
}

static enum status set_spread(struct pool_choice *choice, const char *value, size_t len,
                              struct reason *reason)
{
    return pool_read_bool("spread", value, len, &choice->any_row, reason);
}

static enum status set_key(struct pool_choice *choice, const char *value, size_t len,
                           struct reason *reason)
{
    choice->key = value;
    choice->key_len = len;
    if (len > 0 && len <= LIMIT_PLACED)
        return STATUS_OK;
    return refuse(reason, STATUS_BAD_VALUE, "key must have 1 to %d bytes", LIMIT_PLACED);
}

static enum status set_bound(struct pool_choice *choice, const char *value, size_t len,
                             struct reason *reason)
{
    if (number_parse_real(value, len, &choice->bound) && choice->bound >= 1 &&
        choice->bound <= 1000)
        return STATUS_OK;
    return refuse(reason, STATUS_BAD_VALUE, "bound must be a number from 1 to 1000");
}

static enum status set_cost(struct pool_choice *choice, const char *value, size_t len,
                            struct reason *reason)
{
    choice->has_cost = true;
    return score_parse("cost", value, len, &choice->cost, reason);
}

enum status pool_choice_set(struct pool_choice *choice, const char *name, const char *value,
                            size_t len, struct reason *reason)
{
    static const struct {
        const char *name;
        enum status (*set)(struct pool_choice *choice, const char *value, size_t len,
                           struct reason *reason);
    } wishes[] = {
        {"replicas", set_replicas},
        {"spread",   set_spread  },
        {"key",      set_key     },
        {"bound",    set_bound   },
        {"cost",     set_cost    },
    };

    for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++)
        if (strcmp(wishes[i].name, name) == 0)
            return wishes[i].set(choice, value, len, reason);
    return refuse(reason, STATUS_BAD_REQUEST, "there is no option %s", name);
}

/* --- choosing ------------------------------------------------------------------------------ */

static void add_wish(struct call *call, const struct pool_choice *choice)
{
    call_number(call, choice->replicas);
    call_number(call, !choice->any_row);
    call->changes = choice->charges;
    if (choice->charges)
        score_add(call, choice->has_cost ? choice->cost : 1);
    else
        call_bytes(call, "", 0);
}

/* The first servers from the key's place on, some more than are wanted; when the first of them may
 * not have as many rows, all. */
static int candidates(const struct pool_choice *choice, struct ring *ring, int *servers)
{
    int wanted = SPARE_CANDIDATES * ((int)choice->replicas + 1), rows = 0, count;

    if (choice->is_whole || wanted > ring_count(ring))
        wanted = ring_count(ring);
    count = ring_walk(ring, choice->key, choice->key_len, servers, wanted);
    if (choice->any_row || choice->replicas == 1)
        return count;
    for (int i = 0; i < count; i++) {
        int same = 0;

        while (same < i && strcmp(ring_member(ring, servers[same])->row,
                                  ring_member(ring, servers[i])->row) != 0)
            same++;
        rows += same == i;
    }
    if (rows < choice->replicas)
        count = ring_walk(ring, choice->key, choice->key_len, servers, ring_count(ring));
    return count;
}

static void add_ring(struct call *call, const struct pool_choice *choice,
                     const struct ring_slot *slot)
{
    int servers[LIMIT_SERVERS];
    int count = candidates(choice, slot->ring, servers);

    call_number(call, count == ring_count(slot->ring));
    call_text(call, choice->tries < TRIES ? slot->version : "*", "", 0, "");
    call_text(call, slot->size, "", 0, "");
    for (int i = 0; i < count; i++) {
        const struct ring_member *member = ring_member(slot->ring, servers[i]);

        call_text(call, member->row, "", 0, "");
        call_text(call, member->server, "", 0, "");
    }
}

static long long now_ms(const struct pool_choice *choice)
{
    return choice->now_ms ? choice->now_ms : clock_ms();
}

/* Built again whenever the pool answers that it is not like the ring. */
static void place_call(struct pool_choice *choice)
{
    struct ring_slot *slot = rings_find(choice->rings, choice->pool, now_ms(choice));
    struct call *call = choice->call;

    call_begin(call, of_pool(choice->pool), &script_place, pool_choose_result, choice);
    keys_add_key(call, KEY_POOL, choice->pool);
    keys_add_key(call, KEY_POOL_VERSION, choice->pool);
    add_wish(call, choice);
    if (choice->bound > 0)
        score_add(call, choice->bound);
    else
        call_bytes(call, "", 0);
    if (slot) {
        add_ring(call, choice, slot);
    } else {
        call_number(call, 0);
        call_bytes(call, "", 0);
        call_bytes(call, "", 0);
    }
}

static void lowest_call(struct call *call, struct pool_choice *choice)
{
    call_begin(call, of_pool(choice->pool), &script_choose, pool_choose_result, choice);
    keys_add_key(call, KEY_POOL, choice->pool);
    add_wish(call, choice);
}

enum status pool_choose_call(struct call *call, struct pool_choice *choice, struct reason *reason)
{
    choice->call = call;
    choice->count = choice->tries = 0;
    choice->is_whole = false;
    if (!choice->replicas)
        choice->replicas = 1;
    if (choice->bound > 0 && !choice->key)
        return refuse(reason, STATUS_BAD_REQUEST, "bound needs a key");
    if (choice->key && !choice->rings)
        return refuse(reason, STATUS_BAD_REQUEST, "key is not served here");
    if (choice->key)
        place_call(choice);
    else
        lowest_call(call, choice);
    return STATUS_OK;
}

/* --- what was chosen ----------------------------------------------------------------------- */

static enum status read_few(const struct pool_choice *choice, const redisReply *reply,
                            struct reason *reason)
{
    long long found = reply_number(reply->element[1], 0);

    if (found == 0)
        return pool_missing(reason);
    return refuse(reason, STATUS_CONFLICT, "there are too few %s for %lld replicas (%lld)%s",
                  choice->any_row ? "servers" : "rows", choice->replicas, found,
                  choice->any_row ? "" : "; spread=no takes several servers of a row");
}

static enum status read_chosen(struct pool_choice *choice, const redisReply *reply,
                               struct reason *reason)
{
    if (reply->elements != 1 + 3 * (size_t)choice->replicas)
        return reply_unexpected("choose", reason);
    for (size_t i = 1; i < reply->elements; i++)
        if (reply->element[i]->type != REDIS_REPLY_STRING)
            return reply_unexpected("choose", reason);
    for (int i = 0; i < choice->replicas; i++) {
        redisReply **part = reply->element + 1 + 3 * (size_t)i;

        choice->servers[i] = (struct pool_server){part[0]->str, part[1]->str, score_read(part[2])};
    }
    choice->count = (int)choice->replicas;
    return STATUS_OK;
}

/* The pool has these members: a ring of them is for the next try. */
static enum status read_ring(struct pool_choice *choice, const redisReply *reply,
                             struct reason *reason)
{
    size_t count = (reply->elements - 3) / 2;
    struct ring_member *members;

    if (count > LIMIT_SERVERS)
        return reply_unexpected("place", reason);
    for (size_t i = 1; i < reply->elements; i++)
        if (reply->element[i]->type != REDIS_REPLY_STRING)
            return reply_unexpected("place", reason);
    members = xmalloc((count + 1) * sizeof(*members));
    for (size_t i = 0; i < count; i++)
        members[i] = (struct ring_member){.row = reply->element[3 + 2 * i]->str,
                                          .server = reply->element[4 + 2 * i]->str};
    rings_store(choice->rings, choice->pool, reply->element[1]->str, reply->element[2]->str,
                members, (int)count, now_ms(choice));
    free(members);
    return STATUS_AGAIN;
}

static enum status try_again(struct pool_choice *choice, struct reason *reason)
{
    if (++choice->tries > TRIES)
        return reply_unexpected("place", reason);
    choice->is_whole = choice->is_whole || choice->tries == TRIES;
    place_call(choice);
    return STATUS_AGAIN;
}

enum status pool_choose_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct pool_choice *choice = call->result;
    enum status status;

    if (pool_says(reply, "ok"))
        return read_chosen(choice, reply, reason);
    if (pool_says(reply, "few") && reply->elements == 2)
        return read_few(choice, reply, reason);
    if (pool_says(reply, "more") && choice->key && !choice->is_whole) {
        choice->is_whole = true;
        return try_again(choice, reason);
    }
    if (!pool_says(reply, "ring") || reply->elements < 3 || !choice->key)
        return pool_refusal(reply, "choose", reason);
    status = read_ring(choice, reply, reason);
    return status == STATUS_AGAIN ? try_again(choice, reason) : status;
}

void pool_choice_to_json(const struct pool_choice *choice, struct json_object *object)
{
    struct json_object *servers = json_object_new_array(), *scores = json_object_new_array(),
                       *rows = json_object_new_array();

    for (int i = 0; i < choice->count; i++) {
        json_object_array_add(servers, json_object_new_string(choice->servers[i].name));
        json_object_array_add(scores, score_to_json(choice->servers[i].score));
        json_object_array_add(rows, json_object_new_string(choice->servers[i].row));
    }
    json_object_object_add(object, "servers", servers);
    json_object_object_add(object, "scores", scores);
    json_object_object_add(object, "rows", rows);
}
