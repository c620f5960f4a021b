/* test-admit.c - may whoever asks do this?  Every route and command, by address, page and key.
 *
 * In place of redis/link.c stands a Redis that knows some keys, and has nothing else to say: what
 * is admitted and needs Redis ends as 503.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/file.h"

#include <hiredis/hiredis.h>

#include "broker/authkey_cache.h"
#include "broker/sweep.h"
#include "fcgi/runner.h"
#include "handlers/exchange.h"
#include "redis/link.h"

/* --- Redis ---------------------------------------------------------------------------------- */

struct link {
    int lookups; /* of keys */
    int calls;   /* all others */
};

static const struct {
    const char *key, *record;
} records[] = {
    {"any",
     "{\"queues\":[],\"privs\":[\"create\",\"read\",\"write\",\"purge\",\"settings\",\"admin\"]}"},
    {"star",    "{\"queues\":[\"*\"]}"                                                           },
    {"mine",    "{\"queues\":[\"mine\",\"orders.*\"],\"privs\":[\"read\",\"write\",\"purge\","
             "\"settings\",\"admin\"]}"                                              },
    {"reader",  "{\"queues\":[\"mine\",\"mine.dead\",\"orders.*\"],\"privs\":[\"read\"]}"        },
    {"writer",  "{\"queues\":[\"mine\",\"mine.dead\",\"orders.*\"],\"privs\":[\"write\"]}"       },
    {"both",    "{\"queues\":[\"mine\",\"mine.dead\",\"orders.*\"]}"                             },
    {"admin",   "{\"queues\":[\"mine\",\"mine.dead\",\"orders.*\"],\"privs\":[\"admin\"]}"       },
    {"purger",  "{\"queues\":[\"mine\",\"mine.dead\",\"orders.*\"],\"privs\":[\"purge\"]}"       },
    {"setter",  "{\"queues\":[\"mine\",\"mine.dead\",\"orders.*\"],\"privs\":[\"settings\"]}"    },
    {"watcher", "{\"queues\":[\"mine\",\"mine.dead\",\"orders.*\"],\"privs\":[\"stats\"]}"       },
    {"nothing", "{\"queues\":[],\"privs\":[\"read\",\"write\"]}"                                 },
    {"broken",  "{\"queues\":[\"mine\"]"                                                         },
};

static redisReply find_record(const char *key, size_t len)
{
    redisReply reply = {.type = REDIS_REPLY_NIL};

    for (size_t i = 0; i < COUNT(records); i++)
        if (strlen(records[i].key) == len && memcmp(records[i].key, key, len) == 0) {
            reply.type = REDIS_REPLY_STRING;
            reply.str = (char *)(uintptr_t)records[i].record;
            reply.len = strlen(records[i].record);
        }
    return reply;
}

enum status link_run(struct link *link, struct call *call, struct reason *reason)
{
    size_t prefix = strlen("AUTHKEY:");
    redisReply reply;
    const char *name;
    size_t len;

    call_resolve(call, false);
    if (call->script || strcmp(call->argv[0], "GET") != 0) {
        link->calls++;
        return refuse(reason, STATUS_UNAVAILABLE, "no Redis");
    }
    link->lookups++;
    name = call->argv[1] + prefix;
    len = call->argv_len[1] - prefix;
    assert_int_equal(strncmp(call->argv[1], "AUTHKEY:", prefix), 0);
    if (len == 4 && memcmp(name, "away", 4) == 0)
        return refuse(reason, STATUS_UNAVAILABLE, "no Redis");
    reply = find_record(name, len);
    return call->decode(call, &reply, reason);
}

void link_run_all(struct link *link, struct errand *errands, int count)
{
    for (int i = 0; i < count; i++)
        errands[i].status = link_run(link, &errands[i].call, &errands[i].reason);
}

/* --- one request ---------------------------------------------------------------------------- */

static char acl[80], origins[80], hosts[80], trusted_proxies[80], prefix[] = "";
static struct settings defaults, settings;
static struct link fake_redis;
static struct sweep sweep;
static struct access rules;
static struct token_pool tokens;
static struct service service = {.settings = &settings, .access = &rules, .tokens = &tokens};
static struct exchange exchange = {.service = &service};
static struct file_problem problem;

static int begin(void **state)
{
    (void)state;
    acl[0] = origins[0] = hosts[0] = trusted_proxies[0] = '\0';
    settings_init(&defaults);
    settings = defaults;
    settings.prefix = prefix;
    settings.acl = acl;
    settings.origins = origins;
    settings.hosts = hosts;
    settings.trusted_proxies = trusted_proxies;
    settings.jsonp = true;
    settings.max_message = settings.max_body = 1000;
    service.keys = authkey_cache_new();
    return access_open(&rules, &settings, &problem) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    exchange_clear(&exchange);
    authkey_cache_free(service.keys);
    access_close(&rules);
    settings_clear(&defaults);
    return 0;
}

/* From now on there is a file with that text. */
static void use_file(const char *text)
{
    access_close(&rules);
    write_file(file_name, text);
    strcpy(acl, file_name);
    if (!access_open(&rules, &settings, &problem))
        fail_msg("%s", problem.text);
}

static int answer(struct request_head head, const char *body)
{
    enum status status;

    if (!head.peer)
        head.peer = "127.0.0.1";
    if (!head.host)
        head.host = "localhost";
    exchange.reason = (struct reason){0};
    fake_redis.calls = 0;
    status = request_begin(&exchange.request, &head, settings.prefix, &exchange.reason);
    assert_int_equal(status, STATUS_OK);
    buffer_add_text(&exchange.request.body, body);
    assert_int_equal(request_finish(&exchange.request, &exchange.reason), STATUS_OK);
    runner_answer(&exchange, status, &fake_redis, &sweep);
    if (exchange.response.http_status == 401 || exchange.response.http_status == 403)
        assert_int_equal(fake_redis.calls, 0);
    return exchange.response.http_status;
}

static const char *text_of(struct buffer *buffer)
{
    buffer_add_text(buffer, "");
    return buffer->data;
}

static void expect_error(const char *code)
{
    char end_of_body[64];

    snprintf(end_of_body, sizeof(end_of_body), "\",\"code\":\"%s\"}\r\n", code);
    assert_string_equal(exchange.response.type, TYPE_JSON);
    assert_non_null(strstr(text_of(&exchange.response.body), end_of_body));
}

/* --- every route ---------------------------------------------------------------------------- */

#define TO_LOOK  (RIGHT_CONSUMER | RIGHT_STATS)
#define TO_WATCH (RIGHT_ADMIN | RIGHT_STATS)

enum effect { LOOKS, CHANGES }; /* or can be read by a page of another origin */

static const struct {
    const char *method, *target, *body;
    unsigned rights;
    enum effect effect;
    int http_status; /* of whoever may */
} routes[] = {
    {"GET",     "/",                                    "",                          RIGHT_NONE,     LOOKS,   200},
    {"HEAD",    "/",                                    "",                          RIGHT_NONE,     LOOKS,   200},
    {"GET",     "/?queue=mine",                         "",                          RIGHT_CONSUMER, CHANGES, 503},
    {"HEAD",    "/?queue=mine",                         "",                          RIGHT_CONSUMER, LOOKS,   503},
    {"POST",    "/",                                    "queue=mine&value=x",        RIGHT_PRODUCER, CHANGES, 503},
    {"GET",     "/q",                                   "",                          RIGHT_CONSUMER, LOOKS,   503},
    {"GET",     "/q?queues=mine,orders.a",              "",                          RIGHT_CONSUMER, CHANGES, 503},
    {"GET",     "/q?queues=mine&soft=1",                "",                          RIGHT_CONSUMER, LOOKS,   503},
    {"GET",     "/q/mine",                              "",                          RIGHT_CONSUMER, CHANGES, 503},
    {"GET",     "/q/mine?callback=f",                   "",                          RIGHT_CONSUMER, CHANGES, 503},
    {"GET",     "/q/mine?soft=1",                       "",                          RIGHT_CONSUMER, LOOKS,   503},
    {"GET",     "/q/mine?soft=1&callback=f",            "",                          RIGHT_CONSUMER, CHANGES, 503},
    {"GET",     "/stats/mine?callback=f",               "",                          TO_LOOK,        CHANGES, 503},
    {"GET",     "/health?callback=f",                   "",                          RIGHT_NONE,     CHANGES, 200},
    {"GET",     "/ready?callback=f",                    "",                          RIGHT_NONE,     CHANGES, 503},
    {"GET",     "/queue?callback=f",                    "",                          RIGHT_NONE,     CHANGES, 302},
    {"GET",     "/q/mine?soft=0",                       "",                          RIGHT_CONSUMER, CHANGES, 503},
    {"GET",     "/q/mine?lease=5",                      "",                          RIGHT_CONSUMER, CHANGES, 503},
    {"HEAD",    "/q/mine",                              "",                          RIGHT_CONSUMER, LOOKS,   503},
    {"POST",    "/q/mine",                              "value=x",                   RIGHT_PRODUCER, CHANGES, 503},
    {"POST",    "/q/orders.a.dead?redrive=1",           "",                          RIGHT_ADMIN,    CHANGES, 503},
    {"POST",    "/q/orders.a.dead",                     "redrive=1",                 RIGHT_ADMIN,    CHANGES, 503},
    {"POST",    "/q/orders.a.dead",                     "redrive=1&keys=orders.a:1", RIGHT_ADMIN,    CHANGES, 503},
    {"POST",    "/q/orders.a.dead?deletes=1",           "keys=orders.a:1",           RIGHT_CONSUMER, CHANGES, 503},
    {"PUT",     "/q/mine?key=mine:1&lease=t&extend=5",  "",                          RIGHT_CONSUMER, CHANGES, 503},
    {"PUT",     "/q/mine?key=mine:1&lease=t&release=1", "",                          RIGHT_CONSUMER, CHANGES, 503},
    {"DELETE",  "/q/mine?key=mine:1",                   "",                          RIGHT_CONSUMER, CHANGES, 503},
    {"DELETE",  "/q/mine?key=mine:1&lease=t",           "",                          RIGHT_CONSUMER, CHANGES, 503},
    {"DELETE",  "/q/mine",                              "",                          RIGHT_PURGE,    CHANGES, 503},
    {"DELETE",  "/q/mine?remove=1&force=1",             "",                          RIGHT_REMOVE,   CHANGES, 503},
    {"GET",     "/help",                                "",                          RIGHT_NONE,     LOOKS,   200},
    {"GET",     "/queue",                               "",                          RIGHT_NONE,     LOOKS,   302},
    {"GET",     "/p/mine",                              "",                          TO_LOOK,        LOOKS,   503},
    {"POST",    "/p/mine",                              "lease=5",                   RIGHT_SETTINGS, CHANGES, 503},
    {"GET",     "/control",                             "",                          TO_LOOK,        LOOKS,   503},
    {"GET",     "/control/mine",                        "",                          TO_LOOK,        LOOKS,   503},
    {"POST",    "/control/mine",                        "status=stop",               RIGHT_SETTINGS, CHANGES, 503},
    {"GET",     "/stats",                               "",                          TO_LOOK,        LOOKS,   503},
    {"GET",     "/stats/mine",                          "",                          TO_LOOK,        LOOKS,   503},
    {"GET",     "/j/mine",                              "",                          TO_LOOK,        LOOKS,   503},
    {"POST",    "/pub/mine",                            "body=x",                    RIGHT_PRODUCER, CHANGES, 503},
    {"GET",     "/pub/mine?since=0",                    "",                          RIGHT_CONSUMER, LOOKS,   503},
    {"GET",     "/pub/mine",                            "",                          TO_LOOK,        LOOKS,   503},
    {"PUT",     "/pub/mine?keep=1",                     "",                          RIGHT_ADMIN,    CHANGES, 503},
    {"GET",     "/presence",                            "",                          TO_LOOK,        LOOKS,   503},
    {"GET",     "/presence/mine",                       "",                          TO_LOOK,        LOOKS,   503},
    {"GET",     "/lb/mine",                             "",                          RIGHT_CONSUMER, LOOKS,   503},
    {"GET",     "/lb/mine?list=1",                      "",                          RIGHT_CONSUMER, LOOKS,   503},
    {"POST",    "/lb/mine?cost=1",                      "",                          RIGHT_CONSUMER, CHANGES, 503},
    {"PUT",     "/lb/mine?server=a&score=1",            "",                          RIGHT_ADMIN,    CHANGES, 503},
    {"DELETE",  "/lb/mine",                             "",                          RIGHT_ADMIN,    CHANGES, 503},
    {"DELETE",  "/lb/mine?server=a",                    "",                          RIGHT_ADMIN,    CHANGES, 503},
    {"GET",     "/metrics",                             "",                          TO_WATCH,       LOOKS,   503},
    {"GET",     "/metrics?pools=a",                     "",                          TO_WATCH,       LOOKS,   503},
    {"GET",     "/settings",                            "",                          RIGHT_ADMIN,    LOOKS,   200},
    {"GET",     "/health",                              "",                          RIGHT_NONE,     LOOKS,   200},
    {"GET",     "/ready",                               "",                          RIGHT_NONE,     LOOKS,   503},
    {"OPTIONS", "/q/mine",                              "",                          RIGHT_NONE,     LOOKS,   204},
    {"PATCH",   "/q/mine",                              "",                          RIGHT_NONE,     LOOKS,   405},
    {"GET",     "/nope",                                "",                          RIGHT_NONE,     LOOKS,   404},
#define COMMAND(text, right)                                                                       \
    {                                                                                              \
        "POST", "/queue", "msg={\"cmd\":" text "}", right, CHANGES, 503                            \
    }
    COMMAND("\"add\",\"queue\":\"mine\",\"value\":\"x\"", RIGHT_PRODUCER),
    COMMAND("\"pub\",\"channel\":\"mine\",\"value\":\"x\"", RIGHT_PRODUCER),
    COMMAND("\"get\",\"queue\":\"mine\"", RIGHT_CONSUMER),
    COMMAND("\"take\",\"queue\":\"mine\"", RIGHT_CONSUMER),
    COMMAND("\"take\",\"queues\":[\"mine\",\"orders.a\"]", RIGHT_CONSUMER),
    COMMAND("\"del\",\"queue\":\"mine\",\"key\":\"mine:1\"", RIGHT_CONSUMER),
    COMMAND("\"extend\",\"queue\":\"mine\",\"key\":\"mine:1\",\"lease\":\"t\",\"seconds\":5",
            RIGHT_CONSUMER),
    COMMAND("\"release\",\"queue\":\"mine\",\"key\":\"mine:1\",\"lease\":\"t\"", RIGHT_CONSUMER),
    COMMAND("\"len\",\"queue\":\"mine\"", TO_LOOK),
    COMMAND("\"stats\",\"queue\":\"mine\"", TO_LOOK),
    COMMAND("\"list\"", RIGHT_CONSUMER),
    COMMAND("\"policy\",\"queue\":\"mine\",\"lease\":5", RIGHT_SETTINGS),
    COMMAND("\"control\",\"queue\":\"mine\",\"status\":\"stop\"", RIGHT_SETTINGS),
    COMMAND("\"purge\",\"queue\":\"mine\"", RIGHT_PURGE),
    COMMAND("\"remove\",\"queue\":\"mine\"", RIGHT_REMOVE),
    COMMAND("\"policy\",\"queue\":\"mine\"", TO_LOOK | RIGHT_SETTINGS),
    COMMAND("\"control\",\"queue\":\"mine\"", TO_LOOK | RIGHT_SETTINGS),
    COMMAND("\"lb_best\",\"pool\":\"mine\"", RIGHT_CONSUMER),
    COMMAND("\"lb_charge\",\"pool\":\"mine\",\"cost\":1", RIGHT_CONSUMER),
    COMMAND("\"lb_list\",\"pool\":\"mine\"", RIGHT_CONSUMER),
    COMMAND("\"lb_update\",\"pool\":\"mine\",\"server\":\"a\",\"score\":1", RIGHT_ADMIN),
    COMMAND("\"lb_update\",\"pool\":\"mine\",\"server\":\"a\",\"incr\":1", RIGHT_CONSUMER),
    COMMAND("\"lb_remove\",\"pool\":\"mine\"", RIGHT_ADMIN),
    COMMAND("\"redrive\",\"queue\":\"mine.dead\"", RIGHT_ADMIN),
};

static struct request_head head_of(size_t row)
{
    return (struct request_head){.method = routes[row].method, .target = routes[row].target};
}

static void expect_answer(size_t row, struct request_head head, int expected)
{
    int http_status = answer(head, routes[row].body);

    if (http_status != expected)
        fail_msg("%s %s %s from %s: %d %s", routes[row].method, routes[row].target,
                 routes[row].body, head.peer ? head.peer : "here", http_status,
                 text_of(&exchange.response.body));
}

/* Each right belongs to an address of its own. */
static void each_route_has_its_right(void **state)
{
    static const struct {
        const char *address;
        unsigned rights;
    } peers[] = {
        {"10.0.0.1",  RIGHT_PRODUCER  },
        {"10.0.0.2",  RIGHT_CONSUMER  },
        {"10.0.0.3",  RIGHT_COMET     },
        {"10.0.0.4",  RIGHT_WEBSOCKET },
        {"10.0.0.5",  RIGHT_ADMIN     },
        {"10.0.0.6",  RIGHT_STATS     },
        {"10.0.0.7",  RIGHTS_TO_MANAGE},
        {"127.0.0.1", RIGHT_NONE      },
        {"",          RIGHT_NONE      },
    };

    (void)state;
    use_file("[rest:producer]\nhosts_allow = 10.0.0.1\n[rest:consumer]\nhosts_allow = 10.0.0.2\n"
             "[comet:consumer]\nhosts_allow = 10.0.0.3\n[websocket:consumer]\n"
             "hosts_allow = 10.0.0.4\n[admin]\nhosts_allow = 10.0.0.5\n"
             "[stats]\nhosts_allow = 10.0.0.6\n[rest:manager]\nhosts_allow = 10.0.0.7\n");
    for (size_t i = 0; i < COUNT(routes); i++)
        for (size_t p = 0; p < COUNT(peers); p++) {
            struct request_head head = head_of(i);
            bool may = routes[i].rights == RIGHT_NONE || routes[i].rights & peers[p].rights;

            head.peer = peers[p].address;
            expect_answer(i, head, may ? routes[i].http_status : 403);
            if (!may)
                expect_error("forbidden");
        }
}

static void without_a_file_only_this_machine_may(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(routes); i++) {
        bool is_open = routes[i].rights == RIGHT_NONE;
        struct request_head head = head_of(i);

        expect_answer(i, head, routes[i].http_status);
        head.host = "localhost:8080";
        expect_answer(i, head, routes[i].http_status);
        assert_null(strstr(text_of(&exchange.response.headers), "Vary: Origin"));
        head.host = "evil.org";
        expect_answer(i, head, is_open && routes[i].effect == LOOKS ? routes[i].http_status : 403);
        head.host = NULL;
        head.peer = "10.0.0.1";
        expect_answer(i, head, is_open ? routes[i].http_status : 403);
    }
}

static void pages_of_others_may_change_nothing(void **state)
{
    (void)state;
    strcpy(origins, "https://app.org");
    for (size_t i = 0; i < COUNT(routes); i++) {
        bool changes = routes[i].effect == CHANGES;
        struct request_head head = head_of(i);

        head.host = "localhost";
        head.origin = "http://evil.org";
        expect_answer(i, head, changes ? 403 : routes[i].http_status);
        assert_null(strstr(text_of(&exchange.response.headers), "Access-Control"));
        assert_non_null(strstr(text_of(&exchange.response.headers), "Vary: Origin"));
        head.origin = "http://localhost";
        expect_answer(i, head, routes[i].http_status);
        assert_null(strstr(text_of(&exchange.response.headers), "Access-Control"));
        head.origin = "https://app.org";
        expect_answer(i, head, routes[i].http_status);
        assert_non_null(strstr(text_of(&exchange.response.headers),
                               "Access-Control-Allow-Origin: https://app.org\r\n"));
        head.origin = NULL;
        head.fetch_site = "cross-site";
        expect_answer(i, head, changes ? 403 : routes[i].http_status);
        head.fetch_site = "same-site";
        expect_answer(i, head, changes ? 403 : routes[i].http_status);
    }
}

static void a_password_is_asked_for(void **state)
{
    (void)state;
    use_file("[rest:producer]\npassword = secret\n[rest:consumer]\npassword = secret\n"
             "[admin]\npassword = secret\n[stats]\npassword = secret\n");
    for (size_t i = 0; i < COUNT(routes); i++) {
        bool is_open = routes[i].rights == RIGHT_NONE;
        struct request_head head = head_of(i);

        expect_answer(i, head, is_open ? routes[i].http_status : 401);
        assert_int_equal(strstr(text_of(&exchange.response.headers),
                                "WWW-Authenticate: Basic realm=\"RestMQ\"\r\n") != NULL,
                         !is_open);
        if (!is_open)
            expect_error("unauthorized");
        head.authorization = "Basic bWU6c2VjcmV0";
        expect_answer(i, head, routes[i].http_status);
        head.authorization = "Basic bWU6d3Jvbmc=";
        expect_answer(i, head, is_open ? routes[i].http_status : 401);
        head.authorization = NULL;
        head.cookie = "auth=me:secret"; /* gateway.c never fills it in */
        expect_answer(i, head, routes[i].http_status);
    }
}

/* --- keys ----------------------------------------------------------------------------------- */

static void a_key_is_needed_for_every_route(void **state)
{
    (void)state;
    settings.authkeys = true;
    for (size_t i = 0; i < COUNT(routes); i++) {
        bool is_open = routes[i].rights == RIGHT_NONE;
        struct request_head head = head_of(i);

        expect_answer(i, head, is_open ? routes[i].http_status : 401);
        assert_int_equal(strstr(text_of(&exchange.response.headers), "WWW-Authenticate") != NULL,
                         !is_open);
        head.authkey = "nobodys";
        expect_answer(i, head, is_open ? routes[i].http_status : 401);
        head.authkey = "broken";
        expect_answer(i, head, is_open ? routes[i].http_status : 401);
        head.authkey = "not a key";
        expect_answer(i, head, is_open ? routes[i].http_status : 401);
        head.authkey = "away";
        expect_answer(i, head, is_open ? routes[i].http_status : 503);
        head.authkey = "any";
        expect_answer(i, head, routes[i].http_status);
        head.authkey = NULL;
        head.authorization = "Bearer any";
        expect_answer(i, head, routes[i].http_status);
    }
}

/* Not about all queues? */
static bool is_about_names(size_t row)
{
    static const char *const words[] = {"mine", "orders."};

    for (size_t i = 0; i < COUNT(words); i++)
        if (strstr(routes[row].target, words[i]) || strstr(routes[row].body, words[i]))
            return true;
    return routes[row].rights == RIGHT_NONE;
}

/* The record's privs, of a key for all the queues in the table. */
static void each_route_has_its_priv(void **state)
{
    static const struct {
        const char *key;
        unsigned rights;
    } keys[] = {
        {"reader",  RIGHT_CONSUMER                                    },
        {"writer",  RIGHT_PRODUCER                                    },
        {"both",    RIGHT_CONSUMER | RIGHT_PRODUCER | RIGHTS_TO_MANAGE},
        {"admin",   RIGHT_ADMIN                                       },
        {"purger",  RIGHT_PURGE                                       },
        {"setter",  RIGHT_SETTINGS                                    },
        {"watcher", RIGHT_STATS                                       },
        {"nothing", RIGHT_NONE                                        },
    };

    (void)state;
    settings.authkeys = true;
    for (size_t i = 0; i < COUNT(routes); i++) {
        if (!is_about_names(i))
            continue;
        for (size_t k = 0; k < COUNT(keys); k++) {
            struct request_head head = head_of(i);
            bool may = routes[i].rights == RIGHT_NONE || routes[i].rights & keys[k].rights;

            head.authkey = keys[k].key;
            expect_answer(i, head, may ? routes[i].http_status : 403);
        }
    }
}

// clang-format off
static const struct {
    const char *key, *method, *target, *body;
    int http_status;
} names[] = {
    /* the path's name */
    {"mine", "GET", "/q/mine", "", 503},
    {"mine", "GET", "/q/orders.eu", "", 503},
    {"mine", "GET", "/q/orders", "", 403},
    {"mine", "GET", "/q/other", "", 403},
    {"mine", "GET", "/q/mine/x", "", 403},
    {"mine", "GET", "/q/MINE", "", 403},
    {"mine", "GET", "/q/other?queue=mine", "", 403},
    {"mine", "GET", "/q/other?queues=mine", "", 403},
    {"mine", "GET", "/q/mine?queue=other", "", 400},
    {"mine", "GET", "/q/mine?queues=other", "", 400},
    {"mine", "GET", "/q/mine.dead", "", 403},
    {"mine", "POST", "/q/other", "value=x&queue=mine", 403},
    {"mine", "POST", "/pub/other", "body=x", 403},
    {"mine", "GET", "/presence/other", "", 403},
    {"mine", "GET", "/stats/other", "", 403},
    {"mine", "GET", "/j/other", "", 403},
    {"mine", "GET", "/p/other", "", 403},
    {"mine", "GET", "/control/other", "", 403},
    /* the option queue, the last one of several */
    {"mine", "GET", "/?queue=mine", "", 503},
    {"mine", "GET", "/?queue=other", "", 403},
    {"mine", "GET", "/?queue=mine&queue=other", "", 403},
    {"mine", "GET", "/?queue=other&queue=mine", "", 400},
    {"mine", "GET", "/?queue=", "", 403},
    {"star", "GET", "/?queue=", "", 200},
    {"mine", "POST", "/?queue=mine", "value=x", 503},
    {"mine", "POST", "/?queue=mine", "queue=other&value=x", 403},
    {"mine", "POST", "/?queue=other", "queue=mine&value=x", 400},
    {"mine", "POST", "/", "queue=mine,other&value=x", 403},
    {"mine", "POST", "/", "queue=mine,orders.a&value=x", 400},
    {"mine", "POST", "/", "value=x", 403},
    /* each of the names in queues */
    {"mine", "GET", "/q?queues=mine", "", 503},
    {"mine", "GET", "/q?queues=mine,orders.a", "", 503},
    {"mine", "GET", "/q?queues=mine,other", "", 403},
    {"mine", "GET", "/q?queues=other,mine", "", 403},
    {"mine", "GET", "/q?queues=mine,other,orders.a", "", 403},
    {"mine", "GET", "/q?queues=mine,", "", 403},
    {"mine", "GET", "/q?queues=mine&queues=other", "", 403},
    {"mine", "GET", "/q?queues=other&queue=mine", "", 400},
    {"mine", "GET", "/q?queues=mine,orders.a%00,other", "", 403},
    {"mine", "GET", "/q?queues=mine,orders.a%00", "", 400},
    {"mine", "GET", "/q?queues=mine,other%00", "", 400},
    {"nobodys", "GET", "/q?queues=mine%00", "", 401},
    {"mine", "GET", "/q?queues=mine%2Cother", "", 403},
    /* all queues */
    {"mine", "GET", "/q", "", 403},
    {"mine", "GET", "/q?queue=mine", "", 400},
    {"mine", "GET", "/", "", 200}, /* it names none of them */
    {"mine", "GET", "/stats", "", 403},
    {"mine", "GET", "/stats?queue=mine", "", 400},
    {"mine", "GET", "/control", "", 403},
    {"mine", "GET", "/presence", "", 403},
    {"star", "GET", "/q", "", 503},
    {"star", "GET", "/", "", 200},
    {"star", "GET", "/q/whatever", "", 503},
    {"any",  "GET", "/stats", "", 503},
    /* a command's */
    {"mine", "POST", "/queue", "body={\"cmd\":\"get\",\"queue\":\"other\"}", 403},
    {"mine", "POST", "/queue", "body={\"cmd\":\"pub\",\"channel\":\"other\",\"value\":\"\"}", 403},
    {"mine", "POST", "/queue", "body={\"cmd\":\"take\",\"queues\":[\"other\",\"mine\"]}", 403},
    {"mine", "POST", "/queue", "body={\"cmd\":\"take\",\"queues\":[\"mine\",\"other\"]}", 403},
    {"mine", "POST", "/queue", "body={\"cmd\":\"take\",\"queues\":[\"mine\",\"orders.a\"]}", 503},
    {"mine", "POST", "/queue", "body={\"cmd\":\"get\",\"queue\":\"mine\"}", 503},
    {"mine", "POST", "/queue", "body={\"cmd\":\"list\"}", 403}, /* whatever was asked before */
    {"star", "POST", "/queue", "body={\"cmd\":\"list\"}", 503},
    {"mine", "POST", "/queue?queue=mine", "body={\"cmd\":\"list\"}", 400},
    {"mine", "POST", "/queue", "body={\"cmd\":\"nope\"}", 200},
};
// clang-format on

static void which_names_count(void **state)
{
    (void)state;
    settings.authkeys = true;
    for (size_t i = 0; i < COUNT(names); i++) {
        struct request_head head = {
            .method = names[i].method, .target = names[i].target, .authkey = names[i].key};
        int http_status = answer(head, names[i].body);

        if (http_status != names[i].http_status)
            fail_msg("%s: %s %s %s: %d %s", names[i].key, names[i].method, names[i].target,
                     names[i].body, http_status, text_of(&exchange.response.body));
        assert_null(strstr(text_of(&exchange.response.body), "AUTHKEY"));
    }
}

static void a_key_may_come_in_three_ways(void **state)
{
    struct request_head head = {.method = "GET", .target = "/q/mine?authkey=mine"};

    (void)state;
    settings.authkeys = true;
    assert_int_equal(answer(head, ""), 503);
    head.authkey = "nobodys"; /* counts more */
    assert_int_equal(answer(head, ""), 401);
    head.authorization = "Bearer mine";
    assert_int_equal(answer(head, ""), 503);
    head = (struct request_head){.method = "POST", .target = "/q/mine"};
    assert_int_equal(answer(head, "value=x&authkey=mine"), 503);
    assert_int_equal(answer(head, "value=x&authkey=reader"), 403);
    head.target = "/q/mine?authkey=reader"; /* which of them was meant? */
    assert_int_equal(answer(head, "value=x&authkey=mine"), 400);
    assert_int_equal(answer(head, "value=x&authkey=reader"), 403);
}

static void a_record_is_kept_for_a_second(void **state)
{
    struct request_head head = {.method = "GET", .target = "/q/mine", .authkey = "mine"};

    (void)state;
    settings.authkeys = true;
    fake_redis.lookups = 0;
    answer(head, "");
    answer(head, "");
    assert_int_equal(fake_redis.lookups, 1);
    head.authkey = "reader";
    answer(head, "");
    assert_int_equal(fake_redis.lookups, 2);
}

/* A key is no way around the rules, nor are they around the key; and whoever is refused by them
 * asks nothing of Redis. */
static void rules_and_keys_both_count(void **state)
{
    struct request_head head = {
        .method = "GET", .target = "/q/mine", .authkey = "mine", .peer = "10.0.0.1"};

    (void)state;
    settings.authkeys = true;
    fake_redis.lookups = 0;
    assert_int_equal(answer(head, ""), 403);
    use_file("[rest:consumer]\nusername = me\npassword = secret\n");
    assert_int_equal(answer(head, ""), 401);
    head.origin = "http://evil.org";
    assert_int_equal(answer(head, ""), 403);
    assert_int_equal(fake_redis.lookups, 0);
    head.origin = NULL;
    head.authorization = "Basic bWU6c2VjcmV0";
    assert_int_equal(answer(head, ""), 503);
    head.authkey = NULL;
    assert_int_equal(answer(head, ""), 401);
}

static void without_authkeys_a_key_is_not_looked_at(void **state)
{
    struct request_head head = {.method = "GET", .target = "/q/mine", .authkey = "nobodys"};

    (void)state;
    fake_redis.lookups = 0;
    assert_int_equal(answer(head, ""), 503);
    assert_int_equal(fake_redis.lookups, 0);
}

#define ADMIT_TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ADMIT_TEST(each_route_has_its_right),
        ADMIT_TEST(without_a_file_only_this_machine_may),
        ADMIT_TEST(pages_of_others_may_change_nothing),
        ADMIT_TEST(a_password_is_asked_for),
        ADMIT_TEST(a_key_is_needed_for_every_route),
        ADMIT_TEST(each_route_has_its_priv),
        ADMIT_TEST(which_names_count),
        ADMIT_TEST(a_key_may_come_in_three_ways),
        ADMIT_TEST(a_record_is_kept_for_a_second),
        ADMIT_TEST(rules_and_keys_both_count),
        ADMIT_TEST(without_authkeys_a_key_is_not_looked_at),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
