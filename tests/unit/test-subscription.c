/* test-subscription.c - what the helper is subscribed to: asked for, confirmed, lost, ended.  The
 * wire is a stand-in that notes what is sent; the replies are those of Redis.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/settings.h"
#include "redis/nodes.h"
#include "ws/redis/flood.h"
#include "ws/redis/subscription.h"
#include "ws/redis/wire.h"

static struct settings settings;
static struct nodes nodes;
static struct subscriptions *all;
static struct buffer told; /* what was sent, and what they have told */

#define EXPECT(text)                                                                               \
    do {                                                                                           \
        assert_string_equal(told.data ? told.data : "", text);                                     \
        buffer_reset(&told);                                                                       \
    } while (0)

/* --- the wire --------------------------------------------------------------------------------- */

static struct wire {
    const struct wire_events *events;
    void *user;
    bool is_open;
} wire;

struct wire *wire_new(struct ev_loop *loop, struct turn *turn, const struct nodes *where,
                      const struct wire_events *events, void *user)
{
    assert_null(loop);
    assert_null(turn);
    assert_ptr_equal(where, &nodes);
    wire = (struct wire){.events = events, .user = user};
    return &wire;
}

void wire_free(struct wire *freed)
{
    assert_ptr_equal(freed, &wire);
}

bool wire_is_open(const struct wire *asked)
{
    assert_ptr_equal(asked, &wire);
    return wire.is_open;
}

unsigned long long wire_send(struct wire *by, int argc, const char **argv, const size_t *lens,
                             size_t answers)
{
    assert_ptr_equal(by, &wire);
    assert_null(lens);
    buffer_addf(&told, "%s", argv[0]);
    if (argc > 10)
        buffer_addf(&told, " %s..%s", argv[1], argv[argc - 1]);
    for (int i = 1; i < argc && argc <= 10; i++)
        buffer_addf(&told, " %s", argv[i]);
    buffer_addf(&told, " (%zu)|", answers);
    return 0;
}

void wire_flush(struct wire *flushed)
{
    assert_ptr_equal(flushed, &wire);
}

size_t wire_bytes(const struct wire *asked)
{
    assert_ptr_equal(asked, &wire);
    return 1234;
}

static void lose(const char *what, const char *why)
{
    wire.is_open = false;
    wire.events->lost(wire.user, what, why);
}

void wire_break(struct wire *broken, const char *what, const char *why)
{
    assert_ptr_equal(broken, &wire);
    lose(what, why);
}

void wire_renew(struct wire *renewed)
{
    assert_ptr_equal(renewed, &wire);
    lose(NULL, NULL);
}

static void come_up(void)
{
    wire.is_open = true;
    wire.events->open(wire.user);
}

/* --- what Redis says -------------------------------------------------------------------------- */

static redisReply *read_reply(const char *bytes, size_t len)
{
    redisReader *reader = redisReaderCreate();
    void *reply = NULL;

    assert_int_equal(redisReaderFeed(reader, bytes, len), REDIS_OK);
    assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
    assert_non_null(reply);
    redisReaderFree(reader);
    return reply;
}

static void hear_bytes(const char *bytes)
{
    wire.events->reply(wire.user, read_reply(bytes, strlen(bytes)));
}

/* An array of the kind, the channel, and what is written as Redis does. */
static void hear(const char *kind, const char *channel, const char *third)
{
    struct buffer bytes = {0};

    buffer_addf(&bytes, "*3\r\n$%zu\r\n%s\r\n$%zu\r\n%s\r\n%s\r\n", strlen(kind), kind,
                strlen(channel), channel, third);
    hear_bytes(bytes.data);
    buffer_clear(&bytes);
}

static void confirm(const char *channel)
{
    hear("subscribe", channel, ":1");
}

static void publish(const char *channel)
{
    hear("message", channel, "$5\r\nhello");
}

static void publish_much(const char *channel, size_t bytes)
{
    struct buffer data = {0};

    buffer_addf(&data, "$%zu\r\n%*s", bytes, (int)bytes, "x");
    hear("message", channel, data.data);
    buffer_clear(&data);
}

/* --- what they tell --------------------------------------------------------------------------- */

static void on_complete(void *user)
{
    assert_ptr_equal(user, &told);
    if (subscriptions_are_complete(all))
        buffer_add_text(&told, "complete|");
}

static void on_lost(void *user, const char *what, const char *why)
{
    assert_ptr_equal(user, &told);
    buffer_addf(&told, "lost %s: %s|", what ? what : "-", why ? why : "-");
}

static void on_refused(void *user)
{
    assert_ptr_equal(user, &told);
    buffer_add_text(&told, "refused|");
}

static int much; /* how often it was time to ask */

static void on_much(void *user)
{
    assert_ptr_equal(user, &told);
    much++;
}

static const struct subscriptions_events events = {
    .complete = on_complete,
    .lost = on_lost,
    .refused = on_refused,
    .much = on_much,
};

/* --- what whoever subscribes is told; the user is the channel's name -------------------------- */

static void on_heard(void *user, const char *data, size_t len)
{
    buffer_addf(&told, "%s: %.*s|", (const char *)user, len > 10 ? 10 : (int)len, data);
}

static void on_flooded(void *user)
{
    buffer_addf(&told, "flooded %s|", (const char *)user);
}

static const struct hearer hearer;

static const char *asks_again; /* this channel, once one was refused; NULL: nobody does */

static void on_done(void *user, enum status status, const struct reason *reason)
{
    const char *again = asks_again;

    assert_int_equal(*reason->text == '\0', status == STATUS_OK);
    buffer_addf(&told, "%s %s|", (const char *)user, status == STATUS_OK ? "is heard" : "waits");
    asks_again = NULL;
    if (again)
        subscriptions_add(all, again, &hearer, (char *)(uintptr_t)again);
}

static const struct hearer hearer = {
    .done = on_done,
    .heard = on_heard,
    .flooded = on_flooded,
};

static void add(const char *channel)
{
    subscriptions_add(all, channel, &hearer, (char *)(uintptr_t)channel);
}

static int begin(void **state)
{
    (void)state;
    settings_init(&settings);
    nodes_init(&nodes, &settings);
    all = subscriptions_new(NULL, NULL, &nodes, &events, &told);
    much = 0;
    asks_again = NULL;
    return 0;
}

static int begin_up(void **state)
{
    begin(state);
    come_up();
    EXPECT("complete|");
    return 0;
}

static int end(void **state)
{
    (void)state;
    subscriptions_free(all);
    nodes_clear(&nodes);
    settings_clear(&settings);
    buffer_clear(&told);
    return 0;
}

/* --- asked for, and confirmed ----------------------------------------------------------------- */

static void a_turn_is_one_command(void **state)
{
    (void)state;
    add("one");
    add("two");
    EXPECT("");
    subscriptions_flush(all);
    EXPECT("SUBSCRIBE one two (2)|");
    subscriptions_flush(all);
    EXPECT("");
    confirm("one");
    EXPECT("one is heard|complete|");
    publish("one");
    publish("two"); /* which is not confirmed yet */
    EXPECT("one: hello|");
    confirm("two");
    publish("two");
    EXPECT("two is heard|complete|two: hello|");
}

static void of_too_many_for_one_command(void **state)
{
    enum { CHANNELS = 600 };
    static char names[CHANNELS][8];
    static const struct hearer silent = {.heard = on_heard};

    (void)state;
    for (int i = 0; i < CHANNELS; i++) {
        snprintf(names[i], sizeof(names[i]), "c%d", i);
        subscriptions_add(all, names[i], &silent, names[i]);
    }
    subscriptions_flush(all);
    EXPECT("SUBSCRIBE c0..c255 (256)|SUBSCRIBE c256..c511 (256)|SUBSCRIBE c512..c599 (88)|");
    for (int i = 0; i < CHANNELS; i++)
        confirm(names[i]);
    buffer_reset(&told);
    publish("c0");
    publish("c599");
    EXPECT("c0: hello|c599: hello|");
}

static void names_that_look_alike(void **state)
{
    static const char *const names[] = {"a", "aa", "ab", "b", "A"};

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        add(names[i]);
    subscriptions_flush(all);
    for (size_t i = 0; i < COUNT(names); i++)
        confirm(names[i]);
    buffer_reset(&told);
    publish("ab");
    publish("A");
    publish("aaa");
    publish("");
    EXPECT("ab: hello|A: hello|");
}

static void what_is_there_when_it_opens_makes_it_complete(void **state)
{
    (void)state;
    add("one");
    add("two");
    EXPECT("refused|refused|");
    assert_false(subscriptions_are_complete(all));
    come_up();
    EXPECT("SUBSCRIBE one two (2)|");
    assert_false(subscriptions_are_complete(all));
    add("three");
    subscriptions_flush(all);
    EXPECT("SUBSCRIBE three (1)|");
    confirm("one");
    assert_false(subscriptions_are_complete(all));
    EXPECT("one is heard|");
    confirm("two");
    EXPECT("two is heard|complete|"); /* the third is one of those that come and go */
    confirm("three");
    EXPECT("three is heard|complete|");
}

/* --- Redis is away ---------------------------------------------------------------------------- */

static void who_asks_while_it_is_away(void **state)
{
    (void)state;
    add("one");
    EXPECT("refused|");
    subscriptions_flush(all);
    EXPECT("");
    subscriptions_tell_refused(all);
    EXPECT("one waits|");
    subscriptions_tell_refused(all);
    EXPECT("");
    come_up();
    EXPECT("SUBSCRIBE one (1)|");
    confirm("one");
    publish("one");
    EXPECT("complete|one: hello|"); /* once was said is said */
}

static void who_asks_again_waits_for_the_next_time(void **state)
{
    (void)state;
    add("one");
    add("two");
    asks_again = "three";
    EXPECT("refused|refused|");
    subscriptions_tell_refused(all);
    EXPECT("one waits|refused|two waits|");
    subscriptions_tell_refused(all);
    EXPECT("three waits|");
}

static void a_try_that_fails_is_no_second_refusal(void **state)
{
    (void)state;
    add("one");
    add("two");
    lose("connect", "nobody");
    EXPECT("refused|refused|lost connect: nobody|");
    subscriptions_tell_refused(all);
    EXPECT("one waits|two waits|");
    lose("connect", "nobody");
    add("three");
    subscriptions_remove(all, "one");
    subscriptions_tell_refused(all);
    EXPECT("lost connect: nobody|refused|three waits|");
}

static void all_are_asked_for_again(void **state)
{
    (void)state;
    add("one");
    add("two");
    subscriptions_flush(all);
    confirm("one");
    EXPECT("SUBSCRIBE one two (2)|one is heard|complete|");
    lose("read", "gone");
    EXPECT("lost read: gone|refused|"); /* of the second one, which nobody has confirmed */
    assert_false(subscriptions_are_complete(all));
    subscriptions_tell_refused(all);
    EXPECT("two waits|");
    add("three");
    come_up();
    EXPECT("refused|SUBSCRIBE one two three (3)|");
    publish("one");
    EXPECT(""); /* of before, who knows */
    confirm("one");
    publish("one");
    confirm("two");
    EXPECT("one: hello|");
    confirm("three");
    EXPECT("three is heard|complete|");
}

/* A late word of the old connection's would be taken for one of the new one. */
static void tickets_begin_anew(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        add("one");
        subscriptions_flush(all);
        confirm("one");
        EXPECT("SUBSCRIBE one (1)|one is heard|complete|");
        lose("read", "gone");
        EXPECT("lost read: gone|");
        subscriptions_remove(all, "one");
        come_up();
        EXPECT("complete|");
    }
}

/* --- ended ------------------------------------------------------------------------------------ */

static void ended_before_it_was_asked_for(void **state)
{
    (void)state;
    add("one");
    add("two");
    subscriptions_remove(all, "one");
    subscriptions_remove(all, "none");
    subscriptions_flush(all);
    EXPECT("SUBSCRIBE two (1)|");
    confirm("two");
    EXPECT("two is heard|complete|");
}

static void ended_before_it_was_refused(void **state)
{
    (void)state;
    add("one");
    add("two");
    EXPECT("refused|refused|");
    subscriptions_remove(all, "one");
    subscriptions_tell_refused(all);
    EXPECT("two waits|");
}

static void ended_once_it_is_heard(void **state)
{
    (void)state;
    add("one");
    subscriptions_flush(all);
    confirm("one");
    subscriptions_remove(all, "one");
    EXPECT("SUBSCRIBE one (1)|one is heard|complete|UNSUBSCRIBE one (1)|");
    publish("one");
    hear("unsubscribe", "one", ":0");
    EXPECT("");
    assert_int_equal(much, 0);
    lose("read", "gone");
    come_up();
    EXPECT("lost read: gone|complete|");
}

/* The first confirmation is that of the subscription that was ended, and what comes then is, too.
 */
static void ended_and_begun_again(void **state)
{
    (void)state;
    add("one");
    subscriptions_flush(all);
    subscriptions_remove(all, "one");
    add("one");
    subscriptions_flush(all);
    EXPECT("SUBSCRIBE one (1)|UNSUBSCRIBE one (1)|SUBSCRIBE one (1)|");
    confirm("one");
    publish("one");
    hear("unsubscribe", "one", ":0");
    EXPECT("complete|");
    confirm("one");
    publish("one");
    EXPECT("one is heard|complete|one: hello|");
}

/* --- what it must not say --------------------------------------------------------------------- */

static const struct {
    const char *bytes, *expected;
} bad[] = {
    {"-NOPERM no\r\n",                                "lost refused: NOPERM no|refused|"         },
    {"+OK\r\n",                                       "lost unexpected answer: no array|refused|"},
    {":1\r\n",                                        "lost unexpected answer: no array|refused|"},
    {"*0\r\n",                                        "lost unexpected answer: no array|refused|"},
    {"*2\r\n$9\r\nsubscribe\r\n$1\r\na\r\n",          "lost unexpected answer: no array|refused|"},
    {"*3\r\n$4\r\npong\r\n$0\r\n\r\n:1\r\n",          ""                                         },
    {"*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:1\r\n",    "complete|"                                },
    {"*3\r\n$7\r\nmessage\r\n$1\r\nb\r\n$1\r\nx\r\n", ""                                         },
};

static void what_nobody_has_asked(void **state)
{
    for (size_t i = 0; i < COUNT(bad); i++) {
        begin(state);
        come_up();
        add("a");
        subscriptions_flush(all);
        buffer_reset(&told);
        hear_bytes(bad[i].bytes);
        if (strcmp(told.data ? told.data : "", bad[i].expected) != 0)
            fail_msg("row %zu: %s", i, told.data);
        buffer_reset(&told);
        end(state);
    }
}

static void the_owner_may_end_it(void **state)
{
    (void)state;
    subscriptions_break(all, "what", "why");
    EXPECT("lost what: why|");
    come_up();
    subscriptions_renew(all);
    EXPECT("complete|lost -: -|");
    assert_int_equal(subscriptions_bytes(all), 1234);
    assert_true(wire.events->has_messages);
}

/* --- floods ----------------------------------------------------------------------------------- */

enum { MIB = 1 << 20 };

static bool is_fine(const char *bytes)
{
    redisReply *reply = read_reply(bytes, strlen(bytes));
    bool is_fine = wire.events->greeted(wire.user, reply);

    freeReplyObject(reply);
    return is_fine;
}

static void the_greeting(void **state)
{
    (void)state;
    wire.events->greet(wire.user, &wire);
    EXPECT("CLIENT ID (1)|");
    assert_true(is_fine("-NOPERM this user\r\n"));
    assert_true(is_fine("-ERR unknown command 'CLIENT'\r\n"));
    assert_false(is_fine("-ERR max number of clients reached\r\n"));
    assert_false(is_fine("-LOADING\r\n"));
}

/* Two channels, of which the first says twice as much. */
static void begin_flood(void)
{
    wire.events->greet(wire.user, &wire);
    is_fine(":7\r\n");
    add("much");
    add("half");
    subscriptions_flush(all);
    confirm("much");
    confirm("half");
    publish_much("half", MIB);
    publish_much("much", 2 * MIB);
    assert_int_equal(much, 2);
    buffer_reset(&told);
}

/* Redis holds so much. */
static void ask_held(long long held)
{
    struct call *call = subscriptions_ask_held(all);

    assert_non_null(call);
    *(long long *)call->result = held;
    subscriptions_asked_held(all, STATUS_OK);
}

static void the_channel_with_most_is_left(void **state)
{
    (void)state;
    begin_flood();
    ask_held(2 * MIB);
    EXPECT("");
    publish_much("half", MIB);
    EXPECT("half:           |");
    ask_held(20 * MIB);
    EXPECT("UNSUBSCRIBE much (1)|flooded much|");
    publish("much");
    publish("half");
    EXPECT("half: hello|");
}

static void an_answer_that_is_late(void **state)
{
    struct call *call;

    (void)state;
    begin_flood();
    call = subscriptions_ask_held(all);
    assert_non_null(call);
    assert_null(subscriptions_ask_held(all));
    *(long long *)call->result = 20LL * MIB;
    lose("read", "gone");
    subscriptions_asked_held(all, STATUS_OK);
    EXPECT("lost read: gone|");
}

static void nobody_is_asked_without_a_number(void **state)
{
    (void)state;
    wire.events->greet(wire.user, &wire);
    is_fine("-NOPERM this user\r\n");
    publish_much("what is not ours", 2 * MIB);
    assert_int_equal(much, 0);
    assert_null(subscriptions_ask_held(all));
}

/* --- in a cluster ------------------------------------------------------------------------------
 */

static void on_ended(void *user)
{
    buffer_addf(&told, "ended %s|", (const char *)user);
}

static const struct hearer member_hearer = {
    .done = on_done,
    .heard = on_heard,
    .flooded = on_flooded,
    .ended = on_ended,
};

static void add_sharded(const char *channel)
{
    subscriptions_add(all, channel, &member_hearer, (char *)(uintptr_t)channel);
}

static int begin_member(void **state)
{
    begin_up(state);
    nodes.is_member = true;
    return 0;
}

/* That channel is over, and no other. */
static void its_slot_goes_elsewhere(void **state)
{
    (void)state;
    add_sharded("{a}");
    add_sharded("{b}");
    subscriptions_flush(all);
    hear("ssubscribe", "{a}", ":1");
    hear("ssubscribe", "{b}", ":2");
    buffer_reset(&told);
    hear("sunsubscribe", "{a}", ":1");
    EXPECT("ended {a}|");
    hear("smessage", "{b}", "$5\r\nhello");
    EXPECT("{b}: hello|");
}

/* The error is the answer of the second. */
static void its_slot_was_elsewhere(void **state)
{
    (void)state;
    add_sharded("{a}");
    add_sharded("{b}");
    add_sharded("{c}");
    subscriptions_flush(all);
    buffer_reset(&told);
    hear("ssubscribe", "{a}", ":1");
    hear_bytes("-MOVED 3300 127.0.0.1:7001\r\n");
    hear("ssubscribe", "{c}", ":2");
    EXPECT("{a} is heard|complete|ended {b}|complete|{c} is heard|complete|");
    add_sharded("{d}");
    add_sharded("{e}");
    subscriptions_flush(all);
    buffer_reset(&told);
    subscriptions_remove(all, "{d}"); /* which has its error all the same */
    EXPECT("SUNSUBSCRIBE {d} (0)|");
    hear_bytes("-CLUSTERDOWN Hash slot not served\r\n");
    hear("ssubscribe", "{e}", ":3");
    EXPECT("complete|{e} is heard|complete|");
}

/* Between what is left and what is asked for then there is a fence: the error is not of that. */
static void what_was_left_was_elsewhere(void **state)
{
    (void)state;
    add_sharded("{a}");
    subscriptions_flush(all);
    hear("ssubscribe", "{a}", ":1");
    buffer_reset(&told);
    subscriptions_remove(all, "{a}");
    add_sharded("{a}");
    subscriptions_flush(all);
    EXPECT("SUNSUBSCRIBE {a} (0)|PING (1)|SSUBSCRIBE {a} (1)|");
    hear("sunsubscribe", "{a}", ":0");
    hear_bytes("-MOVED 15495 127.0.0.1:7001\r\n");
    EXPECT("PING (2)|");
    hear_bytes("+PONG\r\n");
    hear("ssubscribe", "{a}", ":1");
    hear_bytes("*2\r\n$4\r\npong\r\n$0\r\n\r\n");
    EXPECT("complete|{a} is heard|complete|complete|");
    hear("smessage", "{a}", "$5\r\nhello");
    EXPECT("{a}: hello|");
}

static int be_quiet(void **state)
{
    (void)state;
    return log_to("/dev/null") ? 0 : -1;
}

#define UP(test)     cmocka_unit_test_setup_teardown(test, begin_up, end)
#define MEMBER(test) cmocka_unit_test_setup_teardown(test, begin_member, end)
#define AWAY(test)   cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UP(a_turn_is_one_command),
        UP(of_too_many_for_one_command),
        UP(names_that_look_alike),
        AWAY(what_is_there_when_it_opens_makes_it_complete),
        AWAY(who_asks_while_it_is_away),
        AWAY(a_try_that_fails_is_no_second_refusal),
        AWAY(who_asks_again_waits_for_the_next_time),
        UP(all_are_asked_for_again),
        UP(tickets_begin_anew),
        UP(ended_before_it_was_asked_for),
        AWAY(ended_before_it_was_refused),
        UP(ended_once_it_is_heard),
        UP(ended_and_begun_again),
        cmocka_unit_test(what_nobody_has_asked),
        UP(the_owner_may_end_it),
        AWAY(the_greeting),
        UP(the_channel_with_most_is_left),
        UP(an_answer_that_is_late),
        UP(nobody_is_asked_without_a_number),
        MEMBER(its_slot_goes_elsewhere),
        MEMBER(its_slot_was_elsewhere),
        MEMBER(what_was_left_was_elsewhere),
    };

    return cmocka_run_group_tests(tests, be_quiet, NULL);
}
