/* routes.c - THE TABLE: which request reaches which handler.
 *
 * What a row asks for is checked here once, before its handler: the method, the queue's name,
 * that every option is one the handler knows and stands there once.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "handlers/routes.h"

#include <string.h>

#include "base/text.h"
#include "broker/channel.h"
#include "broker/keys.h"
#include "handlers/admit.h"
#include "handlers/callback.h"
#include "handlers/exchange.h"
#include "handlers/handlers.h"
#include "handlers/request_metrics.h"
#include "http/cors.h"
#include "http/html.h"
#include "http/jsonp.h"
#include "http/row.h"
#include "protocol/wish.h"

/* Any right that a command may need; the handler asks for the command's own. */
#define RIGHT_OF_VERB                                                                              \
    (RIGHT_PRODUCER | RIGHT_CONSUMER | RIGHT_ADMIN | RIGHT_STATS | RIGHTS_TO_MANAGE)

/* The rights to see numbers and settings: a client that takes from queues has it, and one that
 * watches over them. */
#define RIGHT_TO_LOOK (RIGHT_CONSUMER | RIGHT_STATS)

/* Hints for errors: what the client may have meant by a body that the route does not read. */
#define HINT_PLAIN   "; to send a body as it is, say Content-Type: text/plain or the like"
#define HINT_ARRAY   "; to send an array, say Content-Type: application/json"
#define HINT_COMMAND "; to send the command itself, say Content-Type: application/json"
#define HINT_PURGE   "; to purge, send no body and no Content-Type, or say purge=1"

#define QUEUES_OPTIONS "limit cursor match queues soft count raw lease"

// clang-format off
static const struct route {
    struct row row;
    enum body_use body; /* of a body that is no form */
    const char *hint;  /* what may have been meant by one that is not read so */
    handler *handle;
    const char *help;
} routes[] = {
    {{METHOD_GET,     "",         WHOLE, "queue",   RIGHT_CONSUMER,  CHANGES, "queue",                                          NULL},               UNREAD, "",                 get_root,         NULL},
    {{METHOD_GET,     "",         WHOLE, NULL,      RIGHT_NONE,      LOOKS,   "",                                               NULL},               UNREAD, "",                 get_root,         "a browser is led to the dashboard, others get this page; ?queue=NAME takes a message"},
    {{METHOD_POST,    "",         WHOLE, NULL,      RIGHT_PRODUCER,  CHANGES, "queue msg value ttl delay",                      NULL},               READ,   HINT_PLAIN,         post_root,        "push: form fields queue and value"},
    {{METHOD_GET,     "q",        WHOLE, "queues",  RIGHT_CONSUMER,  CHANGES, QUEUES_OPTIONS,                                   NULL},               UNREAD, "",                 get_queues,       NULL},
    {{METHOD_GET,     "q",        WHOLE, NULL,      RIGHT_CONSUMER,  LOOKS,   QUEUES_OPTIONS,                                   NULL},               UNREAD, "",                 get_queues,       "all queues; ?queues=A,B takes from the first that has a message"},
    {{METHOD_GET,     "q",        NAMED, NULL,      RIGHT_CONSUMER,  CHANGES, "soft count raw lease key",                       queue_name_check},   UNREAD, "",                 get_queue,        "take the oldest message; ?soft=1 only reads it, with key= that one; ?lease=30 leases it"},
    {{METHOD_POST,    "q",        NAMED, "redrive", RIGHT_ADMIN,     CHANGES, "msg value ttl delay redrive count keys cursor",  queue_name_check},   READ,   HINT_PLAIN,         post_queue,       NULL},
    {{METHOD_POST,    "q",        NAMED, "acks",    RIGHT_CONSUMER,  CHANGES, "acks keys key lease",                            queue_name_check},   ARRAY,  HINT_ARRAY,         post_acks,        NULL},
    {{METHOD_POST,    "q",        NAMED, "deletes", RIGHT_CONSUMER,  CHANGES, "deletes keys cursor",                            queue_name_check},   UNREAD, "",                 post_deletes,     NULL},
    {{METHOD_POST,    "q",        NAMED, NULL,      RIGHT_PRODUCER,  CHANGES, "msg value ttl delay redrive count keys cursor",  queue_name_check},   READ,   HINT_PLAIN,         post_queue,       "push: form field value, or the body itself; ?acks=1 acks many messages; of NAME.dead ?redrive=1 sends back, with keys= those; ?deletes=1&keys= deletes those"},
    {{METHOD_PUT,     "q",        NAMED, NULL,      RIGHT_CONSUMER,  CHANGES, "key lease keys extend release delay reason",     queue_name_check},   ARRAY,  "; a push is POST", put_queue,        "?extend= or ?release=1 a lease, or with keys= many"},
    {{METHOD_DELETE,  "q",        NAMED, "remove",  RIGHT_REMOVE,    CHANGES, "remove force key lease purge",                   queue_name_check},   UNREAD, "",                 delete_queue,     NULL},
    {{METHOD_DELETE,  "q",        NAMED, "force",   RIGHT_ADMIN,     CHANGES, "key force lease purge",                          queue_name_check},   UNREAD, "",                 delete_queue,     NULL},
    {{METHOD_DELETE,  "q",        NAMED, "key",     RIGHT_CONSUMER,  CHANGES, "key lease purge",                                queue_name_check},   UNREAD, "",                 delete_queue,     NULL},
    {{METHOD_DELETE,  "q",        NAMED, NULL,      RIGHT_PURGE,     CHANGES, "key lease purge",                                queue_name_check},   READ,   HINT_PURGE,         delete_queue,     "purge the queue, or with ?remove=1 remove it; ?key= deletes one message, with lease= it is the ack, with force=1 also a leased one"},
    {{METHOD_GET,     "help",     WHOLE, NULL,      RIGHT_NONE,      LOOKS,   "",                                               NULL},               UNREAD, "",                 get_help,         "this page"},
    {{METHOD_GET,     "queue",    WHOLE, NULL,      RIGHT_NONE,      LOOKS,   "",                                               NULL},               UNREAD, "",                 get_command,      "where the JSON protocol is explained"},
    {{METHOD_POST,    "queue",    WHOLE, NULL,      RIGHT_OF_VERB,   CHANGES, "msg body",                                       NULL},               READ,   HINT_COMMAND,       post_command,     "the JSON protocol"},
    {{METHOD_GET,     "p",        NAMED, NULL,      RIGHT_TO_LOOK,   LOOKS,   "",                                               queue_name_check},   UNREAD, "",                 get_policy,       "the queue's policy and settings"},
    {{METHOD_POST,    "p",        NAMED, NULL,      RIGHT_SETTINGS,  CHANGES, "policy lease max_deliveries max_length ttl backoff", queue_name_check},   UNREAD, "",                 post_policy,      "set them: policy=broadcast or roundrobin, lease=, max_deliveries=, max_length=, ttl=, backoff="},
    {{METHOD_GET,     "control",  WHOLE, NULL,      RIGHT_TO_LOOK,   LOOKS,   "limit cursor match",                             NULL},               UNREAD, "",                 get_all_control,  "which queues are started"},
    {{METHOD_GET,     "control",  NAMED, NULL,      RIGHT_TO_LOOK,   LOOKS,   "",                                               queue_name_check},   UNREAD, "",                 get_control,      "is it started?"},
    {{METHOD_POST,    "control",  NAMED, NULL,      RIGHT_SETTINGS,  CHANGES, "status what",                                    queue_name_check},   UNREAD, "",                 post_control,     "status=start or stop for streaming consumers; what=takes or pushes"},
    {{METHOD_GET,     "stats",    WHOLE, NULL,      RIGHT_TO_LOOK,   LOOKS,   "limit cursor match",                             NULL},               UNREAD, "",                 get_all_stats,    "state of all queues"},
    {{METHOD_GET,     "stats",    NAMED, NULL,      RIGHT_TO_LOOK,   LOOKS,   "",                                               queue_name_check},   UNREAD, "",                 get_stats,        "state of one queue"},
    {{METHOD_GET,     "queues",   WHOLE, NULL,      RIGHT_TO_LOOK,   LOOKS,   "sort order match min max is offset limit",       NULL},               UNREAD, "",                 get_queue_table,  "table of all queues, with their rates: ?sort=dead, ?min=ready:1, ?is=held; see docs/routes.txt"},
    {{METHOD_GET,     "history",  NAMED, NULL,      RIGHT_TO_LOOK,   LOOKS,   "span",                                           queue_name_check},   UNREAD, "",                 get_history,      "its numbers over ?span=3600 seconds"},
    {{METHOD_GET,     "j",        NAMED, NULL,      RIGHT_TO_LOOK,   LOOKS,   "state limit cursor cut match key raw",         queue_name_check},   UNREAD, "",                 get_jobs,         "its newest messages' keys; with ?limit=, state=, match= its messages, with key= that one"},
    {{METHOD_POST,    "pub",      NAMED, NULL,      RIGHT_PRODUCER,  CHANGES, "body msg value",                                 channel_name_check}, READ,   HINT_PLAIN,         post_pub,         "publish to whoever listens on the channel now: form field body, or the body itself"},
    {{METHOD_GET,     "pub",      NAMED, "since",   RIGHT_CONSUMER,  LOOKS,   "since limit",                                    channel_name_check}, UNREAD, "",                 get_pub_since,    NULL},
    {{METHOD_GET,     "pub",      NAMED, NULL,      RIGHT_TO_LOOK,   LOOKS,   "since limit",                                    channel_name_check}, UNREAD, "",                 get_pub,          "what the channel keeps; ?since=0 or an id reads it"},
    {{METHOD_PUT,     "pub",      NAMED, NULL,      RIGHT_ADMIN,     CHANGES, "keep keep_bytes keep_s",                         channel_name_check}, UNREAD, "",                 put_pub,          "?keep=1000 messages for those who come later; keep_bytes=, keep_s=; keep=0 none"},
    {{METHOD_GET,     "presence", WHOLE, NULL,      RIGHT_TO_LOOK,   LOOKS,   "limit cursor",                                   NULL},               UNREAD, "",                 get_topics,       "number of streaming consumers of each topic"},
    {{METHOD_GET,     "presence", NAMED, NULL,      RIGHT_TO_LOOK,   LOOKS,   "limit cursor",                                   queue_name_check},   UNREAD, "",                 get_presence,     "who they are"},
    {{METHOD_GET,     "lb",       WHOLE, NULL,      RIGHT_TO_LOOK,   LOOKS,   "limit cursor match",                             NULL},               UNREAD, "",                 get_pools,        "the pools, and how many servers each has"},
    {{METHOD_GET,     "lb",       NAMED, "list",    RIGHT_CONSUMER,  LOOKS,   "list",                                           queue_name_check},   UNREAD, "",                 get_pool_list,    NULL},
    {{METHOD_GET,     "lb",       NAMED, NULL,      RIGHT_CONSUMER,  LOOKS,   "replicas spread key bound",                      queue_name_check},   UNREAD, "",                 get_pool,         "the best server of a pool; ?replicas=2 from as many rows, ?key= by consistent hashing, ?list=1 all of them"},
    {{METHOD_POST,    "lb",       NAMED, NULL,      RIGHT_CONSUMER,  CHANGES, "replicas spread key bound cost",                 queue_name_check},   UNREAD, "",                 post_pool,        "the same, and adds cost=1 to its score"},
    {{METHOD_PUT,     "lb",       NAMED, "incr",    RIGHT_CONSUMER,  CHANGES, "server row score incr add",                      queue_name_check},   UNREAD, "",                 put_pool,         NULL},
    {{METHOD_PUT,     "lb",       NAMED, NULL,      RIGHT_ADMIN,     CHANGES, "server row score incr add",                      queue_name_check},   UNREAD, "",                 put_pool,         "?server=&score=, or &incr=; &row=, &add=no"},
    {{METHOD_DELETE,  "lb",       NAMED, NULL,      RIGHT_ADMIN,     CHANGES, "server all",                                     queue_name_check},   UNREAD, "",                 delete_pool,      "remove the pool, or with ?server= one server"},
    {{METHOD_GET,     "rights",   WHOLE, NULL,      RIGHT_OF_VERB,   LOOKS,   "",                                               NULL},               UNREAD, "",                 get_rights,       "what you may do, whatever the queue"},
    {{METHOD_GET,     "rights",   NAMED, NULL,      RIGHT_OF_VERB,   LOOKS,   "",                                               queue_name_check},   UNREAD, "",                 get_rights,       "what you may do with that queue, channel, topic or pool"},
    {{METHOD_GET,     "ui",       WHOLE, NULL,      RIGHT_NONE,      LOOKS,   "",                                               NULL},               UNREAD, "",                 get_ui,           "the dashboard"},
    {{METHOD_GET,     "ui",       NAMED, NULL,      RIGHT_NONE,      LOOKS,   "",                                               NULL},               UNREAD, "",                 get_ui,           NULL},
    {{METHOD_GET,     "openapi.json", WHOLE, NULL,  RIGHT_NONE,      LOOKS,   "",                                               NULL},               UNREAD, "",                 get_openapi,      "this table for tools, as OpenAPI 3.1"},
    {{METHOD_GET,     "metrics",  WHOLE, NULL,      RIGHT_ADMIN | RIGHT_STATS, LOOKS,   "pools match",                                    NULL},               UNREAD, "",                 get_metrics,      "numbers of all queues for Prometheus; ?pools=A,B and of these pools"},
    {{METHOD_GET,     "server",   WHOLE, NULL,      RIGHT_ADMIN | RIGHT_STATS, LOOKS,   "",                                               NULL},               UNREAD, "",                 get_server,       "how Redis and the helpers are, and what Redis promises"},
    {{METHOD_GET,     "settings", WHOLE, NULL,      RIGHT_ADMIN,     LOOKS,   "",                                               NULL},               UNREAD, "",                 get_settings,     "what is in force of restmq.conf"},
    {{METHOD_GET,     "health",   WHOLE, NULL,      RIGHT_NONE,      LOOKS,   "",                                               NULL},               UNREAD, "",                 get_health,       "this program is alive"},
    {{METHOD_GET,     "ready",    WHOLE, NULL,      RIGHT_NONE,      LOOKS,   "",                                               NULL},               UNREAD, "",                 get_ready,        "Redis answers, and what it promises"},
};
// clang-format on

#define ROUTES (sizeof(routes) / sizeof(routes[0]))

static const struct {
    const char *name;
    enum method method;
} method_names[] = {
    {"GET, HEAD", METHOD_GET   },
    {"POST",      METHOD_POST  },
    {"PUT",       METHOD_PUT   },
    {"DELETE",    METHOD_DELETE},
};

bool routes_look(size_t number, struct route_facts *facts)
{
    if (number >= ROUTES)
        return false;
    *facts = (struct route_facts){&routes[number].row, routes[number].body};
    return true;
}

static void describe(const struct route *route, const char *method, const char *prefix,
                     struct buffer *out)
{
    buffer_addf(out, "<tr><td>%s</td><td>", method);
    html_add(out, prefix);
    buffer_addf(out, "/%s%s</td><td>", route->row.resource,
                route->row.naming == NAMED ? "/NAME" : "");
    html_add(out, route->help);
    buffer_add_text(out, "</td></tr>\n");
}

void routes_describe(const char *prefix, struct buffer *out)
{
    for (size_t i = 0; i < ROUTES; i++)
        for (size_t m = 0; m < sizeof(method_names) / sizeof(method_names[0]); m++)
            if (routes[i].help && method_names[m].method == routes[i].row.method)
                describe(&routes[i], method_names[m].name, prefix, out);
}

/* --- which row ----------------------------------------------------------------------------- */

/* The row, or NULL with *allowed telling which methods there are; none: no such path. */
static const struct route *find_route(const struct request *request, int *allowed)
{
    *allowed = 0;
    for (size_t i = 0; i < ROUTES; i++) {
        if (!row_is_on(&routes[i].row, &request->uri))
            continue;
        if (routes[i].row.method == request->method &&
            (!routes[i].row.when || form_find(&request->form, routes[i].row.when)))
            return &routes[i];
        *allowed |= routes[i].row.method;
    }
    return NULL;
}

static void allow(struct exchange *exchange, int allowed)
{
    struct buffer list = {0};

    for (size_t i = 0; i < sizeof(method_names) / sizeof(method_names[0]); i++)
        if (allowed & method_names[i].method)
            buffer_addf(&list, "%s, ", method_names[i].name);
    buffer_add_text(&list, "OPTIONS");
    response_header(&exchange->response, "Allow", "%s", list.data);
    buffer_clear(&list);
}

/* A path of restmq-wsd comes here when the web server has no line for it, or an old one. */
static enum status no_path(struct exchange *exchange)
{
    static const char streams[] = "ws c w sub who";
    const struct uri *uri = &exchange->request.uri;

    if (!text_is_listed(uri->resource, strlen(uri->resource), streams) &&
        !(strcmp(uri->resource, "health") == 0 && text_is(uri->name, uri->name_len, "ws")))
        return refuse(&exchange->reason, STATUS_NOT_FOUND,
                      "no such path; GET %.100s/help lists them",
                      exchange->service->settings->prefix);
    return refuse(&exchange->reason, STATUS_NOT_FOUND,
                  "a path of restmq-wsd: the web server lacks the line that passes "
                  "^%.100s/(ws|c|w|sub|who|health/ws)(/|$) on to it; see its sample",
                  exchange->service->settings->prefix);
}

static enum status no_route(struct exchange *exchange, int allowed)
{
    if (!allowed)
        return no_path(exchange);
    allow(exchange, allowed);
    if (exchange->request.method != METHOD_OPTIONS)
        return STATUS_NOT_ALLOWED;
    exchange->response.http_status = 204;
    return STATUS_OK;
}

/* --- what every row asks for --------------------------------------------------------------- */

/* Options people try that are served elsewhere. */
static const struct {
    const char *name;
    const char *hint, *path;
} hints[] = {
    {"wait", "waiting is served at", "/w/<queue>"},
};

/* A body that is no form looks like an odd field of one, as it does in a query. */
static const char *field_hint(const struct request *request, const struct route *route,
                              const struct field *field)
{
    bool is_in_query = field - request->form.fields < request->query_fields;

    return is_in_query && field->has_value ? "" : route->hint;
}

static enum status check_body(struct exchange *exchange, const struct route *route)
{
    const struct request *request = &exchange->request;

    if (request->is_encoded && (request->body.len > 0 || request->method != METHOD_GET))
        return refuse(&exchange->reason, STATUS_UNSUPPORTED,
                      "Content-Encoding must be identity: a body is not decoded here");
    if (route->body == READ || request->is_form || request->body.len == 0)
        return STATUS_OK;
    if (route->body == ARRAY && request_has_type(request, "application/json"))
        return STATUS_OK;
    return refuse(&exchange->reason, STATUS_UNSUPPORTED,
                  "this path reads no such body; send application/x-www-form-urlencoded%s",
                  route->hint);
}

/* NULL: it is served nowhere. */
static const char *served_at(const struct field *field, const char **path)
{
    for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
        *path = hints[i].path;
        if (text_is(field->name, field->name_len, hints[i].name))
            return hints[i].hint;
    }
    return NULL;
}

static enum status check_options(struct exchange *exchange, const struct route *route)
{
    const char *complaint, *hint, *path;
    const struct field *field =
        row_find_bad_option(&route->row, &exchange->request.form, &complaint);

    if (!field)
        return STATUS_OK;
    hint = served_at(field, &path);
    if (hint)
        return refuse(&exchange->reason, STATUS_BAD_REQUEST, "%s %.100s%s", hint,
                      exchange->service->settings->prefix, path);
    return refuse(&exchange->reason, STATUS_BAD_REQUEST, "%s \"%.*s\"%s", complaint,
                  row_quoted(field), field->name, field_hint(&exchange->request, route, field));
}

static enum status find_queue(struct exchange *exchange, const struct route *route)
{
    const struct uri *uri = &exchange->request.uri;
    enum status status = row_check_name(&route->row, uri, &exchange->reason);

    exchange->queue[0] = '\0';
    if (status == STATUS_OK && uri->name_len)
        memcpy(exchange->queue, uri->name, uri->name_len + 1);
    return status;
}

/* Must it not come from a page of another origin?  Such a page cannot read an answer, but as a
 * script it can. */
static bool is_guarded(const struct exchange *exchange, const struct route *route)
{
    bool changes = route->row.effect == CHANGES && !exchange->request.is_head &&
                   !wish_is_soft(&exchange->request.form);

    return changes || jsonp_is_asked(&exchange->request.form);
}

static enum status handle(struct exchange *exchange, enum status admitted)
{
    const struct route *route = exchange->route;
    enum status status = admitted;

    if (status == STATUS_OK)
        status = check_body(exchange, route);
    if (status == STATUS_OK)
        status = check_options(exchange, route);
    if (status == STATUS_OK)
        status = jsonp_read(&exchange->request.form, exchange->service->settings->jsonp,
                            &exchange->callback, &exchange->reason);
    return status == STATUS_OK ? route->handle(exchange) : status;
}

/* A client that has been let in may be told what is wrong with its request. */
static enum status complain(struct exchange *exchange, enum status admitted)
{
    if (admitted != STATUS_OK)
        return admitted;
    exchange->reason = exchange->complaint;
    return exchange->wrong;
}

/* parsed is the status of the body.  Where it is not known yet what the request is about, nobody
 * who may do nothing shall be told more. */
static enum status dispatch(struct exchange *exchange, enum status parsed)
{
    int allowed;
    const struct route *route = find_route(&exchange->request, &allowed);
    enum status status = parsed;
    bool changes;

    if (!route)
        return no_route(exchange, allowed);
    if (status == STATUS_OK)
        status = find_queue(exchange, route);
    exchange->route = route;
    changes = is_guarded(exchange, route);
    if (status != STATUS_OK) {
        exchange->wrong = status;
        exchange->complaint = exchange->reason;
        return admit_at_all(exchange, route->row.rights, changes, complain);
    }
    if (route->row.rights == RIGHT_OF_VERB)
        return admit_at_all(exchange, route->row.rights, changes, handle);
    return admit(exchange, route->row.rights, changes, handle);
}

/* --- pages of other origins ---------------------------------------------------------------- */

static void share(struct exchange *exchange)
{
    bool is_shared = access_is_shared(exchange->service->access, &exchange->visitor);

    if (*exchange->service->settings->origins)
        cors_add(&exchange->response, is_shared ? exchange->visitor.origin : NULL,
                 exchange->request.method == METHOD_OPTIONS);
}

/* --- the answer ---------------------------------------------------------------------------- */

static void count(const struct exchange *exchange)
{
    const struct route *route = exchange->route;

    if (exchange->service->requests)
        request_metrics_count(exchange->service->requests, route ? (size_t)(route - routes) : 0,
                              route ? &route->row : NULL, exchange->response.http_status);
}

/* The status is that of the handler, or of its last finish. */
static bool go_on(struct exchange *exchange, enum status status)
{
    if (status == STATUS_OK && exchange->finish)
        return true;
    if (status != STATUS_OK)
        answer_refusal(exchange, status);
    if (exchange->callback)
        callback_wrap(exchange);
    count(exchange);
    exchange_end(exchange);
    return false;
}

bool routes_begin(struct exchange *exchange, enum status parsed)
{
    response_reset(&exchange->response);
    exchange->response.is_scripts = exchange->request.head.is_scripts;
    exchange->callback = NULL;
    exchange->route = NULL;
    visitor_read(&exchange->visitor, &exchange->request.head, &exchange->request.form,
                 exchange->service->access);
    share(exchange);
    return go_on(exchange, exchange->request.is_begun ? dispatch(exchange, parsed) : parsed);
}

bool routes_resume(struct exchange *exchange, enum status status)
{
    finish *then = exchange->finish;

    exchange->finish = NULL;
    return go_on(exchange, then(exchange, status));
}
