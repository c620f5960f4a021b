/* test-conformance.c - the cases of the Autobahn testsuite (categories 1 to 7, 9 and 10), by their
 * numbers, as far as a reader of frames decides them.  Each is read whole, byte by byte and cut in
 * two everywhere, so the cases that differ in their chops only are one row.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/events.h"
#include "tests/unit/frames.h"

#define MIB (1024 * 1024)

#define KOSME  "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"
#define KOSMEX "\\xce\\xba\\xe1\\xbd\\xb9\\xcf\\x83\\xce\\xbc\\xce\\xb5"
#define UTF8   "Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!"
#define UTF8X                                                                                      \
    "Hello-\\xc2\\xb5@\\xc3\\x9f\\xc3\\xb6\\xc3\\xa4\\xc3\\xbc\\xc3\\xa0\\xc3\\xa1-UTF-8!!"

struct row {
    const char *name, *frames, *events;
};

// clang-format off
static const struct row rows[] = {
    {"1.1.1 text of 0 bytes", "81:", "text()"},
    {"1.1.2 text of 125 bytes", "81*125", "text(125x*)"},
    {"1.1.3 text of 126 bytes", "81*126", "text(126x*)"},
    {"1.1.4 text of 127 bytes", "81*127", "text(127x*)"},
    {"1.1.5 text of 128 bytes", "81*128", "text(128x*)"},
    {"1.1.6 text of 65535 bytes", "81*65535", "text(65535x*)"},
    {"1.1.7, 1.1.8 text of 65536 bytes", "81*65536", "text(65536x*)"},
    {"1.2.1 binary of 0 bytes", "82:", "binary()"},
    {"1.2.2 binary of 125 bytes", "82*125", "binary(125x*)"},
    {"1.2.3 binary of 126 bytes", "82*126", "binary(126x*)"},
    {"1.2.4 binary of 127 bytes", "82*127", "binary(127x*)"},
    {"1.2.5 binary of 128 bytes", "82*128", "binary(128x*)"},
    {"1.2.6 binary of 65535 bytes", "82*65535", "binary(65535x*)"},
    {"1.2.7, 1.2.8 binary of 65536 bytes", "82*65536", "binary(65536x*)"},

    {"2.1 ping without payload", "89:", "ping()"},
    {"2.2 ping with text", "89:Hello, world!", "ping(Hello, world!)"},
    {"2.3 ping with bytes", "!898800000000" "00fffefdfcfb00ff", "ping(\\x00\\xff\\xfe\\xfd\\xfc\\xfb\\x00\\xff)"},
    {"2.4, 2.6 ping of 125 bytes", "89*125", "ping(125x*)"},
    {"2.5 ping of 126 bytes", "89*126", "bad(1002)"},
    {"2.7 pong nobody asked for", "8a:", "pong()"},
    {"2.8 pong with payload", "8a:unsolicited pong payload", "pong(unsolicited pong payload)"},
    {"2.9 pong, then ping", "8a:unsolicited|89:ping payload", "pong(unsolicited) ping(ping payload)"},
    {"2.10, 2.11 ten pings", "89:0|89:1|89:2|89:3|89:4|89:5|89:6|89:7|89:8|89:9",
     "ping(0) ping(1) ping(2) ping(3) ping(4) ping(5) ping(6) ping(7) ping(8) ping(9)"},

    {"3.1 reserved bits 1", "91:Hello", "bad(1002)"},
    {"3.2 reserved bits 2 behind a text", "81:Hello|a1:Hello|89:", "text(Hello) bad(1002)"},
    {"3.3 reserved bits 3 behind a text", "81:Hello|b1:Hello|89:", "text(Hello) bad(1002)"},
    {"3.4 reserved bits 4 behind a text", "81:Hello|c1:Hello|89:", "text(Hello) bad(1002)"},
    {"3.5 reserved bits 5, binary", "d2:Hello", "bad(1002)"},
    {"3.6 reserved bits 6, ping", "e9:Hello", "bad(1002)"},
    {"3.7 reserved bits 7, close", "f8:", "bad(1002)"},

    {"4.1.1 opcode 3", "83:", "bad(1002)"},
    {"4.1.2 opcode 4 with payload", "84:reserved", "bad(1002)"},
    {"4.1.3 opcode 5 behind a text", "81:Hello|85:|89:", "text(Hello) bad(1002)"},
    {"4.1.4 opcode 6 behind a text", "81:Hello|86:reserved|89:", "text(Hello) bad(1002)"},
    {"4.1.5 opcode 7 behind a text", "81:Hello|87:reserved|89:", "text(Hello) bad(1002)"},
    {"4.2.1 opcode 11", "8b:", "bad(1002)"},
    {"4.2.2 opcode 12 with payload", "8c:reserved", "bad(1002)"},
    {"4.2.3 opcode 13 behind a text", "81:Hello|8d:|89:", "text(Hello) bad(1002)"},
    {"4.2.4 opcode 14 behind a text", "81:Hello|8e:reserved|89:", "text(Hello) bad(1002)"},
    {"4.2.5 opcode 15 behind a text", "81:Hello|8f:reserved|89:", "text(Hello) bad(1002)"},

    {"5.1 ping in two fragments", "09:frag|80:ment", "bad(1002)"},
    {"5.2 pong in two fragments", "0a:frag|80:ment", "bad(1002)"},
    {"5.3, 5.4, 5.5 text in two fragments", "01:frag|80:ment", "text(fragment)"},
    {"5.6, 5.7, 5.8 ping between two fragments", "01:frag|89:ping|80:ment", "ping(ping) text(fragment)"},
    {"5.9, 5.10, 5.11 continuation of nothing, final", "80:non-continuation|81:Hello", "bad(1002)"},
    {"5.12, 5.13, 5.14 continuation of nothing", "00:non-continuation|81:Hello", "bad(1002)"},
    {"5.15 continuation behind the end", "01:frag|80:ment|00:more|81:Hello", "text(fragment) bad(1002)"},
    {"5.16 continuation before the text, twice", "00:none|01:frag|80:ment|00:none|01:frag|80:ment", "bad(1002)"},
    {"5.17 final continuation before the text, twice", "80:none|01:frag|80:ment|80:none|01:frag|80:ment", "bad(1002)"},
    {"5.18 second fragment is a text", "01:frag|81:ment", "bad(1002)"},
    {"5.19, 5.20 five fragments, two pings", "01:1|00:2|89:p1|00:3|00:4|89:p2|80:5", "ping(p1) ping(p2) text(12345)"},

    {"6.1.1 empty text", "81:", "text()"},
    {"6.1.2 three empty fragments", "01:|00:|80:", "text()"},
    {"6.1.3 an empty fragment on both sides", "01:|00:middle|80:", "text(middle)"},
    {"6.2.1 UTF-8 in one frame", "81:" UTF8, "text(" UTF8X ")"},
    {"6.2.2 fragments between characters", "01:Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4|80:\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!", "text(" UTF8X ")"},
    {"6.2.3 fragments within characters", "01:Hello-\xc2|00:\xb5@\xc3|00:\x9f\xc3|00:\xb6\xc3\xa4\xc3|00:\xbc|00:\xc3\xa0\xc3|80:\xa1-UTF-8!!", "text(" UTF8X ")"},
    {"6.2.4 a fragment each byte", "01:\xce|00:\xba|00:\xe1|00:\xbd|00:\xb9|00:\xcf|00:\x83|00:\xce|00:\xbc|00:\xce|80:\xb5", "text(" KOSMEX ")"},
    {"6.3.1 surrogate in one frame", "81:" KOSME "\xed\xa0\x80" "edited", "bad(1007)"},
    {"6.3.2 surrogate, a fragment each byte", "01:\xce|00:\xba|00:\xed|00:\xa0|00:\x80|80:e", "bad(1007)"},
    {"6.4.1 above U+10FFFF, a fragment of its own", "01:" KOSME "|00:\xf4\x90\x80\x80|80:edited", "bad(1007)"},
    {"6.4.2 above U+10FFFF, cut behind its lead", "01:" KOSME "\xf4|00:\x90|80:\x80\x80" "edited", "bad(1007)"},
    {"6.4.3, 6.4.4 above U+10FFFF in one frame", "81:" KOSME "\xf4\x90\x80\x80" "edited", "bad(1007)"},
    {"6.5.1 to 6.5.5 a Greek word", "81:" KOSME, "text(" KOSMEX ")"},
    {"6.6.1 first byte of two", "81:\xce", "bad(1007)"},
    {"6.6.2 one character", "81:\xce\xba", "text(\\xce\\xba)"},
    {"6.6.3 first byte of three", "81:\xce\xba\xe1", "bad(1007)"},
    {"6.6.4 second byte of three", "81:\xce\xba\xe1\xbd", "bad(1007)"},
    {"6.6.5 two characters", "81:\xce\xba\xe1\xbd\xb9", "text(\\xce\\xba\\xe1\\xbd\\xb9)"},
    {"6.6.6 begun third", "81:\xce\xba\xe1\xbd\xb9\xcf", "bad(1007)"},
    {"6.6.7 three characters", "81:\xce\xba\xe1\xbd\xb9\xcf\x83", "text(\\xce\\xba\\xe1\\xbd\\xb9\\xcf\\x83)"},
    {"6.6.8 begun fourth", "81:\xce\xba\xe1\xbd\xb9\xcf\x83\xce", "bad(1007)"},
    {"6.6.9 four characters", "81:\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc", "text(\\xce\\xba\\xe1\\xbd\\xb9\\xcf\\x83\\xce\\xbc)"},
    {"6.6.10 begun fifth", "81:\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce", "bad(1007)"},
    {"6.6.11 five characters", "81:" KOSME, "text(" KOSMEX ")"},
    {"6.7.1 first of one byte", "!8181" "00000000" "00", "text(\\x00)"},
    {"6.7.2 first of two bytes", "81:\xc2\x80", "text(\\xc2\\x80)"},
    {"6.7.3 first of three bytes", "81:\xe0\xa0\x80", "text(\\xe0\\xa0\\x80)"},
    {"6.7.4 first of four bytes", "81:\xf0\x90\x80\x80", "text(\\xf0\\x90\\x80\\x80)"},
    {"6.8.1 first of five bytes", "81:\xf8\x88\x80\x80\x80", "bad(1007)"},
    {"6.8.2 first of six bytes", "81:\xfc\x84\x80\x80\x80\x80", "bad(1007)"},
    {"6.9.1 last of one byte", "81:\x7f", "text(\\x7f)"},
    {"6.9.2 last of two bytes", "81:\xdf\xbf", "text(\\xdf\\xbf)"},
    {"6.9.3 last of three bytes", "81:\xef\xbf\xbf", "text(\\xef\\xbf\\xbf)"},
    {"6.9.4 last of four bytes", "81:\xf4\x8f\xbf\xbf", "text(\\xf4\\x8f\\xbf\\xbf)"},
    {"6.10.1 last of old four bytes", "81:\xf7\xbf\xbf\xbf", "bad(1007)"},
    {"6.10.2 last of five bytes", "81:\xfb\xbf\xbf\xbf\xbf", "bad(1007)"},
    {"6.10.3 last of six bytes", "81:\xfd\xbf\xbf\xbf\xbf\xbf", "bad(1007)"},
    {"6.11.1 before the surrogates", "81:\xed\x9f\xbf", "text(\\xed\\x9f\\xbf)"},
    {"6.11.2 behind the surrogates", "81:\xee\x80\x80", "text(\\xee\\x80\\x80)"},
    {"6.11.3 the replacement character", "81:\xef\xbf\xbd", "text(\\xef\\xbf\\xbd)"},
    {"6.11.4 U+10FFFF", "81:\xf4\x8f\xbf\xbf", "text(\\xf4\\x8f\\xbf\\xbf)"},
    {"6.11.5 U+110000", "81:\xf4\x90\x80\x80", "bad(1007)"},
    {"6.12.1 lonely 80", "81:\x80", "bad(1007)"},
    {"6.12.2 lonely bf", "81:\xbf", "bad(1007)"},
    {"6.12.3 two that continue nothing", "81:\x80\xbf", "bad(1007)"},
    {"6.12.4 three that continue nothing", "81:\x80\xbf\x80", "bad(1007)"},
    {"6.12.5 four that continue nothing", "81:\x80\xbf\x80\xbf", "bad(1007)"},
    {"6.12.6 five that continue nothing", "81:\x80\xbf\x80\xbf\x80", "bad(1007)"},
    {"6.12.7 six that continue nothing", "81:\x80\xbf\x80\xbf\x80\xbf", "bad(1007)"},
    {"6.12.8 from 80 up", "81:\x80\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f", "bad(1007)"},
    {"6.13.1 lonely leads of two", "81:\xc0 \xc1 \xc2 \xc3 \xde \xdf ", "bad(1007)"},
    {"6.13.2 lonely leads of three", "81:\xe0 \xe1 \xe2 \xed \xef ", "bad(1007)"},
    {"6.13.3 lonely leads of four", "81:\xf0 \xf1 \xf4 \xf7 ", "bad(1007)"},
    {"6.13.4 lonely leads of five", "81:\xf8 \xf9 \xfa \xfb ", "bad(1007)"},
    {"6.13.5 lonely leads of six", "81:\xfc \xfd ", "bad(1007)"},
    {"6.14.1 two, last missing", "81:\xc0", "bad(1007)"},
    {"6.14.2 three, last missing", "81:\xe0\x80", "bad(1007)"},
    {"6.14.3 four, last missing", "81:\xf0\x80\x80", "bad(1007)"},
    {"6.14.4 five, last missing", "81:\xf8\x80\x80\x80", "bad(1007)"},
    {"6.14.5 six, last missing", "81:\xfc\x80\x80\x80\x80", "bad(1007)"},
    {"6.14.6 high two, last missing", "81:\xdf", "bad(1007)"},
    {"6.14.7 high three, last missing", "81:\xef\xbf", "bad(1007)"},
    {"6.14.8 high four, last missing", "81:\xf7\xbf\xbf", "bad(1007)"},
    {"6.14.9 high five, last missing", "81:\xfb\xbf\xbf\xbf", "bad(1007)"},
    {"6.14.10 high six, last missing", "81:\xfd\xbf\xbf\xbf\xbf", "bad(1007)"},
    {"6.15.1 all of these in a row", "81:\xc0\xe0\x80\xf0\x80\x80\xf8\x80\x80\x80\xfc\x80\x80\x80\x80", "bad(1007)"},
    {"6.16.1 fe", "81:\xfe", "bad(1007)"},
    {"6.16.2 ff", "81:\xff", "bad(1007)"},
    {"6.16.3 fe fe ff ff", "81:\xfe\xfe\xff\xff", "bad(1007)"},
    {"6.17.1 overlong slash of two", "81:\xc0\xaf", "bad(1007)"},
    {"6.17.2 overlong slash of three", "81:\xe0\x80\xaf", "bad(1007)"},
    {"6.17.3 overlong slash of four", "81:\xf0\x80\x80\xaf", "bad(1007)"},
    {"6.17.4 overlong slash of five", "81:\xf8\x80\x80\x80\xaf", "bad(1007)"},
    {"6.17.5 overlong slash of six", "81:\xfc\x80\x80\x80\x80\xaf", "bad(1007)"},
    {"6.18.1 highest overlong of two", "81:\xc1\xbf", "bad(1007)"},
    {"6.18.2 highest overlong of three", "81:\xe0\x9f\xbf", "bad(1007)"},
    {"6.18.3 highest overlong of four", "81:\xf0\x8f\xbf\xbf", "bad(1007)"},
    {"6.18.4 highest overlong of five", "81:\xf8\x87\xbf\xbf\xbf", "bad(1007)"},
    {"6.18.5 highest overlong of six", "81:\xfc\x83\xbf\xbf\xbf\xbf", "bad(1007)"},
    {"6.19.1 overlong NUL of two", "81:\xc0\x80", "bad(1007)"},
    {"6.19.2 overlong NUL of three", "81:\xe0\x80\x80", "bad(1007)"},
    {"6.19.3 overlong NUL of four", "81:\xf0\x80\x80\x80", "bad(1007)"},
    {"6.19.4 overlong NUL of five", "81:\xf8\x80\x80\x80\x80", "bad(1007)"},
    {"6.19.5 overlong NUL of six", "81:\xfc\x80\x80\x80\x80\x80", "bad(1007)"},
    {"6.20.1 surrogate D800", "81:\xed\xa0\x80", "bad(1007)"},
    {"6.20.2 surrogate DB7F", "81:\xed\xad\xbf", "bad(1007)"},
    {"6.20.3 surrogate DB80", "81:\xed\xae\x80", "bad(1007)"},
    {"6.20.4 surrogate DBFF", "81:\xed\xaf\xbf", "bad(1007)"},
    {"6.20.5 surrogate DC00", "81:\xed\xb0\x80", "bad(1007)"},
    {"6.20.6 surrogate DF80", "81:\xed\xbe\x80", "bad(1007)"},
    {"6.20.7 surrogate DFFF", "81:\xed\xbf\xbf", "bad(1007)"},
    {"6.21.1 pair D800 DC00", "81:\xed\xa0\x80\xed\xb0\x80", "bad(1007)"},
    {"6.21.2 pair D800 DFFF", "81:\xed\xa0\x80\xed\xbf\xbf", "bad(1007)"},
    {"6.21.3 pair DB7F DC00", "81:\xed\xad\xbf\xed\xb0\x80", "bad(1007)"},
    {"6.21.4 pair DB7F DFFF", "81:\xed\xad\xbf\xed\xbf\xbf", "bad(1007)"},
    {"6.21.5 pair DB80 DC00", "81:\xed\xae\x80\xed\xb0\x80", "bad(1007)"},
    {"6.21.6 pair DB80 DFFF", "81:\xed\xae\x80\xed\xbf\xbf", "bad(1007)"},
    {"6.21.7 pair DBFF DC00", "81:\xed\xaf\xbf\xed\xb0\x80", "bad(1007)"},
    {"6.21.8 pair DBFF DFFF", "81:\xed\xaf\xbf\xed\xbf\xbf", "bad(1007)"},
    {"6.22.1 U+FFFE", "81:\xef\xbf\xbe", "text(\\xef\\xbf\\xbe)"},
    {"6.22.2 U+FFFF", "81:\xef\xbf\xbf", "text(\\xef\\xbf\\xbf)"},
    {"6.22.3 U+1FFFE", "81:\xf0\x9f\xbf\xbe", "text(\\xf0\\x9f\\xbf\\xbe)"},
    {"6.22.4 U+1FFFF", "81:\xf0\x9f\xbf\xbf", "text(\\xf0\\x9f\\xbf\\xbf)"},
    {"6.22.5 to 6.22.18 U+2FFFE to U+8FFFF", "81:\xf0\xaf\xbf\xbe\xf0\xaf\xbf\xbf\xf2\x8f\xbf\xbf",
     "text(\\xf0\\xaf\\xbf\\xbe\\xf0\\xaf\\xbf\\xbf\\xf2\\x8f\\xbf\\xbf)"},
    {"6.22.19 to 6.22.32 U+9FFFE to U+FFFFF", "81:\xf2\x9f\xbf\xbe\xf3\xbf\xbf\xbe\xf3\xbf\xbf\xbf",
     "text(\\xf2\\x9f\\xbf\\xbe\\xf3\\xbf\\xbf\\xbe\\xf3\\xbf\\xbf\\xbf)"},
    {"6.22.33 U+10FFFE", "81:\xf4\x8f\xbf\xbe", "text(\\xf4\\x8f\\xbf\\xbe)"},
    {"6.22.34 U+10FFFF", "81:\xf4\x8f\xbf\xbf", "text(\\xf4\\x8f\\xbf\\xbf)"},
    {"6.23.1 to 6.23.7 U+FFF9 to U+FFFF", "81:\xef\xbf\xb9|81:\xef\xbf\xba|81:\xef\xbf\xbb|81:\xef\xbf\xbc|81:\xef\xbf\xbd|81:\xef\xbf\xbe|81:\xef\xbf\xbf",
     "text(\\xef\\xbf\\xb9) text(\\xef\\xbf\\xba) text(\\xef\\xbf\\xbb) text(\\xef\\xbf\\xbc) text(\\xef\\xbf\\xbd) text(\\xef\\xbf\\xbe) text(\\xef\\xbf\\xbf)"},

    {"7.1.1 text, close", "81:Hello World!|88=1000", "text(Hello World!) close(1000)"},
    {"7.1.2 two closes", "88=1000|88=1000", "close(1000)"},
    {"7.1.3 ping behind the close", "88=1000|89:", "close(1000)"},
    {"7.1.4 text behind the close", "88=1000|81:Hello World!", "close(1000)"},
    {"7.1.5 fragment behind the close", "01:fragment1|88=1000|80:fragment2", "close(1000)"},
    {"7.1.6 long text, close, ping", "81*262144|88=1000|89:", "text(262144x*) close(1000)"},
    {"7.3.1 close without body", "88:", "close(1005)"},
    {"7.3.2 close with one byte", "88:a", "bad(1002)"},
    {"7.3.3 close with a code", "88=1000", "close(1000)"},
    {"7.3.4 close with a reason", "88=1000,Hello World!", "close(1000 Hello World!)"},
    {"7.3.5 close with the longest reason",
     "88=1000,***************************************************************************************************************************", "close(1000 123x*)"},
    {"7.3.6 close with a longer one",
     "88=1000,****************************************************************************************************************************", "bad(1002)"},
    {"7.5.1 reason that is no UTF-8", "88=1000," KOSME "\xed\xa0\x80" "edited", "bad(1007)"},
    {"7.7.1 code 1000", "88=1000", "close(1000)"},
    {"7.7.2 code 1001", "88=1001", "close(1001)"},
    {"7.7.3 code 1002", "88=1002", "close(1002)"},
    {"7.7.4 code 1003", "88=1003", "close(1003)"},
    {"7.7.5 code 1007", "88=1007", "close(1007)"},
    {"7.7.6 code 1008", "88=1008", "close(1008)"},
    {"7.7.7 code 1009", "88=1009", "close(1009)"},
    {"7.7.8 code 1010", "88=1010", "close(1010)"},
    {"7.7.9 code 1011", "88=1011", "close(1011)"},
    {"7.7.10 code 3000", "88=3000", "close(3000)"},
    {"7.7.11 code 3999", "88=3999", "close(3999)"},
    {"7.7.12 code 4000", "88=4000", "close(4000)"},
    {"7.7.13 code 4999", "88=4999", "close(4999)"},
    {"7.9.1 code 0", "88=0", "bad(1002)"},
    {"7.9.2 code 999", "88=999", "bad(1002)"},
    {"7.9.3 code 1004", "88=1004", "bad(1002)"},
    {"7.9.4 code 1005", "88=1005", "bad(1002)"},
    {"7.9.5 code 1006", "88=1006", "bad(1002)"},
    {"7.9.6 code 1016", "88=1016", "bad(1002)"},
    {"7.9.7 code 1100", "88=1100", "bad(1002)"},
    {"7.9.8 code 2000", "88=2000", "bad(1002)"},
    {"7.9.9 code 2999", "88=2999", "bad(1002)"},
    {"7.13.1 code 5000", "88=5000", "bad(1002)"},
    {"7.13.2 code 65535", "88=65535", "bad(1002)"},

    {"9.1.1, 9.5.1 to 9.5.6 text of 64 KiB", "81*65536", "text(65536x*)"},
    {"9.1.2 text of 256 KiB", "81*262144", "text(262144x*)"},
    {"9.1.3 text of 1 MiB", "81*1048576", "text(1048576x*)"},
    {"9.1.4 to 9.1.6 text over the limit", "81*1048577|89:", "bad(1009)"},
    {"9.2.1, 9.6.1 to 9.6.6 binary of 64 KiB", "82*65536", "binary(65536x*)"},
    {"9.2.2 binary of 256 KiB", "82*262144", "binary(262144x*)"},
    {"9.2.3 binary of 1 MiB", "82*1048576", "binary(1048576x*)"},
    {"9.2.4 to 9.2.6 binary over the limit", "82*1048577|89:", "bad(1009)"},
    {"9.3 text in fragments up to the limit", "01*262144|00*262144|00*262144|00*262143|80:*", "text(1048576x*)"},
    {"9.3 text in fragments over the limit", "01*262144|00*262144|00*262144|00*262144|80:*", "bad(1009)"},
    {"9.4 binary in fragments up to the limit", "02*262144|00*262144|00*262144|00*262143|80:*", "binary(1048576x*)"},
    {"9.4 binary in fragments over the limit", "02*262144|00*262144|00*262144|00*262144|80:*", "bad(1009)"},
    {"9.7, 9.8 message behind message", "81*126|82*126|81*126|82*126", "text(126x*) binary(126x*) text(126x*) binary(126x*)"},

    {"10.1.1 text in fragments of 1300 bytes",
     "01*1300|00*1300|00*1300|00*1300|00*1300|00*1300|00*1300|00*1300|80*536", "text(10936x*)"},
};
// clang-format on

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
    wall = wall_new(2 * MIB);
    return 0;
}

static void conforms(void **state)
{
    const struct row *row = *state;
    struct buffer input = {0};

    frames_add_text(&input, row->frames);
    check_splits(&reading, MIB, wall, &input, row->events);
    buffer_clear(&input);
}

int main(void)
{
    static struct CMUnitTest tests[COUNT(rows)];

    for (size_t i = 0; i < COUNT(rows); i++)
        tests[i] = (struct CMUnitTest){
            .name = rows[i].name, .test_func = conforms, .initial_state = (void *)&rows[i]};
    return cmocka_run_group_tests(tests, open_wall, NULL);
}
