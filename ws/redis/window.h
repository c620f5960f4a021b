/* window.h - how much of answers is awaited from Redis at a time.
 *
 * Redis holds what is not read yet, and its answers come in the order of the calls: beyond so many
 * bytes calls whose answers may have messages wait until others are answered.  Large ones have a
 * small window of their own, so that nobody else waits for many of them.  Which ones these are is
 * told by the last answers about the same queue.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_REDIS_WINDOW_H
#define WS_REDIS_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;

enum answer { ANSWER_SMALL, ANSWER_LARGE, ANSWERS };

/* Of the answer to one call. */
struct expected {
    size_t most; /* bytes; 0: no messages, which never wait */
    enum answer answer;
    unsigned place; /* of its queue, in `seen` */
};

enum { WINDOW_PLACES = 1024 };

struct window {
    uint32_t seed; /* of the places */
    size_t awaited[ANSWERS];
    uint32_t seen[WINDOW_PLACES]; /* bytes of answers + 1; several queues may share a place */
};

/* Begins without any calls, and without figures of earlier answers. */
void window_begin(struct window *window);

/* max_message: bytes that a message may have. */
struct expected window_expect(const struct window *window, const struct call *call,
                              size_t max_message);

/* May the call be sent now?  One that is alone always may. */
bool window_admits(const struct window *window, const struct expected *expected);

/* A call is sent; its answer has come, with so many bytes; its answer will never come. */
void window_enter(struct window *window, const struct expected *expected);
void window_leave(struct window *window, const struct expected *expected, size_t bytes);
void window_forget(struct window *window);

#endif
