/* member.c - reading the members of a JSON object.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "protocol/member.h"

#include <json-c/json.h>
#include <string.h>

#include "base/number.h"

bool member_is_given(struct json_object *object, const char *name)
{
    return json_object_object_get_ex(object, name, NULL);
}

static enum status find(struct json_object *object, const char *name, struct json_object **member,
                        struct reason *reason)
{
    if (json_object_object_get_ex(object, name, member))
        return STATUS_OK;
    return refuse(reason, STATUS_BAD_REQUEST, "missing member \"%s\"", name);
}

enum status member_text(struct json_object *object, const char *name, const char **text,
                        size_t *len, struct reason *reason)
{
    struct json_object *member;
    enum status status = find(object, name, &member, reason);

    if (status != STATUS_OK)
        return status;
    if (!json_object_is_type(member, json_type_string))
        return refuse(reason, STATUS_BAD_VALUE, "%s must be a string", name);
    *text = json_object_get_string(member);
    *len = (size_t)json_object_get_string_len(member);
    return STATUS_OK;
}

enum status member_number(struct json_object *object, const char *name, long long low,
                          long long high, long long fallback, long long *number,
                          struct reason *reason)
{
    struct json_object *member;
    const char *text;
    size_t len = 0;

    *number = fallback;
    if (!json_object_object_get_ex(object, name, &member))
        return STATUS_OK;
    text = json_object_get_string(member); /* of a number: as it was written */
    if (text)
        len = json_object_is_type(member, json_type_string)
                  ? (size_t)json_object_get_string_len(member)
                  : strlen(text);
    if (text && number_parse(text, len, low, high, number))
        return STATUS_OK;
    if (low == high)
        return refuse(reason, STATUS_BAD_VALUE, "%s must be %lld", name, low);
    return refuse(reason, STATUS_BAD_VALUE, "%s must be a whole number from %lld to %lld", name,
                  low, high);
}

enum status member_array(struct json_object *object, const char *name, int high,
                         struct json_object **array, struct reason *reason)
{
    enum status status = find(object, name, array, reason);
    size_t count;

    if (status != STATUS_OK)
        return status;
    count = json_object_is_type(*array, json_type_array) ? json_object_array_length(*array) : 0;
    if (count == 0 || count > (size_t)high)
        return refuse(reason, STATUS_BAD_VALUE, "%s must be an array of 1 to %d strings", name,
                      high);
    for (size_t i = 0; i < count; i++)
        if (!json_object_is_type(json_object_array_get_idx(*array, i), json_type_string))
            return refuse(reason, STATUS_BAD_VALUE, "%s must be an array of 1 to %d strings", name,
                          high);
    return STATUS_OK;
}
