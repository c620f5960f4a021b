/* test-extensions.c - what clients offer in Sec-WebSocket-Extensions, and what they are told.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "ws/codec/extensions.h"
#include "ws/codec/head.h"

#define DEFLATE "permessage-deflate"
#define TERMS   DEFLATE "; server_no_context_takeover; client_no_context_takeover"

static const struct {
    const char *fields[3];
    const char *answer; /* "": nothing is agreed upon; NULL: no list */
} rows[] = {
    {{DEFLATE},                                                                                TERMS                              },
    {{""},                                                                                     ""                                 },
    {{",, ,"},                                                                                 ""                                 },
    {{"x-webkit-deflate-frame"},                                                               ""                                 },
    {{"permessage-bzip2, " DEFLATE},                                                           TERMS                              },
    {{"Permessage-Deflate"},                                                                   ""                                 },
    {{DEFLATE "s"},                                                                            ""                                 },
    {{DEFLATE ","},                                                                            TERMS                              },
    {{", " DEFLATE},                                                                           TERMS                              },
 /* each parameter, right and wrong */
    {{DEFLATE "; server_no_context_takeover"},                                                 TERMS                              },
    {{DEFLATE "; client_no_context_takeover"},                                                 TERMS                              },
    {{DEFLATE "; server_no_context_takeover=1"},                                               ""                                 },
    {{DEFLATE "; client_no_context_takeover=true"},                                            ""                                 },
    {{DEFLATE "; client_max_window_bits"},                                                     TERMS                              },
    {{DEFLATE "; client_max_window_bits=8"},                                                   TERMS                              },
    {{DEFLATE "; client_max_window_bits=15"},                                                  TERMS                              },
    {{DEFLATE "; client_max_window_bits=7"},                                                   ""                                 },
    {{DEFLATE "; client_max_window_bits=16"},                                                  ""                                 },
    {{DEFLATE "; client_max_window_bits=010"},                                                 ""                                 },
    {{DEFLATE "; client_max_window_bits=x"},                                                   ""                                 },
    {{DEFLATE "; server_max_window_bits=9"},                                                   TERMS "; server_max_window_bits=9" },
    {{DEFLATE "; server_max_window_bits=12"},                                                  TERMS "; server_max_window_bits=12"},
    {{DEFLATE "; server_max_window_bits=15"},                                                  TERMS "; server_max_window_bits=15"},
    {{DEFLATE "; server_max_window_bits=8"},                                                   ""                                 }, /* zlib has no such window */
    {{DEFLATE "; server_max_window_bits=16"},                                                  ""                                 },
    {{DEFLATE "; server_max_window_bits=09"},                                                  ""                                 },
    {{DEFLATE "; server_max_window_bits=+9"},                                                  ""                                 },
    {{DEFLATE "; server_max_window_bits"},                                                     ""                                 },
    {{DEFLATE "; unknown"},                                                                    ""                                 },
    {{DEFLATE "; unknown=1"},                                                                  ""                                 },
    {{DEFLATE "; Server_No_Context_Takeover"},                                                 ""                                 },
    {{DEFLATE "; server_no_context_takeover; server_no_context_takeover"},                     ""                                 },
    {{DEFLATE "; client_no_context_takeover; client_no_context_takeover"},                     ""                                 },
    {{DEFLATE "; client_max_window_bits; client_max_window_bits=10"},                          ""                                 },
    {{DEFLATE "; server_max_window_bits=10; server_max_window_bits=10"},                       ""                                 },
    {{DEFLATE "; client_max_window_bits; server_max_window_bits=10; server_no_context_takeover; "
              "client_no_context_takeover"},
     TERMS "; server_max_window_bits=10"                                                                                          },
 /* in quotes */
    {{DEFLATE "; server_max_window_bits=\"10\""},                                              TERMS "; server_max_window_bits=10"},
    {{DEFLATE "; server_max_window_bits=\"1\\0\""},                                            TERMS "; server_max_window_bits=10"},
    {{DEFLATE "; server_max_window_bits=\"16\""},                                              ""                                 },
    {{DEFLATE "; unknown=\"a,b\""},                                                            NULL                               }, /* no token within */
    {{DEFLATE "; unknown=\"a;b\""},                                                            NULL                               },
    {{DEFLATE "; unknown=\"\""},                                                               NULL                               },
    {{DEFLATE "; unknown=\"x"},                                                                NULL                               },
    {{DEFLATE "; unknown=\"x\\"},                                                              NULL                               },
    {{DEFLATE "; unknown=\"x\"y"},                                                             NULL                               },
    {{DEFLATE "; server_max_window_bits=\"10000000000000000000000000000000000000000000\""},    ""                                 },
 /* several offers: the first that can be served */
    {{DEFLATE "; server_max_window_bits=8, " DEFLATE "; server_max_window_bits=10, " DEFLATE},
     TERMS "; server_max_window_bits=10"                                                                                          },
    {{DEFLATE "; unknown, " DEFLATE},                                                          TERMS                              },
    {{DEFLATE ", " DEFLATE "; server_max_window_bits=10"},                                     TERMS                              },
    {{"foo; bar=1; baz=\"2\", " DEFLATE},                                                      TERMS                              },
    {{DEFLATE "; unknown, " DEFLATE "; server_max_window_bits=8"},                             ""                                 },
 /* several fields are one list */
    {{"foo", DEFLATE},                                                                         TERMS                              },
    {{DEFLATE "; server_max_window_bits=8", DEFLATE "; server_max_window_bits=11", DEFLATE},
     TERMS "; server_max_window_bits=11"                                                                                          },
    {{DEFLATE, "@"},                                                                           NULL                               },
 /* white space */
    {{DEFLATE " ;\tserver_max_window_bits = 10 , foo"},                                        TERMS "; server_max_window_bits=10"},
    {{DEFLATE ";client_max_window_bits;server_max_window_bits=10"},
     TERMS "; server_max_window_bits=10"                                                                                          },
    {{"foo " DEFLATE},                                                                         NULL                               },
 /* no lists */
    {{DEFLATE ";"},                                                                            NULL                               },
    {{DEFLATE "; ;"},                                                                          NULL                               },
    {{DEFLATE "; =1"},                                                                         NULL                               },
    {{DEFLATE "; server_max_window_bits="},                                                    NULL                               },
    {{DEFLATE "; server_max_window_bits=10=10"},                                               NULL                               },
    {{"; " DEFLATE},                                                                           NULL                               },
    {{"\"" DEFLATE "\""},                                                                      NULL                               },
    {{DEFLATE "=1"},                                                                           NULL                               },
    {{DEFLATE "/1"},                                                                           NULL                               },
    {{"\xc3\xa4"},                                                                             NULL                               },
};

static void offers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct head head = {
            .count = 2, .fields = {{"upgrade", "websocket"}, {"x", DEFLATE}}
        };
        struct deflate_terms terms = {.window = 99};
        struct buffer answer = {0};
        struct reason reason = {0};
        enum status status;

        for (size_t j = 0; j < COUNT(rows[i].fields) && rows[i].fields[j]; j++)
            head.fields[head.count++] =
                (struct head_field){"sec-websocket-extensions", rows[i].fields[j]};
        status = extensions_read(&head, &terms, &reason);
        buffer_add_text(&answer, "");
        if (status == STATUS_OK && terms.window)
            extensions_answer(&terms, &answer);
        if (status != (rows[i].answer ? STATUS_OK : STATUS_BAD_REQUEST) ||
            (rows[i].answer && strcmp(answer.data, rows[i].answer) != 0))
            fail_msg("%s: %d \"%s\"", rows[i].fields[0], status, answer.data);
        buffer_clear(&answer);
    }
}

static void no_such_field(void **state)
{
    struct head head = {.count = 1, .fields = {{"x-extensions", DEFLATE}}};
    struct deflate_terms terms = {.window = 99};
    struct reason reason = {0};

    (void)state;
    assert_int_equal(extensions_read(&head, &terms, &reason), STATUS_OK);
    assert_int_equal(terms.window, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offers),
        cmocka_unit_test(no_such_field),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
