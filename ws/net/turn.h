/* turn.h - how long the turns of the loop take, and of what; and where to stop, so that none takes
 * long.
 *
 * Whatever may be much, because it is done for thousands of connections, is done as long as
 * turn_goes_on() says for its cause; the rest stands in a line and comes with the next turn, in
 * which others are heard before.
 *
 * A cause may have a line of its own: what is marked during the turn stands in it, and is acted on
 * at the end of the turn, first come first served.  The turn knows nothing of what it marks but the
 * function that the cause has for it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_NET_TURN_H
#define WS_NET_TURN_H

#include <stdbool.h>
#include <stddef.h>

/* Causes on which a turn is spent; each has a part of it. */
enum cause {
    CAUSE_CLIENTS,  /* what they send, and all that has no cause of its own */
    CAUSE_BULK,     /* what those send that send much */
    CAUSE_HEADS,    /* requests, and the hashing of passwords */
    CAUSE_REDIS,    /* answers and publications */
    CAUSE_TIMEOUTS, /* pings, deadlines, looks at keys */
    CAUSE_FANOUT,   /* the same for many */
    CAUSE_SENDING,  /* what waits for each connection, and its end */
    CAUSE_QUEUES,   /* takes, acks, leases */
    CAUSE_PRESENCE, /* joining again */
    CAUSES
};

enum { TURN_SLICE_US = 8000 }; /* of one cause in one turn; what is in hand is finished */

/* The longest of a minute or so, in microseconds. */
struct turn_longest {
    long long turn, lag, of[CAUSES];
};

/* Embedded in what stands in a line for the end of the turn.  Zeroed: it stands in none. */
struct marked {
    struct marked *next; /* NULL: not marked; the last one in line points to itself */
};

/* Things that the end of the turn has to do for a cause. */
struct marked_line {
    struct marked *first, *last;
    void (*act)(struct marked *marked); /* on one of them, which is not marked any more */
};

/* Zeroed memory is an unused one. */
struct turn {
    enum cause cause;
    unsigned steps; /* since the last look at the clock */
    long long began_us, since_us;
    long long spent_us[CAUSES]; /* in this turn */
    unsigned yielded;           /* causes that are over for this turn, by their bits */
    long long step_us;          /* when the last step of the loop's clock was */
    long long minute_us;        /* when `now` began */
    struct turn_longest now, before;
    long long lag_us; /* how late the last step was */
    /* Ever: */
    unsigned long long turns, long_turns;
    long long total_us;
    struct marked_line lines[CAUSES];
};

enum { TURN_LONG_US = 50000 }; /* one that others notice */

/* The loop has waited, and has something to do; it is done, and waits again. */
void turn_begin(struct turn *turn);
void turn_end(struct turn *turn);

/* What follows is of that cause; returns what it was before. */
enum cause turn_to(struct turn *turn, enum cause cause);

/* May more be done of the cause in hand, or of another one? */
bool turn_goes_on(struct turn *turn);
bool turn_has_time(const struct turn *turn, enum cause cause);

/* Ends the part of the cause in hand for this turn, so that others are heard before the rest. */
void turn_yield(struct turn *turn);

/* So many bytes were sent, or are about to be: the next look at the clock comes earlier. */
void turn_weigh(struct turn *turn, size_t bytes);

/* What is marked for that cause is acted on so.  act() may mark again, and free what it was given.
 */
void turn_serve(struct turn *turn, enum cause cause, void (*act)(struct marked *marked));

/* Stands in the line of that cause, behind the others, unless it does already; a thing is always
 * marked for the same cause. */
void turn_mark(struct turn *turn, enum cause cause, struct marked *marked);
bool is_marked(const struct marked *marked);

/* For the end of the turn: acts on what is marked, cause by cause in their order, and again as long
 * as there is something, and time for it; and all of it, however long that takes, for the end of
 * the program. */
void turn_act(struct turn *turn);
void turn_act_all(struct turn *turn);
bool turn_has_marked(const struct turn *turn);

/* A step of the loop's clock, which comes each step_us when nothing is late. */
void turn_step(struct turn *turn, long long step_us);

/* The longest of the last minute at least. */
struct turn_longest turn_longest(const struct turn *turn);

/* The name of a cause in /metrics. */
const char *cause_name(enum cause cause);

#endif
