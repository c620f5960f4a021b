/* test-openapi.c - openapi.json against the tables that it is made of, both ways.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <json-c/json.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/status.h"
#include "handlers/openapi.h"
#include "handlers/routes.h"
#include "handlers/sentences.h"

static void every_route_has_a_sentence(void **state)
{
    struct route_facts facts;

    (void)state;
    for (size_t i = 0; routes_look(i, &facts); i++)
        if (!sentence_of_route(facts.row))
            fail_msg("/%s, row %zu of routes.c, has no row in sentences.c", facts.row->resource, i);
}

static void every_sentence_has_a_route(void **state)
{
    (void)state;
    for (const struct route_sentence *one = route_sentences; one->id; one++) {
        struct route_facts facts;
        bool is_found = false;

        for (size_t i = 0; routes_look(i, &facts); i++)
            is_found = is_found || sentence_of_route(facts.row) == one;
        if (!is_found)
            fail_msg("%s is of no route", one->id);
    }
}

/* Counts in used[] the rows that options of routes have; fails where one has none. */
static void count_options(const struct row *row, int *used)
{
    for (const char *name = row->options; *name;) {
        size_t len = strcspn(name, " ");
        const struct option_sentence *one = sentence_of_option(row, name, len);

        if (!one)
            fail_msg("%.*s of /%s has no row in sentences.c", (int)len, name, row->resource);
        used[one - option_sentences]++;
        name += len + strspn(name + len, " ");
    }
}

static void options_and_sentences_agree(void **state)
{
    int used[200] = {0};
    struct route_facts facts;

    (void)state;
    for (size_t i = 0; routes_look(i, &facts); i++)
        count_options(facts.row, used);
    for (size_t i = 0; option_sentences[i].name; i++)
        if (!used[i])
            fail_msg("%s, row %zu, is of no route", option_sentences[i].name, i);
}

static struct json_object *description(const char *prefix)
{
    struct buffer text = {0};
    struct json_object *value;
    struct reason reason;

    openapi_describe(prefix, &text);
    assert_int_equal(json_parse(text.data, text.len, &value, &reason), STATUS_OK);
    buffer_clear(&text);
    return value;
}

static struct json_object *at(struct json_object *object, const char *name)
{
    struct json_object *found = NULL;

    if (!json_object_object_get_ex(object, name, &found))
        fail_msg("no %s", name);
    return found;
}

static void every_status_is_told(void **state)
{
    struct json_object *all = description("");
    struct json_object *code =
        at(at(at(at(at(all, "components"), "schemas"), "Error"), "properties"), "code");

    (void)state;
    assert_int_equal(json_object_array_length(at(code, "enum")),
                     STATUS_NO_SPACE - STATUS_BAD_REQUEST + 1);
    for (enum status status = STATUS_BAD_REQUEST; status <= STATUS_NO_SPACE; status++)
        assert_non_null(
            strstr(json_object_get_string(at(code, "description")), status_text(status)));
    json_object_put(all);
}

static void the_prefix_is_the_server(void **state)
{
    static const char *const urls[][2] = {
        {"",    "/"  },
        {"/mq", "/mq"}
    };

    (void)state;
    for (size_t i = 0; i < COUNT(urls); i++) {
        struct json_object *all = description(urls[i][0]);
        struct json_object *server = json_object_array_get_idx(at(all, "servers"), 0);

        assert_string_equal(json_object_get_string(at(server, "url")), urls[i][1]);
        json_object_put(all);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_has_a_sentence),  cmocka_unit_test(every_sentence_has_a_route),
        cmocka_unit_test(options_and_sentences_agree), cmocka_unit_test(every_status_is_told),
        cmocka_unit_test(the_prefix_is_the_server),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
