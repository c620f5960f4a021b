/* fanout.c - the same messages for many connections.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/fanout.h"

#include <string.h>

#include "ws/conn.h"
#include "ws/payload.h"
#include "ws/server.h"

void fanout_init(struct fanout *fanout, struct server *server, bool is_json)
{
    *fanout = (struct fanout){.server = server, .is_json = is_json};
    fanout->last = &fanout->first;
}

void fanout_clear(struct fanout *fanout)
{
    payload_drop(fanout->pending);
    fanout->pending = NULL;
}

void fanout_join(struct fanout *fanout, struct member *member, struct conn *conn)
{
    *member = (struct member){.conn = conn, .link = fanout->last};
    *fanout->last = member;
    fanout->last = &member->next;
    fanout->count++;
}

void fanout_leave(struct fanout *fanout, struct member *member)
{
    if (!member->link)
        return;
    *member->link = member->next;
    if (member->next)
        member->next->link = member->link;
    else
        fanout->last = member->link;
    member->link = NULL;
    if (--fanout->count == 0 && fanout->unused)
        server_mark_fanout(fanout);
}

static void send_to(struct fanout *fanout, struct conn *conn, struct payload *payload)
{
    struct payload *own;

    if (!conn->callback) {
        conn_send_now(conn, payload);
        return;
    }
    own = payload_with_callback(payload, conn->callback, fanout->is_json, conn->shape);
    conn_send_now(conn, own);
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

static void send_to_all(struct fanout *fanout, struct payload *payload, const struct conn *but)
{
    struct member *next;

    for (struct member *member = fanout->first; member; member = next) {
        next = member->next;
        prefetch(next);
        if (member->conn != but)
            send_to(fanout, member->conn, payload);
    }
}

void fanout_flush(struct fanout *fanout)
{
    struct payload *payload = fanout->pending;

    fanout->pending = NULL;
    if (!payload)
        return;
    send_to_all(fanout, payload, NULL);
    payload_drop(payload);
}

void fanout_add(struct fanout *fanout, const char *id, size_t id_len, const char *text, size_t len,
                const struct conn *but)
{
    if (but)
        fanout_flush(fanout); /* what came before goes to all */
    if (!fanout->pending)
        fanout->pending = payload_new(&fanout->server->budget);
    payload_add(fanout->pending, id, id_len, text, len);
    if (but) {
        struct payload *payload = fanout->pending;

        fanout->pending = NULL;
        send_to_all(fanout, payload, but);
        payload_drop(payload);
    } else {
        server_mark_fanout(fanout);
    }
}
