/* names.c - names of queues in one option.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "protocol/names.h"

#include <string.h>

#include "broker/keys.h"

enum status names_check(struct text_list names, struct reason *reason)
{
    enum status status = STATUS_OK;
    const char *name;
    size_t len;

    for (int count = 0; status == STATUS_OK && text_list_next(&names, &name, &len); count++) {
        if (count == LIMIT_QUEUES)
            return refuse(reason, STATUS_BAD_VALUE, "queues has at most %d names", LIMIT_QUEUES);
        status = queue_name_check(name, len, reason);
    }
    return status;
}

bool names_next(struct text_list *names, char name[LIMIT_NAME + 1])
{
    const char *at;
    size_t len;

    if (!text_list_next(names, &at, &len))
        return false;
    memcpy(name, at, len);
    name[len] = '\0';
    return true;
}
