/* window.c - how much of answers is awaited from Redis at a time.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/redis/window.h"

#include <openssl/rand.h>
#include <stdlib.h>

#include "redis/call.h"

static const size_t large_answer = 65536;

/* Large answers take long: of 2 MiB of them, Redis and this program some tens of milliseconds. */
static const size_t windows[ANSWERS] = {[ANSWER_SMALL] = 16 << 20, [ANSWER_LARGE] = 2 << 20};

static const uint64_t prime = 2147483647;

void window_begin(struct window *window)
{
    uint32_t random;

    *window = (struct window){0};
    if (RAND_bytes((unsigned char *)&random, sizeof(random)) != 1)
        abort(); /* this system gives no random bytes */
    window->seed = 256 + random % (prime - 256);
}

/* Of the key that says where the call goes.  A polynomial
 * in the seed, so that nobody can choose a name with the place of somebody else's. */
static unsigned place_of(const struct window *window, const struct call *call)
{
    uint64_t hash = 0;
    const char *key;
    size_t len;

    key = call_route(call, &len);
    for (size_t i = 0; key && i < len; i++)
        hash = (hash + (unsigned char)key[i]) * window->seed % prime;
    return hash % WINDOW_PLACES;
}

static size_t most_of(const struct call *call, size_t max_message)
{
    size_t all = (size_t)call->bodies * max_message;
    size_t most = call->most_bytes > max_message ? call->most_bytes : max_message;

    if (!call->bodies)
        return call->most_bytes;
    return all < most ? all : most;
}

/* A kind of answer that was never seen counts with its largest size. */
static bool is_large(const struct window *window, const struct expected *expected)
{
    uint32_t seen = window->seen[expected->place];

    return expected->most > large_answer && (!seen || seen > large_answer);
}

struct expected window_expect(const struct window *window, const struct call *call,
                              size_t max_message)
{
    struct expected expected = {.most = most_of(call, max_message)};

    if (!expected.most)
        return expected;
    expected.place = place_of(window, call);
    if (is_large(window, &expected) || expected.most > windows[ANSWER_SMALL])
        expected.answer = ANSWER_LARGE;
    return expected;
}

bool window_admits(const struct window *window, const struct expected *expected)
{
    size_t awaited = window->awaited[expected->answer];

    return !expected->most || !awaited || awaited + expected->most <= windows[expected->answer];
}

void window_enter(struct window *window, const struct expected *expected)
{
    window->awaited[expected->answer] += expected->most;
}

/* One large answer is remembered for some small ones. */
void window_leave(struct window *window, const struct expected *expected, size_t bytes)
{
    uint32_t *seen = &window->seen[expected->place];
    uint32_t now = bytes < UINT32_MAX ? (uint32_t)bytes + 1 : UINT32_MAX;

    if (!expected->most)
        return;
    window->awaited[expected->answer] -= expected->most;
    *seen = now > *seen ? now : *seen - (*seen - now) / 4;
}

void window_forget(struct window *window)
{
    for (int i = 0; i < ANSWERS; i++)
        window->awaited[i] = 0;
}
