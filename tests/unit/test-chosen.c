/* test-chosen.c - dead letters that are named by their keys.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/reply.h"

#include <json-c/json.h>

#include "broker/chosen.h"
#include "protocol/letters.h"

#define DEAD_PLACES                                                                                \
    "foo.dead:queue", "restmq:{foo}.dead:leases", "restmq:{foo}.dead:delayed",                     \
        "restmq:{foo}.dead:receipts"

static struct call call;
static struct claims claims;
static struct reason reason;

static int clear(void **state)
{
    (void)state;
    call_clear(&call);
    claims_clear(&claims);
    return 0;
}

static void read_text(const char *text)
{
    assert_int_equal(letters_read_text(&claims, "foo.dead", "deletes", text, strlen(text), &reason),
                     STATUS_OK);
}

static void expect_outcomes(const char *done, const char *expected)
{
    struct json_object *array = letters_outcomes(&claims, done);

    assert_string_equal(json_object_to_json_string_ext(array, JSON_C_TO_STRING_PLAIN), expected);
    json_object_put(array);
}

static void revives(void **state)
{
    (void)state;
    read_text("foo:1,foo:22");
    chosen_revive_call(&call, "foo.dead", &claims, -1);
    expect_call(&call, &script_revive, 8, DEAD_PLACES, "foo:queue", "queuestat::foo",
                "restmq:{foo}:settings", "QUEUESET", "5000", "", "", "foo", "restmq:{foo}:events",
                "foo:1", "foo:22");
    assert_int_equal(decode(&call, NUMBER(-1)), STATUS_HELD);
    assert_int_equal(decode(&call, LIST(NUMBER(1), NUMBER(0))), STATUS_OK);
    assert_int_equal(chosen_done(&claims), 1);
    expect_outcomes("redriven", "[{\"key\":\"foo:1\",\"redriven\":true},{\"key\":\"foo:22\","
                                "\"error\":\"no such dead letter\",\"code\":\"not_found\"}]");
    EXPECT_UNEXPECTED(&call, NIL, NUMBER(1), LIST(), LIST(NUMBER(1)), LIST(NUMBER(1), NUMBER(-3)),
                      LIST(NUMBER(1), NIL), LIST(NUMBER(1), NUMBER(1), NUMBER(1)));
}

static void discards(void **state)
{
    (void)state;
    read_text("foo:3,foo:4,foo:5");
    chosen_discard_call(&call, "foo.dead", &claims, 70);
    expect_call(&call, &script_discard, 5, DEAD_PLACES, "restmq:{foo}.dead:trash", "5000", "70", "",
                "foo:3", "foo:4", "foo:5");
    assert_int_equal(decode(&call, LIST(NUMBER(1), NUMBER(1), NUMBER(1))), STATUS_OK);
    assert_false(call.has_trash);
    assert_int_equal(decode(&call, LIST(NUMBER(2), NUMBER(-2), NUMBER(1700000030000))), STATUS_OK);
    assert_true(call.has_trash);
    assert_int_equal(chosen_done(&claims), 1);
    expect_outcomes("deleted",
                    "[{\"key\":\"foo:3\",\"deleted\":true},{\"key\":\"foo:4\",\"error\":\"this was "
                    "not looked for: there are too many dead letters; name the cursor of its "
                    "page\",\"code\":\"conflict\"},{\"key\":\"foo:5\",\"error\":\"leased until "
                    "1700000030000\",\"code\":\"stale_lease\"}]");
}

static void bad_lists(void **state)
{
    static const char *const texts[] = {"", ",", "foo:1,", "foo:1,bar:1", "foo:x", "foo.dead:1"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(
            letters_read_text(&claims, "foo.dead", "deletes", texts[i], strlen(texts[i]), &reason),
            STATUS_BAD_VALUE);
    assert_int_equal(letters_read_text(&claims, "foo", "deletes", "foo:1", 5, &reason),
                     STATUS_BAD_REQUEST);
    assert_string_equal(reason.text, "deletes is for dead letters: <queue>.dead");
    assert_int_equal(letters_read_array(&claims, "foo.dead", "dels", NULL, &reason),
                     STATUS_BAD_VALUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(revives),
        cmocka_unit_test(discards),
        cmocka_unit_test(bad_lists),
    };

    return cmocka_run_group_tests(tests, NULL, clear);
}
