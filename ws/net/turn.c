/* turn.c - the length of turns.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/net/turn.h"

#include <string.h>

#include "base/clock.h"

enum {
    STEPS = 16,     /* for one look at the clock: they take microseconds each */
    STEP = 1 << 14, /* bytes that take as long as one */
    MINUTE_US = 60000000,
};

static void keep_longest(long long *longest, long long us)
{
    if (us > *longest)
        *longest = us;
}

enum cause turn_to(struct turn *turn, enum cause cause)
{
    long long now = clock_us();
    enum cause before = turn->cause;

    turn->spent_us[before] += now - turn->since_us;
    turn->since_us = now;
    turn->cause = cause;
    return before;
}

void turn_begin(struct turn *turn)
{
    memset(turn->spent_us, 0, sizeof(turn->spent_us));
    turn->yielded = 0;
    turn->began_us = turn->since_us = clock_us();
    turn->cause = CAUSE_CLIENTS;
}

/* The figures of the minute before stay until this one is over. */
static void turn_over_minute(struct turn *turn)
{
    if (turn->since_us - turn->minute_us < MINUTE_US)
        return;
    turn->before = turn->now;
    turn->now = (struct turn_longest){0};
    turn->minute_us = turn->since_us;
}

void turn_end(struct turn *turn)
{
    long long us;

    if (!turn->began_us)
        return; /* the loop has not waited yet */
    turn_to(turn, CAUSE_CLIENTS);
    us = turn->since_us - turn->began_us;
    turn->turns++;
    turn->long_turns += us > TURN_LONG_US;
    turn->total_us += us;
    turn_over_minute(turn);
    keep_longest(&turn->now.turn, us);
    for (int i = 0; i < CAUSES; i++)
        keep_longest(&turn->now.of[i], turn->spent_us[i]);
}

bool turn_has_time(const struct turn *turn, enum cause cause)
{
    return turn->spent_us[cause] < TURN_SLICE_US && !(turn->yielded & 1u << cause);
}

bool turn_goes_on(struct turn *turn)
{
    if (++turn->steps >= STEPS) {
        turn->steps = 0;
        turn_to(turn, turn->cause);
    }
    return turn_has_time(turn, turn->cause);
}

void turn_yield(struct turn *turn)
{
    turn->yielded |= 1u << turn->cause;
}

void turn_weigh(struct turn *turn, size_t bytes)
{
    turn->steps += (unsigned)(bytes / STEP);
}

/* --- what is marked --------------------------------------------------------------------------- */

void turn_serve(struct turn *turn, enum cause cause, void (*act)(struct marked *marked))
{
    turn->lines[cause].act = act;
}

bool is_marked(const struct marked *marked)
{
    return marked->next != NULL;
}

void turn_mark(struct turn *turn, enum cause cause, struct marked *marked)
{
    struct marked_line *line = &turn->lines[cause];

    if (is_marked(marked))
        return;
    marked->next = marked;
    if (line->first)
        line->last->next = marked;
    else
        line->first = marked;
    line->last = marked;
}

static struct marked *shift(struct marked_line *line)
{
    struct marked *marked = line->first;

    line->first = marked->next == marked ? NULL : marked->next;
    marked->next = NULL;
    return marked;
}

bool turn_has_marked(const struct turn *turn)
{
    for (int cause = 0; cause < CAUSES; cause++)
        if (turn->lines[cause].first)
            return true;
    return false;
}

/* Is something marked, and time for it in this turn? */
static bool may_act(const struct turn *turn)
{
    for (int cause = 0; cause < CAUSES; cause++)
        if (turn->lines[cause].first && turn_has_time(turn, (enum cause)cause))
            return true;
    return false;
}

static void act_for(struct turn *turn, enum cause cause)
{
    struct marked_line *line = &turn->lines[cause];

    turn_to(turn, cause);
    while (line->first && turn_goes_on(turn))
        line->act(shift(line));
}

void turn_act(struct turn *turn)
{
    while (may_act(turn))
        for (int cause = 0; cause < CAUSES; cause++)
            if (turn->lines[cause].act)
                act_for(turn, (enum cause)cause);
}

void turn_act_all(struct turn *turn)
{
    while (turn_has_marked(turn)) {
        turn_begin(turn);
        turn_act(turn);
    }
}

/* --- how long it was -------------------------------------------------------------------------- */

void turn_step(struct turn *turn, long long step_us)
{
    long long now = clock_us(), late = turn->step_us ? now - turn->step_us - step_us : 0;

    turn->step_us = now;
    turn->lag_us = late > 0 ? late : 0;
    keep_longest(&turn->now.lag, turn->lag_us);
}

struct turn_longest turn_longest(const struct turn *turn)
{
    struct turn_longest longest = turn->now;

    keep_longest(&longest.turn, turn->before.turn);
    keep_longest(&longest.lag, turn->before.lag);
    for (int i = 0; i < CAUSES; i++)
        keep_longest(&longest.of[i], turn->before.of[i]);
    return longest;
}

const char *cause_name(enum cause cause)
{
    static const char *const names[CAUSES] = {"clients", "bulk",    "heads",  "redis",   "timeouts",
                                              "fanout",  "sending", "queues", "presence"};

    return names[cause];
}
