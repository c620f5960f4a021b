/* request_path.c - the path and query of a request, put together.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "cli/request_path.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static void add_encoded(struct buffer *text, const char *bytes, const char *plain)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";

    for (; *bytes; bytes++)
        if (strchr(letters, *bytes) || strchr(plain, *bytes))
            buffer_add(text, bytes, 1);
        else
            buffer_addf(text, "%%%02X", (unsigned char)*bytes);
}

void path_begin(struct request_path *target, const char *resource, const char *name)
{
    buffer_reset(&target->text);
    buffer_addf(&target->text, "/%s", resource);
    if (!name)
        return;
    buffer_add_text(&target->text, "/");
    add_encoded(&target->text, name, "/:@");
}

void path_add(struct request_path *target, const char *option, const char *value)
{
    if (!value)
        return;
    buffer_addf(&target->text, "%s%s=", strchr(target->text.data, '?') ? "&" : "?", option);
    add_encoded(&target->text, value, ":,");
}

void path_add_number(struct request_path *target, const char *option, long long value)
{
    buffer_addf(&target->text, "%s%s=%lld", strchr(target->text.data, '?') ? "&" : "?", option,
                value);
}

void path_clear(struct request_path *target)
{
    buffer_clear(&target->text);
}

const char *dead_name(const char *queue, char name[DEAD_NAME])
{
    size_t len = strlen(queue);
    bool has_end = len > 5 && strcmp(queue + len - 5, ".dead") == 0;

    snprintf(name, DEAD_NAME, "%.*s%s", LIMIT_NAME, queue, has_end ? "" : ".dead");
    return name;
}
