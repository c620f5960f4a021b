/* test-pairs.c - keys and tokens of many messages, as text and as JSON.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <json-c/json.h>

#include "base/buffer.h"
#include "protocol/pairs.h"

static struct claims claims;

static int clear(void **state)
{
    (void)state;
    claims_clear(&claims);
    return 0;
}

static enum status read_text(const char *text)
{
    struct reason reason = {0};
    enum status status = pairs_read_text(&claims, "foo", text, strlen(text), &reason);

    assert_true(status == STATUS_OK || *reason.text);
    return status;
}

static const char *const bad_texts[] = {
    "",
    ",",
    "foo:1",
    "foo:1 ",
    " a",
    " ",
    "foo:1 a,",
    ",foo:1 a",
    "foo:1 a,,foo:2 b",
    "foo:1 a b",
    "foo:1  a",
    "foo:1 a, foo:2 b",
    "foo:1 a;foo:2 b",
    "foo:1 a,foo:2",
    "foo:1 a,bar:2 b",
    "foo:x a",
    "foo: a",
    "foo:1\ta",
    "foo.dead:1 a",
};

static void texts_that_name_no_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_texts); i++)
        if (read_text(bad_texts[i]) != STATUS_BAD_VALUE)
            fail_msg("accepted: %s", bad_texts[i]);
}

static enum status read_json(const char *text)
{
    struct json_object *array = json_tokener_parse(text);
    struct reason reason = {0};
    enum status status = pairs_read_array(&claims, "foo", "messages", array, &reason);

    assert_true(status == STATUS_OK || *reason.text);
    json_object_put(array);
    return status;
}

static const char *const bad_arrays[] = {
    "[]",
    "{}",
    "null",
    "7",
    "\"foo:1 a\"",
    "[null]",
    "[[]]",
    "[{}]",
    "[\"foo:1\"]",
    "[{\"key\":\"foo:1\"}]",
    "[{\"lease\":\"a\"}]",
    "[{\"key\":\"foo:1\",\"lease\":7}]",
    "[{\"key\":7,\"lease\":\"a\"}]",
    "[{\"key\":\"foo:1\",\"lease\":\"\"}]",
    "[{\"key\":\"foo:1\",\"lease\":null}]",
    "[{\"key\":\"bar:1\",\"lease\":\"a\"}]",
    "[{\"key\":\"foo:1\",\"lease\":\"a\",\"value\":\"x\"}]",
    "[{\"key\":\"foo:1\",\"lease\":\"a\"},{\"key\":\"foo:2\"}]",
    "[{\"key\":\"foo:1\\u0000\",\"lease\":\"a\"}]",
};

static void arrays_that_name_no_messages(void **state)
{
    (void)state;
    assert_int_equal(read_json("[{\"lease\":\"a\",\"key\":\"foo:1\"}]"), STATUS_OK);
    for (size_t i = 0; i < COUNT(bad_arrays); i++)
        if (read_json(bad_arrays[i]) != STATUS_BAD_VALUE)
            fail_msg("accepted: %s", bad_arrays[i]);
}

/* So many, of one message. */
static enum status read_many(int count, bool is_json)
{
    struct buffer text = {0};
    enum status status;

    for (int i = 0; i < count; i++)
        buffer_addf(&text, is_json ? "%s{\"key\":\"foo:1\",\"lease\":\"a\"}" : "%sfoo:1 a",
                    i         ? ","
                    : is_json ? "["
                              : "");
    buffer_add_text(&text, is_json ? "]" : "");
    status = is_json ? read_json(text.data) : read_text(text.data);
    buffer_clear(&text);
    return status;
}

static void at_most_a_thousand(void **state)
{
    (void)state;
    for (int is_json = 0; is_json < 2; is_json++) {
        assert_int_equal(read_many(1000, is_json), STATUS_OK);
        assert_int_equal(claims.count, 1000);
        assert_int_equal(read_many(1001, is_json), STATUS_BAD_VALUE);
    }
}

/* The keys are the client's bytes; what is answered is about them, in the order of the request. */
static void outcomes(void **state)
{
    static const struct {
        enum claims_act act;
        const char *json;
    } rows[] = {
        {CLAIMS_ACK,     "[{\"key\":\"foo:2\",\"deleted\":true},{\"key\":\"foo:1\",\"deleted\":true},"},
        {CLAIMS_EXTEND,
         "[{\"key\":\"foo:2\",\"lease_until\":1},{\"key\":\"foo:1\",\"lease_until\":2},"              },
        {CLAIMS_RELEASE,
         "[{\"key\":\"foo:2\",\"released\":true},{\"key\":\"foo:1\",\"released\":true},"              },
    };

    (void)state;
    assert_int_equal(read_text("foo:2 a,foo:1 b,foo:2 a"), STATUS_OK);
    claims.rows[0].result = 1;
    claims.rows[1].result = CLAIM_LEFT;
    claims.rows[2].result = CLAIM_STALE;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct json_object *array;
        const char *text;

        claims.act = rows[i].act;
        array = pairs_outcomes(&claims);
        text = json_object_to_json_string_ext(array, JSON_C_TO_STRING_PLAIN);
        assert_memory_equal(text, rows[i].json, strlen(rows[i].json));
        assert_string_equal(text + strlen(rows[i].json),
                            "{\"key\":\"foo:2\",\"error\":\"this is not the token of the lease in "
                            "force\",\"code\":\"stale_lease\"}]");
        json_object_put(array);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_that_name_no_messages),
        cmocka_unit_test(arrays_that_name_no_messages),
        cmocka_unit_test(at_most_a_thousand),
        cmocka_unit_test(outcomes),
    };

    return cmocka_run_group_tests(tests, NULL, clear);
}
