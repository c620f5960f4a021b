/* jsonp.c - ?callback=.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "handlers/jsonp.h"

#include <json-c/json.h>
#include <string.h>

#include "broker/json.h"
#include "handlers/exchange.h"

static bool is_name_byte(char c, bool first)
{
    bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '$';

    return letter || (!first && ((c >= '0' && c <= '9') || c == '.'));
}

static bool is_callback(const struct field *field)
{
    if (field->value_len == 0 || field->value_len > 64)
        return false;
    for (size_t i = 0; i < field->value_len; i++)
        if (!is_name_byte(field->value[i], i == 0))
            return false;
    return true;
}

enum status jsonp_check(struct exchange *exchange)
{
    const struct field *callback = form_find(&exchange->request.form, "callback");

    if (!callback)
        return STATUS_OK;
    if (!exchange->settings->jsonp)
        return refuse(&exchange->reason, STATUS_FORBIDDEN,
                      "callback= is switched off: restmq.conf has jsonp = off");
    if (!is_callback(callback))
        return refuse(&exchange->reason, STATUS_BAD_VALUE,
                      "callback must be 1 to 64 of A-Z a-z 0-9 _ $ . and not begin with 0-9 or .");
    exchange->callback = callback;
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

static bool is_type(const struct exchange *exchange, const char *type)
{
    return strcmp(exchange->response.type, type) == 0;
}

void jsonp_wrap(struct exchange *exchange)
{
    struct buffer *body = &exchange->response.body;
    struct buffer script = {0};

    if (exchange->response.http_status == 204)
        return;
    while (body->len && strchr("\r\n", body->data[body->len - 1]))
        body->len--;
    if (is_type(exchange, TYPE_TEXT)) {
        struct json_object *string = json_object_new_string_len(body->data, (int)body->len);

        buffer_reset(body);
        json_render(string, body);
    } else if (!is_type(exchange, TYPE_JSON)) {
        return;
    }
    buffer_addf(&script, "/**/%.*s(", (int)exchange->callback->value_len,
                exchange->callback->value);
    add_escaped(&script, body->data, body->len);
    buffer_add_text(&script, ");\r\n");
    buffer_clear(body);
    *body = script;
    exchange->response.type = TYPE_SCRIPT;
    response_header(&exchange->response, "Content-Disposition", "attachment; filename=f.txt");
}
