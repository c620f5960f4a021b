/* test-utf8.c - Unicode's table 3-7, every boundary of it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "base/utf8.h"

/* The table itself: lead bytes, second bytes, and how many more of 80…bf follow. */
static const struct {
    unsigned char lead_low, lead_high, second_low, second_high;
    int more;
} table[] = {
    {0xc2, 0xdf, 0x80, 0xbf, 0},
    {0xe0, 0xe0, 0xa0, 0xbf, 1},
    {0xe1, 0xec, 0x80, 0xbf, 1},
    {0xed, 0xed, 0x80, 0x9f, 1},
    {0xee, 0xef, 0x80, 0xbf, 1},
    {0xf0, 0xf0, 0x90, 0xbf, 2},
    {0xf1, 0xf3, 0x80, 0xbf, 2},
    {0xf4, 0xf4, 0x80, 0x8f, 2},
};

/* The row of that lead byte; -1: it leads no sequence. */
static int row_of(int lead)
{
    for (size_t i = 0; i < COUNT(table); i++)
        if (lead >= table[i].lead_low && lead <= table[i].lead_high)
            return (int)i;
    return -1;
}

static char *wall;

/* In two pieces. */
static bool is_valid_cut(const char *bytes, size_t cut, size_t len)
{
    struct utf8_state state = {0};

    return utf8_feed(&state, wall_put(wall, bytes, cut), cut) &&
           utf8_feed(&state, wall_put(wall, bytes + cut, len - cut), len - cut) &&
           utf8_is_complete(&state);
}

/* Whole, and in every split in two. */
static bool is_valid(const void *bytes, size_t len)
{
    bool valid = utf8_is_valid(wall_put(wall, bytes, len), len);

    for (size_t cut = 0; cut <= len; cut++)
        if (is_valid_cut(bytes, cut, len) != valid)
            fail_msg("cut at %zu of %zu: %s", cut, len, valid ? "refused" : "accepted");
    return valid;
}

static int open_wall(void **state)
{
    (void)state;
    wall = wall_new(4096);
    return 0;
}

static void single_bytes(void **state)
{
    (void)state;
    assert_true(is_valid("", 0));
    for (int byte = 0; byte < 256; byte++) {
        unsigned char text[] = {(unsigned char)byte};

        if (is_valid(text, 1) != (byte < 0x80))
            fail_msg("%02x", byte);
    }
}

static void every_pair_of_lead_and_second_byte(void **state)
{
    (void)state;
    for (int lead = 0x80; lead < 256; lead++) {
        int row = row_of(lead);
        size_t len = row < 0 ? 4 : (size_t)table[row].more + 2;

        for (int second = 0; second < 256; second++) {
            unsigned char text[] = {(unsigned char)lead, (unsigned char)second, 0x80, 0xbf};
            bool good =
                row >= 0 && second >= table[row].second_low && second <= table[row].second_high;

            if (is_valid(text, len) != good)
                fail_msg("%02x %02x: %s", lead, second, good ? "refused" : "accepted");
        }
    }
}

static void third_and_fourth_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        for (int at = 2; at < table[i].more + 2; at++) {
            for (int byte = 0; byte < 256; byte++) {
                unsigned char text[] = {table[i].lead_low, table[i].second_low, 0x80, 0x80};

                text[at] = (unsigned char)byte;
                if (is_valid(text, (size_t)table[i].more + 2) != (byte >= 0x80 && byte <= 0xbf))
                    fail_msg("lead %02x, byte %d is %02x", table[i].lead_low, at, byte);
            }
        }
    }
}

static void sequences_cut_short(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        unsigned char text[] = {table[i].lead_high, table[i].second_high, 0xbf, 0xbf};

        for (size_t len = 1; len < (size_t)table[i].more + 2; len++)
            if (is_valid(text, len))
                fail_msg("lead %02x, %zu bytes", text[0], len);
        assert_true(is_valid(text, (size_t)table[i].more + 2));
    }
}

/* ASCII is skipped eight bytes at a time: every place of the others among them. */
static void among_ascii(void **state)
{
    (void)state;
    for (size_t before = 0; before < 20; before++) {
        for (size_t behind = 0; behind < 20; behind++) {
            char text[64];
            size_t len = before + 3 + behind;

            memset(text, 'a', sizeof(text));
            memcpy(text + before, "\xe2\x82\xac", 3);
            assert_true(is_valid(text, len));
            text[before + 2] = '\xff';
            assert_false(is_valid(text, len));
            memcpy(text + before, "\0\x7f\n", 3);
            assert_true(is_valid(text, len));
        }
    }
}

/* A byte that cannot be right is refused when it comes, not with the end of the text. */
static void in_pieces(void **state)
{
    static const struct {
        const char *text;
        size_t good;   /* bytes before the one that is refused */
        bool complete; /* behind those */
    } texts[] = {
        {"abc\xff",              3, true },
        {"abc\x80",              3, true },
        {"\xe2\x82\xac",         3, true },
        {"\xe2\x82\xac\xe2",     4, false},
        {"\xe2\x82\xac\xf0\x9f", 5, false},
        {"a\xed\xa0\x80",        2, false},
        {"\xe0\x9f\xbf",         1, false},
        {"\xf4\x90\x80\x80",     1, false},
        {"\xc3\xa9\xc3"
         "A",           3, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct utf8_state now = {0};
        size_t at = 0, len = strlen(texts[i].text);

        while (at < len && utf8_feed(&now, wall_put(wall, texts[i].text + at, 1), 1))
            at++;
        if (at != texts[i].good || utf8_is_complete(&now) != texts[i].complete)
            fail_msg("row %zu: %zu bytes", i, at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_bytes),
        cmocka_unit_test(every_pair_of_lead_and_second_byte),
        cmocka_unit_test(third_and_fourth_bytes),
        cmocka_unit_test(sequences_cut_short),
        cmocka_unit_test(among_ascii),
        cmocka_unit_test(in_pieces),
    };

    return cmocka_run_group_tests(tests, open_wall, NULL);
}
