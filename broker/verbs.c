/* verbs.c - the commands of the JSON protocol: each builds a call and answers from its result.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/verbs.h"

#include <json-c/json.h>
#include <string.h>

#include "base/text.h"
#include "broker/keys.h"
#include "broker/member.h"

/* --- what many of them have ----------------------------------------------------------------- */

enum status verb_set_queue(struct command *command, const char *name, size_t len,
                           struct reason *reason)
{
    enum status status = queue_name_check(name, len, reason);

    if (status == STATUS_OK)
        memcpy(command->queue, name, len + 1);
    return status;
}

enum status verb_get_queue(struct command *command, struct reason *reason)
{
    const char *name;
    size_t len;
    enum status status = member_text(command->root, "queue", &name, &len, reason);

    return status == STATUS_OK ? verb_set_queue(command, name, len, reason) : status;
}

void verb_answer_text(struct json_object *answer, const char *name, const char *text)
{
    json_object_object_add(answer, name, json_object_new_string(text));
}

void verb_answer_number(struct json_object *answer, const char *name, long long number)
{
    json_object_object_add(answer, name, json_object_new_int64(number));
}

void verb_answer_queue(struct command *command, struct json_object *answer)
{
    verb_answer_text(answer, "queue", command->queue);
}

void verb_answer_echo(struct command *command, struct json_object *answer, const char *name)
{
    json_object_object_add(answer, name,
                           json_object_get(json_object_object_get(command->root, name)));
}

/* --- the table ------------------------------------------------------------------------------ */

// clang-format off
static const struct verb verbs[] = {
    {"add",     "queue value values encoding ttl delay once",               build_add,     answer_add, AUTHKEY_WRITE, NULL},
    {"pub",     "channel value encoding",                                   build_pub,     answer_pub, AUTHKEY_WRITE, NULL},
    {"get",     "queue key",                                                build_get,     answer_get, AUTHKEY_READ, NULL},
    {"take",    "queue queues count lease",                                 build_take,    answer_take, AUTHKEY_READ, NULL},
    {"del",     "queue key lease force",                                    build_del,     answer_del, AUTHKEY_READ, done_del},
    {"extend",  "queue key lease seconds",                                  build_extend,  answer_extend, AUTHKEY_READ, NULL},
    {"release", "queue key lease delay",                                    build_release, answer_release, AUTHKEY_READ, NULL},
    {"acks",    "queue messages",                                           build_acks,    answer_claims, AUTHKEY_READ, NULL},
    {"extends", "queue messages seconds",                                   build_extends, answer_claims, AUTHKEY_READ, NULL},
    {"releases", "queue messages delay",                                    build_releases, answer_claims, AUTHKEY_READ, NULL},
    {"len",     "queue",                                                    build_state,   answer_len, AUTHKEY_READ | AUTHKEY_STATS, NULL},
    {"stats",   "queue",                                                    build_state,   answer_stats, AUTHKEY_READ | AUTHKEY_STATS, NULL},
    {"list",    "limit cursor",                                             build_list,    answer_list, AUTHKEY_READ, NULL},
    {"policy",  "queue policy lease max_deliveries max_length ttl backoff", build_policy,  answer_policy, AUTHKEY_SETTINGS, done_policy},
    {"control", "queue status what",                                        build_control, answer_control, AUTHKEY_SETTINGS, done_control},
    {"purge",   "queue",                                                    build_purge,   answer_purge, AUTHKEY_PURGE, done_purge},
    {"remove",  "queue force",                                              build_remove,  answer_remove, AUTHKEY_REMOVE, done_remove},
    {"redrive", "queue count",                                              build_redrive, answer_redrive, AUTHKEY_ADMIN, done_redrive},
    {"lb_best",   "pool replicas spread key bound",                         build_lb_best,   answer_lb_choice, AUTHKEY_READ, NULL},
    {"lb_charge", "pool replicas spread key bound cost",                    build_lb_charge, answer_lb_choice, AUTHKEY_READ, NULL},
    {"lb_list",   "pool",                                                   build_lb_list,   answer_lb_list, AUTHKEY_READ, NULL},
    {"lb_update", "pool server row score incr add",                         build_lb_update, answer_lb_update, AUTHKEY_ADMIN, NULL},
    {"lb_remove", "pool server",                                            build_lb_remove, answer_lb_remove, AUTHKEY_ADMIN, done_lb_remove},
};
// clang-format on

const struct verb *verb_find(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (text_is(name, len, verbs[i].name))
            return &verbs[i];
    return NULL;
}

bool verb_only_looks(const struct command *command)
{
    if (command->verb->build == build_control)
        return !member_is_given(command->root, "status");
    return command->verb->build == build_policy && policy_change_is_empty(&command->change);
}

/* Adding to a score is what charging does.  Who may change settings may also look at them, as may
 * all who may by GET. */
unsigned verb_needs(const struct command *command)
{
    if (command->verb->build == build_lb_update && command->update.has_incr)
        return AUTHKEY_READ;
    if (command->verb->build == build_del && member_is_given(command->root, "force"))
        return AUTHKEY_ADMIN;
    if (verb_only_looks(command))
        return AUTHKEY_READ | AUTHKEY_STATS | AUTHKEY_SETTINGS;
    return command->verb->needs;
}

bool verb_left_trash(const struct command *command)
{
    return (command->verb->build == build_purge && command->number > 0) ||
           (command->verb->build == build_remove && command->removal.has_more) ||
           (command->verb->build == build_take && command->batch.has_trash) ||
           (command->verb->build == build_acks && command->claims.has_trash);
}
