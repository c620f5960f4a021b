/* test-kept.c - the connection that is idle for longest, and any of them by its descriptor.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "fcgi/kept.h"

static void assert_oldest(const struct kept *kept, int fd, time_t since)
{
    time_t found = 0;

    assert_int_equal(kept_oldest(kept, &found), fd);
    if (fd >= 0)
        assert_int_equal(found, since);
}

static void in_order(void **state)
{
    struct kept kept = {0};

    (void)state;
    assert_oldest(&kept, -1, 0);
    assert_false(kept_remove(&kept, 5));
    kept_add(&kept, 500, 1);
    kept_add(&kept, 0, 2);
    kept_add(&kept, 7, 3);
    assert_oldest(&kept, 500, 1);
    assert_true(kept_remove(&kept, 0)); /* in the middle */
    assert_false(kept_remove(&kept, 0));
    assert_true(kept_remove(&kept, 500));
    assert_oldest(&kept, 7, 3);
    kept_add(&kept, 500, 4);
    assert_true(kept_remove(&kept, 500)); /* the newest */
    kept_add(&kept, 0, 5);
    assert_true(kept_remove(&kept, 7));
    assert_oldest(&kept, 0, 5);
    assert_int_equal(kept.count, 1);
    assert_true(kept_remove(&kept, 0));
    assert_oldest(&kept, -1, 0);
    assert_false(kept_remove(&kept, 100000));
    kept_clear(&kept);
}

/* Compared with a plain list, by random steps. */
static void as_a_list(void **state)
{
    enum { FDS = 200 };
    int list[FDS], count = 0;
    struct kept kept = {0};

    (void)state;
    srand(1);
    for (int step = 0; step < 20000; step++) {
        int fd = rand() % FDS, at = 0;

        while (at < count && list[at] != fd)
            at++;
        assert_int_equal(kept_remove(&kept, fd), at < count);
        if (at < count)
            memmove(&list[at], &list[at + 1], (size_t)(--count - at) * sizeof(list[0]));
        else
            kept_add(&kept, list[count++] = fd, fd);
        assert_int_equal(kept.count, count);
        assert_oldest(&kept, count ? list[0] : -1, count ? list[0] : 0);
    }
    kept_clear(&kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order),
        cmocka_unit_test(as_a_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
