/* consumer.c - /ws/NAME and /c/NAME: a consumer of a queue.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/role/consumer.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "protocol/messages.h"
#include "ws/feed/attendance.h"
#include "ws/feed/feeds.h"
#include "ws/feed/helper.h"
#include "ws/feed/holder.h"
#include "ws/feed/taker.h"
#include "ws/net/budget.h"
#include "ws/net/conn.h"
#include "ws/net/ending.h"
#include "ws/net/role.h"
#include "ws/role/chat.h"
#include "ws/role/gate.h"
#include "ws/role/roles.h"

enum {
    PREFETCH = 64,          /* unacked messages, unless the consumer asks for another number */
    PREFETCH_BYTES = 262144 /* that it has not read; one message may be over it */
};

struct consumer {
    struct taker taker; /* the first member */
    struct feed *feed;  /* NULL: its options were refused */
    struct attendance attendance;
};

static struct consumer *consumer_of(const struct conn *conn)
{
    return conn->role == &role_consumer ? conn->role_data : NULL;
}

static int consumer_room(const struct taker *taker)
{
    const struct conn *conn = taker->member.conn;
    const struct deliveries *deliveries = &taker->deliveries;
    /* Explicit: count unsent bytes.  Automatic: count all bytes not known to have arrived. */
    size_t bytes = taker->is_explicit ? outbox_len(&conn->outbox) : deliveries->size;

    if (!conn_is_open(conn) || (deliveries->count > 0 && bytes >= PREFETCH_BYTES))
        return 0;
    return taker->prefetch - deliveries->count;
}

static bool consumer_has_acks(const struct conn *conn)
{
    return conn->version != WS_NONE;
}

static const struct taker_kind consumer_kind;

static enum status consumer_prepare(struct conn *conn, const struct request *request,
                                    struct reason *reason)
{
    struct consumer *consumer = xmalloc(sizeof(*consumer));
    struct taker *taker = &consumer->taker;
    const struct field *ack = form_find(&request->form, "ack");
    long long prefetch;
    enum status status;

    memset(consumer, 0, sizeof(*consumer));
    taker_init(taker, &consumer_kind, conn);
    taker->is_explicit = ack && text_is(ack->value, ack->value_len, "explicit");
    conn->role_data = consumer;
    if (ack && !text_is_listed(ack->value, ack->value_len, "auto explicit"))
        return refuse(reason, STATUS_BAD_VALUE, "ack must be auto or explicit");
    if (taker->is_explicit && !consumer_has_acks(conn))
        return refuse(reason, STATUS_BAD_VALUE, "ack=explicit is for websockets");
    status = form_number(&request->form, "prefetch", 1, LIMIT_BATCH,
                         taker->is_explicit ? 1 : PREFETCH, &prefetch, reason);
    if (status == STATUS_OK)
        status = attendance_read(&consumer->attendance, request, reason);
    if (status != STATUS_OK)
        return status;
    taker->prefetch = (int)prefetch;
    consumer->feed = feed_get(roles_of(conn)->feeds, request->uri.name);
    return STATUS_OK;
}

static enum status consumer_admit(struct conn *conn, struct reason *reason)
{
    const struct consumer *consumer = conn->role_data;

    return gate_key(conn, AUTHKEY_READ, consumer->feed->source.name, reason);
}

static void consumer_begin(struct conn *conn)
{
    struct consumer *consumer = conn->role_data;

    feed_join(consumer->feed, &consumer->taker);
    attendance_join(roles_of(conn)->attendances, &consumer->attendance, conn,
                    consumer->feed->source.name);
}

/* Under a lease of its own there is no end of it: it is prolonged while the consumer is connected.
 */
static struct payload *consumer_encode(const struct taker *taker, const struct message *message)
{
    const struct conn *conn = taker->member.conn;
    struct payload *payload, *wrapped;
    struct buffer text;

    if (!conn->callback) {
        payload_text_begin(&text, message->key_len);
        message_write(message, taker->is_explicit ? MESSAGE_TOKEN : 0, &text);
        return payload_text_end(conn->conns->budget, &text, conn->shape, message->key,
                                message->key_len);
    }
    buffer_init(&text);
    message_write(message, 0, &text);
    payload = payload_new(conn->conns->budget);
    payload_add(payload, "", 0, text.data, text.len);
    buffer_clear(&text);
    wrapped = payload_with_callback(payload, conn->callback, true, conn->shape);
    payload_drop(payload);
    return wrapped;
}

static bool consumer_give(struct taker *taker, const struct message *message)
{
    struct feed *feed = ((struct consumer *)taker)->feed;
    struct conn *conn = taker->member.conn;
    struct budget *budget = conn->conns->budget;
    struct delivery *delivery = deliveries_add(&taker->deliveries, budget, message);
    struct payload *payload = consumer_encode(taker, message);

    if (taker->is_explicit)
        holder_note(&feed->holders, budget, delivery, taker);
    delivery->start = conn->outbox.queued;
    /* What is over the outbox's limit was never sent, and comes back when the consumer is closed.
     */
    if (!conn_send(conn, payload))
        conn_end(conn, CLOSE_TOO_SLOW, "too slow");
    else
        delivery->end = conn->outbox.queued;
    payload_drop(payload);
    if (!conn_is_open(conn))
        return false;
    if (!taker->is_explicit)
        conn_watch_arrival(conn);
    return true;
}

static void consumer_release(struct taker *taker)
{
    free(taker);
}

static const struct taker_kind consumer_kind = {
    .room = consumer_room,
    .give = consumer_give,
    .free = consumer_release,
};

static void consumer_progress(struct conn *conn)
{
    struct consumer *consumer = conn->role_data;
    struct taker *taker = &consumer->taker;

    if (taker->is_explicit)
        feed_ready(consumer->feed, taker);
    if (taker->is_explicit || !taker->deliveries.first)
        return;
    deliveries_ack(&taker->deliveries, conn->conns->budget, conn_arrived(conn), settling_delivery,
                   &consumer->feed->settling);
    if (taker->deliveries.first)
        conn_watch_arrival(conn);
    feed_ready(consumer->feed, taker);
}

static bool consumer_reads(const struct conn *conn, const char *queue)
{
    const struct consumer *consumer = consumer_of(conn);

    return consumer && strcmp(consumer->feed->source.name, queue) == 0;
}

static bool consumer_holds(const struct conn *conn, const char *key, size_t len, const char *token)
{
    const struct consumer *consumer = consumer_of(conn);

    return consumer && deliveries_find(&consumer->taker.deliveries, key, len, token);
}

static void count(struct helper_counts *counts, enum settlement how)
{
    counts->acked += how == LEASE_ACKED;
    counts->returned += how == LEASE_RETURNED;
}

static void consumer_settled(struct conn *conn, const char *key, size_t len, const char *token,
                             enum settlement how)
{
    struct consumer *consumer = consumer_of(conn);

    if (!consumer)
        return;
    count(&consumer->feed->settling.helper->counts, how);
    feed_lease_ended(consumer->feed, &consumer->taker, key, len, token);
}

const struct speaker consumer_speaker = {
    .reads = consumer_reads, .holds = consumer_holds, .settled = consumer_settled};

static void consumer_end(struct conn *conn)
{
    struct consumer *consumer = conn->role_data;

    if (consumer->feed) {
        feed_leave(consumer->feed, &consumer->taker, conn->outbox.written);
        attendance_leave(roles_of(conn)->attendances, &consumer->attendance);
        feed_drop(consumer->feed);
    }
    free(consumer->attendance.name);
    taker_drop(&consumer->taker);
}

const struct role role_consumer = {
    .prepare = consumer_prepare,
    .admit = consumer_admit,
    .open = consumer_begin,
    .message = chat_message,
    .progress = consumer_progress,
    .close = consumer_end,
};
