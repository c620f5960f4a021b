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
#include "ws/feed/feed.h"
#include "ws/feed/holder.h"
#include "ws/net/conn.h"
#include "ws/net/role.h"
#include "ws/role/admit.h"
#include "ws/role/chat.h"
#include "ws/server.h"

enum {
    PREFETCH = 64,          /* unacked messages, unless the consumer asks for another number */
    PREFETCH_BYTES = 262144 /* that it has not read; one message may be over it */
};

struct consumer *consumer_of(const struct conn *conn)
{
    return conn->role == &role_consumer ? conn->role_data : NULL;
}

int consumer_room(const struct consumer *consumer)
{
    const struct deliveries *deliveries = &consumer->deliveries;
    /* Explicit: count unsent bytes.  Automatic: count all bytes not known to have arrived. */
    size_t bytes = consumer->is_explicit ? outbox_len(&consumer->conn->outbox) : deliveries->size;

    if (!conn_is_open(consumer->conn) || (deliveries->count > 0 && bytes >= PREFETCH_BYTES))
        return 0;
    return consumer->prefetch - deliveries->count;
}

static bool has_acks(const struct conn *conn)
{
    return conn->version != WS_NONE;
}

static enum status prepare(struct conn *conn, const struct request *request, struct reason *reason)
{
    struct consumer *consumer = xmalloc(sizeof(*consumer));
    const struct field *ack = form_find(&request->form, "ack");
    long long prefetch;
    enum status status;

    memset(consumer, 0, sizeof(*consumer));
    consumer->conn = conn;
    consumer->is_explicit = ack && text_is(ack->value, ack->value_len, "explicit");
    conn->role_data = consumer;
    if (ack && !text_is_listed(ack->value, ack->value_len, "auto explicit"))
        return refuse(reason, STATUS_BAD_VALUE, "ack must be auto or explicit");
    if (consumer->is_explicit && !has_acks(conn))
        return refuse(reason, STATUS_BAD_VALUE, "ack=explicit is for websockets");
    status = form_number(&request->form, "prefetch", 1, LIMIT_BATCH,
                         consumer->is_explicit ? 1 : PREFETCH, &prefetch, reason);
    if (status == STATUS_OK)
        status = attendance_read(&consumer->attendance, request, reason);
    if (status != STATUS_OK)
        return status;
    consumer->prefetch = (int)prefetch;
    consumer->feed = feed_get(conn->server, request->uri.name);
    return STATUS_OK;
}

static enum status admit(struct conn *conn, struct reason *reason)
{
    const struct consumer *consumer = conn->role_data;

    return admit_key(conn, AUTHKEY_READ, consumer->feed->queue, reason);
}

static void begin(struct conn *conn)
{
    struct consumer *consumer = conn->role_data;

    feed_join(consumer->feed, consumer);
    attendance_join(conn->server, &consumer->attendance, conn, consumer->feed->queue);
}

/* Under a lease of its own there is no end of it: it is prolonged while the consumer is connected.
 */
static struct payload *encode(const struct consumer *consumer, const struct message *message)
{
    const struct conn *conn = consumer->conn;
    struct payload *payload, *wrapped;
    struct buffer text;

    if (!conn->callback) {
        payload_text_begin(&text, message->key_len);
        message_write(message, consumer->is_explicit ? MESSAGE_LEASE : 0, &text);
        return payload_text_end(&conn->server->budget, &text, conn->shape, message->key,
                                message->key_len);
    }
    buffer_init(&text);
    message_write(message, 0, &text);
    payload = payload_new(&conn->server->budget);
    payload_add(payload, "", 0, text.data, text.len);
    buffer_clear(&text);
    wrapped = payload_with_callback(payload, conn->callback, true, conn->shape);
    payload_drop(payload);
    return wrapped;
}

bool consumer_give(struct consumer *consumer, const struct message *message)
{
    struct conn *conn = consumer->conn;
    struct delivery *delivery =
        deliveries_add(&consumer->deliveries, &conn->server->budget, message);
    struct payload *payload = encode(consumer, message);

    if (consumer->is_explicit)
        holder_note(consumer->feed, delivery, consumer);
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
    if (!consumer->is_explicit)
        conn_watch_arrival(conn);
    return true;
}

static void progress(struct conn *conn)
{
    struct consumer *consumer = conn->role_data;

    if (consumer->is_explicit)
        feed_ready(consumer->feed, consumer);
    if (consumer->is_explicit || !consumer->deliveries.first)
        return;
    deliveries_ack(&consumer->deliveries, &conn->server->budget, conn_arrived(conn), feed_settle,
                   consumer->feed);
    if (consumer->deliveries.first)
        conn_watch_arrival(conn);
    feed_ready(consumer->feed, consumer);
}

void consumer_settled(struct consumer *consumer, const char *key, size_t len, const char *token)
{
    struct delivery *delivery = deliveries_find(&consumer->deliveries, key, len, token);

    if (!delivery)
        return;
    holder_forget(consumer->feed, delivery);
    deliveries_remove(&consumer->deliveries, &consumer->conn->server->budget, key, len, token);
    feed_ready(consumer->feed, consumer);
}

static void end(struct conn *conn)
{
    struct consumer *consumer = conn->role_data;

    for (struct delivery *at = consumer->deliveries.first; at; at = at->next)
        holder_forget(consumer->feed, at);
    if (consumer->feed) {
        deliveries_return(&consumer->deliveries, &conn->server->budget, conn->outbox.written,
                          feed_settle, consumer->feed);
        feed_leave(consumer->feed, consumer);
        attendance_leave(conn->server, &consumer->attendance);
        feed_drop(consumer->feed);
    }
    free(consumer->attendance.name);
    free(consumer);
}

const struct role role_consumer = {
    .options = "prefetch ack name sse gaps",
    .prepare = prepare,
    .admit = admit,
    .open = begin,
    .message = chat_message,
    .progress = progress,
    .close = end,
};
