/* test-sites.c - the masters of a cluster come and go; each of them is a stand-in.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/settings.h"
#include "redis/next.h"
#include "ws/redis/sites.h"

static struct ev_loop *loop;
static struct settings settings;
static struct sites sites;
static struct buffer told;

#define EXPECT(text)                                                                               \
    do {                                                                                           \
        assert_string_equal(told.data ? told.data : "", text);                                     \
        buffer_reset(&told);                                                                       \
    } while (0)

/* --- a site ----------------------------------------------------------------------------------- */

struct site *site_new_member(const struct site_base *base, const struct settings *with,
                             const char *at)
{
    struct site *site = xmalloc(sizeof(*site));

    assert_ptr_equal(base, &sites.base);
    assert_ptr_equal(with, &settings);
    memset(site, 0, sizeof(*site));
    nodes_init_member(&site->nodes, with, at);
    buffer_addf(&told, "+%s ", at);
    return site;
}

struct site *site_new(const struct site_base *base, const struct settings *with)
{
    return site_new_member(base, with, "alone");
}

void site_free(struct site *site)
{
    buffer_addf(&told, "-%s ", nodes_name(&site->nodes));
    nodes_clear(&site->nodes);
    free(site);
}

void site_configure(struct site *site, const struct settings *old, const struct settings *new)
{
    (void)site, (void)old, (void)new;
}

size_t site_bytes(const struct site *site)
{
    (void)site;
    return 10;
}

/* --- the map ---------------------------------------------------------------------------------- */

/* "0-99 a:1 100-199 b:2" */
static void write_map(struct buffer *bytes, const char *text)
{
    struct buffer ranges = {0};
    int first, last, port, used, count = 0;
    char host;

    while (sscanf(text, " %d-%d %c:%d%n", &first, &last, &host, &port, &used) == 4) {
        buffer_addf(&ranges, "*3\r\n:%d\r\n:%d\r\n*2\r\n$1\r\n%c\r\n:%d\r\n", first, last, host,
                    port);
        text += used;
        count++;
    }
    buffer_addf(bytes, "*%d\r\n%s", count, ranges.data ? ranges.data : "");
    buffer_clear(&ranges);
}

static bool read_map_of(const char *name, const char *text)
{
    struct buffer bytes = {0};
    redisReader *reader = redisReaderCreate();
    void *reply = NULL;
    bool is_fine;

    write_map(&bytes, text);
    assert_int_equal(redisReaderFeed(reader, bytes.data, bytes.len), REDIS_OK);
    assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
    is_fine = sites_read(&sites, reply, name);
    freeReplyObject(reply);
    redisReaderFree(reader);
    buffer_clear(&bytes);
    return is_fine;
}

static bool read_map(const char *text)
{
    return read_map_of("z:9", text);
}

static const char *at(int slot)
{
    const struct site *site = sites_of_slot(&sites, slot);

    return site ? nodes_name(&site->nodes) : "nobody";
}

static struct site *site_of(int slot)
{
    struct site *site = sites_of_slot(&sites, slot);

    assert_non_null(site);
    return site;
}

static void begin_with(const char *redis)
{
    loop = ev_loop_new(EVFLAG_AUTO);
    settings_init(&settings);
    free(settings.redis);
    settings.redis = xstrdup(redis);
    sites = (struct sites){.base = {.loop = loop}};
    sites_begin(&sites, &settings);
}

static int begin(void **state)
{
    (void)state;
    begin_with("cluster://s:1");
    return 0;
}

static int end(void **state)
{
    (void)state;
    sites_clear(&sites);
    settings_clear(&settings);
    ev_loop_destroy(loop);
    buffer_clear(&told);
    return 0;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void one_alone(void **state)
{
    (void)state;
    begin_with("127.0.0.1:6379");
    EXPECT("+alone ");
    assert_string_equal(at(-1), "alone");
    assert_string_equal(at(5), "alone");
    assert_false(sites_are_up(&sites));
    site_of(0)->state = UP;
    assert_true(sites_are_up(&sites));
    assert_int_equal(sites_bytes(&sites), 10);
}

static void they_come_with_the_map(void **state)
{
    (void)state;
    assert_string_equal(at(5), "nobody");
    assert_string_equal(at(-1), "nobody");
    assert_false(read_map(""));
    assert_true(read_map("0-99 a:1 100-199 b:2"));
    EXPECT("+a:1 +b:2 ");
    assert_string_equal(at(99), "a:1");
    assert_string_equal(at(100), "b:2");
    assert_string_equal(at(200), "nobody");
    assert_true(read_map("0-99 b:2 100-199 a:1"));
    EXPECT("");
    assert_string_equal(at(99), "b:2");
}

/* A minute after they were needed last, but for the one that is at home. */
static void they_go(void **state)
{
    (void)state;
    read_map("0-99 a:1 100-199 b:2");
    site_of(0)->state = UP;
    sites_look_for_home(&sites);
    assert_string_equal(at(-1), "a:1");
    read_map("0-199 c:3");
    EXPECT("+a:1 +b:2 +c:3 ");
    for (struct site *site = TAILQ_FIRST(&sites.all); site; site = TAILQ_NEXT(site, next))
        site->used_at -= 61;
    read_map("0-199 c:3");
    EXPECT("-b:2 ");
    site_of(0)->state = UP;
    read_map("0-199 c:3");
    assert_string_equal(at(-1), "c:3");
    EXPECT(""); /* whatever is subscribed there has to leave yet */
    TAILQ_FIRST(&sites.all)->used_at -= 61;
    read_map("0-199 c:3");
    EXPECT("-a:1 ");
}

static void nodes_name_others(void **state)
{
    struct elsewhere elsewhere = {.slot = 7, .host = "c", .host_len = 1, .port = 3};

    (void)state;
    read_map("0-99 a:1 100-199 b:2");
    buffer_reset(&told);
    assert_string_equal(nodes_name(&sites_asked(&sites, site_of(0), &elsewhere)->nodes), "c:3");
    assert_string_equal(at(7), "a:1");
    EXPECT("+c:3 ");
    assert_true(sites_moved(&sites, site_of(0), &elsewhere));
    assert_false(sites_moved(&sites, site_of(0), &elsewhere));
    assert_string_equal(at(7), "c:3");
    assert_string_equal(at(8), "a:1");
    elsewhere.host_len = 0; /* the host that answered */
    sites_moved(&sites, site_of(8), &elsewhere);
    assert_string_equal(at(7), "a:3");
    EXPECT("+a:3 ");
}

/* For a second: then whoever told it may have been wrong. */
static void a_map_that_is_older(void **state)
{
    struct elsewhere moved = {.slot = 7, .host = "b", .host_len = 1, .port = 2};

    (void)state;
    read_map("0-99 a:1 100-16383 b:2");
    site_of(7)->state = site_of(100)->state = UP;
    sites_moved(&sites, site_of(7), &moved);
    assert_true(read_map("0-99 a:1 100-16383 b:2"));
    assert_string_equal(at(7), "b:2");
    assert_string_equal(at(8), "a:1");
    assert_true(sites_are_doubtful(&sites));
    read_map("0-6 a:1 7-7 b:2 8-99 a:1 100-16383 b:2");
    assert_false(sites_are_doubtful(&sites));
    read_map("0-99 a:1 100-16383 b:2");
    assert_string_equal(at(7), "b:2");
    ev_sleep(1.0);
    ev_now_update(loop);
    read_map("0-99 a:1 100-16383 b:2");
    assert_string_equal(at(7), "a:1");
    assert_false(sites_are_doubtful(&sites));
}

static void the_node_that_was_named_knows(void **state)
{
    struct elsewhere moved = {.slot = 7, .host = "b", .host_len = 1, .port = 2};

    (void)state;
    read_map("0-99 a:1 100-16383 b:2");
    sites_moved(&sites, site_of(7), &moved);
    moved.host = "c";
    sites_moved(&sites, site_of(7), &moved);
    read_map_of("b:2", "0-99 a:1 100-16383 b:2");
    assert_string_equal(at(7), "c:2");
    read_map_of("c:2", "0-99 a:1 100-16383 b:2");
    assert_string_equal(at(7), "a:1");
    read_map("0-99 a:1 100-16383 b:2");
    assert_string_equal(at(7), "a:1");
}

static void when_another_map_may_come(void **state)
{
    (void)state;
    read_map("0-16383 a:1");
    assert_true(sites_are_doubtful(&sites));
    site_of(0)->state = UP;
    assert_false(sites_are_doubtful(&sites));
    read_map("0-16382 a:1");
    assert_true(sites_are_doubtful(&sites));
}

#define SITES_TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(one_alone, end),
        SITES_TEST(they_come_with_the_map),
        SITES_TEST(they_go),
        SITES_TEST(nodes_name_others),
        SITES_TEST(a_map_that_is_older),
        SITES_TEST(the_node_that_was_named_knows),
        SITES_TEST(when_another_map_may_come),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
