/* test-alink.c - Redis for an event loop, against a real one that is killed, stopped and restarted.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/redis.h"

#include <arpa/inet.h>

#include "base/limits.h"
#include "base/memory.h"
#include "base/settings.h"
#include "broker/scripts.h"
#include "redis/reply.h"
#include "ws/net/turn.h"
#include "ws/redis/alink.h"
#include "ws/redis/subscription.h"

enum { MANY = 10000, NAME = 24 };

static struct ev_loop *loop;
static struct settings settings;
static struct turn loop_turn;
static struct alink *alink;

static struct {
    int up, down;
    int messages;
    int leave_at; /* end the subscription with that message, 0: never */
    char last[64];
    size_t last_len;
} heard;

static struct call calls[64];
static long long numbers[64];

/* What done() said, in that order. */
static struct {
    int count;
    struct {
        size_t who;
        enum status status;
        bool outcome_unknown;
    } ends[MANY];
} told;

static bool is_inside; /* a function of alink's, so that no event may come */

static void on_up(void *user)
{
    assert_ptr_equal(user, &heard);
    assert_false(is_inside);
    assert_true(alink_is_up(alink));
    heard.up++;
}

static void on_down(void *user)
{
    assert_ptr_equal(user, &heard);
    assert_false(is_inside);
    assert_false(alink_is_up(alink));
    heard.down++;
}

static void on_heard(void *user, const char *data, size_t len)
{
    assert_true((size_t)user < MANY);
    heard.messages++;
    heard.last_len = len;
    memcpy(heard.last, data, len < sizeof(heard.last) ? len : sizeof(heard.last));
    if (heard.messages == heard.leave_at)
        alink_unsubscribe(alink, "channel");
}

static const struct alink_events events = {.up = on_up, .down = on_down};

static void on_done(void *user, enum status status, const struct reason *reason)
{
    assert_false(is_inside);
    assert_true(told.count < MANY);
    told.ends[told.count].who = (size_t)user;
    told.ends[told.count].status = status;
    told.ends[told.count].outcome_unknown = reason->outcome_unknown;
    told.count++;
}

static const struct hearer hearer = {.done = on_done, .heard = on_heard};

static enum status read_number(struct call *call, const struct redisReply *reply,
                               struct reason *reason)
{
    (void)reason;
    *(long long *)call->result = reply_number(reply, -1);
    return STATUS_OK;
}

/* --- what the tests do ------------------------------------------------------------------------ */

static void on_too_late(struct ev_loop *in, ev_timer *timer, int revents)
{
    (void)timer;
    (void)revents;
    ev_break(in, EVBREAK_ALL);
}

/* Turns the loop until the number is reached, for ten seconds at most. */
static void turn_until(const int *number, int wanted)
{
    ev_tstamp end = ev_time() + 10;
    ev_timer wake; /* so that no turn waits for ever */

    ev_timer_init(&wake, on_too_late, 0.05, 0.05);
    ev_timer_start(loop, &wake);
    while (*number < wanted && ev_time() < end)
        ev_run(loop, EVRUN_ONCE);
    ev_timer_stop(loop, &wake);
    if (*number < wanted)
        fail_msg("%d instead of %d after ten seconds", *number, wanted);
}

static void turn_for(double seconds)
{
    ev_timer end;

    ev_now_update(loop);
    ev_timer_init(&end, on_too_late, seconds, 0);
    ev_timer_start(loop, &end);
    ev_run(loop, 0);
    ev_timer_stop(loop, &end);
}

static void run(size_t who, struct call *call)
{
    is_inside = true;
    alink_run(alink, call, on_done, (void *)who); // NOLINT: a number as the user
    is_inside = false;
}

/* One plain command of two or three words. */
static void run_words(size_t who, bool changes, const char *word, const char *first,
                      const char *second)
{
    struct call *call = &calls[who];

    call_begin(call, (struct owner){0}, NULL, read_number, &numbers[who]);
    call->changes = changes;
    call_bytes(call, word, strlen(word));
    call_bytes(call, first, strlen(first));
    if (second)
        call_bytes(call, second, strlen(second));
    run(who, call);
}

static void subscribe(size_t who, const char *channel)
{
    is_inside = true;
    alink_subscribe(alink, channel, &hearer, (void *)who); // NOLINT
    is_inside = false;
}

static void unsubscribe(const char *channel)
{
    is_inside = true;
    alink_unsubscribe(alink, channel);
    is_inside = false;
}

static void assert_told(int at, size_t who, enum status status, bool outcome_unknown)
{
    assert_true(at < told.count);
    assert_int_equal(told.ends[at].who, who);
    assert_int_equal(told.ends[at].status, status);
    assert_int_equal(told.ends[at].outcome_unknown, outcome_unknown);
}

static void set_redis(const char *address)
{
    free(settings.redis);
    settings.redis = xstrdup(address);
}

static void set_password(const char *password)
{
    free(settings.redis_account.password);
    settings.redis_account.password = xstrdup(password);
}

static void come_up(void)
{
    alink = alink_new(loop, &loop_turn, &settings, &events, &heard);
    turn_until(&heard.up, 1);
}

static int make(void **state)
{
    (void)state;
    return redis_make_folder();
}

static int make_away(void **state)
{
    (void)state;
    loop = ev_loop_new(EVFLAG_AUTO);
    settings_init(&settings);
    set_redis(redis_address);
    memset(&heard, 0, sizeof(heard));
    memset(&told, 0, sizeof(told));
    memset(numbers, 0, sizeof(numbers));
    return 0;
}

static int make_running(void **state)
{
    redis_start(NULL, NULL);
    return make_away(state);
}

static int end(void **state)
{
    (void)state;
    alink_free(alink);
    alink = NULL;
    for (size_t i = 0; i < COUNT(calls); i++)
        call_clear(&calls[i]);
    settings_clear(&settings);
    ev_loop_destroy(loop);
    redis_kill();
    return 0;
}

static int remove_all(void **state)
{
    (void)state;
    redis_remove_folder();
    return 0;
}

/* --- calls ------------------------------------------------------------------------------------ */

static void it_comes_up_once(void **state)
{
    (void)state;
    alink = alink_new(loop, &loop_turn, &settings, &events, &heard);
    assert_false(alink_is_up(alink));
    turn_until(&heard.up, 1);
    turn_for(0.1);
    assert_int_equal(heard.up, 1);
    assert_int_equal(heard.down, 0);
}

static void all_scripts_are_loaded_first(void **state)
{
    (void)state;
    come_up();
    for (const struct script *const *script = all_scripts; *script; script++) {
        redisReply *reply = redisCommand(admin, "SCRIPT EXISTS %s", (*script)->sha);

        assert_int_equal(reply->element[0]->integer, 1);
        freeReplyObject(reply);
    }
}

static void answers_come_in_order(void **state)
{
    (void)state;
    come_up();
    for (size_t i = 0; i < COUNT(calls); i++)
        run_words(i, true, "INCR", "counter", NULL);
    assert_int_equal(alink_waiting(alink), COUNT(calls));
    turn_until(&told.count, COUNT(calls));
    assert_int_equal(alink_waiting(alink), 0);
    for (size_t i = 0; i < COUNT(calls); i++) {
        assert_told((int)i, i, STATUS_OK, false);
        assert_int_equal(numbers[i], i + 1);
    }
}

static enum status read_length(struct call *call, const struct redisReply *reply,
                               struct reason *reason)
{
    (void)reason;
    *(long long *)call->result = (long long)reply->len;
    return STATUS_OK;
}

/* How often Redis has run GET. */
static int count_gets(void)
{
    redisReply *reply = redis_ask("INFO commandstats");
    const char *found = strstr(reply->str, "cmdstat_get:calls=");
    int count = found ? atoi(found + strlen("cmdstat_get:calls=")) : 0;

    freeReplyObject(reply);
    return count;
}

/* Redis must not hold more than some of them, whoever reads how slowly; their order stays, others
 * do not wait for them, and what was borrowed for a call need not last. */
static void large_answers_wait_for_each_other(void **state)
{
    static const int window = 2; /* MiB */
    char key[4];
    int last = 0, large = 0;

    (void)state;
    come_up();
    redis_do("CONFIG RESETSTAT");
    redis_do("EVAL redis.call('SET','big',string.rep('x',1048576)) 0");
    for (size_t i = 0; i < COUNT(calls) - 1; i++) {
        memcpy(key, "big", 4);
        call_begin(&calls[i], (struct owner){0}, NULL, read_length, &numbers[i]);
        call_bytes(&calls[i], "GET", 3);
        call_bytes(&calls[i], key, 3);
        call_expect(&calls[i], 1, 0);
        run(i, &calls[i]);
        memcpy(key, "???", 4);
    }
    run_words(COUNT(calls) - 1, true, "INCR", "counter", NULL);
    ev_run(loop, EVRUN_NOWAIT);
    usleep(300000);
    assert_in_range(count_gets(), 1, window);
    assert_int_equal(redis_number("EXISTS counter"), 1);
    turn_until(&told.count, COUNT(calls));
    for (int i = 0; i < told.count; i++) {
        size_t who = told.ends[i].who;

        if (who == COUNT(calls) - 1)
            last = i;
        else
            assert_told(i, (size_t)large++, STATUS_OK, false);
        assert_int_equal(numbers[who], who == COUNT(calls) - 1 ? 1 : 1048576);
    }
    assert_in_range(last, 1, window);
}

static bool is_wanted(void *user)
{
    return (size_t)user % 2 == 0;
}

/* Asked of those that had to wait. */
static void what_nobody_wants_any_more(void **state)
{
    (void)state;
    come_up();
    redis_do("CONFIG RESETSTAT");
    redis_do("EVAL redis.call('SET','big',string.rep('x',1048576)) 0");
    for (size_t i = 0; i < 20; i++) {
        call_begin(&calls[i], (struct owner){0}, NULL, read_length, &numbers[i]);
        call_bytes(&calls[i], "GET", 3);
        call_bytes(&calls[i], "big", 3);
        call_expect(&calls[i], 1, 0);
        is_inside = true;
        alink_run_if(alink, &calls[i], is_wanted, on_done, (void *)i); // NOLINT
        is_inside = false;
    }
    turn_until(&told.count, 20);
    for (int i = 0; i < told.count; i++)
        assert_int_equal(told.ends[i].status, told.ends[i].who < 2 || told.ends[i].who % 2 == 0
                                                  ? STATUS_OK
                                                  : STATUS_UNAVAILABLE);
    assert_int_equal(count_gets(), 11);
    assert_int_equal(alink_waiting(alink), 0);
}

/* What was not sent was not run. */
static void what_was_held_back_when_it_is_killed(void **state)
{
    (void)state;
    come_up();
    redis_do("EVAL redis.call('SET','big',string.rep('x',1048576)) 0");
    for (size_t i = 0; i < COUNT(calls); i++) {
        call_begin(&calls[i], (struct owner){0}, NULL, read_length, &numbers[i]);
        calls[i].changes = true;
        call_bytes(&calls[i], "GET", 3);
        call_bytes(&calls[i], "big", 3);
        call_expect(&calls[i], 1, 0);
        run(i, &calls[i]);
    }
    ev_run(loop, EVRUN_NOWAIT);
    redis_kill();
    turn_until(&told.count, COUNT(calls));
    assert_told(COUNT(calls) - 1, COUNT(calls) - 1, STATUS_UNAVAILABLE, false);
}

static void done_may_be_missing(void **state)
{
    (void)state;
    come_up();
    call_begin(&calls[0], (struct owner){0}, NULL, read_number, &numbers[0]);
    call_bytes(&calls[0], "DBSIZE", 6);
    alink_run(alink, &calls[0], NULL, NULL);
    run_words(1, false, "EXISTS", "x", NULL);
    turn_until(&told.count, 1);
    assert_told(0, 1, STATUS_OK, false);
}

static enum status until_three(struct call *call, const struct redisReply *reply,
                               struct reason *reason)
{
    read_number(call, reply, reason);
    return *(long long *)call->result < 3 ? STATUS_AGAIN : STATUS_OK;
}

static void again_runs_the_call_once_more(void **state)
{
    (void)state;
    come_up();
    call_begin(&calls[0], (struct owner){0}, NULL, until_three, &numbers[0]);
    call_bytes(&calls[0], "INCR", 4);
    call_bytes(&calls[0], "counter", 7);
    run(0, &calls[0]);
    turn_until(&told.count, 1);
    assert_told(0, 0, STATUS_OK, false);
    assert_int_equal(numbers[0], 3);
}

static enum status always_again(struct call *call, const struct redisReply *reply,
                                struct reason *reason)
{
    read_number(call, reply, reason);
    return STATUS_AGAIN;
}

static void again_has_an_end(void **state)
{
    (void)state;
    come_up();
    call_begin(&calls[0], (struct owner){0}, NULL, always_again, &numbers[0]);
    call_bytes(&calls[0], "INCR", 4);
    call_bytes(&calls[0], "again", 5);
    run(0, &calls[0]);
    turn_until(&told.count, 1);
    assert_told(0, 0, STATUS_UNAVAILABLE, false);
    assert_int_equal(numbers[0], LIMIT_STEPS);
}

static void an_error_is_the_call_s_own(void **state)
{
    (void)state;
    come_up();
    redis_do("SET text x");
    run_words(0, true, "INCR", "text", NULL);
    run_words(1, true, "INCR", "counter", NULL);
    turn_until(&told.count, 2);
    assert_told(0, 0, STATUS_UNAVAILABLE, false);
    assert_told(1, 1, STATUS_OK, false);
    assert_int_equal(heard.down, 0);
}

static const struct script answer = {"answer", "0123456789012345678901234567890123456789", true,
                                     "return tonumber(ARGV[1])"};

static void an_unknown_script_is_sent_as_text(void **state)
{
    (void)state;
    come_up();
    redis_do("SCRIPT FLUSH");
    call_begin(&calls[0], (struct owner){0}, &answer, read_number, &numbers[0]);
    call_bytes(&calls[0], "42", 2);
    run(0, &calls[0]);
    turn_until(&told.count, 1);
    assert_told(0, 0, STATUS_OK, false);
    assert_int_equal(numbers[0], 42);
}

/* Here Redis does not know the script, so that the call is sent twice. */
static void what_was_lent_need_not_last(void **state)
{
    char lent[] = "42";

    (void)state;
    come_up();
    redis_do("SCRIPT FLUSH");
    call_begin(&calls[0], (struct owner){0}, &answer, read_number, &numbers[0]);
    call_bytes(&calls[0], lent, 2);
    run(0, &calls[0]);
    memcpy(lent, "66", 2);
    turn_until(&told.count, 1);
    assert_told(0, 0, STATUS_OK, false);
    assert_int_equal(numbers[0], 42);
}

static enum status read_text(struct call *call, const struct redisReply *reply,
                             struct reason *reason)
{
    (void)reason;
    *(const char **)call->result = reply->str;
    return STATUS_OK;
}

static void a_result_outlives_done(void **state)
{
    static const char text[] = "1111111111111111111111111111111111111111";
    const char *read[2];

    (void)state;
    come_up();
    freeReplyObject(redisCommand(admin, "SET one %s", text));
    redis_do("SET two 2222222222222222222222222222222222222222");
    for (size_t i = 0; i < 20; i++) {
        call_begin(&calls[i > 0], (struct owner){0}, NULL, read_text, &read[i > 0]);
        call_bytes(&calls[i > 0], "GET", 3);
        call_bytes(&calls[i > 0], i > 0 ? "two" : "one", 3);
        run(i, &calls[i > 0]);
        turn_until(&told.count, (int)i + 1);
    }
    assert_string_equal(read[0], text);
}

/* --- Redis goes away -------------------------------------------------------------------------- */

static void what_is_asked_while_it_is_away(void **state)
{
    (void)state;
    alink = alink_new(loop, &loop_turn, &settings, &events, &heard);
    turn_for(0.05);
    run_words(0, true, "INCR", "counter", NULL);
    subscribe(1, "channel");
    subscribe(2, "given up");
    unsubscribe("given up");
    turn_until(&told.count, 2);
    assert_told(0, 0, STATUS_UNAVAILABLE, false);
    assert_told(1, 1, STATUS_UNAVAILABLE, false);
    redis_start(NULL, NULL);
    turn_until(&heard.up, 1);
    assert_int_equal(heard.down, 0);
    assert_int_equal(told.count, 2);
    assert_int_equal(redis_number("PUBLISH channel x"), 1);
    turn_until(&heard.messages, 1);
}

static void it_is_killed_with_calls_under_way(void **state)
{
    (void)state;
    come_up();
    kill(redis_pid, SIGSTOP);
    run_words(0, true, "INCR", "counter", NULL);
    run_words(1, false, "GET", "counter", NULL);
    turn_for(0.05);
    redis_kill();
    turn_until(&heard.down, 1);
    turn_until(&told.count, 2);
    assert_told(0, 0, STATUS_UNAVAILABLE, true);
    assert_told(1, 1, STATUS_UNAVAILABLE, false);
    redis_start(NULL, NULL);
    turn_until(&heard.up, 2);
    assert_int_equal(heard.down, 1);
    run_words(2, true, "INCR", "counter", NULL);
    turn_until(&told.count, 3);
    assert_told(2, 2, STATUS_OK, false);
    assert_int_equal(numbers[2], 1);
}

static void wait_for_replicas(void)
{
    settings.redis_wait = (struct redis_wait){.replicas = 1, .ms = 20000};
    settings.redis_timeout_ms = 30000;
    come_up();
}

static bool redis_holds_a_client(void)
{
    redisReply *reply = redis_ask("INFO clients");
    bool is_held = strstr(reply->str, "blocked_clients:1") != NULL;

    freeReplyObject(reply);
    return is_held;
}

/* Redis answers the push, counts the replicas, which takes long, and is killed. */
static void push_and_kill(struct call *call)
{
    ev_tstamp end_at = ev_time() + 10;

    call->changes = CHANGE_KEPT;
    do { /* until the connection for pushes is open */
        told.count = 0;
        run(0, call);
        turn_for(0.05);
    } while (told.count > 0 && ev_time() < end_at);
    while (!redis_holds_a_client() && ev_time() < end_at)
        turn_for(0.01);
    turn_for(0.05); /* the answer to the push is read */
    redis_kill();
    turn_until(&told.count, 1);
}

static void increase(const char *key)
{
    call_begin(&calls[0], (struct owner){0}, NULL, read_number, &numbers[0]);
    call_bytes(&calls[0], "INCR", 4);
    call_bytes(&calls[0], key, strlen(key));
}

static void it_is_killed_while_replicas_are_awaited(void **state)
{
    (void)state;
    wait_for_replicas();
    increase("counter");
    push_and_kill(&calls[0]);
    assert_told(0, 0, STATUS_UNAVAILABLE, true);
}

static void what_it_refused_stays_refused(void **state)
{
    (void)state;
    wait_for_replicas();
    redis_do("CONFIG SET maxmemory 1");
    increase("counter");
    push_and_kill(&calls[0]);
    assert_told(0, 0, STATUS_NO_SPACE, false);
}

static void a_script_that_it_did_not_know_has_not_run(void **state)
{
    (void)state;
    wait_for_replicas();
    call_begin(&calls[0], (struct owner){0}, &answer, read_number, &numbers[0]);
    call_bytes(&calls[0], "42", 2);
    push_and_kill(&calls[0]);
    assert_told(0, 0, STATUS_UNAVAILABLE, false);
}

static void answers_before_the_end_are_read(void **state)
{
    (void)state;
    come_up();
    run_words(0, true, "INCR", "counter", NULL);
    ev_run(loop, EVRUN_NOWAIT); /* it is on its way */
    while (redis_number("EXISTS counter") == 0)
        ;
    redis_number("CLIENT KILL TYPE normal SKIPME yes");
    run_words(1, true, "INCR", "counter", NULL);
    turn_until(&told.count, 2); /* it writes, in vain, before it reads */
    assert_told(0, 0, STATUS_OK, false);
    assert_told(1, 1, STATUS_UNAVAILABLE, false);
    assert_int_equal(redis_number("INCR counter"), 2);
}

static void a_call_waits_no_longer_than_the_timeout(void **state)
{
    ev_tstamp start;

    (void)state;
    settings.redis_timeout_ms = 200;
    come_up();
    kill(redis_pid, SIGSTOP);
    run_words(0, true, "INCR", "counter", NULL);
    start = ev_time();
    turn_until(&told.count, 1);
    assert_told(0, 0, STATUS_UNAVAILABLE, true);
    assert_true(ev_time() - start > 0.15 && ev_time() - start < 2);
    turn_for(0.5); /* it takes connections, and does not answer */
    assert_int_equal(heard.up, 1);
    kill(redis_pid, SIGCONT);
    turn_until(&heard.up, 2);
}

static void an_idle_connection_is_asked(void **state)
{
    (void)state;
    settings.redis_timeout_ms = 200;
    come_up();
    subscribe(0, "channel");
    turn_for(2.5); /* pings are answered, in either mode */
    assert_int_equal(heard.down, 0);
    kill(redis_pid, SIGSTOP);
    turn_until(&heard.down, 1);
    kill(redis_pid, SIGCONT);
    turn_until(&heard.up, 2);
}

static void a_call_from_within_done(void *user, enum status status, const struct reason *reason)
{
    on_done(user, status, reason);
    is_inside = true;
    if (told.count < 3)
        alink_run(alink, &calls[0], a_call_from_within_done, user);
    is_inside = false;
}

static void who_tries_again_at_once_gets_the_next_turn(void **state)
{
    (void)state;
    alink = alink_new(loop, &loop_turn, &settings, &events, &heard);
    call_begin(&calls[0], (struct owner){0}, NULL, read_number, &numbers[0]);
    call_bytes(&calls[0], "DBSIZE", 6);
    alink_run(alink, &calls[0], a_call_from_within_done, NULL);
    for (int i = 1; i <= 3; i++) {
        turn_until(&told.count, i);
        assert_int_equal(told.count, i);
    }
}

static void it_waits_while_redis_is_loading(void **state)
{
    (void)state;
    redis_start(NULL, NULL);
    freeReplyObject(
        redisCommand(admin, "EVAL %s 0", "for i = 1, 2000 do redis.call('SET', i, i) end"));
    redis_do("SAVE");
    redis_kill();
    redis_start("--key-load-delay", "500"); /* microseconds: a second in all */
    alink = alink_new(loop, &loop_turn, &settings, &events, &heard);
    turn_for(0.3);
    assert_int_equal(heard.up, 0);
    run_words(0, true, "INCR", "counter", NULL);
    turn_until(&told.count, 1);
    assert_told(0, 0, STATUS_UNAVAILABLE, false);
    turn_until(&heard.up, 1);
    assert_int_equal(redis_number("DBSIZE"), 2000);
}

static void wrong_then_right_password(void **state)
{
    struct settings old = {0};

    (void)state;
    redis_start("--requirepass", "secret");
    set_password("wrong");
    alink = alink_new(loop, &loop_turn, &settings, &events, &heard);
    turn_for(0.3);
    assert_int_equal(heard.up, 0);
    old = settings;
    settings.redis_account.password = xstrdup("secret");
    is_inside = true;
    alink_configure(alink, &old, &settings);
    is_inside = false;
    free(old.redis_account.password);
    turn_until(&heard.up, 1);
}

static void without_a_password(void **state)
{
    (void)state;
    redis_start("--requirepass", "secret");
    alink = alink_new(loop, &loop_turn, &settings, &events, &heard);
    turn_for(0.3);
    assert_int_equal(heard.up, 0);
}

static void other_settings_make_it_dial_anew(void **state)
{
    struct settings old;

    (void)state;
    come_up();
    run_words(0, true, "INCR", "counter", NULL);
    old = settings;
    settings.redis_db = 3;
    is_inside = true;
    alink_configure(alink, &old, &settings);
    is_inside = false;
    assert_false(alink_is_up(alink));
    turn_until(&heard.up, 2);
    assert_int_equal(heard.down, 1);
    assert_told(0, 0, STATUS_UNAVAILABLE, false); /* no byte of it was sent */
    run_words(1, true, "INCR", "counter", NULL);
    turn_until(&told.count, 2);
    redis_do("SELECT 3");
    assert_int_equal(redis_number("EXISTS counter"), 1);
    old = settings;
    settings.redis_timeout_ms = 500;
    alink_configure(alink, &old, &settings);
    assert_true(alink_is_up(alink));
}

static void a_replica_is_left(void **state)
{
    (void)state;
    come_up();
    redis_do("REPLICAOF 127.0.0.1 1");
    run_words(0, true, "INCR", "counter", NULL);
    run_words(1, true, "INCR", "counter", NULL);
    turn_until(&told.count, 2);
    assert_int_equal(told.ends[0].status, STATUS_UNAVAILABLE);
    assert_int_equal(told.ends[1].status, STATUS_UNAVAILABLE);
    turn_until(&heard.down, 1);
    redis_do("REPLICAOF NO ONE");
    turn_until(&heard.up, 2);
    run_words(2, true, "INCR", "counter", NULL);
    turn_until(&told.count, 3);
    assert_told(2, 2, STATUS_OK, false);
}

static void either_connection_is_killed(void **state)
{
    (void)state;
    come_up();
    subscribe(0, "channel");
    turn_until(&told.count, 1);
    assert_true(redis_number("CLIENT KILL TYPE pubsub") == 1);
    turn_until(&heard.down, 1);
    turn_until(&heard.up, 2);
    assert_int_equal(redis_number("PUBLISH channel x"), 1);
    turn_until(&heard.messages, 1);
    assert_true(redis_number("CLIENT KILL TYPE normal SKIPME yes") == 1);
    turn_until(&heard.down, 2);
    turn_until(&heard.up, 3);
    run_words(1, true, "INCR", "counter", NULL);
    turn_until(&told.count, 2);
    assert_told(1, 1, STATUS_OK, false);
}

/* A user without the right to subscribe: calls run, but what is published is not heard. */
static void one_connection_is_not_enough(void **state)
{
    (void)state;
    redis_do("ACL SETUSER default -subscribe");
    alink = alink_new(loop, &loop_turn, &settings, &events, &heard);
    subscribe(0, "channel");
    turn_until(&told.count, 1);
    assert_told(0, 0, STATUS_UNAVAILABLE, false);
    turn_for(0.2);
    run_words(1, true, "INCR", "counter", NULL);
    turn_until(&told.count, 2);
    assert_told(1, 1, STATUS_OK, false);
    assert_false(alink_is_up(alink));
    assert_int_equal(heard.up, 0);
}

static void a_useless_redis_is_not_dialled_without_pause(void **state)
{
    ev_tstamp end_at = ev_time() + 1;

    (void)state;
    come_up();
    redis_do("REPLICAOF 127.0.0.1 1");
    for (int i = 1; ev_time() < end_at; i++) {
        run_words(0, true, "INCR", "counter", NULL);
        turn_until(&told.count, i);
        turn_for(0.001);
    }
    assert_in_range(heard.up, 2, 9);
    assert_in_range(heard.up - heard.down, 0, 1);
}

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static void over_tcp(void **state)
{
    char port[12], address[32];

    (void)state;
    snprintf(port, sizeof(port), "%d", free_port());
    snprintf(address, sizeof(address), "127.0.0.1:%s", port);
    set_redis(address);
    alink = alink_new(loop, &loop_turn, &settings, &events, &heard);
    subscribe(0, "channel");
    turn_for(0.2); /* nobody listens there */
    redis_start("--port", port);
    turn_until(&heard.up, 1);
    run_words(1, true, "INCR", "counter", NULL);
    turn_until(&told.count, 2);
    assert_told(0, 0, STATUS_UNAVAILABLE, false);
    assert_told(1, 1, STATUS_OK, false);
    assert_int_equal(redis_number("PUBLISH channel x"), 1);
    turn_until(&heard.messages, 1);
    redis_kill();
    turn_until(&heard.down, 1);
}

static void nothing_is_told_after_the_end(void **state)
{
    (void)state;
    come_up();
    subscribe(0, "channel");
    run_words(1, true, "INCR", "counter", NULL);
    alink_free(alink); /* one call and one channel sent, or about to be */
    alink = alink_new(loop, &loop_turn, &settings, &events, &heard);
    run_words(2, true, "INCR", "counter", NULL);
    subscribe(3, "channel");
    alink_free(alink); /* one of each refused */
    alink = NULL;
    turn_for(0.1);
    assert_int_equal(told.count, 0);
}

/* --- subscriptions ---------------------------------------------------------------------------- */

static void any_bytes_are_heard(void **state)
{
    static const char bytes[] = "\r\n\0$-1\r\n\xff";
    redisReply *reply;

    (void)state;
    come_up();
    subscribe(0, "restmq:{a.b-c_d}:broadcast");
    turn_until(&told.count, 1);
    assert_told(0, 0, STATUS_OK, false);
    reply = redisCommand(admin, "PUBLISH restmq:{a.b-c_d}:broadcast %b", bytes, sizeof(bytes));
    assert_int_equal(reply->integer, 1);
    freeReplyObject(reply);
    turn_until(&heard.messages, 1);
    assert_int_equal(heard.last_len, sizeof(bytes));
    assert_memory_equal(heard.last, bytes, sizeof(bytes));
    assert_int_equal(redis_number("PUBLISH restmq:{a.b-c_d}:broadcast \"\""), 1);
    turn_until(&heard.messages, 2);
}

static void who_hears_too_slowly_is_cut_off(void **state)
{
    static char large[1024 * 1024];

    (void)state;
    come_up();
    subscribe(0, "channel");
    turn_until(&told.count, 1);
    freeReplyObject(
        redisCommand(admin, "CONFIG SET client-output-buffer-limit %s", "pubsub 2mb 0 0"));
    for (int i = 0; i < 8; i++)
        freeReplyObject(redisCommand(admin, "PUBLISH channel %b", large, sizeof(large)));
    turn_until(&heard.down, 1);
    turn_until(&heard.up, 2);
    heard.messages = 0;
    assert_int_equal(redis_number("PUBLISH channel x"), 1);
    turn_until(&heard.messages, 1);
}

static void the_subscription_ends_while_messages_come(void **state)
{
    (void)state;
    come_up();
    subscribe(0, "channel");
    turn_until(&told.count, 1);
    heard.leave_at = 3;
    redis_do("MULTI");
    for (int i = 0; i < 100; i++)
        redis_do("PUBLISH channel x");
    redis_do("EXEC");
    turn_until(&heard.messages, 3);
    turn_for(0.1);
    assert_int_equal(heard.messages, 3);
    assert_int_equal(redis_number("PUBLISH channel x"), 0);
    subscribe(1, "channel");
    turn_until(&told.count, 2);
    assert_int_equal(redis_number("PUBLISH channel x"), 1);
    turn_until(&heard.messages, 4);
}

static void end_and_begin_at_once(const char *channel, const char *publish)
{
    come_up();
    kill(redis_pid, SIGSTOP);
    subscribe(0, channel);
    ev_run(loop, EVRUN_NOWAIT); /* SUBSCRIBE is on its way */
    kill(redis_pid, SIGCONT);
    unsubscribe(channel);
    subscribe(1, channel);
    subscribe(2, "never asked for");
    unsubscribe("never asked for");
    turn_until(&told.count, 1);
    assert_told(0, 1, STATUS_OK, false);
    assert_int_equal(redis_number(publish), 1);
    turn_until(&heard.messages, 1);
    turn_for(0.05);
    assert_int_equal(told.count, 1);
}

static void ended_and_begun_again_at_once(void **state)
{
    (void)state;
    end_and_begin_at_once("channel", "PUBLISH channel x");
}

static void a_sharded_one_ended_and_begun_again_at_once(void **state)
{
    (void)state;
    end_and_begin_at_once("{a}:b", "SPUBLISH {a}:b x");
}

static void sharded_channels_and_others(void **state)
{
    static const char *const names[] = {"a", "{b}:c", "d", "e", "{f}:g", "{h}.dead:i", "j"};
    redisReply *reply;

    (void)state;
    come_up();
    for (size_t i = 0; i < COUNT(names); i++)
        subscribe(i, names[i]);
    turn_until(&told.count, COUNT(names));
    for (int i = 0; i < (int)COUNT(names); i++)
        assert_told(i, (size_t)i, STATUS_OK, false);
    redis_number("CLIENT KILL TYPE pubsub");
    turn_until(&heard.up, 2);
    for (size_t i = 0; i < COUNT(names); i++) {
        reply = redisCommand(admin, "%s %s x", *names[i] == '{' ? "SPUBLISH" : "PUBLISH", names[i]);
        assert_int_equal(reply->integer, 1);
        freeReplyObject(reply);
    }
    turn_until(&heard.messages, COUNT(names));
    for (size_t i = 0; i < COUNT(names); i++)
        unsubscribe(names[i]);
    turn_for(0.1);
    assert_int_equal(redis_number("SPUBLISH {b}:c x"), 0);
    assert_int_equal(redis_number("PUBLISH j x"), 0);
    assert_int_equal(heard.up, 2);
    assert_int_equal(heard.down, 1);
}

static void make_names(char names[MANY][NAME])
{
    for (int i = 0; i < MANY; i++)
        snprintf(names[i], NAME, "queue%d:PUBSUB", i);
}

static void ten_thousand_channels_come_back(void **state)
{
    static char names[MANY][NAME];
    redisReply *reply;

    (void)state;
    make_names(names);
    come_up();
    for (size_t i = 0; i < MANY; i++)
        subscribe(i, names[i]);
    turn_until(&told.count, MANY);
    for (int i = 0; i < MANY; i++)
        assert_told(i, (size_t)i, STATUS_OK, false);
    redis_number("CLIENT KILL TYPE pubsub");
    turn_until(&heard.up, 2);
    reply = redis_ask("PUBSUB CHANNELS");
    assert_int_equal(reply->elements, MANY);
    freeReplyObject(reply);
    for (int i = 0; i < MANY; i++)
        redisAppendCommand(admin, "PUBLISH %s x", names[i]);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(redisGetReply(admin, (void **)&reply), REDIS_OK);
        freeReplyObject(reply);
    }
    turn_until(&heard.messages, MANY);
    for (int i = 0; i < MANY; i++)
        unsubscribe(names[i]);
    turn_for(0.5);
    reply = redis_ask("PUBSUB CHANNELS");
    assert_int_equal(reply->elements, 0);
    freeReplyObject(reply);
}

/* Channels of which each, once it is told, ends itself and its neighbour, and begins another one.
 */
enum { RESTLESS = 40 };

static struct {
    bool is_there, is_told;
} restless[2 * RESTLESS];

static const struct hearer restless_hearer;

static void restless_begin(size_t who)
{
    char name[NAME];

    snprintf(name, sizeof(name), "restless%zu", who);
    restless[who].is_there = true;
    alink_subscribe(alink, name, &restless_hearer, (void *)who); // NOLINT
}

static void restless_end(size_t who)
{
    char name[NAME];

    snprintf(name, sizeof(name), "restless%zu", who);
    if (restless[who].is_there)
        alink_unsubscribe(alink, name);
    restless[who].is_there = false;
}

static void restless_done(void *user, enum status status, const struct reason *reason)
{
    size_t who = (size_t)user;

    (void)reason;
    assert_int_equal(status, heard.up > 0 ? STATUS_OK : STATUS_UNAVAILABLE);
    assert_true(restless[who].is_there && !restless[who].is_told);
    restless[who].is_told = true;
    if (who >= RESTLESS)
        return;
    restless_end(who);
    restless_end(who ^ 1);
    restless_begin(who + RESTLESS);
}

static const struct hearer restless_hearer = {.done = restless_done};

/* One of two neighbours is told, and the one that it begins. */
static void expect_restless(void)
{
    for (size_t i = 0; i < RESTLESS; i++) {
        assert_int_equal(restless[i].is_told + restless[i ^ 1].is_told, 1);
        assert_int_equal(restless[i].is_told, restless[i + RESTLESS].is_told);
        assert_int_equal(restless[i].is_told, restless[i + RESTLESS].is_there);
    }
}

static void begin_restless(void)
{
    memset(restless, 0, sizeof(restless));
    for (size_t i = 0; i < RESTLESS; i++)
        restless_begin(i * 7 % RESTLESS);
}

static void expect_channels(size_t count)
{
    redisReply *reply = redis_ask("PUBSUB CHANNELS");

    assert_int_equal(reply->elements, count);
    freeReplyObject(reply);
}

static void who_is_told_ends_others(void **state)
{
    (void)state;
    come_up();
    begin_restless();
    turn_for(0.2);
    expect_restless();
    expect_channels(RESTLESS / 2);
}

static void who_is_refused_ends_others(void **state)
{
    (void)state;
    alink = alink_new(loop, &loop_turn, &settings, &events, &heard);
    begin_restless();
    turn_for(0.05);
    expect_restless();
    redis_start(NULL, NULL);
    turn_until(&heard.up, 1);
    expect_channels(RESTLESS / 2);
}

/* --- all at once ------------------------------------------------------------------------------ */

enum { CHANNELS = 40 };

static struct {
    bool call_runs[COUNT(calls)];
    bool is_subscribed[CHANNELS];
    bool is_told[CHANNELS];
} chaos;

static void chaos_done(void *user, enum status status, const struct reason *reason)
{
    size_t who = (size_t)user;

    assert_false(is_inside);
    assert_true(chaos.call_runs[who]);
    assert_true(status == STATUS_OK || status == STATUS_UNAVAILABLE);
    assert_true(status != STATUS_OK || !reason->outcome_unknown);
    chaos.call_runs[who] = false;
}

static void chaos_subscribed(void *user, enum status status, const struct reason *reason)
{
    size_t who = (size_t)user;

    (void)reason;
    assert_true(status == STATUS_OK || status == STATUS_UNAVAILABLE);
    assert_false(is_inside);
    assert_true(chaos.is_subscribed[who]);
    assert_false(chaos.is_told[who]);
    chaos.is_told[who] = true;
}

static const struct hearer chaos_hearer = {.done = chaos_subscribed};

static void chaos_call(size_t who)
{
    struct call *call = &calls[who];

    if (chaos.call_runs[who])
        return;
    call_begin(call, (struct owner){0}, who % 2 ? &answer : NULL, read_number, &numbers[who]);
    if (!call->script) {
        call_bytes(call, "INCR", 4);
        call_bytes(call, "counter", 7);
    } else {
        call_bytes(call, "7", 1);
    }
    chaos.call_runs[who] = true;
    is_inside = true;
    alink_run(alink, call, chaos_done, (void *)who); // NOLINT
    is_inside = false;
}

static void chaos_channel(size_t who)
{
    char name[NAME];

    snprintf(name, sizeof(name), "channel%zu", who);
    is_inside = true;
    if (chaos.is_subscribed[who])
        alink_unsubscribe(alink, name);
    else
        alink_subscribe(alink, name, &chaos_hearer, (void *)who); // NOLINT
    is_inside = false;
    chaos.is_subscribed[who] = !chaos.is_subscribed[who];
    chaos.is_told[who] = false;
}

static void chaos_other_db(void)
{
    struct settings old = settings;

    settings.redis_db = !settings.redis_db;
    is_inside = true;
    alink_configure(alink, &old, &settings);
    is_inside = false;
}

static void chaos_freeze(void)
{
    kill(redis_pid, SIGSTOP);
    turn_for(0.07);
    kill(redis_pid, SIGCONT);
}

static void chaos_step(void)
{
    int chance = rand() % 1000;

    if (chance < 3)
        redis_number("CLIENT KILL TYPE normal SKIPME yes");
    else if (chance < 6)
        redis_number("CLIENT KILL TYPE pubsub");
    else if (chance < 8)
        chaos_other_db();
    else if (chance < 10)
        redis_do("SCRIPT FLUSH");
    else if (chance < 11)
        chaos_freeze();
    else if (chance < 500)
        chaos_channel((size_t)rand() % CHANNELS);
    else
        chaos_call((size_t)rand() % COUNT(calls));
    if (rand() % 10 == 0)
        redis_do("PUBLISH channel7 x");
    if (rand() % 3 == 0)
        ev_run(loop, EVRUN_NOWAIT);
}

static void whatever_happens_each_end_is_told_once(void **state)
{
    ev_tstamp end_at;
    redisReply *reply;
    size_t wanted = 0;

    (void)state;
    memset(&chaos, 0, sizeof(chaos));
    settings.redis_timeout_ms = 50;
    srand(1);
    come_up();
    for (end_at = ev_time() + 2; ev_time() < end_at;)
        chaos_step();
    settings.redis_timeout_ms = 5000;
    turn_for(2.2); /* the longest pause before a try, and a bit */
    assert_true(alink_is_up(alink));
    assert_int_equal(heard.up, heard.down + 1);
    assert_int_equal(alink_waiting(alink), 0);
    for (size_t i = 0; i < COUNT(calls); i++)
        assert_false(chaos.call_runs[i]);
    for (size_t i = 0; i < CHANNELS; i++)
        wanted += chaos.is_subscribed[i];
    reply = redis_ask("PUBSUB CHANNELS");
    assert_int_equal(reply->elements, wanted);
    freeReplyObject(reply);
    for (size_t i = 0; i < CHANNELS; i++)
        assert_int_equal(chaos.is_told[i], chaos.is_subscribed[i]);
}

#define RUNNING(test) cmocka_unit_test_setup_teardown(test, make_running, end)
#define AWAY(test)    cmocka_unit_test_setup_teardown(test, make_away, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUNNING(it_comes_up_once),
        RUNNING(all_scripts_are_loaded_first),
        RUNNING(answers_come_in_order),
        RUNNING(large_answers_wait_for_each_other),
        RUNNING(what_nobody_wants_any_more),
        RUNNING(what_was_held_back_when_it_is_killed),
        RUNNING(done_may_be_missing),
        RUNNING(again_runs_the_call_once_more),
        RUNNING(again_has_an_end),
        RUNNING(an_error_is_the_call_s_own),
        RUNNING(an_unknown_script_is_sent_as_text),
        RUNNING(what_was_lent_need_not_last),
        RUNNING(a_result_outlives_done),
        AWAY(what_is_asked_while_it_is_away),
        RUNNING(it_is_killed_with_calls_under_way),
        RUNNING(it_is_killed_while_replicas_are_awaited),
        RUNNING(what_it_refused_stays_refused),
        RUNNING(a_script_that_it_did_not_know_has_not_run),
        RUNNING(answers_before_the_end_are_read),
        RUNNING(a_call_waits_no_longer_than_the_timeout),
        RUNNING(an_idle_connection_is_asked),
        AWAY(who_tries_again_at_once_gets_the_next_turn),
        AWAY(it_waits_while_redis_is_loading),
        AWAY(wrong_then_right_password),
        AWAY(without_a_password),
        RUNNING(other_settings_make_it_dial_anew),
        RUNNING(a_replica_is_left),
        RUNNING(a_useless_redis_is_not_dialled_without_pause),
        AWAY(over_tcp),
        RUNNING(either_connection_is_killed),
        RUNNING(one_connection_is_not_enough),
        RUNNING(nothing_is_told_after_the_end),
        RUNNING(any_bytes_are_heard),
        RUNNING(who_hears_too_slowly_is_cut_off),
        RUNNING(the_subscription_ends_while_messages_come),
        RUNNING(ended_and_begun_again_at_once),
        RUNNING(a_sharded_one_ended_and_begun_again_at_once),
        RUNNING(sharded_channels_and_others),
        RUNNING(ten_thousand_channels_come_back),
        RUNNING(who_is_told_ends_others),
        AWAY(who_is_refused_ends_others),
        RUNNING(whatever_happens_each_end_is_told_once),
    };

    return cmocka_run_group_tests(tests, make, remove_all);
}
