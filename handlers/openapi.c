/* openapi.c - /openapi.json: the description of all routes for tools, made of the table of routes,
 * of the statuses and of the sentences.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "handlers/openapi.h"

#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "handlers/exchange.h"
#include "handlers/handlers.h"
#include "handlers/routes.h"
#include "handlers/sentences.h"
#include "http/fields.h"

static void add(struct json_object *object, const char *name, const char *text)
{
    json_object_object_add(object, name, json_object_new_string(text));
}

/* The member of that name, which is made if it is not there. */
static struct json_object *member(struct json_object *object, const char *name)
{
    struct json_object *found;

    if (json_object_object_get_ex(object, name, &found))
        return found;
    found = json_object_new_object();
    json_object_object_add(object, name, found);
    return found;
}

static struct json_object *array_of(struct json_object *object, const char *name)
{
    struct json_object *found;

    if (json_object_object_get_ex(object, name, &found))
        return found;
    found = json_object_new_array();
    json_object_object_add(object, name, found);
    return found;
}

static struct json_object *schema_of(const char *type)
{
    struct json_object *schema = json_object_new_object();

    add(schema, "type", type);
    return schema;
}

/* --- options ------------------------------------------------------------------------------- */

static bool is_listed(struct json_object *parameters, const char *name)
{
    for (size_t i = 0; i < json_object_array_length(parameters); i++) {
        struct json_object *its =
            json_object_object_get(json_object_array_get_idx(parameters, i), "name");

        if (strcmp(json_object_get_string(its), name) == 0)
            return true;
    }
    return false;
}

static void add_parameter(struct json_object *operation, const char *in,
                          const struct option_sentence *option)
{
    struct json_object *parameters = array_of(operation, "parameters"), *parameter;

    if (is_listed(parameters, option->name))
        return;
    parameter = json_object_new_object();
    add(parameter, "name", option->name);
    add(parameter, "in", in);
    if (strcmp(in, "path") == 0)
        json_object_object_add(parameter, "required", json_object_new_boolean(true));
    add(parameter, "description", option->text);
    json_object_object_add(parameter, "schema", schema_of(option->type));
    json_object_array_add(parameters, parameter);
}

static struct json_object *content(struct json_object *of, const char *type)
{
    return member(member(member(of, "content"), type), "schema");
}

static void add_field(struct json_object *operation, const struct option_sentence *option)
{
    struct json_object *body = member(operation, "requestBody");
    struct json_object *form = content(body, "application/x-www-form-urlencoded");
    struct json_object *field = schema_of(option->type);

    add(form, "type", "object");
    add(field, "description", option->text);
    json_object_object_add(member(form, "properties"), option->name, field);
}

/* Fields that may only stand in a form: in a query they would be in the logs of web servers. */
static bool is_message(const char *name)
{
    return strcmp(name, "value") == 0 || strcmp(name, "msg") == 0 || strcmp(name, "body") == 0;
}

static void add_options(struct json_object *operation, const struct route_facts *facts)
{
    const char *name = facts->row->options;

    while (*name) {
        size_t len = strcspn(name, " ");
        const struct option_sentence *option = sentence_of_option(facts->row, name, len);

        if (option && !(facts->row->method == METHOD_POST && is_message(option->name)))
            add_parameter(operation, "query", option);
        if (option && facts->row->method == METHOD_POST)
            add_field(operation, option);
        name += len + strspn(name + len, " ");
    }
}

static void add_body(struct json_object *operation, const struct route_facts *facts)
{
    if (facts->body == READ && facts->row->method == METHOD_POST) {
        add(content(member(operation, "requestBody"), "text/plain"), "type", "string");
        content(member(operation, "requestBody"), "application/octet-stream");
    }
    if (facts->body != UNREAD && facts->row->method != METHOD_DELETE)
        content(member(operation, "requestBody"), "application/json");
}

/* --- answers ------------------------------------------------------------------------------- */

static void refer(struct json_object *schema, const char *name)
{
    char text[60];

    snprintf(text, sizeof(text), "#/components/schemas/%s", name);
    add(schema, "$ref", text);
}

static void add_answers(struct json_object *operation, enum answer_kind kind)
{
    struct json_object *responses = member(operation, "responses");
    struct json_object *ok = member(responses, "200"), *other = member(responses, "default");

    add(ok, "description", "Done.");
    if (kind == ANSWERS_MESSAGE) {
        add(member(responses, "204"), "description", "There is no message.");
        refer(content(ok, "application/json"), "Taken");
    }
    if (kind == ANSWERS_KEY || kind == ANSWERS_TEXT)
        add(content(ok, "text/plain"), "type", "string");
    if (kind == ANSWERS_KEY || kind == ANSWERS_JSON)
        content(ok, "application/json");
    if (kind == ANSWERS_HTML)
        add(content(ok, "text/html"), "type", "string");
    if (kind == ANSWERS_FILE)
        content(ok, "*/*");
    add(other, "description", "Refused, or failed; code says why.");
    refer(content(other, "application/json"), "Error");
}

static void add_error(struct json_object *schemas)
{
    struct json_object *error = member(schemas, "Error"), *properties = member(error, "properties");
    struct json_object *code = member(properties, "code"), *text;
    struct buffer meanings = {0};

    add(error, "type", "object");
    json_object_array_add(array_of(error, "required"), json_object_new_string("error"));
    add(member(properties, "error"), "type", "string");
    add(code, "type", "string");
    for (enum status status = STATUS_BAD_REQUEST; status <= STATUS_NO_SPACE; status++) {
        json_object_array_add(array_of(code, "enum"), json_object_new_string(status_code(status)));
        buffer_addf(&meanings, "%s%s: %d, %s", meanings.len ? "; " : "", status_code(status),
                    status_http(status), status_text(status));
    }
    text = json_object_new_string_len(meanings.data, (int)meanings.len);
    json_object_object_add(code, "description", text);
    buffer_clear(&meanings);
}

static void add_message(struct json_object *schemas)
{
    static const char *const members[][2] = {
        {"key",   "string" },
        {"value", "string" },
        {"count", "integer"},
        {"lease", "string" }
    };
    struct json_object *message = member(schemas, "Message"), *choice, *several;

    add(message, "type", "object");
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        add(member(member(message, "properties"), members[i][0]), "type", members[i][1]);
    choice = json_object_new_object();
    several = schema_of("array");
    refer(choice, "Message");
    refer(member(several, "items"), "Message");
    json_object_array_add(array_of(member(schemas, "Taken"), "anyOf"), choice);
    json_object_array_add(array_of(member(schemas, "Taken"), "anyOf"), several);
}

/* --- routes -------------------------------------------------------------------------------- */

static const char *method_name(enum method method)
{
    return method == METHOD_GET    ? "get"
           : method == METHOD_POST ? "post"
           : method == METHOD_PUT  ? "put"
                                   : "delete";
}

static void add_route(struct json_object *paths, const struct route_facts *facts)
{
    static const struct option_sentence name = {
        .name = "name", .type = "string", .text = "The name, in which a slash stays as it is."};
    const struct row *row = facts->row;
    const struct route_sentence *sentence = sentence_of_route(row);
    struct json_object *operation;
    char path[100];

    if (!sentence)
        return;
    snprintf(path, sizeof(path), "/%s%s", row->resource, row->naming == NAMED ? "/{name}" : "");
    operation = member(member(paths, path), method_name(row->method));
    add(operation, "operationId", sentence->id);
    add(operation, "summary", sentence->text);
    if (row->naming == NAMED)
        add_parameter(operation, "path", &name);
    add_options(operation, facts);
    add_body(operation, facts);
    add_answers(operation, sentence->answer);
    if (row->rights == RIGHT_NONE)
        json_object_object_add(operation, "security", json_object_new_array());
}

/* Any of these, or nothing, as acl.conf and authkeys of restmq.conf say. */
static void add_security(struct json_object *description)
{
    static const char *const schemes[] = {"basic", "bearer"};
    struct json_object *all = array_of(description, "security");

    json_object_array_add(all, json_object_new_object());
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        struct json_object *scheme =
            member(member(member(description, "components"), "securitySchemes"), schemes[i]);
        struct json_object *one = json_object_new_object();

        add(scheme, "type", "http");
        add(scheme, "scheme", schemes[i]);
        json_object_object_add(one, schemes[i], json_object_new_array());
        json_object_array_add(all, one);
    }
}

void openapi_describe(const char *prefix, struct buffer *out)
{
    struct json_object *description = json_object_new_object(), *server = json_object_new_object();
    struct json_object *info = member(description, "info"), *paths;
    struct route_facts facts;

    add(description, "openapi", "3.1.0");
    add(info, "title", "restmq-fcgi");
    add(info, "version", PACKAGE_VERSION);
    add(info, "description",
        "Queues over HTTP.  protocol.txt and its sections say more, also of the streams of "
        "restmq-wsd, which are not here.");
    add(info, "summary", "A message broker");
    add(server, "url", *prefix ? prefix : "/");
    json_object_array_add(array_of(description, "servers"), server);
    add_security(description);
    paths = member(description, "paths");
    for (size_t i = 0; routes_look(i, &facts); i++)
        add_route(paths, &facts);
    add_error(member(member(description, "components"), "schemas"));
    add_message(member(member(description, "components"), "schemas"));
    json_render(description, out);
}

/* --- /openapi.json ------------------------------------------------------------------------- */

/* FNV-1a: it need only change with the bytes. */
static uint64_t hash_of(const struct buffer *bytes)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < bytes->len; i++)
        hash = (hash ^ (unsigned char)bytes->data[i]) * 0x100000001b3u;
    return hash;
}

enum status get_openapi(struct exchange *exchange)
{
    struct response *response = &exchange->response;
    char etag[24];

    openapi_describe(exchange->service->settings->prefix, &response->body);
    buffer_add_text(&response->body, "\r\n");
    snprintf(etag, sizeof(etag), "\"%016llx\"", (unsigned long long)hash_of(&response->body));
    response->type = "application/json";
    response->cache = "no-cache";
    response_header(response, "ETag", "%s", etag);
    if (field_has_etag(exchange->request.head.if_none_match, etag)) {
        response->http_status = 304;
        response->body.len = 0;
    }
    return STATUS_OK;
}
