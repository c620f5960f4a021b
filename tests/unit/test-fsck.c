/* test-fsck.c - what fsck finds and mends, in a Redis that is a table.
 *
 * In place of redis/link.c stands one that looks up each call's words.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include "admin/fsck.h"

/* What Redis answers to the words of a call (a script by its name); an empty list if there is no
 * row, and to a number of times only the first row of the same words. */
struct row {
    const char *words;
    const redisReply *reply;
    int times; /* 0: always */
};

struct link {
    struct row *rows;
    char mended[2000]; /* the words of each mend call, a line each */
};

/* The words of the call: "page foo:queue LRANGE 0 999". */
static void write_words(struct call *call, char *text, size_t size)
{
    int count = call_resolve(call, false), at = call->script ? 3 : 0;
    int len = snprintf(text, size, "%s", call->script ? call->script->name : "");

    for (int i = at; i < count; i++)
        len += snprintf(text + len, size - (size_t)len, "%s%.*s", len ? " " : "",
                        (int)call->argv_len[i], call->argv[i]);
    assert_true((size_t)len < size);
}

enum status link_run(struct link *link, struct call *call, struct reason *reason)
{
    char words[20000], ones[2000];

    write_words(call, words, sizeof(words));
    if (call->script == &script_mend)
        snprintf(link->mended + strlen(link->mended), sizeof(link->mended) - strlen(link->mended),
                 "%s\n", words);
    for (struct row *row = link->rows; row->words; row++) {
        if (strcmp(row->words, words) != 0 || row->times < 0)
            continue;
        if (row->times > 0 && --row->times == 0)
            row->times = -1;
        if (row->reply->type == REDIS_REPLY_ERROR)
            return refuse(reason, STATUS_UNAVAILABLE, "%s", row->reply->str);
        return call->decode(call, row->reply, reason);
    }
    if (call->script == &script_exists) {
        memset(ones, '1', sizeof(ones));
        return call->decode(
            call, &(redisReply){.type = REDIS_REPLY_STRING, .str = ones, .len = (size_t)call->keys},
            reason);
    }
    if (strncmp(words, "sweep", 5) == 0)
        return call->decode(call, NUMBER(0), reason);
    if (strstr(words, " HSCAN "))
        return call->decode(call, LIST(TEXT("0"), LIST()), reason);
    return call->decode(call, LIST(), reason);
}

void link_run_all(struct link *link, struct errand *errands, int count)
{
    assert_in_range(count, 1, ERRANDS);
    for (int i = 0; i < count; i++)
        errands[i].status = link_run(link, &errands[i].call, &errands[i].reason);
}

static char printed[4096];
static long long problems;
static struct reason reason;

static enum status run(struct link *link, bool repair)
{
    struct fsck_options options = {.repair = repair, .grace_seconds = 0};
    FILE *out = fmemopen(memset(printed, 0, sizeof(printed)), sizeof(printed), "w");
    enum status status;

    problems = -1;
    status = fsck_run(link, &options, out, &problems, &reason);
    fclose(out);
    return status;
}

#define QUEUES        "queues QUEUESET 0 1000"
#define BODIES(range) "bodies restmq:{foo}:foreign foo: " range
#define SWEEP                                                                                      \
    "sweep foo:queue restmq:{foo}:leases restmq:{foo}:delayed restmq:{foo}:trash "                 \
    "restmq:{foo}:settings restmq:{foo}:receipts restmq:{foo}:stats foo.dead:queue "               \
    "queuestat::foo.dead QUEUESET restmq:{foo}.dead:receipts foo: 100 1048576 1 foo.dead "         \
    "restmq:{foo}:events "
#define MEND_KEYS                                                                                  \
    "mend restmq:{foo}:leases restmq:{foo}:delayed foo:queue "                                     \
    "restmq:{foo}.dead:leases restmq:{foo}.dead:delayed foo.dead:queue "                           \
    "restmq:{foo}:receipts restmq:{foo}.dead:receipts foo:UUID restmq:{foo}:foreign "

static void without_queues_all_is_well(void **state)
{
    struct link link = {
        .rows = (struct row[]){{QUEUES, LIST(TEXT("0"), LIST(), NUMBER(0)), 0}, {0}}
    };

    (void)state;
    assert_int_equal(run(&link, false), STATUS_OK);
    assert_string_equal(printed, "0 queues, 0 findings, 0 mended, 0 problems left\n");
    assert_int_equal(problems, 0);
}

/* One message in each place where it may be; dead letters are looked at with their queue. */
static void a_healthy_queue(void **state)
{
    struct link link = {
        .rows = (struct row[]){
                               {QUEUES, LIST(TEXT("7"), LIST(TEXT("foo"), TEXT("foo.dead")), NUMBER(0)), 0},
                               {"queues QUEUESET 7 1000", LIST(TEXT("0"), LIST(TEXT("a/b")), NUMBER(0)), 0},
                               {SWEEP, NUMBER(1), 2},
                               {"page foo:UUID GET", TEXT("8"), 1},
                               {"page foo:UUID GET", TEXT("99"), 0},
                               {"page foo:queue LRANGE 0 999", LIST(TEXT("foo:1"), TEXT("bar:2"), TEXT("foo:99")), 0},
                               {"page restmq:{foo}:leases ZRANGE 0 999", LIST(TEXT("foo:2")), 0},
                               {"page restmq:{foo}:delayed ZRANGE 0 999", LIST(TEXT("foo:3")), 0},
                               {"page foo.dead:queue LRANGE 0 999", LIST(TEXT("foo:4")), 0},
                               {"page restmq:{foo}.dead:leases ZRANGE 0 999", LIST(TEXT("foo:5")), 0},
                               {"page restmq:{foo}.dead:delayed ZRANGE 0 999", LIST(TEXT("foo:6")), 0},
                               {"page restmq:{foo}:receipts HSCAN 0 COUNT 1000",
             LIST(TEXT("5"), LIST(TEXT("foo:2"), TEXT("1 tok"))), 0},
                               {"page restmq:{foo}:receipts HSCAN 5 COUNT 1000",
             LIST(TEXT("0"), LIST(TEXT("foo:1"), TEXT("2"))), 0},
                               {BODIES("1 8"), TEXT("11111100"), 0},
                               {"page a/b:UUID GET", NIL, 0},
                               {0},
                               }
    };

    (void)state;
    assert_int_equal(run(&link, true), STATUS_OK);
    assert_string_equal(printed, "2 queues, 0 findings, 0 mended, 0 problems left\n");
    assert_int_equal(problems, 0);
    assert_string_equal(link.mended, "");
}

/* 1: twice in the list; 2: listed and leased; 3: listed and dead; 4: a body alone; 5: a listed
 * entry alone; 6: a dead letter without a body; 7: a receipt alone; 8: nothing. */
#define SICK_QUEUE                                                                                 \
    {QUEUES, LIST(TEXT("0"), LIST(TEXT("foo")), NUMBER(0)), 0},                                    \
        {"page foo:UUID GET", TEXT("8"), 0},                                                       \
        {"page foo:queue LRANGE 0 999",                                                            \
         LIST(TEXT("foo:5"), TEXT("foo:3"), TEXT("foo:2"), TEXT("foo:1"), TEXT("foo:1")), 0},      \
        {"page restmq:{foo}:leases ZRANGE 0 999", LIST(TEXT("foo:2")), 0},                         \
        {"page foo.dead:queue LRANGE 0 999", LIST(TEXT("foo:6"), TEXT("foo:3")), 0},               \
        {"page restmq:{foo}:receipts HSCAN 0 COUNT 1000",                                          \
         LIST(TEXT("0"), LIST(TEXT("foo:7"), TEXT("1"), TEXT("foo:2"), TEXT("1 tok"))), 0},        \
    {                                                                                              \
        BODIES("1 8"), TEXT("11110000"), 0                                                         \
    }

static void every_kind_of_finding(void **state)
{
    struct link link = {
        .rows = (struct row[]){SICK_QUEUE, {0}}
    };

    (void)state;
    assert_int_equal(run(&link, false), STATUS_OK);
    assert_string_equal(
        printed,
        "foo: 1 bodies without an entry (a GET of an original RestMQ leaves them behind): 4\n"
        "foo: 2 entries without a body (expired, or deleted from a long queue: normal): 5 6\n"
        "foo: 3 messages that are listed twice: 1 2 3\n"
        "foo: 1 receipts without a message (it was taken by an original RestMQ: normal): 7\n"
        "1 queue, 7 findings, 0 mended, 4 problems left\n");
    assert_int_equal(problems, 4);
    assert_string_equal(link.mended, "");
}

static void findings_are_mended(void **state)
{
    struct link link = {
        .rows = (struct row[]){SICK_QUEUE,
                               {MEND_KEYS "foo:4 orphan 100000", NUMBER(1), 0},
                               {MEND_KEYS "foo:5 hollow 100000", NUMBER(1), 0},
                               {MEND_KEYS "foo:6 hollow 100000", NUMBER(0), 0},
                               {MEND_KEYS "foo:1 double 100000", NUMBER(1), 0},
                               {MEND_KEYS "foo:2 double 100000", NUMBER(0), 0},
                               {MEND_KEYS "foo:3 double 100000", NUMBER(1), 0},
                               {MEND_KEYS "foo:7 stray 100000", NUMBER(1), 0},
                               {0}}
    };

    (void)state;
    assert_int_equal(run(&link, true), STATUS_OK);
    assert_non_null(strstr(printed, "1 queue, 7 findings, 5 mended, 1 problem left\n"));
    assert_int_equal(problems, 1);
    assert_string_equal(link.mended, MEND_KEYS
                        "foo:4 orphan 100000\n" MEND_KEYS "foo:5 hollow 100000\n" MEND_KEYS
                        "foo:6 hollow 100000\n" MEND_KEYS "foo:1 double 100000\n" MEND_KEYS
                        "foo:2 double 100000\n" MEND_KEYS "foo:3 double 100000\n" MEND_KEYS
                        "foo:7 stray 100000\n");
}

/* What is on its way is seen once only: 1 comes in between, 3 goes, 4 is another kind. */
static void both_looks_must_agree(void **state)
{
    struct link link = {
        .rows = (struct row[]){
                               {QUEUES, LIST(TEXT("0"), LIST(TEXT("foo")), NUMBER(0)), 0},
                               {"page foo:UUID GET", TEXT("4"), 0},
                               {"page foo:queue LRANGE 0 999", LIST(TEXT("foo:4")), 1},
                               {"page foo:queue LRANGE 0 999", LIST(TEXT("foo:1")), 0},
                               {BODIES("1 4"), TEXT("1110"), 1},
                               {BODIES("1 4"), TEXT("1101"), 0},
                               {0},
                               }
    };

    (void)state;
    assert_int_equal(run(&link, false), STATUS_OK);
    assert_string_equal(
        printed,
        "foo: 1 bodies without an entry (a GET of an original RestMQ leaves them behind): 2\n"
        "1 queue, 1 finding, 0 mended, 1 problem left\n");
}

/* The first look sees 9 as the newest message, the second one 12, and the counter stays behind. */
static void a_counter_behind_the_newest_message(void **state)
{
    struct link link = {
        .rows = (struct row[]){
                               {QUEUES, LIST(TEXT("0"), LIST(TEXT("foo"), TEXT("bar")), NUMBER(2)), 0},
                               {"page foo:UUID GET", TEXT("2"), 0},
                               {"page foo:queue LRANGE 0 999", LIST(TEXT("foo:9"), TEXT("foo:2")), 1},
                               {"page foo:queue LRANGE 0 999", LIST(TEXT("foo:12"), TEXT("foo:2")), 0},
                               {BODIES("1 2"), TEXT("01"), 0},
                               {"page bar:UUID GET", NIL, 0},
                               {"page restmq:{bar}.dead:leases ZRANGE 0 999", LIST(TEXT("bar:3")), 1}, /* gone then */
            {MEND_KEYS "foo:12 behind 100000", NUMBER(1), 0},
                               {0},
                               }
    };

    (void)state;
    assert_int_equal(run(&link, true), STATUS_OK);
    assert_string_equal(printed, "foo: 1 counters that are behind the newest message: 12\n"
                                 "2 queues, 1 finding, 1 mended, 0 problems left\n");
    assert_string_equal(link.mended, MEND_KEYS "foo:12 behind 100000\n");
}

static void long_queues_come_in_pages(void **state)
{
    redisReply keys[1001], *elements[1001], page = {.type = REDIS_REPLY_ARRAY, .elements = 1000};
    char texts[1000][12];
    struct link link = {
        .rows = (struct row[]){
                               {QUEUES, LIST(TEXT("0"), LIST(TEXT("foo")), NUMBER(0)), 0},
                               {"page foo:UUID GET", TEXT("1012"), 0},
                               {"page foo:queue LRANGE 0 999", &page, 0},
                               {"page foo:queue LRANGE 1000 1999", LIST(TEXT("foo:1001")), 0},
                               {BODIES("1 1000"), &keys[1000], 0},
                               {BODIES("1001 12"), TEXT("111111111111"), 0},
                               {0},
                               }
    };
    char bodies[1001];

    (void)state;
    memset(bodies, '1', 1000);
    bodies[1000] = '\0';
    for (int i = 0; i < 1000; i++) {
        snprintf(texts[i], sizeof(texts[i]), "foo:%u", (unsigned)(i + 1) % 10000);
        keys[i] =
            (redisReply){.type = REDIS_REPLY_STRING, .str = texts[i], .len = strlen(texts[i])};
        elements[i] = &keys[i];
    }
    keys[1000] = (redisReply){.type = REDIS_REPLY_STRING, .str = bodies, .len = 1000};
    page.element = elements;
    assert_int_equal(run(&link, false), STATUS_OK);
    assert_string_equal(printed,
                        "foo: 11 bodies without an entry (a GET of an original RestMQ leaves them "
                        "behind): 1002 1003 1004 1005 1006 1007 1008 1009 1010 1011 ...\n"
                        "1 queue, 11 findings, 0 mended, 11 problems left\n");
}

static void an_error_ends_it(void **state)
{
    static const char *const failing[] = {
        QUEUES,
        SWEEP,
        "page foo:UUID GET",
        "page foo:queue LRANGE 0 999",
        "page restmq:{foo}.dead:delayed ZRANGE 0 999",
        "page restmq:{foo}:receipts HSCAN 0 COUNT 1000",
        BODIES("1 8"),
        MEND_KEYS "foo:4 orphan 100000",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(failing); i++) {
        struct link link = {
            .rows = (struct row[]){{failing[i], ERROR("gone"), 0}, SICK_QUEUE, {0}}
        };

        reason = (struct reason){0};
        if (run(&link, true) != STATUS_UNAVAILABLE)
            fail_msg("%s", failing[i]);
        assert_string_equal(reason.text, "gone");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_queues_all_is_well),
        cmocka_unit_test(a_healthy_queue),
        cmocka_unit_test(every_kind_of_finding),
        cmocka_unit_test(findings_are_mended),
        cmocka_unit_test(both_looks_must_agree),
        cmocka_unit_test(long_queues_come_in_pages),
        cmocka_unit_test(a_counter_behind_the_newest_message),
        cmocka_unit_test(an_error_ends_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
