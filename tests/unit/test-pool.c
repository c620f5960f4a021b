/* test-pool.c - pools of servers: what is said to Redis, and what its answers mean.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include <json-c/json.h>
#include <math.h>

#include "base/json.h"
#include "broker/pool.h"
#include "broker/pool_choice.h"
#include "broker/ring.h"

static struct call call;
static struct pool_choice choice;
static struct pool_update update;
static struct reason reason;

static int clear(void **state)
{
    (void)state;
    call_clear(&call);
    return 0;
}

#define POOL_KEYS(pool) "restmq:lb:{" pool "}", "restmq:lbv:{" pool "}"

static const char *json_of(struct json_object *object)
{
    static struct buffer out;

    buffer_reset(&out);
    json_render(object, &out);
    return out.data;
}

static const char *chosen(void)
{
    struct json_object *object = json_object_new_object();

    pool_choice_to_json(&choice, object);
    return json_of(object);
}

static enum status set(const char *name, const char *value)
{
    return pool_choice_set(&choice, name, value, strlen(value), &reason);
}

/* --- what is wished for -------------------------------------------------------------------- */

static const struct {
    const char *name, *value;
    enum status status;
} wishes[] = {
    {"replicas", "1",     STATUS_OK         },
    {"replicas", "100",   STATUS_OK         },
    {"replicas", "0",     STATUS_BAD_VALUE  },
    {"replicas", "101",   STATUS_BAD_VALUE  },
    {"replicas", "-1",    STATUS_BAD_VALUE  },
    {"replicas", "1.0",   STATUS_BAD_VALUE  },
    {"spread",   "no",    STATUS_OK         },
    {"spread",   "false", STATUS_OK         },
    {"spread",   "yes",   STATUS_OK         },
    {"spread",   "",      STATUS_BAD_VALUE  },
    {"spread",   "maybe", STATUS_BAD_VALUE  },
    {"key",      "k",     STATUS_OK         },
    {"key",      "",      STATUS_BAD_VALUE  },
    {"bound",    "1.25",  STATUS_OK         },
    {"bound",    "1",     STATUS_OK         },
    {"bound",    "0.99",  STATUS_BAD_VALUE  },
    {"bound",    "nan",   STATUS_BAD_VALUE  },
    {"bound",    "inf",   STATUS_BAD_VALUE  },
    {"bound",    "1e4",   STATUS_BAD_VALUE  },
    {"cost",     "-1",    STATUS_OK         },
    {"cost",     "0",     STATUS_OK         },
    {"cost",     "NaN",   STATUS_BAD_VALUE  },
    {"cost",     "1e400", STATUS_BAD_VALUE  },
    {"cost",     "0x10",  STATUS_BAD_VALUE  },
    {"price",    "1",     STATUS_BAD_REQUEST},
};

static void reads_wishes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(wishes); i++)
        if (set(wishes[i].name, wishes[i].value) != wishes[i].status)
            fail_msg("%s=%s", wishes[i].name, wishes[i].value);
}

static const struct {
    const char *name, *value;
    enum status status;
} updates[] = {
    {"server", "s5",                 STATUS_OK         },
    {"server", "http://h:80/up?a=b", STATUS_OK         },
    {"server", "",                   STATUS_BAD_NAME   },
    {"server", "a b",                STATUS_BAD_NAME   },
    {"server", "caf\xc3\xa9",        STATUS_BAD_NAME   },
    {"row",    "rack-7_b.x@y",       STATUS_OK         },
    {"row",    "",                   STATUS_BAD_NAME   },
    {"row",    "a:b",                STATUS_BAD_NAME   },
    {"row",    "a/b",                STATUS_BAD_NAME   },
    {"row",    "b}:odd",             STATUS_BAD_NAME   },
    {"score",  "-2.5e3",             STATUS_OK         },
    {"score",  "",                   STATUS_BAD_VALUE  },
    {"score",  " 1",                 STATUS_BAD_VALUE  },
    {"score",  "1e400",              STATUS_BAD_VALUE  },
    {"score",  "infinity",           STATUS_BAD_VALUE  },
    {"incr",   "+1",                 STATUS_BAD_VALUE  },
    {"cost",   "1",                  STATUS_BAD_REQUEST},
};

static void reads_updates(void **state)
{
    char long_name[LIMIT_SERVER + 2];

    (void)state;
    for (size_t i = 0; i < COUNT(updates); i++)
        if (pool_update_set(&update, updates[i].name, updates[i].value, strlen(updates[i].value),
                            &reason) != updates[i].status)
            fail_msg("%s=%s", updates[i].name, updates[i].value);
    memset(long_name, 's', sizeof(long_name));
    long_name[LIMIT_SERVER + 1] = '\0';
    assert_int_equal(pool_server_check(long_name, LIMIT_SERVER + 1, &reason), STATUS_BAD_NAME);
    long_name[LIMIT_SERVER] = '\0';
    assert_int_equal(pool_server_check(long_name, LIMIT_SERVER, &reason), STATUS_OK);
    assert_int_equal(pool_server_check("a\0b", 3, &reason), STATUS_BAD_NAME);
}

/* --- by the lowest scores ------------------------------------------------------------------ */

static void choose(void **state)
{
    (void)state;
    choice = (struct pool_choice){.pool = "a/b"};
    assert_int_equal(pool_choose_call(&call, &choice, &reason), STATUS_OK);
    expect_call(&call, &script_choose, 1, "restmq:lb:{a/b}", "1", "1", "");
    assert_false(call.changes);
    assert_int_equal(decode(&call, LIST(TEXT("ok"), TEXT("s5"), TEXT("odd"), TEXT("1"))),
                     STATUS_OK);
    assert_string_equal(chosen(), "{\"servers\":[\"s5\"],\"scores\":[1],\"rows\":[\"odd\"]}");
    EXPECT_UNEXPECTED(&call, NIL, TEXT("ok"), LIST(TEXT("ok")), LIST(TEXT("ok"), NIL, NIL, NIL),
                      LIST(TEXT("odd")), LIST(TEXT("ring"), TEXT("1"), TEXT("1")),
                      LIST(TEXT("more")), LIST(TEXT("few")));
}

static void charge(void **state)
{
    (void)state;
    choice = (struct pool_choice){.pool = "p", .charges = true};
    assert_int_equal(pool_choose_call(&call, &choice, &reason), STATUS_OK);
    expect_call(&call, &script_choose, 1, "restmq:lb:{p}", "1", "1", "1");
    assert_true(call.changes);
    assert_int_equal(set("cost", "0.1"), STATUS_OK);
    assert_int_equal(set("replicas", "2"), STATUS_OK);
    assert_int_equal(set("spread", "no"), STATUS_OK);
    assert_int_equal(pool_choose_call(&call, &choice, &reason), STATUS_OK);
    expect_call(&call, &script_choose, 1, "restmq:lb:{p}", "2", "0", "0.1");
    assert_int_equal(
        decode(&call, LIST(TEXT("ok"), TEXT("a"), TEXT("r"), TEXT("0.10000000000000001"), TEXT("b"),
                           TEXT("r"), TEXT("-1.5e+300"))),
        STATUS_OK);
    assert_string_equal(chosen(), "{\"servers\":[\"a\",\"b\"],\"scores\":[0.1,-1.5e+300],"
                                  "\"rows\":[\"r\",\"r\"]}");
}

static void refusals(void **state)
{
    (void)state;
    choice = (struct pool_choice){.pool = "p", .replicas = 3};
    assert_int_equal(pool_choose_call(&call, &choice, &reason), STATUS_OK);
    assert_int_equal(decode(&call, LIST(TEXT("few"), NUMBER(0))), STATUS_NOT_FOUND);
    assert_int_equal(decode(&call, LIST(TEXT("few"), NUMBER(2))), STATUS_CONFLICT);
    assert_int_equal(decode(&call, LIST(TEXT("below"), TEXT("s"))), STATUS_CONFLICT);
    assert_int_equal(decode(&call, LIST(TEXT("beyond"), TEXT("s"))), STATUS_CONFLICT);
    choice = (struct pool_choice){.pool = "p", .bound = 1.25};
    assert_int_equal(pool_choose_call(&call, &choice, &reason), STATUS_BAD_REQUEST);
    choice = (struct pool_choice){.pool = "p", .key = "k", .key_len = 1};
    assert_int_equal(pool_choose_call(&call, &choice, &reason), STATUS_BAD_REQUEST);
}

/* --- by a key ------------------------------------------------------------------------------ */

static void begin_placing(struct rings *rings)
{
    choice = (struct pool_choice){.pool = "p", .rings = rings, .now_ms = 5000};
    assert_int_equal(set("key", "object1"), STATUS_OK);
    assert_int_equal(pool_choose_call(&call, &choice, &reason), STATUS_OK);
}

#define RING_OF_TWO                                                                                \
    LIST(TEXT("ring"), TEXT("7"), TEXT("2"), TEXT("odd"), TEXT("s1"), TEXT("even"), TEXT("s2"))

/* The first call learns the members, and becomes one with candidates. */
static void place(void **state)
{
    struct rings *rings = rings_new();
    const char *first, *second;

    (void)state;
    begin_placing(rings);
    expect_call(&call, &script_place, 2, POOL_KEYS("p"), "1", "1", "", "", "0", "", "");
    assert_int_equal(decode(&call, RING_OF_TWO), STATUS_AGAIN);
    first = ring_find(rings_find(rings, "p", 5000)->ring, "object1", 7) ? "s2" : "s1";
    second = strcmp(first, "s1") == 0 ? "s2" : "s1";
    expect_call(&call, &script_place, 2, POOL_KEYS("p"), "1", "1", "", "", "1", "7", "2",
                strcmp(first, "s1") == 0 ? "odd" : "even", first,
                strcmp(first, "s1") == 0 ? "even" : "odd", second);
    assert_int_equal(decode(&call, LIST(TEXT("ok"), TEXT("s1"), TEXT("odd"), TEXT("0"))),
                     STATUS_OK);
    assert_string_equal(chosen(), "{\"servers\":[\"s1\"],\"scores\":[0],\"rows\":[\"odd\"]}");
    choice.now_ms = 6000; /* it is looked at anew */
    assert_int_equal(set("bound", "1.25"), STATUS_OK);
    assert_int_equal(pool_choose_call(&call, &choice, &reason), STATUS_OK);
    expect_call(&call, &script_place, 2, POOL_KEYS("p"), "1", "1", "", "1.25", "0", "", "");
    EXPECT_UNEXPECTED(&call, LIST(TEXT("ring")), LIST(TEXT("ring"), TEXT("1"), NIL));
    rings_free(rings);
}

static void the_whole_ring_is_sent_once(void **state)
{
    struct rings *rings = rings_new();

    (void)state;
    begin_placing(rings);
    assert_int_equal(decode(&call, RING_OF_TWO), STATUS_AGAIN);
    assert_int_equal(decode(&call, LIST(TEXT("more"))), STATUS_AGAIN);
    EXPECT_UNEXPECTED(&call, LIST(TEXT("more")));
    rings_free(rings);
}

/* The fourth time it is taken as it was the third time. */
static void a_restless_pool(void **state)
{
    enum { AT_VERSION = 3 + 2 + 5 }; /* in argv */
    struct rings *rings = rings_new();

    (void)state;
    begin_placing(rings);
    for (int i = 0; i < 3; i++) {
        call_resolve(&call, false);
        assert_true(call.argv_len[AT_VERSION] != 1 || *call.argv[AT_VERSION] != '*');
        assert_int_equal(decode(&call, RING_OF_TWO), STATUS_AGAIN);
    }
    call_resolve(&call, false);
    assert_int_equal(call.argv_len[AT_VERSION], 1);
    assert_memory_equal(call.argv[AT_VERSION], "*", 1);
    EXPECT_UNEXPECTED(&call, RING_OF_TWO);
    rings_free(rings);
}

/* --- list, update, remove ------------------------------------------------------------------ */

static void list(void **state)
{
    struct json_object *rows;

    (void)state;
    pool_list_call(&call, "p", &rows);
    expect_call(&call, &script_servers, 1, "restmq:lb:{p}");
    assert_false(call.changes);
    assert_int_equal(decode(&call, LIST(TEXT("ok"), TEXT("even"),
                                        LIST(TEXT("s\"2"), TEXT("5"), TEXT("s4"), TEXT("inf")),
                                        TEXT("odd"), LIST(TEXT("s1"), TEXT("10.5")))),
                     STATUS_OK);
    assert_string_equal(json_of(rows),
                        "{\"even\":{\"s\\\"2\":5,\"s4\":null},\"odd\":{\"s1\":10.5}}");
    assert_int_equal(decode(&call, LIST(TEXT("few"), NUMBER(0))), STATUS_NOT_FOUND);
    assert_int_equal(decode(&call, LIST(TEXT("many"))), STATUS_CONFLICT);
    EXPECT_UNEXPECTED(&call, NIL, NUMBER(1), LIST(NIL));
}

static void change(void **state)
{
    struct json_object *object = json_object_new_object();

    (void)state;
    update = (struct pool_update){.pool = "p"};
    assert_int_equal(pool_update_call(&call, &update, &reason), STATUS_BAD_REQUEST);
    assert_int_equal(pool_update_set(&update, "server", "s5", 2, &reason), STATUS_OK);
    assert_int_equal(pool_update_call(&call, &update, &reason), STATUS_BAD_REQUEST);
    assert_int_equal(pool_update_set(&update, "score", "50", 2, &reason), STATUS_OK);
    assert_int_equal(pool_update_call(&call, &update, &reason), STATUS_OK);
    expect_call(&call, &script_score, 2, POOL_KEYS("p"), "s5", "", "set", "50");
    assert_int_equal(decode(&call, LIST(TEXT("ok"), TEXT("s5"), TEXT("odd"), TEXT("50"))),
                     STATUS_OK);
    pool_update_to_json(&update, object);
    assert_string_equal(json_of(object),
                        "{\"pool\":\"p\",\"row\":\"odd\",\"server\":\"s5\",\"score\":50}");
    assert_int_equal(pool_update_set(&update, "incr", "-1", 2, &reason), STATUS_OK);
    assert_int_equal(pool_update_call(&call, &update, &reason), STATUS_BAD_REQUEST);
    update.has_score = false;
    assert_int_equal(pool_update_set(&update, "row", "r", 1, &reason), STATUS_OK);
    assert_int_equal(pool_update_call(&call, &update, &reason), STATUS_OK);
    expect_call(&call, &script_score, 2, POOL_KEYS("p"), "s5", "r", "add", "-1");
    assert_int_equal(decode(&call, LIST(TEXT("gone"))), STATUS_NOT_FOUND);
    assert_int_equal(decode(&call, LIST(TEXT("below"), TEXT("s5"))), STATUS_CONFLICT);
    EXPECT_UNEXPECTED(&call, NIL, LIST(TEXT("ok")), LIST(TEXT("ok"), NIL, NIL, NIL));
}

static void removal(void **state)
{
    long long removed = 0;

    (void)state;
    pool_remove_call(&call, "p", "s5", &removed);
    expect_call(&call, &script_retire, 2, POOL_KEYS("p"), "s5");
    assert_int_equal(decode(&call, NUMBER(1)), STATUS_OK);
    assert_int_equal(removed, 1);
    pool_remove_call(&call, "p", NULL, &removed);
    expect_call(&call, &script_retire, 2, POOL_KEYS("p"), "");
    assert_int_equal(decode(&call, NUMBER(8)), STATUS_OK);
    assert_int_equal(removed, 8);
    assert_int_equal(decode(&call, NUMBER(0)), STATUS_NOT_FOUND);
    EXPECT_UNEXPECTED(&call, NIL, TEXT("1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_wishes),
        cmocka_unit_test(reads_updates),
        cmocka_unit_test(choose),
        cmocka_unit_test(charge),
        cmocka_unit_test(refusals),
        cmocka_unit_test(place),
        cmocka_unit_test(the_whole_ring_is_sent_once),
        cmocka_unit_test(a_restless_pool),
        cmocka_unit_test(list),
        cmocka_unit_test(change),
        cmocka_unit_test(removal),
    };

    return cmocka_run_group_tests(tests, NULL, clear);
}
