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

bool jsonp_is_asked(const struct form *form)
{
    const struct field *field = form_find(form, "callback");

    return field && field->value_len > 0;
}

enum status jsonp_read(const struct form *form, bool is_on, const char **callback,
                       struct reason *reason)
{
    const struct field *field = jsonp_is_asked(form) ? form_find(form, "callback") : NULL;

    if (field && !is_on)
        return refuse(reason, STATUS_FORBIDDEN,
                      "callback= is switched off: restmq.conf has jsonp = off");
    if (field && !jsonp_is_callback(field->value, field->value_len))
        return refuse(reason, STATUS_BAD_VALUE,
                      "callback must be 1 to 64 of A-Z a-z 0-9 _ $ . and not begin with 0-9 or .");
    *callback = field ? field->value : NULL;
    return STATUS_OK;
}

/* What a byte, or the two bytes and a last one of U+2028 and U+2029, becomes inside a script; NULL:
 * it stays. */
static const char *escape_of(const char *json, size_t len)
{
    if (json[0] == '<')
        return "\\u003c";
    if (len < 3 || memcmp(json, "\xe2\x80", 2) != 0)
        return NULL;
    if (json[2] == '\xa8')
        return "\\u2028";
    return json[2] == '\xa9' ? "\\u2029" : NULL;
}

static void begin(struct buffer *out, const char *callback)
{
    buffer_add_text(out, callback);
    buffer_add_text(out, "(");
}

void jsonp_add(struct buffer *out, const char *json, size_t len)
{
    size_t at = 0, plain = 0; /* what begins there is not added yet */

    while (at < len) {
        const char *escape =
            json[at] == '<' || json[at] == '\xe2' ? escape_of(json + at, len - at) : NULL;

        if (!escape) {
            at++;
            continue;
        }
        buffer_add(out, json + plain, at - plain);
        buffer_add_text(out, escape);
        at += json[at] == '<' ? 1 : 3;
        plain = at;
    }
    buffer_add(out, json + plain, len - plain);
}

static void end(struct buffer *out)
{
    buffer_add_text(out, ");");
}

void jsonp_call(struct buffer *out, const char *callback, const char *json, size_t len)
{
    begin(out, callback);
    jsonp_add(out, json, len);
    end(out);
}

void jsonp_begin_answer(struct buffer *out, const char *callback)
{
    buffer_add_text(out, "/**/");
    begin(out, callback);
}

void jsonp_end_answer(struct buffer *out)
{
    end(out);
    buffer_add_text(out, "\r\n");
}
