/* shape.h - what the comparison programs of the bench share: a request body read to its end, an
 * answer with the headers and the size of the one to a take, written in one piece, and the way
 * restmq.fcgi closes.  They must have its shape, or the ratios measure the shape.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_BENCH_SHAPE_H
#define TESTS_BENCH_SHAPE_H

#include <assert.h>
#include <fcgiapp.h>
#include <stddef.h>

/* clang-format off */
#define SHAPE_BODY                                                                                 \
    "{\"key\":\"q:17\",\"value\":\""                                                               \
    "01234567890123456789012345678901234567890123456789"                                           \
    "01234567890123456789012345678901234567890123456789"                                           \
    "\",\"count\":0}\r\n"
/* clang-format on */

static const char shape_ok[] = "Status: 200 OK\r\n"
                               "Content-Type: application/json\r\n"
                               "Content-Length: 137\r\n"
                               "Cache-Control: no-store\r\n"
                               "X-Content-Type-Options: nosniff\r\n"
                               "\r\n" SHAPE_BODY;

static_assert(sizeof SHAPE_BODY - 1 == 137, "Content-Length of shape_ok");

static inline void shape_read_body(FCGX_Request *request)
{
    char piece[8192];

    while (FCGX_GetStr(piece, sizeof piece, request->in) == (int)sizeof piece)
        continue;
}

/* Closes as restmq.fcgi does (gateway_finish): without it libfcgi spends three more system calls,
 * and the programs compared with would be up to 17 % slower for a reason that is not the work. */
static inline void shape_answer(FCGX_Request *request, const char *text, size_t len)
{
    FCGX_PutStr(text, (int)len, request->out);
    if (FCGX_HasSeenEOF(request->in))
        FCGX_Detach(request);
    FCGX_Finish_r(request);
}

#endif
