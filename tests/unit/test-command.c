/* test-command.c - RestMQ's JSON protocol: text to call, reply to text.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include "broker/helpers.h"
#include "broker/token.h"
#include "protocol/command.h"

static struct token_pool tokens;
static struct helpers helpers;
static const struct command_limits plain = {
    .max_message = 20, .once_seconds = 300, .tokens = &tokens, .helpers = &helpers};
static const struct command_limits with_id = {
    .max_message = 20, .once_seconds = 300, .has_id = true, .tokens = &tokens, .helpers = &helpers};
static const struct command_limits *limits = &plain;
static struct command command;
static struct call call;
static struct reason reason;
static struct buffer out;

static int clear(void **state)
{
    (void)state;
    command_clear(&command);
    call_clear(&call);
    buffer_clear(&out);
    helpers_clear(&helpers);
    limits = &plain;
    return 0;
}

static enum status parse(const char *text)
{
    reason = (struct reason){0};
    return command_parse(&command, text, strlen(text), limits, &call, &reason);
}

/* The whole way: text in, what Redis answers, text out. */
static const char *run(const char *text, const redisReply *reply)
{
    enum status status = parse(text);

    if (status == STATUS_OK)
        status = call.decode(&call, reply, &reason);
    buffer_reset(&out);
    command_render(&command, status, &reason, &out);
    return out.data;
}

/* --- good commands ------------------------------------------------------------------------- */

/* What a push sends behind its keys, up to the bodies. */
#define PUSH_TEXTS(q, ttl, delay_ms)                                                               \
    q, q ":", q ":PUBSUB", ttl, PUSH_RARE(q, delay_ms, "", "0", "", "")

enum { AT_RARE = 3 + 5 + 4, AT_BODY }; /* of a push, in argv */

static void add(void **state)
{
    (void)state;
    assert_string_equal(run("{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"v\"}", NUMBER(7)),
                        "{\"queue\":\"q\",\"value\":\"v\",\"key\":\"q:7\"}");
    expect_call(&call, &script_push, 5, PUSH_KEYS("q"), PUSH_TEXTS("q", "", "0"), "v");
    assert_int_equal(parse("{\"ttl\":60,\"value\":\"\",\"queue\":\"a/b\",\"delay\":\"5\","
                           "\"cmd\":\"add\"}"),
                     STATUS_OK);
    expect_call(&call, &script_push, 5, PUSH_KEYS("a/b"), PUSH_TEXTS("a/b", "60", "5000"), "");
}

static void add_with_any_bytes(void **state)
{
    (void)state;
    assert_string_equal(
        run("{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"/wA=\",\"encoding\":\"base64\"}",
            NUMBER(1)),
        "{\"queue\":\"q\",\"value\":\"/wA=\",\"key\":\"q:1\"}");
    call_resolve(&call, false);
    assert_int_equal(call.argv_len[AT_BODY], 2);
    assert_memory_equal(call.argv[AT_BODY], "\xff\0", 2);
    assert_int_equal(parse("{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"a\\u0000b\"}"), STATUS_OK);
    call_resolve(&call, false);
    assert_int_equal(call.argv_len[AT_BODY], 3);
    assert_memory_equal(call.argv[AT_BODY], "a\0b", 3);
    assert_int_equal(
        parse("{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"\",\"encoding\":\"base64\"}"),
        STATUS_OK);
    expect_call(&call, &script_push, 5, PUSH_KEYS("q"), PUSH_TEXTS("q", "", "0"), "");
}

static void add_of_many(void **state)
{
    (void)state;
    assert_string_equal(run("{\"cmd\":\"add\",\"queue\":\"q\",\"values\":[\"one\",\"\",\"three\"],"
                            "\"ttl\":60}",
                            NUMBER(9)),
                        "{\"queue\":\"q\",\"keys\":[\"q:9\",\"q:10\",\"q:11\"]}");
    expect_call(&call, &script_push, 5, PUSH_KEYS("q"), PUSH_TEXTS("q", "60", "0"), "one", "",
                "three");
    assert_string_equal(run("{\"cmd\":\"add\",\"queue\":\"q\",\"values\":[\"v\"]}", NUMBER(9)),
                        "{\"queue\":\"q\",\"keys\":[\"q:9\"]}");
    assert_string_equal(run("{\"cmd\":\"add\",\"queue\":\"q\",\"values\":[\"/wA=\",\"\",\"AP8A\"],"
                            "\"encoding\":\"base64\"}",
                            NUMBER(1)),
                        "{\"queue\":\"q\",\"keys\":[\"q:1\",\"q:2\",\"q:3\"]}");
    call_resolve(&call, false);
    assert_int_equal(call.argv_len[AT_BODY], 2);
    assert_memory_equal(call.argv[AT_BODY], "\xff\0", 2);
    assert_int_equal(call.argv_len[AT_BODY + 1], 0);
    assert_int_equal(call.argv_len[AT_BODY + 2], 3);
    assert_memory_equal(call.argv[AT_BODY + 2], "\0\xff\0", 3);
}

static void add_once(void **state)
{
    static const char text[] = "{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"v\",\"once\":\"k1\"}";
    char digest[33] = "";

    (void)state;
    assert_string_equal(run(text, NUMBER(7)), "{\"queue\":\"q\",\"value\":\"v\",\"key\":\"q:7\"}");
    call_resolve(&call, false);
    memcpy(digest, strchr(call.argv[AT_RARE], '\n') + 1, sizeof(digest) - 1);
    expect_call(&call, &script_push, 5, PUSH_KEYS("q"), "q", "q:", "q:PUBSUB", "",
                PUSH_RARE("q", "0", digest, "300", "", "k1"), "v");
    assert_string_equal(run(text, LIST(NUMBER(7), NUMBER(1))),
                        "{\"queue\":\"q\",\"value\":\"v\",\"key\":\"q:7\",\"replay\":true}");
    assert_non_null(strstr(run(text, LIST(NUMBER(0))), "\"code\":\"conflict\""));
    assert_non_null(strstr(run(text, LIST(NUMBER(-1))), "\"code\":\"full\""));
    assert_string_equal(run("{\"cmd\":\"add\",\"queue\":\"q\",\"values\":[\"a\",\"b\"],"
                            "\"once\":\"k1\"}",
                            LIST(NUMBER(7), NUMBER(2))),
                        "{\"queue\":\"q\",\"keys\":[\"q:7\",\"q:8\"],\"replay\":true}");
}

static void pub(void **state)
{
    (void)state;
    assert_string_equal(run("{\"cmd\":\"pub\",\"channel\":\"a/b\",\"value\":\"v\"}", NUMBER(3)),
                        "{\"channel\":\"a/b\",\"receivers\":3}");
    assert_int_equal(parse("{\"cmd\":\"pub\",\"channel\":\"c\",\"value\":\"/wA=\","
                           "\"encoding\":\"base64\"}"),
                     STATUS_OK);
    assert_true(call.changes);
    assert_ptr_equal(call.script, &script_publish);
    call_resolve(&call, false);
    assert_int_equal(call.argv_len[6], 2);
    assert_memory_equal(call.argv[6], "\xff\0", 2);
}

static void get(void **state)
{
    static const char text[] = "{\"cmd\":\"get\",\"queue\":\"q\"}";

    (void)state;
    assert_string_equal(run(text, LIST(NUMBER(0), TEXT("q:7"), TEXT("v"), NUMBER(2))),
                        "{\"queue\":\"q\",\"key\":\"q:7\",\"value\":\"v\",\"count\":2}");
    expect_call(&call, &script_peek, 11, GIVEBACK_KEYS("q"), "q:", "1", "q.dead",
                "restmq:{q}:events", "");
    assert_string_equal(run(text, LIST(NUMBER(0))),
                        "{\"error\":\"empty queue\",\"code\":\"empty\"}");
}

#define NOTHING_TAKEN LIST(NUMBER(0), NUMBER(0), NUMBER(0))

/* What the tokens of the messages begin with, as the call says it. */
static const char *token_of_take(void)
{
    enum { AT_TOKEN = 6 + 3 };
    static char token[TOKEN_RANDOM + 1];
    size_t len;
    const char *rare = call_argument(&call, AT_TOKEN, &len);

    assert_true(len > TOKEN_RANDOM && rare[TOKEN_RANDOM] == '\n');
    memcpy(token, rare, TOKEN_RANDOM);
    return token;
}

/* Does the call take from that queue? */
#define EXPECT_TAKE(q, count, lease_ms)                                                            \
    expect_call(&call, &script_take, 6, TAKE_KEYS(q), q ":", count, lease_ms,                      \
                TAKE_RARE(token_of_take(), q, ""))

static void take(void **state)
{
    static const char text[] = "{\"cmd\":\"take\",\"queue\":\"q\"}";

    (void)state;
    assert_string_equal(
        run(text, LIST(NUMBER(0), NUMBER(0), NUMBER(0), TEXT("q:7"), TEXT("\xff"), NUMBER(1))),
        "{\"queue\":\"q\",\"key\":\"q:7\",\"value\":\"/w==\","
        "\"encoding\":\"base64\"}");
    EXPECT_TAKE("q", "1", "");
    assert_string_equal(run(text, NOTHING_TAKEN), "{\"error\":\"empty queue\",\"code\":\"empty\"}");
}

static void take_with_a_lease(void **state)
{
    char expected[256];
    const char *answer =
        run("{\"cmd\":\"take\",\"queue\":\"q\",\"lease\":30}",
            LIST(NUMBER(0), NUMBER(0), NUMBER(1700000030000), TEXT("q:7"), TEXT("v"), NUMBER(2)));

    (void)state;
    snprintf(expected, sizeof(expected),
             "{\"queue\":\"q\",\"key\":\"q:7\",\"value\":\"v\",\"lease\":\"%s\","
             "\"lease_until\":1700000030000,\"deliveries\":2}",
             token_of_take());
    assert_string_equal(answer, expected);
    EXPECT_TAKE("q", "1", "30000");
    assert_int_equal(parse("{\"cmd\":\"take\",\"queue\":\"q\",\"lease\":0}"), STATUS_OK);
    EXPECT_TAKE("q", "1", "0");
    assert_int_equal(parse("{\"cmd\":\"take\",\"queue\":\"q\",\"lease\":\"43200\"}"), STATUS_OK);
    EXPECT_TAKE("q", "1", "43200000");
}

static void take_many(void **state)
{
    static const char text[] = "{\"cmd\":\"take\",\"queue\":\"q\",\"count\":2}";

    (void)state;
    assert_string_equal(run(text, LIST(NUMBER(0), NUMBER(0), NUMBER(0), TEXT("q:1"), TEXT("a"),
                                       NUMBER(1), TEXT("q:2"), TEXT("b"), NUMBER(1))),
                        "{\"queue\":\"q\",\"messages\":[{\"key\":\"q:1\",\"value\":\"a\"},"
                        "{\"key\":\"q:2\",\"value\":\"b\"}]}");
    EXPECT_TAKE("q", "2", "");
    assert_string_equal(run(text, NOTHING_TAKEN), "{\"queue\":\"q\",\"messages\":[]}");
    assert_int_equal(parse("{\"cmd\":\"take\",\"queue\":\"q\",\"count\":\"1000\"}"), STATUS_OK);
    EXPECT_TAKE("q", "1000", "");
}

/* After a run with that status; and what it is then. */
static bool goes_on(enum status status, enum status expected)
{
    bool has_next = command_next(&command, &call, &status);

    assert_int_equal(status, expected);
    return has_next;
}

static void take_from_several_queues(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"cmd\":\"take\",\"queues\":[\"high\",\"a/b\",\"low\"],\"count\":5,"
                           "\"lease\":30}"),
                     STATUS_OK);
    EXPECT_TAKE("high", "5", "30000");
    assert_int_equal(decode(&call, NOTHING_TAKEN), STATUS_EMPTY);
    assert_true(goes_on(STATUS_EMPTY, STATUS_EMPTY));
    EXPECT_TAKE("a/b", "5", "30000");
    assert_true(goes_on(STATUS_EMPTY, STATUS_EMPTY));
    EXPECT_TAKE("low", "5", "30000");
    assert_string_equal(command.queue, "low");
    assert_false(goes_on(STATUS_EMPTY, STATUS_EMPTY));
    command_render(&command, STATUS_EMPTY, &reason, &out);
    assert_string_equal(out.data, "{\"queue\":\"low\",\"messages\":[]}");
}

static void a_held_queue_is_passed_over(void **state)
{
    static const char text[] = "{\"cmd\":\"take\",\"queues\":[\"a\",\"b\"],\"count\":5}";

    (void)state;
    assert_int_equal(parse(text), STATUS_OK);
    assert_int_equal(decode(&call, LIST(NUMBER(0), NUMBER(0), NUMBER(-1))), STATUS_HELD);
    assert_true(goes_on(STATUS_HELD, STATUS_HELD));
    EXPECT_TAKE("b", "5", "");
    assert_false(goes_on(STATUS_EMPTY, STATUS_HELD));
    assert_int_equal(parse(text), STATUS_OK);
    assert_true(goes_on(STATUS_EMPTY, STATUS_EMPTY));
    assert_false(goes_on(STATUS_EMPTY, STATUS_EMPTY));
    assert_int_equal(parse(text), STATUS_OK);
    assert_true(goes_on(STATUS_EMPTY, STATUS_EMPTY));
    assert_false(goes_on(STATUS_HELD, STATUS_HELD));
    assert_false(goes_on(STATUS_UNAVAILABLE, STATUS_UNAVAILABLE));
}

static void the_queue_that_had_a_message_is_named(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"cmd\":\"take\",\"queues\":[\"high\",\"low\"]}"), STATUS_OK);
    assert_true(goes_on(STATUS_EMPTY, STATUS_EMPTY));
    assert_int_equal(
        decode(&call, LIST(NUMBER(0), NUMBER(0), NUMBER(0), TEXT("low:1"), TEXT("v"), NUMBER(1))),
        STATUS_OK);
    command_render(&command, STATUS_OK, &reason, &out);
    assert_string_equal(out.data, "{\"queue\":\"low\",\"key\":\"low:1\",\"value\":\"v\"}");
    /* and the next command begins with its own first one */
    assert_int_equal(parse("{\"cmd\":\"take\",\"queues\":[\"high\",\"low\"]}"), STATUS_OK);
    EXPECT_TAKE("high", "1", "");
}

static void only_a_take_from_several_has_a_next(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"cmd\":\"take\",\"queue\":\"q\"}"), STATUS_OK);
    assert_false(goes_on(STATUS_EMPTY, STATUS_EMPTY));
    assert_int_equal(parse("{\"cmd\":\"take\",\"queues\":[\"q\"]}"), STATUS_OK);
    assert_false(goes_on(STATUS_EMPTY, STATUS_EMPTY));
    assert_int_equal(parse("{\"cmd\":\"get\",\"queue\":\"q\"}"), STATUS_OK);
    assert_false(goes_on(STATUS_EMPTY, STATUS_EMPTY));
    assert_int_equal(parse("{\"cmd\":\"add\",\"queue\":\"q\",\"values\":[\"a\",\"b\"]}"),
                     STATUS_OK);
    assert_false(goes_on(STATUS_EMPTY, STATUS_EMPTY));
}

static void expect_queues(const char *names)
{
    struct buffer found = {0};
    const char *name;

    for (int i = 0; (name = command_queue(&command, i)); i++)
        buffer_addf(&found, "%s,", name);
    assert_string_equal(found.data, names);
    buffer_clear(&found);
}

static void which_queues_it_is_about(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"cmd\":\"take\",\"queues\":[\"high\",\"a/b\",\"low\"]}"), STATUS_OK);
    expect_queues("high,a/b,low,");
    assert_true(goes_on(STATUS_EMPTY, STATUS_EMPTY));
    expect_queues("high,a/b,low,"); /* whichever is in turn */
    assert_int_equal(parse("{\"cmd\":\"get\",\"queue\":\"q\"}"), STATUS_OK);
    expect_queues("q,");
    assert_int_equal(parse("{\"cmd\":\"take\",\"queue\":\"q\"}"), STATUS_OK);
    expect_queues("q,");
    assert_int_equal(parse("{\"cmd\":\"pub\",\"channel\":\"c\",\"value\":\"\"}"), STATUS_OK);
    expect_queues("c,");
    assert_int_equal(parse("{\"cmd\":\"list\"}"), STATUS_OK);
    expect_queues(",");
}

#define DELETE_KEYS(q)                                                                             \
    q ":queue", "restmq:{" q "}:leases", "restmq:{" q "}:receipts", "restmq:{" q "}:delayed",      \
        q ".dead:queue", "restmq:{" q "}.dead:leases", "restmq:{" q "}.dead:receipts",             \
        "restmq:{" q "}.dead:delayed", q ":UUID", "restmq:{" q "}:foreign"

static void del(void **state)
{
    static const char text[] = "{\"cmd\":\"del\",\"queue\":\"q\",\"key\":\"q:7\"}";

    (void)state;
    assert_string_equal(run(text, NUMBER(1)), "{\"queue\":\"q\",\"deleted\":true,\"key\":\"q:7\"}");
    expect_call(&call, &script_delete, 10, DELETE_KEYS("q"), "q:7", "10000", "", "0");
    assert_string_equal(run(text, NUMBER(0)),
                        "{\"queue\":\"q\",\"deleted\":false,\"key\":\"q:7\"}");
    assert_string_equal(run(text, NUMBER(1700000030000)),
                        "{\"error\":\"leased until 1700000030000, and no token was sent\","
                        "\"code\":\"stale_lease\"}");
    assert_int_equal(parse("{\"cmd\":\"del\",\"queue\":\"q.dead\",\"key\":\"q:7\"}"), STATUS_OK);
}

static void del_with_a_token(void **state)
{
    (void)state;
    assert_string_equal(
        run("{\"cmd\":\"del\",\"queue\":\"q\",\"key\":\"q:7\",\"lease\":\"tok\"}", LIST(NUMBER(1))),
        "{\"queue\":\"q\",\"deleted\":true,\"key\":\"q:7\"}");
    expect_call(&call, &script_ack, 3, "restmq:{q}:leases", "restmq:{q}:receipts",
                "restmq:{q}:stats", "q:7", "tok");
}

static void extend(void **state)
{
    static const char text[] = "{\"cmd\":\"extend\",\"queue\":\"q\",\"key\":\"q:7\","
                               "\"lease\":\"tok\",\"seconds\":30}";

    (void)state;
    assert_string_equal(run(text, LIST(NUMBER(1700000030000))),
                        "{\"queue\":\"q\",\"key\":\"q:7\",\"lease_until\":1700000030000}");
    expect_call(&call, &script_extend, 2, "restmq:{q}:leases", "restmq:{q}:receipts", "30000", "",
                "q:7", "tok");
    assert_string_equal(run(text, LIST(NUMBER(-1))),
                        "{\"error\":\"this is not the token of the lease in force\","
                        "\"code\":\"stale_lease\"}");
}

static void release(void **state)
{
    (void)state;
    assert_string_equal(run("{\"cmd\":\"release\",\"queue\":\"q\",\"key\":\"q:7\","
                            "\"lease\":\"tok\"}",
                            LIST(NUMBER(1))),
                        "{\"queue\":\"q\",\"key\":\"q:7\",\"released\":true}");
    expect_call(&call, &script_release, 11, GIVEBACK_KEYS("q"), "", "", "q.dead",
                "restmq:{q}:events", "", "q:7", "tok");
    assert_non_null(strstr(run("{\"cmd\":\"release\",\"queue\":\"q\",\"key\":\"q:7\","
                               "\"lease\":\"tok\",\"delay\":0,\"reason\":\"why\"}",
                               LIST(NUMBER(-1))),
                           "\"code\":\"stale_lease\""));
    expect_call(&call, &script_release, 11, GIVEBACK_KEYS("q"), "0", "why", "q.dead",
                "restmq:{q}:events", "", "q:7", "tok");
}

#define MESSAGES                                                                                   \
    "\"queue\":\"q\",\"messages\":[{\"key\":\"q:7\",\"lease\":\"a\"},"                             \
    "{\"lease\":\"b\",\"key\":\"q:8\"}]"
#define STALE                                                                                      \
    "{\"key\":\"q:8\",\"error\":\"this is not the token of the lease in force\","                  \
    "\"code\":\"stale_lease\"}"

static void many_at_once(void **state)
{
    (void)state;
    assert_string_equal(run("{\"cmd\":\"acks\"," MESSAGES "}", LIST(NUMBER(1), NUMBER(-1))),
                        "{\"queue\":\"q\",\"messages\":[{\"key\":\"q:7\",\"deleted\":true}," STALE
                        "]}");
    expect_call(&call, &script_ack, 4, "restmq:{q}:leases", "restmq:{q}:receipts",
                "restmq:{q}:stats", "restmq:{q}:trash", "q:7", "a", "q:8", "b");
    assert_string_equal(run("{\"cmd\":\"extends\"," MESSAGES ",\"seconds\":30}",
                            LIST(NUMBER(1700000030000), NUMBER(-1))),
                        "{\"queue\":\"q\",\"messages\":[{\"key\":\"q:7\","
                        "\"lease_until\":1700000030000}," STALE "]}");
    expect_call(&call, &script_extend, 2, "restmq:{q}:leases", "restmq:{q}:receipts", "30000", "",
                "q:7", "a", "q:8", "b");
    assert_string_equal(run("{\"cmd\":\"releases\"," MESSAGES ",\"delay\":5,\"reason\":\"why\"}",
                            LIST(NUMBER(1), NUMBER(-1))),
                        "{\"queue\":\"q\",\"messages\":[{\"key\":\"q:7\",\"released\":true}," STALE
                        "]}");
    expect_call(&call, &script_release, 11, GIVEBACK_KEYS("q"), "5000", "why", "q.dead",
                "restmq:{q}:events", "", "q:7", "a", "q:8", "b");
}

#define STATE                                                                                      \
    LIST(NUMBER(5), TEXT("20"), TEXT("0"), TEXT("2"), NUMBER(1), NUMBER(2), NUMBER(3),             \
         LIST(TEXT("acked"), TEXT("4")), LIST(), LIST(), TEXT("7"))
#define STATE_KEYS(q)                                                                              \
    q ":queue", q ":UUID", "queuestat::" q, q ":queuepolicy", "restmq:{" q "}:leases",             \
        "restmq:{" q "}:delayed", "restmq:{" q "}:stats", "restmq:{" q "}:settings",               \
        q ".dead:queue", "restmq:{" q "}.dead:leases", "restmq:{" q "}.dead:delayed",              \
        "restmq:presence:{" q "}", "restmq:{" q "}:sampled", ""

static void len(void **state)
{
    (void)state;
    assert_string_equal(run("{\"cmd\":\"len\",\"queue\":\"q\"}", STATE),
                        "{\"queue\":\"q\",\"len\":5}");
    expect_call(&call, &script_stats, 13, STATE_KEYS("q"));
}

static void stats(void **state)
{
    (void)state;
    assert_string_equal(run("{\"cmd\":\"stats\",\"queue\":\"q\"}", STATE),
                        "{\"queue\":\"q\",\"len\":5,\"leased\":1,\"delayed\":2,\"dead\":3,"
                        "\"status\":0,\"policy\":\"roundrobin\",\"pushed\":20,\"removed\":9,"
                        "\"acked\":4,\"returned\":0,\"expired\":0,\"died\":0,\"dropped\":0,"
                        "\"purged\":0,\"consumers\":0,\"oldest_s\":7,\"oldest_is\":\"=\"}");
    expect_call(&call, &script_stats, 13, STATE_KEYS("q"));
}

#define ASKS_HELPERS(call)                                                                         \
    expect_call(call, &script_helpers, 1, "restmq:helpers", "20000", "1000", "")

/* Whether its consumers are at helpers that are alive is asked behind it, if that is not known. */
static void stats_of_a_queue_with_consumers(void **state)
{
    static const char text[] = "{\"cmd\":\"stats\",\"queue\":\"q\"}";
    const redisReply *reply =
        LIST(NUMBER(0), TEXT(""), TEXT(""), TEXT(""), NUMBER(0), NUMBER(0), NUMBER(0), LIST(),
             LIST(), LIST(TEXT("0f"), NUMBER(2), TEXT("1f"), NUMBER(3)), TEXT(""));

    (void)state;
    for (int is_known = 0; is_known < 3; is_known++) {
        run(text, reply);
        if (is_known < 2) { /* then 1f is not known */
            assert_true(goes_on(STATUS_OK, STATUS_OK));
            ASKS_HELPERS(&call);
            assert_int_equal(
                decode(&call, is_known ? LIST(TEXT("0f"), TEXT("1f")) : LIST(TEXT("0f"))),
                STATUS_OK);
        }
        assert_false(goes_on(STATUS_OK, STATUS_OK));
        buffer_reset(&out);
        command_render(&command, STATUS_OK, &reason, &out);
        assert_non_null(strstr(out.data, is_known ? "\"consumers\":5" : "\"consumers\":2"));
    }
    run(text, reply);
    helpers.asked_ms -= HELPERS_KEPT_MS + 1;
    assert_true(goes_on(STATUS_OK, STATUS_OK));
    assert_false(goes_on(STATUS_UNAVAILABLE, STATUS_OK)); /* it is as it was known last */
    buffer_reset(&out);
    command_render(&command, STATUS_OK, &reason, &out);
    assert_non_null(strstr(out.data, "\"consumers\":5"));
}

static void removal(void **state)
{
    static const char text[] = "{\"cmd\":\"remove\",\"queue\":\"q\"}";
    const redisReply *removed =
        LIST(NUMBER(1), NUMBER(0), NUMBER(0), NUMBER(0), NUMBER(0), NUMBER(0), NUMBER(0));

    (void)state;
    assert_int_equal(parse(text), STATUS_OK);
    ASKS_HELPERS(&call);
    assert_int_equal(decode(&call, LIST(TEXT("0f"))), STATUS_OK);
    assert_true(goes_on(STATUS_OK, STATUS_OK));
    assert_ptr_equal(call.script, &script_remove);
    assert_int_equal(decode(&call, removed), STATUS_OK);
    assert_false(goes_on(STATUS_OK, STATUS_OK));
    assert_int_equal(parse(text), STATUS_OK);
    assert_false(goes_on(STATUS_UNAVAILABLE, STATUS_UNAVAILABLE));
    assert_string_equal(run("{\"cmd\":\"remove\",\"queue\":\"q\",\"force\":1}", removed),
                        "{\"queue\":\"q\",\"removed\":true,\"purged\":0}");
    assert_false(goes_on(STATUS_OK, STATUS_OK));
}

static void list(void **state)
{
    (void)state;
    assert_string_equal(
        run("{\"cmd\":\"list\"}", LIST(TEXT("12"), LIST(TEXT("b"), TEXT("a")), NUMBER(2))),
        "{\"queues\":[\"a\",\"b\"],\"cursor\":\"12\"}");
    expect_call(&call, &script_queues, 1, "QUEUESET", "0", "1000");
    assert_string_equal(
        run("{\"cmd\":\"list\",\"limit\":5,\"cursor\":\"12\"}", LIST(TEXT("0"), LIST(), NUMBER(2))),
        "{\"queues\":[],\"cursor\":\"0\"}");
    expect_call(&call, &script_queues, 1, "QUEUESET", "12", "5");
}

static void policy(void **state)
{
    (void)state;
    assert_string_equal(run("{\"cmd\":\"policy\",\"queue\":\"q\"}", LIST(TEXT(""), LIST())),
                        "{\"queue\":\"q\",\"value\":\"broadcast\",\"lease\":0,"
                        "\"max_deliveries\":0,\"max_length\":0,\"ttl\":0,\"backoff\":0}");
    expect_call(&call, &script_policy, 2, "q:queuepolicy", "restmq:{q}:settings",
                "restmq:{q}:events", "");
    assert_string_equal(run("{\"cmd\":\"policy\",\"queue\":\"q\",\"policy\":\"roundrobin\","
                            "\"lease\":30,\"max_deliveries\":\"5\",\"max_length\":0,\"ttl\":60,"
                            "\"backoff\":\"1,2,10\"}",
                            LIST(TEXT("2"), LIST(TEXT("backoff"), TEXT("1,2,10")))),
                        "{\"queue\":\"q\",\"value\":\"roundrobin\",\"lease\":0,"
                        "\"max_deliveries\":0,\"max_length\":0,\"ttl\":0,\"backoff\":\"1,2,10\"}");
    expect_call(&call, &script_policy, 2, "q:queuepolicy", "restmq:{q}:settings",
                "restmq:{q}:events", "2", "lease", "30", "max_deliveries", "5", "max_length", "0",
                "ttl", "60", "backoff", "1,2,10");
    /* nothing is left of the one before */
    assert_int_equal(parse("{\"cmd\":\"policy\",\"queue\":\"q\",\"backoff\":0}"), STATUS_OK);
    expect_call(&call, &script_policy, 2, "q:queuepolicy", "restmq:{q}:settings",
                "restmq:{q}:events", "", "backoff", "0");
}

static void control(void **state)
{
    (void)state;
    assert_string_equal(run("{\"cmd\":\"control\",\"queue\":\"q\"}", STATE),
                        "{\"queue\":\"q\",\"status\":0}");
    expect_call(&call, &script_stats, 13, STATE_KEYS("q"));
    assert_string_equal(
        run("{\"cmd\":\"control\",\"queue\":\"q\",\"status\":\"start\"}", LIST(TEXT("1"), LIST())),
        "{\"queue\":\"q\",\"status\":1}");
    expect_call(&call, &script_control, 2, "queuestat::q", "restmq:{q}:settings", "streams", "1",
                "restmq:{q}:events");
    assert_string_equal(
        run("{\"cmd\":\"control\",\"queue\":\"q\",\"status\":\"stop\",\"what\":\"takes\"}",
            LIST(TEXT("0"), LIST(TEXT("held_pushes"), TEXT("1"), TEXT("held_takes"), TEXT("1")))),
        "{\"queue\":\"q\",\"status\":0,\"held\":[\"takes\",\"pushes\"]}");
    expect_call(&call, &script_control, 2, "queuestat::q", "restmq:{q}:settings", "takes", "0",
                "restmq:{q}:events");
}

static void purge(void **state)
{
    static const char text[] = "{\"cmd\":\"purge\",\"queue\":\"q\"}";

    (void)state;
    assert_string_equal(run(text, NUMBER(3)), "{\"queue\":\"q\",\"status\":1,\"purged\":3}");
    assert_string_equal(call_left_trash(&call), "q");
    expect_call(&call, &script_purge, 6, "q:queue", "restmq:{q}:leases", "restmq:{q}:delayed",
                "restmq:{q}:receipts", "restmq:{q}:trash", "restmq:{q}:stats", "restmq:{q}:events");
    assert_string_equal(run(text, NUMBER(0)), "{\"queue\":\"q\",\"status\":0,\"purged\":0}");
    assert_null(call_left_trash(&call));
}

static void redrive(void **state)
{
    (void)state;
    assert_string_equal(
        run("{\"cmd\":\"redrive\",\"queue\":\"q.dead\",\"count\":5}", LIST(NUMBER(5), NUMBER(1))),
        "{\"queue\":\"q\",\"redriven\":5}");
    expect_call(&call, &script_redrive, 14, DEAD_GIVEBACK_KEYS("q"), "q:queue", "queuestat::q",
                "restmq:{q}:settings", "q", "q:", "5", "restmq:{q}:events",
                "restmq:{q}.dead:events", "");
    assert_int_equal(parse("{\"cmd\":\"redrive\",\"queue\":\"q.dead\"}"), STATUS_OK);
    expect_call(&call, &script_redrive, 14, DEAD_GIVEBACK_KEYS("q"), "q:queue", "queuestat::q",
                "restmq:{q}:settings", "q", "q:", "2500", "restmq:{q}:events",
                "restmq:{q}.dead:events", "");
    assert_int_equal(decode(&call, LIST(NUMBER(2500), NUMBER(1))), STATUS_AGAIN);
}

static void pools(void **state)
{
    (void)state;
    assert_string_equal(
        run("{\"cmd\":\"lb_charge\",\"pool\":\"p\",\"replicas\":\"2\",\"spread\":false,\"cost\":1."
            "5}",
            LIST(TEXT("ok"), TEXT("s1"), TEXT("a"), TEXT("2.5"), TEXT("s2"), TEXT("a"), TEXT("3"))),
        "{\"pool\":\"p\",\"servers\":[\"s1\",\"s2\"],\"scores\":[2.5,3],\"rows\":[\"a\",\"a\"]}");
    expect_call(&call, &script_choose, 1, "restmq:lb:{p}", "2", "0", "1.5");
    assert_string_equal(run("{\"cmd\":\"lb_update\",\"pool\":\"p\",\"server\":\"s\",\"incr\":-1}",
                            LIST(TEXT("ok"), TEXT("s"), TEXT("a"), TEXT("0"))),
                        "{\"pool\":\"p\",\"row\":\"a\",\"server\":\"s\",\"score\":0}");
    expect_call(&call, &script_score, 2, "restmq:lb:{p}", "restmq:lbv:{p}", "s", "", "add", "-1");
    assert_string_equal(run("{\"cmd\":\"lb_list\",\"pool\":\"p\"}",
                            LIST(TEXT("ok"), TEXT("a"), LIST(TEXT("s"), TEXT("1")))),
                        "{\"pool\":\"p\",\"rows\":{\"a\":{\"s\":1}}}");
    assert_string_equal(run("{\"cmd\":\"lb_remove\",\"pool\":\"p\",\"server\":\"s\"}", NUMBER(1)),
                        "{\"pool\":\"p\",\"server\":\"s\",\"removed\":1}");
    /* What was listed and never rendered is released with the next one. */
    assert_int_equal(parse("{\"cmd\":\"lb_list\",\"pool\":\"p\"}"), STATUS_OK);
    assert_int_equal(decode(&call, LIST(TEXT("ok"))), STATUS_OK);
    assert_int_equal(parse("{\"cmd\":\"lb_list\",\"pool\":\"p\"}"), STATUS_OK);
    assert_int_equal(decode(&call, LIST(TEXT("ok"))), STATUS_OK);
}

static void trash_is_seen_by_take_only(void **state)
{
    (void)state;
    run("{\"cmd\":\"take\",\"queue\":\"q\"}", LIST(NUMBER(1), NUMBER(0), NUMBER(0)));
    assert_string_equal(call_left_trash(&call), "q");
    run("{\"cmd\":\"len\",\"queue\":\"q\"}", STATE);
    assert_null(call_left_trash(&call));
    run("{\"cmd\":\"take\",\"queue\":\"q\"}", NOTHING_TAKEN);
    assert_null(call_left_trash(&call));
}

/* --- refused ------------------------------------------------------------------------------- */

/* No command at all: the one case that HTTP answers with an error status. */
static const char *const no_commands[] = {
    "",
    "x",
    "[]",
    "\"add\"",
    "null",
    "7",
    "{}",
    "{\"queue\":\"q\"}",
    "{\"cmd\":\"\"}",
    "{\"CMD\":\"add\"}",
    "{\"cmd\":\"get\",\"queue\":\"q\"} x",
    "{\"cmd\":\"get\",\"queue\":\"\xff\"}",
    "{\"cmd\":\"get\",\"queue\":\"q\",\"queue\\u0000\":\"p\"}",
    "{\"cmd\\u0000\" :\"get\"}"};

static void texts_that_are_no_command(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(no_commands); i++) {
        if (parse(no_commands[i]) != STATUS_BAD_REQUEST || command.verb)
            fail_msg("%s", no_commands[i]);
        buffer_reset(&out);
        command_render(&command, STATUS_BAD_REQUEST, &reason, &out);
        assert_non_null(strstr(out.data, "\"code\":\"bad_request\""));
    }
}

// clang-format off
static const struct {
    const char *text, *code, *error; /* a part of it */
} bad[] = {
    {"{\"cmd\":\"nope\"}", "bad_request", "null resultset"},
    {"{\"cmd\":\"ADD\"}", "bad_request", "null resultset"},
    {"{\"cmd\":\"add \"}", "bad_request", "null resultset"},
    {"{\"cmd\":\"len\\u0000\",\"queue\":\"q\"}", "bad_request", "null resultset"},
    {"{\"cmd\":7}", "bad_value", "cmd must be a string"},
    {"{\"cmd\":null}", "bad_value", "cmd must be a string"},
    {"{\"cmd\":{\"a\":1}}", "bad_value", "cmd must be a string"},
    {"{\"cmd\":\"get\"}", "bad_request", "missing member \\\"queue\\\""},
    {"{\"cmd\":\"get\",\"queue\":7}", "bad_value", "queue must be a string"},
    {"{\"cmd\":\"get\",\"queue\":null}", "bad_value", "queue must be a string"},
    {"{\"cmd\":\"get\",\"queue\":\"\"}", "bad_name", "empty"},
    {"{\"cmd\":\"get\",\"queue\":\"..\"}", "bad_name", "segment"},
    {"{\"cmd\":\"get\",\"queue\":\"a b\"}", "bad_name", "only"},
    {"{\"cmd\":\"get\",\"queue\":\"q\\u0000\"}", "bad_name", "only"},
    {"{\"cmd\":\"get\",\"queue\":\"QUEUESET\"}", "bad_name", "reserved"},
    {"{\"cmd\":\"get\",\"queue\":\"q\",\"x\":1}", "bad_request", "get has no member \\\"x\\\""},
    {"{\"cmd\":\"get\",\"queue\":\"q\",\"\":1}", "bad_request", "get has no member"},
    {"{\"cmd\":\"get\",\"queue\":\"q\",\"queue \":1}", "bad_request", "get has no member"},
    {"{\"cmd\":\"add\",\"queue\":\"q\"}", "bad_request", "missing member \\\"value\\\""},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":7}", "bad_value", "value must be a string"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":{}}", "bad_value", "value must be a string"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"123456789012345678901\"}", "too_large",
     "at most 20 bytes"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"A\",\"encoding\":\"base64\"}", "bad_value",
     "value is no base64"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"values\":[\"AA==\",\"A\"],\"encoding\":\"base64\"}",
     "bad_value", "value is no base64"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"\",\"values\":[\"\"]}", "bad_request",
     "value and values"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"values\":[]}", "bad_value",
     "values must be an array of 1 to 1000 strings"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"values\":\"a\"}", "bad_value", "values must"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"values\":null}", "bad_value", "values must"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"values\":[\"a\",1]}", "bad_value", "values must"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"values\":[\"a\",\"123456789012345678901\"]}",
     "too_large", "at most 20 bytes"},
    {"{\"cmd\":\"add\",\"queue\":\"q.dead\",\"value\":\"a\"}", "bad_name", "dead letters"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"a\",\"delay\":-1}", "bad_value",
     "delay must be a whole number from 0 to 2592000"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"a\",\"delay\":2592001}", "bad_value",
     "delay must"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"a\",\"once\":\"\"}", "bad_value",
     "once must be 1 to 128"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"a\",\"once\":\"\\u00e4\"}", "bad_value",
     "once must be 1 to 128"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"a\",\"once\":7}", "bad_value",
     "once must be a string"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"a\",\"lease\":7}", "bad_request",
     "add has no member"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"\",\"encoding\":\"hex\"}", "bad_value",
     "encoding must be"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"\",\"encoding\":\"base64\\u0000\"}", "bad_value",
     "encoding must be"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"\",\"encoding\":1}", "bad_value",
     "encoding must"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"\",\"ttl\":0}", "bad_value",
     "ttl must be a whole number from 1 to 315360000"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"\",\"ttl\":315360001}", "bad_value", "ttl must"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"\",\"ttl\":-1}", "bad_value", "ttl must"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"\",\"ttl\":1.5}", "bad_value", "ttl must"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"\",\"ttl\":\"x\"}", "bad_value", "ttl must"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"\",\"ttl\":\"\"}", "bad_value", "ttl must"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"\",\"ttl\":null}", "bad_value", "ttl must"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"\",\"ttl\":true}", "bad_value", "ttl must"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"\",\"ttl\":[1]}", "bad_value", "ttl must"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"\",\"ttl\":99999999999999999999}", "bad_value",
     "ttl must"},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"\",\"ttl\":\"5\\u0000\"}", "bad_value",
     "ttl must"},
    {"{\"cmd\":\"pub\",\"value\":\"\"}", "bad_request", "missing member \\\"channel\\\""},
    {"{\"cmd\":\"pub\",\"channel\":\"c\"}", "bad_request", "missing member \\\"value\\\""},
    {"{\"cmd\":\"pub\",\"channel\":\"restmq:c\",\"value\":\"\"}", "bad_name", "reserved"},
    {"{\"cmd\":\"pub\",\"channel\":\"c\\u0000\",\"value\":\"\"}", "bad_name", "only"},
    {"{\"cmd\":\"pub\",\"channel\":7,\"value\":\"\"}", "bad_value", "channel must be a string"},
    {"{\"cmd\":\"pub\",\"channel\":\"c\",\"value\":7}", "bad_value", "value must be a string"},
    {"{\"cmd\":\"pub\",\"queue\":\"c\",\"value\":\"\"}", "bad_request", "pub has no member"},
    {"{\"cmd\":\"pub\",\"channel\":\"c\",\"values\":[]}", "bad_request", "pub has no member"},
    {"{\"cmd\":\"pub\",\"channel\":\"c\",\"value\":\"A\",\"encoding\":\"base64\"}", "bad_value",
     "value is no base64"},
    {"{\"cmd\":\"pub\",\"channel\":\"c\",\"value\":\"123456789012345678901\"}", "too_large",
     "at most 20 bytes"},
    {"{\"cmd\":\"take\",\"queue\":\"q\",\"count\":0}", "bad_value", "count must"},
    {"{\"cmd\":\"take\",\"queue\":\"q\",\"count\":1001}", "bad_value", "count must"},
    {"{\"cmd\":\"take\",\"queue\":\"q\",\"lease\":-1}", "bad_value", "lease must"},
    {"{\"cmd\":\"take\",\"queue\":\"q\",\"lease\":43201}", "bad_value",
     "lease must be a whole number from 0 to 43200"},
    {"{\"cmd\":\"take\"}", "bad_request", "missing member \\\"queue\\\""},
    {"{\"cmd\":\"take\",\"queue\":\"q\",\"queues\":[\"p\"]}", "bad_request", "queue and queues"},
    {"{\"cmd\":\"take\",\"queues\":[]}", "bad_value",
     "queues must be an array of 1 to 16 strings"},
    {"{\"cmd\":\"take\",\"queues\":\"q\"}", "bad_value", "queues must"},
    {"{\"cmd\":\"take\",\"queues\":[7]}", "bad_value", "queues must"},
    {"{\"cmd\":\"take\",\"queues\":[\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\","
     "\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\"]}", "bad_value", "queues must"},
    {"{\"cmd\":\"take\",\"queues\":[\"q\",\"a b\"]}", "bad_name", "only"},
    {"{\"cmd\":\"take\",\"queues\":[\"q\\u0000\",\"q\"]}", "bad_name", "only"},
    {"{\"cmd\":\"get\",\"queues\":[\"q\"]}", "bad_request", "get has no member"},
    {"{\"cmd\":\"del\",\"queue\":\"q\",\"key\":\"q:7\",\"force\":0}", "bad_value", "force must"},
    {"{\"cmd\":\"del\",\"queue\":\"q\",\"key\":\"q:7\",\"force\":1,\"lease\":\"t\"}", "bad_request",
     "force and lease"},
    {"{\"cmd\":\"get\",\"queue\":\"q\",\"key\":\"p:7\"}", "bad_value", "key must"},
    {"{\"cmd\":\"del\",\"queue\":\"q\"}", "bad_request", "missing member \\\"key\\\""},
    {"{\"cmd\":\"del\",\"queue\":\"q\",\"key\":\"q:7\",\"lease\":\"\"}", "bad_value",
     "lease must be a token"},
    {"{\"cmd\":\"del\",\"queue\":\"q\",\"key\":\"q:7\",\"lease\":30}", "bad_value",
     "lease must be a string"},
    {"{\"cmd\":\"del\",\"queue\":\"q.dead\",\"key\":\"q.dead:7\"}", "bad_value", "key must be"},
    {"{\"cmd\":\"extend\",\"queue\":\"q\",\"key\":\"q:7\",\"seconds\":5}", "bad_request",
     "missing member \\\"lease\\\""},
    {"{\"cmd\":\"extend\",\"queue\":\"q\",\"key\":\"q:7\",\"lease\":\"t\"}", "bad_request",
     "missing member \\\"seconds\\\""},
    {"{\"cmd\":\"extend\",\"queue\":\"q\",\"key\":\"q:7\",\"lease\":\"t\",\"seconds\":0}",
     "bad_value", "seconds must be a whole number from 1 to 43200"},
    {"{\"cmd\":\"extend\",\"queue\":\"q\",\"key\":\"p:7\",\"lease\":\"t\",\"seconds\":5}",
     "bad_value", "key must be"},
    {"{\"cmd\":\"extend\",\"queue\":\"q\",\"lease\":\"t\",\"seconds\":5}", "bad_request",
     "missing member \\\"key\\\""},
    {"{\"cmd\":\"release\",\"queue\":\"q\",\"key\":\"q:7\"}", "bad_request",
     "missing member \\\"lease\\\""},
    {"{\"cmd\":\"release\",\"queue\":\"q\",\"key\":\"q:7\",\"lease\":\"t\",\"delay\":-1}",
     "bad_value", "delay must be a whole number from 0 to 2592000"},
    {"{\"cmd\":\"release\",\"queue\":\"q\",\"key\":\"q:7\",\"lease\":\"t\",\"seconds\":1}",
     "bad_request", "release has no member"},
    {"{\"cmd\":\"control\",\"queue\":\"q\",\"what\":\"takes\"}", "bad_request",
     "missing member \\\"status\\\""},
    {"{\"cmd\":\"control\",\"queue\":\"q\",\"status\":\"stop\",\"what\":\"\"}", "bad_value",
     "what must be"},
    {"{\"cmd\":\"control\",\"queue\":\"q.dead\",\"status\":\"stop\",\"what\":\"pushes\"}",
     "bad_name", "dead letters"},
    {"{\"cmd\":\"acks\",\"queue\":\"q\"}", "bad_request", "missing member \\\"messages\\\""},
    {"{\"cmd\":\"acks\",\"queue\":\"q\",\"messages\":[]}", "bad_value",
     "messages must be an array of 1 to 1000 objects"},
    {"{\"cmd\":\"acks\",\"queue\":\"q\",\"messages\":[\"q:7\"]}", "bad_value", "message 1 must be"},
    {"{\"cmd\":\"acks\"," MESSAGES ",\"seconds\":5}", "bad_request", "acks has no member"},
    {"{\"cmd\":\"extends\"," MESSAGES "}", "bad_request", "missing member \\\"seconds\\\""},
    {"{\"cmd\":\"extends\"," MESSAGES ",\"seconds\":0}", "bad_value", "seconds must"},
    {"{\"cmd\":\"releases\"," MESSAGES ",\"delay\":-1}", "bad_value", "delay must"},
    {"{\"cmd\":\"releases\"," MESSAGES ",\"reason\":\"\"}", "bad_value", "reason must be 1 to 200"},
    {"{\"cmd\":\"release\",\"queue\":\"q\",\"key\":\"q:7\",\"lease\":\"t\",\"reason\":\"a\\u0000\"}", "bad_value", "reason must be 1 to 200"},
    {"{\"cmd\":\"release\",\"queue\":\"q\",\"key\":\"q:7\",\"lease\":\"t\",\"reason\":5}", "bad_value", "reason must be a string"},
    {"{\"cmd\":\"extend\",\"queue\":\"q\",\"key\":\"q:7\",\"lease\":\"t\",\"seconds\":5,\"reason\":\"a\"}", "bad_request",
     "extend has no member"},
    {"{\"cmd\":\"acks\"," MESSAGES ",\"reason\":\"a\"}", "bad_request", "acks has no member"},
    {"{\"cmd\":\"policy\",\"queue\":\"q\",\"policy\":\"any\"}", "bad_value", "policy must be"},
    {"{\"cmd\":\"policy\",\"queue\":\"q\",\"policy\":1}", "bad_value", "policy must be"},
    {"{\"cmd\":\"policy\",\"queue\":\"q\",\"policy\":null}", "bad_value", "policy must be"},
    {"{\"cmd\":\"policy\",\"queue\":\"q\",\"value\":\"broadcast\"}", "bad_request",
     "policy has no member"},
    {"{\"cmd\":\"policy\",\"queue\":\"q\",\"lease\":43201}", "bad_value", "lease must"},
    {"{\"cmd\":\"policy\",\"queue\":\"q\",\"lease\":1.5}", "bad_value", "lease must"},
    {"{\"cmd\":\"policy\",\"queue\":\"q\",\"lease\":null}", "bad_value", "lease must"},
    {"{\"cmd\":\"policy\",\"queue\":\"q\",\"lease\":\"5\\u0000\"}", "bad_value", "lease must"},
    {"{\"cmd\":\"policy\",\"queue\":\"q\",\"ttl\":[5]}", "bad_value", "ttl must"},
    {"{\"cmd\":\"policy\",\"queue\":\"q\",\"backoff\":5}", "bad_value", "backoff must"},
    {"{\"cmd\":\"policy\",\"queue\":\"q\",\"backoff\":[1,2,10]}", "bad_value", "backoff must"},
    {"{\"cmd\":\"policy\",\"queue\":\"q.dead\",\"max_deliveries\":1}", "bad_name",
     "max_deliveries needs"},
    {"{\"cmd\":\"control\",\"queue\":\"q\",\"status\":\"on\"}", "bad_value",
     "status must be start or stop"},
    {"{\"cmd\":\"control\",\"queue\":\"q\",\"status\":1}", "bad_value",
     "status must be a string"},
    {"{\"cmd\":\"redrive\",\"queue\":\"q\"}", "bad_request", "redrive is for dead letters"},
    {"{\"cmd\":\"redrive\",\"queue\":\"q.dead\",\"count\":0}", "bad_value", "count must"},
    {"{\"cmd\":\"redrive\",\"queue\":\"q.dead\",\"count\":1001}", "bad_value", "count must"},
    {"{\"cmd\":\"stats\"}", "bad_request", "missing member \\\"queue\\\""},
    {"{\"cmd\":\"purge\",\"queue\":\"q\",\"key\":\"q:7\"}", "bad_request",
     "purge has no member"},
    {"{\"cmd\":\"del\",\"queue\":\"q\",\"key\":7}", "bad_value", "key must be a string"},
    {"{\"cmd\":\"del\",\"queue\":\"q\",\"key\":\"p:7\"}", "bad_value", "key must be"},
    {"{\"cmd\":\"del\",\"queue\":\"q\",\"key\":\"q:queue\"}", "bad_value", "key must be"},
    {"{\"cmd\":\"del\",\"queue\":\"q\",\"key\":\"q:7\\u0000\"}", "bad_value", "key must be"},
    {"{\"cmd\":\"list\",\"queue\":\"q\"}", "bad_request", "list has no member"},
    {"{\"cmd\":\"list\",\"limit\":1001}", "bad_value", "limit must"},
    {"{\"cmd\":\"list\",\"cursor\":0}", "bad_value", "cursor must be a string"},
    {"{\"cmd\":\"list\",\"cursor\":\"\"}", "bad_value", "cursor must be what"},
    {"{\"cmd\":\"list\",\"cursor\":\"-1\"}", "bad_value", "cursor must be what"},
};
// clang-format on

static void mistakes_of_an_application(void **state)
{
    char code[64];

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        enum status status = parse(bad[i].text);

        if (status == STATUS_OK || !command.verb)
            fail_msg("%s: %s", bad[i].text, status == STATUS_OK ? "accepted" : "no command");
        buffer_reset(&out);
        command_render(&command, status, &reason, &out);
        snprintf(code, sizeof(code), "\"code\":\"%s\"", bad[i].code);
        if (!strstr(out.data, code) || !strstr(out.data, bad[i].error))
            fail_msg("%s: %s", bad[i].text, out.data);
    }
}

static void a_message_of_the_largest_size(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"12345678901234567890\"}"),
                     STATUS_OK);
    /* what counts is what it decodes to */
    assert_int_equal(parse("{\"cmd\":\"add\",\"queue\":\"q\",\"encoding\":\"base64\","
                           "\"value\":\"MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=\"}"),
                     STATUS_OK);
}

static void errors_of_redis(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"cmd\":\"len\",\"queue\":\"q\"}"), STATUS_OK);
    reason = (struct reason){.text = "gone \"away\"", .outcome_unknown = true};
    command_render(&command, STATUS_UNAVAILABLE, &reason, &out);
    assert_string_equal(out.data, "{\"error\":\"gone \\\"away\\\"\",\"code\":\"unavailable\","
                                  "\"outcome\":\"unknown\"}");
}

static void an_error_without_words_gets_some(void **state)
{
    struct reason none = {0};

    (void)state;
    error_render(STATUS_NOT_ALLOWED, &none, &out);
    assert_string_equal(out.data, "{\"error\":\"method not allowed\",\"code\":\"not_allowed\"}");
}

/* --- what it holds, and how much ---------------------------------------------------------------
 */

#define LEASED      "\"queue\":\"q\",\"key\":\"q:7\",\"lease\":\"t\""
#define LEASED_MANY "\"queue\":\"q\",\"messages\":[{\"key\":\"q:7\",\"lease\":\"t\"}]"

static const struct {
    const char *text;
    int claims;
    bool ends_leases;
} lease_rows[] = {
    {"{\"cmd\":\"del\"," LEASED "}",                        1, true },
    {"{\"cmd\":\"extend\"," LEASED ",\"seconds\":5}",       1, false},
    {"{\"cmd\":\"release\"," LEASED "}",                    1, true },
    {"{\"cmd\":\"acks\"," LEASED_MANY "}",                  1, true },
    {"{\"cmd\":\"extends\"," LEASED_MANY ",\"seconds\":5}", 1, false},
    {"{\"cmd\":\"releases\"," LEASED_MANY "}",              1, true },
    {"{\"cmd\":\"get\",\"queue\":\"q\",\"key\":\"q:7\"}",   0, false},
    {"{\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"v\"}",   0, false},
    {"{\"cmd\":\"purge\",\"queue\":\"q\"}",                 0, false},
};

static void leases_it_is_about(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lease_rows); i++) {
        assert_int_equal(parse(lease_rows[i].text), STATUS_OK);
        assert_int_equal(command.claims.count, lease_rows[i].claims);
        assert_int_equal(command_ends_leases(&command), lease_rows[i].ends_leases);
        for (int at = 0; at < command.claims.count; at++) {
            assert_string_equal(command.claims.rows[at].key, "q:7");
            assert_string_equal(command.claims.rows[at].token, "t");
        }
    }
}

/* Thousands of acks may be under way at once. */
static void an_ack_is_small(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lease_rows); i++) {
        assert_int_equal(parse(lease_rows[i].text), STATUS_OK);
        assert_in_range(sizeof(command) + command_size(&command), 1, 512);
    }
}

#define COMMAND_TEST(function) cmocka_unit_test_teardown(function, clear)

/* --- an id, where the transport has them ------------------------------------------------------ */

#define ADD "\"cmd\":\"add\",\"queue\":\"q\",\"value\":\"v\""

/* Any JSON value comes back as it is; so it does with errors, once there is an object. */
static const struct {
    const char *command, *answer;
} id_rows[] = {
    {"{" ADD "}",                          "{\"queue\":\"q\",\"value\":\"v\",\"key\":\"q:5\"}"                     },
    {"{" ADD ",\"id\":7}",                 "{\"queue\":\"q\",\"value\":\"v\",\"key\":\"q:5\",\"id\":7}"            },
    {"{\"id\":\"x\\u0000y\"," ADD "}",
     "{\"queue\":\"q\",\"value\":\"v\",\"key\":\"q:5\",\"id\":\"x\\u0000y\"}"                                      },
    {"{" ADD ",\"id\":\"\"}",              "{\"queue\":\"q\",\"value\":\"v\",\"key\":\"q:5\",\"id\":\"\"}"         },
    {"{" ADD ",\"id\":null}",              "{\"queue\":\"q\",\"value\":\"v\",\"key\":\"q:5\",\"id\":null}"         },
    {"{" ADD ",\"id\":false}",             "{\"queue\":\"q\",\"value\":\"v\",\"key\":\"q:5\",\"id\":false}"        },
    {"{" ADD ",\"id\":-9007199254740993}",
     "{\"queue\":\"q\",\"value\":\"v\",\"key\":\"q:5\",\"id\":-9007199254740993}"                                  },
    {"{" ADD ",\"id\":[1,{\"a\":[]}]}",
     "{\"queue\":\"q\",\"value\":\"v\",\"key\":\"q:5\",\"id\":[1,{\"a\":[]}]}"                                     },
    {"{\"cmd\":\"nonsense\",\"id\":1}",
     "{\"error\":\"null resultset\",\"code\":\"bad_request\",\"id\":1}"                                            },
    {"{\"id\":2}",
     "{\"error\":\"the command has no \\\"cmd\\\"\",\"code\":\"bad_request\",\"id\":2}"                            },
    {"{" ADD ",\"id\":3,\"x\":1}",
     "{\"error\":\"add has no member \\\"x\\\"\",\"code\":\"bad_request\",\"id\":3}"                               },
    {"{" ADD ",\"id\":1",
     "{\"error\":\"this is no JSON: unexpected end of data\",\"code\":\"bad_request\"}"                            },
    {"[\"id\"]",                           "{\"error\":\"the command is no JSON object\",\"code\":\"bad_request\"}"},
};

static void an_id_comes_back(void **state)
{
    (void)state;
    limits = &with_id;
    for (size_t i = 0; i < COUNT(id_rows); i++) {
        const char *answer = run(id_rows[i].command, NUMBER(5));

        if (strcmp(answer, id_rows[i].answer) != 0)
            fail_msg("row %zu: %s", i, answer);
    }
}

static void an_id_comes_back_with_what_redis_says(void **state)
{
    (void)state;
    limits = &with_id;
    assert_string_equal(
        run("{\"cmd\":\"take\",\"queue\":\"q\",\"id\":4}", LIST(NUMBER(0), NUMBER(0), NUMBER(0))),
        "{\"error\":\"empty queue\",\"code\":\"empty\",\"id\":4}");
    assert_string_equal(run("{\"cmd\":\"take\",\"queue\":\"q\",\"count\":2,\"id\":5}",
                            LIST(NUMBER(0), NUMBER(0), NUMBER(0))),
                        "{\"queue\":\"q\",\"messages\":[],\"id\":5}");
}

/* Nothing of a command is left for the next one. */
static void an_id_is_not_kept(void **state)
{
    (void)state;
    limits = &with_id;
    run("{" ADD ",\"id\":7}", NUMBER(5));
    assert_string_equal(run("{" ADD "}", NUMBER(5)),
                        "{\"queue\":\"q\",\"value\":\"v\",\"key\":\"q:5\"}");
    limits = &plain;
    assert_string_equal(run("{" ADD ",\"id\":7}", NUMBER(5)),
                        "{\"error\":\"add has no member \\\"id\\\"\",\"code\":\"bad_request\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        COMMAND_TEST(add),
        COMMAND_TEST(add_with_any_bytes),
        COMMAND_TEST(add_of_many),
        COMMAND_TEST(add_once),
        COMMAND_TEST(pub),
        COMMAND_TEST(get),
        COMMAND_TEST(take),
        COMMAND_TEST(take_with_a_lease),
        COMMAND_TEST(take_many),
        COMMAND_TEST(take_from_several_queues),
        COMMAND_TEST(a_held_queue_is_passed_over),
        COMMAND_TEST(the_queue_that_had_a_message_is_named),
        COMMAND_TEST(only_a_take_from_several_has_a_next),
        COMMAND_TEST(which_queues_it_is_about),
        COMMAND_TEST(del),
        COMMAND_TEST(del_with_a_token),
        COMMAND_TEST(extend),
        COMMAND_TEST(release),
        COMMAND_TEST(many_at_once),
        COMMAND_TEST(len),
        COMMAND_TEST(stats),
        COMMAND_TEST(stats_of_a_queue_with_consumers),
        COMMAND_TEST(removal),
        COMMAND_TEST(list),
        COMMAND_TEST(policy),
        COMMAND_TEST(control),
        COMMAND_TEST(purge),
        COMMAND_TEST(redrive),
        COMMAND_TEST(pools),
        COMMAND_TEST(trash_is_seen_by_take_only),
        COMMAND_TEST(texts_that_are_no_command),
        COMMAND_TEST(mistakes_of_an_application),
        COMMAND_TEST(a_message_of_the_largest_size),
        COMMAND_TEST(errors_of_redis),
        COMMAND_TEST(an_error_without_words_gets_some),
        COMMAND_TEST(an_id_comes_back),
        COMMAND_TEST(an_id_comes_back_with_what_redis_says),
        COMMAND_TEST(an_id_is_not_kept),
        COMMAND_TEST(leases_it_is_about),
        COMMAND_TEST(an_ack_is_small),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
