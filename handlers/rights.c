/* rights.c - /rights: what whoever asks may do.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <json-c/json.h>

#include "handlers/exchange.h"
#include "handlers/handlers.h"

/* The names of the privs of keys; the right to stream has a name of its own. */
static const struct {
    unsigned right;
    const char *name;
} words[] = {
    {RIGHT_CONSUMER, "read"    },
    {RIGHT_PRODUCER, "write"   },
    {RIGHT_PURGE,    "purge"   },
    {RIGHT_SETTINGS, "settings"},
    {RIGHT_STATS,    "stats"   },
    {RIGHT_ADMIN,    "admin"   },
    {RIGHT_COMET,    "stream"  },
};

/* The key's record was read when its owner was admitted. */
static bool key_allows(const struct exchange *exchange, unsigned right)
{
    const struct authkey *key = exchange->admitting.admission.key;
    unsigned needs = admission_privs_of(right);
    struct reason reason; /* which nobody is told */
    enum status status;

    if (!exchange->service->settings->authkeys)
        return true;
    if (!key)
        return false;
    status = *exchange->queue ? authkey_check(key, needs, exchange->queue, &reason)
                              : authkey_check_privs(key, needs, &reason);
    return status == STATUS_OK;
}

enum status get_rights(struct exchange *exchange)
{
    struct json_object *answer, *may;
    unsigned rights;
    enum status status =
        access_rights(exchange->service->access, &exchange->visitor, &rights, &exchange->reason);

    if (status != STATUS_OK)
        return status == STATUS_LATER ? STATUS_UNAVAILABLE : status;
    answer = json_object_new_object();
    may = json_object_new_array();
    if (*exchange->queue)
        json_object_object_add(answer, "name", json_object_new_string(exchange->queue));
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (words[i].right & rights && key_allows(exchange, words[i].right))
            json_object_array_add(may, json_object_new_string(words[i].name));
    json_object_object_add(answer, "may", may);
    return answer_json(exchange, answer);
}
