/* letters.c - which dead letters a client means, by key, and what became of each.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "protocol/letters.h"

#include <json-c/json.h>

#include "base/limits.h"
#include "base/text.h"
#include "broker/chosen.h"
#include "broker/keys.h"

/* --- in ------------------------------------------------------------------------------------ */

static enum status check_queue(const char *queue, const char *what, struct reason *reason)
{
    if (queue_is_dead(queue))
        return STATUS_OK;
    return refuse(reason, STATUS_BAD_REQUEST, "%s is for dead letters: <queue>.dead", what);
}

static enum status add(struct claims *claims, const char *queue, const char *key, size_t len,
                       struct reason *reason)
{
    if (claims->count == LIMIT_BATCH)
        return refuse(reason, STATUS_BAD_VALUE, "more than %d keys", LIMIT_BATCH);
    claims_add(claims, &(struct claim){.key = key, .key_len = len});
    if (!message_key_is_of(key, len, queue))
        return refuse(reason, STATUS_BAD_VALUE, "key %d must be that of a message of this queue",
                      claims->count);
    return STATUS_OK;
}

enum status letters_read_array(struct claims *claims, const char *queue, const char *what,
                               struct json_object *array, struct reason *reason)
{
    bool is_array = json_object_is_type(array, json_type_array);
    size_t count = is_array ? json_object_array_length(array) : 0;
    enum status status = check_queue(queue, what, reason);

    claims->count = 0;
    if (status == STATUS_OK && (count == 0 || count > LIMIT_BATCH))
        return refuse(reason, STATUS_BAD_VALUE, "keys must be an array of 1 to %d strings",
                      LIMIT_BATCH);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        struct json_object *key = json_object_array_get_idx(array, i);

        if (!json_object_is_type(key, json_type_string))
            return refuse(reason, STATUS_BAD_VALUE, "key %zu must be a string", i + 1);
        status = add(claims, queue, json_object_get_string(key),
                     (size_t)json_object_get_string_len(key), reason);
    }
    return status;
}

enum status letters_read_text(struct claims *claims, const char *queue, const char *what,
                              const char *text, size_t len, struct reason *reason)
{
    struct text_list list = {text, len};
    enum status status = check_queue(queue, what, reason);
    const char *key;

    claims->count = 0;
    while (status == STATUS_OK && text_list_next(&list, &key, &len))
        status = add(claims, queue, key, len, reason);
    return status;
}

/* --- out ----------------------------------------------------------------------------------- */

static void add_error(struct json_object *object, enum status status, const struct reason *reason)
{
    json_object_object_add(object, "error", json_object_new_string(reason->text));
    json_object_object_add(object, "code", json_object_new_string(status_code(status)));
}

static enum status status_of(const struct claim *claim, struct reason *reason)
{
    if (claim->result == CHOSEN_DONE)
        return STATUS_OK;
    if (claim->result == CHOSEN_NONE)
        return refuse(reason, STATUS_NOT_FOUND, "no such dead letter");
    if (claim->result == CHOSEN_DEEP)
        return refuse(reason, STATUS_CONFLICT,
                      "this was not looked for: there are too many dead letters; name the cursor "
                      "of its page");
    return refuse(reason, STATUS_STALE_LEASE, "leased until %lld", claim->result);
}

struct json_object *letters_outcomes(const struct claims *claims, const char *done)
{
    struct json_object *array = json_object_new_array();

    for (int i = 0; i < claims->count; i++) {
        const struct claim *claim = &claims->rows[i];
        struct json_object *object = json_object_new_object();
        struct reason reason;
        enum status status = status_of(claim, &reason);

        json_object_object_add(object, "key",
                               json_object_new_string_len(claim->key, (int)claim->key_len));
        if (status == STATUS_OK)
            json_object_object_add(object, done, json_object_new_boolean(true));
        else
            add_error(object, status, &reason);
        json_object_array_add(array, object);
    }
    return array;
}
