/* waiter.c - /w/NAME: a take that waits.
 *
 * It takes under a lease of the helper's even when the client asks for none, and acks once the
 * answer was sent: a client that is gone by then has lost nothing.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "broker/batch.h"
#include "broker/keys.h"
#include "broker/take.h"
#include "http/request.h"
#include "http/response.h"
#include "protocol/messages.h"
#include "protocol/names.h"
#include "ws/feed/delivery.h"
#include "ws/feed/feeds.h"
#include "ws/feed/helper.h"
#include "ws/net/budget.h"
#include "ws/net/conn.h"
#include "ws/net/ending.h"
#include "ws/net/role.h"
#include "ws/net/send.h"
#include "ws/redis/job.h"
#include "ws/role/gate.h"
#include "ws/role/refusal.h"
#include "ws/role/roles.h"

enum { SEND_MS = 30000 }; /* for the answer to go out */

struct waiter {
    struct wish wish;
    bool is_asking;
    bool is_over;     /* no time left: the answer that is under way is the last */
    bool is_answered; /* it only waits for the client to take the answer */
    bool has_lease;   /* the client has; nothing is acked here */
    int turn;         /* first each queue is asked once, in their order; then those that wake up */
    int queues;
    struct wait waits[LIMIT_QUEUES];
    struct feed *source; /* where the messages came from */
    struct deliveries deliveries;
};

static const struct wait_kind waiter_kind;

static void waiter_ask(struct conn *conn, struct feed *feed);

static const struct helper *helper_of(const struct conn *conn)
{
    return roles_of(conn)->helper;
}

static struct waiter *waiter_of(const struct conn *conn)
{
    return conn->role == &role_waiter ? conn->role_data : NULL;
}

/* --- options ---------------------------------------------------------------------------------- */

static enum status waiter_read_queues(struct conn *conn, const struct request *request,
                                      struct reason *reason)
{
    struct waiter *waiter = conn->role_data;
    const struct field *queues = form_find(&request->form, "queues");
    struct text_list list = {request->uri.name, request->uri.name_len};
    enum status status;
    char name[LIMIT_NAME + 1];

    if (queues && request->uri.name_len)
        return refuse(reason, STATUS_BAD_REQUEST, "queues goes with /w, not with /w/NAME");
    if (queues)
        list = (struct text_list){queues->value, queues->value_len};
    status = names_check(list, reason);
    while (status == STATUS_OK && names_next(&list, name))
        waiter->waits[waiter->queues++] =
            (struct wait){.feed = feed_get(roles_of(conn)->feeds, name), .conn = conn};
    return status;
}

static enum status waiter_prepare(struct conn *conn, const struct request *request,
                                  struct reason *reason)
{
    struct waiter *waiter = xmalloc(sizeof(*waiter));
    enum status status;

    memset(waiter, 0, sizeof(*waiter));
    conn->role_data = waiter;
    status = wish_read(&waiter->wish, WISH_OF_WAIT, &request->form, reason);
    return status == STATUS_OK ? waiter_read_queues(conn, request, reason) : status;
}

/* --- answers ---------------------------------------------------------------------------------- */

static void waiter_answer(struct conn *conn, struct feed *feed, const struct batch *batch)
{
    struct waiter *waiter = conn->role_data;
    struct response response = conn_begin_response(conn);
    uint64_t start = conn->outbox.queued;
    int told;

    waiter->is_answered = true;
    feed->settling.helper->counts.given[TO_LONG_POLL] += (unsigned)batch->count;
    waiter->has_lease = batch->lease_until > 0;
    waiter->source = feed;
    told = messages_answer(batch, &waiter->wish, conn->callback, &response);
    settling_return(&feed->settling, batch->messages + told, batch->count - told);
    conn_send_response(conn, &response);
    for (int i = 0; i < told; i++) {
        struct delivery *delivery =
            deliveries_add(&waiter->deliveries, conn->conns->budget, &batch->messages[i]);

        delivery->start = start;
        delivery->end = conn->outbox.queued;
    }
    conn_wait(conn, SEND_MS);
    conn_watch_arrival(conn);
}

static void waiter_answer_empty(struct conn *conn)
{
    struct response response = conn_begin_response(conn);

    response.http_status = 204;
    conn_answer(conn, &response);
}

static void waiter_answer_unavailable(struct conn *conn, const char *why)
{
    struct reason reason = {0};

    refusal_answer(conn, refuse(&reason, STATUS_UNAVAILABLE, "%s", why), &reason);
}

/* --- asking ----------------------------------------------------------------------------------- */

/* Each queue has been asked once: now those that wake up will be. */
static void waiter_stand_in_line(struct conn *conn)
{
    struct waiter *waiter = conn->role_data;

    for (int i = 0; i < waiter->queues; i++)
        feed_wait(waiter->waits[i].feed, &waiter->waits[i], &waiter_kind);
}

static void waiter_go_on(struct conn *conn)
{
    struct waiter *waiter = conn->role_data;

    if (waiter->turn < waiter->queues) {
        waiter_ask(conn, waiter->waits[waiter->turn].feed);
    } else if (waiter->is_over || waiter->wish.wait == 0) {
        waiter_answer_empty(conn);
    } else if (!waiter->waits[0].link) {
        waiter_stand_in_line(conn);
    } else {
        for (int i = 0; i < waiter->queues; i++) /* those may have woken up meanwhile */
            if (waiter->waits[i].feed->may_have)
                feed_mark(waiter->waits[i].feed);
    }
}

/* A call that asks a queue. */
struct asking {
    struct job job;
    struct feed *feed;
    struct batch batch;
    bool is_first; /* of its queue: not on behalf of the feed */
};

static bool waiter_is_waiting(void *user)
{
    const struct job *job = user;

    return waiter_of(job->conn) && !conn_has_hung_up(job->conn);
}

/* For who has gone Redis may not have been asked at all, even if the loop has not seen it yet. */
static bool waiter_is_served_nothing(struct asking *asking, enum status status)
{
    return status == STATUS_EMPTY || (status != STATUS_OK && waiter_is_waiting(asking));
}

static void waiter_asked(void *user, enum status status, const struct reason *reason)
{
    struct asking *asking = user;
    struct conn *conn = asking->job.conn;
    struct waiter *waiter = waiter_of(conn);
    bool is_first = asking->is_first;

    if (status == STATUS_OK)
        asking->feed->is_stirred = true; /* there are leases now */
    if (!is_first)
        feed_served(asking->feed, waiter_is_served_nothing(asking, status));
    if (!waiter) {
        if (status == STATUS_OK)
            settling_return(&asking->feed->settling, asking->batch.messages, asking->batch.count);
    } else {
        waiter->is_asking = false;
        waiter->turn += is_first;
        if (status == STATUS_OK)
            waiter_answer(conn, asking->feed, &asking->batch);
        else if (status == STATUS_EMPTY || waiter->waits[0].link)
            waiter_go_on(conn);
        else
            refusal_answer(conn, status, reason);
    }
    job_free(&asking->job);
}

static void waiter_take(struct asking *asking)
{
    const struct waiter *waiter = asking->job.conn->role_data;
    struct take take = {
        .queue = asking->feed->source.name,
        .count = waiter->wish.count,
        .lease = waiter->wish.lease,
        .holder = HOLDER_HELPER,
        .pool = helper_of(asking->job.conn)->pool,
    };

    take_call(&asking->job.call, &take, &asking->batch);
    job_run_if(&asking->job, waiter_is_waiting, waiter_asked);
}

/* A long-poll may have waited since its key was looked at: the key must still be for all of its
 * queues. */
static enum status waiter_check_key(struct conn *conn, struct reason *reason)
{
    const struct waiter *waiter = conn->role_data;
    enum status status = STATUS_OK;

    for (int i = 0; i < waiter->queues && status == STATUS_OK; i++)
        status = gate_key(conn, AUTHKEY_READ, waiter->waits[i].feed->source.name, reason);
    return status;
}

/* Nothing was taken: what is there is for the next in line. */
static void waiter_pass_on(struct asking *asking)
{
    if (!asking->is_first)
        feed_served(asking->feed, false);
    job_free(&asking->job);
}

static void waiter_key_checked(void *user, enum status status, const struct reason *reason);

static void waiter_take_if_admitted(struct asking *asking)
{
    struct reason reason = {0};
    enum status status = waiter_check_key(asking->job.conn, &reason);

    if (status == STATUS_OK) {
        waiter_take(asking);
    } else if (status == STATUS_NEEDS_KEY) {
        gate_ask(asking->job.conn, waiter_key_checked, asking);
    } else {
        refusal_answer(asking->job.conn, status, &reason);
        waiter_pass_on(asking);
    }
}

static void waiter_key_checked(void *user, enum status status, const struct reason *reason)
{
    struct asking *asking = user;

    if (!waiter_of(asking->job.conn))
        waiter_pass_on(asking);
    else if (status == STATUS_OK)
        waiter_take_if_admitted(asking);
    else
        waiter_asked(asking, status, reason);
}

static void waiter_clear_asking(struct job *job)
{
    batch_clear(&((struct asking *)job)->batch);
}

static void waiter_ask(struct conn *conn, struct feed *feed)
{
    struct waiter *waiter = conn->role_data;
    struct asking *asking = job_new(helper_of(conn)->jobs, sizeof(*asking), &feed->held, conn);

    asking->job.clear = waiter_clear_asking;
    asking->feed = feed;
    asking->is_first = waiter->turn < waiter->queues;
    waiter->is_asking = true;
    waiter_take_if_admitted(asking);
}

static bool waiter_is_idle(const struct wait *wait)
{
    const struct waiter *waiter = waiter_of(wait->conn);

    return waiter && !waiter->is_asking && !waiter->is_answered && !waiter->is_over;
}

static void waiter_ask_in_turn(struct wait *wait)
{
    waiter_ask(wait->conn, wait->feed);
}

static const struct wait_kind waiter_kind = {
    .is_idle = waiter_is_idle,
    .ask = waiter_ask_in_turn,
};

/* --- the role --------------------------------------------------------------------------------- */

static void waiter_begin(struct conn *conn)
{
    struct waiter *waiter = conn->role_data;

    conn_wait(conn, (unsigned)waiter->wish.wait * 1000);
    if (helper_is_back(helper_of(conn)))
        waiter_go_on(conn);
    else
        waiter_answer_unavailable(conn, "Redis is unavailable");
}

/* Could one of its queues be asked? */
static bool waiter_is_somewhere(const struct waiter *waiter)
{
    for (int i = 0; i < waiter->queues; i++)
        if (!feed_is_away(waiter->waits[i].feed))
            return true;
    return false;
}

static void waiter_time_out(struct conn *conn)
{
    struct waiter *waiter = conn->role_data;

    if (waiter->is_answered) {
        conn_abort(conn);
    } else if (waiter->is_asking) {
        waiter->is_over = true;
        conn_wait(conn, SEND_MS); /* Redis's own timeout is shorter, or the answer is lost anyway */
    } else if (waiter_is_somewhere(waiter)) {
        waiter_answer_empty(conn);
    } else {
        waiter_answer_unavailable(conn, "Redis is unavailable");
    }
}

static void waiter_stop(struct conn *conn)
{
    struct waiter *waiter = conn->role_data;

    if (waiter->is_asking)
        waiter->is_over = true;
    else if (waiter->is_answered)
        return;
    else if (helper_of(conn)->is_stopping)
        waiter_answer_unavailable(conn, "this program is ending");
    else
        waiter_answer_empty(conn);
}

/* The answer has gone out: what was leased for the client's sake is acked, or is the client's. */
static void waiter_progress(struct conn *conn)
{
    struct waiter *waiter = conn->role_data;

    if (!waiter->is_answered || !waiter->deliveries.first)
        return;
    if (conn_arrived(conn) < waiter->deliveries.last->end) {
        conn_watch_arrival(conn);
        return;
    }
    if (!waiter->has_lease)
        deliveries_ack(&waiter->deliveries, conn->conns->budget, conn->outbox.written,
                       settling_delivery, &waiter->source->settling);
    deliveries_clear(&waiter->deliveries, conn->conns->budget);
    conn_end(conn, 0, "");
}

/* The client may have seen its lease: then it is the client's to end. */
static void waiter_give_up(struct conn *conn)
{
    struct waiter *waiter = conn->role_data;
    const struct delivery *first = waiter->deliveries.first;

    if (!first)
        return;
    if (waiter->has_lease && first->start < conn->outbox.written)
        deliveries_clear(&waiter->deliveries, conn->conns->budget);
    else
        deliveries_return(&waiter->deliveries, conn->conns->budget, conn->outbox.written,
                          settling_delivery, &waiter->source->settling);
}

static void waiter_end(struct conn *conn)
{
    struct waiter *waiter = conn->role_data;

    waiter_give_up(conn);
    for (int i = 0; i < waiter->queues; i++) {
        feed_unwait(&waiter->waits[i]);
        feed_drop(waiter->waits[i].feed);
    }
    free(waiter);
}

const struct role role_waiter = {
    .is_answer = true,
    .prepare = waiter_prepare,
    .open = waiter_begin,
    .progress = waiter_progress,
    .timeout = waiter_time_out,
    .stop = waiter_stop,
    .close = waiter_end,
};
