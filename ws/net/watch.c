/* watch.c - a timer, and those that wait for it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/net/watch.h"

static const ev_tstamp WATCH_SECONDS = 0.01; /* between looks */

static struct marked *shift(struct marked **list)
{
    struct marked *marked = *list;

    *list = marked->next == marked ? NULL : marked->next;
    marked->next = NULL;
    return marked;
}

/* Those that are to be watched on wait for the next round. */
static void on_time(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct watch *watch = timer->data;

    (void)events;
    turn_to(watch->turn, CAUSE_TIMEOUTS);
    ev_timer_stop(loop, timer);
    if (!watch->looked_at) {
        watch->looked_at = watch->first;
        watch->first = NULL;
    }
    while (watch->looked_at && turn_goes_on(watch->turn))
        watch->look(shift(&watch->looked_at));
    if (watch->looked_at || watch->first)
        ev_timer_again(loop, timer);
    turn_to(watch->turn, CAUSE_CLIENTS);
}

void watch_init(struct watch *watch, struct ev_loop *loop, struct turn *turn,
                void (*look)(struct marked *marked))
{
    *watch = (struct watch){.loop = loop, .turn = turn, .look = look};
    ev_timer_init(&watch->timer, on_time, 0, WATCH_SECONDS);
    watch->timer.data = watch;
}

void watch_add(struct watch *watch, struct marked *marked)
{
    if (is_marked(marked))
        return;
    marked->next = watch->first ? watch->first : marked;
    watch->first = marked;
    if (!ev_is_active(&watch->timer))
        ev_timer_again(watch->loop, &watch->timer);
}
