/* letter.c - messages and lists as the broker's answers have them.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "cli/letter.h"

#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/limits.h"
#include "base/memory.h"

/* What base/json.h allows a client to send is fewer values than a broker's answer may have. */
struct json_object *json_of(const struct buffer *body)
{
    struct json_tokener *tokener = json_tokener_new_ex(LIMIT_JSON_DEPTH);
    struct json_object *object = NULL;

    if (body->len && body->len < INT_MAX)
        object = json_tokener_parse_ex(tokener, body->data, (int)body->len);
    if (json_tokener_get_error(tokener) != json_tokener_success) {
        json_object_put(object);
        object = NULL;
    }
    json_tokener_free(tokener);
    return object;
}

struct json_object *json_member(struct json_object *object, const char *name)
{
    struct json_object *member = NULL;

    if (json_object_is_type(object, json_type_object))
        json_object_object_get_ex(object, name, &member);
    return member;
}

const char *json_text(struct json_object *object, const char *name)
{
    struct json_object *member = json_member(object, name);

    return json_object_is_type(member, json_type_string) ? json_object_get_string(member) : NULL;
}

long long json_number(struct json_object *object, const char *name)
{
    struct json_object *member = json_member(object, name);

    return json_object_is_type(member, json_type_int) ? json_object_get_int64(member) : 0;
}

bool letter_read(struct letter *letter, struct json_object *object)
{
    struct json_object *value = json_member(object, "value");
    const char *encoding = json_text(object, "encoding");
    long len;

    *letter = (struct letter){
        .key = json_text(object, "key"),
        .lease = json_text(object, "lease"),
        .state = json_text(object, "state"),
        .lease_until = json_number(object, "lease_until"),
        .deliveries = json_number(object, "deliveries"),
    };
    if (!json_object_is_type(value, json_type_string))
        return false;
    letter->value = json_object_get_string(value);
    letter->len = (size_t)json_object_get_string_len(value);
    if (!encoding)
        return true;
    letter->decoded = xmalloc(letter->len / 4 * 3 + 1);
    len = base64_decode(letter->value, letter->len, letter->decoded);
    if (strcmp(encoding, "base64") != 0 || len < 0)
        return false;
    letter->decoded[len] = '\0';
    letter->value = letter->decoded;
    letter->len = (size_t)len;
    return true;
}

void letter_clear(struct letter *letter)
{
    free(letter->decoded);
    letter->decoded = NULL;
}
