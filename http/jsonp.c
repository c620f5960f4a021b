/* jsonp.c - JSON as a script.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "http/jsonp.h"

#include <string.h>

static bool is_name_byte(char c, bool first)
{
    bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '$';

    return letter || (!first && ((c >= '0' && c <= '9') || c == '.'));
}

bool jsonp_is_callback(const char *name, size_t len)
{
    if (len == 0 || len > 64)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_name_byte(name[i], i == 0))
            return false;
    return true;
}

enum status jsonp_read(const struct form *form, bool is_on, const char **callback,
                       struct reason *reason)
{
    const struct field *field = form_find(form, "callback");

    if (field && !is_on)
        return refuse(reason, STATUS_FORBIDDEN,
                      "callback= is switched off: restmq.conf has jsonp = off");
    if (field && !jsonp_is_callback(field->value, field->value_len))
        return refuse(reason, STATUS_BAD_VALUE,
                      "callback must be 1 to 64 of A-Z a-z 0-9 _ $ . and not begin with 0-9 or .");
    *callback = field ? field->value : NULL;
    return STATUS_OK;
}

/* JSON text inside a script: no "</script>", and no line separators of JavaScript's own. */
static void add_escaped(struct buffer *out, const char *json, size_t len)
{
    for (size_t at = 0; at < len; at++) {
        if (json[at] == '<') {
            buffer_add_text(out, "\\u003c");
        } else if (len - at >= 3 && memcmp(json + at, "\xe2\x80", 2) == 0 &&
                   ((unsigned char)json[at + 2] & 0xfe) == 0xa8) {
            buffer_addf(out, "\\u202%d", (unsigned char)json[at + 2] & 1 ? 9 : 8);
            at += 2;
        } else {
            buffer_add(out, json + at, 1);
        }
    }
}

void jsonp_call(struct buffer *out, const char *callback, const char *json, size_t len)
{
    buffer_addf(out, "%s(", callback);
    add_escaped(out, json, len);
    buffer_add_text(out, ");");
}
