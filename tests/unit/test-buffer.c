/* test-buffer.c - bytes that grow.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <limits.h>

#include "base/buffer.h"
#include "base/limits.h"

static void holds_any_bytes(void **state)
{
    struct buffer buffer = {0};

    (void)state;
    buffer_add(&buffer, "a\0b", 3);
    buffer_add_text(&buffer, "cd");
    buffer_addf(&buffer, "%d-%s", 17, "x");
    assert_int_equal(buffer.len, 9);
    assert_memory_equal(buffer.data, "a\0bcd17-x", 10);
    buffer_clear(&buffer);
}

static void is_always_followed_by_nul(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer);
    assert_null(buffer.data);
    buffer_add(&buffer, NULL, 0);
    assert_string_equal(buffer.data, "");
    for (int i = 0; i < 3000; i++) {
        buffer_add(&buffer, "x", 1);
        assert_int_equal(buffer.data[buffer.len], '\0');
    }
    assert_int_equal(strlen(buffer.data), 3000);
    buffer_clear(&buffer);
    assert_null(buffer.data);
    buffer_clear(&buffer);
}

static void numbers(void **state)
{
    struct buffer buffer = {0};

    (void)state;
    buffer_add_number(&buffer, 0);
    buffer_add_text(&buffer, " ");
    buffer_add_number(&buffer, 1234567890);
    buffer_add_text(&buffer, " ");
    buffer_add_number(&buffer, LLONG_MIN);
    assert_string_equal(buffer.data, "0 1234567890 -9223372036854775808");
    buffer_clear(&buffer);
}

static void formats_longer_than_its_room(void **state)
{
    struct buffer buffer = {0};

    (void)state;
    buffer_addf(&buffer, "%s%*d", "start", 5000, 7);
    assert_int_equal(buffer.len, 5005);
    assert_memory_equal(buffer.data, "start  ", 7);
    assert_string_equal(buffer.data + 5003, " 7");
    buffer_clear(&buffer);
}

static void reserve_leaves_room_for_the_nul(void **state)
{
    struct buffer buffer = {0};

    (void)state;
    for (size_t more = 1; more < 2000; more++) {
        buffer_reserve(&buffer, more);
        assert_true(buffer.size > buffer.len + more);
    }
    assert_int_equal(buffer.len, 0);
    buffer_clear(&buffer);
}

static void reset_gives_back_much_memory(void **state)
{
    struct buffer buffer = {0};

    (void)state;
    buffer_reset(&buffer);
    assert_null(buffer.data);
    buffer_add_text(&buffer, "small");
    buffer_reset(&buffer);
    assert_int_equal(buffer.len, 0);
    assert_string_equal(buffer.data, "");
    buffer_reserve(&buffer, LIMIT_KEPT_BUFFER);
    buffer_reset(&buffer);
    assert_null(buffer.data);
    assert_int_equal(buffer.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_any_bytes),
        cmocka_unit_test(is_always_followed_by_nul),
        cmocka_unit_test(numbers),
        cmocka_unit_test(formats_longer_than_its_room),
        cmocka_unit_test(reserve_leaves_room_for_the_nul),
        cmocka_unit_test(reset_gives_back_much_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
