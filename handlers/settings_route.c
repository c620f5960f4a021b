/* settings_route.c - /settings: what is in force of restmq.conf.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <json-c/json.h>

#include "base/in_force.h"
#include "handlers/exchange.h"
#include "handlers/handlers.h"

enum status get_settings(struct exchange *exchange)
{
    struct json_object *answer = json_object_new_object();

    json_object_object_add(answer, "settings", settings_to_json(exchange->service->settings));
    return answer_json(exchange, answer);
}
