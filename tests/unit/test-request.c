/* test-request.c - one request, from head and body.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "http/request.h"

static struct request request;
static struct reason reason;

static int clear(void **state)
{
    (void)state;
    request_clear(&request);
    return 0;
}

static enum status begin(struct request_head head)
{
    reason = (struct reason){0};
    return request_begin(&request, &head, "", &reason);
}

static const struct {
    const char *name;
    enum method method;
    bool is_head;
} methods[] = {
    {"GET",     METHOD_GET,     false},
    {"HEAD",    METHOD_GET,     true },
    {"POST",    METHOD_POST,    false},
    {"PUT",     METHOD_PUT,     false},
    {"DELETE",  METHOD_DELETE,  false},
    {"OPTIONS", METHOD_OPTIONS, false},
    {"get",     METHOD_OTHER,   false},
    {"PATCH",   METHOD_OTHER,   false},
    {"GETX",    METHOD_OTHER,   false},
    {"",        METHOD_OTHER,   false},
};

static void knows_the_methods(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(methods); i++) {
        assert_int_equal(begin((struct request_head){.method = methods[i].name, .target = "/"}),
                         STATUS_OK);
        if (request.method != methods[i].method || request.is_head != methods[i].is_head)
            fail_msg("%s", methods[i].name);
    }
}

static const struct {
    const char *text;
    long length; /* -2: refused */
} lengths[] = {
    {NULL,                  -1},
    {"",                    -1},
    {"0",                   0 },
    {"17",                  17},
    {"1152921504606846976", -2},
    {"-1",                  -2},
    {"+1",                  -2},
    {"1 ",                  -2},
    {"017",                 -2},
    {"1,1",                 -2},
    {"x",                   -2},
};

static void reads_the_length(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        enum status status = begin((struct request_head){
            .method = "POST", .target = "/", .content_length = lengths[i].text});

        if (status != (lengths[i].length == -2 ? STATUS_BAD_REQUEST : STATUS_OK))
            fail_msg("\"%s\": %s", lengths[i].text, status_code(status));
        if (status == STATUS_OK)
            assert_int_equal(request.content_length, lengths[i].length);
    }
}

static const struct {
    const char *type;
    bool is_form, is_json;
} types[] = {
    {NULL,                                              true,  false},
    {"",                                                true,  false},
    {"application/x-www-form-urlencoded",               true,  false},
    {"Application/X-WWW-Form-Urlencoded; charset=utf8", true,  false},
    {"application/x-www-form-urlencoded2",              false, false},
    {"application/x-www-form",                          false, false},
    {"application/json",                                false, true },
    {"application/json;charset=utf-8",                  false, true },
    {"APPLICATION/JSON ; x",                            false, true },
    {"application/jsonp",                               false, false},
    {"text/plain",                                      false, false},
    {";",                                               false, false},
};

static void knows_a_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(types); i++) {
        assert_int_equal(begin((struct request_head){
                             .method = "POST", .target = "/", .content_type = types[i].type}),
                         STATUS_OK);
        if (request.is_form != types[i].is_form ||
            request_has_type(&request, "application/json") != types[i].is_json)
            fail_msg("%s", types[i].type);
    }
}

static void needs_method_and_target(void **state)
{
    (void)state;
    assert_int_equal(begin((struct request_head){.method = "GET"}), STATUS_BAD_REQUEST);
    assert_int_equal(begin((struct request_head){.target = "/"}), STATUS_BAD_REQUEST);
}

static void errors_of_target_and_query_come_out(void **state)
{
    (void)state;
    assert_int_equal(begin((struct request_head){.method = "GET", .target = "/q/%2F"}),
                     STATUS_BAD_NAME);
    assert_int_equal(begin((struct request_head){.method = "GET", .target = "/q/a?x=%z"}),
                     STATUS_BAD_REQUEST);
    assert_true(*reason.text);
}

static void the_query_is_limited(void **state)
{
    static char target[LIMIT_TARGET + 2];

    (void)state;
    memset(target, 'a', LIMIT_TARGET + 1);
    memcpy(target, "/?", 2);
    assert_int_equal(begin((struct request_head){.method = "GET", .target = target}),
                     STATUS_BAD_REQUEST);
    target[LIMIT_TARGET] = '\0';
    assert_int_equal(begin((struct request_head){.method = "GET", .target = target}), STATUS_OK);
    assert_int_equal(request.form.fields[0].name_len, LIMIT_TARGET - 2);
}

static void query_and_form_are_merged(void **state)
{
    (void)state;
    assert_int_equal(begin((struct request_head){.method = "POST", .target = "/q/a?ttl=1&v=x"}),
                     STATUS_OK);
    buffer_add_text(&request.body, "ttl=2&w=y");
    assert_int_equal(request_finish(&request, &reason), STATUS_OK);
    assert_string_equal(form_find(&request.form, "ttl")->value, "2");
    assert_string_equal(form_find(&request.form, "v")->value, "x");
    assert_string_equal(form_find(&request.form, "w")->value, "y");
}

static void a_body_that_is_no_form_is_left_alone(void **state)
{
    (void)state;
    assert_int_equal(begin((struct request_head){
                         .method = "POST", .target = "/q/a", .content_type = "text/plain"}),
                     STATUS_OK);
    buffer_add(&request.body, "a=%zz&\0", 7);
    assert_int_equal(request_finish(&request, &reason), STATUS_OK);
    assert_int_equal(request.form.count, 0);
    assert_memory_equal(request.body.data, "a=%zz&\0", 7);
}

static void a_broken_form_is_refused(void **state)
{
    (void)state;
    assert_int_equal(begin((struct request_head){.method = "POST", .target = "/q/a"}), STATUS_OK);
    buffer_add_text(&request.body, "a=%zz");
    assert_int_equal(request_finish(&request, &reason), STATUS_BAD_REQUEST);
}

static void the_next_request_starts_empty(void **state)
{
    (void)state;
    assert_int_equal(
        begin((struct request_head){.method = "HEAD", .target = "/q/a?x=1", .content_length = "3"}),
        STATUS_OK);
    buffer_add_text(&request.body, "y=2");
    assert_int_equal(request_finish(&request, &reason), STATUS_OK);
    assert_int_equal(request.form.count, 2);
    assert_int_equal(begin((struct request_head){.method = "GET", .target = "/"}), STATUS_OK);
    assert_int_equal(request_finish(&request, &reason), STATUS_OK);
    assert_int_equal(request.form.count, 0);
    assert_int_equal(request.body.len, 0);
    assert_int_equal(request.content_length, -1);
    assert_false(request.is_head);
    assert_string_equal(request.uri.resource, "");
    assert_string_equal(request.uri.name, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_methods),
        cmocka_unit_test(reads_the_length),
        cmocka_unit_test(knows_a_form),
        cmocka_unit_test(needs_method_and_target),
        cmocka_unit_test(errors_of_target_and_query_come_out),
        cmocka_unit_test(the_query_is_limited),
        cmocka_unit_test(query_and_form_are_merged),
        cmocka_unit_test(a_body_that_is_no_form_is_left_alone),
        cmocka_unit_test(a_broken_form_is_refused),
        cmocka_unit_test(the_next_request_starts_empty),
    };

    return cmocka_run_group_tests(tests, NULL, clear);
}
