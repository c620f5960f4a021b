/* json_line.c - what a tool tells with --json: objects, each a line.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "admin/json_line.h"

#include <json-c/json.h>

#include "base/buffer.h"
#include "base/json.h"

void json_line_text(struct json_object *object, const char *name, const char *text)
{
    json_object_object_add(object, name, json_object_new_string(text));
}

void json_line_number(struct json_object *object, const char *name, long long number)
{
    json_object_object_add(object, name, json_object_new_int64(number));
}

void json_line_bool(struct json_object *object, const char *name, int value)
{
    json_object_object_add(object, name, json_object_new_boolean(value));
}

void json_line_print(struct json_object *object, FILE *out)
{
    struct buffer text = {0};

    json_render(object, &text);
    fwrite(text.data, 1, text.len, out);
    putc('\n', out);
    fflush(out);
    buffer_clear(&text);
}
