/* moved.c - what the verb retag tells of each queue.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "admin/moved.h"

#include <json-c/json.h>
#include <stdio.h>

#include "admin/json_line.h"
#include "base/text.h"
#include "cli/order.h"

static void tell_json(const struct moved_queue *moved, enum status status,
                      const struct reason *reason)
{
    struct json_object *object = json_object_new_object();

    json_line_text(object, "queue", moved->queue);
    json_line_number(object, "moved", moved->messages);
    json_line_number(object, "left", moved->leases);
    if (status != STATUS_OK)
        json_line_text(object, "error", reason->text);
    json_line_print(object, stdout);
}

void moved_tell(const struct moved_queue *moved, enum status status, const struct reason *reason,
                bool is_json)
{
    if (is_json) {
        tell_json(moved, status, reason);
        return;
    }
    if (moved->messages || status == STATUS_OK)
        printf("%s: %lld message%s moved\n", moved->queue, moved->messages,
               text_plural(moved->messages));
    if (status == STATUS_OK && moved->leases)
        printf("%s: %lld leased message%s left\n", moved->queue, moved->leases,
               text_plural(moved->leases));
    if (status != STATUS_OK)
        order_fail("%s: %s", moved->queue, reason->text);
    fflush(stdout);
}
