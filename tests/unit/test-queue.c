/* test-queue.c - one queue: each call argument by argument, each answer good, short and wrong.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include <limits.h>

#include "broker/queue.h"

static struct call call;
static struct reason reason;

static int clear(void **state)
{
    (void)state;
    call_clear(&call);
    return 0;
}

/* --- push ---------------------------------------------------------------------------------- */

static struct pushed pushed;

enum { AT_RARE = 3 + 5 + 4, AT_BODY }; /* of a push, in argv */

#define BODY(text) ((struct body){text, sizeof(text) - 1})

/* A push of these bodies; options may follow. */
#define BODIES(...) ((const struct body[]){__VA_ARGS__})
#define PUSH(number, list, ...)                                                                    \
    (&(struct push){.queue = "foo", .bodies = (list), .count = (number), __VA_ARGS__})

static void push_call(void **state)
{
    (void)state;
    queue_push_call(&call, PUSH(1, BODIES(BODY("body")), .ttl = 0), &pushed);
    expect_call(&call, &script_push, 5, "foo:queue", "foo:UUID", "queuestat::foo", "QUEUESET",
                "restmq:{foo}:settings", "foo", "foo:", "foo:PUBSUB", "",
                "0\n\n0\n\nrestmq:{foo}:leases\nrestmq:{foo}:delayed\nrestmq:{foo}:once:\n"
                "restmq:{foo}:receipts\nrestmq:{foo}:stats",
                "body");
    queue_push_call(&call,
                    &(struct push){.queue = "a/b",
                                   .bodies = BODIES({NULL, 0}),
                                   .count = 1,
                                   .ttl = 315360000,
                                   .delay = 2592000},
                    &pushed);
    expect_call(&call, &script_push, 5, PUSH_KEYS("a/b"), "a/b", "a/b:", "a/b:PUBSUB", "315360000",
                PUSH_RARE("a/b", "2592000000", "", "0", "", ""), "");
}

static void push_call_of_a_batch(void **state)
{
    (void)state;
    call.clock_us = 1700000000123456;
    queue_push_call(&call, PUSH(3, BODIES(BODY("one"), {NULL, 0}, BODY("three")), .delay = 1),
                    &pushed);
    call.clock_us = 0;
    expect_call(&call, &script_push, 5, PUSH_KEYS("foo"), "foo", "foo:", "foo:PUBSUB", "",
                PUSH_RARE("foo", "1000", "", "0", "1700000000123456", ""), "one", "", "three");
    assert_int_equal(pushed.count, 3);
}

static void push_sends_any_bytes(void **state)
{
    static const char body[] = "\0\xff\r\n";

    (void)state;
    queue_push_call(&call, PUSH(1, BODIES({body, 4}), .ttl = 0), &pushed);
    call_resolve(&call, false);
    assert_ptr_equal(call.argv[AT_BODY], body);
    assert_int_equal(call.argv_len[AT_BODY], 4);
}

/* What a push with an idempotency key sends as its digest. */
static const char *digest_of(const struct push *push)
{
    static char digests[8][33];
    static unsigned next;
    struct push once = *push;
    char *digest = digests[next++ % COUNT(digests)];

    once.once = "key";
    once.once_len = 3;
    once.once_seconds = 300;
    queue_push_call(&call, &once, &pushed);
    call_resolve(&call, false);
    assert_memory_equal(strchr(call.argv[AT_RARE], '\n') + 33, "\n", 1);
    memcpy(digest, strchr(call.argv[AT_RARE], '\n') + 1, 32);
    digest[32] = '\0';
    return digest;
}

static void push_call_with_an_idempotency_key(void **state)
{
    const struct push *push = PUSH(1, BODIES(BODY("body")), .ttl = 60, .once = "k 1 and more",
                                   .once_len = 3, .once_seconds = 300);
    const char *digest = digest_of(push);

    (void)state;
    assert_int_equal(strspn(digest, "0123456789abcdef"), 32);
    queue_push_call(&call, push, &pushed);
    expect_call(&call, &script_push, 5, PUSH_KEYS("foo"), "foo", "foo:", "foo:PUBSUB", "60",
                PUSH_RARE("foo", "0", digest, "300", "", "k 1"), "body");
}

/* Pairs of pushes that are not the same. */
static void digests_differ(void **state)
{
    const struct push *const pairs[][2] = {
        {PUSH(1,             BODIES(BODY("a")), .ttl = 0),         PUSH(1,              BODIES(BODY("b")), .ttl = 0)                   },
        {                             PUSH(1, BODIES(BODY("a")),         .ttl = 0),            PUSH(1, BODIES(BODY("a\0")),         .ttl = 0)                            },
        {                        PUSH(1,         BODIES(BODY("a")),                    .ttl = 0), PUSH(1,           BODIES(BODY("a")),                  .ttl = 1)                       },
        { PUSH(1,            BODIES(BODY("a")),            .ttl = 1),                  PUSH(1,                    BODIES(BODY("a")),             .delay = 1)},
        {      PUSH(2,             BODIES(BODY("a"),              BODY("b")),                     .ttl = 0),
         PUSH(2,                                                BODIES(BODY("b"),                        BODY("a")), .ttl = 0)},
        {    PUSH(2,         BODIES(BODY("ab"),                                BODY("c")),                                 .ttl = 0),
         PUSH(2,                                                 BODIES(BODY("a"),                             BODY("bc")), .ttl = 0)},
        {                        PUSH(2,        BODIES(BODY("a"),                BODY("b")),            .ttl = 0),  PUSH(1,         BODIES(BODY("ab")),                             .ttl = 0)},
        {                        PUSH(2,         BODIES(BODY("a"),                 BODY("")),                                                   .ttl = 0),
         PUSH(2,                                                              BODIES(BODY(""),                    BODY("a")), .ttl = 0)},
        {                             PUSH(1,  BODIES(BODY("")),         .ttl = 0),            PUSH(2,     BODIES(BODY(""),         BODY("")),                    .ttl = 0)},
 /* the length of a body, and the same bytes within one */
        {                             PUSH(2,  BODIES(BODY("a"),        BODY("b")),         .ttl = 0),
         PUSH(1,                                                       BODIES(BODY("a\1\0\0\0\0\0\0\0b")),                    .ttl = 0)},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        if (strcmp(digest_of(pairs[i][0]), digest_of(pairs[i][1])) == 0)
            fail_msg("pair %zu", i);
        assert_string_equal(digest_of(pairs[i][1]), digest_of(pairs[i][1]));
    }
}

/* It is kept under the queue's own key, with the idempotency key in its name. */
static void digests_are_of_the_push_alone(void **state)
{
    const struct body a = BODY("a"), also_a = {"abc", 1};
    const struct push *push = PUSH(1, &a, .ttl = 5);

    (void)state;
    assert_string_equal(digest_of(push), digest_of(PUSH(1, &also_a, .ttl = 5)));
    call.clock_us = 5;
    assert_string_equal(digest_of(push), digest_of(push));
    call.clock_us = 0;
}

static void push_result(void **state)
{
    (void)state;
    pushed = (struct pushed){0};
    queue_push_call(&call, PUSH(1, BODIES(BODY("a")), .ttl = 0), &pushed);
    assert_int_equal(decode(&call, NUMBER(17)), STATUS_OK);
    assert_int_equal(pushed.first, 17);
    assert_int_equal(pushed.count, 1);
    assert_false(pushed.is_replay);
    assert_int_equal(decode(&call, LIST(NUMBER(-1))), STATUS_FULL);
    assert_int_equal(decode(&call, LIST(NUMBER(-2))), STATUS_HELD);
    assert_int_equal(decode(&call, LIST(NUMBER(0))), STATUS_CONFLICT);
    assert_int_equal(decode(&call, NUMBER(-18)), STATUS_OK); /* the queue was not listed */
    assert_int_equal(pushed.first, 18);
    EXPECT_UNEXPECTED(&call, NIL, NUMBER(0), NUMBER(-(1LL << 53)), NUMBER(1LL << 53),
                      NUMBER(LLONG_MAX), TEXT("x"), TEXT(""), SIMPLE("OK"), LIST(), LIST(NIL),
                      LIST(NUMBER(-3)), LIST(TEXT("x"), NUMBER(1)));
}

static void push_result_of_a_repeated_push(void **state)
{
    (void)state;
    queue_push_call(&call, PUSH(3, BODIES(BODY("a"), BODY("b"), BODY("c")), .ttl = 0), &pushed);
    assert_int_equal(decode(&call, LIST(NUMBER(17), NUMBER(3))), STATUS_OK);
    assert_int_equal(pushed.first, 17);
    assert_int_equal(pushed.count, 3);
    assert_true(pushed.is_replay);
    /* how many is part of what makes two pushes the same */
    EXPECT_UNEXPECTED(&call, LIST(NUMBER(17), NUMBER(2)), LIST(NUMBER(17), NIL),
                      LIST(NUMBER(17), NUMBER(2000000000)));
    assert_int_equal(decode(&call, NUMBER(20)), STATUS_OK);
    assert_int_equal(pushed.first, 20);
    assert_int_equal(pushed.count, 3);
    assert_false(pushed.is_replay);
}

/* --- which pushes -------------------------------------------------------------------------- */

static void sizes_of_pushes(void **state)
{
    static char bytes[LIMIT_BATCH_BYTES + 2];
    const long long half = LIMIT_BATCH_BYTES / 2, all = LIMIT_BATCH_BYTES;
    const struct {
        struct body bodies[3];
        int count;
        long long max_message;
        enum status status;
        const char *text;
    } rows[] = {
        {{{"", 0}},                                                  1, 1,       STATUS_OK,        ""                                 },
        {{{bytes, 10}},                                              1, 10,      STATUS_OK,        ""                                 },
        {{{bytes, 11}},                                              1, 10,      STATUS_TOO_LARGE, "at most 10 bytes"                 },
        {{{bytes, 1}, {bytes, 10}, {bytes, 2}},                      3, 10,      STATUS_OK,        ""                                 },
        {{{bytes, 1}, {bytes, 2}, {bytes, 11}},                      3, 10,      STATUS_TOO_LARGE, "at most 10 bytes"                 },
 /* the batch's own limit is none for one message */
        {{{bytes, sizeof(bytes)}},                                   1, all * 2, STATUS_OK,        ""                                 },
        {{{bytes, (size_t)half}, {bytes, (size_t)half}},             2, all,     STATUS_OK,        ""                                 },
        {{{bytes, (size_t)half}, {bytes, (size_t)half}, {bytes, 1}},
         3,                                                             all,
         STATUS_TOO_LARGE,                                                                         "a batch has at most 1048576 bytes"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct push push = {.queue = "foo", .bodies = rows[i].bodies, .count = rows[i].count};

        reason = (struct reason){0};
        if (push_check(&push, rows[i].max_message, &reason) != rows[i].status ||
            !strstr(reason.text, rows[i].text))
            fail_msg("row %zu: %s", i, reason.text);
    }
}

static void dead_letters_take_no_pushes(void **state)
{
    struct push push = {.queue = "foo.dead", .bodies = BODIES(BODY("a")), .count = 1};

    (void)state;
    assert_int_equal(push_check(&push, 10, &reason), STATUS_BAD_NAME);
    push.queue = "foo.deadx";
    assert_int_equal(push_check(&push, 10, &reason), STATUS_OK);
}

static void idempotency_keys(void **state)
{
    char *wall = wall_new(4096);
    char longest[LIMIT_ONCE + 1];
    const struct {
        const char *once;
        size_t len;
        bool is_good;
    } rows[] = {
        {"k",         1,              true },
        {" ",         1,              true },
        {"~",         1,              true },
        {"{}:/",      4,              true },
        {longest,     LIMIT_ONCE,     true },
        {longest,     LIMIT_ONCE + 1, false},
        {"",          0,              false},
        {"a\0b",      3,              false},
        {"a\n",       2,              false},
        {"\x1f",      1,              false},
        {"\x7f",      1,              false},
        {"\x80",      1,              false},
        {"\xff",      1,              false},
        {"a\xc3\xa4", 3,              false},
    };

    (void)state;
    memset(longest, 'k', sizeof(longest));
    assert_int_equal(LIMIT_ONCE, 128);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct push push = {.once = wall_put(wall, rows[i].once, rows[i].len),
                            .once_len = rows[i].len};
        enum status status = push_check_once(&push, "once", &reason);

        if (status != (rows[i].is_good ? STATUS_OK : STATUS_BAD_VALUE))
            fail_msg("row %zu", i);
        if (status != STATUS_OK)
            assert_string_equal(reason.text, "once must be 1 to 128 bytes of printable ASCII");
    }
}

/* --- peek ---------------------------------------------------------------------------------- */

static void peek_call(void **state)
{
    struct message message;

    (void)state;
    queue_peek_call(&call, "foo", true, &message);
    expect_call(&call, &script_peek, 11, GIVEBACK_KEYS("foo"), "foo:", "1", "foo.dead",
                "restmq:{foo}:events", "");
    call.clock_us = 5;
    queue_peek_call(&call, "foo", false, &message);
    call.clock_us = 0;
    expect_call(&call, &script_peek, 11, GIVEBACK_KEYS("foo"), "foo:", "0", "foo.dead",
                "restmq:{foo}:events", "5");
}

static void peek_result(void **state)
{
    struct message message;

    (void)state;
    queue_peek_call(&call, "foo", true, &message);
    assert_int_equal(decode(&call, LIST(NUMBER(0), TEXT("foo:7"), TEXT("x\0"), NUMBER(3))),
                     STATUS_OK);
    assert_string_equal(message.key, "foo:7");
    assert_int_equal(message.key_len, 5);
    assert_int_equal(message.value_len, 2);
    assert_int_equal(message.count, 3);
    assert_string_equal(message.token, "");
    assert_int_equal(decode(&call, LIST(NUMBER(0))), STATUS_EMPTY);
    assert_int_equal(decode(&call, LIST(NUMBER(1))), STATUS_AGAIN);
    EXPECT_UNEXPECTED(&call, NIL, NUMBER(0), LIST(), LIST(NUMBER(0), TEXT("foo:7")),
                      LIST(NUMBER(0), TEXT("foo:7"), TEXT("x")),
                      LIST(NUMBER(0), TEXT("foo:7"), NIL, NUMBER(3)),
                      LIST(NUMBER(0), NUMBER(7), TEXT("x"), NUMBER(3)),
                      LIST(NUMBER(0), TEXT("foo:7"), TEXT("x"), NUMBER(3), NUMBER(4)));
}

/* --- redrive, purge, sweep ----------------------------------------------------------------- */

static void redrive_call_and_result(void **state)
{
    struct redrive redrive = {.redriven = 99};

    (void)state;
    call.clock_us = 7;
    queue_redrive_call(&call, "foo.dead", 5, &redrive);
    call.clock_us = 0;
    expect_call(&call, &script_redrive, 14, DEAD_GIVEBACK_KEYS("foo"), "foo:queue",
                "queuestat::foo", "restmq:{foo}:settings", "foo", "foo:", "5",
                "restmq:{foo}:events", "restmq:{foo}.dead:events", "7");
    assert_int_equal(decode(&call, LIST(NUMBER(5), NUMBER(1))), STATUS_OK);
    assert_int_equal(redrive.redriven, 5);
    assert_false(redrive.has_more); /* nobody asked for all */
    EXPECT_UNEXPECTED(&call, NIL, NUMBER(5), TEXT("5"), LIST(), LIST(NUMBER(5)),
                      LIST(TEXT("x"), NUMBER(0)), LIST(NUMBER(2501), NUMBER(0)));
    assert_int_equal(redrive.redriven, 5);
}

/* Some at a time: the sum is told. */
static void redrive_of_all(void **state)
{
    struct redrive redrive = {.redriven = 99};

    (void)state;
    queue_redrive_call(&call, "a/b.dead", 0, &redrive);
    expect_call(&call, &script_redrive, 14, DEAD_GIVEBACK_KEYS("a/b"), "a/b:queue",
                "queuestat::a/b", "restmq:{a/b}:settings", "a/b", "a/b:", "2500",
                "restmq:{a/b}:events", "restmq:{a/b}.dead:events", "");
    assert_int_equal(decode(&call, LIST(NUMBER(-1), NUMBER(0))), STATUS_HELD);
    assert_int_equal(decode(&call, LIST(NUMBER(2500), NUMBER(1))), STATUS_AGAIN);
    assert_int_equal(decode(&call, LIST(NUMBER(2500), NUMBER(1))), STATUS_AGAIN);
    assert_int_equal(decode(&call, LIST(NUMBER(3), NUMBER(0))), STATUS_OK);
    assert_int_equal(redrive.redriven, 5003);
    assert_false(redrive.has_more);
    queue_redrive_call(&call, "a/b.dead", 0, &redrive);
    assert_int_equal(decode(&call, LIST(NUMBER(0), NUMBER(0))), STATUS_OK);
    assert_int_equal(redrive.redriven, 0);
}

static void redrive_of_more_than_one_request_moves(void **state)
{
    struct redrive redrive;

    (void)state;
    queue_redrive_call(&call, "foo.dead", 0, &redrive);
    for (int i = 1; i < LIMIT_STEPS; i++)
        assert_int_equal(decode(&call, LIST(NUMBER(2500), NUMBER(1))), STATUS_AGAIN);
    assert_int_equal(decode(&call, LIST(NUMBER(2500), NUMBER(1))), STATUS_OK);
    assert_true(redrive.has_more);
    assert_int_equal(redrive.redriven, LIMIT_STEPS * 2500);
}

static void purge_call_and_result(void **state)
{
    long long purged = -1;

    (void)state;
    queue_purge_call(&call, "foo", &purged);
    expect_call(&call, &script_purge, 6, "foo:queue", "restmq:{foo}:leases", "restmq:{foo}:delayed",
                "restmq:{foo}:receipts", "restmq:{foo}:trash", "restmq:{foo}:stats",
                "restmq:{foo}:events");
    assert_int_equal(decode(&call, NUMBER(1000000)), STATUS_OK);
    assert_int_equal(purged, 1000000);
    EXPECT_UNEXPECTED(&call, NIL, TEXT("1"), LIST(NUMBER(1)), SIMPLE("OK"));
    assert_int_equal(purged, 1000000);
}

static void sweep_call_and_result(void **state)
{
    bool more = false;

    (void)state;
    queue_sweep_call(&call, "foo.dead", SWEEP_PURGED, &more);
    expect_call(&call, &script_sweep, 11, DEAD_GIVEBACK_KEYS("foo"), "foo:", "100", "1048576", "1",
                "foo.dead", "restmq:{foo}.dead:events", "");
    queue_sweep_call(&call, "foo", SWEEP_ALL, &more);
    expect_call(&call, &script_sweep, 11, GIVEBACK_KEYS("foo"), "foo:", "100", "1048576", "0",
                "foo.dead", "restmq:{foo}:events", "");
    assert_int_equal(decode(&call, NUMBER(1)), STATUS_OK);
    assert_true(more);
    assert_int_equal(decode(&call, NUMBER(0)), STATUS_OK);
    assert_false(more);
    EXPECT_UNEXPECTED(&call, NIL, TEXT("1"), LIST(), SIMPLE("OK"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(push_call),
        cmocka_unit_test(push_call_of_a_batch),
        cmocka_unit_test(push_sends_any_bytes),
        cmocka_unit_test(push_call_with_an_idempotency_key),
        cmocka_unit_test(digests_differ),
        cmocka_unit_test(digests_are_of_the_push_alone),
        cmocka_unit_test(push_result),
        cmocka_unit_test(push_result_of_a_repeated_push),
        cmocka_unit_test(sizes_of_pushes),
        cmocka_unit_test(dead_letters_take_no_pushes),
        cmocka_unit_test(idempotency_keys),
        cmocka_unit_test(peek_call),
        cmocka_unit_test(peek_result),
        cmocka_unit_test(redrive_call_and_result),
        cmocka_unit_test(redrive_of_all),
        cmocka_unit_test(redrive_of_more_than_one_request_moves),
        cmocka_unit_test(purge_call_and_result),
        cmocka_unit_test(sweep_call_and_result),
    };

    return cmocka_run_group_tests(tests, NULL, clear);
}
