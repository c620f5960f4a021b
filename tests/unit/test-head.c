/* test-head.c - heads of requests: what is read from them, what is refused, in every split.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "tests/unit/unit.h"

#include "base/buffer.h"
#include "ws/codec/head.h"

static char *wall;

static int open_wall(void **state)
{
    (void)state;
    wall = wall_new(2 * LIMIT_HEAD);
    return 0;
}

/* What a connection does: the bytes arrive in two parts, or one by one, each time at the wall. */
struct arrival {
    struct head head;
    struct reason reason;
    size_t used;
    char *data;
};

static enum head_result arrive(struct arrival *arrival, const char *data, size_t len, size_t first,
                               size_t step)
{
    enum head_result result = HEAD_MORE;

    *arrival = (struct arrival){.used = 0};
    for (size_t known = 0, now = first; result == HEAD_MORE; known = now, now += step) {
        if (now > len)
            now = len;
        arrival->data = wall_put(wall, data, now);
        result =
            head_parse(&arrival->head, arrival->data, now, known, &arrival->used, &arrival->reason);
        if (now == len)
            break;
    }
    return result;
}

/* --- good ones -------------------------------------------------------------------------------- */

static const struct {
    const char *data;
    const char *rest; /* behind the head */
    const char *told; /* method|target|minor|name=value|… */
} good[] = {
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n",                                                        "",                     "GET|/|1|host=a"                                  },
    {"GET / HTTP/1.0\r\n\r\n",                                                                   "",                     "GET|/|0"                                         },
    {"GET / HTTP/1.0\r\n\r\n",                                                                   "\x01\xff\n\n\r\n\r\n", "GET|/|0"                                         },
    {"OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n",                                                      "x",                    "OPTIONS|*|1|host="                               },
    {"M!#$%&'*+-.^_`|~9 /x?y=%20&z#f HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",                        "",
     "M!#$%&'*+-.^_`|~9|/x?y=%20&z#f|1|host=[::1]:80"                                                                                                                      },
    {"GET /ws/foo HTTP/1.1\r\nHOST: a\r\nX_YZ:1\r\nx-y: \t two  words \t \r\nE:\r\nF: \r\n\r\n",
     "GET",                                                                                                              "GET|/ws/foo|1|host=a|x_yz=1|x-y=two  words|e=|f="},
    {"GET / HTTP/1.1\r\nHost: a\r\nCookie: a=\xc3\xa4; b=\"c:d\"\r\n\r\n",                       "",
     "GET|/|1|host=a|cookie=a=\xc3\xa4; b=\"c:d\""                                                                                                                         },
    {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",                                                    "\r\n",                 "GET|/|1|host=a"                                  },
    {"GET / HTTP/1.1\r\nhost: a\r\nSec-WebSocket-Key1: 3e6b263  4 17 80\r\n\r\n",                "Wj",
     "GET|/|1|host=a|sec-websocket-key1=3e6b263  4 17 80"                                                                                                                  },
};

static char *tell(const struct head *head)
{
    struct buffer text = {0};

    buffer_addf(&text, "%s|%s|%d", head->method, head->target, head->minor_version);
    for (int i = 0; i < head->count; i++)
        buffer_addf(&text, "|%s=%s", head->fields[i].name, head->fields[i].value);
    return text.data;
}

static void check_good(size_t row, size_t first, size_t step)
{
    struct arrival arrival;
    struct buffer input = {0};
    size_t head_len = strlen(good[row].data), rest_len = strlen(good[row].rest);
    char *told;

    buffer_add_text(&input, good[row].data);
    buffer_add_text(&input, good[row].rest);
    if (arrive(&arrival, input.data, input.len, first, step) != HEAD_DONE)
        fail_msg("row %zu, %zu, by %zu: %s", row, first, step, arrival.reason.text);
    assert_int_equal(arrival.used, head_len);
    told = tell(&arrival.head);
    assert_string_equal(told, good[row].told);
    if (first == input.len)
        assert_memory_equal(arrival.data + head_len, good[row].rest, rest_len);
    free(told);
    buffer_clear(&input);
}

static void good_ones_in_every_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        size_t len = strlen(good[i].data) + strlen(good[i].rest);

        check_good(i, 0, 1);
        for (size_t first = 0; first <= len; first++)
            check_good(i, first, len);
    }
}

/* --- bad ones --------------------------------------------------------------------------------- */

#define BYTES(text) (text), sizeof(text) - 1
#define GET         "GET / HTTP/1.1\r\nHost: a\r\n"

static const struct {
    const char *data;
    size_t len;
    const char *reason; /* is in the reason */
} bad[] = {
  /* the first line */
    {BYTES("\r\n\r\n"),                                 "one blank line"      },
    {BYTES("\r\n\r\nGET / HTTP/1.0\r\n\r\n"),           "one blank line"      },
    {BYTES("\r\n GET / HTTP/1.0\r\n\r\n"),              "first line"          },
    {BYTES("\rGET / HTTP/1.0\r\n\r\n"),                 "carriage return"     },
    {BYTES("\n"),                                       "carriage return"     },
    {BYTES("GET / HTTP/1.0\n\n"),                       "carriage return"     },
    {BYTES("GET / HTTP/1.0\r\r\n"),                     "carriage return"     },
    {BYTES("GET / HTTP/1.0\rX: y\r\n\r\n"),             "carriage return"     },
    {BYTES("GET /\r\n\r\n"),                            "first line"          },
    {BYTES("GET\r\n\r\n"),                              "first line"          },
    {BYTES("GET  / HTTP/1.0\r\n\r\n"),                  "first line"          },
    {BYTES("GET /  HTTP/1.0\r\n\r\n"),                  "spoken"              },
    {BYTES(" GET / HTTP/1.0\r\n\r\n"),                  "first line"          },
    {BYTES("GET / HTTP/1.0 \r\n\r\n"),                  "spoken"              },
    {BYTES("GET\t/ HTTP/1.0\r\n\r\n"),                  "first line"          },
    {BYTES("GET /\t HTTP/1.0\r\n\r\n"),                 "first line"          },
    {BYTES("G(T / HTTP/1.0\r\n\r\n"),                   "first line"          },
    {BYTES("G\xc3\x84T / HTTP/1.0\r\n\r\n"),            "first line"          },
    {BYTES("GET /\xc3\xa4 HTTP/1.0\r\n\r\n"),           "first line"          },
    {BYTES("GET / HTTP/1.2\r\n\r\n"),                   "spoken"              },
    {BYTES("GET / HTTP/1.10\r\n\r\n"),                  "spoken"              },
    {BYTES("GET / HTTP/1\r\n\r\n"),                     "spoken"              },
    {BYTES("GET / HTTP/2.0\r\n\r\n"),                   "spoken"              },
    {BYTES("GET / HTTP/0.9\r\n\r\n"),                   "spoken"              },
    {BYTES("GET / http/1.1\r\n\r\n"),                   "spoken"              },
    {BYTES("GET / ICY/1.1\r\n\r\n"),                    "spoken"              },
    {BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),         "spoken"              },
    {BYTES("Host: a\r\n\r\n"),                          "first line"          },
    {BYTES("\x16\x03\x01\x02"),                         "control byte"        }, /* TLS */
  /* bytes that may stand nowhere */
    {BYTES("GET /\0 HTTP/1.0\r\n\r\n"),                 "control byte"        },
    {BYTES(GET "X: a\0b\r\n\r\n"),                      "control byte"        },
    {BYTES(GET "X: a\x01\r\n\r\n"),                     "control byte"        },
    {BYTES(GET "X: a\x1f\r\n\r\n"),                     "control byte"        },
    {BYTES(GET "X: a\x7f\r\n\r\n"),                     "control byte"        },
    {BYTES(GET "X: a\nY: b\r\n\r\n"),                   "carriage return"     },
    {BYTES(GET "X: a\rY: b\r\n\r\n"),                   "carriage return"     },
    {BYTES(GET "X: a\r\n\n"),                           "carriage return"     },
    {BYTES(GET "\r\r\n"),                               "carriage return"     },
 /* fields */
    {BYTES(GET "X\r\n\r\n"),                            "name: value"         },
    {BYTES(GET ": a\r\n\r\n"),                          "name: value"         },
    {BYTES(GET "X : a\r\n\r\n"),                        "name: value"         },
    {BYTES(GET "X\t: a\r\n\r\n"),                       "name: value"         },
    {BYTES(GET " X: a\r\n\r\n"),                        "name: value"         },
    {BYTES(GET "X Y: a\r\n\r\n"),                       "name: value"         },
    {BYTES(GET "X: a\r\n b\r\n\r\n"),                   "name: value"         },
    {BYTES(GET "X: a\r\n\tb: c\r\n\r\n"),               "name: value"         },
    {BYTES(GET "X: a\r\n \r\n\r\n"),                    "name: value"         },
    {BYTES(GET "X(y): a\r\n\r\n"),                      "name: value"         },
    {BYTES(GET "X\xc3\xa4: a\r\n\r\n"),                 "name: value"         },
    {BYTES("GET / HTTP/1.0\r\n X: a\r\n\r\n"),          "name: value"         },
    {BYTES("GET / HTTP/1.1\r\n\r\n"),                   "Host"                },
    {BYTES("GET / HTTP/1.1\r\nX-Host: a\r\n\r\n"),      "Host"                },
    {BYTES(GET "X-Authkey: a\r\nX_Authkey: b\r\n\r\n"), "two of \"x_authkey\""},
    {BYTES(GET "X_Authkey: a\r\nx-authkey: b\r\n\r\n"), "two of \"x-authkey\""},
    {BYTES(GET "host: a\r\n\r\n"),                      "two of \"host\""     },
};

static void check_bad(size_t row, size_t first, size_t step)
{
    struct arrival arrival;
    enum head_result result = arrive(&arrival, bad[row].data, bad[row].len, first, step);

    if (result != HEAD_BAD || !strstr(arrival.reason.text, bad[row].reason))
        fail_msg("row %zu, %zu, by %zu: %d \"%s\" instead of \"%s\"", row, first, step, result,
                 arrival.reason.text, bad[row].reason);
}

static void bad_ones_in_every_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        check_bad(i, 0, 1);
        for (size_t first = 0; first <= bad[i].len; first++)
            check_bad(i, first, bad[i].len);
    }
}

static void every_byte_in_every_part(void **state)
{
    static const char others[] = "!#$%&'*+-.^_`|~";

    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        char head[] = "GxT /x HTTP/1.1\r\nHost: a\r\nNxme: vxlue\r\n\r\n";
        bool is_token = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                        (byte >= 'A' && byte <= 'Z') || (byte && strchr(others, byte));
        const struct {
            size_t at;
            bool good;
        } parts[] = {
            {1,  is_token                                      },
            {5,  byte > 0x20 && byte < 0x7f                    },
            {27, is_token || byte == ':'                       },
            {34, byte == '\t' || (byte >= 0x20 && byte != 0x7f)},
        };

        for (size_t i = 0; i < COUNT(parts); i++) {
            char saved = head[parts[i].at];
            struct arrival arrival;
            enum head_result result;

            head[parts[i].at] = (char)byte;
            result = arrive(&arrival, head, sizeof(head) - 1, sizeof(head) - 1, 1);
            if ((result == HEAD_DONE) != parts[i].good)
                fail_msg("%02x in part %zu: %d", byte, i, result);
            head[parts[i].at] = saved;
        }
    }
}

/* --- how many --------------------------------------------------------------------------------- */

static enum head_result parse_fields(struct arrival *arrival, int count, const char *name)
{
    struct buffer input = {0};
    enum head_result result;

    buffer_add_text(&input, GET);
    for (int i = 0; i < count; i++)
        buffer_addf(&input, "%s: %d\r\n", name, i);
    buffer_add_text(&input, "\r\n");
    result = arrive(arrival, input.data, input.len, input.len, 1);
    buffer_clear(&input);
    return result;
}

static void number_of_fields(void **state)
{
    struct arrival arrival;

    (void)state;
    assert_int_equal(parse_fields(&arrival, LIMIT_HEAD_FIELDS - 1, "X"), HEAD_DONE);
    assert_int_equal(arrival.head.count, LIMIT_HEAD_FIELDS);
    assert_int_equal(parse_fields(&arrival, LIMIT_HEAD_FIELDS, "X"), HEAD_BAD);
    assert_non_null(strstr(arrival.reason.text, "8192 fields"));
}

static void fields_that_stand_once(void **state)
{
    static const char *const once[] = {
        "Authorization",        "Content-Length",
        "Content-Type",         "Host",
        "Last-Event-ID",        "Origin",
        "Sec-WebSocket-Draft",  "Sec-WebSocket-Key",
        "Sec-WebSocket-Key1",   "Sec-WebSocket-Key2",
        "Sec-WebSocket-Origin", "Sec-WebSocket-Version",
        "Transfer-Encoding",    "Upgrade",
        "WebSocket-Protocol",   "X-Authkey",
        "X-Forwarded-Host",     "X-Forwarded-Proto",
        "Sec-Fetch-Site",       "X_Authkey",
        "Content_Length",
    };
    static const char *const often[] = {
        "Accept",          "Connection", "Cookie", "Sec-WebSocket-Protocol",
        "X-Forwarded-For", "Via",        "X_Y",    "X-Authkeys",
    };
    struct arrival arrival;

    (void)state;
    for (size_t i = 0; i < COUNT(once); i++)
        if (parse_fields(&arrival, 2, once[i]) != HEAD_BAD)
            fail_msg("%s", once[i]);
    for (size_t i = 0; i < COUNT(often); i++)
        if (parse_fields(&arrival, 2, often[i]) != HEAD_DONE)
            fail_msg("%s: %s", often[i], arrival.reason.text);
}

static void names_with_underscore_are_others(void **state)
{
    struct arrival arrival;

    (void)state;
    assert_int_equal(parse_fields(&arrival, 1, "X_Authkey"), HEAD_DONE);
    assert_null(head_field(&arrival.head, "x-authkey"));
    assert_string_equal(head_field(&arrival.head, "x_authkey"), "0");
}

/* What an earlier call saw is not looked at again, but for the line end that may span both. */
static void new_bytes_only(void **state)
{
    char data[] = "GET /aaaaaaaaaaaaaaaaa";
    size_t len = sizeof(data) - 1, used;
    struct head head;
    struct reason reason;

    (void)state;
    assert_int_equal(head_parse(&head, data, len, 0, &used, &reason), HEAD_MORE);
    memset(data, '\0', len - 2);
    assert_int_equal(head_parse(&head, data, len, len - 1, &used, &reason), HEAD_MORE);
}

static void the_longest_head_in_pieces(void **state)
{
    static char data[LIMIT_HEAD];
    struct arrival arrival;

    (void)state;
    memset(data, 'a', sizeof(data));
    memcpy(data, GET, sizeof(GET) - 1);
    data[sizeof(GET) + 10] = ':';
    memcpy(data + sizeof(data) - 4, "\r\n\r\n", 4);
    assert_int_equal(arrive(&arrival, data, sizeof(data), 0, 10007), HEAD_DONE);
    assert_int_equal(arrival.used, LIMIT_HEAD);
    assert_int_equal(arrive(&arrival, data, sizeof(data) - 1, 0, 10007), HEAD_MORE);
}

/* --- lists ------------------------------------------------------------------------------------ */

static const struct {
    const char *value, *second; /* of Connection */
    bool listed;                /* upgrade */
} lists[] = {
    {"Upgrade",             NULL,      true },
    {"upgrade",             NULL,      true },
    {"UPGRADE",             NULL,      true },
    {"keep-alive, Upgrade", NULL,      true },
    {"close,upgrade",       NULL,      true },
    {"upgrade,close",       NULL,      true },
    {" , ,\tupgrade\t ,",   NULL,      true },
    {"close",               "Upgrade", true },
    {"Upgrade",             "close",   true },
    {"",                    NULL,      false},
    {",",                   NULL,      false},
    {"close",               NULL,      false},
    {"upgrad",              NULL,      false},
    {"upgraded",            NULL,      false},
    {"upgrade-insecure",    NULL,      false},
    {"xupgrade",            NULL,      false},
    {"upgrade close",       NULL,      false},
    {"close upgrade",       NULL,      false},
    {"upgrade;q=1",         NULL,      false},
    {"\"upgrade\"",         NULL,      false},
    {"close",               "x",       false},
    {"upgradeupgrade",      NULL,      false},
    {"upgrade/2, upgrade",  NULL,      true },
};

static void tokens_in_lists(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++) {
        struct arrival arrival;
        struct buffer input = {0};

        buffer_addf(&input, GET "Connection: %s\r\nOther: upgrade\r\n", lists[i].value);
        if (lists[i].second)
            buffer_addf(&input, "connection: %s\r\n", lists[i].second);
        buffer_add_text(&input, "\r\n");
        assert_int_equal(arrive(&arrival, input.data, input.len, input.len, 1), HEAD_DONE);
        if (head_lists(&arrival.head, "connection", "upgrade") != lists[i].listed)
            fail_msg("Connection: %s", lists[i].value);
        buffer_clear(&input);
    }
}

static void a_list_that_is_the_first_field(void **state)
{
    static const char text[] = "GET / HTTP/1.0\r\nConnection: Upgrade\r\n\r\n";
    struct arrival arrival;

    (void)state;
    assert_int_equal(arrive(&arrival, text, sizeof(text) - 1, sizeof(text) - 1, 1), HEAD_DONE);
    assert_true(head_lists(&arrival.head, "connection", "upgrade"));
}

static void the_first_of_a_name(void **state)
{
    struct arrival arrival;

    (void)state;
    assert_int_equal(parse_fields(&arrival, 3, "Accept"), HEAD_DONE);
    assert_string_equal(head_field(&arrival.head, "accept"), "0");
    assert_null(head_field(&arrival.head, "accep"));
    assert_null(head_field(&arrival.head, "accept-language"));
}

/* --- bodies ----------------------------------------------------------------------------------- */

static const struct {
    const char *fields;
    enum status status;
    bool is_chunked, is_expected;
    long long length;
} bodies[] = {
    {"",                                                    STATUS_OK,          false, false, 0              },
    {"Content-Length: 0\r\n",                               STATUS_OK,          false, false, 0              },
    {"Content-Length: 5\r\n",                               STATUS_OK,          false, false, 5              },
    {"Content-Length:\t 5 \r\n",                            STATUS_OK,          false, false, 5              },
    {"Content-Length: 999999999999999\r\n",                 STATUS_OK,          false, false, 999999999999999},
    {"Transfer-Encoding: chunked\r\n",                      STATUS_OK,          true,  false, 0              },
    {"Transfer-Encoding: Chunked \r\n",                     STATUS_OK,          true,  false, 0              },
    {"Content-Length: 5\r\nExpect: 100-Continue\r\n",       STATUS_OK,          false, true,  5              },
    {"Content-Length: 5\r\nExpect: fun\r\n",                STATUS_OK,          false, false, 5              },
    {"Content-Length: 99999999999999999999\r\n",            STATUS_BAD_REQUEST, false, false, 0              },
    {"Content-Length:\r\n",                                 STATUS_BAD_REQUEST, false, false, 0              },
    {"Content-Length: 05\r\n",                              STATUS_BAD_REQUEST, false, false, 0              },
    {"Content-Length: 0x5\r\n",                             STATUS_BAD_REQUEST, false, false, 0              },
    {"Content-Length: 5, 5\r\n",                            STATUS_BAD_REQUEST, false, false, 0              },
    {"Content-Length: +5\r\n",                              STATUS_BAD_REQUEST, false, false, 0              },
    {"Content-Length: -5\r\n",                              STATUS_BAD_REQUEST, false, false, 0              },
    {"Content-Length: 5 5\r\n",                             STATUS_BAD_REQUEST, false, false, 0              },
    {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", STATUS_BAD_REQUEST, true,  false, 0              },
    {"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", STATUS_BAD_REQUEST, true,  false, 0              },
    {"Transfer-Encoding: chunked, chunked\r\n",             STATUS_BAD_REQUEST, true,  false, 0              },
    {"Transfer-Encoding: gzip, chunked\r\n",                STATUS_BAD_REQUEST, true,  false, 0              },
    {"Transfer-Encoding: identity\r\n",                     STATUS_BAD_REQUEST, true,  false, 0              },
    {"Transfer-Encoding: chunked;q=1\r\n",                  STATUS_BAD_REQUEST, true,  false, 0              },
    {"Transfer-Encoding:\r\n",                              STATUS_BAD_REQUEST, true,  false, 0              },
};

static void how_a_body_comes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct head_body body;
        struct arrival arrival;
        struct buffer input = {0};
        struct reason reason = {0};
        enum status status;

        buffer_addf(&input, "POST / HTTP/1.1\r\nHost: a\r\n%s\r\n", bodies[i].fields);
        assert_int_equal(arrive(&arrival, input.data, input.len, input.len, 1), HEAD_DONE);
        status = head_read_body(&arrival.head, &body, &reason);
        if (status != bodies[i].status || !*reason.text == (status != STATUS_OK))
            fail_msg("%s: %d, %s", bodies[i].fields, status, reason.text);
        assert_int_equal(body.is_chunked, bodies[i].is_chunked);
        assert_int_equal(body.is_expected, bodies[i].is_expected);
        if (status == STATUS_OK)
            assert_true(body.length == bodies[i].length);
        buffer_clear(&input);
    }
}

static void http_1_0_has_neither_chunks_nor_expectations(void **state)
{
    static const char chunks[] = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
                      expects[] =
                          "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n";
    struct head_body body;
    struct arrival arrival;
    struct reason reason = {0};

    (void)state;
    assert_int_equal(arrive(&arrival, chunks, sizeof(chunks) - 1, sizeof(chunks) - 1, 1),
                     HEAD_DONE);
    assert_int_equal(head_read_body(&arrival.head, &body, &reason), STATUS_BAD_REQUEST);
    assert_int_equal(arrive(&arrival, expects, sizeof(expects) - 1, sizeof(expects) - 1, 1),
                     HEAD_DONE);
    assert_int_equal(head_read_body(&arrival.head, &body, &reason), STATUS_OK);
    assert_false(body.is_expected);
}

static void which_connections_are_kept(void **state)
{
    static const struct {
        int minor_version;
        const char *connection;
        bool is_kept;
    } kept[] = {
        {1, "",                  true },
        {1, "keep-alive",        true },
        {1, "Upgrade",           true },
        {1, "close",             false},
        {1, "keep-alive, Close", false},
        {0, "",                  false},
        {0, "Keep-Alive",        true },
        {0, "keep-alive, close", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(kept); i++) {
        struct arrival arrival;
        struct buffer input = {0};

        buffer_addf(&input, "GET / HTTP/1.%d\r\nHost: a\r\nConnection: %s\r\n\r\n",
                    kept[i].minor_version, kept[i].connection);
        assert_int_equal(arrive(&arrival, input.data, input.len, input.len, 1), HEAD_DONE);
        assert_int_equal(head_keeps_connection(&arrival.head), kept[i].is_kept);
        buffer_clear(&input);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_ones_in_every_split),
        cmocka_unit_test(bad_ones_in_every_split),
        cmocka_unit_test(every_byte_in_every_part),
        cmocka_unit_test(number_of_fields),
        cmocka_unit_test(fields_that_stand_once),
        cmocka_unit_test(names_with_underscore_are_others),
        cmocka_unit_test(new_bytes_only),
        cmocka_unit_test(the_longest_head_in_pieces),
        cmocka_unit_test(tokens_in_lists),
        cmocka_unit_test(a_list_that_is_the_first_field),
        cmocka_unit_test(the_first_of_a_name),
        cmocka_unit_test(how_a_body_comes),
        cmocka_unit_test(http_1_0_has_neither_chunks_nor_expectations),
        cmocka_unit_test(which_connections_are_kept),
    };

    return cmocka_run_group_tests(tests, open_wall, NULL);
}
