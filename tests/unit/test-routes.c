/* test-routes.c - from a request to its answer, with a Redis that is not there: a request that
 * passes every check ends as 503, one that is refused never gets that far.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <json-c/json.h>
#include <stdlib.h>

#include "broker/authkey_cache.h"
#include "broker/helpers.h"
#include "broker/ring.h"
#include "broker/sweep.h"
#include "fcgi/runner.h"
#include "handlers/exchange.h"
#include "redis/link.h"

static struct settings settings = {
    .redis = (char[]){"unix:/nonexistent/redis.sock"},
    .redis_account.user = (char[]){""},
    .redis_account.password = (char[]){""},
    .redis_timeout_ms = 100,
    .prefix = (char[]){""},
    .acl = (char[]){""},
    .origins = (char[]){""},
    .hosts = (char[]){""},
    .trusted_proxies = (char[]){""},
    .max_message = 10,
    .max_body = 1000,
    .idempotency_seconds = 300,
};
static struct sweep sweep;
static struct access rules;
static struct helpers helpers;
static struct link *redis;
static struct token_pool tokens;
static struct service service = {
    .settings = &settings, .access = &rules, .helpers = &helpers, .tokens = &tokens};
static struct exchange exchange = {.service = &service};

static int open_exchange(void **state)
{
    struct file_problem problem;

    (void)state;
    redis = link_new(&settings);
    service.keys = authkey_cache_new();
    service.rings = rings_new();
    return access_open(&rules, &settings, &problem) ? 0 : -1;
}

static int close_exchange(void **state)
{
    (void)state;
    link_free(redis);
    exchange_clear(&exchange);
    authkey_cache_free(service.keys);
    rings_free(service.rings);
    helpers_clear(&helpers);
    access_close(&rules);
    return 0;
}

/* Answers as main() does, and returns the HTTP status.  Whoever asks is on this machine unless the
 * head has another address or Host. */
static int answer(struct request_head head, const char *body)
{
    enum status status;

    if (!head.peer)
        head.peer = "127.0.0.1";
    if (!head.host)
        head.host = "localhost";
    exchange.reason = (struct reason){0};
    status = request_begin(&exchange.request, &head, settings.prefix, &exchange.reason);
    if (status == STATUS_OK) {
        buffer_add_text(&exchange.request.body, body);
        status = request_finish(&exchange.request, &exchange.reason);
    }
    runner_answer(&exchange, status, redis, &sweep);
    return exchange.response.http_status;
}

static int ask(const char *method, const char *target)
{
    return answer((struct request_head){.method = method, .target = target}, "");
}

static const char *header_lines(void)
{
    buffer_add_text(&exchange.response.headers, "");
    return exchange.response.headers.data;
}

static const char *body(void)
{
    buffer_add_text(&exchange.response.body, "");
    return exchange.response.body.data;
}

/* --- which handler ------------------------------------------------------------------------- */

static const struct {
    const char *method, *target;
    int http_status;
    const char *allow; /* or NULL */
} routes[] = {
    {"GET",     "/",                                                           200, NULL                                   },
    {"HEAD",    "/",                                                           200, NULL                                   },
    {"GET",     "/?queue=",                                                    200, NULL                                   },
    {"GET",     "/?queue=foo",                                                 503, NULL                                   },
    {"GET",     "/q",                                                          503, NULL                                   },
    {"GET",     "/q/",                                                         503, NULL                                   },
    {"GET",     "/q/foo",                                                      503, NULL                                   },
    {"HEAD",    "/q/foo",                                                      503, NULL                                   },
    {"GET",     "/q/orders/eu",                                                503, NULL                                   },
    {"GET",     "/q/foo?soft=1&_=123&authkey=x",                               503, NULL                                   },
    {"POST",    "/q/foo?value=x",                                              503, NULL                                   },
    {"DELETE",  "/q/foo",                                                      503, NULL                                   },
    {"DELETE",  "/q/foo?key=foo:17",                                           503, NULL                                   },
    {"DELETE",  "/q/foo?key=foo:17&lease=tok",                                 503, NULL                                   },
    {"DELETE",  "/q/foo.dead?key=foo:17",                                      503, NULL                                   },
    {"PUT",     "/q/foo?key=foo:17&lease=tok&extend=43200",                    503, NULL                                   },
    {"PUT",     "/q/foo?key=foo:17&lease=tok&release=1",                       503, NULL                                   },
    {"PUT",     "/q/foo?key=foo:17&lease=tok&release=1&delay=0",               503, NULL                                   },
    {"GET",     "/q/foo?lease=43200&count=5",                                  503, NULL                                   },
    {"GET",     "/q/foo?lease=0&raw=1",                                        503, NULL                                   },
    {"GET",     "/q/foo.dead?soft=1",                                          503, NULL                                   },
    {"GET",     "/q?queues=foo,a/b,foo.dead",                                  503, NULL                                   },
    {"HEAD",    "/q?queues=foo",                                               503, NULL                                   },
    {"GET",     "/q/?queues=a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a&lease=30&count=2", 503, NULL                                   },
    {"POST",    "/q/foo?value=x&delay=2592000",                                503, NULL                                   },
    {"POST",    "/q/foo.dead?redrive=1",                                       503, NULL                                   },
    {"POST",    "/q/foo.dead?redrive=1&count=1000",                            503, NULL                                   },
    {"POST",    "/p/foo?lease=30&backoff=1,2,10&policy=broadcast",             503, NULL                                   },
    {"GET",     "/queue",                                                      302, NULL                                   },
    {"GET",     "/queue/",                                                     302, NULL                                   },
    {"GET",     "/p/foo",                                                      503, NULL                                   },
    {"POST",    "/p/foo?policy=roundrobin",                                    503, NULL                                   },
    {"GET",     "/control",                                                    503, NULL                                   },
    {"GET",     "/control/",                                                   503, NULL                                   },
    {"GET",     "/control/foo",                                                503, NULL                                   },
    {"POST",    "/control/foo?status=stop",                                    503, NULL                                   },
    {"GET",     "/stats",                                                      503, NULL                                   },
    {"GET",     "/stats/",                                                     503, NULL                                   },
    {"GET",     "/stats/foo",                                                  503, NULL                                   },
    {"GET",     "/j/foo",                                                      503, NULL                                   },
    {"POST",    "/pub/a/b?body=x",                                             503, NULL                                   },
    {"POST",    "/pub/foo?msg=",                                               503, NULL                                   },
    {"POST",    "/pub/foo.dead?value=x",                                       503, NULL                                   },
    {"GET",     "/presence",                                                   503, NULL                                   },
    {"GET",     "/presence/?limit=1&cursor=18446744073709551615",              503, NULL                                   },
    {"HEAD",    "/presence/foo",                                               503, NULL                                   },
    {"GET",     "/presence/foo?limit=1000&cursor=0",                           503, NULL                                   },
    {"GET",     "/presence/foo?cursor=17-0123456789abcdef0123456789abcdef",    503, NULL                                   },
    {"GET",     "/lb/p",                                                       503, NULL                                   },
    {"HEAD",    "/lb/p?key=k&replicas=100&spread=yes&bound=1000",              503, NULL                                   },
    {"GET",     "/lb/a/b?list=1",                                              503, NULL                                   },
    {"POST",    "/lb/p?cost=-0.5e-3&replicas=2",                               503, NULL                                   },
    {"PUT",     "/lb/p?server=s&score=1&row=r",                                503, NULL                                   },
    {"PUT",     "/lb/p?server=http://h:80/x&incr=1",                           503, NULL                                   },
    {"DELETE",  "/lb/p",                                                       503, NULL                                   },
    {"DELETE",  "/lb/p?server=s",                                              503, NULL                                   },
    {"GET",     "/metrics",                                                    503, NULL                                   },
    {"GET",     "/metrics/?pools=a,b",                                         503, NULL                                   },
    {"GET",     "/lb/",                                                        503, NULL                                   },
    {"PATCH",   "/lb/p",                                                       405, "GET, HEAD, POST, PUT, DELETE, OPTIONS"},
    {"GET",     "/queues?sort=ready&limit=1",                                  503, NULL                                   },
    {"GET",     "/server",                                                     200, NULL                                   },
    {"POST",    "/lb",                                                         405, "GET, HEAD, OPTIONS"                   },
    {"POST",    "/metrics",                                                    405, "GET, HEAD, OPTIONS"                   },
    {"GET",     "/pub",                                                        404, NULL                                   },
    {"POST",    "/pub/",                                                       404, NULL                                   },
    {"GET",     "/pub/foo",                                                    503, NULL                                   },
    {"GET",     "/pub/foo?since=0",                                            503, NULL                                   },
    {"PUT",     "/pub/foo?keep=5",                                             503, NULL                                   },
    {"DELETE",  "/pub/foo",                                                    405, "GET, HEAD, POST, PUT, OPTIONS"        },
    {"POST",    "/presence",                                                   405, "GET, HEAD, OPTIONS"                   },
    {"DELETE",  "/presence/foo",                                               405, "GET, HEAD, OPTIONS"                   },
    {"GET",     "/health",                                                     200, NULL                                   },
    {"GET",     "/ready",                                                      503, NULL                                   },
    {"GET",     "/nope",                                                       404, NULL                                   },
    {"GET",     "/Q/foo",                                                      404, NULL                                   },
    {"GET",     "//",                                                          404, NULL                                   },
    {"GET",     "//q/foo",                                                     404, NULL                                   },
    {"GET",     "/queue/foo",                                                  404, NULL                                   },
    {"GET",     "/health/x",                                                   404, NULL                                   },
    {"GET",     "/p",                                                          404, NULL                                   },
    {"GET",     "/j/",                                                         404, NULL                                   },
    {"OPTIONS", "/nope",                                                       404, NULL                                   },
    {"OPTIONS", "*",                                                           404, NULL                                   },
    {"PUT",     "/q",                                                          405, "GET, HEAD, OPTIONS"                   },
    {"PATCH",   "/q/foo",                                                      405, "GET, HEAD, POST, PUT, DELETE, OPTIONS"},
    {"get",     "/q/foo",                                                      405, "GET, HEAD, POST, PUT, DELETE, OPTIONS"},
    {"POST",    "/q",                                                          405, "GET, HEAD, OPTIONS"                   },
    {"DELETE",  "/",                                                           405, "GET, HEAD, POST, OPTIONS"             },
    {"DELETE",  "/queue",                                                      405, "GET, HEAD, POST, OPTIONS"             },
    {"POST",    "/health",                                                     405, "GET, HEAD, OPTIONS"                   },
    {"PUT",     "/control",                                                    405, "GET, HEAD, OPTIONS"                   },
    {"DELETE",  "/control/foo",                                                405, "GET, HEAD, POST, OPTIONS"             },
    {"OPTIONS", "/q/foo",                                                      204, "GET, HEAD, POST, PUT, DELETE, OPTIONS"},
    {"OPTIONS", "/q",                                                          204, "GET, HEAD, OPTIONS"                   },
    {"OPTIONS", "/",                                                           204, "GET, HEAD, POST, OPTIONS"             },
};

static void every_route(void **state)
{
    char allow[128];

    (void)state;
    for (size_t i = 0; i < COUNT(routes); i++) {
        int http_status = ask(routes[i].method, routes[i].target);

        if (http_status != routes[i].http_status)
            fail_msg("%s %s: %d %s", routes[i].method, routes[i].target, http_status, body());
        snprintf(allow, sizeof(allow), "Allow: %s\r\n", routes[i].allow ? routes[i].allow : "");
        if (routes[i].allow ? !strstr(header_lines(), allow) : !!strstr(header_lines(), "Allow"))
            fail_msg("%s %s: %s", routes[i].method, routes[i].target, header_lines());
        assert_int_equal(http_status == 204, exchange.response.body.len == 0);
    }
}

/* --- what is refused before Redis is asked ------------------------------------------------- */

// clang-format off
static const struct {
    const char *method, *target;
    int http_status;
    const char *code, *text; /* the text: a part of it */
} refused[] = {
    {"GET", "/q/..", 400, "bad_name", "segment"},
    {"GET", "/q/a//b", 400, "bad_name", "segment"},
    {"GET", "/q//", 400, "bad_name", "segment"},
    {"GET", "/q/a%2Fb", 400, "bad_name", "slash"},
    {"GET", "/q/a%00b", 400, "bad_name", "NUL"},
    {"GET", "/q/a%0d%0ab", 400, "bad_name", "only"},
    {"GET", "/q/a+b", 400, "bad_name", "only"},
    {"GET", "/q/QUEUESET", 400, "bad_name", "reserved"},
    {"DELETE", "/q/restmq:x", 400, "bad_name", "reserved"},
    {"GET", "/stats/a.dead.dead", 400, "bad_name", "reserved"},
    {"GET", "/q/.dead", 400, "bad_name", ""},
    {"POST", "/q/foo.dead?value=x", 400, "bad_name", "dead letters"},
    {"POST", "/?queue=foo.dead&value=x", 400, "bad_name", "dead letters"},
    {"GET", "/?queue=a%2F", 400, "bad_name", "segment"},
    {"GET", "/?queue=a%00", 400, "bad_name", "only"},
    {"POST", "/?value=x", 400, "bad_request", "no field queue"},
    {"POST", "/?queue=&value=x", 400, "bad_name", "empty"},
    {"GET", "/q/%zz", 400, "bad_request", "percent"},
    {"GET", "/q/foo?a=%zz", 400, "bad_request", "percent"},
    {"GET", "/q/foo?bogus=1", 400, "bad_request", "unknown option \\\"bogus\\\""},
    {"GET", "/q/foo?sof=1", 400, "bad_request", "unknown option \\\"sof\\\""},
    {"GET", "/q/foo?=1", 400, "bad_request", "unknown option \\\"\\\""},
    {"GET", "/q/foo?soft%00=1", 400, "bad_request", "unknown option"},
    {"GET", "/q/foo?wait=5", 400, "bad_request", "/w/"},
    {"GET", "/q/foo?lease=5&soft=&lease=5", 400, "bad_request", "more than one option \\\"lease\\\""},
    {"GET", "/q/foo?soft=0&soft=1", 400, "bad_request", "more than one option"},
    {"GET", "/q/foo?authkey=a&authkey=a", 400, "bad_request", "more than one option"},
    {"GET", "/?queue=a&queue=b", 400, "bad_request", "more than one option"},
    {"GET", "/q?queues=a&queues=b", 400, "bad_request", "more than one option"},
    {"DELETE", "/q/foo?key=foo:1&key=foo:2", 400, "bad_request", "more than one option"},
    {"DELETE", "/q/foo?purge=1&purge=1", 400, "bad_request", "more than one option"},
    {"DELETE", "/q/foo?purge=0", 400, "bad_value", "purge must"},
    {"DELETE", "/q/foo?purge=", 400, "bad_value", "purge must"},
    {"DELETE", "/q/foo?purge=1&key=foo:1", 400, "bad_request", "neither key, lease nor force"},
    {"DELETE", "/q/foo?purge=1&lease=t", 400, "bad_request", "neither key, lease nor force"},
    {"DELETE", "/lb/p?all=1&server=s", 400, "bad_request", "all does not go"},
    {"DELETE", "/lb/p?all=yes", 400, "bad_value", "all must"},
    {"DELETE", "/lb/p?server=s&server=t", 400, "bad_request", "more than one option"},
    {"POST", "/lb/p?cost=1&cost=2", 400, "bad_request", "more than one option"},
    {"PUT", "/lb/p?server=s&score=1&score=2", 400, "bad_request", "more than one option"},
    {"GET", "/q/foo?ttl=5", 400, "bad_request", "unknown option \\\"ttl\\\""},
    {"GET", "/health?x=1", 400, "bad_request", "unknown option"},
    {"POST", "/q/foo?%7b%22a%22:1%7d", 400, "bad_request", "Content-Type: text/plain"},
    {"GET", "/q/foo?count=0", 400, "bad_value", "from 1 to 1000"},
    {"GET", "/q/foo?count=1001", 400, "bad_value", "from 1 to 1000"},
    {"GET", "/q/foo?count=", 400, "bad_value", "from 1 to 1000"},
    {"GET", "/q/foo?count=5%00", 400, "bad_value", "from 1 to 1000"},
    {"GET", "/q/foo?raw=2", 400, "bad_value", "raw must"},
    {"GET", "/q/foo?count=1&soft=1", 400, "bad_request", "count goes with"},
    {"GET", "/q/foo?count=1&raw=1", 400, "bad_request", "count goes with"},
    {"GET", "/q/foo?lease=-1", 400, "bad_value", "from 0 to 43200"},
    {"GET", "/q/foo?lease=43201", 400, "bad_value", "from 0 to 43200"},
    {"GET", "/q/foo?lease=", 400, "bad_value", "from 0 to 43200"},
    {"GET", "/q/foo?soft=1&lease=30", 400, "bad_request", "soft does not go with lease"},
    {"GET", "/q/foo?soft=1&lease=0", 400, "bad_request", "soft does not go with lease"},
    {"GET", "/q/foo?queues=a", 400, "bad_request", "unknown option"},
    {"GET", "/q?queues=", 400, "bad_name", "empty"},
    {"GET", "/q?queues=a,", 400, "bad_name", "empty"},
    {"GET", "/q?queues=a,,b", 400, "bad_name", "empty"},
    {"GET", "/q?queues=a,b%00", 400, "bad_name", "only"},
    {"GET", "/q?queues=a,b+c", 400, "bad_name", "only"},
    {"GET", "/q?queues=a,QUEUESET", 400, "bad_name", "reserved"},
    {"GET", "/q?queues=a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a", 400, "bad_value", "at most 16 names"},
    {"GET", "/q?queues=a&limit=5", 400, "bad_request", "none of limit, cursor and match"},
    {"GET", "/q?queues=a&cursor=5", 400, "bad_request", "none of limit, cursor and match"},
    {"GET", "/q?queues=a&count=0", 400, "bad_value", "from 1 to 1000"},
    {"GET", "/q?queues=a&count=1&soft=1", 400, "bad_request", "count goes with"},
    {"GET", "/q?lease=30", 400, "bad_request", "need a queue"},
    {"GET", "/q?count=5", 400, "bad_request", "need a queue"},
    {"GET", "/q?soft=1", 400, "bad_request", "need a queue"},
    {"GET", "/?queue=foo&lease=30", 400, "bad_request", "unknown option"},
    {"GET", "/q?limit=0", 400, "bad_value", "limit must"},
    {"GET", "/q?limit=1001", 400, "bad_value", "limit must"},
    {"GET", "/q?cursor=x", 400, "bad_value", "cursor must"},
    {"GET", "/q?cursor=", 400, "bad_value", "cursor must"},
    {"DELETE", "/q/foo?key=", 400, "bad_value", "key must"},
    {"DELETE", "/q/foo?key=bar:1", 400, "bad_value", "key must"},
    {"DELETE", "/q/foo?key=foo:01", 400, "bad_value", "key must"},
    {"DELETE", "/q/foo?key=foo:queue", 400, "bad_value", "key must"},
    {"DELETE", "/q/foo?key=QUEUESET", 400, "bad_value", "key must"},
    {"DELETE", "/q/foo.dead?key=foo.dead:1", 400, "bad_value", "key must"},
    {"DELETE", "/q/foo?lease=", 400, "bad_request", "no option key"},
    {"DELETE", "/q/foo?lease=tok", 400, "bad_request", "no option key"},
    {"DELETE", "/q/foo?key=foo:17&lease=", 400, "bad_value", "lease must be a token"},
    {"DELETE", "/q/foo?key=foo:17&lease=t&force=1", 400, "bad_request", "force and lease do not go"},
    {"DELETE", "/q/foo?key=foo:17&force=2", 400, "bad_value", "force must be 1\""},
    {"DELETE", "/q/foo?force=1&purge=1", 400, "bad_request", "purge goes with neither"},
    {"DELETE", "/q/foo?remove=1&force=0", 400, "bad_value", "force must be 1\""},
    {"DELETE", "/q/foo?remove=1&key=foo:1", 400, "bad_request", "remove=1 removes the whole queue"},
    {"DELETE", "/q/foo?remove=1&lease=t", 400, "bad_request", "remove=1 removes the whole queue"},
    {"DELETE", "/q/foo?remove=1&purge=1", 400, "bad_request", "remove=1 removes the whole queue"},
    {"PUT", "/q/foo", 400, "bad_request", "no option key, nor keys"},
    {"PUT", "/q/foo?key=foo:17&extend=5", 400, "bad_request", "no option lease"},
    {"PUT", "/q/foo?key=bar:17&lease=t&extend=5", 400, "bad_value", "key must"},
    {"PUT", "/q/foo?key=foo:17&lease=&extend=5", 400, "bad_value", "lease must be a token"},
    {"PUT", "/q/foo?key=foo:17&lease=t", 400, "bad_request", "one of extend="},
    {"PUT", "/q/foo?key=foo:17&lease=t&extend=5&release=1", 400, "bad_request", "either extend="},
    {"PUT", "/q/foo?key=foo:17&lease=t&extend=0", 400, "bad_value", "extend must"},
    {"PUT", "/q/foo?key=foo:17&lease=t&extend=43201", 400, "bad_value", "extend must"},
    {"PUT", "/q/foo?key=foo:17&lease=t&extend=5&delay=5", 400, "bad_request", "delay goes with"},
    {"PUT", "/q/foo?key=foo:17&lease=t&extend=5&reason=a", 400, "bad_request", "reason goes with"},
    {"PUT", "/q/foo?key=foo:17&lease=t&release=1&reason=", 400, "bad_value", "reason must be 1 to"},
    {"PUT", "/q/foo?key=foo:17&lease=t&release=1&reason=a%0ab", 400, "bad_value", "reason must"},
    {"PUT", "/q/foo?key=foo:17&lease=t&release=1&reason=%ff", 400, "bad_value", "reason must"},
    {"DELETE", "/q/foo?key=foo:17&lease=t&reason=a", 400, "bad_request", "unknown option"},
    {"PUT", "/q/foo?key=foo:17&lease=t&release=0", 400, "bad_value", "release must"},
    {"PUT", "/q/foo?key=foo:17&lease=t&release=1&delay=-1", 400, "bad_value", "delay must"},
    {"PUT", "/q/foo?key=foo:17&lease=t&release=1&delay=2592001", 400, "bad_value", "delay must"},
    {"PUT", "/q/foo?value=x", 400, "bad_request", "unknown option"},
    {"POST", "/q/foo?redrive=1", 400, "bad_request", "redrive is for dead letters"},
    {"POST", "/q/foo.dead?redrive=0", 400, "bad_value", "redrive must"},
    {"POST", "/q/foo.dead?redrive=1&count=0", 400, "bad_value", "from 1 to 1000"},
    {"POST", "/q/foo.dead?redrive=1&count=1001", 400, "bad_value", "from 1 to 1000"},
    {"POST", "/q/foo?value=x&count=2", 400, "bad_request", "count goes with redrive"},
    {"POST", "/q/foo.dead?redrive=1&value=x", 400, "bad_request", "value does not go with"},
    {"POST", "/q/foo.dead?redrive=1&msg=", 400, "bad_request", "msg does not go with"},
    {"POST", "/q/foo.dead?redrive=1&ttl=5", 400, "bad_request", "ttl does not go with"},
    {"POST", "/q/foo.dead?redrive=1&delay=5", 400, "bad_request", "delay does not go with"},
    {"POST", "/?queue=foo.dead&redrive=1", 400, "bad_request", "unknown option"},
    {"POST", "/q/foo", 400, "bad_request", "no field msg or value"},
    {"POST", "/q/foo?value=x&delay=-1", 400, "bad_value", "delay must"},
    {"POST", "/q/foo?value=x&delay=2592001", 400, "bad_value", "delay must"},
    {"POST", "/q/foo?value=x&ttl=0", 400, "bad_value", "ttl must"},
    {"POST", "/q/foo?value=x&ttl=315360001", 400, "bad_value", "ttl must"},
    {"POST", "/q/foo?value=x&ttl=1.5", 400, "bad_value", "ttl must"},
    {"POST", "/q/foo?value=12345678901", 413, "too_large", "at most 10 bytes"},
    {"POST", "/p/foo", 400, "bad_request", "no field policy"},
    {"POST", "/p/foo?policy=Broadcast", 400, "bad_value", "policy must"},
    {"POST", "/p/foo?policy=", 400, "bad_value", "policy must"},
    {"POST", "/p/foo?policy=broadcast&lease=x", 400, "bad_value", "lease must"},
    {"POST", "/p/foo?lease=", 400, "bad_value", "lease must"},
    {"POST", "/p/foo?max_deliveries=1001", 400, "bad_value", "max_deliveries must"},
    {"POST", "/p/foo?max_length=1000000001", 400, "bad_value", "max_length must"},
    {"POST", "/p/foo?ttl=-1", 400, "bad_value", "ttl must"},
    {"POST", "/p/foo?backoff=1,2", 400, "bad_value", "backoff must"},
    {"POST", "/p/foo?backoff=0%00", 400, "bad_value", "backoff must"},
    {"POST", "/p/foo?bogus=1", 400, "bad_request", "unknown option"},
    {"POST", "/p/foo.dead?max_deliveries=1", 400, "bad_name", "max_deliveries needs"},
    {"POST", "/control/foo", 400, "bad_request", "no field status"},
    {"POST", "/control/foo?status=on", 400, "bad_value", "status must"},
    {"POST", "/queue", 400, "bad_request", "no field body"},
    {"PUT", "/pub/foo", 400, "bad_request", "no option keep, keep_bytes or keep_s"},
    {"PUT", "/pub/foo?keep=100001", 400, "bad_value", "keep"},
    {"PUT", "/pub/foo?keep=-1", 400, "bad_value", "keep"},
    {"PUT", "/pub/foo?keep_bytes=1073741825", 400, "bad_value", "keep_bytes"},
    {"PUT", "/pub/foo?keep_s=x", 400, "bad_value", "keep_s"},
    {"PUT", "/pub/foo:PUBSUB?keep=1", 400, "bad_name", "remembers nothing"},
    {"GET", "/pub/foo?limit=1", 400, "bad_request", "limit= goes with since="},
    {"GET", "/pub/foo?since=0&limit=0", 400, "bad_value", "limit"},
    {"GET", "/pub/foo?since=0&limit=1001", 400, "bad_value", "limit"},
    {"POST", "/pub/foo", 400, "bad_request", "no field body, msg or value"},
    {"POST", "/pub/foo?body=12345678901", 413, "too_large", "at most 10 bytes"},
    {"POST", "/pub/foo?value=x&ttl=5", 400, "bad_request", "unknown option"},
    {"POST", "/pub/restmq:x?body=y", 400, "bad_name", "reserved"},
    {"POST", "/pub/foo:queue?body=y", 400, "bad_name", "reserved"},
    {"POST", "/pub/a*b?body=y", 400, "bad_name", "only"},
    {"GET", "/presence?limit=0", 400, "bad_value", "limit must"},
    {"GET", "/presence?limit=1001", 400, "bad_value", "limit must"},
    {"GET", "/presence?cursor=17-0f", 400, "bad_value", "cursor must"},
    {"GET", "/presence?x=1", 400, "bad_request", "unknown option"},
    {"GET", "/presence/foo?cursor=17", 400, "bad_value", "cursor must"},
    {"GET", "/presence/foo?limit=x", 400, "bad_value", "limit must"},
    {"GET", "/presence/QUEUESET", 400, "bad_name", "reserved"},
    {"GET", "/presence/a//b", 400, "bad_name", "segment"},
    {"GET", "/lb/p?replicas=0", 400, "bad_value", "replicas must"},
    {"GET", "/lb/p?cost=1", 400, "bad_request", "unknown option"},
    {"GET", "/lb/p?bound=2", 400, "bad_request", "bound needs"},
    {"GET", "/lb/p?list=2", 400, "bad_value", "list must"},
    {"POST", "/lb/p?key=", 400, "bad_value", "key must"},
    {"PUT", "/lb/p?server=s", 400, "bad_request", "either"},
    {"PUT", "/lb/p?server=a%00b&score=1", 400, "bad_name", "server"},
    {"PUT", "/lb/p?server=s&row=a%00b&score=1", 400, "bad_name", "row"},
    {"DELETE", "/lb/p?server=", 400, "bad_name", "server"},
    {"GET", "/metrics?pools=a,", 400, "bad_name", "empty"},
    {"GET", "/metrics?pools=a%00b", 400, "bad_name", "only"},
    {"GET", "/q/foo?callback=f", 403, "forbidden", "jsonp = off"},
};
// clang-format on

static void bad_requests(void **state)
{
    char code[64];

    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        int http_status = ask(refused[i].method, refused[i].target);

        snprintf(code, sizeof(code), "\",\"code\":\"%s\"}\r\n", refused[i].code);
        if (http_status != refused[i].http_status || !strstr(body(), code) ||
            !strstr(body(), refused[i].text))
            fail_msg("%s %s: %d %s", refused[i].method, refused[i].target, http_status, body());
        assert_string_equal(exchange.response.type, TYPE_JSON);
    }
}

static void redis_away_says_when_to_retry(void **state)
{
    (void)state;
    assert_int_equal(ask("GET", "/q/foo"), 503);
    assert_string_equal(header_lines(), "Retry-After: 1\r\n");
    assert_string_equal(body(),
                        "{\"error\":\"Redis is unavailable\",\"code\":\"unavailable\"}\r\n");
}

static int push_with_idempotency_key(const char *key)
{
    return answer(
        (struct request_head){.method = "POST", .target = "/q/foo", .idempotency_key = key},
        "value=x");
}

static void idempotency_keys(void **state)
{
    char longest[130];

    (void)state;
    memset(longest, 'k', sizeof(longest));
    longest[128] = '\0';
    assert_int_equal(push_with_idempotency_key("k"), 503);
    assert_int_equal(push_with_idempotency_key(longest), 503);
    longest[128] = 'k';
    longest[129] = '\0';
    assert_int_equal(push_with_idempotency_key(longest), 400);
    assert_int_equal(push_with_idempotency_key("\xc3\xa4"), 400);
    assert_int_equal(push_with_idempotency_key(""), 400);
    assert_string_equal(body(), "{\"error\":\"Idempotency-Key must be 1 to 128 bytes of printable "
                                "ASCII\",\"code\":\"bad_value\"}\r\n");
}

static void publishing_has_no_idempotency_key(void **state)
{
    static const struct request_head head = {
        .method = "POST", .target = "/pub/foo", .idempotency_key = "k"};

    (void)state;
    assert_int_equal(answer(head, "body=x"), 400);
    assert_non_null(strstr(body(), "Idempotency-Key does not go with publishing"));
}

/* --- bodies -------------------------------------------------------------------------------- */

// clang-format off
static const struct {
    const char *target, *content_type, *body;
    int http_status;
} pushes[] = {
    {"/q/foo",                NULL,                                "value=x",       503},
    {"/q/foo",                "",                                  "msg=x",         503},
    {"/q/foo",                "application/x-www-form-urlencoded", "msg=&value=",   503},
    {"/q/foo",                "text/plain",                        "value=%zz&\n",  413},
    {"/q/foo",                "text/plain",                        "%zz",           503},
    {"/q/foo",                "text/plain",                        "",              503},
    {"/q/foo",                "application/json",                  "no json",       503},
    {"/q/foo?ttl=5",          "application/octet-stream",          "1234567890",    503},
    {"/q/foo",                "application/octet-stream",          "12345678901",   413},
    {"/q/foo",                "multipart/form-data; boundary=x",   "",              400},
    {"/q/foo",                "application/x-ndjson",              "",              400},
    {"/q/foo",                "application/x-ndjson",              "\n",            503},
    {"/q/foo?ttl=5&delay=5",  "application/x-ndjson; charset=x",   "a\nb\r\n\nc",   503},
    {"/q/foo",                "application/x-ndjson",              "1234567890\n",  503},
    {"/q/foo",                "application/x-ndjson",              "a\n12345678901", 413},
    {"/q/foo?value=x",        "application/x-ndjson",              "a",             400},
    {"/q/foo.dead",           "application/x-ndjson",              "a",             400},
    {"/?queue=a",             "application/x-ndjson",              "a\nb",          503},
    {"/q/foo?delay=5",        "text/plain",                        "x",             503},
    {"/q/foo.dead?redrive=1", "text/plain",                        "x",             415},
    {"/q/foo.dead?redrive=1", "application/x-ndjson",              "x",             415},
    {"/q/foo.dead",           NULL,                                "redrive=1&count=5", 503},
    {"/q/foo?value=x",        "text/plain",                        "y",             400},
    {"/q/foo?msg=x",          "text/plain",                        "y",             400},
    {"/q/foo",                NULL,                                "{\"a\":1}",     400},
    {"/q/foo",                NULL,                                "value=%z",      400},
    {"/q/foo?bogus=1",        NULL,                                "value=x",       400},
    {"/",                     NULL,                                "queue=a&msg=x", 503},
    {"/?queue=a",             "text/plain",                        "x",             503},
    {"/pub/foo",              NULL,                                "body=x",        503},
    {"/pub/foo",              "application/x-www-form-urlencoded", "msg=&value=12345678901", 413},
    {"/pub/foo",              "text/plain",                        "%zz",           503},
    {"/pub/foo",              "text/plain",                        "",              503},
    {"/pub/foo",              "application/octet-stream",          "12345678901",   413},
    {"/pub/foo",              "application/json",                  "{}",            503},
    {"/pub/foo",              "application/x-ndjson",              "a\n",           415},
    {"/pub/foo",              "multipart/form-data; boundary=x",   "",              400},
    {"/pub/foo?body=x",       "text/plain",                        "y",             400},
    {"/pub/foo",              NULL,                                "x",             400},
    {"/queue", "application/json", "{\"cmd\":\"pub\",\"channel\":\"q\",\"value\":\"\"}", 503},
    {"/queue", "application/json", "{\"cmd\":\"pub\",\"channel\":\"q\"}",        200},
    {"/queue", "application/json", "{\"cmd\":\"len\",\"queue\":\"q\"}",             503},
    {"/queue", "application/json", "{\"cmd\":\"nope\"}",                            200},
    {"/queue", "application/json", "{\"cmd\":\"len\",\"queue\":\"a b\"}",           200},
    {"/queue", "application/json", "{\"cmd\":\"len\"",                              400},
    {"/queue", "application/json", "",                                              400},
    {"/queue", "text/plain", "{\"cmd\":\"len\",\"queue\":\"q\"}",                   415},
    {"/queue", NULL, "body={\"cmd\":\"len\",\"queue\":\"q\"}",                      503},
    {"/queue", NULL, "msg={\"cmd\":\"nope\"}",                                      200},
    {"/queue", NULL, "body=[]",                                                     400},
    {"/queue?body=x", "application/json", "{\"cmd\":\"nope\"}",                     400},
};
// clang-format on

static void bodies(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(pushes); i++) {
        int http_status = answer((struct request_head){.method = "POST",
                                                       .target = pushes[i].target,
                                                       .content_type = pushes[i].content_type},
                                 pushes[i].body);

        if (http_status != pushes[i].http_status)
            fail_msg("%s %s %s: %d %s", pushes[i].target, pushes[i].content_type, pushes[i].body,
                     http_status, body());
    }
}

#define FORM      "application/x-www-form-urlencoded"
#define MULTIPART "multipart/form-data; boundary=x"

/* What has got lost on its way, or was meant otherwise. */
// clang-format off
static const struct {
    const char *method, *target, *type, *encoding, *body;
    int http_status;
    const char *text; /* a part of the answer */
} mistakes[] = {
    {"DELETE", "/q/foo",         "",          NULL,       "",         503, ""},
    {"DELETE", "/q/foo",         FORM,        NULL,       "",         400, "no option key; to purge, send no body and no Content-Type, or say purge=1"},
    {"DELETE", "/q/foo",         MULTIPART,   NULL,       "",         400, "to purge"},
    {"DELETE", "/q/foo",         "text/x",    NULL,       "",         400, "to purge"},
    {"DELETE", "/q/foo",         "text/x",    NULL,       "foo:1",    400, "to purge"},
    {"DELETE", "/q/foo",         NULL,        NULL,       "&",        400, "to purge"},
    {"DELETE", "/q/foo",         NULL,        NULL,       "_=1",      400, "to purge"},
    {"DELETE", "/q/foo",         NULL,        NULL,       "foo:1",    400, "unknown option \\\"foo:1\\\"; to purge"},
    {"DELETE", "/q/foo?_=1",     FORM,        NULL,       "",         400, "to purge"},
    {"DELETE", "/q/foo?",        NULL,        NULL,       "",         400, "no option key: did it get lost?"},
    {"DELETE", "/q/foo?_=1",     NULL,        NULL,       "",         400, "no option key: did it get lost?"},
    {"DELETE", "/q/foo?callback=", "",        NULL,       "",         400, "no option key: did it get lost?"},
    {"DELETE", "/q/foo?_=1&authkey=k", NULL,  NULL,       "",         400, "no option key: did it get lost?"},
    {"DELETE", "/q/foo?authkey=k", NULL,      NULL,       "",         503, ""},
    {"DELETE", "/q/foo?purge=1", FORM,        NULL,       "",         503, ""},
    {"DELETE", "/q/foo?purge=1", "text/x",    NULL,       "foo:1",    503, ""},
    {"DELETE", "/q/foo",         FORM,        NULL,       "purge=1",  503, ""},
    {"DELETE", "/q/foo",         FORM,        NULL,       "key=foo:1", 503, ""},
    {"DELETE", "/q/foo?key=foo:1", FORM,      NULL,       "",         503, ""},
    {"DELETE", "/q/foo?key=foo:1", FORM,      NULL,       "key=foo:1", 400, "more than one option"},
    {"DELETE", "/q/foo?key=foo:1", "text/x",  NULL,       "foo:2",    415, "reads no such body"},
    {"DELETE", "/lb/p",          FORM,        NULL,       "",         400, "to remove the pool"},
    {"DELETE", "/lb/p?_=1",      NULL,        NULL,       "",         400, "no option server: did it get lost?"},
    {"DELETE", "/lb/p?authkey=k", NULL,       NULL,       "",         503, ""},
    {"DELETE", "/lb/p?all=1",    FORM,        NULL,       "",         503, ""},
    {"DELETE", "/lb/p",          FORM,        NULL,       "server=s", 503, ""},
    {"POST",   "/lb/p",          NULL,        NULL,       "",         503, ""},
    {"POST",   "/lb/p",          FORM,        NULL,       "",         400, "an empty form"},
    {"POST",   "/lb/p",          MULTIPART,   NULL,       "",         400, "an empty form"},
    {"POST",   "/lb/p",          FORM,        NULL,       "_=1",      400, "an empty form"},
    {"POST",   "/lb/p?key=a",    FORM,        NULL,       "",         503, ""},
    {"GET",    "/lb/p",          FORM,        NULL,       "",         503, ""},
    {"POST",   "/p/foo",         FORM,        NULL,       "",         400, "no field policy"},
    {"POST",   "/p/foo",         MULTIPART,   NULL,       "--x--",    400, "no field policy"},
    {"POST",   "/control/foo",   FORM,        NULL,       "",         400, "no field status"},
    {"PUT",    "/lb/p",          FORM,        NULL,       "",         400, "server"},
    {"PUT",    "/q/foo",         FORM,        NULL,       "value=x",  400, "unknown option \\\"value\\\"; a push is POST"},
    {"PUT",    "/q/foo",         "text/x",    NULL,       "x",        415, "; a push is POST"},
    {"POST",   "/q/foo",         FORM,        NULL,       "a=b c",    400, "unknown option \\\"a\\\"; to send a body as it is, say Content-Type: text/plain"},
    {"POST",   "/q/foo",         FORM,        NULL,       "value=a&value=b", 400, "\\\"value\\\"; to send a body as it is"},
    {"POST",   "/q/foo",         FORM,        NULL,       "100%",     400, "broken percent escape in the form; to send a body as it is, name its Content-Type"},
    {"POST",   "/queue",         FORM,        NULL,       "{\"cmd\":\"a=b\"}", 400, "say Content-Type: application/json"},
    {"POST",   "/q/foo?a=b",     FORM,        NULL,       "value=x",  400, "unknown option \\\"a\\\"\""},
    {"POST",   "/p/foo",         FORM,        NULL,       "a=b",      400, "unknown option \\\"a\\\"\""},
    {"POST",   "/q/foo",         "text/x",    "gzip",     "x",        415, "Content-Encoding must be identity"},
    {"POST",   "/q/foo",         FORM,        "gzip",     "%%&=&=",   415, "Content-Encoding"},
    {"POST",   "/q/foo",         MULTIPART,   "br",       "x",        415, "Content-Encoding"},
    {"POST",   "/q/foo",         "application/x-ndjson", "deflate", "a\nb", 415, "Content-Encoding"},
    {"POST",   "/q/foo",         "text/x",    "identity, gzip", "x",  415, "Content-Encoding"},
    {"POST",   "/q/foo",         "text/x",    "gzip",     "",         415, "Content-Encoding"},
    {"POST",   "/queue",         "application/json", "gzip", "{}",    415, "Content-Encoding"},
    {"POST",   "/pub/foo",       "text/x",    "gzip",     "x",        415, "Content-Encoding"},
    {"POST",   "/p/foo",         FORM,        "gzip",     "x",        415, "Content-Encoding"},
    {"PUT",    "/lb/p",          FORM,        "gzip",     "x",        415, "Content-Encoding"},
    {"DELETE", "/q/foo",         FORM,        "gzip",     "x",        415, "Content-Encoding"},
    {"GET",    "/q/foo",         FORM,        "gzip",     "x",        415, "Content-Encoding"},
    {"GET",    "/q/foo",         NULL,        "gzip",     "",         503, ""},
    {"POST",   "/q/foo",         "text/x",    "",         "x",        503, ""},
    {"POST",   "/q/foo",         FORM,        "Identity", "value=x",  503, ""},
};
// clang-format on

static void what_got_lost(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mistakes); i++) {
        int http_status = answer((struct request_head){.method = mistakes[i].method,
                                                       .target = mistakes[i].target,
                                                       .content_type = mistakes[i].type,
                                                       .content_encoding = mistakes[i].encoding},
                                 mistakes[i].body);

        if (http_status != mistakes[i].http_status || !strstr(body(), mistakes[i].text))
            fail_msg("%s %s %s %s: %d %s", mistakes[i].method, mistakes[i].target,
                     mistakes[i].type ? mistakes[i].type : "-", mistakes[i].body, http_status,
                     body());
    }
}

#define PART "--x\r\nContent-Disposition: form-data; name="

// clang-format off
static const struct {
    const char *method, *target, *body;
    int http_status;
} multiparts[] = {
    {"POST",   "/q/foo",       PART "value\r\n\r\nx\r\n--x--",                                503},
    {"POST",   "/q/foo?ttl=5", PART "msg; filename=a\r\nContent-Type: a/b\r\n\r\nx\r\n--x--", 503},
    {"POST",   "/q/foo",       PART "value\r\n\r\n12345678901\r\n--x--",                      413},
    {"POST",   "/q/foo",       PART "file\r\n\r\nx\r\n--x--",                                 400},
    {"POST",   "/q/foo",       PART "value\r\n\r\nx\r\n" PART "value\r\n\r\ny\r\n--x--",    400},
    {"POST",   "/q/foo?value=x", PART "value\r\n\r\nx\r\n--x--",                              400},
    {"POST",   "/q/foo",       PART "value\r\n\r\nx\r\n--x",                                  400},
    {"POST",   "/q/foo",       "value=x",                                                     400},
    {"POST",   "/q/foo",       "--x--",                                                       400},
    {"POST",   "/q/foo.dead",  PART "redrive\r\n\r\n1\r\n--x--",                              503},
    {"POST",   "/",            PART "queue\r\n\r\na\r\n" PART "value\r\n\r\nx\r\n--x--",    503},
    {"POST",   "/pub/foo",     PART "body\r\n\r\nx\r\n--x--",                                 503},
    {"POST",   "/queue",       PART "body\r\n\r\n{\"cmd\":\"len\",\"queue\":\"q\"}\r\n--x--", 503},
    {"POST",   "/p/foo",       PART "policy\r\n\r\nbroadcast\r\n--x--",                       503},
    {"POST",   "/control/foo", PART "status\r\n\r\nstop\r\n--x--",                            503},
    {"POST",   "/lb/p",        PART "cost\r\n\r\n2\r\n--x--",                                 503},
    {"PUT",    "/lb/p",        PART "server\r\n\r\ns\r\n" PART "score\r\n\r\n1\r\n--x--",   503},
    {"DELETE", "/lb/p",        PART "server\r\n\r\ns\r\n--x--",                               503},
    {"DELETE", "/q/foo",       PART "key\r\n\r\nfoo:1\r\n--x--",                              503},
    {"PUT",    "/q/foo?key=foo:1&lease=t", PART "extend\r\n\r\n5\r\n--x--",                   503},
};
// clang-format on

static void parts_are_fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(multiparts); i++) {
        int http_status = answer((struct request_head){.method = multiparts[i].method,
                                                       .target = multiparts[i].target,
                                                       .content_type = MULTIPART},
                                 multiparts[i].body);

        if (http_status != multiparts[i].http_status)
            fail_msg("%s %s %s: %d %s", multiparts[i].method, multiparts[i].target,
                     multiparts[i].body, http_status, body());
    }
}

static void a_batch_has_1000_lines_at_most(void **state)
{
    static const struct request_head head = {
        .method = "POST", .target = "/q/foo", .content_type = "application/x-ndjson"};
    char lines[2 * LIMIT_BATCH + 2];

    (void)state;
    for (size_t i = 0; i < sizeof(lines); i++)
        lines[i] = i % 2 ? '\n' : 'a';
    lines[2 * LIMIT_BATCH] = '\0';
    assert_int_equal(answer(head, lines), 503);
    lines[2 * LIMIT_BATCH - 1] = '\0';
    assert_int_equal(answer(head, lines), 503);
    strcpy(lines + 2 * LIMIT_BATCH - 1, "\na");
    assert_int_equal(answer(head, lines), 413);
    assert_non_null(strstr(body(), "at most 1000 messages"));
}

static void below_a_prefix(void **state)
{
    static char prefix[] = "/mq";
    char *none = settings.prefix;

    (void)state;
    settings.prefix = prefix;
    assert_int_equal(ask("GET", "/mq/health"), 200);
    assert_int_equal(ask("GET", "/mq"), 200);
    assert_int_equal(ask("GET", "/health"), 404);
    assert_int_equal(ask("GET", "/mqq/health"), 404);
    settings.prefix = none;
}

static void the_page_lists_the_table(void **state)
{
    (void)state;
    assert_int_equal(ask("GET", "/"), 200);
    assert_string_equal(exchange.response.type, TYPE_HTML);
    assert_non_null(strstr(body(), "<td>GET, HEAD</td><td>/q/NAME</td>"));
    assert_non_null(strstr(body(), "<td>DELETE</td><td>/q/NAME</td>"));
    assert_non_null(strstr(body(), "<td>POST</td><td>/queue</td>"));
}

static void plain_answers(void **state)
{
    (void)state;
    assert_int_equal(ask("GET", "/health"), 200);
    assert_string_equal(exchange.response.type, TYPE_TEXT);
    assert_string_equal(body(), "ok\r\n");
    assert_int_equal(ask("GET", "/queue"), 302);
    assert_string_equal(header_lines(), "Location: ./help\r\n");
}

/* --- JSONP --------------------------------------------------------------------------------- */

static int switch_jsonp_on(void **state)
{
    (void)state;
    settings.jsonp = true;
    return 0;
}

static int switch_jsonp_off(void **state)
{
    (void)state;
    settings.jsonp = false;
    return 0;
}

// clang-format off
static const struct {
    const char *target;
    int http_status;
    const char *type, *body; /* of the body: its beginning */
} wrapped[] = {
    {"/health?callback=f", 200, TYPE_SCRIPT, "/**/f(\"ok\");\r\n"},
    {"/health?callback=$.a_9", 200, TYPE_SCRIPT, "/**/$.a_9(\"ok\");\r\n"},
    {"/health?callback=", 200, TYPE_TEXT, "ok"}, /* as in RestMQ: none */
    {"/health?callback", 200, TYPE_TEXT, "ok"},
    {"/q/foo?callback=&raw=1", 503, TYPE_JSON, "{\"error\":\"Redis"},
    {"/health?callback=f&callback=g", 400, TYPE_JSON, "{\"error\":\"more than one option"},
    {"/health?callback=f&callback=", 400, TYPE_JSON, "{\"error\":\"more than one option"},
    {"/q/foo?callback=f", 503, TYPE_SCRIPT,
     "/**/f({\"error\":\"Redis is unavailable\",\"code\":\"unavailable\"});\r\n"},
    {"/q/foo?callback=f&raw=1", 400, TYPE_SCRIPT, "/**/f({\"error\":\"raw "},
    {"/q/foo?callback=f&count=0", 400, TYPE_SCRIPT, "/**/f({\"error\":\"count "},
    {"/?callback=f", 200, TYPE_HTML, "<!DOCTYPE html>"},
    /* not wrapped: nobody knows whether this is a callback's name */
    {"/q/foo?callback=1a", 400, TYPE_JSON, "{\"error\":\"callback must"},
    {"/q/foo?callback=.a", 400, TYPE_JSON, "{\"error\":\"callback must"},
    {"/q/foo?callback=alert(1)", 400, TYPE_JSON, "{\"error\":\"callback must"},
    {"/q/foo?callback=a%3cb", 400, TYPE_JSON, "{\"error\":\"callback must"},
    {"/q/foo?callback=a%00", 400, TYPE_JSON, "{\"error\":\"callback must"},
    {"/q/foo?callback=a%0a", 400, TYPE_JSON, "{\"error\":\"callback must"},
    {"/q/foo?callback=%c3%a4", 400, TYPE_JSON, "{\"error\":\"callback must"},
    {"/q/foo?callback=a[0]", 400, TYPE_JSON, "{\"error\":\"callback must"},
    {"/q/foo?callback=f&bogus=1", 400, TYPE_JSON, "{\"error\":\"unknown option"},
};
// clang-format on

static void callbacks(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(wrapped); i++) {
        int http_status = ask("GET", wrapped[i].target);

        if (http_status != wrapped[i].http_status ||
            strcmp(exchange.response.type, wrapped[i].type) != 0 ||
            strncmp(body(), wrapped[i].body, strlen(wrapped[i].body)) != 0)
            fail_msg("%s: %d %s %s", wrapped[i].target, http_status, exchange.response.type,
                     body());
        assert_int_equal(strstr(header_lines(), "Content-Disposition") != NULL,
                         strcmp(exchange.response.type, TYPE_SCRIPT) == 0);
    }
}

static void a_callback_has_64_bytes_at_most(void **state)
{
    char target[128] = "/health?callback=";
    size_t start = strlen(target);

    (void)state;
    memset(target + start, 'f', 64);
    assert_int_equal(ask("GET", target), 200);
    target[start + 64] = 'f';
    assert_int_equal(ask("GET", target), 400);
}

static void what_a_script_would_misread_is_escaped(void **state)
{
    (void)state;
    assert_int_equal(answer((struct request_head){.method = "POST", .target = "/queue?callback=f"},
                            "msg={\"cmd\":\"len\",\"queue\":\"q\",\"</script>\":1}"),
                     200);
    assert_string_equal(body(), "/**/f({\"error\":\"len has no member \\\"\\u003c/script>\\\"\","
                                "\"code\":\"bad_request\"});\r\n");
}

static void no_content_is_not_wrapped(void **state)
{
    (void)state;
    assert_int_equal(ask("OPTIONS", "/q/foo?callback=f"), 204);
    assert_int_equal(exchange.response.body.len, 0);
}

static void callback_without_jsonp_is_not_obeyed(void **state)
{
    (void)state;
    assert_int_equal(ask("GET", "/health?callback="), 200);
    assert_int_equal(ask("GET", "/health?callback=f"), 403);
    assert_string_equal(exchange.response.type, TYPE_JSON);
}

#define JSONP_TEST(function)                                                                       \
    cmocka_unit_test_setup_teardown(function, switch_jsonp_on, switch_jsonp_off)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route),
        cmocka_unit_test(bad_requests),
        cmocka_unit_test(redis_away_says_when_to_retry),
        cmocka_unit_test(idempotency_keys),
        cmocka_unit_test(publishing_has_no_idempotency_key),
        cmocka_unit_test(bodies),
        cmocka_unit_test(what_got_lost),
        cmocka_unit_test(parts_are_fields),
        cmocka_unit_test(a_batch_has_1000_lines_at_most),
        cmocka_unit_test(below_a_prefix),
        cmocka_unit_test(the_page_lists_the_table),
        cmocka_unit_test(plain_answers),
        JSONP_TEST(callbacks),
        JSONP_TEST(a_callback_has_64_bytes_at_most),
        JSONP_TEST(what_a_script_would_misread_is_escaped),
        JSONP_TEST(no_content_is_not_wrapped),
        cmocka_unit_test(callback_without_jsonp_is_not_obeyed),
    };

    return cmocka_run_group_tests(tests, open_exchange, close_exchange);
}
