/* test-roster.c - the queues of which samples are taken.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "ws/feed/roster.h"

static struct roster roster;

static struct sighting *get(int i)
{
    char name[16];

    snprintf(name, sizeof(name), "q%d", i);
    return roster_get(&roster, name);
}

static int dirty(void)
{
    int count = 0;

    for (int i = 0; i < roster_chunks(&roster); i++)
        count += roster.is_dirty[i];
    return count;
}

static void clean(void)
{
    for (int i = 0; i < roster.size / ROSTER_CHUNK; i++)
        roster.is_dirty[i] = false;
}

/* All keep their names and places without holes, however many come and go. */
static void many_come_and_go(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++)
        get(i)->bytes = i;
    assert_int_equal(roster.count, 1000);
    assert_int_equal(roster_chunks(&roster), (1000 + ROSTER_CHUNK - 1) / ROSTER_CHUNK);
    for (int i = 0; i < 1000; i += 2)
        roster_remove(&roster, get(i));
    assert_int_equal(roster.count, 500);
    for (int i = 0; i < roster.count; i++) {
        assert_int_equal(roster.places[i]->place, i);
        assert_int_equal(roster.places[i]->bytes % 2, 1);
    }
    for (int i = 1; i < 1000; i += 2)
        assert_int_equal(get(i)->bytes, i);
    assert_int_equal(get(0)->bytes, 0); /* a new one */
    assert_int_equal(roster.count, 501);
    roster_clear(&roster);
    roster = (struct roster){0};
}

static void what_changes_is_told(void **state)
{
    (void)state;
    assert_int_equal(roster_chunks(&roster), 0);
    for (int i = 0; i < 3 * ROSTER_CHUNK; i++)
        get(i);
    assert_int_equal(dirty(), 3);
    clean();
    get(5);
    assert_int_equal(dirty(), 0);
    roster_mark(&roster, get(ROSTER_CHUNK));
    assert_true(dirty() == 1 && roster.is_dirty[1]);
    clean();
    roster_remove(&roster, get(1)); /* the last one comes into its place */
    assert_true(dirty() == 2 && roster.is_dirty[0] && roster.is_dirty[2]);
    roster_mark_all(&roster);
    assert_int_equal(dirty(), 3);
    while (roster.count)
        roster_remove(&roster, roster.places[roster.count - 1]);
    assert_int_equal(roster_chunks(&roster), 0);
    roster_clear(&roster);
    roster = (struct roster){0};
}

/* A queue that stands still is looked at every fourth round, and others of other places in between;
 * a change ends that. */
static void a_queue_rests(void **state)
{
    struct sighting sighting = {.time_ms = 1, .still = SIGHTING_STILL};
    unsigned rested = 0;

    (void)state;
    for (unsigned round = 0; round < 4 * SIGHTING_REST; round++)
        rested += sighting_rests(&sighting, round);
    assert_int_equal(rested, 4 * (SIGHTING_REST - 1));
    assert_false(sighting_rests(&sighting, 0));
    sighting.place = 1;
    assert_true(sighting_rests(&sighting, 0));
    sighting.still--;
    assert_false(sighting_rests(&sighting, 0));
    sighting = (struct sighting){.place = 1, .still = SIGHTING_STILL};
    assert_false(sighting_rests(&sighting, 0)); /* it was never seen */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_queue_rests),
        cmocka_unit_test(many_come_and_go),
        cmocka_unit_test(what_changes_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
