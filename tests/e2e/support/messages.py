# messages.py - bytes that a message may have, by what is special about them.
#
# SPDX-License-Identifier: BSD-2-Clause

MESSAGES = {
    "every byte": bytes(range(256)),
    "nul": b"\0",
    "nul at the end": b"abc\0",
    "nul in text": b"a\0b",
    "ff": b"\xff",
    "crlf": b"\r\n\r\n",
    "nothing": b"",
    "resp": b"$3\r\nfoo\r\n*1\r\n",
    "utf-8": "é€😀".encode(),
    "cut utf-8": "é€😀".encode()[:-1],
    "overlong": b"\xc0\x80",
    "surrogate": b"\xed\xa0\x80",
    "over the top": b"\xf4\x90\x80\x80",
    "latin-1": "é".encode("latin-1"),
    "control": bytes(range(32)) + b"\x7f",
    "utf-8 with nul": "é\0€".encode(),
    "bom": b"\xef\xbb\xbfa",
    "json": b'{"key":"x:1","value":"\\u0000"}',
    "a lot": bytes(range(256)) * 2000,
}
