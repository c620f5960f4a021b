/* rest.c - requests of handlers on a connection.
 *
 * A connection has this role as long as one of its requests is not answered; between requests it
 * has none.  A body is collected in conn->in.message, which counts as what is half said.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/role/rest.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/memory.h"
#include "base/settings.h"
#include "handlers/routes.h"
#include "ws/feed/helper.h"
#include "ws/net/budget.h"
#include "ws/net/conn.h"
#include "ws/net/ending.h"
#include "ws/net/front.h"
#include "ws/net/role.h"
#include "ws/net/talk.h"
#include "ws/role/inquiry.h"
#include "ws/role/pace.h"
#include "ws/role/roles.h"
#include "ws/role/sending.h"

struct conversation {
    struct inquiry *first, **end; /* in the order in which they came */
    int count;
    struct inquiry *reading; /* the last one, whose body is not complete; NULL: none */
    bool is_closing;         /* nothing more is read: the answer to the last one ends it */
    bool is_over;            /* that answer is out, or one that must be the last */
    bool owes_continue;      /* "100 Continue", to the one that is read */
    struct pace pace;
};

static struct conversation *rest_of(const struct conn *conn)
{
    return conn->role == &role_rest ? conn->role_data : NULL;
}

static struct inquiries *inquiries_of(const struct conn *conn)
{
    return roles_of(conn)->inquiries;
}

static struct inquiry *inquiry_of(struct running *running)
{
    return (struct inquiry *)((char *)running - offsetof(struct inquiry, running));
}

/* --- in which order --------------------------------------------------------------------------- */

/* Its answers are not taken: so none is added, and nothing is run for another one. */
static bool is_unread(const struct conn *conn)
{
    return outbox_cost(&conn->outbox) > (size_t)conn->conns->settings->max_outbox;
}

/* Is one under way that is complete?  Its end will be told. */
static bool is_busy(const struct conversation *rest)
{
    return rest->first && rest->first != rest->reading;
}

/* So many, or so large ones, are under way that no more is read. */
static bool is_full(const struct conn *conn)
{
    const struct conversation *rest = rest_of(conn);

    return rest->count >= LIMIT_PIPELINE || is_unread(conn) ||
           (is_busy(rest) && budget_is_full(conn->conns->budget));
}

static void run_those_that_may(struct conversation *rest)
{
    bool are_pushes = true, is_first = true;

    for (struct inquiry *inquiry = rest->first; inquiry && inquiry != rest->reading;
         inquiry = inquiry->next) {
        struct running *running = &inquiry->running;

        if (running->is_done)
            continue;
        are_pushes = are_pushes && running_is_push(running);
        if (running->is_due && (is_first || are_pushes))
            running_go(running);
        if (!running->is_done)
            is_first = false;
        if (!are_pushes)
            return;
    }
}

static void begin_again(struct conn *conn)
{
    conn_begin_again(conn);
    if (conn->asked)
        conn->conns->front->look(conn);
    else
        conn_resume(conn);
}

static void go_on_reading(struct conn *conn)
{
    struct conversation *rest = rest_of(conn);

    if (!is_busy(rest))
        conn_let_out(conn);
    if (rest->owes_continue && rest->first == rest->reading) {
        rest->owes_continue = false;
        conn_send_raw(conn, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    }
    if (!conn->asked && !is_full(conn))
        conn_resume(conn);
}

static void run_and_answer(struct conn *conn)
{
    struct conversation *rest = rest_of(conn);

    run_those_that_may(rest);
    while (!rest->is_over && is_busy(rest) && rest->first->running.is_done && !is_unread(conn) &&
           sending_ends(conn, rest->first)) {
        struct inquiry *answered = rest->first;

        rest->first = answered->next;
        rest->count--;
        rest->is_over = answered->is_last;
        inquiry_free(inquiries_of(conn), answered, conn);
        if (!rest->first)
            rest->end = &rest->first;
        if (!is_unread(conn))
            run_those_that_may(rest);
    }
}

/* Runs what may be, and sends the answers that are there.  The role may be left then. */
static void advance(struct conn *conn)
{
    struct conversation *rest = rest_of(conn);

    if (!is_unread(conn))
        run_and_answer(conn);
    if (rest->is_over || (!rest->first && rest->is_closing))
        conn_begin_ending(conn);
    else if (rest->first)
        go_on_reading(conn);
    else if (!is_full(conn))
        begin_again(conn);
    else
        conn_let_out(conn);
}

static void on_stepped(struct running *running)
{
    struct inquiry *inquiry = inquiry_of(running);
    struct conn *conn = running->conn;

    if (running->has_gone) {
        inquiry_free(inquiries_of(conn), inquiry, conn);
        return;
    }
    if (running->is_done)
        inquiry_done(inquiry, conn);
    advance(conn);
}

/* --- requests --------------------------------------------------------------------------------- */

static bool is_brief(const struct inquiry *inquiry)
{
    return strcmp(inquiry->exchange.request.uri.resource, "health") == 0;
}

/* Its answer waits, as a refusal; whoever was not let in is not now. */
static bool is_refused(const struct inquiry *inquiry)
{
    return inquiry->running.is_done && inquiry->exchange.response.http_status >= 400;
}

/* The request is complete. */
static void rest_begin(struct conn *conn, struct inquiry *inquiry, enum status status)
{
    struct exchange *exchange = &inquiry->exchange;
    struct conversation *rest = rest_of(conn);

    rest->is_closing = rest->is_closing || inquiry->is_last;
    inquiry->running.stepped = on_stepped;
    if (status == STATUS_OK && !is_brief(inquiry) &&
        !budget_admits(conn->conns->budget, &exchange->reason))
        status = STATUS_UNAVAILABLE;
    running_begin(&inquiry->running, status);
    if (!is_refused(inquiry))
        conn_let_in(conn);
    if (inquiry->running.is_done)
        inquiry_done(inquiry, conn);
    inquiry_count(inquiry, conn);
    if (is_full(conn))
        conn_pause(conn);
    advance(conn);
}

static void end_body(struct conn *conn, enum status status)
{
    struct conversation *rest = rest_of(conn);
    struct inquiry *inquiry = rest->reading;
    struct exchange *exchange = &inquiry->exchange;
    struct buffer *body = &exchange->request.body;

    buffer_clear(body);
    *body = conn->in.message;
    buffer_init(&conn->in.message);
    conn_count_kept(conn);
    rest->reading = NULL;
    rest->owes_continue = false;
    if (status == STATUS_OK)
        status = exchange->wrong;
    if (status == STATUS_OK)
        status = request_finish(&exchange->request, &exchange->reason);
    rest_begin(conn, inquiry, status);
}

/* What comes behind it is not read, so this is the last one. */
static void give_up_body(struct conn *conn, enum status status)
{
    struct conversation *rest = rest_of(conn);

    rest->reading->is_last = true;
    buffer_clear(&conn->in.message);
    end_body(conn, status);
}

static void refuse_large(struct conn *conn)
{
    struct exchange *exchange = &rest_of(conn)->reading->exchange;
    long long max_body = conn->conns->settings->max_body;

    give_up_body(conn, exchange->wrong != STATUS_OK
                           ? exchange->wrong
                           : request_too_large(max_body, &exchange->reason));
}

/* --- bodies ----------------------------------------------------------------------------------- */

static size_t hear_chunks(struct conn *conn, const char *data, size_t len)
{
    struct inquiry *inquiry = rest_of(conn)->reading;
    struct buffer *body = &conn->in.message;
    size_t used, piece_len, max_body = (size_t)conn->conns->settings->max_body;
    struct reason reason;
    const char *piece;

    switch (chunks_read(&inquiry->chunks, data, len, &used, &piece, &piece_len, &reason)) {
    case CHUNKS_MORE:
        break;
    case CHUNKS_PIECE:
        if (piece_len > max_body - body->len)
            refuse_large(conn);
        else
            buffer_add(body, piece, piece_len);
        break;
    case CHUNKS_DONE:
        end_body(conn, STATUS_OK);
        break;
    case CHUNKS_BAD:
        inquiry->exchange.reason = reason;
        give_up_body(conn, STATUS_BAD_REQUEST);
        break;
    }
    return used;
}

static size_t hear_body(struct conn *conn, const char *data, size_t len)
{
    const struct inquiry *inquiry = rest_of(conn)->reading;
    struct buffer *body = &conn->in.message;
    size_t missing = (size_t)inquiry->body.length - body->len;

    if (inquiry->body.is_chunked)
        return hear_chunks(conn, data, len);
    if (len > missing)
        len = missing;
    buffer_add(body, data, len);
    if (len == missing)
        end_body(conn, STATUS_OK);
    return len;
}

static size_t rest_hear(struct conn *conn, const char *data, size_t len)
{
    const struct conversation *rest = rest_of(conn);
    size_t used;

    if (!rest->reading)
        return rest->is_closing ? len : conn_hear_head(conn, data, len);
    used = hear_body(conn, data, len);
    rest = rest_of(conn); /* none any more, if all is answered */
    if (rest && rest->reading && is_full(conn))
        conn_pause(conn);
    return used;
}

/* --- taking a request over -------------------------------------------------------------------- */

static void converse(struct conn *conn)
{
    struct conversation *rest = xmalloc(sizeof(*rest));

    *rest = (struct conversation){.end = &rest->first};
    conn_converse(conn, &role_rest, rest);
    conn_wait(conn, PACE_MS);
}

static void append(struct conn *conn, struct inquiry *inquiry)
{
    struct conversation *rest;

    if (!rest_of(conn))
        converse(conn);
    rest = rest_of(conn);
    *rest->end = inquiry;
    rest->end = &inquiry->next;
    rest->count++;
    rest->pace.requests++;
    if (roles_of(conn)->helper->is_stopping)
        inquiry->is_last = true;
}

static void await_body(struct conn *conn, struct inquiry *inquiry)
{
    struct conversation *rest = rest_of(conn);
    const struct head_body *body = &inquiry->body;

    rest->reading = inquiry;
    pace_begin_body(&rest->pace);
    rest->owes_continue = body->is_expected;
    if (!body->is_chunked && body->length > conn->conns->settings->max_body)
        refuse_large(conn);
    else
        go_on_reading(conn);
}

void rest_take(struct conn *conn, struct inquiry *inquiry, enum status status,
               const struct reason *reason)
{
    struct exchange *exchange = &inquiry->exchange;

    append(conn, inquiry);
    exchange->request.head.cookie = NULL; /* pages of others may send it, too */
    exchange->reason = *reason;
    exchange->wrong = status;
    if (inquiry->framing != STATUS_OK && status == STATUS_OK) {
        exchange->reason = inquiry->unframed;
        status = inquiry->framing;
    }
    if (inquiry->framing == STATUS_OK && (inquiry->body.is_chunked || inquiry->body.length > 0))
        await_body(conn, inquiry);
    else
        rest_begin(conn, inquiry, status);
}

void rest_refuse(struct conn *conn, const struct reason *reason)
{
    struct inquiry *inquiry = inquiry_new(inquiries_of(conn), conn, NULL);

    inquiry->is_last = true;
    append(conn, inquiry);
    inquiry->exchange.reason = *reason;
    rest_begin(conn, inquiry, STATUS_BAD_REQUEST);
}

/* --- the role --------------------------------------------------------------------------------- */

void rest_look(struct conn *conn)
{
    struct inquiry *inquiry = rest_of(conn)->first;

    while (inquiry && !inquiry->running.is_asleep)
        inquiry = inquiry->next;
    if (inquiry)
        running_wake(&inquiry->running);
}

static void rest_progress(struct conn *conn)
{
    advance(conn);
}

static void rest_time_out(struct conn *conn)
{
    struct conversation *rest = rest_of(conn);
    enum pace_body body = !rest->reading        ? PACE_NO_BODY
                          : rest->owes_continue ? PACE_BODY_TO_COME
                                                : PACE_BODY;

    if (pace_is_stuck(&rest->pace, conn, body))
        conn_abort(conn);
    else
        conn_wait(conn, PACE_MS);
}

/* Requests that are under way are answered whatever rules there are by now. */
static void rest_stop(struct conn *conn)
{
    struct conversation *rest = rest_of(conn);

    if (roles_of(conn)->helper->is_stopping)
        rest->is_closing = !rest->reading;
    if (rest->reading)
        rest->reading->is_last |= roles_of(conn)->helper->is_stopping;
}

static void rest_end(struct conn *conn)
{
    struct conversation *rest = conn->role_data;
    struct inquiry *inquiry, *next;

    for (inquiry = rest->first; inquiry; inquiry = next) {
        next = inquiry->next;
        if (!running_leave(&inquiry->running))
            inquiry_free(inquiries_of(conn), inquiry, conn);
    }
    free(rest);
}

const struct role role_rest = {
    .is_answer = true,
    .hear = rest_hear,
    .progress = rest_progress,
    .timeout = rest_time_out,
    .stop = rest_stop,
    .close = rest_end,
};
