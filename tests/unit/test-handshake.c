/* test-handshake.c - the published vectors of every version, what is refused, the answers
 * literally, and hixie-76 from the first byte to the first message in every split.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/events.h"

#include "ws/codec/handshake.h"
#include "ws/codec/hixie.h"

static char *wall;

static int open_wall(void **state)
{
    (void)state;
    wall = wall_new(2 * LIMIT_HEAD);
    return 0;
}

/* --- arithmetic ------------------------------------------------------------------------------- */

static const struct {
    const char *key, *accept; /* NULL: is no key */
} accepts[] = {
    {"dGhlIHNhbXBsZSBub25jZQ==",        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
    {"x3JJHMbDL1EzLkh9GBhXDw==",        "HSmrc0sMlYUkAGmm5OPpG2HaGWk="},
    {"azAZ09+/azAZ09+/azAZ0A==",        "EjQV4mnhIGQJoe9Cic4YKo1Wwwc="},
    {"bcBC18efBC18yzYZ89+/0w==",        "FzPdkykYWQ1EzfpafkwLwjifw6E="},
    {"",                                NULL                          },
    {"=",                               NULL                          },
    {"dGhlIHNhbXBsZSBub25jZQ=",         NULL                          },
    {"dGhlIHNhbXBsZSBub25jZQ===",       NULL                          },
    {"dGhlIHNhbXBsZSBub25jZQ",          NULL                          },
    {"dGhlIHNhbXBsZSBub25jZQAA",        NULL                          },
    {"dGhlIHNhbXBsZSBub25jZQA=",        NULL                          },
    {"dGhlIHNhbXBsZSBub25jZ===",        NULL                          },
    {"dGhlIHNhbXBsZSBub25j=Q==",        NULL                          },
    {"dGhlIHNhbXBsZSBub25jZQ=A",        NULL                          },
    {"dGhlIHNhbXBsZSBub25-_Q==",        NULL                          },
    {"dGhlIHNhbXBsZS Bub25jQ==",        NULL                          },
    {"dGhlIHNhbXBsZSBub25jZ\xc3\xa4==", NULL                          },
};

static void accept_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(accepts); i++) {
        char *accept = wall - HANDSHAKE_ACCEPT;

        if (handshake_accept(accepts[i].key, accept) != (accepts[i].accept != NULL))
            fail_msg("%s", accepts[i].key);
        if (accepts[i].accept)
            assert_string_equal(accept, accepts[i].accept);
    }
}

static const struct {
    const char *key;
    bool good;
    uint32_t number;
} numbers[] = {
    {"4 @1  46546xW%0l 1 5",              true,  829309203 },
    {"1 2",                               true,  12        },
    {"0 ",                                true,  0         },
    {"8  ",                               true,  4         },
    {"4294967295 ",                       true,  4294967295},
    {" 4294967295",                       true,  4294967295},
    {"0000000000004294967295 ",           true,  4294967295},
    {"4294967296 ",                       false, 0         },
    {"8589934590  ",                      false, 0         },
    {"18446744073709551616 ",             false, 0         }, /* 2 to the 64th */
    {"18446744073709551617 ",             false, 0         },
    {"99999999999999999999999999999999 ", false, 0         },
    {"9  ",                               false, 0         }, /* a remainder */
    {"12",                                false, 0         }, /* no spaces */
    {"1\t2",                              false, 0         },
    {"1\xc2\xa0"
     "2",                            false, 0         },
    {"   ",                               false, 0         }, /* no digits */
    {"ab c",                              false, 0         },
    {"",                                  false, 0         },
    {"-4  ",                              true,  2         }, /* what is neither means nothing */
    {"4 .0",                              true,  40        },
};

static void numbers_of_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        uint32_t number = 0;

        if (handshake_number(numbers[i].key, &number) != numbers[i].good ||
            number != numbers[i].number)
            fail_msg("\"%s\": %u", numbers[i].key, number);
    }
}

/* All that was published. */
static const struct vector {
    const char *key1, *key2;
    uint32_t numbers[2];
    const char *nonce, *digest;
} vectors[] = {
    {"4 @1  46546xW%0l 1 5",
     "12998 5 Y3 1  .P00",                 {829309203, 259970620},
     "^n:ds[4U",                         "8jKS'y:G*Co,Wxa-"                                                },
    {"18x 6]8vM;54 *(5:  {   U1]8  z [  8",
     "1_ tx7X d  <  nw  334J702) 7]o}` 0", {155712099, 173347027},
     "Tm[K T2u",                         "fQJ,fN/4F4!~K~MH"                                                },
    {"3e6b263  4 17 80",
     "17  9 G`ZD9   2 2b 7X 3 /r90",       {906585445, 179922739},
     "WjN}|M(6",                         "n`9eBk9z$R8pOtVb"                                                },
    {"2h7n 2  3 9539 25#Tj",
     "Sa40? 1y6i9k513_Lju16F +",           {544790785, 2008475658},
     "\x81\xb4\xc7\xc3\xdb\x44\xad\x4e", "\x5b\xba\x3f\xac\x07\x78\xc1\xa6\x16\x7e\x38\xe7\x06\x50\x29\x29"},
};

static void digests(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        uint32_t found[2] = {0, 0};
        char *digest = wall - HANDSHAKE_DIGEST;

        assert_true(handshake_number(vectors[i].key1, &found[0]));
        assert_true(handshake_number(vectors[i].key2, &found[1]));
        assert_memory_equal(found, vectors[i].numbers, sizeof(found));
        handshake_digest(found, vectors[i].nonce, digest);
        assert_memory_equal(digest, vectors[i].digest, HANDSHAKE_DIGEST);
    }
}

/* --- requests --------------------------------------------------------------------------------- */

#define HOST    "Host: example.com\r\n"
#define UPGRADE HOST "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define KEY     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define KEY1    "Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\n"
#define KEY2    "Sec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\n"

static const struct {
    const char *fields;
    enum status status;
    enum ws_version version;
} requests[] = {
  /* no websocket */
    {HOST,                                                                              STATUS_OK,          WS_NONE   },
    {HOST "Upgrade: h2c\r\nConnection: Upgrade\r\n",                                    STATUS_OK,          WS_NONE   },
    {HOST "Upgrade: websockets\r\nConnection: Upgrade\r\n",                             STATUS_OK,          WS_NONE   },
    {HOST "Connection: Upgrade\r\n",                                                    STATUS_OK,          WS_NONE   },
    {HOST "Content-Length: 5\r\n",                                                      STATUS_OK,          WS_NONE   },
 /* which version */
    {UPGRADE "Sec-WebSocket-Version: 13\r\n" KEY,                                       STATUS_OK,          WS_RFC6455},
    {UPGRADE "Sec-WebSocket-Version: 8\r\n" KEY,                                        STATUS_OK,          WS_HYBI8  },
    {UPGRADE "Sec-WebSocket-Version: 7\r\n" KEY,                                        STATUS_OK,          WS_HYBI7  },
    {UPGRADE KEY1 KEY2,                                                                 STATUS_OK,          WS_HIXIE76},
    {UPGRADE,                                                                           STATUS_OK,          WS_HIXIE75},
    {UPGRADE "Sec-WebSocket-Version: 13\r\n" KEY KEY1,                                  STATUS_OK,          WS_RFC6455},
    {UPGRADE "Sec-WebSocket-Version: 6\r\n" KEY,                                        STATUS_UPGRADE,     WS_NONE   },
    {UPGRADE "Sec-WebSocket-Version: 4\r\n" KEY,                                        STATUS_UPGRADE,     WS_NONE   },
    {UPGRADE "Sec-WebSocket-Version: 9\r\n" KEY,                                        STATUS_UPGRADE,     WS_NONE   },
    {UPGRADE "Sec-WebSocket-Version: 14\r\n" KEY,                                       STATUS_UPGRADE,     WS_NONE   },
    {UPGRADE "Sec-WebSocket-Version: 013\r\n" KEY,                                      STATUS_UPGRADE,     WS_NONE   },
    {UPGRADE "Sec-WebSocket-Version: 13, 8\r\n" KEY,                                    STATUS_UPGRADE,     WS_NONE   },
    {UPGRADE "Sec-WebSocket-Version:\r\n" KEY,                                          STATUS_UPGRADE,     WS_NONE   },
    {UPGRADE "Sec-WebSocket-Version: 14\r\n",                                           STATUS_UPGRADE,     WS_NONE   },
    {UPGRADE "Sec-WebSocket-Draft: 2\r\n" KEY1 KEY2,                                    STATUS_UPGRADE,     WS_NONE   },
 /* how upgrades are asked for */
    {HOST "upgrade: WebSocket\r\nconnection: close, upgrade\r\n",                       STATUS_OK,          WS_HIXIE75},
    {HOST "Upgrade: h2c, websocket\r\nConnection: close\r\nConnection: upgrade\r\n",    STATUS_OK,
     WS_HIXIE75                                                                                                       },
    {HOST "Upgrade: websocket\r\n",                                                     STATUS_BAD_REQUEST, WS_NONE   },
    {HOST "Upgrade: websocket\r\nConnection: close\r\n",                                STATUS_BAD_REQUEST, WS_NONE   },
    {HOST "Sec-WebSocket-Version: 13\r\n" KEY,                                          STATUS_BAD_REQUEST, WS_NONE   },
    {UPGRADE "Content-Length: 0\r\n",                                                   STATUS_OK,          WS_HIXIE75},
    {UPGRADE "Content-Length: 8\r\n" KEY1 KEY2,                                         STATUS_OK,          WS_HIXIE76},
    {UPGRADE "Content-Length: 9\r\n" KEY1 KEY2,                                         STATUS_BAD_REQUEST, WS_NONE   },
    {UPGRADE "Content-Length: 8\r\n",                                                   STATUS_BAD_REQUEST, WS_NONE   },
    {UPGRADE "Content-Length: 8\r\nSec-WebSocket-Version: 13\r\n" KEY1 KEY2,            STATUS_BAD_REQUEST,
     WS_NONE                                                                                                          },
    {UPGRADE "Transfer-Encoding: chunked\r\nContent-Length: 8\r\n" KEY1 KEY2,           STATUS_BAD_REQUEST,
     WS_NONE                                                                                                          },
    {UPGRADE "Content-Length:\r\n",                                                     STATUS_BAD_REQUEST, WS_NONE   },
    {UPGRADE "Content-Length: 00\r\n",                                                  STATUS_BAD_REQUEST, WS_NONE   },
    {UPGRADE "Transfer-Encoding: chunked\r\n",                                          STATUS_BAD_REQUEST, WS_NONE   },
    {UPGRADE "Transfer-Encoding:\r\n",                                                  STATUS_BAD_REQUEST, WS_NONE   },
 /* keys */
    {UPGRADE "Sec-WebSocket-Version: 13\r\n",                                           STATUS_BAD_REQUEST, WS_NONE   },
    {UPGRADE "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n",                   STATUS_BAD_REQUEST, WS_NONE   },
    {UPGRADE "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key:\r\n",                      STATUS_BAD_REQUEST, WS_NONE   },
    {UPGRADE KEY,                                                                       STATUS_BAD_REQUEST, WS_NONE   },
    {UPGRADE KEY KEY1 KEY2,                                                             STATUS_BAD_REQUEST, WS_NONE   },
    {UPGRADE KEY1,                                                                      STATUS_BAD_REQUEST, WS_NONE   },
    {UPGRADE KEY2,                                                                      STATUS_BAD_REQUEST, WS_NONE   },
    {UPGRADE KEY1 "Sec-WebSocket-Key2: 12\r\n",                                         STATUS_BAD_REQUEST, WS_NONE   },
    {UPGRADE KEY1 "Sec-WebSocket-Key2:\r\n",                                            STATUS_BAD_REQUEST, WS_NONE   },
    {UPGRADE KEY2 "Sec-WebSocket-Key1: 9 1  1\r\n",                                     STATUS_BAD_REQUEST, WS_NONE   },
    {UPGRADE KEY2 "Sec-WebSocket-Key1: 42949672 96\r\n",                                STATUS_BAD_REQUEST, WS_NONE   },
 /* what comes back in the answer */
    {UPGRADE "Origin: http://example.com\r\n",                                          STATUS_OK,          WS_HIXIE75},
    {UPGRADE "Origin: null\r\n",                                                        STATUS_OK,          WS_HIXIE75},
    {UPGRADE "Origin:\r\n",                                                             STATUS_BAD_REQUEST, WS_NONE   },
    {UPGRADE "Origin: http://a http://b\r\n",                                           STATUS_BAD_REQUEST, WS_NONE   },
    {UPGRADE "Origin: http://\xc3\xa4\r\n",                                             STATUS_BAD_REQUEST, WS_NONE   },
    {UPGRADE "Sec-WebSocket-Version: 13\r\nOrigin: a b\r\n" KEY,                        STATUS_BAD_REQUEST, WS_NONE   },
    {UPGRADE "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Origin: a b\r\n" KEY,           STATUS_BAD_REQUEST,
     WS_NONE                                                                                                          },
    {UPGRADE "WebSocket-Protocol: chat\r\n",                                            STATUS_OK,          WS_HIXIE75},
    {UPGRADE "WebSocket-Protocol: chat more\r\n",                                       STATUS_BAD_REQUEST, WS_NONE   },
    {UPGRADE KEY1 KEY2 "Sec-WebSocket-Protocol: \xc3\xa4\r\n",                          STATUS_BAD_REQUEST, WS_NONE   },
    {UPGRADE KEY1 KEY2 "Sec-WebSocket-Protocol:\r\n",                                   STATUS_BAD_REQUEST, WS_NONE   },
    {UPGRADE "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat, more\r\n" KEY, STATUS_OK,
     WS_RFC6455                                                                                                       },
    {"Host:\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",                          STATUS_BAD_REQUEST, WS_NONE   },
    {"Host: a/b\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",                      STATUS_BAD_REQUEST, WS_NONE   },
    {"Host: u@a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",                      STATUS_BAD_REQUEST, WS_NONE   },
    {"Host: a b\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",                      STATUS_BAD_REQUEST, WS_NONE   },
    {"Host: a\"b\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",                     STATUS_BAD_REQUEST, WS_NONE   },
    {"Host: [2001:db8::1]:8889\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",       STATUS_OK,
     WS_HIXIE75                                                                                                       },
};

static struct head head;
static struct reason reason;

/* The text is the wall's. */
static void parse(const char *first_line, const char *fields)
{
    struct buffer text = {0};
    size_t used;

    buffer_addf(&text, "%s\r\n%s\r\n", first_line, fields);
    reason = (struct reason){0};
    if (head_parse(&head, wall_put(wall, text.data, text.len), text.len, 0, &used, &reason) !=
        HEAD_DONE)
        fail_msg("%s: %s", text.data, reason.text);
    buffer_clear(&text);
}

static void requests_and_their_versions(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(requests); i++) {
        struct handshake handshake;
        enum status status;

        parse("GET /ws/foo HTTP/1.1", requests[i].fields);
        status = handshake_check(&head, &handshake, &reason);
        if (status != requests[i].status ||
            (status == STATUS_OK && handshake.version != requests[i].version))
            fail_msg("%s%s, version %d, %s", requests[i].fields, status_code(status),
                     handshake.version, reason.text);
        assert_int_equal(*reason.text != '\0', status != STATUS_OK);
    }
}

static void method_and_version_of_http(void **state)
{
    static const struct {
        const char *line;
        enum status status;
    } lines[] = {
        {"GET /ws/foo HTTP/1.1",  STATUS_OK         },
        {"GET /ws/foo HTTP/1.0",  STATUS_BAD_REQUEST},
        {"POST /ws/foo HTTP/1.1", STATUS_BAD_REQUEST},
        {"HEAD /ws/foo HTTP/1.1", STATUS_BAD_REQUEST},
        {"get /ws/foo HTTP/1.1",  STATUS_BAD_REQUEST},
    };
    static const char *const versions[][2] = {
        {"",                              ""  },
        {KEY1,                            KEY2},
        {"Sec-WebSocket-Version: 13\r\n", KEY }
    };

    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        for (size_t j = 0; j < COUNT(versions); j++) {
            struct handshake handshake;
            char fields[500];

            snprintf(fields, sizeof(fields), UPGRADE "%s%s", versions[j][0], versions[j][1]);
            parse(lines[i].line, fields);
            if (handshake_check(&head, &handshake, &reason) != lines[i].status)
                fail_msg("%s, %s", lines[i].line, fields);
        }
    }
}

static void origins_of_the_versions(void **state)
{
    static const struct {
        const char *fields, *origin;
    } origins[] = {
        {"Sec-WebSocket-Version: 13\r\n" KEY "Origin: http://a\r\n",               "http://a"},
        {"Sec-WebSocket-Version: 13\r\n" KEY "Sec-WebSocket-Origin: http://a\r\n", NULL      },
        {"Sec-WebSocket-Version: 8\r\n" KEY
         "Sec-WebSocket-Origin: http://a\r\nOrigin: http://b\r\n",        "http://a"},
        {"Sec-WebSocket-Version: 7\r\n" KEY "Sec-WebSocket-Origin: http://a\r\n",  "http://a"},
        {"Sec-WebSocket-Version: 7\r\n" KEY "Origin: http://b\r\n",                "http://b"},
        {KEY1 KEY2 "Origin: null\r\n",                                             "null"    },
        {"Origin: file://\r\n",                                                    "file://" },
        {"",                                                                       NULL      },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(origins); i++) {
        struct handshake handshake;
        char fields[500];

        snprintf(fields, sizeof(fields), UPGRADE "%s", origins[i].fields);
        parse("GET / HTTP/1.1", fields);
        assert_int_equal(handshake_check(&head, &handshake, &reason), STATUS_OK);
        if (origins[i].origin)
            assert_string_equal(handshake.origin, origins[i].origin);
        else
            assert_null(handshake.origin);
        assert_string_equal(handshake.host, "example.com");
    }
}

/* --- answers ---------------------------------------------------------------------------------- */

#define UPGRADED_76                                                                                \
    "HTTP/1.1 101 WebSocket Protocol Handshake\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
#define UPGRADED_75                                                                                \
    "HTTP/1.1 101 Web Socket Protocol Handshake\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"

static const struct {
    const char *target, *fields;
    bool secure;
    const char *answer;
} answers[] = {
    {"/chat",
     "Host: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" KEY
     "Origin: http://example.com\r\nSec-WebSocket-Protocol: chat, superchat\r\n"
     "Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Version: 13\r\n",                      false,
     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
     "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"                                        },
    {"/chat",       UPGRADE "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 8\r\n",
     true,                                                                                                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
     "Sec-WebSocket-Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk=\r\n\r\n"                              },
    {"/demo",       UPGRADE KEY1 KEY2 "Origin: http://example.com\r\nSec-WebSocket-Protocol: sample\r\n",
     false,                                                                                                       UPGRADED_76
     "Sec-WebSocket-Origin: http://example.com\r\n"
     "Sec-WebSocket-Location: ws://example.com/demo\r\nSec-WebSocket-Protocol: sample\r\n\r\n"},
    {"/demo?a=b&c", UPGRADE KEY1 KEY2,                                                                     true,
     UPGRADED_76 "Sec-WebSocket-Location: wss://example.com/demo?a=b&c\r\n\r\n"                          },
    {"/demo",       UPGRADE "Origin: http://example.com\r\nWebSocket-Protocol: sample\r\n",                false,
     UPGRADED_75 "WebSocket-Origin: http://example.com\r\n"
                 "WebSocket-Location: ws://example.com/demo\r\nWebSocket-Protocol: sample\r\n\r\n"       },
    {"/demo",       UPGRADE "Origin: http://example.com\r\nSec-WebSocket-Protocol: other\r\n",             false,
     UPGRADED_75 "WebSocket-Origin: http://example.com\r\n"
                 "WebSocket-Location: ws://example.com/demo\r\n\r\n"                                     },
};

static void answers_literally(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        struct handshake handshake;
        struct buffer out = {0};

        parse("GET / HTTP/1.1", answers[i].fields);
        assert_int_equal(handshake_check(&head, &handshake, &reason), STATUS_OK);
        handshake_answer(&handshake, answers[i].target, answers[i].secure, &out);
        assert_string_equal(out.data, answers[i].answer);
        buffer_clear(&out);
    }
}

static void all_of_hybi_answer_alike(void **state)
{
    (void)state;
    for (enum ws_version version = WS_HYBI7; version <= WS_RFC6455; version++) {
        struct handshake handshake = {.version = version, .key = accepts[0].key, .host = "a"};
        struct buffer out = {0};

        handshake_answer(&handshake, "/x", false, &out);
        assert_string_equal(out.data, answers[0].answer);
        buffer_clear(&out);
    }
}

static void locations_have_no_port_that_goes_without_saying(void **state)
{
    static const struct {
        const char *host;
        bool secure;
        const char *location;
    } hosts[] = {
        {"a",             false, "ws://a/x"            },
        {"a:80",          false, "ws://a/x"            },
        {"a:80",          true,  "wss://a:80/x"        },
        {"a:443",         true,  "wss://a/x"           },
        {"a:443",         false, "ws://a:443/x"        },
        {"a:8080",        false, "ws://a:8080/x"       },
        {"a:8443",        true,  "wss://a:8443/x"      },
        {"[::1]:80",      false, "ws://[::1]/x"        },
        {"[::80]",        false, "ws://[::80]/x"       },
        {"Mixed.Example", false, "ws://Mixed.Example/x"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(hosts); i++) {
        struct handshake handshake = {.version = WS_HIXIE75, .host = hosts[i].host};
        struct buffer out = {0};
        char line[100];

        snprintf(line, sizeof(line), "\r\nWebSocket-Location: %s\r\n", hosts[i].location);
        handshake_answer(&handshake, "/x", hosts[i].secure, &out);
        if (!strstr(out.data, line))
            fail_msg("%s: %s", hosts[i].host, out.data);
        buffer_clear(&out);
    }
}

/* --- hixie-76, from the first byte to the first message --------------------------------------- */

static size_t read_frame(void *memory, char *data, size_t len, struct frame *frame)
{
    return hixie_read(memory, data, len, frame);
}

/* As a connection does it: head, answer, eight bytes, digest, frames. */
struct peer {
    struct buffer in, out;
    size_t at; /* how much of in is done with; 0: the head is not */
    uint32_t numbers[2];
    bool is_open;
    struct hixie_reader reader;
    struct events events;
};

static void peer_take_head(struct peer *peer, size_t known)
{
    struct handshake handshake;
    size_t used;

    if (head_parse(&head, peer->in.data, peer->in.len, known, &used, &reason) != HEAD_DONE)
        return;
    assert_int_equal(handshake_check(&head, &handshake, &reason), STATUS_OK);
    assert_int_equal(handshake.version, WS_HIXIE76);
    handshake_answer(&handshake, head.target, false, &peer->out);
    memcpy(peer->numbers, handshake.numbers, sizeof(peer->numbers));
    peer->at = used;
}

static void peer_take_nonce(struct peer *peer)
{
    char digest[HANDSHAKE_DIGEST];

    handshake_digest(peer->numbers, peer->in.data + peer->at, digest);
    buffer_add(&peer->out, digest, sizeof(digest));
    hixie_reader_init(&peer->reader, 100, true);
    peer->at += HANDSHAKE_NONCE;
    peer->is_open = true;
}

static void peer_take(struct peer *peer, const char *data, size_t len)
{
    struct reading reading = {.reader = &peer->reader, .read = read_frame};
    size_t known = peer->in.len;

    buffer_add(&peer->in, data, len);
    if (!peer->at)
        peer_take_head(peer, known);
    if (peer->at && !peer->is_open && peer->in.len - peer->at >= HANDSHAKE_NONCE)
        peer_take_nonce(peer);
    if (peer->is_open) {
        feed(&peer->events, &reading, wall, peer->in.data + peer->at, peer->in.len - peer->at);
        peer->at = peer->in.len;
    }
}

static void check_peer(const struct vector *vector, const struct buffer *input, size_t first,
                       size_t step)
{
    static const char answer[] = UPGRADED_76 "Sec-WebSocket-Origin: http://a\r\n"
                                             "Sec-WebSocket-Location: ws://example.com/x\r\n\r\n";
    size_t answer_len = sizeof(answer) - 1;
    struct peer peer = {0};

    for (size_t at = 0, now = first; at < input->len; at = now, now += step) {
        if (now > input->len)
            now = input->len;
        peer_take(&peer, input->data + at, now - at);
        /* The first part of the answer does not wait for the eight bytes. */
        assert_int_equal(peer.out.len, peer.is_open ? answer_len + HANDSHAKE_DIGEST
                                       : peer.at    ? answer_len
                                                    : 0);
    }
    assert_true(peer.is_open);
    assert_memory_equal(peer.out.data, answer, answer_len);
    assert_memory_equal(peer.out.data + answer_len, vector->digest, HANDSHAKE_DIGEST);
    assert_string_equal(peer.events.told.data, "text(Hello) close(1005)");
    buffer_clear(&peer.in);
    buffer_clear(&peer.out);
    buffer_clear(&peer.events.told);
    buffer_clear(&peer.events.message);
}

static void hixie_76_in_every_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct buffer input = {0};

        buffer_addf(&input,
                    "GET /x HTTP/1.1\r\n" UPGRADE
                    "Origin: http://a\r\nSec-WebSocket-Key1: %s\r\nSec-WebSocket-Key2: %s\r\n\r\n",
                    vectors[i].key1, vectors[i].key2);
        buffer_add(&input, vectors[i].nonce, HANDSHAKE_NONCE);
        buffer_add(&input, "\0Hello\xff\xff\0", 9);
        check_peer(&vectors[i], &input, 1, 1);
        for (size_t first = 1; first <= input.len; first++)
            check_peer(&vectors[i], &input, first, input.len);
        buffer_clear(&input);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accept_values),
        cmocka_unit_test(numbers_of_keys),
        cmocka_unit_test(digests),
        cmocka_unit_test(requests_and_their_versions),
        cmocka_unit_test(method_and_version_of_http),
        cmocka_unit_test(origins_of_the_versions),
        cmocka_unit_test(answers_literally),
        cmocka_unit_test(all_of_hybi_answer_alike),
        cmocka_unit_test(locations_have_no_port_that_goes_without_saying),
        cmocka_unit_test(hixie_76_in_every_split),
    };

    return cmocka_run_group_tests(tests, open_wall, NULL);
}
