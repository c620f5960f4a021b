/* in_force.c - what is in force of restmq.conf, as JSON.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/in_force.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/settings.h"

/* "name = value", a line of settings_print(). */
static void add_line(struct json_object *object, const char *line, size_t len)
{
    static const char between[] = " = ";
    const char *at = strstr(line, between);
    size_t name_len = (size_t)(at - line);
    char name[64];

    snprintf(name, sizeof(name), "%.*s", (int)name_len, line);
    at += strlen(between);
    json_object_object_add(object, name,
                           json_object_new_string_len(at, (int)(len - (size_t)(at - line))));
}

struct json_object *settings_to_json(const struct settings *settings)
{
    struct json_object *all = json_object_new_object();
    char *text = NULL;
    size_t size = 0, len;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        abort(); /* out of memory */
    settings_print(settings, out);
    fclose(out);
    for (const char *line = text; *line; line += len + 1) {
        len = strcspn(line, "\n");
        add_line(all, line, len);
    }
    free(text);
    return all;
}
