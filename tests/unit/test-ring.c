/* test-ring.c - where keys are placed: as libmemcached does, and moving as few as can be.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdbool.h>
#include <stdlib.h>

#include "broker/ring.h"

enum { KEYS = 10000, LINE = 16384 };

static int key_of(int number, char *key)
{
    return sprintf(key, "object%d", number);
}

/* --- as libmemcached ----------------------------------------------------------------------- */

static FILE *open_placed(void)
{
    const char *folder = getenv("srcdir");
    char name[4096];
    FILE *file;

    snprintf(name, sizeof(name), "%s/tests/ketama/placed.txt", folder ? folder : ".");
    file = fopen(name, "r");
    assert_non_null(file);
    return file;
}

static int split(char *line, struct ring_member *members)
{
    int count = 0;

    for (char *name = strtok(line, " \n"); name; name = strtok(NULL, " \n"))
        members[count++] = (struct ring_member){.server = name, .row = "default"};
    return count;
}

/* Two lines of placed.txt; false at its end. */
static bool compare_pool(FILE *file)
{
    static char servers[LINE], places[LINE];
    struct ring_member members[10];
    struct ring *ring;
    char key[32];
    int count;

    if (!fgets(servers, sizeof(servers), file) || !fgets(places, sizeof(places), file))
        return false;
    count = split(servers, members);
    assert_int_equal(strlen(places), KEYS + 1);
    ring = ring_new(members, count);
    assert_int_equal(ring_count(ring), count);
    for (int i = 0; i < KEYS; i++) {
        int found = ring_find(ring, key, (size_t)key_of(i, key));

        if (strcmp(ring_member(ring, found)->server, members[places[i] - '0'].server) != 0)
            fail_msg("%s of %d is at %s", key, count, ring_member(ring, found)->server);
    }
    ring_free(ring);
    return true;
}

static void places_as_libmemcached(void **state)
{
    FILE *file = open_placed();
    int pools = 0;

    (void)state;
    while (compare_pool(file))
        pools++;
    fclose(file);
    assert_int_equal(pools, 3);
}

/* --- what moves ---------------------------------------------------------------------------- */

static struct ring *ring_of(int first, int count)
{
    struct ring_member members[20];
    static char names[20][8];

    for (int i = 0; i < count; i++) {
        snprintf(names[i], sizeof(names[i]), "s%d", first + i);
        members[i] = (struct ring_member){.server = names[i], .row = i % 2 ? "odd" : "even"};
    }
    return ring_new(members, count);
}

static const char *place(struct ring *ring, int number)
{
    char key[32];

    return ring_member(ring, ring_find(ring, key, (size_t)key_of(number, key)))->server;
}

static void removing_moves_only_its_own_keys(void **state)
{
    struct ring *all = ring_of(0, 10), *fewer = ring_of(1, 9);
    int moved = 0;

    (void)state;
    for (int i = 0; i < KEYS; i++) {
        if (strcmp(place(all, i), "s0") == 0)
            moved++;
        else
            assert_string_equal(place(all, i), place(fewer, i));
    }
    assert_in_range(moved, 1, 2 * KEYS / 10);
    ring_free(all);
    ring_free(fewer);
}

/* At most 1.3 of its share, and all to the new one. */
static void adding_moves_a_share(void **state)
{
    struct ring *before = ring_of(0, 10), *after = ring_of(0, 11);
    int moved = 0;

    (void)state;
    for (int i = 0; i < KEYS; i++) {
        if (strcmp(place(before, i), place(after, i)) == 0)
            continue;
        assert_string_equal(place(after, i), "s10");
        moved++;
    }
    assert_in_range(moved, 1, KEYS * 13 / (11 * 10));
    ring_free(before);
    ring_free(after);
}

/* --- the walk ------------------------------------------------------------------------------ */

static void the_walk_meets_everybody_once(void **state)
{
    struct ring *ring = ring_of(0, 10);
    int servers[10], part[10];
    char key[32];

    (void)state;
    for (int i = 0; i < 1000; i++) {
        size_t len = (size_t)key_of(i, key);
        unsigned met = 0;

        assert_int_equal(ring_walk(ring, key, len, servers, 10), 10);
        assert_int_equal(servers[0], ring_find(ring, key, len));
        for (int j = 0; j < 10; j++)
            met |= 1u << servers[j];
        assert_int_equal(met, 0x3ff);
        assert_int_equal(ring_walk(ring, key, len, part, 3), 3);
        assert_memory_equal(part, servers, 3 * sizeof(*part));
    }
    assert_int_equal(ring_walk(ring, "k", 1, servers, 0), 0);
    ring_free(ring);
}

/* Who is the second when the first is gone is the first then. */
static void the_walk_is_what_remains(void **state)
{
    struct ring *all = ring_of(0, 10), *fewer = ring_of(1, 9);
    int servers[2];
    char key[32];

    (void)state;
    for (int i = 0; i < KEYS; i++) {
        ring_walk(all, key, (size_t)key_of(i, key), servers, 2);
        if (strcmp(ring_member(all, servers[0])->server, "s0") == 0)
            assert_string_equal(ring_member(all, servers[1])->server, place(fewer, i));
    }
    ring_free(all);
    ring_free(fewer);
}

static void none_and_twins(void **state)
{
    struct ring_member twins[] = {
        {"s1", "b"},
        {"s2", "b"},
        {"s1", "a"}
    };
    struct ring *none = ring_new(NULL, 0), *two = ring_new(twins, 3);
    int servers[2];

    (void)state;
    assert_int_equal(ring_count(none), 0);
    assert_int_equal(ring_walk(none, "k", 1, servers, 2), 0);
    assert_int_equal(ring_count(two), 2);
    assert_string_equal(ring_member(two, 0)->row, "a");
    ring_free(none);
    ring_free(two);
    ring_free(NULL);
}

/* --- the cache ----------------------------------------------------------------------------- */

static struct ring_member some[] = {
    {"s1", "a"},
    {"s2", "b"}
};

static void a_ring_is_kept_for_a_second(void **state)
{
    struct rings *rings = rings_new();
    struct ring_slot *slot;
    struct ring *ring;

    (void)state;
    assert_null(rings_find(rings, "p", 5));
    rings_store(rings, "p", "7", "2", some, 2, 5000);
    slot = rings_find(rings, "p", 5999);
    assert_non_null(slot);
    assert_string_equal(slot->version, "7");
    assert_string_equal(slot->size, "2");
    assert_null(rings_find(rings, "q", 5999));
    assert_null(rings_find(rings, "p", 6000));
    ring = slot->ring;
    rings_store(rings, "p", "8", "2", (struct ring_member[]){some[1], some[0]}, 2, 6000);
    slot = rings_find(rings, "p", 6000);
    assert_ptr_equal(slot->ring, ring); /* the same members */
    assert_string_equal(slot->version, "8");
    rings_store(rings, "p", "9", "1", some, 1, 6000);
    assert_int_equal(ring_count(rings_find(rings, "p", 6000)->ring), 1);
    rings_store(rings, "p", "9", "1",
                (struct ring_member[]){
                    {"s1", "b"}
    },
                1, 6000);
    assert_string_equal(ring_member(rings_find(rings, "p", 6000)->ring, 0)->row, "b");
    rings_free(rings);
    rings_free(NULL);
}

static void the_oldest_makes_room(void **state)
{
    struct rings *rings = rings_new();
    char name[16];

    (void)state;
    for (int i = 0; i <= RINGS; i++) {
        snprintf(name, sizeof(name), "p%d", i);
        rings_store(rings, name, "1", "2", some, 2, 1000 + i);
    }
    assert_null(rings_find(rings, "p0", 1100));
    for (int i = 1; i <= RINGS; i++) {
        snprintf(name, sizeof(name), "p%d", i);
        assert_non_null(rings_find(rings, name, 1100));
    }
    rings_free(rings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_as_libmemcached),
        cmocka_unit_test(removing_moves_only_its_own_keys),
        cmocka_unit_test(adding_moves_a_share),
        cmocka_unit_test(the_walk_meets_everybody_once),
        cmocka_unit_test(the_walk_is_what_remains),
        cmocka_unit_test(none_and_twins),
        cmocka_unit_test(a_ring_is_kept_for_a_second),
        cmocka_unit_test(the_oldest_makes_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
