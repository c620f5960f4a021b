/* test-notices.c - who comes and goes while the node of a topic is away; Redis's calls are
 * stand-ins.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "ws/feed/helper.h"
#include "ws/feed/notices.h"
#include "ws/feed/room.h"
#include "ws/redis/job.h"

enum { MOST = 64 };

static struct helper helper;
static struct jobs jobs;
static struct notices notices;
static struct rooms rooms;
static struct room *room;
static struct buffer said;
static bool is_cluster;

static struct {
    struct job *job;
    alink_done *done;
} under_way[MOST];
static int count;

#define EXPECT(text)                                                                               \
    do {                                                                                           \
        assert_string_equal(said.data ? said.data : "", text);                                     \
        buffer_reset(&said);                                                                       \
    } while (0)

/* --- Redis ------------------------------------------------------------------------------------ */

bool alink_is_cluster(const struct alink *alink)
{
    assert_null(alink);
    return is_cluster;
}

void *job_new(struct jobs *all, size_t size, struct held *held, struct conn *conn)
{
    struct job *job = xmalloc(size);

    assert_ptr_equal(all, &jobs);
    assert_null(held);
    assert_null(conn);
    memset(job, 0, size);
    return job;
}

void job_free(struct job *job)
{
    call_clear(&job->call);
    free(job);
}

void job_run(struct job *job, alink_done *done)
{
    size_t len;

    assert_true(count < MOST);
    buffer_addf(&said, "%s ", call_argument(&job->call, 0, &len));
    under_way[count].job = job;
    under_way[count++].done = done;
}

/* The first one that is under way ends. */
static void end_first(enum status status)
{
    struct job *job = under_way[0].job;
    alink_done *done = under_way[0].done;

    assert_true(count > 0);
    memmove(under_way, under_way + 1, (size_t)--count * sizeof(under_way[0]));
    done(job, status, NULL);
}

static void end_all(enum status status)
{
    for (int left = count; left > 0; left--)
        end_first(status);
}

static void say(const char *text, unsigned long long number, bool is_leave)
{
    struct job *job = notice_new(&notices, room, number, is_leave);

    call_begin(&job->call, (struct owner){0}, NULL, NULL, NULL);
    call_text(&job->call, text, "", 0, "");
    notice_say(job);
}

static int begin(void **state)
{
    (void)state;
    helper.jobs = &jobs;
    notices = (struct notices){.helper = &helper};
    notices_begin(&notices);
    room = room_get(&rooms, "topic");
    room_move(room, &rooms.listed, ROOM_LISTED);
    is_cluster = true;
    return 0;
}

static int end(void **state)
{
    (void)state;
    end_all(STATUS_OK);
    notices_renew(&notices);
    assert_true(room_is_idle(room));
    assert_int_equal(room->held, 0);
    rooms_clear(&rooms);
    buffer_clear(&said);
    return 0;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void in_order_once_it_is_back(void **state)
{
    (void)state;
    say("+1", 1, false);
    say("+2", 2, false);
    EXPECT("+1 +2 ");
    end_all(STATUS_UNAVAILABLE);
    say("-1", 1, true);
    EXPECT(""); /* behind the others */
    notices_step(&notices);
    EXPECT("+1 +2 -1 ");
    end_all(STATUS_UNAVAILABLE);
    notices_step(&notices);
    EXPECT("+1 +2 -1 ");
    end_all(STATUS_OK);
    notices_step(&notices);
    say("+3", 3, false);
    EXPECT("+3 ");
    assert_false(notices.is_stale);
}

/* Its leave was run although its join was not: that must not come behind it. */
static void who_has_gone_does_not_join(void **state)
{
    (void)state;
    say("+1", 1, false);
    say("+2", 2, false);
    say("-1", 1, true);
    end_first(STATUS_UNAVAILABLE);
    end_first(STATUS_UNAVAILABLE);
    end_first(STATUS_OK);
    buffer_reset(&said);
    notices_step(&notices);
    EXPECT("+2 ");
}

static void another_id(void **state)
{
    (void)state;
    say("+1", 1, false);
    say("+2", 2, false);
    end_first(STATUS_UNAVAILABLE);
    buffer_reset(&said);
    notices_renew(&notices);
    end_first(STATUS_UNAVAILABLE); /* it was about the old one */
    notices_step(&notices);
    EXPECT("");
    assert_false(notices.is_stale);
}

static void without_a_cluster(void **state)
{
    (void)state;
    is_cluster = false;
    say("+1", 1, false);
    end_first(STATUS_UNAVAILABLE);
    assert_true(notices.is_stale);
    buffer_reset(&said);
    notices_step(&notices);
    EXPECT("");
}

static void what_is_refused(void **state)
{
    (void)state;
    say("+1", 1, false);
    end_first(STATUS_NO_SPACE);
    buffer_reset(&said);
    notices_step(&notices);
    EXPECT("");
    assert_false(notices.is_stale);
}

#define NOTICES_TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        NOTICES_TEST(in_order_once_it_is_back),
        NOTICES_TEST(who_has_gone_does_not_join),
        NOTICES_TEST(another_id),
        NOTICES_TEST(without_a_cluster),
        NOTICES_TEST(what_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
