/* test-ws-routes.c - from the head of a request to its answer, over socket pairs; no request here
 * reaches Redis.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/file.h"

#include <sys/socket.h>

#include "base/log.h"
#include "base/memory.h"
#include "broker/authkey_cache.h"
#include "broker/helpers.h"
#include "ws/feed/helper.h"
#include "ws/net/budget.h"
#include "ws/net/conns.h"
#include "ws/role/gate.h"
#include "ws/role/inquiry.h"
#include "ws/role/roles.h"
#include "ws/role/routes.h"

enum { PEERS = 3 };

static struct settings settings;
static struct turn loop_turn;
static struct budget budget;
static struct helper helper;
static struct gate gate;
static struct helpers helpers;
static struct service service = {
    .settings = &settings, .access = &gate.access, .helpers = &helpers, .has_turns = true};
static struct inquiries inquiries = {.service = &service};
static struct roles roles = {.helper = &helper, .gate = &gate, .inquiries = &inquiries};
static struct conns conns;
static struct {
    int fd; /* -1: not connected */
    struct buffer received;
} peers[PEERS];

static void turn(void)
{
    turn_begin(&loop_turn);
    ev_run(conns.loop, EVRUN_NOWAIT);
    turn_act_all(&loop_turn);
}

static void connect_peer(int peer)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    peers[peer].fd = fds[1];
    conns_accept(&conns, fds[0], NULL);
}

/* The loop does not turn. */
static void say(int peer, const char *text)
{
    if (peers[peer].fd < 0)
        connect_peer(peer);
    assert_int_equal(write(peers[peer].fd, text, strlen(text)), strlen(text));
}

/* What has come since the last time. */
static const char *heard(int peer)
{
    struct buffer *received = &peers[peer].received;
    char data[4096];
    ssize_t len;

    buffer_reset(received);
    buffer_add(received, "", 0);
    while ((len = read(peers[peer].fd, data, sizeof(data))) > 0)
        buffer_add(received, data, (size_t)len);
    return received->data;
}

static void expect(int peer, const char *beginning, const char *part)
{
    const char *text = heard(peer);

    if (strncmp(text, beginning, strlen(beginning)) != 0 || !strstr(text, part))
        fail_msg("received \"%s\" instead of \"%s…%s\"", text, beginning, part);
}

static void use(char **setting, const char *value)
{
    free(*setting);
    *setting = xstrdup(value);
}

static int begin(void **state)
{
    struct file_problem problem;

    (void)state;
    settings_init(&settings);
    use(&settings.acl, "");
    use(&settings.prefix, "");
    use(&settings.origins, "http://shop.example http://bank.example");
    memset(&loop_turn, 0, sizeof(loop_turn));
    budget = (struct budget){.limit = 1 << 30};
    conns = (struct conns){
        .loop = ev_loop_new(EVFLAG_AUTO),
        .turn = &loop_turn,
        .budget = &budget,
        .settings = &settings,
        .front = &routes_front,
        .user = &roles,
    };
    conns_begin(&conns);
    heads_limit(&conns.heads, 1000);
    gate.keys = service.keys = authkey_cache_new();
    for (int i = 0; i < PEERS; i++)
        peers[i].fd = -1;
    return access_open(&gate.access, &settings, &problem) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    conns_end(&conns);
    turn_act_all(&loop_turn);
    for (int i = 0; i < PEERS; i++) {
        if (peers[i].fd >= 0)
            close(peers[i].fd);
        buffer_clear(&peers[i].received);
    }
    ev_loop_destroy(conns.loop);
    assert_int_equal(budget.used, 0);
    authkey_cache_free(gate.keys);
    access_close(&gate.access);
    settings_clear(&settings);
    return 0;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void a_row_of_the_table(void **state)
{
    (void)state;
    say(0, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    say(1, "HEAD /health/ws HTTP/1.1\r\nHost: localhost\r\n\r\n");
    turn();
    expect(0, "HTTP/1.1 200 OK\r\n", "\r\n\r\n{\"status\":\"ok\"}\r\n");
    expect(1, "HTTP/1.1 200 OK\r\n", "Content-Length: 17\r\n");
    assert_null(strstr(peers[1].received.data, "status"));
}

static void what_no_row_serves(void **state)
{
    static const struct {
        const char *request, *answer, *part;
    } rows[] = {
        {"GET /q/orders",       "HTTP/1.1 404 ", "\"not_found\""          },
        {"GET /health/other",   "HTTP/1.1 404 ", "this program serves"    },
        {"POST /health",        "HTTP/1.1 405 ", "Allow: GET, OPTIONS\r\n"},
        {"GET /health?a=1",     "HTTP/1.1 400 ", "unknown option"         },
        {"GET  /health",        "HTTP/1.1 400 ", "\"bad_request\""        },
        {"GET /c/orders?sse=2", "HTTP/1.1 400 ", "sse must be"            },
        {"GET /c/a*b",          "HTTP/1.1 400 ", "\"bad_name\""           },
        {"HEAD /c/orders",      "HTTP/1.1 405 ", ""                       },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char head[200];

        snprintf(head, sizeof(head),
                 "%s HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: ::1\r\n\r\n", rows[i].request);
        say(0, head);
        turn();
        expect(0, rows[i].answer, rows[i].part);
        assert_null(gate.asked);
        close(peers[0].fd);
        peers[0].fd = -1;
        turn();
    }
}

/* Each has its own, whatever is read of others before it goes out. */
static void answers_of_one_turn(void **state)
{
    (void)state;
    say(0, "OPTIONS /c/a HTTP/1.1\r\nHost: localhost\r\nOrigin: http://shop.example\r\n\r\n");
    say(1, "OPTIONS /c/a HTTP/1.1\r\nHost: localhost\r\nOrigin: http://bank.example\r\n\r\n");
    say(2, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    turn();
    expect(0, "HTTP/1.1 204 ", "Access-Control-Allow-Origin: http://shop.example\r\n");
    expect(1, "HTTP/1.1 204 ", "Access-Control-Allow-Origin: http://bank.example\r\n");
    expect(2, "HTTP/1.1 200 ", "{\"status\":\"ok\"}\r\n");
    assert_null(strstr(peers[2].received.data, "Allow-Origin"));
}

static void expect_log(const char *text)
{
    char log[4096];
    FILE *file = fopen(other_name, "r");
    size_t len;

    assert_non_null(file);
    len = fread(log, 1, sizeof(log) - 1, file);
    log[len] = '\0';
    fclose(file);
    if (!strstr(log, text))
        fail_msg("the log is \"%s\", without \"%s\"", log, text);
}

/* The log names the request while it is being read; nothing of it is kept. */
static void the_log_of_a_refusal(void **state)
{
    (void)state;
    assert_true(log_to(other_name));
    say(0, "GET /metrics?authkey=secret HTTP/1.1\r\nHost: localhost\r\n"
           "X-Forwarded-For: 192.0.2.7\r\n\r\n");
    turn();
    log_to("stderr");
    expect(0, "HTTP/1.1 403 ", "\"forbidden\"");
    expect_log("refused 192.0.2.7 403: ");
    expect_log("GET \"/metrics\"");
    assert_null(gate.asked);
}

#define ROUTES_TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROUTES_TEST(a_row_of_the_table),
        ROUTES_TEST(what_no_row_serves),
        ROUTES_TEST(answers_of_one_turn),
        ROUTES_TEST(the_log_of_a_refusal),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
