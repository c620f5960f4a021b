/* registry.c - the list of all queues, where it has another slot than the queues.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/registry.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/known.h"
#include "broker/keys.h"
#include "broker/scripts.h"
#include "redis/reply.h"

/* The name that a call is about; the queue's dead letters if is_dead. */
static void name_of(const struct call *call, bool is_dead, char name[LIMIT_NAME + 1])
{
    snprintf(name, LIMIT_NAME + 1, "%.*s%s", (int)call->owner_len, call->text.data,
             is_dead ? ".dead" : "");
}

static enum status expect_number(const redisReply *reply, struct reason *reason)
{
    return reply->type == REDIS_REPLY_INTEGER ? STATUS_OK : reply_unexpected("a name", reason);
}

/* --- calls --------------------------------------------------------------------------------------
 */

enum { NAME_OF_SCRIPT = 1 }; /* number of the argument */

static void argument(const struct call *call, int number, char name[LIMIT_NAME + 1])
{
    size_t len;
    const char *text = call_argument(call, number, &len);

    snprintf(name, LIMIT_NAME + 1, "%.*s", (int)len, text);
}

static enum status add_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    enum status status = expect_number(reply, reason);
    char name[LIMIT_NAME + 1];

    argument(call, NAME_OF_SCRIPT, name);
    if (status == STATUS_OK)
        known_note(call->result, name, clock_ms());
    return status;
}

/* Where this call fails the one behind it was not sent: nothing has changed that would matter. */
static void add_call(struct call *call, struct known *known, const char *name)
{
    call_begin(call, of_all(KEY_QUEUES), &script_register, add_result, known);
    call->changes = CHANGE_NONE;
    keys_add_key(call, KEY_QUEUES, "");
    call_text(call, name, "", 0, "");
}

/* --- before and behind a push ------------------------------------------------------------------
 */

static bool before_push(const struct call *call, struct known *known, struct call *other)
{
    char name[LIMIT_NAME + 1];

    name_of(call, false, name);
    if (known_has(known, name, clock_ms()))
        return false;
    add_call(other, known, name);
    return true;
}

/* Seldom, so that it need not be known whether they are listed. */
static bool before_dead(const struct call *call, struct known *known, struct call *other)
{
    char name[LIMIT_NAME + 1];

    name_of(call, true, name);
    add_call(other, known, name);
    return true;
}

/* Somebody may have removed the queue since it was listed: then it is listed again.  What removes
 * it looks whether it is there after its name was taken out of the list, so one of the two sees the
 * other. */
static bool after_push(const struct call *call, struct known *known, struct call *other)
{
    char name[LIMIT_NAME + 1];

    if (reply_number(call->reply, 0) >= 0) /* see push.lua */
        return false;
    name_of(call, false, name);
    known_forget(known, name);
    add_call(other, known, name);
    return true;
}

static const struct call_around around_push = {before_push, after_push};
static const struct call_around around_dead = {before_dead, NULL};

/* --- behind a removal ---------------------------------------------------------------------------
 */

enum { NAME_OF_COMMAND = 2 };

static enum status name_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    (void)call;
    return expect_number(reply, reason);
}

static bool after_check(const struct call *call, struct known *known, struct call *other)
{
    char name[LIMIT_NAME + 1];

    if (reply_number(call->reply, 0) != 1)
        return false;
    argument(call, NAME_OF_COMMAND, name);
    add_call(other, known, name);
    return true;
}

static const struct call_around around_check = {NULL, after_check};

/* The queue's own list says whether it has come back. */
static bool after_name(const struct call *call, struct known *known, struct call *other)
{
    char queue[LIMIT_NAME + 1];

    argument(call, NAME_OF_COMMAND, queue);
    call_begin(other, of_queue(queue), NULL, name_result, known);
    call_bytes(other, "SISMEMBER", strlen("SISMEMBER"));
    keys_add_key(other, KEY_NAMES, queue);
    call_text(other, queue, "", 0, "");
    other->around = &around_check;
    return true;
}

static const struct call_around around_name = {NULL, after_name};

static void remove_call(struct call *call, struct known *known, const char *name, bool with_dead)
{
    call_begin(call, of_all(KEY_QUEUES), NULL, name_result, known);
    call->changes = CHANGE_SOME;
    call->around = &around_name;
    call_bytes(call, "SREM", strlen("SREM"));
    keys_add_key(call, KEY_QUEUES, "");
    call_text(call, name, "", 0, "");
    if (with_dead)
        call_text(call, name, ".dead", 5, "");
}

/* See remove.lua. */
static bool is_removed(const struct call *call)
{
    return reply_is_array(call->reply, 1) && reply_number(call->reply->element[0], 0) == 1;
}

static bool after_removal(const struct call *call, struct known *known, struct call *other)
{
    char name[LIMIT_NAME + 1], dead[LIMIT_NAME + 1];

    if (!is_removed(call))
        return false;
    name_of(call, false, name);
    queue_dead_name(name, dead);
    known_forget(known, name);
    known_forget(known, dead);
    remove_call(other, known, name, queue_can_have_dead(name));
    return true;
}

static bool after_dead_removal(const struct call *call, struct known *known, struct call *other)
{
    char name[LIMIT_NAME + 1];

    if (!is_removed(call))
        return false;
    name_of(call, true, name);
    known_forget(known, name);
    remove_call(other, known, name, false);
    return true;
}

static const struct call_around around_removal = {NULL, after_removal};
static const struct call_around around_dead_removal = {NULL, after_dead_removal};

/* --- pools --------------------------------------------------------------------------------------
 */

static void list_pool(struct call *call, const char *pool)
{
    call_begin(call, of_all(KEY_POOLS), &script_register, name_result, NULL);
    call->changes = CHANGE_NONE;
    keys_add_key(call, KEY_POOLS, "");
    call_text(call, pool, "", 0, "");
}

static bool before_server(const struct call *call, struct known *known, struct call *other)
{
    char pool[LIMIT_NAME + 1];

    (void)known;
    name_of(call, false, pool);
    list_pool(other, pool);
    return true;
}

static void find_pool(struct call *call, const char *pool, const struct call_around *around)
{
    call_begin(call, of_pool(pool), NULL, name_result, NULL);
    call->around = around;
    call_bytes(call, "EXISTS", strlen("EXISTS"));
    keys_add_key(call, KEY_POOL, pool);
}

/* Somebody has put a server into it meanwhile. */
static bool after_second_look(const struct call *call, struct known *known, struct call *other)
{
    char pool[LIMIT_NAME + 1];

    (void)known;
    name_of(call, false, pool);
    if (reply_number(call->reply, 0) == 0)
        return false;
    list_pool(other, pool);
    return true;
}

static const struct call_around around_second_look = {NULL, after_second_look};

static bool after_unlisting(const struct call *call, struct known *known, struct call *other)
{
    char pool[LIMIT_NAME + 1];

    (void)known;
    argument(call, NAME_OF_COMMAND, pool);
    find_pool(other, pool, &around_second_look);
    return true;
}

static const struct call_around around_unlisting = {NULL, after_unlisting};

static bool after_first_look(const struct call *call, struct known *known, struct call *other)
{
    char pool[LIMIT_NAME + 1];

    (void)known;
    name_of(call, false, pool);
    if (reply_number(call->reply, 1) != 0)
        return false;
    call_begin(other, of_all(KEY_POOLS), NULL, name_result, NULL);
    other->changes = CHANGE_SOME;
    other->around = &around_unlisting;
    call_bytes(other, "SREM", strlen("SREM"));
    keys_add_key(other, KEY_POOLS, "");
    call_text(other, pool, "", 0, "");
    return true;
}

static const struct call_around around_first_look = {NULL, after_first_look};

static bool after_servers(const struct call *call, struct known *known, struct call *other)
{
    char pool[LIMIT_NAME + 1];

    (void)known;
    name_of(call, false, pool);
    if (reply_number(call->reply, 0) == 0)
        return false;
    find_pool(other, pool, &around_first_look);
    return true;
}

static const struct call_around around_server = {before_server, NULL};
static const struct call_around around_servers = {NULL, after_servers};

void registry_adds_pool(struct call *call)
{
    call->around = &around_server;
}

void registry_removes_pool(struct call *call)
{
    call->around = &around_servers;
}

/* --- for those who build them -------------------------------------------------------------------
 */

static void surround(struct call *call, const struct call_around *around)
{
    if (keys_have_tags())
        call->around = around;
}

void registry_adds(struct call *call)
{
    surround(call, &around_push);
}

void registry_adds_dead(struct call *call)
{
    surround(call, &around_dead);
}

void registry_removes(struct call *call)
{
    surround(call, &around_removal);
}

void registry_removes_dead(struct call *call)
{
    surround(call, &around_dead_removal);
}
