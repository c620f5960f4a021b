/* verbs_pools.c - commands on pools of servers: lb_best, lb_charge, lb_list, lb_update, lb_remove.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <json-c/json.h>
#include <string.h>

#include "base/text.h"
#include "broker/pool.h"
#include "broker/pool_choice.h"
#include "protocol/member.h"
#include "protocol/verbs.h"

static enum status get_pool(struct command *command, struct reason *reason)
{
    const char *name;
    size_t len;
    enum status status = member_text(command->root, "pool", &name, &len, reason);

    return status == STATUS_OK ? verb_set_queue(command, name, len, reason) : status;
}

/* The member as text, as it was written; a number may be written as a string, a name not as a
 * number. */
static enum status get_text(struct command *command, const char *name, bool is_number,
                            const char **text, size_t *len, struct reason *reason)
{
    struct json_object *member = json_object_object_get(command->root, name);
    enum json_type type = json_object_get_type(member);

    if (type == json_type_string || !is_number)
        return member_text(command->root, name, text, len, reason);
    if (type == json_type_int && (json_object_get_int64(member) > LIMIT_EXACT ||
                                  json_object_get_int64(member) < -LIMIT_EXACT))
        return refuse(reason, STATUS_BAD_VALUE, "%s is too large to be exact; write it as a string",
                      name);
    if (type != json_type_int && type != json_type_double && type != json_type_boolean)
        return refuse(reason, STATUS_BAD_VALUE, "%s must be a number or a string", name);
    *text = json_object_get_string(member);
    *len = strlen(*text);
    return STATUS_OK;
}

/* --- lb_best, lb_charge --------------------------------------------------------------------- */

static enum status build_choice(struct command *command, struct call *call, bool charges,
                                struct reason *reason)
{
    static const char *const names[] = {"replicas", "spread", "bound", "cost", "key"};
    struct pool_choice *choice = command->own;
    enum status status = get_pool(command, reason);

    choice->pool = command->queue;
    choice->rings = command->limits.rings;
    choice->charges = charges;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && status == STATUS_OK; i++) {
        const char *text;
        size_t len;

        if (!member_is_given(command->root, names[i]))
            continue;
        status = get_text(command, names[i], strcmp(names[i], "key") != 0, &text, &len, reason);
        if (status == STATUS_OK)
            status = pool_choice_set(choice, names[i], text, len, reason);
    }
    return status == STATUS_OK ? pool_choose_call(call, choice, reason) : status;
}

static enum status build_lb_best(struct command *command, struct call *call, struct reason *reason)
{
    return build_choice(command, call, false, reason);
}

static enum status build_lb_charge(struct command *command, struct call *call,
                                   struct reason *reason)
{
    return build_choice(command, call, true, reason);
}

static void answer_lb_choice(struct command *command, struct json_object *answer)
{
    verb_answer_text(answer, "pool", command->queue);
    pool_choice_to_json(command->own, answer);
}

/* --- lb_list -------------------------------------------------------------------------------- */

struct list_own {
    struct json_object *rows;
};

static enum status build_lb_list(struct command *command, struct call *call, struct reason *reason)
{
    struct list_own *own = command->own;
    enum status status = get_pool(command, reason);

    if (status == STATUS_OK)
        pool_list_call(call, command->queue, &own->rows);
    return status;
}

static void answer_lb_list(struct command *command, struct json_object *answer)
{
    struct list_own *own = command->own;

    verb_answer_text(answer, "pool", command->queue);
    json_object_object_add(answer, "rows", own->rows);
    own->rows = NULL;
}

static void clear_lb_list(void *own)
{
    json_object_put(((struct list_own *)own)->rows);
}

/* --- lb_update, lb_remove ------------------------------------------------------------------- */

static enum status build_lb_update(struct command *command, struct call *call,
                                   struct reason *reason)
{
    static const struct {
        const char *name;
        bool is_number;
    } members[] = {
        {"server", false},
        {"row",    false},
        {"score",  true },
        {"incr",   true },
        {"add",    true },
    };
    struct pool_update *update = command->own;
    enum status status = get_pool(command, reason);

    update->pool = command->queue;
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]) && status == STATUS_OK; i++) {
        const char *text;
        size_t len;

        if (!member_is_given(command->root, members[i].name))
            continue;
        status = get_text(command, members[i].name, members[i].is_number, &text, &len, reason);
        if (status == STATUS_OK)
            status = pool_update_set(update, members[i].name, text, len, reason);
    }
    return status == STATUS_OK ? pool_update_call(call, update, reason) : status;
}

/* Adding to a score is what charging does. */
static unsigned needs_of_lb_update(const struct command *command)
{
    const struct pool_update *update = command->own;

    return update->has_incr ? AUTHKEY_READ : 0;
}

static void answer_lb_update(struct command *command, struct json_object *answer)
{
    pool_update_to_json(command->own, answer);
}

/* The server that is to be removed; NULL when none is named. */
static const char *server_of(const struct command *command)
{
    return json_object_get_string(json_object_object_get(command->root, "server"));
}

static enum status build_lb_remove(struct command *command, struct call *call,
                                   struct reason *reason)
{
    const char *server;
    size_t len;
    enum status status = get_pool(command, reason);

    if (status == STATUS_OK && member_is_given(command->root, "server")) {
        status = member_text(command->root, "server", &server, &len, reason);
        if (status == STATUS_OK)
            status = pool_server_check(server, len, reason);
    }
    if (status == STATUS_OK)
        pool_remove_call(call, command->queue, server_of(command), command->own);
    return status;
}

static void answer_lb_remove(struct command *command, struct json_object *answer)
{
    const long long *removed = command->own;

    pool_removed_to_json(command->queue, server_of(command), *removed, answer);
}

static void done_lb_remove(const struct command *command, struct buffer *text)
{
    const long long *removed = command->own;

    buffer_addf(text, "remove pool %s, %lld server%s", command->queue, *removed,
                text_plural(*removed));
}

/* --- the table ------------------------------------------------------------------------------ */

// clang-format off
const struct json_verb verbs_of_pools[] = {
    {.name = "lb_best", .members = "pool replicas spread key bound",
     .needs = AUTHKEY_READ, .size = sizeof(struct pool_choice),
     .build = build_lb_best, .answer = answer_lb_choice},
    {.name = "lb_charge", .members = "pool replicas spread key bound cost",
     .needs = AUTHKEY_READ, .size = sizeof(struct pool_choice),
     .build = build_lb_charge, .answer = answer_lb_choice},
    {.name = "lb_list", .members = "pool", .needs = AUTHKEY_READ, .size = sizeof(struct list_own),
     .build = build_lb_list, .answer = answer_lb_list, .clear = clear_lb_list},
    {.name = "lb_update", .members = "pool server row score incr add",
     .needs = AUTHKEY_ADMIN, .needs_otherwise = needs_of_lb_update,
     .size = sizeof(struct pool_update), .build = build_lb_update, .answer = answer_lb_update},
    {.name = "lb_remove", .members = "pool server",
     .needs = AUTHKEY_ADMIN, .size = sizeof(long long),
     .build = build_lb_remove, .answer = answer_lb_remove, .done = done_lb_remove},
    {.name = NULL},
};
// clang-format on
