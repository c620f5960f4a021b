/* test-accept.c - what a client would rather read.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "http/accept.h"

#define JSON "application/json"
#define HTML "text/html"

/* The most specific range decides, wherever it stands; the last rows are a browser and curl. */
static const struct {
    const char *accept;
    bool json, html; /* is it preferred to the other? */
} rows[] = {
    {NULL,                                                                         false, false},
    {"",                                                                           false, false},
    {" ",                                                                          false, false},
    {",,;q=1,",                                                                    false, false},
    {"*/*",                                                                        false, false},
    {"image/png",                                                                  false, false},
    {JSON,                                                                         true,  false},
    {HTML,                                                                         false, true },
    {"APPLICATION/Json",                                                           true,  false},
    {"application/*",                                                              true,  false},
    {"text/*",                                                                     false, true },
    {"application/jsonx",                                                          false, false},
    {"application/jso",                                                            false, false},
    {"application/*x",                                                             false, false},
    {JSON ", */*",                                                                 true,  false},
    {"*/*, " HTML,                                                                 false, true },
    {HTML ", application/*",                                                       false, true },
    {HTML ";q=0.5, */*;q=0.5",                                                     false, true },
    {HTML ";q=0.5, */*",                                                           true,  false},
    {HTML ";q=0, " JSON ";q=0",                                                    false, false},
    {"text/*, */*",                                                                false, false},
    {JSON ", " HTML,                                                               false, false},
    {JSON ";q=0.5, " HTML ";q=0.6",                                                false, true },
    {JSON ";q=0.6," HTML ";q=0.5",                                                 true,  false},
    {JSON " ; q=0.5 , " HTML "\t;\tQ=0.4",                                         true,  false},
    {JSON ";charset=x;q=0.1, " HTML ";q=0.2",                                      false, true },
    {JSON ";q=0, */*",                                                             false, true },
    {JSON ";q=0",                                                                  false, false},
    {HTML ";q=2, " JSON ";q=0.1",                                                  true,  false},
    {HTML ";q=-1, " JSON ";q=0.1",                                                 true,  false},
    {HTML ";q=nan, " JSON ";q=0.1",                                                true,  false},
    {HTML ";q=, " JSON ";q=0.1",                                                   false, true },
    {HTML ";q",                                                                    false, true },
    {HTML ";",                                                                     false, true },
    {"*/*;q=0.9, application/*;q=0.8, " JSON ";q=0.1",                             false, true },
    {JSON ";q=0.1, application/*;q=0.8, */*;q=0.9",                                false, true },
    {"text/*;q=0.1, */*;q=0.5",                                                    true,  false},
    {"*/*;q=0.5, text/*;q=0.1",                                                    true,  false},
    {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", false, true },
    {"application/json, text/javascript, */*; q=0.01",                             true,  false},
};

static void weighs_json_against_html(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (accept_prefers(rows[i].accept, JSON, HTML) != rows[i].json ||
            accept_prefers(rows[i].accept, HTML, JSON) != rows[i].html)
            fail_msg("Accept: %s", rows[i].accept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weighs_json_against_html),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
