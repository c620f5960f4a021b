/* test-keys.c - RestMQ's key layout, and which names may become keys.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include "base/limits.h"
#include "broker/keys.h"

/* Every name there is, of one queue. */
#define EXPECT_LAYOUT(queue, ...)                                                                  \
    do {                                                                                           \
        struct call call = {0};                                                                    \
                                                                                                   \
        call_begin(&call, (struct owner){0}, &script_push, NULL, NULL);                            \
        for (enum key key = KEY_LIST; key <= KEY_EVENTS; key++)                                    \
            keys_add_key(&call, key, key == KEY_QUEUES ? "" : (queue));                            \
        expect_call(&call, &script_push, 20, __VA_ARGS__);                                         \
        call_clear(&call);                                                                         \
    } while (0)

static void the_key_layout(void **state)
{
    (void)state;
    EXPECT_LAYOUT("a/b", "a/b:queue", "a/b:UUID", "queuestat::a/b", "a/b:queuepolicy", "QUEUESET",
                  "QUEUESET", "a/b:", "a/b:PUBSUB", "restmq:{a/b}:leases", "restmq:{a/b}:receipts",
                  "restmq:{a/b}:delayed", "restmq:{a/b}:settings", "restmq:{a/b}:stats",
                  "restmq:{a/b}:once:", "restmq:{a/b}:remembers", "restmq:{a/b}:trash",
                  "restmq:{a/b}:foreign", "restmq:{a/b}:sampled", "restmq:{a/b}:history",
                  "restmq:{a/b}:events");
}

/* They have the hash tag of their queue, and its messages. */
static void the_key_layout_of_dead_letters(void **state)
{
    (void)state;
    EXPECT_LAYOUT("foo.dead", "foo.dead:queue", "foo.dead:UUID", "queuestat::foo.dead",
                  "foo.dead:queuepolicy", "QUEUESET", "QUEUESET", "foo:", "foo.dead:PUBSUB",
                  "restmq:{foo}.dead:leases", "restmq:{foo}.dead:receipts",
                  "restmq:{foo}.dead:delayed", "restmq:{foo}.dead:settings",
                  "restmq:{foo}.dead:stats",
                  "restmq:{foo}.dead:once:", "restmq:{foo}.dead:remembers",
                  "restmq:{foo}.dead:trash", "restmq:{foo}:foreign", "restmq:{foo}.dead:sampled",
                  "restmq:{foo}.dead:history", "restmq:{foo}.dead:events");
}

static void the_key_layout_with_hash_tags(void **state)
{
    (void)state;
    keys_use_tags(true);
    EXPECT_LAYOUT("a/b", "{a/b}:queue", "{a/b}:UUID", "queuestat::{a/b}", "{a/b}:queuepolicy",
                  "QUEUESET", "restmq:{a/b}:names", "{a/b}:", "{a/b}:PUBSUB", "restmq:{a/b}:leases",
                  "restmq:{a/b}:receipts", "restmq:{a/b}:delayed", "restmq:{a/b}:settings",
                  "restmq:{a/b}:stats", "restmq:{a/b}:once:", "restmq:{a/b}:remembers",
                  "restmq:{a/b}:trash", "restmq:{a/b}:foreign", "restmq:{a/b}:sampled",
                  "restmq:{a/b}:history", "{a/b}:restmq:events");
    EXPECT_LAYOUT("foo.dead", "{foo}.dead:queue", "{foo}.dead:UUID", "queuestat::{foo}.dead",
                  "{foo}.dead:queuepolicy", "QUEUESET", "restmq:{foo}:names",
                  "{foo}:", "{foo}.dead:PUBSUB", "restmq:{foo}.dead:leases",
                  "restmq:{foo}.dead:receipts", "restmq:{foo}.dead:delayed",
                  "restmq:{foo}.dead:settings", "restmq:{foo}.dead:stats",
                  "restmq:{foo}.dead:once:", "restmq:{foo}.dead:remembers",
                  "restmq:{foo}.dead:trash", "restmq:{foo}:foreign", "restmq:{foo}.dead:sampled",
                  "restmq:{foo}.dead:history", "{foo}.dead:restmq:events");
    keys_use_tags(false);
}

/* Of a topic, which may be called as dead letters are, or of a helper. */
static void the_key_layout_of_presence(void **state)
{
    struct call call = {0};

    (void)state;
    call_begin(&call, (struct owner){0}, &script_push, NULL, NULL);
    keys_add_key(&call, KEY_PRESENCE, "a/b.dead");
    keys_add_key(&call, KEY_PRESENCE_ROWS, "a/b.dead");
    keys_add_key(&call, KEY_TOPICS, "");
    keys_add_key(&call, KEY_HELPERS, "");
    keys_add_key(&call, KEY_HELPER_TOPICS, "0f");
    expect_call(&call, &script_push, 5, "restmq:presence:{a/b}.dead",
                "restmq:presence:{a/b}.dead:", "restmq:topics", "restmq:helpers",
                "restmq:helper:0f:topics");
    call_clear(&call);
}

/* What looks like dead letters is none. */
static void names_of_clients_keys(void **state)
{
    struct call call = {0};

    (void)state;
    call_begin(&call, (struct owner){0}, &script_push, NULL, NULL);
    keys_add_key(&call, KEY_AUTHKEY, "{k}.dead");
    keys_add_key(&call, KEY_AUTHKEYS, "");
    expect_call(&call, &script_push, 2, "AUTHKEY:{k}.dead", "restmq:authkeys");
    call_clear(&call);
}

static void a_text_is_no_key(void **state)
{
    struct call call = {0};

    (void)state;
    call_begin(&call, (struct owner){0}, &script_push, NULL, NULL);
    keys_add_key(&call, KEY_LIST, "foo");
    keys_add_text(&call, KEY_PREFIX, "foo.dead");
    expect_call(&call, &script_push, 1, "foo:queue", "foo:");
    call_clear(&call);
}

static void lines_are_appended(void **state)
{
    struct call call = {0};

    (void)state;
    call_begin(&call, (struct owner){0}, &script_push, NULL, NULL);
    keys_add_text(&call, KEY_PREFIX, "foo");
    keys_append_line(&call, KEY_ONCE, "foo");
    call_append(&call, "a}:b {c", 7);
    keys_append_line(&call, KEY_STATS, "foo.dead");
    keys_append_line(&call, KEY_QUEUES, "");
    expect_call(&call, &script_push, 0,
                "foo:\nrestmq:{foo}:once:a}:b {c\nrestmq:{foo}.dead:stats\nQUEUESET");
    call_clear(&call);
}

/* --- owners -------------------------------------------------------------------------------- */

/* A key that a call of an owner has. */
static const struct {
    struct owner (*of)(const char *name);
    const char *owner;
    enum key key;
    const char *name;
    bool is_owners;
} owners[] = {
    {of_queue,   "foo",      KEY_LIST,          "foo",      true },
    {of_queue,   "foo",      KEY_LIST,          "fo",       false},
    {of_queue,   "foo",      KEY_LIST,          "foo2",     false},
    {of_queue,   "foo",      KEY_LIST,          "foo.dead", true },
    {of_queue,   "foo.dead", KEY_SETTINGS,      "foo",      true },
    {of_queue,   "foo.dead", KEY_SETTINGS,      "foo.dead", true },
    {of_queue,   "foo",      KEY_QUEUES,        "",         false},
    {of_queue,   "foo",      KEY_PRESENCE,      "foo",      true },
    {of_queue,   "foo",      KEY_PRESENCE,      "foo.dead", true },
    {of_queue,   "foo.dead", KEY_PRESENCE,      "foo.dead", true },
    {of_queue,   "foo",      KEY_POOL,          "foo",      false},
    {of_queue,   "foo",      KEY_HELPER_TOPICS, "foo",      false},
    {of_queue,   "foo",      KEY_AUTHKEY,       "foo",      false},
    {of_topic,   "foo",      KEY_PRESENCE,      "foo",      true },
    {of_topic,   "foo.dead", KEY_PRESENCE,      "foo.dead", true },
    {of_topic,   "foo",      KEY_PRESENCE_ROWS, "bar",      false},
    {of_topic,   "foo",      KEY_PRESENCE,      "*",        false},
    {of_topic,   "foo",      KEY_TOPICS,        "",         false},
    {of_helper,  "0f",       KEY_HELPER_TOPICS, "0f",       true },
    {of_helper,  "0f",       KEY_HELPER_TOPICS, "",         false},
    {of_pool,    "foo",      KEY_POOL_VERSION,  "foo",      true },
    {of_pool,    "foo",      KEY_POOL,          "foo.dead", false},
    {of_channel, "foo",      KEY_LOG,           "foo",      true },
    {of_channel, "foo",      KEY_LOG_SETTINGS,  "foo.dead", false},
    {of_queue,   "foo",      KEY_LOG,           "foo",      false},
};

static void expect_owners(struct call *call, enum key key, const char *name, bool is_owners)
{
    unsigned long long bit = 1ULL << key;

    keys_add_key(call, key, name);
    if (call->strangers != (is_owners ? 0 : bit) || call->hidden || (call->route == 0) != is_owners)
        fail_msg("key %d of %s", key, name);
    keys_add_text(call, key, name);
    if (call->strangers != (is_owners ? 0 : bit) || call->hidden != (is_owners ? bit : 0))
        fail_msg("text %d of %s", key, name);
    call->strangers = call->hidden = 0;
    keys_append_line(call, key, name);
    if (call->strangers != (is_owners ? 0 : bit) || call->hidden != (is_owners ? bit : 0))
        fail_msg("line %d of %s", key, name);
}

static void whose_a_key_is(void **state)
{
    struct call call = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(owners); i++) {
        call_begin(&call, owners[i].of(owners[i].owner), &script_push, NULL, NULL);
        expect_owners(&call, owners[i].key, owners[i].name, owners[i].is_owners);
    }
    call_begin(&call, of_all(KEY_QUEUES), &script_push, NULL, NULL);
    expect_owners(&call, KEY_QUEUES, "", true);
    call_begin(&call, of_all(KEY_QUEUES), &script_push, NULL, NULL);
    expect_owners(&call, KEY_TOPICS, "", false);
    call_begin(&call, of_client("k1", 1), &script_push, NULL, NULL);
    expect_owners(&call, KEY_AUTHKEY, "k", true);
    call_begin(&call, of_nobody(), &script_push, NULL, NULL);
    expect_owners(&call, KEY_LIST, "", false);
    call_clear(&call);
}

static void what_is_no_key_is_not_hidden(void **state)
{
    static const enum key texts[] = {KEY_PREFIX, KEY_CHANNEL, KEY_EVENTS, KEY_BROADCAST};
    struct call call = {0};

    (void)state;
    call_begin(&call, of_queue("foo"), &script_push, NULL, NULL);
    for (size_t i = 0; i < COUNT(texts); i++)
        keys_add_text(&call, texts[i], "foo.dead");
    assert_int_equal(call.hidden, 0);
    assert_int_equal(call.strangers, 0);
    keys_add_text(&call, KEY_EVENTS, "bar");
    assert_int_equal(call.strangers, 1ULL << KEY_EVENTS);
    call_clear(&call);
}

static void a_message_s_key(void **state)
{
    struct call call = {0};

    (void)state;
    call_begin(&call, of_queue("foo"), &script_push, NULL, NULL);
    keys_add_message(&call, "foo:17x", 6);
    assert_int_equal(call.route, 0);
    expect_call(&call, &script_push, 1, "foo:17");
    keys_use_tags(true);
    call_begin(&call, of_queue("a:b"), &script_push, NULL, NULL);
    keys_add_message(&call, "a:b:5", 5);
    keys_use_tags(false);
    expect_call(&call, &script_push, 2, "{a:b}:5", "restmq:{a:b}:never");
    call_clear(&call);
}

/* --- keys of messages as clients see them ---------------------------------------------------- */

static const struct {
    const char *stored, *shown;
    bool is_copied;
} shown_rows[] = {
    {"{foo}:17",  "foo:17",  true },
    {"{a:b/c}:1", "a:b/c:1", true },
    {"{}:1",      ":1",      true },
    {"foo:17",    "foo:17",  false},
    {"{foo",      "{foo",    false},
    {"",          "",        false},
};

static void a_key_as_clients_see_it(void **state)
{
    char *wall = wall_new(4096);
    char copy[MESSAGE_KEY];

    (void)state;
    keys_use_tags(true);
    for (size_t i = 0; i < COUNT(shown_rows); i++) {
        const char *shown = shown_rows[i].shown;
        size_t len = strlen(shown_rows[i].stored), copy_len = len;
        char *stored = wall_put(wall, shown_rows[i].stored, len);
        bool is_copied = message_key_copy(copy, stored, &copy_len);

        if (is_copied != shown_rows[i].is_copied || (is_copied && strcmp(copy, shown) != 0))
            fail_msg("row %zu: the copy is %s", i, copy);
        stored = message_key_shown(stored, &len);
        if (len != strlen(shown) || memcmp(stored, shown, len) != 0)
            fail_msg("row %zu: %.*s", i, (int)len, stored);
    }
    assert_null(message_key_shown(NULL, &(size_t){0}));
    keys_use_tags(false);
    assert_string_equal(message_key_shown((char[]){"{foo}:1"}, &(size_t){7}), "{foo}:1");
    assert_true(message_key_copy(copy, "foo:1 and more", &(size_t){5}));
    assert_string_equal(copy, "foo:1");
}

static void a_key_that_is_too_long_is_not_copied(void **state)
{
    char copy[MESSAGE_KEY], key[MESSAGE_KEY + 3];
    size_t len = MESSAGE_KEY - 1;

    (void)state;
    memset(key, '1', sizeof(key));
    assert_true(message_key_copy(copy, key, &len));
    len = MESSAGE_KEY;
    assert_false(message_key_copy(copy, key, &len));
    keys_use_tags(true);
    key[0] = '{';
    key[5] = '}';
    len = MESSAGE_KEY + 1;
    assert_true(message_key_copy(copy, key, &len));
    assert_int_equal(len, MESSAGE_KEY - 1);
    len = MESSAGE_KEY + 2;
    assert_false(message_key_copy(copy, key, &len));
    keys_use_tags(false);
}

static void what_the_queue_s_own_becomes(void **state)
{
    struct owner owner = of_key(KEY_UNUSED, "foo");

    (void)state;
    assert_int_equal(owner.kind, OWNER_ALL);
    assert_int_equal(keys_together(100), 100);
    keys_use_tags(true);
    owner = of_key(KEY_UNUSED, "foo");
    assert_int_equal(owner.kind, OWNER_QUEUE);
    assert_int_equal(of_key(KEY_QUEUES, "foo").kind, OWNER_ALL);
    assert_int_equal(keys_together(100), 1);
    keys_use_tags(false);
}

/* --- dead letters -------------------------------------------------------------------------- */

static const struct {
    const char *queue;
    bool is_dead, can_have_dead;
    const char *dead, *base;
} dead_letters[] = {
    {"foo",       false, true,  "foo.dead",       "foo"      },
    {"foo.dead",  true,  false, "foo.dead",       "foo"      },
    {"a/b.dead",  true,  false, "a/b.dead",       "a/b"      },
    {"x.dead",    true,  false, "x.dead",         "x"        },
    {"dead",      false, true,  "dead.dead",      "dead"     },
    {"foo:dead",  false, true,  "foo:dead.dead",  "foo:dead" },
    {"foo.DEAD",  false, true,  "foo.DEAD.dead",  "foo.DEAD" },
    {"foo.deadx", false, true,  "foo.deadx.dead", "foo.deadx"},
    {"a.dead/b",  false, true,  "a.dead/b.dead",  "a.dead/b" },
};

static void queues_and_their_dead_letters(void **state)
{
    char name[LIMIT_NAME + 1];

    (void)state;
    for (size_t i = 0; i < COUNT(dead_letters); i++) {
        const char *queue = dead_letters[i].queue;

        if (queue_is_dead(queue) != dead_letters[i].is_dead ||
            queue_can_have_dead(queue) != dead_letters[i].can_have_dead)
            fail_msg("%s", queue);
        queue_dead_name(queue, name);
        assert_string_equal(name, dead_letters[i].dead);
        queue_base_name(queue, name);
        assert_string_equal(name, dead_letters[i].base);
    }
}

/* With ".dead" behind it the name would be too long. */
static void a_long_name_has_no_dead_letters(void **state)
{
    char queue[LIMIT_NAME + 1] = "", name[LIMIT_NAME + 1];

    (void)state;
    memset(queue, 'a', LIMIT_NAME - 5);
    assert_true(queue_can_have_dead(queue));
    queue_dead_name(queue, name);
    assert_int_equal(strlen(name), LIMIT_NAME);
    assert_true(queue_is_dead(name));
    queue[LIMIT_NAME - 5] = 'a';
    assert_false(queue_can_have_dead(queue));
    queue_dead_name(queue, name);
    assert_string_equal(name, queue);
    memset(queue, 'a', LIMIT_NAME);
    queue_dead_name(queue, name);
    assert_string_equal(name, queue);
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
    "foo:dead", "foo.deadx", "foo.dead/x", "foo.dead", "a/b.dead", "a.dead.deadx",
    /* what looks like a key of foo; the keys of these queues are others */
    "foo:17", "foo:UUID", "foo:queuepolicy", "foo:PUBSUB"};

static const char *const bad_names[] = {
    "",
    /* segments */
    "/", "/a", "a/", "a//b", "//", ".", "..", "a/.", "a/..", "./a", "../a", "a/./b", "a/../b",
    /* reserved */
    "QUEUESET", "AUTHKEY", "AUTHKEY:x", "AUTHKEYS", "queuestat", "queuestat::foo", "queuestatus",
    "restmq:", "restmq:{foo}:trash", "restmq:x", ":queue", "foo:queue", "a/b:queue", ".dead",
    "foo.dead.dead", "a/.dead", "..dead", "...dead", "a/..dead", "QUEUESET.dead", "foo:queue.dead",
    "a/b.dead.dead",
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
    {"foo:17",               "foo",      true },
    {"foo:1",                "foo",      true },
    {"foo:9007199254740992", "foo",      true },
    {"foo:9007199254740993", "foo",      false},
    {"foo:0",                "foo",      false},
    {"foo:017",              "foo",      false},
    {"foo:-1",               "foo",      false},
    {"foo:+1",               "foo",      false},
    {"foo: 1",               "foo",      false},
    {"foo:1 ",               "foo",      false},
    {"foo:1\n",              "foo",      false},
    {"foo:1.0",              "foo",      false},
    {"foo:1:refcount",       "foo",      false},
    {"foo:",                 "foo",      false},
    {"foo",                  "foo",      false},
    {"fo",                   "foo",      false},
    {"",                     "foo",      false},
    {"foo17",                "foo",      false},
    {"foo.17",               "foo",      false},
    {"bar:17",               "foo",      false},
    {"foobar:17",            "foo",      false},
    {"FOO:17",               "foo",      false},
    {"foo:queue",            "foo",      false},
    {"foo:UUID",             "foo",      false},
    {"QUEUESET",             "foo",      false},
    {"foo:17:18",            "foo",      false},
    {"foo:17:18",            "foo:17",   true },
    {"foo:17",               "foo:17",   false},
    {"a/b:5",                "a/b",      true },
    {"foo:17",               "foo.dead", true },
    {"foo.dead:17",          "foo.dead", false},
    {"foo.dead:17",          "foo",      false},
    {"foo:",                 "foo.dead", false},
    {"foo",                  "foo.dead", false},
    {"foo:017",              "foo.dead", false},
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

static void keys_of_messages_by_number(void **state)
{
    char key[MESSAGE_KEY];

    (void)state;
    message_key(key, "a/b", 17);
    assert_string_equal(key, "a/b:17");
    message_key(key, "foo", 9007199254740992);
    assert_string_equal(key, "foo:9007199254740992");
}

static void queues_of_messages_keys(void **state)
{
    char queue[LIMIT_NAME + 1];

    (void)state;
    assert_true(message_key_queue(wall_put(wall, "a:b:17", 6), 6, queue));
    assert_string_equal(queue, "a:b");
    assert_false(message_key_queue(wall_put(wall, "foo", 3), 3, queue));
    assert_false(message_key_queue(wall_put(wall, ":17", 3), 3, queue));
    assert_false(message_key_queue(wall_put(wall, "foo:017", 7), 7, queue));
    assert_false(message_key_queue(wall_put(wall, "foo.dead:17", 11), 11, queue));
    assert_false(message_key_queue(wall_put(wall, "QUEUESET:17", 11), 11, queue));
    assert_false(message_key_queue(wall, 0, queue));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_layout),
        cmocka_unit_test(the_key_layout_of_dead_letters),
        cmocka_unit_test(the_key_layout_with_hash_tags),
        cmocka_unit_test(the_key_layout_of_presence),
        cmocka_unit_test(names_of_clients_keys),
        cmocka_unit_test(a_text_is_no_key),
        cmocka_unit_test(lines_are_appended),
        cmocka_unit_test(whose_a_key_is),
        cmocka_unit_test(what_is_no_key_is_not_hidden),
        cmocka_unit_test(a_message_s_key),
        cmocka_unit_test(a_key_as_clients_see_it),
        cmocka_unit_test(a_key_that_is_too_long_is_not_copied),
        cmocka_unit_test(what_the_queue_s_own_becomes),
        cmocka_unit_test(queues_and_their_dead_letters),
        cmocka_unit_test(a_long_name_has_no_dead_letters),
        cmocka_unit_test(good_and_bad_names),
        cmocka_unit_test(every_byte_in_a_name),
        cmocka_unit_test(the_length_of_a_name),
        cmocka_unit_test(only_the_queue_s_own_numbers),
        cmocka_unit_test(keys_of_messages_by_number),
        cmocka_unit_test(queues_of_messages_keys),
    };

    return cmocka_run_group_tests(tests, open_wall, NULL);
}
