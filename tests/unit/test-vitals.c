/* test-vitals.c - how a Redis is, from its answer to INFO.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include <json-c/json.h>

#include "broker/vitals.h"

static void expect_vitals(redisReply *info, const char *expected)
{
    struct json_object *object = json_object_new_object();

    vitals_to_json(info, object);
    assert_string_equal(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN), expected);
    json_object_put(object);
}

static void all_of_it(void **state)
{
    (void)state;
    expect_vitals(
        TEXT("# Server\r\nredis_version:7.0.15\r\nuptime_in_seconds:99\r\nconnected_clients:3\r\n"
             "used_memory:1000\r\nmaxmemory:2000\r\nmaxmemory_policy:noeviction\r\n"
             "aof_enabled:1\r\naof_last_write_status:err\r\nrdb_last_save_time:1700000000\r\n"
             "rdb_last_bgsave_status:ok\r\nrdb_changes_since_last_save:7\r\nrole:master\r\n"
             "slave0:ip=10.0.0.2,port=6380,state=online,offset=5,lag=1\r\n"
             "slave1:ip=::1,port=6381,state=wait_bgsave,offset=0,lag=x\r\n"
             "slave3:ip=10.0.0.9,port=1\r\n"),
        "{\"version\":\"7.0.15\",\"role\":\"master\",\"uptime_s\":99,\"clients\":3,"
        "\"memory\":{\"used\":1000,\"max\":2000},\"eviction_policy\":\"noeviction\","
        "\"aof\":{\"on\":true,\"ok\":false},"
        "\"rdb\":{\"saved_at\":1700000000000,\"ok\":true,\"changes\":7},"
        "\"replicas\":[{\"address\":\"10.0.0.2:6380\",\"state\":\"online\",\"lag_s\":1},"
        "{\"address\":\"[::1]:6381\",\"state\":\"wait_bgsave\",\"lag_s\":null}]}");
}

static void nothing_of_it(void **state)
{
    static const char nothing[] =
        "{\"version\":null,\"role\":null,\"uptime_s\":null,\"clients\":null,"
        "\"memory\":{\"used\":null,\"max\":null},\"eviction_policy\":null,"
        "\"aof\":{\"on\":null,\"ok\":null},"
        "\"rdb\":{\"saved_at\":null,\"ok\":null,\"changes\":null},\"replicas\":null}";

    (void)state;
    expect_vitals(NULL, nothing);
    expect_vitals(NUMBER(1), nothing);
    expect_vitals(TEXT(""), nothing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_it),
        cmocka_unit_test(nothing_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
