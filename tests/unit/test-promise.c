/* test-promise.c - what a Redis is configured to survive.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include "broker/promise.h"

static struct promise promise;
static struct reason reason;

static void read_info(const char *info)
{
    redisReply reply = {
        .type = REDIS_REPLY_STRING, .str = (char *)(uintptr_t)info, .len = strlen(info)};

    memset(&promise, 'x', sizeof(promise));
    assert_int_equal(promise_info_result(&(struct call){.result = &promise}, &reply, &reason),
                     STATUS_OK);
}

// clang-format off
static const struct {
    const char *info;
    const char *persistence, *eviction, *replicas; /* their first words */
} infos[] = {
    {"", "no append-only file", "nothing is evicted while no memory", "none"},
    {"# Persistence\r\nloading:0\r\naof_enabled:1\r\naof_last_write_status:ok\r\n"
     "# Memory\r\nmaxmemory:0\r\nmaxmemory_policy:allkeys-lru\r\n"
     "# Replication\r\nrole:master\r\nconnected_slaves:0\r\n",
     "append-only file", "nothing is evicted while no memory", "none"},
    {"aof_enabled:0\r\nmaxmemory_human:0B\r\nmaxmemory:1000\r\n"
     "maxmemory_policy:noeviction\r\nconnected_slaves:2\r\n",
     "no append-only file", "nothing is evicted: a full", "2, asynchronous"},
    {"maxmemory:1000\r\nmaxmemory_policy:allkeys-lru\r\n", "no append", "DANGER: a full Redis "
     "removes messages (allkeys-lru)", "none"},
    {"xloading:1\r\nloading_x:1\r\nasync_loading:1\r\n", "no append", "nothing", "none"},
    {"loading:1", "no append", "nothing", "none"},
    {"maxmemory_human:5\r\nmaxmemory:",
     "no append", "nothing is evicted while no memory", "none"},
};
// clang-format on

static bool starts_with(const char *text, const char *start)
{
    return *start ? strncmp(text, start, strlen(start)) == 0 : !*text;
}

static void reads_info(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(infos); i++) {
        read_info(infos[i].info);
        if (!starts_with(promise.persistence, infos[i].persistence) ||
            !starts_with(promise.eviction, infos[i].eviction) ||
            !starts_with(promise.replicas, infos[i].replicas))
            fail_msg("info %zu: %s / %s / %s", i, promise.persistence, promise.eviction,
                     promise.replicas);
    }
}

static void a_very_long_value_is_cut(void **state)
{
    char info[1024] = "maxmemory:1\r\nmaxmemory_policy:";

    (void)state;
    memset(info + strlen(info), 'y', 900);
    read_info(info);
    assert_true(starts_with(promise.eviction, "DANGER"));
}

static const struct {
    bool has_append_file;
    const char *parameter, *value;
    const char *persistence; /* its first words; NULL: as it was */
} configs[] = {
    {true,  "appendfsync", "always",   "append-only file, flushed before each answer"   },
    {true,  "appendfsync", "everysec", "append-only file, flushed every second"         },
    {true,  "appendfsync", "no",       "append-only file, flushed when the system likes"},
    {true,  "appendfsync", "never",    NULL                                             },
    {true,  "save",        "",         NULL                                             },
    {false, "appendfsync", "always",   NULL                                             },
    {false, "save",        "",         "none: a restart of Redis loses everything"      },
    {false, "save",        "3600 1",   NULL                                             },
};

static void reads_config(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(configs); i++) {
        redisReply name = {.type = REDIS_REPLY_STRING,
                           .str = (char *)(uintptr_t)configs[i].parameter};
        redisReply value = {.type = REDIS_REPLY_STRING, .str = (char *)(uintptr_t)configs[i].value};

        promise = (struct promise){.persistence = "as it was",
                                   .has_append_file = configs[i].has_append_file};
        assert_int_equal(promise_config_result(&(struct call){.result = &promise},
                                               LIST(TEXT("other"), TEXT("x"), &name, &value),
                                               &reason),
                         STATUS_OK);
        if (!starts_with(promise.persistence,
                         configs[i].persistence ? configs[i].persistence : "as it was"))
            fail_msg("%s %s: %s", configs[i].parameter, configs[i].value, promise.persistence);
    }
}

static void unexpected_replies(void **state)
{
    (void)state;
    assert_int_equal(promise_info_result(&(struct call){.result = &promise}, NIL, &reason),
                     STATUS_UNAVAILABLE);
    assert_int_equal(promise_info_result(&(struct call){.result = &promise}, LIST(), &reason),
                     STATUS_UNAVAILABLE);
    assert_int_equal(promise_config_result(&(struct call){.result = &promise}, NIL, &reason),
                     STATUS_UNAVAILABLE);
    assert_int_equal(promise_config_result(&(struct call){.result = &promise}, TEXT(""), &reason),
                     STATUS_UNAVAILABLE);
    assert_int_equal(promise_config_result(&(struct call){.result = &promise}, LIST(), &reason),
                     STATUS_OK);
    assert_int_equal(
        promise_config_result(&(struct call){.result = &promise}, LIST(TEXT("save")), &reason),
        STATUS_OK);
    assert_int_equal(
        promise_config_result(&(struct call){.result = &promise}, LIST(NIL, NUMBER(1)), &reason),
        STATUS_OK);
}

static struct promise promise_of(const char *info, const char *parameter, const char *value)
{
    redisReply name = {.type = REDIS_REPLY_STRING, .str = (char *)(uintptr_t)parameter};
    redisReply text = {.type = REDIS_REPLY_STRING, .str = (char *)(uintptr_t)value};

    promise_init(&promise);
    if (*info) {
        redisReply reply = {
            .type = REDIS_REPLY_STRING, .str = (char *)(uintptr_t)info, .len = strlen(info)};

        promise_info_result(&(struct call){.result = &promise}, &reply, &reason);
    }
    promise_config_result(&(struct call){.result = &promise}, LIST(&name, &text), &reason);
    return promise;
}

#define SAFE "aof_enabled:1\r\nmaxmemory:9\r\nmaxmemory_policy:noeviction\r\nconnected_slaves:1\r\n"

/* One after the other joins; the last words count. */
static const struct {
    const char *info, *parameter, *value;
    const char *persistence, *eviction, *replicas, *failover; /* their first words */
} joined[] = {
    {SAFE,                                                               "appendfsync",                   "always",   "append-only file, flushed before",
     "nothing is evicted: ",                                                                                                                                               "1 master, each with replicas",           ""                         },
    {SAFE,                                                               "appendfsync",                   "everysec", "append-only file, flushed every second", "nothing",
     "2 masters, each with replicas",                                                                                                                                                                                ""                         },
    {SAFE,                                                               "appendfsync",                   "always",   "append-only file, flushed every second", "nothing",
     "3 masters, each with replicas",                                                                                                                                                                                ""                         },
    {"aof_enabled:1\r\nmaxmemory:9\r\nmaxmemory_policy:allkeys-lru\r\n", "appendfsync",                   "always",
     "append-only file, flushed every second",                                                                                                                  "DANGER",  "4 masters, 1 of them without a replica",
     ""                                                                                                                                                                                                                                         },
    {SAFE,                                                               "min-replicas-to-write",         "0",        "append-only file, when",                 "DANGER",  "5 masters, 1",
     "min-replicas-to-write 0"                                                                                                                                                                                                                  },
    {SAFE,                                                               "cluster-require-full-coverage", "yes",      "append-only file, when",                 "DANGER",
     "6 masters, 1",                                                                                                                                                                                                 "min-replicas-to-write 0: "},
    {"aof_enabled:0\r\nconnected_slaves:1\r\n",                          "save",                          "",         "none: a restart",                        "DANGER",
     "7 masters, 1",                                                                                                                                                                                                 "min-replicas-to-write 0: "},
    {"",                                                                 "",                              "",         "unknown",                                "unknown", "unknown",                                "min-replicas-to-write 0: "},
};

static void the_weakest_master_counts(void **state)
{
    struct promise all = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(joined); i++) {
        struct promise one = promise_of(joined[i].info, joined[i].parameter, joined[i].value), end;

        promise_join(&all, &one);
        end = all;
        promise_join_end(&end, TARGET_CLUSTER);
        if (!starts_with(end.persistence, joined[i].persistence) ||
            !starts_with(end.eviction, joined[i].eviction) ||
            !starts_with(end.replicas, joined[i].replicas) ||
            !starts_with(end.failover, joined[i].failover))
            fail_msg("%zu: %s / %s / %s / %s", i, end.persistence, end.eviction, end.replicas,
                     end.failover);
    }
    promise_join_end(&all, TARGET_SENTINEL);
    assert_null(strstr(all.failover, "cluster"));
    assert_true(*all.failover);
    promise_join_end(&all, TARGET_ONE);
    assert_string_equal(all.failover, "");
}

static void the_calls(void **state)
{
    struct call call = {0};

    (void)state;
    promise_info_call(&call, &promise);
    assert_null(call.script);
    assert_int_equal(call_resolve(&call, false), 1);
    assert_string_equal(call.argv[0], "INFO");
    promise_config_call(&call, &promise);
    assert_null(call.script);
    assert_int_equal(call_resolve(&call, false), 6);
    assert_string_equal(call.argv[0], "CONFIG");
    assert_string_equal(call.argv[1], "GET");
    assert_string_equal(call.argv[2], "appendfsync");
    assert_int_equal(call.argv_len[2], 11);
    assert_string_equal(call.argv[3], "save");
    promise_ping_call(&call);
    assert_int_equal(call_resolve(&call, false), 1);
    call_clear(&call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_info),
        cmocka_unit_test(a_very_long_value_is_cut),
        cmocka_unit_test(reads_config),
        cmocka_unit_test(unexpected_replies),
        cmocka_unit_test(the_weakest_master_counts),
        cmocka_unit_test(the_calls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
