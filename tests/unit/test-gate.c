/* test-gate.c - may whoever is connected do this?
 *
 * Redis and the connection are stand-ins.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/file.h"

#include <ev.h>
#include <hiredis/hiredis.h>

#include "broker/authkey_cache.h"
#include "ws/feed/helper.h"
#include "ws/net/budget.h"
#include "ws/net/conn.h"
#include "ws/net/ending.h"
#include "ws/net/role.h"
#include "ws/redis/job.h"
#include "ws/role/gate.h"
#include "ws/role/roles.h"

static char acl[80], none[1];
static struct settings settings = {
    .acl = acl, .origins = none, .hosts = none, .trusted_proxies = none};
static struct budget budget;
static struct jobs jobs = {.budget = &budget};
static struct helper helper = {.jobs = &jobs};
static struct gate gate;
static struct roles roles = {.helper = &helper, .gate = &gate};
static struct conns conns = {.settings = &settings, .user = &roles};
static const struct request_head head = {.method = "GET", .target = "/ws/q"};
static struct wheel wheel;
static struct conn *conn;
static struct reason reason;
static struct file_problem problem;

/* --- stand-ins ------------------------------------------------------------------------------ */

static struct call *asked; /* the call under way */
static alink_done *asked_done;
static void *asked_user;
static int marked;

void alink_run_if(struct alink *alink, struct call *call, alink_wanted *wanted, alink_done *done,
                  void *user)
{
    (void)alink, (void)wanted;
    assert_null(asked);
    asked = call;
    asked_done = done;
    asked_user = user;
}

void conn_hold(struct conn *held)
{
    held->jobs++;
}

void conn_drop(struct conn *dropped)
{
    assert_ptr_equal(dropped, conn);
    marked += --dropped->jobs == 0;
}

void conn_look_in(struct conn *looked_at, unsigned ms)
{
    wheel_set(&wheel, &looked_at->look, ms);
}

static bool is_open = true;
static int end_code; /* 0: not ended */

bool conn_is_open(const struct conn *checked)
{
    assert_ptr_equal(checked, conn);
    return is_open;
}

void conn_end(struct conn *ended, int code, const char *why)
{
    assert_ptr_equal(ended, conn);
    assert_null(strstr(why, ended->asker.key));
    end_code = code;
}

/* Redis answers; NULL: it is away. */
static void answer(const char *record)
{
    struct call *call = asked;
    redisReply reply = {.type = REDIS_REPLY_NIL};
    enum status status = STATUS_UNAVAILABLE;

    if (record && *record)
        reply = (redisReply){
            .type = REDIS_REPLY_STRING, .str = (char *)(uintptr_t)record, .len = strlen(record)};
    if (record)
        status = call->decode(call, &reply, &reason);
    asked = NULL;
    asked_done(asked_user, status, &reason);
}

/* --- a connection --------------------------------------------------------------------------- */

static int begin(void **state)
{
    (void)state;
    acl[0] = '\0';
    settings.authkeys = false;
    conn = calloc(1, sizeof(*conn));
    memset(&wheel, 0, sizeof(wheel));
    gate.keys = authkey_cache_new();
    gate.asked = &head;
    conn->conns = &conns;
    return access_open(&gate.access, &settings, &problem) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    access_close(&gate.access);
    authkey_cache_free(gate.keys);
    free(conn->asker.key);
    free(conn->asker.user);
    free(conn);
    return 0;
}

/* From now on there is a file with that text. */
static void use_file(const char *text)
{
    access_close(&gate.access);
    write_file(file_name, text);
    strcpy(acl, file_name);
    if (!access_open(&gate.access, &settings, &problem))
        fail_msg("%s", problem.text);
}

/* As far as is known without a key's record. */
static enum status let_in(const struct visitor *visitor, unsigned rights)
{
    struct admission admission = {
        .rights = rights, .changes = rights != RIGHT_NONE, .is_vague = true};
    enum status status = gate_visitor(conn, visitor, &admission, &reason);

    return status == STATUS_NEEDS_KEY ? STATUS_OK : status;
}

static enum status open_from(const char *address, unsigned rights, const char *key)
{
    struct visitor visitor = {.has_ip = true, .host = "localhost", .key = key};

    assert_true(ip_read(address, strlen(address), &visitor.ip));
    return let_in(&visitor, rights);
}

static void on_asked(void *user, enum status status, const struct reason *why)
{
    (void)why;
    *(enum status *)user = status;
    assert_int_equal(conn->jobs, 1); /* the connection stays until this was told */
}

static enum status ask(const char *record)
{
    enum status status = STATUS_AGAIN;
    int marked_before = marked;

    gate_ask(conn, on_asked, &status);
    assert_int_equal(conn->jobs, 1);
    assert_true(asked->decode == authkey_result);
    answer(record);
    assert_int_equal(conn->jobs, 0);
    assert_int_equal(marked, marked_before + 1);
    return status;
}

static enum status act(unsigned needs, const char *name)
{
    return gate_act(conn, needs, name, &reason);
}

/* --- opening -------------------------------------------------------------------------------- */

static void the_rules_decide_who_may_connect(void **state)
{
    (void)state;
    assert_int_equal(open_from("127.0.0.1", RIGHT_WEBSOCKET, NULL), STATUS_OK);
    assert_int_equal(open_from("10.0.0.1", RIGHT_WEBSOCKET, NULL), STATUS_FORBIDDEN);
    assert_int_equal(open_from("10.0.0.1", RIGHT_NONE, NULL), STATUS_OK);
    use_file("[websocket:consumer]\n[comet:consumer]\npassword = secret\n");
    assert_int_equal(open_from("10.0.0.1", RIGHT_WEBSOCKET, NULL), STATUS_OK);
    assert_int_equal(open_from("10.0.0.1", RIGHT_COMET, NULL), STATUS_UNAUTHORIZED);
    assert_int_equal(open_from("10.0.0.1", RIGHT_CONSUMER, NULL), STATUS_FORBIDDEN);
}

static enum status open_on(const char *host, const char *origin, const char *site)
{
    struct visitor visitor = {.has_ip = true, .host = host, .origin = origin, .site = site};

    assert_true(ip_read("::1", 3, &visitor.ip));
    return let_in(&visitor, RIGHT_WEBSOCKET);
}

/* Streams change what is theirs: none is a mere look. */
static void a_page_of_others_may_not_connect(void **state)
{
    (void)state;
    assert_int_equal(open_on("localhost", "http://localhost", "same-origin"), STATUS_OK);
    assert_int_equal(open_on("localhost", NULL, NULL), STATUS_OK);
    assert_int_equal(open_on("localhost", "http://evil.org", NULL), STATUS_FORBIDDEN);
    assert_int_equal(open_on("localhost", NULL, "cross-site"), STATUS_FORBIDDEN);
    assert_int_equal(open_on("localhost", NULL, "same-site"), STATUS_FORBIDDEN);
    assert_int_equal(open_on("evil.org", "http://evil.org", NULL), STATUS_FORBIDDEN);
}

/* Under a name that anybody may own it has only what anybody may do. */
static void a_connection_under_a_name_of_others(void **state)
{
    (void)state;
    use_file("[websocket:consumer]\n[rest:consumer]\n[rest:producer]\nhosts_allow = ::1\n");
    assert_int_equal(open_on("evil.org", "http://evil.org", NULL), STATUS_OK);
    assert_int_equal(act(AUTHKEY_READ, "q"), STATUS_OK);
    assert_int_equal(act(AUTHKEY_WRITE, "q"), STATUS_FORBIDDEN);
    assert_int_equal(act(AUTHKEY_ADMIN, "q"), STATUS_FORBIDDEN);
    assert_int_equal(open_on("localhost", "http://localhost", NULL), STATUS_OK);
    assert_int_equal(act(AUTHKEY_WRITE, "q"), STATUS_OK);
}

static enum status open_with(const char *address, const char *password)
{
    struct visitor visitor = {
        .has_ip = true, .host = "localhost", .credentials.has_password = true};

    assert_true(ip_read(address, strlen(address), &visitor.ip));
    strcpy(visitor.credentials.password, password);
    return let_in(&visitor, RIGHT_WEBSOCKET);
}

/* Else it would be without its rights until its end. */
static void a_password_that_cannot_be_checked_now(void **state)
{
    char wrong[] = "wrong 0";

    (void)state;
    use_file("[websocket:consumer]\n[rest:producer]\npassword = "
             "$5$rounds=1000$ORCTKm.A2tM71htN$6XMjyFNQobDu4oK9DpyJbayVHTyIk8vl5QBzFrnL4f1\n");
    for (; act(AUTHKEY_WRITE, "q") == STATUS_FORBIDDEN && wrong[6] < '8'; wrong[6]++)
        assert_int_equal(open_with("10.0.0.1", wrong), STATUS_OK);
    assert_int_equal(wrong[6], '8');
    assert_int_equal(open_with("10.0.0.1", "secret"), STATUS_UNAVAILABLE);
    assert_int_equal(act(AUTHKEY_WRITE, "q"), STATUS_FORBIDDEN);
    assert_int_equal(open_with("10.0.0.2", "secret"), STATUS_OK);
    assert_int_equal(act(AUTHKEY_WRITE, "q"), STATUS_OK);
    assert_int_equal(open_with("10.0.0.1", "secret"), STATUS_UNAVAILABLE); /* that would tell it */
}

static void a_refused_connection_has_no_rights(void **state)
{
    (void)state;
    conn->asker.rights = 0;
    assert_int_equal(open_from("10.0.0.1", RIGHT_WEBSOCKET, NULL), STATUS_FORBIDDEN);
    assert_int_equal(conn->asker.rights, 0);
    assert_int_equal(act(AUTHKEY_READ, "q"), STATUS_FORBIDDEN);
}

static void each_act_has_its_right(void **state)
{
    static const struct {
        const char *address;
        unsigned may;
    } rows[] = {
        {"10.0.0.1", AUTHKEY_WRITE                                    },
        {"10.0.0.2", AUTHKEY_READ                                     },
        {"10.0.0.3", AUTHKEY_ADMIN                                    },
        {"10.0.0.4", 0                                                },
        {"10.0.0.5", AUTHKEY_STATS                                    },
        {"10.0.0.6", AUTHKEY_PURGE | AUTHKEY_SETTINGS | AUTHKEY_REMOVE},
    };
    static const unsigned privs[] = {
        AUTHKEY_READ,  AUTHKEY_WRITE,    AUTHKEY_ADMIN,  AUTHKEY_STATS,
        AUTHKEY_PURGE, AUTHKEY_SETTINGS, AUTHKEY_REMOVE, AUTHKEY_READ | AUTHKEY_STATS};

    (void)state;
    use_file("[websocket:consumer]\n[rest:producer]\nhosts_allow = 10.0.0.1\n[rest:consumer]\n"
             "hosts_allow = 10.0.0.2\n[admin]\nhosts_allow = 10.0.0.3\n"
             "[stats]\nhosts_allow = 10.0.0.5\n[rest:manager]\nhosts_allow = 10.0.0.6\n");
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(open_from(rows[i].address, RIGHT_WEBSOCKET, NULL), STATUS_OK);
        for (size_t p = 0; p < COUNT(privs); p++)
            assert_int_equal(act(privs[p], "q"),
                             privs[p] & rows[i].may ? STATUS_OK : STATUS_FORBIDDEN);
    }
}

/* --- keys ----------------------------------------------------------------------------------- */

static void where_keys_are_required_there_must_be_one(void **state)
{
    (void)state;
    settings.authkeys = true;
    assert_int_equal(open_from("::1", RIGHT_WEBSOCKET, NULL), STATUS_UNAUTHORIZED);
    assert_null(conn->asker.key);
    assert_int_equal(open_from("::1", RIGHT_NONE, NULL), STATUS_OK);
    assert_int_equal(open_from("::1", RIGHT_WEBSOCKET, "k"), STATUS_OK);
    assert_string_equal(conn->asker.key, "k");
    assert_int_equal(open_from("::1", RIGHT_WEBSOCKET, "other"), STATUS_OK); /* it is read twice */
    assert_string_equal(conn->asker.key, "other");
    assert_int_equal(open_from("10.0.0.1", RIGHT_WEBSOCKET, "k"), STATUS_FORBIDDEN);
}

static void without_authkeys_none_is_looked_at(void **state)
{
    (void)state;
    assert_int_equal(open_from("::1", RIGHT_WEBSOCKET, "k"), STATUS_OK);
    assert_int_equal(act(AUTHKEY_READ, "q"), STATUS_OK);
    assert_int_equal(gate_key(conn, AUTHKEY_ADMIN, NULL, &reason), STATUS_OK);
    assert_null(asked);
}

static void a_key_is_asked_for_once_a_second(void **state)
{
    (void)state;
    settings.authkeys = true;
    assert_int_equal(open_from("::1", RIGHT_WEBSOCKET, "k"), STATUS_OK);
    assert_int_equal(act(AUTHKEY_READ, "mine"), STATUS_NEEDS_KEY);
    assert_int_equal(ask("{\"queues\":[\"mine\",\"orders.*\"],\"privs\":[\"read\"]}"), STATUS_OK);
    assert_int_equal(act(AUTHKEY_READ, "mine"), STATUS_OK);
    assert_int_equal(act(AUTHKEY_READ, "orders.eu"), STATUS_OK);
    assert_int_equal(act(AUTHKEY_READ, "other"), STATUS_FORBIDDEN);
    assert_int_equal(act(AUTHKEY_READ, NULL), STATUS_FORBIDDEN);
    assert_int_equal(act(AUTHKEY_WRITE, "mine"), STATUS_FORBIDDEN);
    assert_int_equal(act(AUTHKEY_ADMIN, "mine"), STATUS_FORBIDDEN);
    assert_int_equal(gate_key(conn, AUTHKEY_READ, "mine", &reason), STATUS_OK);
    usleep(1001000);
    assert_int_equal(act(AUTHKEY_READ, "mine"), STATUS_NEEDS_KEY);
    assert_int_equal(ask(""), STATUS_OK); /* it was removed */
    assert_int_equal(act(AUTHKEY_READ, "mine"), STATUS_UNAUTHORIZED);
}

static void on_slow(void *user, enum status status, const struct reason *why)
{
    (void)why;
    assert_int_equal(status, STATUS_OK);
    *(enum status *)user = act(AUTHKEY_READ, "mine");
    assert_int_equal(act(AUTHKEY_READ, "other"), STATUS_FORBIDDEN);
}

/* The record counts from when Redis was asked, but for who has asked, however long that took. */
static void a_slow_answer_counts_for_who_asked(void **state)
{
    enum status status = STATUS_AGAIN;

    (void)state;
    settings.authkeys = true;
    assert_int_equal(open_from("::1", RIGHT_WEBSOCKET, "k"), STATUS_OK);
    gate_ask(conn, on_slow, &status);
    usleep(AUTHKEY_LIFE_MS * 1000 + 1000);
    answer("{\"queues\":[\"mine\"],\"privs\":[\"read\"]}");
    assert_int_equal(status, STATUS_OK);
    assert_int_equal(act(AUTHKEY_READ, "mine"), STATUS_NEEDS_KEY);
}

static void while_redis_is_away_nothing_is_known(void **state)
{
    (void)state;
    settings.authkeys = true;
    assert_int_equal(open_from("::1", RIGHT_WEBSOCKET, "k"), STATUS_OK);
    assert_int_equal(ask(NULL), STATUS_UNAVAILABLE);
    assert_int_equal(act(AUTHKEY_READ, "mine"), STATUS_NEEDS_KEY);
}

static void a_key_that_cannot_be_one_is_not_asked_for(void **state)
{
    (void)state;
    settings.authkeys = true;
    assert_int_equal(open_from("::1", RIGHT_WEBSOCKET, "no key"), STATUS_UNAUTHORIZED);
    assert_int_equal(open_from("::1", RIGHT_WEBSOCKET, ""), STATUS_UNAUTHORIZED);
    assert_null(asked);
}

static void who_came_before_keys_were_required_needs_one(void **state)
{
    (void)state;
    assert_int_equal(open_from("::1", RIGHT_WEBSOCKET, "k"), STATUS_OK);
    assert_int_equal(act(AUTHKEY_READ, "q"), STATUS_OK);
    settings.authkeys = true;
    assert_int_equal(act(AUTHKEY_READ, "q"), STATUS_UNAUTHORIZED);
    assert_null(asked);
}

static void the_right_counts_before_the_key(void **state)
{
    (void)state;
    settings.authkeys = true;
    use_file("[websocket:consumer]\n");
    assert_int_equal(open_from("10.0.0.1", RIGHT_WEBSOCKET, "k"), STATUS_OK);
    assert_int_equal(act(AUTHKEY_READ, "q"), STATUS_FORBIDDEN);
    assert_int_equal(gate_key(conn, AUTHKEY_READ, "q", &reason), STATUS_NEEDS_KEY);
}

static enum status admit_mine(struct conn *checked, struct reason *why)
{
    return gate_key(checked, AUTHKEY_READ, "mine", why);
}

static const struct role stream = {.admit = admit_mine};

/* That much time passes on the wheel; true if the stream's key was looked at, once. */
static bool is_looked_at(unsigned seconds)
{
    int looks = 0;

    for (unsigned ms = 0; ms < seconds * 1000; ms += WHEEL_STEP_MS) {
        struct timeout *look;

        wheel_step(&wheel);
        while ((look = wheel_expired(&wheel))) {
            assert_ptr_equal(look, &conn->look);
            looks++;
            gate_again(conn);
        }
    }
    assert_in_range(looks, 0, 1);
    return looks == 1;
}

static void open_stream(void)
{
    settings.authkeys = true;
    assert_int_equal(open_from("::1", RIGHT_WEBSOCKET, "secretkey"), STATUS_OK);
    conn->role = &stream;
    conn->state = CONN_OPEN;
    end_code = 0;
    gate_later(conn);
}

#define MINE  "{\"queues\":[\"mine\"],\"privs\":[\"read\"]}"
#define OTHER "{\"queues\":[\"other\"],\"privs\":[\"read\"]}"

static void a_stream_ends_when_its_key_may_not_read(void **state)
{
    (void)state;
    open_stream();
    for (int i = 0; i < 3; i++) {
        assert_false(is_looked_at(20));
        assert_true(is_looked_at(1));
        answer(MINE);
        assert_int_equal(end_code, 0);
        usleep(1001000);
    }
    assert_true(is_looked_at(21));
    answer(OTHER);
    assert_int_equal(end_code, CLOSE_FORBIDDEN);
    assert_false(is_looked_at(60));
}

static void a_key_that_is_known_is_not_asked_for_again(void **state)
{
    (void)state;
    open_stream();
    assert_int_equal(ask(MINE), STATUS_OK);
    assert_true(is_looked_at(21));
    assert_null(asked);
    assert_true(is_looked_at(21));
    assert_null(asked);
    assert_int_equal(end_code, 0);
}

/* It is not known what the key may do; as soon as Redis is back it is. */
static void a_look_while_redis_is_away(void **state)
{
    (void)state;
    open_stream();
    assert_true(is_looked_at(21));
    answer(NULL);
    assert_true(is_looked_at(6));
    answer(NULL);
    assert_int_equal(end_code, 0);
    assert_true(is_looked_at(6));
    answer("");
    assert_int_equal(end_code, CLOSE_FORBIDDEN);
}

static void a_stream_that_is_over_is_not_looked_at(void **state)
{
    (void)state;
    open_stream();
    assert_true(is_looked_at(21));
    is_open = false;
    answer(NULL);
    assert_false(is_looked_at(60));
    gate_later(conn);
    assert_true(is_looked_at(21));
    assert_null(asked);
    assert_false(is_looked_at(60));
    is_open = true;
}

static void a_stream_without_a_key_is_not_looked_at(void **state)
{
    (void)state;
    assert_int_equal(open_from("::1", RIGHT_WEBSOCKET, "secretkey"), STATUS_OK);
    conn->role = &stream;
    gate_later(conn);
    assert_false(is_looked_at(60));
}

/* Its role has nothing to ask of a key. */
static void a_stream_that_every_key_may_read(void **state)
{
    static const struct role open_to_all;

    (void)state;
    open_stream();
    conn->role = &open_to_all;
    assert_true(is_looked_at(21));
    assert_null(asked);
    assert_int_equal(end_code, 0);
}

#define ADMIT_TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ADMIT_TEST(the_rules_decide_who_may_connect),
        ADMIT_TEST(a_page_of_others_may_not_connect),
        ADMIT_TEST(a_connection_under_a_name_of_others),
        ADMIT_TEST(a_password_that_cannot_be_checked_now),
        ADMIT_TEST(a_refused_connection_has_no_rights),
        ADMIT_TEST(each_act_has_its_right),
        ADMIT_TEST(where_keys_are_required_there_must_be_one),
        ADMIT_TEST(without_authkeys_none_is_looked_at),
        ADMIT_TEST(a_key_is_asked_for_once_a_second),
        ADMIT_TEST(a_slow_answer_counts_for_who_asked),
        ADMIT_TEST(while_redis_is_away_nothing_is_known),
        ADMIT_TEST(a_key_that_cannot_be_one_is_not_asked_for),
        ADMIT_TEST(who_came_before_keys_were_required_needs_one),
        ADMIT_TEST(the_right_counts_before_the_key),
        ADMIT_TEST(a_stream_ends_when_its_key_may_not_read),
        ADMIT_TEST(a_key_that_is_known_is_not_asked_for_again),
        ADMIT_TEST(a_look_while_redis_is_away),
        ADMIT_TEST(a_stream_that_is_over_is_not_looked_at),
        ADMIT_TEST(a_stream_without_a_key_is_not_looked_at),
        ADMIT_TEST(a_stream_that_every_key_may_read),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
