/* verbs.c - the commands of the JSON protocol: each builds a call and answers from its result.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "protocol/verbs.h"

#include <json-c/json.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "broker/keys.h"
#include "protocol/member.h"

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

enum status verb_get_key(const struct command *command, struct claim *claim, struct reason *reason)
{
    enum status status = member_text(command->root, "key", &claim->key, &claim->key_len, reason);

    if (status == STATUS_OK && !message_key_is_of(claim->key, claim->key_len, command->queue))
        return refuse(reason, STATUS_BAD_VALUE, "key must be that of a message of this queue");
    return status;
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

void verb_write_queue(const struct command *command, struct buffer *out)
{
    buffer_add_text(out, "\"queue\":");
    json_add_string(out, command->queue, strlen(command->queue));
    buffer_add_text(out, ",");
}

void verb_answer_echo(struct command *command, struct json_object *answer, const char *name)
{
    json_object_object_add(answer, name,
                           json_object_get(json_object_object_get(command->root, name)));
}

/* --- the tables ----------------------------------------------------------------------------- */

const struct json_verb *verb_find(const char *name, size_t len)
{
    static const struct json_verb *const tables[] = {
        verbs_of_messages, verbs_of_leases, verbs_of_queues, verbs_of_letters, verbs_of_pools};

    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        for (const struct json_verb *verb = tables[i]; verb->name; verb++)
            if (text_is(name, len, verb->name))
                return verb;
    return NULL;
}
