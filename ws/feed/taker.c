/* taker.c - one who is given messages of a queue.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/taker.h"

#include <stddef.h>

void taker_init(struct taker *taker, const struct taker_kind *kind, struct conn *conn)
{
    taker->kind = kind;
    taker->member.conn = conn;
    taker->refs = 1;
}

void taker_hold(struct taker *taker)
{
    taker->refs++;
}

void taker_drop(struct taker *taker)
{
    if (--taker->refs == 0)
        taker->kind->free(taker);
}

struct taker *taker_of(struct member *member)
{
    return (struct taker *)((char *)member - offsetof(struct taker, member));
}
