/* taker.c - one who is given messages of a queue.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/taker.h"

#include <stddef.h>

#include "ws/net/conn.h"
#include "ws/net/ending.h"

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

/* A broadcast has no lease that they could ack. */
void takers_end_explicit(const struct fanout *takers)
{
    for (struct member *member = takers->first; member; member = member->next)
        if (taker_of(member)->is_explicit)
            conn_leave(member->conn, LEAVES_POLICY);
}

/* --- the line --------------------------------------------------------------------------------- */

void takers_init(struct takers *takers)
{
    *takers = (struct takers){.last = &takers->first};
}

bool takers_add(struct takers *takers, struct taker *taker)
{
    if (taker->link || taker->kind->room(taker) <= 0)
        return false;
    taker->next = NULL;
    taker->link = takers->last;
    *takers->last = taker;
    takers->last = &taker->next;
    return true;
}

void takers_remove(struct takers *takers, struct taker *taker)
{
    if (!taker->link)
        return;
    *taker->link = taker->next;
    if (taker->next)
        taker->next->link = taker->link;
    else
        takers->last = taker->link;
    taker->link = NULL;
}

int takers_room(const struct takers *takers, int enough)
{
    int room = 0;

    for (const struct taker *at = takers->first; at && room < enough; at = at->next)
        room += at->kind->room(at);
    return room < enough ? room : enough;
}
