/* test-frame.c - frames beyond what test-conformance.c has: RFC 6455's examples, limits, how soon a
 * mistake is noticed, and what a server sends.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/events.h"
#include "tests/unit/frames.h"

static char *wall;
static struct frame_reader reader;

static void begin(void *memory, size_t max_message)
{
    frame_reader_init(memory, max_message);
}

static size_t read_frame(void *memory, char *data, size_t len, struct frame *frame)
{
    return frame_read(memory, data, len, frame);
}

static const struct reading reading = {&reader, begin, read_frame};

static int open_wall(void **state)
{
    (void)state;
    wall = wall_new(128 * 1024);
    return 0;
}

/* In all splits. */
static void check(const char *frames, size_t max_message, const char *expected)
{
    struct buffer input = {0};

    frames_add_text(&input, frames);
    check_splits(&reading, max_message, wall, &input, expected);
    buffer_clear(&input);
}

/* --- what is read ----------------------------------------------------------------------------- */

static const struct {
    const char *frames, *events;
} examples[] = {
    {"!818537fa213d7f9f4d5158", "text(Hello)"    },
    {"!810548656c6c6f",         "bad(1002)"      }, /* unmasked */
    {"!018337fa213d7f9f4d|!8082"
     "00000000"
     "6c6f",               "text(Hello)"    },
    {"!898537fa213d7f9f4d5158", "ping(Hello)"    },
    {"!8a8537fa213d7f9f4d5158", "pong(Hello)"    },
    {"82*256",                  "binary(256x*)"  },
    {"82*65536",                "binary(65536x*)"},
};

static void examples_of_the_rfc(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(examples); i++)
        check(examples[i].frames, 65536, examples[i].events);
}

static const struct {
    const char *frames, *events;
} odd_heads[] = {
    {"!81fe007e"
     "00000000",         ""         }, /* 126 bytes, none of them here */
    {"!81fe007d",             "bad(1002)"},
    {"!81fe0000",             "bad(1002)"},
    {"!81ff0000000000010000"
     "00000000",         ""         },
    {"!81ff000000000000ffff", "bad(1002)"},
    {"!81ff000000000000007e", "bad(1002)"},
    {"!81ff0000000000000000", "bad(1002)"},
    {"!81ff8000000000000000", "bad(1002)"},
    {"!81ffffffffffffffffff", "bad(1002)"},
    {"!81ff7fffffffffffffff", "bad(1009)"},
    {"!8900",                 "bad(1002)"}, /* unmasked */
    {"!89fe",                 "bad(1002)"},
    {"!89ff",                 "bad(1002)"},
    {"!88fe",                 "bad(1002)"},
    {"!0801",                 "bad(1002)"},
};

static void lengths_and_masks(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(odd_heads); i++)
        check(odd_heads[i].frames, 65536, odd_heads[i].events);
}

/* Nothing is told of a frame but a mistake, which comes with its first byte, or its second. */
static bool is_refused(bool in_message, unsigned char first, unsigned char second)
{
    struct buffer input = {0};
    struct frame frame = {0};
    char head[] = {(char)first, (char)second};
    size_t used;

    frame_reader_init(&reader, 1000);
    frames_add_text(&input, in_message ? "01:" : "");
    if (input.len)
        frame_read(&reader, input.data, input.len, &frame);
    buffer_clear(&input);
    used = frame_read(&reader, wall_put(wall, head, 2), 2, &frame);
    if (frame.kind != FRAME_BAD)
        assert_true(frame.kind == FRAME_MORE && used == 2);
    else
        assert_int_equal(frame.code, 1002);
    return frame.kind == FRAME_BAD;
}

static void every_first_byte(void **state)
{
    (void)state;
    for (int first = 0; first < 256; first++) {
        for (int in_message = 0; in_message < 2; in_message++) {
            int opcode = first & 15;
            bool good = (first & 0x70) == 0 &&
                        (opcode == 0                  ? in_message
                         : opcode == 1 || opcode == 2 ? !in_message
                                                      : first >= 0x88 && first <= 0x8a);

            if (is_refused(in_message, (unsigned char)first, 0x81) == good)
                fail_msg("%02x, message in hand: %d", first, in_message);
        }
    }
}

static void every_second_byte(void **state)
{
    (void)state;
    for (int second = 0; second < 256; second++) {
        assert_int_equal(is_refused(false, 0x82, (unsigned char)second), second < 0x80);
        assert_int_equal(is_refused(false, 0x89, (unsigned char)second),
                         second < 0x80 || second > 0x80 + 125);
    }
}

static void every_length_of_payload(void **state)
{
    (void)state;
    for (size_t len = 9; len < 300; len++) {
        struct buffer input = {0};
        char expected[32];

        frames_add_stars(&input, 0x82, len);
        snprintf(expected, sizeof(expected), "binary(%zux*)", len);
        check_splits(&reading, len, wall, &input, expected);
        buffer_clear(&input);
    }
}

/* Unmasking goes eight bytes a step, from any place and any turn of the mask. */
static void payload_at_every_place(void **state)
{
    static const char text[] = "0123456789abcdefghijklmnopqrstuvwxyz";

    (void)state;
    for (size_t place = 0; place < 16; place++) {
        for (size_t len = 0; len < sizeof(text); len++) {
            struct buffer input = {0};
            struct frame frame;
            char *at;

            frames_add(&input, 0x81, text, len);
            at = memcpy(wall - input.len - place, input.data, input.len);
            frame_reader_init(&reader, 100);
            assert_int_equal(frame_read(&reader, at, input.len, &frame), input.len);
            assert_int_equal(frame.kind, FRAME_TEXT);
            assert_int_equal(frame.len, len);
            assert_memory_equal(frame.data, text, len);
            buffer_clear(&input);
        }
    }
}

static void a_frame_that_is_there_is_one_piece(void **state)
{
    struct buffer input = {0};
    struct frame frame;
    char *at;

    (void)state;
    frames_add_text(&input, "81*5000|89:x");
    at = wall_put(wall, input.data, input.len);
    frame_reader_init(&reader, 5000);
    assert_int_equal(frame_read(&reader, at, input.len, &frame), 5008);
    assert_int_equal(frame.kind, FRAME_TEXT);
    assert_ptr_equal(frame.data, at + 8);
    assert_int_equal(frame.len, 5000);
    assert_true(frame.is_last);
    buffer_clear(&input);
}

static void pieces_say_which_is_the_last(void **state)
{
    struct buffer input = {0};
    struct frame frame;
    size_t at;

    (void)state;
    frames_add_text(&input, "01:abc|80:");
    frame_reader_init(&reader, 5000);
    at = frame_read(&reader, input.data, 7, &frame); /* the head, and "a" */
    assert_int_equal(at, 7);
    assert_true(frame.kind == FRAME_TEXT && frame.len == 1 && !frame.is_last);
    at += frame_read(&reader, input.data + at, input.len - at, &frame);
    assert_true(frame.kind == FRAME_TEXT && frame.len == 2 && !frame.is_last);
    at += frame_read(&reader, input.data + at, input.len - at, &frame);
    assert_true(frame.kind == FRAME_TEXT && frame.len == 0 && frame.is_last);
    assert_int_equal(at, input.len);
    buffer_clear(&input);
}

static const struct {
    const char *frames, *events;
} mixtures[] = {
    {"01:|00:|00:|00:|80:",                             "text()"                             },
    {"02:|80:",                                         "binary()"                           },
    {"01:\xe2|89:\xff|00:\x82|8a:|80:\xac|82:\xff\xe2",
     "ping(\\xff) pong() text(\\xe2\\x82\\xac) binary(\\xff\\xe2)"                           },
    {"02:\xff|00:\xfe|80:\xe2|81:a",                    "binary(\\xff\\xfe\\xe2) text(a)"    },
    {"01:\xe2\x82|80:|81:a",                            "bad(1007)"                          },
    {"81:\xe2\x82|81:\xac",                             "bad(1007)"                          },
    {"01:\xe2|89:\x82\xac|80:a",                        "ping(\\x82\\xac) bad(1007)"         },
    {"01:a|88=1001,bye|80:b",                           "close(1001 bye)"                    },
    {"88=1000,\xe2\x82\xac",                            "close(1000 \\xe2\\x82\\xac)"        },
    {"88=1000,\xe2\x82",                                "bad(1007)"                          },
    {"81:\xff|88=1000",                                 "bad(1007)"                          },
    {"!8900|81:a",                                      "bad(1002)"                          },
    {"89*125|8a*125|88:",                               "ping(125x*) pong(125x*) close(1005)"},
};

static void messages_control_frames_and_what_is_behind_the_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mixtures); i++)
        check(mixtures[i].frames, 100, mixtures[i].events);
}

/* --- limits ----------------------------------------------------------------------------------- */

static const struct {
    const char *frames;
    size_t max_message;
    const char *events;
} limits[] = {
    {"81:",                             0,        "text()"                               },
    {"81:a",                            0,        "bad(1009)"                            },
    {"81*125",                          125,      "text(125x*)"                          },
    {"81*126",                          125,      "bad(1009)"                            },
    {"01*100|80*25",                    125,      "text(125x*)"                          },
    {"01*100|80*26",                    125,      "bad(1009)"                            },
    {"01*125|00:|80:",                  125,      "text(125x*)"                          },
    {"81*125|81*125|82*125",            125,      "text(125x*) text(125x*) binary(125x*)"},
    {"01:|89*125|80*10",                10,       "ping(125x*) text(10x*)"               },
    {"81*65536",                        65535,    "bad(1009)"                            },
    {"!82ff7fffffffffffffff|!00000000", SIZE_MAX, ""                                     },
};

static void limits_of_a_message(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(limits); i++)
        check(limits[i].frames, limits[i].max_message, limits[i].events);
}

/* --- deflated messages, which are not inflated here ------------------------------------------- */

static void begin_deflating(void *memory, size_t max_message)
{
    frame_reader_init(memory, max_message);
    ((struct frame_reader *)memory)->may_deflate = true;
}

static const struct reading deflating = {&reader, begin_deflating, read_frame};

static const struct {
    const char *frames, *events;
} deflated[] = {
    {"c1:Hello",                   "text(Hello)"                          },
    {"c2:Hello|82:x",              "binary(Hello) binary(x)"              },
    {"c1:",                        "text()"                               },
    {"41:Hel|80:lo",               "text(Hello)"                          },
    {"41:Hel|89:p|00:l|80:o|81:a", "ping(p) text(Hello) text(a)"          },
    {"c1:\xff\xfe",                "text(\\xff\\xfe)"                     }, /* not looked at yet */
    {"c1:\xff|81:\xff",            "text(\\xff) bad(1007)"                },
    {"41:\xff|80:\xff|81:a",       "text(\\xff\\xff) text(a)"             },
    {"c1*176|81*100|82*100",       "text(176x*) text(100x*) binary(100x*)"}, /* may get longer */
    {"c1*176|81*101",              "text(176x*) bad(1009)"                },
    {"c1*177",                     "bad(1009)"                            },
    {"41*176|80*1",                "bad(1009)"                            },
 /* the bit is for the first frame of a message, and the others are nobody's */
    {"41:a|c0:b",                  "bad(1002)"                            },
    {"01:a|c0:b",                  "bad(1002)"                            },
    {"41:a|40:b",                  "bad(1002)"                            },
    {"c9:",                        "bad(1002)"                            },
    {"ca:",                        "bad(1002)"                            },
    {"c8:",                        "bad(1002)"                            },
    {"e1:a",                       "bad(1002)"                            },
    {"d1:a",                       "bad(1002)"                            },
    {"a1:a",                       "bad(1002)"                            },
    {"91:a",                       "bad(1002)"                            },
    {"c3:a",                       "bad(1002)"                            },
};

static void deflated_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(deflated); i++) {
        struct buffer input = {0};

        frames_add_text(&input, deflated[i].frames);
        check_splits(&deflating, 100, wall, &input, deflated[i].events);
        buffer_clear(&input);
    }
}

static void the_reader_takes_no_more_memory_for_it(void **state)
{
    (void)state;
    assert_true(sizeof(struct frame_reader) <= 176);
}

/* --- how soon? -------------------------------------------------------------------------------- */

static const struct {
    const char *frames;
    size_t bytes; /* what has to be seen */
} soon[] = {
    {"91:a",               1  }, /* reserved bit */
    {"83:a",               1  }, /* opcode */
    {"80:a",               1  }, /* continues nothing */
    {"09:a",               1  }, /* not final */
    {"01:a|01:b",          8  }, /* begins within a message */
    {"!8101",              2  }, /* unmasked */
    {"89*126",             2  }, /* long ping */
    {"81*101",             2  }, /* too long, by the short length */
    {"81*300",             4  }, /* by the middle one */
    {"81*65536",           10 }, /* by the long one */
    {"01*100|80:a",        108}, /* together */
    {"81:abc\xff"
     "def",           10 }, /* at once, not with the end of the frame */
    {"81:abc\xed\xa0\x80", 11 }, /* with the second byte of a surrogate */
    {"01:\xf4|00:abc|80:", 14 },
    {"81:\xe2\x82",        8  }, /* with the end only */
    {"01:\xe2\x82|80:",    14 },
    {"88:a",               7  },
};

static void mistakes_are_told_at_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(soon); i++) {
        struct buffer input = {0};
        struct frame frame = {0};
        size_t at = 0;

        frames_add_text(&input, soon[i].frames);
        frame_reader_init(&reader, 100);
        while (at < input.len && frame.kind != FRAME_BAD)
            at += frame_read(&reader, input.data + at, 1, &frame);
        if (at != soon[i].bytes || frame.kind != FRAME_BAD)
            fail_msg("%s: %s after %zu bytes", soon[i].frames,
                     frame.kind == FRAME_BAD ? "told" : "not told", at);
        buffer_clear(&input);
    }
}

/* --- close codes, and what is written --------------------------------------------------------- */

static void every_close_code(void **state)
{
    (void)state;
    for (int code = -1; code < 70000; code++) {
        bool good =
            (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
            (code >= 3000 && code < 5000);

        if (frame_code_is_valid(code) != good)
            fail_msg("%d", code);
    }
}

static const struct {
    enum frame_opcode opcode;
    size_t len;
    const char *head;
    size_t head_len;
} heads[] = {
    {OPCODE_TEXT,   0,              "\x81\x00",                             2 },
    {OPCODE_TEXT,   5,              "\x81\x05",                             2 },
    {OPCODE_BINARY, 125,            "\x82\x7d",                             2 },
    {OPCODE_TEXT,   126,            "\x81\x7e\x00\x7e",                     4 },
    {OPCODE_BINARY, 256,            "\x82\x7e\x01\x00",                     4 },
    {OPCODE_TEXT,   65535,          "\x81\x7e\xff\xff",                     4 },
    {OPCODE_BINARY, 65536,          "\x82\x7f\0\0\0\0\0\x01\0\0",           10},
    {OPCODE_TEXT,   0x123456789abc, "\x81\x7f\0\0\x12\x34\x56\x78\x9a\xbc", 10},
    {OPCODE_CLOSE,  2,              "\x88\x02",                             2 },
    {OPCODE_PING,   0,              "\x89\x00",                             2 },
    {OPCODE_PONG,   125,            "\x8a\x7d",                             2 },
};

static void heads_of_a_server(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(heads); i++) {
        char *head = wall - heads[i].head_len;

        assert_int_equal(frame_head(head, heads[i].opcode, heads[i].len), heads[i].head_len);
        assert_memory_equal(head, heads[i].head, heads[i].head_len);
    }
}

static void a_reader_is_small(void **state)
{
    (void)state;
    assert_true(sizeof(struct frame_reader) <= 192);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_of_the_rfc),
        cmocka_unit_test(lengths_and_masks),
        cmocka_unit_test(every_first_byte),
        cmocka_unit_test(every_second_byte),
        cmocka_unit_test(every_length_of_payload),
        cmocka_unit_test(payload_at_every_place),
        cmocka_unit_test(a_frame_that_is_there_is_one_piece),
        cmocka_unit_test(pieces_say_which_is_the_last),
        cmocka_unit_test(messages_control_frames_and_what_is_behind_the_end),
        cmocka_unit_test(limits_of_a_message),
        cmocka_unit_test(deflated_messages),
        cmocka_unit_test(the_reader_takes_no_more_memory_for_it),
        cmocka_unit_test(mistakes_are_told_at_once),
        cmocka_unit_test(every_close_code),
        cmocka_unit_test(heads_of_a_server),
        cmocka_unit_test(a_reader_is_small),
    };

    return cmocka_run_group_tests(tests, open_wall, NULL);
}
