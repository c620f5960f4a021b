/* callback.c - answers as a call of ?callback=.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "handlers/callback.h"

#include <json-c/json.h>
#include <string.h>

#include "base/json.h"
#include "handlers/exchange.h"
#include "http/jsonp.h"

static bool is_type(const struct exchange *exchange, const char *type)
{
    return strcmp(exchange->response.type, type) == 0;
}

void callback_wrap(struct exchange *exchange)
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
    jsonp_begin_answer(&script, exchange->callback);
    jsonp_add(&script, body->data, body->len);
    jsonp_end_answer(&script);
    buffer_clear(body);
    *body = script;
    exchange->response.type = TYPE_SCRIPT;
    response_header(&exchange->response, "Content-Disposition", "attachment; filename=f.txt");
}
