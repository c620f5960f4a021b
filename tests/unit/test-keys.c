/* test-keys.c - RestMQ's key layout, and which names may become keys.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include "base/limits.h"
#include "broker/keys.h"

static void the_key_layout(void **state)
{
    struct call call = {0};

    (void)state;
    call_begin(&call, &script_push, NULL, NULL);
    for (enum key key = KEY_LIST; key <= KEY_EVENTS; key++)
        keys_add_key(&call, key, key == KEY_QUEUES ? "" : "a/b");
    keys_add_text(&call, KEY_LIST, "foo");
    expect_call(&call, &script_push, 9, "a/b:queue", "a/b:UUID", "queuestat::a/b",
                "a/b:queuepolicy", "QUEUESET", "restmq:{a/b}:trash", "a/b:", "a/b:PUBSUB",
                "restmq:{a/b}:events", "foo:queue");
    call_clear(&call);
}

/* --- names --------------------------------------------------------------------------------- */

static char *wall;

static int open_wall(void **state)
{
    (void)state;
    wall = wall_new(4096);
    return 0;
}

static enum status check(const char *name, size_t len)
{
    struct reason reason;

    return queue_name_check(wall_put(wall, name, len), len, &reason);
}

static const char *const good_names[] = {
    "a", "foo", "FOO_9.b:c@d-e", "orders/eu", "a/b/c/d", "-", ":", "@", "_", "0", "a:",
    /* dots */
    "...", "a..b", "..a", "a..", ".a", "a.", "a/.b", "a/..b/c",
    /* nearly reserved */
    "QUEUESETS", "queueset", "QUEUESET/a", "authkey", "AUTHKE", "Queuestat", "queuesta", "restmq",
    "restmq.x", "RESTMQ:x", "a/restmq:b", "queue", "foo.queue", "foo:queues", ":Queue", "dead",
    "foo:dead", "foo.deadx", "foo.dead/x",
    /* what looks like a key of foo; the keys of these queues are others */
    "foo:17", "foo:UUID", "foo:queuepolicy", "foo:PUBSUB"};

static const char *const bad_names[] = {
    "",
    /* segments */
    "/", "/a", "a/", "a//b", "//", ".", "..", "a/.", "a/..", "./a", "../a", "a/./b", "a/../b",
    /* reserved */
    "QUEUESET", "AUTHKEY", "AUTHKEY:x", "AUTHKEYS", "queuestat", "queuestat::foo", "queuestatus",
    "restmq:", "restmq:{foo}:trash", "restmq:x", ":queue", "foo:queue", "a/b:queue", ".dead",
    "foo.dead", "foo.dead.dead", "a/.dead",
    /* bytes */
    "a b", "a\tb", "a\nb", "a\r\nb", "a+b", "a%b", "a{b}", "a}", "a?b", "a#b", "a\\b", "a*b",
    "a\"b", "a'b", "a<b", "a&b", "a=b", "a,b", "a;b", "a|b", "a~b", "a^b", "a`b", "a$b", "a!b",
    "a(b", "a[b", "\xc3\xa4", "\x7f", "\xff", "\x01"};

static void good_and_bad_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good_names); i++)
        if (check(good_names[i], strlen(good_names[i])) != STATUS_OK)
            fail_msg("refused: %s", good_names[i]);
    for (size_t i = 0; i < COUNT(bad_names); i++)
        if (check(bad_names[i], strlen(bad_names[i])) != STATUS_BAD_NAME)
            fail_msg("accepted: %s", bad_names[i]);
}

static void every_byte_in_a_name(void **state)
{
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                               "_.:@-/";

    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        char name[] = {'a', (char)byte, 'b'};
        bool ok = byte && strchr(good, byte);

        if ((check(name, 3) == STATUS_OK) != ok)
            fail_msg("byte %02x", byte);
    }
}

static void the_length_of_a_name(void **state)
{
    char name[LIMIT_NAME + 1];

    (void)state;
    memset(name, 'a', sizeof(name));
    assert_int_equal(LIMIT_NAME, 128);
    assert_int_equal(check(name, 128), STATUS_OK);
    assert_int_equal(check(name, 129), STATUS_BAD_NAME);
}

/* --- keys of messages ---------------------------------------------------------------------- */

static const struct {
    const char *key, *queue;
    bool is_of;
} keys[] = {
    {"foo:17",               "foo",    true },
    {"foo:1",                "foo",    true },
    {"foo:9007199254740992", "foo",    true },
    {"foo:9007199254740993", "foo",    false},
    {"foo:0",                "foo",    false},
    {"foo:017",              "foo",    false},
    {"foo:-1",               "foo",    false},
    {"foo:+1",               "foo",    false},
    {"foo: 1",               "foo",    false},
    {"foo:1 ",               "foo",    false},
    {"foo:1\n",              "foo",    false},
    {"foo:1.0",              "foo",    false},
    {"foo:1:refcount",       "foo",    false},
    {"foo:",                 "foo",    false},
    {"foo",                  "foo",    false},
    {"fo",                   "foo",    false},
    {"",                     "foo",    false},
    {"foo17",                "foo",    false},
    {"foo.17",               "foo",    false},
    {"bar:17",               "foo",    false},
    {"foobar:17",            "foo",    false},
    {"FOO:17",               "foo",    false},
    {"foo:queue",            "foo",    false},
    {"foo:UUID",             "foo",    false},
    {"QUEUESET",             "foo",    false},
    {"foo:17:18",            "foo",    false},
    {"foo:17:18",            "foo:17", true },
    {"foo:17",               "foo:17", false},
    {"a/b:5",                "a/b",    true },
};

static void only_the_queue_s_own_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(keys); i++) {
        size_t len = strlen(keys[i].key);

        if (message_key_is_of(wall_put(wall, keys[i].key, len), len, keys[i].queue) !=
            keys[i].is_of)
            fail_msg("%s of %s", keys[i].key, keys[i].queue);
    }
    assert_false(message_key_is_of("foo:1\0", 6, "foo"));
    assert_false(message_key_is_of("foo\0:1", 6, "foo"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_layout),
        cmocka_unit_test(good_and_bad_names),
        cmocka_unit_test(every_byte_in_a_name),
        cmocka_unit_test(the_length_of_a_name),
        cmocka_unit_test(only_the_queue_s_own_numbers),
    };

    return cmocka_run_group_tests(tests, open_wall, NULL);
}
