/* forgotten.c - queues that the list of all queues lacks.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "admin/forgotten.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "admin/queue_names.h"
#include "base/memory.h"
#include "broker/keys.h"
#include "redis/cluster.h"
#include "redis/reply.h"

struct forgotten {
    struct link *link;
    struct reason *reason;
    FILE *out;
    bool is_json;
    struct queue_names listed; /* sorted */
    struct queue_names found;
    struct call call;
    char cursor[32];
};

/* --- queues that there are ------------------------------------------------------------------- */

/* The queue whose names stand at this key, if it is such a one. */
static void note_key(struct queue_names *found, const redisReply *key)
{
    char name[LIMIT_NAME + 1], same[KEY_SIZE];
    const char *open, *close;
    struct reason ignored;
    size_t len;

    if (key->type != REDIS_REPLY_STRING || !(open = strchr(key->str, '{')) ||
        !(close = strchr(open, '}')))
        return;
    len = (size_t)(close - open) - 1;
    if (len > LIMIT_NAME || queue_name_check(open + 1, len, &ignored) != STATUS_OK)
        return;
    snprintf(name, sizeof(name), "%.*s", (int)len, open + 1);
    keys_write(same, KEY_NAMES, name);
    if (strcmp(same, key->str) == 0)
        queue_names_add(found, name);
}

static enum status scan_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct forgotten *forgotten = call->result;
    const redisReply *cursor, *keys;

    if (!reply_is_array(reply, 2) || reply->element[0]->type != REDIS_REPLY_STRING ||
        !reply_is_array(reply->element[1], 0))
        return reply_unexpected("SCAN", reason);
    cursor = reply->element[0];
    keys = reply->element[1];
    snprintf(forgotten->cursor, sizeof(forgotten->cursor), "%s", cursor->str);
    for (size_t i = 0; i < keys->elements; i++)
        note_key(&forgotten->found, keys->element[i]);
    return STATUS_OK;
}

static void scan_call(struct forgotten *forgotten, int slot)
{
    static const char *const words[] = {"MATCH", "*{*}:names", "COUNT", "1000"};
    struct call *call = &forgotten->call;

    call_begin(call, of_nobody(), NULL, scan_result, forgotten);
    call_bytes(call, "SCAN", 4);
    call_text(call, forgotten->cursor, "", 0, "");
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        call_bytes(call, words[i], strlen(words[i]));
    call_to_slot(call, slot);
}

/* The keys of the master of that slot, -1: of the one. */
static enum status scan(struct forgotten *forgotten, int slot)
{
    enum status status;

    strcpy(forgotten->cursor, "0");
    do {
        scan_call(forgotten, slot);
        status = link_run(forgotten->link, &forgotten->call, forgotten->reason);
    } while (status == STATUS_OK && strcmp(forgotten->cursor, "0") != 0);
    return status;
}

static enum status scan_all(struct forgotten *forgotten)
{
    struct cluster *map = xmalloc(sizeof(*map));
    enum status status;

    *map = (struct cluster){0};
    cluster_slots_call(&forgotten->call, map);
    status = link_run(forgotten->link, &forgotten->call, forgotten->reason);
    for (int i = 0; i < map->count && status == STATUS_OK; i++)
        status = scan(forgotten, cluster_slot(map, i));
    cluster_clear(map);
    free(map);
    return status;
}

/* --- queues that are not listed -------------------------------------------------------------- */

static enum status number_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    *(long long *)call->result = reply_number(reply, 0);
    return reply->type == REDIS_REPLY_INTEGER ? STATUS_OK : reply_unexpected("a name", reason);
}

/* The set has the name, where command is SISMEMBER; it has it from now on, where that is SADD. */
static enum status ask_set(struct forgotten *forgotten, const char *command, enum key set,
                           const char *queue, const char *name, long long *number)
{
    struct call *call = &forgotten->call;

    call_begin(call, set == KEY_NAMES ? of_queue(queue) : of_all(set), NULL, number_result, number);
    call_bytes(call, command, strlen(command));
    keys_add_key(call, set, set == KEY_NAMES ? queue : "");
    call_bytes(call, name, strlen(name));
    return link_run(forgotten->link, call, forgotten->reason);
}

/* The queue or its dead letters: where it says that it is there, it is listed. */
static enum status restore(struct forgotten *forgotten, const char *queue, const char *name)
{
    long long number = 0;
    enum status status;

    if (queue_names_has(&forgotten->listed, name))
        return STATUS_OK;
    status = ask_set(forgotten, "SISMEMBER", KEY_NAMES, queue, name, &number);
    if (status == STATUS_OK && number)
        status = ask_set(forgotten, "SADD", KEY_QUEUES, "", name, &number);
    if (status == STATUS_OK && number)
        fprintf(forgotten->out,
                forgotten->is_json ? "{\"queue\":\"%s\",\"kind\":\"unlisted\",\"is_mended\":true}\n"
                                   : "%s: was not in the list of all queues, and is again\n",
                name);
    return status;
}

static enum status restore_all(struct forgotten *forgotten)
{
    enum status status = STATUS_OK;

    for (int i = 0; i < forgotten->found.count && status == STATUS_OK; i++) {
        const char *queue = forgotten->found.names[i];
        char dead[LIMIT_NAME + 1];

        status = restore(forgotten, queue, queue);
        if (status != STATUS_OK || !queue_can_have_dead(queue))
            continue;
        queue_dead_name(queue, dead);
        status = restore(forgotten, queue, dead);
    }
    return status;
}

enum status forgotten_restore(struct link *link, bool is_cluster, bool is_json, FILE *out,
                              struct reason *reason)
{
    struct forgotten forgotten = {.link = link, .reason = reason, .out = out, .is_json = is_json};
    enum status status = STATUS_OK;

    if (!keys_have_tags())
        return status;
    status = queue_names_read(&forgotten.listed, link, true, reason);
    queue_names_sort(&forgotten.listed);
    if (status == STATUS_OK)
        status = is_cluster ? scan_all(&forgotten) : scan(&forgotten, -1);
    if (status == STATUS_OK)
        status = restore_all(&forgotten);
    queue_names_clear(&forgotten.listed);
    queue_names_clear(&forgotten.found);
    call_clear(&forgotten.call);
    return status;
}
