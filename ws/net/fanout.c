/* fanout.c - the same messages for many connections.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/net/fanout.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/settings.h"
#include "ws/net/conn.h"
#include "ws/net/ending.h"
#include "ws/net/gap.h"
#include "ws/net/payload.h"

/* One payload for all, or for all but one. */
struct round {
    struct round *next;
    struct payload *payload;
    const struct conn *but; /* NULL: for all */
    size_t len;             /* of its messages */
    bool is_event;          /* no message: for those who know events */
};

void fanout_init(struct fanout *fanout, struct conns *conns, bool is_json)
{
    *fanout = (struct fanout){.conns = conns, .is_json = is_json};
    fanout->last = &fanout->first;
    for (int i = 0; i < WALKS; i++)
        fanout->walks[i] = (struct walk){fanout->last, fanout->last};
}

void fanout_mark(struct fanout *fanout)
{
    turn_mark(fanout->conns->turn, CAUSE_FANOUT, &fanout->marked);
}

static void drop_round(struct fanout *fanout)
{
    struct round *round = fanout->rounds;

    fanout->rounds = round->next;
    if (!fanout->rounds)
        fanout->last_round = NULL;
    fanout->is_sending = false;
    fanout->waiting -= round->len;
    payload_drop(round->payload);
    free(round);
}

void fanout_clear(struct fanout *fanout)
{
    while (fanout->rounds)
        drop_round(fanout);
}

/* --- members ---------------------------------------------------------------------------------- */

void fanout_join(struct fanout *fanout, struct member *member, struct conn *conn)
{
    *member = (struct member){.conn = conn, .link = fanout->last};
    *fanout->last = member;
    fanout->last = &member->next;
    fanout->count++;
}

/* What points behind the member that leaves points behind the one before it. */
static void leave_walks(struct fanout *fanout, struct member *member)
{
    for (int i = 0; i < WALKS; i++) {
        struct walk *walk = &fanout->walks[i];

        if (walk->at == &member->next)
            walk->at = member->link;
        if (walk->stop == &member->next)
            walk->stop = member->link;
    }
}

void fanout_leave(struct fanout *fanout, struct member *member)
{
    if (!member->link)
        return;
    leave_walks(fanout, member);
    for (struct round *round = fanout->rounds; round; round = round->next)
        if (round->but == member->conn)
            round->but = NULL;
    *member->link = member->next;
    if (member->next)
        member->next->link = member->link;
    else
        fanout->last = member->link;
    member->link = NULL;
    if (--fanout->count == 0 && fanout->unused)
        fanout_mark(fanout);
}

void fanout_walk(struct fanout *fanout, int walk)
{
    fanout->walks[walk] = (struct walk){&fanout->first, fanout->last};
}

struct member *fanout_next(struct fanout *fanout, int walk)
{
    struct walk *at = &fanout->walks[walk];
    struct member *member = *at->at;

    if (at->at == at->stop)
        return NULL;
    at->at = &member->next;
    return member;
}

/* --- sending ---------------------------------------------------------------------------------- */

static void send_or_end(struct conn *conn, struct payload *payload)
{
    if (!conn_send_now(conn, payload))
        conn_end(conn, CLOSE_TOO_SLOW, "too slow");
}

static void send_to(struct fanout *fanout, struct conn *conn, const struct round *round)
{
    struct payload *own;

    if (!conn->callback) {
        send_or_end(conn, round->payload);
        return;
    }
    own = payload_with_callback(round->payload, conn->callback, fanout->is_json || round->is_event,
                                conn->shape);
    send_or_end(conn, own);
    payload_drop(own);
}

/* What the next one needs comes into the cache while the kernel sends: for thousands, that is one
 * twentieth of the time. */
static void prefetch(const struct member *next)
{
    enum { CACHE_LINE = 64 };

    if (!next)
        return;
    __builtin_prefetch(next->next);
    __builtin_prefetch(next->conn);
    __builtin_prefetch((const char *)next->conn + CACHE_LINE);
}

/* False: the turn is over before all got it. */
static bool send_to_all(struct fanout *fanout, const struct round *round)
{
    struct turn *turn = fanout->conns->turn;
    struct member *member;

    while ((member = fanout_next(fanout, WALK_SENDING))) {
        prefetch(member->next);
        if (member->conn != round->but && (!round->is_event || member->conn->knows_events))
            send_to(fanout, member->conn, round);
        turn_weigh(turn, round->len);
        if (!turn_goes_on(turn))
            return fanout->walks[WALK_SENDING].at == fanout->walks[WALK_SENDING].stop;
    }
    return true;
}

static void drop_waiting(struct fanout *fanout)
{
    struct round *begun = fanout->is_sending ? fanout->rounds : NULL;

    if (begun) {
        fanout->rounds = begun->next;
        fanout->waiting -= begun->len;
    }
    while (fanout->rounds)
        drop_round(fanout);
    if (!begun)
        return;
    begun->next = NULL;
    fanout->rounds = fanout->last_round = begun;
    fanout->waiting = begun->len;
    fanout->is_sending = true;
}

bool fanout_is_flooded(const struct fanout *fanout)
{
    return fanout->waiting > (size_t)fanout->conns->settings->max_outbox;
}

/* Where a round took more than a turn, what was published meanwhile goes along with the next one:
 * for a thousand members and more the calls of send() are what a message costs. */
bool fanout_flush(struct fanout *fanout)
{
    bool is_resumed = fanout->is_sending;

    while (fanout->rounds) {
        if (!fanout->is_sending && is_resumed) {
            turn_yield(fanout->conns->turn);
            return false;
        }
        if (!fanout->is_sending)
            fanout_walk(fanout, WALK_SENDING);
        fanout->is_sending = true;
        if (!send_to_all(fanout, fanout->rounds))
            return false;
        drop_round(fanout);
    }
    if (fanout->done)
        fanout->done(fanout);
    return true;
}

void fanout_act(struct marked *marked)
{
    struct fanout *fanout = (struct fanout *)((char *)marked - offsetof(struct fanout, marked));

    if (!fanout_flush(fanout))
        fanout_mark(fanout);
    if (!is_marked(&fanout->marked) && fanout->count == 0 && fanout->held == 0 && fanout->unused)
        fanout->unused(fanout);
}

static void add_round(struct fanout *fanout, const struct conn *but)
{
    struct round *round = xmalloc(sizeof(*round));

    *round = (struct round){.payload = payload_new(fanout->conns->budget), .but = but};
    if (fanout->last_round)
        fanout->last_round->next = round;
    else
        fanout->rounds = round;
    fanout->last_round = round;
}

void fanout_gap(struct fanout *fanout)
{
    add_round(fanout, NULL);
    fanout->last_round->is_event = true;
    payload_add(fanout->last_round->payload, "", 0, EVENT_GAP, sizeof(EVENT_GAP) - 1);
    fanout_mark(fanout);
}

void fanout_cut(struct fanout *fanout)
{
    drop_waiting(fanout);
    fanout_gap(fanout);
}

/* May another message for the same ones be added to it? */
static bool is_collecting(const struct fanout *fanout, const struct conn *but)
{
    const struct round *last = fanout->last_round;

    return last && !but && !last->but && !last->is_event &&
           !(last == fanout->rounds && fanout->is_sending);
}

void fanout_add(struct fanout *fanout, const char *id, size_t id_len, const char *text, size_t len,
                const struct conn *but)
{
    if (!is_collecting(fanout, but))
        add_round(fanout, but);
    payload_add(fanout->last_round->payload, id, id_len, text, len);
    fanout->last_round->len += len;
    fanout->waiting += len;
    fanout_mark(fanout);
}
