/* test-absence.c - what an answer means, and how an endpoint is tried that is away.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "ws/hook/absence.h"
#include "ws/hook/ruling.h"

static const struct {
    int status;
    bool was_sent;
    enum ruling ruling;
} rulings[] = {
    {200, true,  RULING_ACK  },
    {204, true,  RULING_ACK  },
    {299, true,  RULING_ACK  },
    {199, true,  RULING_COUNT},
    {300, true,  RULING_COUNT},
    {301, true,  RULING_COUNT},
    {307, true,  RULING_COUNT},
    {400, true,  RULING_COUNT},
    {404, true,  RULING_COUNT},
    {408, true,  RULING_COUNT},
    {409, true,  RULING_COUNT},
    {410, true,  RULING_OFF  },
    {429, true,  RULING_WAIT },
    {500, true,  RULING_COUNT},
    {501, true,  RULING_COUNT},
    {502, true,  RULING_WAIT },
    {503, true,  RULING_WAIT },
    {504, true,  RULING_WAIT },
    {505, true,  RULING_COUNT},
    {999, true,  RULING_COUNT},
    {0,   true,  RULING_COUNT},
    {0,   false, RULING_WAIT },
};

static void an_answer_has_a_meaning(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rulings); i++)
        if (ruling_of(rulings[i].status, rulings[i].was_sent) != rulings[i].ruling)
            fail_msg("%d, %d", rulings[i].status, rulings[i].was_sent);
}

/* The pause after that message was sent as the probe, and the endpoint was away. */
static long long pause_after(struct absence *absence, const char *key, long long asked_s,
                             long long *now_ms)
{
    absence_probe(absence, key, strlen(key));
    absence_fail(absence, key, strlen(key), asked_s, *now_ms);
    long long pause = absence_wait(absence, *now_ms);

    *now_ms += pause;
    assert_int_equal(absence_wait(absence, *now_ms), 0);
    return pause;
}

static void pauses_grow_to_a_minute(void **state)
{
    static const long long pauses[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
    struct absence absence = {0};
    long long now_ms = 5;

    (void)state;
    assert_int_equal(absence_wait(&absence, now_ms), 0);
    for (size_t i = 0; i < COUNT(pauses); i++)
        assert_int_equal(pause_after(&absence, "q:1", -1, &now_ms), pauses[i]);
    absence_end(&absence);
    assert_int_equal(absence_wait(&absence, now_ms), 0);
    assert_int_equal(pause_after(&absence, "q:1", -1, &now_ms), 1000);
    absence_clear(&absence);
}

static void an_endpoint_may_ask_for_an_hour(void **state)
{
    struct absence absence = {0};
    long long now_ms = 5;

    (void)state;
    assert_int_equal(pause_after(&absence, "q:1", 7, &now_ms), 7000);
    assert_int_equal(pause_after(&absence, "q:1", 0, &now_ms), 1000);
    assert_int_equal(pause_after(&absence, "q:1", 3600, &now_ms), 3600000);
    assert_int_equal(pause_after(&absence, "q:1", 3601, &now_ms), 3600000);
    assert_int_equal(pause_after(&absence, "q:1", 9223372036854775807LL, &now_ms), 3600000);
    absence_clear(&absence);
}

static void one_probes_at_a_time(void **state)
{
    struct absence absence = {0};

    (void)state;
    absence_probe(&absence, "q:1", 3); /* the endpoint is there: nobody probes */
    assert_int_equal(absence_wait(&absence, 0), 0);
    absence_fail(&absence, "q:1", 3, -1, 0);
    absence_probe(&absence, "q:1", 3);
    assert_int_equal(absence_wait(&absence, 5000), -1);
    absence_abandon(&absence);
    assert_int_equal(absence_wait(&absence, 5000), 0);
    absence_probe(&absence, "q:2", 3);
    assert_int_equal(absence_wait(&absence, 5000), -1);
    absence_forget(&absence, "q:2", 3);
    assert_int_equal(absence_wait(&absence, 5000), 0);
    absence_clear(&absence);
}

static void those_beside_the_first_change_no_pause(void **state)
{
    struct absence absence = {0};

    (void)state;
    absence_fail(&absence, "q:1", 3, -1, 0);
    for (int i = 0; i < 63; i++)
        absence_fail(&absence, "q:2", 3, -1, 500);
    assert_int_equal(absence_wait(&absence, 0), 1000);
    absence_fail(&absence, "q:3", 3, 0, 500);
    assert_int_equal(absence_wait(&absence, 0), 1000);
    absence_fail(&absence, "q:3", 3, 9, 500);
    assert_int_equal(absence_wait(&absence, 500), 9000);
    assert_false(absence_is_spent(&absence, "q:2", 3));
    absence_clear(&absence);
}

static void a_message_is_spent_after_five_probes(void **state)
{
    struct absence absence = {0};
    long long now_ms = 0;

    (void)state;
    absence_fail(&absence, "q:1", 3, -1, now_ms); /* it was no probe */
    for (int i = 0; i < ABSENCE_PROBES; i++) {
        assert_false(absence_is_spent(&absence, "q:1", 3));
        pause_after(&absence, "q:1", -1, &now_ms);
    }
    assert_true(absence_is_spent(&absence, "q:1", 3));
    assert_false(absence_is_spent(&absence, "q:2", 3));
    assert_false(absence_is_spent(&absence, "q:", 2));
    pause_after(&absence, "q:2", -1, &now_ms);
    absence_end(&absence); /* which forgives nothing */
    assert_true(absence_is_spent(&absence, "q:1", 3));
    absence_forget(&absence, "q:1", 3);
    assert_false(absence_is_spent(&absence, "q:1", 3));
    absence_clear(&absence);
}

static void the_latest_are_remembered(void **state)
{
    struct absence absence = {0};
    long long now_ms = 0;
    char key[16];

    (void)state;
    absence_fail(&absence, "q:x", 3, -1, now_ms);
    for (int i = 0; i <= ABSENCE_KNOWN; i++) {
        snprintf(key, sizeof(key), "q:%d", i);
        for (int probe = 0; probe < ABSENCE_PROBES; probe++)
            pause_after(&absence, key, -1, &now_ms);
        assert_true(absence_is_spent(&absence, key, strlen(key)));
    }
    assert_false(absence_is_spent(&absence, "q:0", 3));
    assert_true(absence_is_spent(&absence, "q:1", 3));
    absence_clear(&absence);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_has_a_meaning),
        cmocka_unit_test(pauses_grow_to_a_minute),
        cmocka_unit_test(an_endpoint_may_ask_for_an_hour),
        cmocka_unit_test(one_probes_at_a_time),
        cmocka_unit_test(those_beside_the_first_change_no_pause),
        cmocka_unit_test(a_message_is_spent_after_five_probes),
        cmocka_unit_test(the_latest_are_remembered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
