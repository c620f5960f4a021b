/* test-cluster.c - which node of a Redis Cluster has which slot.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include "redis/cluster.h"
#include "redis/next.h"

#define ASKED                  "10.0.0.9:7009"
#define NODE(host, port)       LIST(host, NUMBER(port), TEXT("an id"), LIST(NIL))
#define RANGE(first, last, at) LIST(NUMBER(first), NUMBER(last), at)

static struct cluster cluster;

static int end(void **state)
{
    (void)state;
    cluster_clear(&cluster);
    return 0;
}

static const char *at(int slot)
{
    int node = cluster_node(&cluster, slot);

    return node < 0 ? "nobody" : cluster.names[node];
}

static void nothing_is_known(void **state)
{
    (void)state;
    assert_string_equal(at(0), "nobody");
    assert_string_equal(at(SLOTS - 1), "nobody");
    assert_int_equal(cluster_holes(&cluster), SLOTS);
}

static void ranges_and_holes(void **state)
{
    (void)state;
    assert_true(cluster_read(&cluster,
                             LIST(RANGE(0, 5460, NODE(TEXT("10.0.0.1"), 7001)),
                                  LIST(NUMBER(5461), NUMBER(10922), NODE(TEXT("fe80::1"), 7002),
                                       NODE(TEXT("10.0.0.7"), 7007)),
                                  RANGE(10924, 10924, NODE(TEXT("redis.example"), 7003)),
                                  RANGE(16383, 16383, NODE(TEXT("10.0.0.1"), 7001))),
                             ASKED));
    assert_string_equal(at(0), "10.0.0.1:7001");
    assert_string_equal(at(5460), "10.0.0.1:7001");
    assert_string_equal(at(5461), "[fe80::1]:7002");
    assert_string_equal(at(10922), "[fe80::1]:7002");
    assert_string_equal(at(10923), "nobody");
    assert_string_equal(at(10924), "redis.example:7003");
    assert_string_equal(at(10925), "nobody");
    assert_string_equal(at(16383), "10.0.0.1:7001");
    assert_int_equal(cluster.count, 3);
    assert_int_equal(cluster_holes(&cluster), 1 + (16382 - 10924));
}

/* Redis says nil where it has no host to name, older ones say "", and "?" is a name that is not
 * known. */
static void hosts_that_are_left_out(void **state)
{
    (void)state;
    assert_true(
        cluster_read(&cluster,
                     LIST(RANGE(0, 1, NODE(NIL, 7001)), RANGE(2, 3, NODE(TEXT(""), 7002)),
                          RANGE(4, 5, NODE(TEXT("?"), 7003)), RANGE(6, 7, NODE(TEXT("a_b"), 7004))),
                     ASKED));
    assert_string_equal(at(0), "10.0.0.9:7001");
    assert_string_equal(at(2), "10.0.0.9:7002");
    assert_string_equal(at(4), "10.0.0.9:7003");
    assert_string_equal(at(6), "a_b:7004");
    assert_true(cluster_read(&cluster, LIST(RANGE(0, 1, NODE(NIL, 7001))), "[::1]:6379"));
    assert_string_equal(at(0), "[::1]:7001");
    assert_string_equal(at(2), "nobody");
}

static void what_cannot_be_read_changes_nothing(void **state)
{
    redisReply *const bad[] = {
        NIL,
        NUMBER(1),
        LIST(NIL),
        LIST(LIST(NUMBER(0), NUMBER(1))),
        LIST(LIST(NUMBER(0), NUMBER(1), NIL)),
        LIST(LIST(NUMBER(0), NUMBER(1), LIST(TEXT("a")))),
        LIST(RANGE(0, 1, NODE(NUMBER(1), 7001))),
        LIST(LIST(NUMBER(0), NUMBER(1), LIST(TEXT("a"), TEXT("7001")))),
        LIST(LIST(TEXT("0"), NUMBER(1), NODE(TEXT("a"), 7001))),
        LIST(RANGE(-1, 1, NODE(TEXT("a"), 7001))),
        LIST(RANGE(2, 1, NODE(TEXT("a"), 7001))),
        LIST(RANGE(0, SLOTS, NODE(TEXT("a"), 7001))),
        LIST(RANGE(0, 1, NODE(TEXT("a"), 0))),
        LIST(RANGE(0, 1, NODE(TEXT("a"), 65536))),
        LIST(RANGE(0, 1, NODE(TEXT("a\0b"), 7001))),
        LIST(RANGE(0, 1, NODE(TEXT("??"), 7001))),
        LIST(RANGE(0, 1, NODE(TEXT("a b"), 7001))),
        LIST(RANGE(0, 1, NODE(TEXT("unix"), 7001))),
        LIST(RANGE(0, 9, NODE(TEXT("a"), 7001)), RANGE(0, 1, NIL)),
        &(redisReply){.type = REDIS_REPLY_ARRAY},
    };

    (void)state;
    assert_true(cluster_read(&cluster, LIST(RANGE(0, 1, NODE(TEXT("good"), 7001))), ASKED));
    for (size_t i = 0; i < COUNT(bad); i++) {
        if (cluster_read(&cluster, bad[i], ASKED))
            fail_msg("number %zu was read", i);
        assert_string_equal(at(1), "good:7001");
        assert_int_equal(cluster.count, 1);
    }
}

/* A reply of so many nodes with a slot each. */
static bool read_nodes(int count)
{
    redisReply *numbers = calloc((size_t)count * 2, sizeof(*numbers));
    redisReply *ranges = calloc((size_t)count * 2, sizeof(*ranges));
    redisReply **items = calloc((size_t)count * 6, sizeof(*items)), **item = items + count;
    redisReply reply = {.type = REDIS_REPLY_ARRAY, .elements = (size_t)count, .element = items};
    redisReply *host = TEXT("10.0.0.1");
    bool is_read;

    for (int i = 0; i < count; i++) {
        redisReply *number = &numbers[2 * i], *range = &ranges[2 * i];

        number[0] = (redisReply){.type = REDIS_REPLY_INTEGER, .integer = i * 16};
        number[1] = (redisReply){.type = REDIS_REPLY_INTEGER, .integer = 7000 + i};
        range[1] = (redisReply){.type = REDIS_REPLY_ARRAY, .elements = 2, .element = item};
        *item++ = host;
        *item++ = &number[1];
        range[0] = (redisReply){.type = REDIS_REPLY_ARRAY, .elements = 3, .element = item};
        *item++ = &number[0];
        *item++ = &number[0];
        *item++ = &range[1];
        items[i] = &range[0];
    }
    is_read = cluster_read(&cluster, &reply, ASKED);
    free(numbers);
    free(ranges);
    free(items);
    return is_read;
}

static void many_nodes(void **state)
{
    (void)state;
    assert_true(read_nodes(256));
    assert_int_equal(cluster.count, 256);
    assert_string_equal(at(255 * 16), "10.0.0.1:7255");
    assert_string_equal(at(255 * 16 + 1), "nobody");
    assert_true(read_nodes(CLUSTER_NODES));
    assert_false(read_nodes(CLUSTER_NODES + 1));
    assert_int_equal(cluster_moved(&cluster, 1, "another:1"), -1);
    assert_string_equal(at(1), "nobody");
}

static const struct {
    const char *host;
    int port;
    const char *name; /* NULL: none */
} elsewheres[] = {
    {"10.0.0.2", 7002,  "10.0.0.2:7002"},
    {"::1",      65535, "[::1]:65535"  },
    {"",         7002,  "10.0.0.9:7002"},
    {"?",        7002,  "10.0.0.9:7002"},
    {"10.0.0.2", 0,     NULL           },
};

static void where_moved_points_to(void **state)
{
    char name[ADDRESS_TEXT], long_host[300];
    struct elsewhere elsewhere = {.host = long_host, .host_len = sizeof(long_host), .port = 1};

    (void)state;
    memset(long_host, 'x', sizeof(long_host));
    assert_false(cluster_name(&elsewhere, ASKED, name));
    for (size_t i = 0; i < COUNT(elsewheres); i++) {
        elsewhere.host = elsewheres[i].host;
        elsewhere.host_len = strlen(elsewhere.host);
        elsewhere.port = elsewheres[i].port;
        assert_int_equal(cluster_name(&elsewhere, ASKED, name), elsewheres[i].name != NULL);
        if (elsewheres[i].name)
            assert_string_equal(name, elsewheres[i].name);
    }
}

static void one_slot_moves(void **state)
{
    (void)state;
    assert_true(cluster_read(&cluster, LIST(RANGE(0, 100, NODE(TEXT("a"), 1))), ASKED));
    assert_int_equal(cluster_moved(&cluster, 5, "b:2"), 1);
    assert_int_equal(cluster_moved(&cluster, 6, "b:2"), 1);
    assert_int_equal(cluster_moved(&cluster, 7, "a:1"), 0);
    assert_int_equal(cluster_moved(&cluster, 9000, "a:1"), 0);
    assert_string_equal(at(4), "a:1");
    assert_string_equal(at(5), "b:2");
    assert_string_equal(at(6), "b:2");
    assert_string_equal(at(7), "a:1");
    assert_string_equal(at(9000), "a:1");
}

#define TEST(test) cmocka_unit_test_teardown(test, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_known),
        TEST(ranges_and_holes),
        TEST(hosts_that_are_left_out),
        TEST(what_cannot_be_read_changes_nothing),
        TEST(many_nodes),
        TEST(where_moved_points_to),
        TEST(one_slot_moves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
