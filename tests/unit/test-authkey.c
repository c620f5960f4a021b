/* test-authkey.c - clients' keys: which texts are keys, what their records allow, and the cache.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include "base/limits.h"
#include "broker/authkey.h"
#include "broker/authkey_cache.h"

static struct call call;

static int clear(void **state)
{
    (void)state;
    call_clear(&call);
    return 0;
}

/* --- keys ---------------------------------------------------------------------------------- */

static const char *repeat(char c, size_t len)
{
    static char text[300];

    assert_true(len < sizeof(text));
    memset(text, c, len);
    text[len] = '\0';
    return text;
}

static void what_a_key_may_be(void **state)
{
    static const char *const good[] = {
        "k", "0123456789abcdef", "a-b_c.d:e/f+g=h", "!#$%&()*,;<>?", "\\", "@[]^`{|}~", "*"};
    static const char *const bad[] = {"",     " ",    "a b",  " a",        "a ",         "a\tb",
                                      "a\nb", "a\rb", "\x7f", "a\"b",      "'",          "a'",
                                      "\x01", "\x1f", "\x80", "\xc3\xa4x", "caf\xc3\xa9"};
    char *wall = wall_new(200);

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        if (!authkey_is_valid(wall_put(wall, good[i], strlen(good[i])), strlen(good[i])))
            fail_msg("%s is none", good[i]);
    for (size_t i = 0; i < COUNT(bad); i++)
        if (authkey_is_valid(wall_put(wall, bad[i], strlen(bad[i])), strlen(bad[i])))
            fail_msg("row %zu is a key", i);
    assert_false(authkey_is_valid("a\0b", 3));
    assert_false(authkey_is_valid("a", 0));
    assert_true(authkey_is_valid(repeat('k', 128), 128));
    assert_false(authkey_is_valid(repeat('k', 129), 129));
}

static void expect_command(int count, const char *word, const char *name)
{
    assert_null(call.script);
    assert_int_equal(call_resolve(&call, false), count);
    assert_string_equal(call.argv[0], word);
    assert_int_equal(call.argv_len[1], strlen(name));
    assert_memory_equal(call.argv[1], name, strlen(name));
}

static void the_calls(void **state)
{
    struct authkey authkey;
    char name[200] = "AUTHKEY:";

    (void)state;
    authkey_call(&call, "secretive", 6, &authkey);
    expect_command(2, "GET", "AUTHKEY:secret");
    assert_false(call.changes);
    authkey_call(&call, repeat('k', 128), 128, &authkey);
    expect_command(2, "GET", strcat(name, repeat('k', 128)));
    authkey_call(&call, "foo.dead", 8, &authkey); /* it is no queue */
    expect_command(2, "GET", "AUTHKEY:foo.dead");

    authkey_set_call(&call, "k", "{}", 2);
    expect_command(3, "SET", "AUTHKEY:k");
    assert_memory_equal(call.argv[2], "{}", 2);
    assert_true(call.changes);
    assert_int_equal(decode(&call, SIMPLE("OK")), STATUS_OK);
    EXPECT_UNEXPECTED(&call, NIL, NUMBER(1));

    authkey_remove_call(&call, "k");
    expect_command(2, "DEL", "AUTHKEY:k");
    assert_true(call.changes);
    assert_int_equal(decode(&call, NUMBER(1)), STATUS_OK);
    assert_int_equal(decode(&call, NUMBER(0)), STATUS_NOT_FOUND);
    EXPECT_UNEXPECTED(&call, NIL, SIMPLE("OK"));
}

/* --- records ------------------------------------------------------------------------------- */

static struct authkey read_record(const char *text, size_t len)
{
    redisReply reply = {.type = REDIS_REPLY_STRING, .str = (char *)(uintptr_t)text, .len = len};
    struct authkey authkey;

    authkey_call(&call, "k", 1, &authkey);
    assert_int_equal(decode(&call, &reply), STATUS_OK);
    return authkey;
}

/* What it may do with a queue: some of the letters r, w, p, s, l (to look) and a. */
static const char *rights_on(const struct authkey *authkey, const char *queue)
{
    static const enum authkey_priv needs[] = {AUTHKEY_READ,     AUTHKEY_WRITE, AUTHKEY_PURGE,
                                              AUTHKEY_SETTINGS, AUTHKEY_STATS, AUTHKEY_ADMIN};
    static char text[7];
    struct reason ignored;
    char *at = text;

    for (size_t i = 0; i < COUNT(needs); i++)
        if (authkey_check(authkey, needs[i], queue, &ignored) == STATUS_OK)
            *at++ = "rwpsla"[i];
    *at = '\0';
    return text;
}

static const struct {
    const char *record;
    const char *queue; /* NULL: all queues, or none */
    const char *rights;
} rows[] = {
  /* as the original wrote them */
    {"{\"queues\": [\"q1\", \"q2\"], \"privs\": []}",                     "q1",           "rwps"},
    {"{\"queues\": [\"q1\", \"q2\"], \"privs\": []}",                     "q2",           "rwps"},
    {"{\"queues\": [\"q1\", \"q2\"], \"privs\": []}",                     "q3",           ""    },
    {"{\"queues\": [\"q1\", \"q2\"], \"privs\": []}",                     NULL,           ""    },
    {"{\"queues\": [\"q1\"], \"privs\": [\"create\"]}",                   "q1",           "rwps"},
    {"{\"queues\": [\"q1\"], \"privs\": [\"create\"]}",                   "other",        "rwps"},
    {"{\"queues\": [], \"privs\": [\"create\"]}",                         "a/b.dead",     "rwps"},
    {"{\"queues\": [], \"privs\": [\"create\"]}",                         NULL,           "rwps"},
    {"{\"queues\": [], \"privs\": []}",                                   "q1",           ""    },
 /* privs */
    {"{\"queues\":[\"q\"],\"privs\":[\"read\"]}",                         "q",            "r"   },
    {"{\"queues\":[\"q\"],\"privs\":[\"write\"]}",                        "q",            "w"   },
    {"{\"queues\":[\"q\"],\"privs\":[\"admin\"]}",                        "q",            "a"   },
    {"{\"queues\":[\"q\"],\"privs\":[\"write\",\"read\"]}",               "q",            "rw"  },
    {"{\"queues\":[\"q\"],\"privs\":[\"admin\",\"read\",\"write\"]}",     "q",            "rwa" },
    {"{\"queues\":[\"q\"],\"privs\":[\"admin\",\"read\",\"write\"]}",     "p",            ""    },
    {"{\"queues\":[],\"privs\":[\"create\",\"read\"]}",                   "q",            "r"   },
    {"{\"queues\":[],\"privs\":[\"admin\",\"create\"]}",                  "q",            "a"   },
    {"{\"queues\":[],\"privs\":[\"admin\",\"create\"]}",                  NULL,           "a"   },
    {"{\"queues\":[],\"privs\":[\"create\",\"create\"]}",                 "q",            "rwps"},
    {"{\"queues\":[\"q\"],\"privs\":[\"purge\"]}",                        "q",            "p"   },
    {"{\"queues\":[\"q\"],\"privs\":[\"settings\"]}",                     "q",            "s"   },
    {"{\"queues\":[\"q\"],\"privs\":[\"stats\"]}",                        "q",            "l"   },
    {"{\"queues\":[\"q\"],\"privs\":[\"stats\",\"create\"]}",             NULL,           "l"   },
    {"{\"queues\":[\"q\"],\"privs\":[\"write\",\"purge\",\"settings\"]}", "q",            "wps" },
 /* a name that is none gives nothing, and not what no name gives either */
    {"{\"queues\":[\"q\"],\"privs\":[\"raed\"]}",                         "q",            ""    },
    {"{\"queues\":[\"q\"],\"privs\":[\"Read\"]}",                         "q",            ""    },
    {"{\"queues\":[\"q\"],\"privs\":[\"\"]}",                             "q",            ""    },
    {"{\"queues\":[\"q\"],\"privs\":[\"read\\u0000\"]}",                  "q",            ""    },
    {"{\"queues\":[\"q\"],\"privs\":[\"create\",\"raed\"]}",              "q",            ""    },
    {"{\"queues\":[\"q\"],\"privs\":[\"delete\",\"write\"]}",             "q",            "w"   },
 /* what is missing, and what is there besides */
    {"{}",                                                                "q",            ""    },
    {"{\"queues\":[\"q\"]}",                                              "q",            "rwps"},
    {"{\"privs\":[\"create\"]}",                                          "q",            "rwps"},
    {"{\"queues\":[\"q\"],\"privs\":[],\"note\":{\"for\":[\"me\"]}}",     "q",            "rwps"},
 /* patterns */
    {"{\"queues\":[\"orders.*\"],\"privs\":[]}",                          "orders.eu",    "rwps"},
    {"{\"queues\":[\"orders.*\"],\"privs\":[]}",                          "orders.eu.at", "rwps"},
    {"{\"queues\":[\"orders.*\"],\"privs\":[]}",                          "orders.eu/at", "rwps"},
    {"{\"queues\":[\"orders.*\"],\"privs\":[]}",                          "orders.dead",  ""    },
    {"{\"queues\":[\"orders.*\"],\"privs\":[]}",                          "orders.dea",   "rwps"},
    {"{\"queues\":[\"orders.*\"],\"privs\":[]}",                          "orders.dead2", "rwps"},
    {"{\"queues\":[\"a.*\"],\"privs\":[]}",                               "a.b.dead",     "rwps"},
    {"{\"queues\":[\"a.*\",\"a.dead\"],\"privs\":[]}",                    "a.dead",       "rwps"},
    {"{\"queues\":[\"a.*\",\"*\"],\"privs\":[]}",                         "a.dead",       "rwps"},
    {"{\"queues\":[\"a..*\"],\"privs\":[]}",                              "a..dead",      ""    },
    {"{\"queues\":[\"orders.*\"],\"privs\":[]}",                          "orders",       ""    },
    {"{\"queues\":[\"orders.*\"],\"privs\":[]}",                          "orders.",      ""    },
    {"{\"queues\":[\"orders.*\"],\"privs\":[]}",                          "ordersXeu",    ""    },
    {"{\"queues\":[\"orders.*\"],\"privs\":[]}",                          "orders/eu",    ""    },
    {"{\"queues\":[\"orders.*\"],\"privs\":[]}",                          "myorders.eu",  ""    },
    {"{\"queues\":[\"orders.*\"],\"privs\":[]}",                          "order",        ""    },
    {"{\"queues\":[\"orders.*\"],\"privs\":[]}",                          "",             ""    },
    {"{\"queues\":[\"orders.*\"],\"privs\":[]}",                          NULL,           ""    },
    {"{\"queues\":[\"a\",\"orders.*\",\"b\"],\"privs\":[\"read\"]}",      "orders.eu",    "r"   },
    {"{\"queues\":[\"a\",\"orders.*\",\"b\"],\"privs\":[\"read\"]}",      "b",            "r"   },
    {"{\"queues\":[\"*\"],\"privs\":[\"read\"]}",                         "a/b",          "r"   },
    {"{\"queues\":[\"*\"],\"privs\":[\"read\"]}",                         NULL,           "r"   },
    {"{\"queues\":[\"q\",\"*\"],\"privs\":[]}",                           NULL,           "rwps"},
 /* an asterisk elsewhere is no pattern, and what is no name names nothing */
    {"{\"queues\":[\"or*\",\"*.eu\",\"o*s\",\"**\"],\"privs\":[]}",       "orders",       ""    },
    {"{\"queues\":[\"or*\",\"*.eu\",\"*.*\",\"orders*\"],\"privs\":[]}",  "orders.eu",    ""    },
    {"{\"queues\":[\"\",\" \",\"p q\",\"q\\u0000\"],\"privs\":[]}",       "q",            ""    },
    {"{\"queues\":[\"p q\"],\"privs\":[]}",                               "p",            ""    },
    {"{\"queues\":[\"* \",\" *\"],\"privs\":[]}",                         "q",            ""    },
    {"{\"queues\":[\"restmq:.*\"],\"privs\":[]}",                         "restmq:.x",    ""    },
 /* names are whole, and their case counts */
    {"{\"queues\":[\"foo\"],\"privs\":[]}",                               "fo",           ""    },
    {"{\"queues\":[\"foo\"],\"privs\":[]}",                               "foobar",       ""    },
    {"{\"queues\":[\"foo\"],\"privs\":[]}",                               "Foo",          ""    },
    {"{\"queues\":[\"foo\"],\"privs\":[]}",                               "foo.dead",     ""    },
    {"{\"queues\":[\"foo.dead\"],\"privs\":[]}",                          "foo",          ""    },
    {"{\"queues\":[\"foo.dead\"],\"privs\":[]}",                          "foo.dead",     "rwps"},
    {"{\"queues\":[\"a\\/b\"],\"privs\":[]}",                             "a/b",          "rwps"},
};

static void what_records_allow(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct authkey authkey = read_record(rows[i].record, strlen(rows[i].record));
        const char *rights = rights_on(&authkey, rows[i].queue);

        assert_true(authkey.is_known);
        if (strcmp(rights, rows[i].rights) != 0)
            fail_msg("%s on %s: \"%s\", not \"%s\"", rows[i].record,
                     rows[i].queue ? rows[i].queue : "all", rights, rows[i].rights);
        authkey_clear(&authkey);
    }
}

/* They are as if they were not there, and neither is a part of them. */
static void records_that_cannot_be_read(void **state)
{
    static const char *const records[] = {
        "",
        "x",
        "null",
        "[]",
        "\"queues\"",
        "17",
        "{\"queues\":[\"q\"],\"privs\":[]",
        "{\"queues\":[\"q\"],\"privs\":[]}x",
        "{'queues': ['q'], 'privs': []}",
        "{\"queues\":\"q\",\"privs\":[]}",
        "{\"queues\":{\"q\":1},\"privs\":[]}",
        "{\"queues\":null,\"privs\":[\"create\"]}",
        "{\"queues\":[\"q\",1],\"privs\":[]}",
        "{\"queues\":[\"q\",null],\"privs\":[]}",
        "{\"queues\":[[\"q\"]],\"privs\":[]}",
        "{\"queues\":[\"q\"],\"privs\":\"create\"}",
        "{\"queues\":[\"q\"],\"privs\":null}",
        "{\"queues\":[\"q\"],\"privs\":[1]}",
        "{\"queues\":[\"q\"],\"privs\":true}",
        "{\"queues\":[\"q\",\"\xff\"],\"privs\":[]}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(records); i++) {
        struct authkey authkey = read_record(records[i], strlen(records[i]));

        if (authkey.is_known || *rights_on(&authkey, "q") || *rights_on(&authkey, NULL))
            fail_msg("%s", records[i]);
        assert_int_equal(authkey.queues.len, 0);
        authkey_clear(&authkey);
    }
}

static void who_may_remove_a_queue(void **state)
{
    static const struct {
        const char *record, *queue, *refusal; /* NULL: it may */
    } removals[] = {
        {"{\"queues\":[\"q\",\"q.dead\"]}",                     "q",      NULL                                             },
        {"{\"queues\":[\"q\"]}",                                "q",      "this key is not for q.dead, which would go, too"},
        {"{\"queues\":[\"q.dead\"]}",                           "q",      "this key is not for q"                          },
        {"{\"queues\":[\"q.dead\"]}",                           "q.dead", NULL                                             },
        {"{\"queues\":[\"q.*\"]}",                              "q.a",    NULL                                             },
        {"{\"queues\":[\"q.*\",\"q\"]}",                        "q",      "this key is not for q.dead, which would go, too"},
        {"{\"queues\":[\"*\"]}",                                "q",      NULL                                             },
        {"{\"queues\":[],\"privs\":[\"create\"]}",              "q",      NULL                                             },
        {"{\"queues\":[\"*\"],\"privs\":[\"purge\"]}",          "q",
         "this key lacks the priv purge and settings"                                                                      },
        {"{\"queues\":[\"*\"],\"privs\":[\"settings\"]}",       "q",
         "this key lacks the priv purge and settings"                                                                      },
        {"{\"queues\":[\"*\"],\"privs\":[\"read\",\"admin\"]}", "q",
         "this key lacks the priv purge and settings"                                                                      },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(removals); i++) {
        struct authkey authkey = read_record(removals[i].record, strlen(removals[i].record));
        struct reason reason = {0};

        assert_int_equal(authkey_check(&authkey, AUTHKEY_REMOVE, removals[i].queue, &reason),
                         removals[i].refusal ? STATUS_FORBIDDEN : STATUS_OK);
        assert_string_equal(reason.text, removals[i].refusal ? removals[i].refusal : "");
        authkey_clear(&authkey);
    }
}

static void what_a_refusal_says(void **state)
{
    static const char record[] = "{\"queues\":[\"q\"],\"privs\":[\"read\"]}";
    static const char all[] = "{\"queues\":[],\"privs\":[\"admin\",\"create\"]}";
    struct authkey nobody = {0}, authkey = read_record(record, strlen(record));
    struct authkey create = read_record(all, strlen(all));
    struct reason reason = {0};

    (void)state;
    assert_int_equal(authkey_check(&nobody, AUTHKEY_READ, "q", &reason), STATUS_UNAUTHORIZED);
    assert_string_equal(reason.text, "this key is not known");
    assert_int_equal(authkey_check(&authkey, AUTHKEY_WRITE, "q", &reason), STATUS_FORBIDDEN);
    assert_string_equal(reason.text, "this key lacks the priv write");
    assert_int_equal(authkey_check(&authkey, AUTHKEY_ADMIN, "other", &reason), STATUS_FORBIDDEN);
    assert_string_equal(reason.text, "this key lacks the priv admin");
    assert_int_equal(authkey_check(&authkey, AUTHKEY_READ, "other", &reason), STATUS_FORBIDDEN);
    assert_string_equal(reason.text, "this key is not for other");
    assert_int_equal(authkey_check(&authkey, AUTHKEY_READ, NULL, &reason), STATUS_FORBIDDEN);
    assert_string_equal(reason.text, "this key is not for all queues");
    assert_int_equal(authkey_check(&create, AUTHKEY_READ, NULL, &reason), STATUS_FORBIDDEN);
    assert_string_equal(reason.text, "this key lacks the priv read");
    authkey_clear(&authkey);
    authkey_clear(&create);
}

static void a_record_with_many_queues(void **state)
{
    struct buffer record = {0};
    struct authkey authkey;

    (void)state;
    buffer_add_text(&record, "{\"queues\":[\"q0\"");
    for (int i = 1; i < LIMIT_AUTHKEY_QUEUES; i++)
        buffer_addf(&record, ",\"%s%d\"", repeat('q', 120), i);
    buffer_add_text(&record, "],\"privs\":[\"create\",\"read\",\"write\",\"admin\"]}");
    authkey = read_record(record.data, record.len);
    assert_string_equal(rights_on(&authkey, "q0"), "rwa");
    authkey_clear(&authkey);
    buffer_clear(&record);
}

static void no_record(void **state)
{
    struct authkey authkey = {.is_known = true};

    (void)state;
    authkey_call(&call, "k", 1, &authkey);
    EXPECT_UNEXPECTED(&call, NUMBER(1), SIMPLE("OK"), LIST(NIL));
    assert_true(authkey.is_known); /* set on OK only */
    assert_int_equal(decode(&call, NIL), STATUS_OK);
    assert_false(authkey.is_known);
    assert_string_equal(rights_on(&authkey, "q"), "");
    assert_string_equal(rights_on(&authkey, NULL), "");
    authkey_clear(&authkey);
}

/* --- names --------------------------------------------------------------------------------- */

static void names_for_a_record(void **state)
{
    static const char *const good[] = {"q", "orders.*", "*", "a/b", "a/b.*", "foo.dead", "a..*"};
    static const char *const bad[] = {"",         "a b",    "**",       "a*",      "*.a",
                                      "*.*",      "a.*.*",  "QUEUESET", "restmq:", "AUTHKEY.*",
                                      "restmq:*", "a//b.*", "../.*",    "/.*",     "a,b",
                                      ".dead",    "foo.*x"};
    struct reason reason;

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        if (authkey_queue_check(good[i], strlen(good[i]), &reason) != STATUS_OK)
            fail_msg("%s: %s", good[i], reason.text);
    for (size_t i = 0; i < COUNT(bad); i++)
        if (authkey_queue_check(bad[i], strlen(bad[i]), &reason) != STATUS_BAD_NAME)
            fail_msg("%s is a name", bad[i]);
    assert_int_equal(authkey_queue_check(repeat('q', 128), 128, &reason), STATUS_OK);
    assert_int_equal(authkey_queue_check(repeat('q', 129), 129, &reason), STATUS_BAD_NAME);
}

static void the_longest_pattern(void **state)
{
    struct reason reason;
    char name[129];

    (void)state;
    memset(name, 'q', sizeof(name));
    memcpy(name + 126, ".*", 2);
    assert_int_equal(authkey_queue_check(name, 128, &reason), STATUS_OK);
    memcpy(name + 126, "q.*", 3);
    assert_int_equal(authkey_queue_check(name, 129, &reason), STATUS_BAD_NAME);
}

static void names_of_privs(void **state)
{
    static const char *const bad[] = {"", "Read", "reads", "rea", " read", "read,write", "delete"};
    struct reason reason;
    enum authkey_priv priv;
    unsigned all = 0;
    const char *name;

    (void)state;
    for (int i = 0; (name = authkey_priv_name(i, &priv)) != NULL; i++) {
        assert_int_equal(authkey_priv_check(name, strlen(name), &reason), STATUS_OK);
        assert_false(all & priv);
        all |= priv;
    }
    assert_int_equal(all, AUTHKEY_CREATE | AUTHKEY_READ | AUTHKEY_WRITE | AUTHKEY_ADMIN |
                              AUTHKEY_STATS | AUTHKEY_PURGE | AUTHKEY_SETTINGS);
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(authkey_priv_check(bad[i], strlen(bad[i]), &reason), STATUS_BAD_VALUE);
}

/* --- the cache ----------------------------------------------------------------------------- */

static const struct authkey *find(struct authkey_cache *cache, const char *key, long long now_ms)
{
    return authkey_cache_find(cache, key, strlen(key), now_ms);
}

/* Puts a record with one queue there; NULL is no record. */
static const struct authkey *store(struct authkey_cache *cache, const char *key, const char *queue,
                                   long long asked_ms)
{
    struct authkey authkey = {0};
    const struct authkey *stored;

    if (queue) {
        authkey = (struct authkey){.is_known = true, .privs = AUTHKEY_READ};
        buffer_addf(&authkey.queues, "%s ", queue);
    }
    stored = authkey_cache_store(cache, key, strlen(key), &authkey, asked_ms);
    assert_null(authkey.queues.data); /* it was taken over */
    return stored;
}

static void it_keeps_a_record_for_a_second(void **state)
{
    struct authkey_cache *cache = authkey_cache_new();

    (void)state;
    assert_null(find(cache, "k", 5000));
    assert_string_equal(rights_on(store(cache, "k", "q", 5000), "q"), "r");
    assert_string_equal(rights_on(find(cache, "k", 5000), "q"), "r");
    assert_string_equal(rights_on(find(cache, "k", 5999), "q"), "r");
    assert_null(find(cache, "k", 6000));
    assert_null(find(cache, "K", 5000));
    assert_null(find(cache, "kk", 5000));
    authkey_cache_free(cache);
}

/* The time counts from before Redis was asked; a late answer serves its own request only. */
static void it_keeps_no_late_record(void **state)
{
    struct authkey_cache *cache = authkey_cache_new();

    (void)state;
    assert_string_equal(rights_on(store(cache, "k", "q", 5000), "q"), "r");
    assert_null(find(cache, "k", 7000));
    authkey_cache_free(cache);
}

static void it_keeps_that_there_is_none(void **state)
{
    struct authkey_cache *cache = authkey_cache_new();

    (void)state;
    assert_false(store(cache, "k", NULL, 0)->is_known);
    assert_false(find(cache, "k", 999)->is_known);
    assert_null(find(cache, "k", 1000));
    authkey_cache_free(cache);
}

static void a_record_takes_the_place_of_the_one_before(void **state)
{
    struct authkey_cache *cache = authkey_cache_new();

    (void)state;
    store(cache, "k", "old", 0);
    store(cache, "k", "new", 500);
    assert_string_equal(rights_on(find(cache, "k", 1200), "new"), "r");
    assert_string_equal(rights_on(find(cache, "k", 1200), "old"), "");
    store(cache, "k", NULL, 1300);
    assert_false(find(cache, "k", 1300)->is_known);
    authkey_cache_free(cache);
}

static void what_is_no_key_is_not_asked_for(void **state)
{
    struct authkey_cache *cache = authkey_cache_new();
    const char *bad[] = {"", "a b", "a\"b", "a'b", "\n", repeat('k', 129)};

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        const struct authkey *found = find(cache, bad[i], 0);

        assert_non_null(found);
        assert_false(found->is_known);
    }
    assert_false(authkey_cache_find(cache, "a\0b", 3, 0)->is_known);
    authkey_cache_free(cache);
}

/* Beyond what it can hold, the oldest go; what was stored last is always there, and right. */
static void it_has_an_end(void **state)
{
    struct authkey_cache *cache = authkey_cache_new();
    char key[20];
    int kept = 0;

    (void)state;
    for (int i = 0; i < 3 * AUTHKEY_CACHE; i++) {
        snprintf(key, sizeof(key), "k%d", i);
        store(cache, key, key, i / 10);
        assert_string_equal(rights_on(find(cache, key, 500), key), "r");
    }
    for (int i = 0; i < 3 * AUTHKEY_CACHE; i++) {
        const struct authkey *found;

        snprintf(key, sizeof(key), "k%d", i);
        found = find(cache, key, 500);
        if (!found)
            continue;
        kept++;
        assert_string_equal(rights_on(found, key), "r");
        assert_string_equal(rights_on(found, "k"), "");
    }
    assert_in_range(kept, AUTHKEY_CACHE * 3 / 4, AUTHKEY_CACHE);
    authkey_cache_free(cache);
    authkey_cache_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_key_may_be),
        cmocka_unit_test(the_calls),
        cmocka_unit_test(what_records_allow),
        cmocka_unit_test(records_that_cannot_be_read),
        cmocka_unit_test(who_may_remove_a_queue),
        cmocka_unit_test(what_a_refusal_says),
        cmocka_unit_test(a_record_with_many_queues),
        cmocka_unit_test(no_record),
        cmocka_unit_test(names_for_a_record),
        cmocka_unit_test(the_longest_pattern),
        cmocka_unit_test(names_of_privs),
        cmocka_unit_test(it_keeps_a_record_for_a_second),
        cmocka_unit_test(it_keeps_no_late_record),
        cmocka_unit_test(it_keeps_that_there_is_none),
        cmocka_unit_test(a_record_takes_the_place_of_the_one_before),
        cmocka_unit_test(what_is_no_key_is_not_asked_for),
        cmocka_unit_test(it_has_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, clear);
}
