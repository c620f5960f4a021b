/* age.c - how long ago a message was pushed.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/age.h"

#include <hiredis/hiredis.h>
#include <json-c/json.h>
#include <string.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "base/number.h"

void age_read(struct age *age, const redisReply *reply)
{
    const char *text = reply->type == REDIS_REPLY_STRING ? reply->str : "";

    age->is_bound = *text == '>';
    text += age->is_bound;
    if (!number_parse(text, strlen(text), 0, LIMIT_EXACT, &age->s))
        *age = (struct age){.s = -1};
}

void age_to_json(const struct age *age, struct json_object *object, const char *name,
                 const char *is_name)
{
    bool is_known = age->s >= 0;

    json_object_object_add(object, name, is_known ? json_object_new_int64(age->s) : NULL);
    json_object_object_add(object, is_name,
                           is_known ? json_object_new_string(age->is_bound ? ">" : "=") : NULL);
}

void age_write(const struct age *age, const char *name, const char *is_name, struct buffer *out)
{
    if (age->s >= 0)
        buffer_addf(out, ",\"%s\":%lld,\"%s\":\"%s\"", name, age->s, is_name,
                    age->is_bound ? ">" : "=");
    else
        buffer_addf(out, ",\"%s\":null,\"%s\":null", name, is_name);
}
