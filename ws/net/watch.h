/* watch.h - looks, now and then, at what the kernel still has of what was sent: nothing tells when
 * it has arrived.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_NET_WATCH_H
#define WS_NET_WATCH_H

#include <ev.h>

#include "ws/net/turn.h"

struct watch {
    struct ev_loop *loop;
    struct turn *turn;
    struct ev_timer timer;
    struct marked *first;     /* to be looked at */
    struct marked *looked_at; /* those that are looked at now */
    void (*look)(struct marked *marked);
};

void watch_init(struct watch *watch, struct ev_loop *loop, struct turn *turn,
                void (*look)(struct marked *marked));

/* Has the marked thing looked at once, soon; look() may add it again. */
void watch_add(struct watch *watch, struct marked *marked);

#endif
