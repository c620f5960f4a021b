/* pairs.c - which leased messages a client means, by key and token, and what became of each.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "protocol/pairs.h"

#include <json-c/json.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "broker/keys.h"

/* --- in ------------------------------------------------------------------------------------ */

static enum status add(struct claims *claims, const char *queue, const struct claim *claim,
                       struct reason *reason)
{
    if (claims->count == LIMIT_BATCH)
        return refuse(reason, STATUS_BAD_VALUE, "more than %d messages", LIMIT_BATCH);
    claims_add(claims, claim);
    if (!message_key_is_of(claim->key, claim->key_len, queue))
        return refuse(reason, STATUS_BAD_VALUE,
                      "message %d: key must be that of a message of this queue", claims->count);
    if (claim->token_len == 0)
        return refuse(reason, STATUS_BAD_VALUE, "message %d: lease must be a token", claims->count);
    return STATUS_OK;
}

static bool read_object(struct json_object *object, struct claim *claim)
{
    struct json_object *key, *token;

    if (!json_object_is_type(object, json_type_object) || json_object_object_length(object) != 2 ||
        !json_object_object_get_ex(object, "key", &key) ||
        !json_object_object_get_ex(object, "lease", &token) ||
        !json_object_is_type(key, json_type_string) ||
        !json_object_is_type(token, json_type_string))
        return false;
    *claim = (struct claim){
        .key = json_object_get_string(key),
        .key_len = (size_t)json_object_get_string_len(key),
        .token = json_object_get_string(token),
        .token_len = (size_t)json_object_get_string_len(token),
    };
    return true;
}

/* How many it has. */
static enum status check_array(struct json_object *array, const char *what, size_t *count,
                               struct reason *reason)
{
    bool is_array = json_object_is_type(array, json_type_array);

    *count = is_array ? json_object_array_length(array) : 0;
    if (!is_array)
        return refuse(reason, STATUS_BAD_VALUE,
                      "%s must be an array of 1 to %d objects {\"key\",\"lease\"}", what,
                      LIMIT_BATCH);
    if (*count == 0 || *count > LIMIT_BATCH)
        return refuse(reason, STATUS_BAD_VALUE,
                      "%s must be an array of 1 to %d objects {\"key\",\"lease\"}; it has %zu",
                      what, LIMIT_BATCH, *count);
    return STATUS_OK;
}

enum status pairs_read_array(struct claims *claims, const char *queue, const char *what,
                             struct json_object *array, struct reason *reason)
{
    size_t count;
    enum status status = check_array(array, what, &count, reason);
    struct claim claim;

    claims->count = 0;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (!read_object(json_object_array_get_idx(array, i), &claim))
            return refuse(reason, STATUS_BAD_VALUE,
                          "message %zu must be {\"key\",\"lease\"}, two strings", i + 1);
        status = add(claims, queue, &claim, reason);
    }
    return status;
}

/* A key has no space, and a token neither. */
static bool read_pair(const char *text, size_t len, struct claim *claim)
{
    const char *space = memchr(text, ' ', len);

    if (!space)
        return false;
    *claim = (struct claim){
        .key = text,
        .key_len = (size_t)(space - text),
        .token = space + 1,
        .token_len = len - (size_t)(space + 1 - text),
    };
    return !memchr(claim->token, ' ', claim->token_len);
}

enum status pairs_read_text(struct claims *claims, const char *queue, const char *text, size_t len,
                            struct reason *reason)
{
    struct text_list list = {text, len};
    enum status status = STATUS_OK;
    struct claim claim;
    const char *pair;

    claims->count = 0;
    while (status == STATUS_OK && text_list_next(&list, &pair, &len)) {
        if (!read_pair(pair, len, &claim))
            return refuse(reason, STATUS_BAD_VALUE,
                          "keys must be pairs of key and token, one space between them, with a "
                          "comma and no space between the pairs; pair %d is not such a one",
                          claims->count + 1);
        status = add(claims, queue, &claim, reason);
    }
    return status;
}

/* --- out ----------------------------------------------------------------------------------- */

static void add_outcome(struct json_object *object, enum claims_act act, long long result)
{
    if (result == CLAIM_STALE) {
        json_object_object_add(object, "error",
                               json_object_new_string(status_text(STATUS_STALE_LEASE)));
        json_object_object_add(object, "code",
                               json_object_new_string(status_code(STATUS_STALE_LEASE)));
    } else if (act == CLAIMS_EXTEND) {
        json_object_object_add(object, "lease_until", json_object_new_int64(result));
    } else {
        json_object_object_add(object, act == CLAIMS_ACK ? "deleted" : "released",
                               json_object_new_boolean(true));
    }
}

struct json_object *pairs_outcomes(const struct claims *claims)
{
    struct json_object *array = json_object_new_array();

    for (int i = 0; i < claims->count; i++) {
        const struct claim *claim = &claims->rows[i];
        struct json_object *object = json_object_new_object();

        json_object_object_add(object, "key",
                               json_object_new_string_len(claim->key, (int)claim->key_len));
        add_outcome(object, claims->act, claim->result);
        json_object_array_add(array, object);
    }
    return array;
}
