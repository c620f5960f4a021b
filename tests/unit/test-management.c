/* test-management.c - what is said to FastCGI's records that are of no request in hand.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "fcgi/management.h"

static unsigned char out[MANAGEMENT_ANSWER];
static char *wall;

static size_t answer(int id, int type, const char *content, size_t len)
{
    struct records records = {
        .head = {.version = 1, .type = (unsigned char)type, .requestIdB0 = (unsigned char)id}
    };

    memset(out, 'x', sizeof(out));
    return management_answer(&records, (const unsigned char *)wall_put(wall, content, len), len,
                             out);
}

#define ANSWER(id, type, text) answer(id, type, text, sizeof(text) - 1)

static void assert_out(size_t len, const char *head, const char *content, size_t content_len)
{
    assert_int_equal(len, 8 + content_len);
    assert_memory_equal(out, head, 4);
    assert_int_equal(out[5], content_len);
    assert_memory_equal(out + 8, content, content_len);
}

static void values(void **state)
{
    static const char all[] = "\016\000FCGI_MAX_CONNS\017\000FCGI_MPXS_CONNS\015\000FCGI_MAX_REQS";
    static const char told[] =
        "\016\001FCGI_MAX_CONNS1\017\001FCGI_MPXS_CONNS0\015\001FCGI_MAX_REQS1";

    (void)state;
    assert_out(ANSWER(0, FCGI_GET_VALUES, all), "\1\012\0\0", told, sizeof(told) - 1);
    assert_out(ANSWER(0, FCGI_GET_VALUES, ""), "\1\012\0\0", "", 0);
    assert_out(ANSWER(0, FCGI_GET_VALUES, "\001\002Axy\015\001FCGI_MAX_REQS?\003"), "\1\012\0\0",
               "\015\001FCGI_MAX_REQS1", 16);
    for (size_t len = 0; len < sizeof(all) - 1; len++) /* cut off, or lying */
        assert_in_range(answer(0, FCGI_GET_VALUES, all, len), 8, sizeof(told) + 7);
    assert_out(ANSWER(0, FCGI_GET_VALUES, "\200\000\000\001A\000"), "\1\012\0\0", "", 0);
}

static void others(void **state)
{
    (void)state;
    assert_out(ANSWER(0, 99, "ab"), "\1\013\0\0", "\143\0\0\0\0\0\0\0", 8);
    assert_out(ANSWER(3, FCGI_BEGIN_REQUEST, "12345678"), "\1\3\0\3", "\0\0\0\0\1\0\0\0", 8);
    assert_int_equal(ANSWER(3, FCGI_ABORT_REQUEST, ""), 0);
    assert_int_equal(ANSWER(3, FCGI_STDIN, "body"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(others),
    };

    wall = wall_new(1 << 12);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
