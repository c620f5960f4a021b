/* subscriber.c - /sub/CHANNEL and /who/TOPIC: what is published on a Redis channel.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "broker/channel.h"
#include "broker/keys.h"
#include "broker/presence.h"
#include "broker/stream.h"
#include "http/request.h"
#include "ws/feed/attendance.h"
#include "ws/feed/helper.h"
#include "ws/feed/lookup.h"
#include "ws/feed/source.h"
#include "ws/net/budget.h"
#include "ws/net/conn.h"
#include "ws/net/ending.h"
#include "ws/net/fanout.h"
#include "ws/net/role.h"
#include "ws/redis/alink.h"
#include "ws/redis/job.h"
#include "ws/role/gate.h"
#include "ws/role/roles.h"

/* Publications of one connection that wait for Redis; beyond it nothing more is read from it. */
enum {
    PUBLICATIONS = 64,
    UNSENT = 4 << 20, /* bytes on their way to Redis, of all: then one publication is enough */
};

/* A message that a connection with echo=no has published, and does not want to hear. */
struct echo {
    struct echo *next;
    const struct conn *conn;
    size_t len;
    char data[];
};

/* The subscribers that listen to one channel in one way. */
struct hub {
    struct source source; /* the first member; its name is 'd' for deref, and the channel */
    struct echo *echoes, **echoes_end;
    struct lookups lookups;
    bool is_deref;
    bool has_keys; /* see channel_has_keys() */
};

struct subscriber {
    struct hub *hub;
    struct member member;
    struct attendance attendance;
    bool has_no_echo;
    bool is_watcher; /* of presence: not present itself */
    char topic[LIMIT_NAME + 1];
};

static struct hub *hub_of(struct fanout *fanout)
{
    return (struct hub *)((char *)fanout - offsetof(struct hub, source.fanout));
}

static size_t size_of(const struct echo *echo)
{
    return sizeof(*echo) + echo->len + BUDGET_PIECE;
}

static void forget_echo(struct hub *hub, struct echo **at)
{
    struct echo *echo = *at;

    budget_take_off(hub->source.fanout.conns->budget, size_of(echo));
    *at = echo->next;
    if (!*at)
        hub->echoes_end = at;
    free(echo);
}

/* Those of one connection; NULL: of all. */
static void hub_forget_echoes(struct hub *hub, const struct conn *conn)
{
    struct echo **at = &hub->echoes;

    while (*at) {
        if (!conn || (*at)->conn == conn)
            forget_echo(hub, at);
        else
            at = &(*at)->next;
    }
}

static void hub_free(struct fanout *fanout)
{
    struct hub *hub = hub_of(fanout);

    hub_forget_echoes(hub, NULL);
    lookups_clear(&hub->lookups);
    source_free(&hub->source);
}

/* --- what was published ----------------------------------------------------------------------- */

/* The connection whose echo the message is; NULL: none.  Equal texts are matched in the order in
 * which they were published. */
static const struct conn *hub_match_echo(struct hub *hub, const char *data, size_t len)
{
    struct echo **at = &hub->echoes;
    const struct conn *conn;

    while (*at && ((*at)->len != len || memcmp((*at)->data, data, len) != 0))
        at = &(*at)->next;
    if (!*at)
        return NULL;
    conn = (*at)->conn;
    forget_echo(hub, at);
    return conn;
}

static void hub_ask_values(struct fanout *fanout)
{
    lookups_pump(&hub_of(fanout)->lookups);
}

static void hub_heard(void *user, const char *data, size_t len)
{
    struct hub *hub = user;
    char key[MESSAGE_KEY];
    size_t key_len = len;

    if (hub->has_keys && message_key_copy(key, data, &key_len) &&
        stream_key_is_message(key, key_len)) {
        data = key;
        len = key_len;
    }
    if (hub->is_deref) {
        lookups_add(&hub->lookups, data, len);
        return;
    }
    if (fanout_is_flooded(&hub->source.fanout))
        fanout_cut(&hub->source.fanout);
    else
        fanout_add(&hub->source.fanout, "", 0, data, len, hub_match_echo(hub, data, len));
}

/* A message that was published before may not be heard at all. */
static void hub_ready(struct source *source)
{
    hub_forget_echoes((struct hub *)source, NULL);
}

static void hub_gap(void *user)
{
    struct hub *hub = user;

    fanout_cut(&hub->source.fanout);
}

static struct hub *hub_new(struct sources *hubs, struct jobs *jobs, const char *name, bool is_json)
{
    struct hub *hub = source_new(hubs, sizeof(*hub), name);

    hub->is_deref = name[0] == 'd';
    hub->has_keys = channel_has_keys(name + 1);
    hub->echoes_end = &hub->echoes;
    hub->source.ready = hub_ready;
    hub->source.fanout.is_json = is_json;
    hub->source.fanout.unused = hub_free;
    hub->source.fanout.done = hub_ask_values;
    lookups_init(&hub->lookups, jobs, &hub->source.fanout);
    source_listen(&hub->source, 0, name + 1, hub_heard, hub_gap);
    return hub;
}

static struct hub *hub_get(const struct roles *roles, const char *channel, bool is_deref,
                           bool is_json)
{
    char name[1 + KEY_SIZE];
    struct hub *hub;

    snprintf(name, sizeof(name), "%c%s", is_deref ? 'd' : ' ', channel);
    hub = source_find(roles->hubs, name);
    return hub ? hub : hub_new(roles->hubs, roles->helper->jobs, name, is_json);
}

/* --- roles ------------------------------------------------------------------------------------ */

static struct subscriber *subscriber_new(struct conn *conn, const struct request *request)
{
    struct subscriber *subscriber = xmalloc(sizeof(*subscriber));

    memset(subscriber, 0, sizeof(*subscriber));
    memcpy(subscriber->topic, request->uri.name, request->uri.name_len + 1);
    conn->role_data = subscriber;
    return subscriber;
}

static void subscriber_join(struct conn *conn, struct hub *hub)
{
    struct subscriber *subscriber = conn->role_data;

    subscriber->hub = hub;
    source_join(&hub->source, &subscriber->member, conn);
}

static enum status subscriber_prepare_channel(struct conn *conn, const struct request *request,
                                              struct reason *reason)
{
    struct subscriber *subscriber = subscriber_new(conn, request);
    char channel[KEY_SIZE];
    const struct field *echo = form_find(&request->form, "echo");
    long long deref;
    enum status status = form_number(&request->form, "deref", 0, 1, 0, &deref, reason);

    if (status != STATUS_OK)
        return status;
    if (deref) /* what is published may name any queue */
        status = gate_act(conn, AUTHKEY_READ, NULL, reason);
    if (status != STATUS_OK)
        return status;
    if (echo && !text_is_listed(echo->value, echo->value_len, "yes no"))
        return refuse(reason, STATUS_BAD_VALUE, "echo must be yes or no");
    if (deref && echo)
        return refuse(reason, STATUS_BAD_REQUEST, "echo does not go with deref");
    subscriber->has_no_echo = echo && text_is(echo->value, echo->value_len, "no");
    status = attendance_read(&subscriber->attendance, request, reason);
    channel_write(channel, subscriber->topic);
    if (status == STATUS_OK)
        subscriber_join(conn, hub_get(roles_of(conn), channel, deref == 1, false));
    return status;
}

/* With deref=1 what is published may name any queue. */
static enum status subscriber_admit(struct conn *conn, struct reason *reason)
{
    const struct subscriber *subscriber = conn->role_data;

    return gate_key(conn, AUTHKEY_READ, subscriber->hub->is_deref ? NULL : subscriber->topic,
                    reason);
}

static enum status subscriber_prepare_presence(struct conn *conn, const struct request *request,
                                               struct reason *reason)
{
    struct subscriber *subscriber = subscriber_new(conn, request);
    char channel[PRESENCE_CHANNEL];

    (void)reason;
    presence_channel(subscriber->topic, channel);
    subscriber->is_watcher = true;
    subscriber_join(conn, hub_get(roles_of(conn), channel, false, true));
    return STATUS_OK;
}

static void subscriber_begin(struct conn *conn)
{
    struct subscriber *subscriber = conn->role_data;

    if (!subscriber->is_watcher)
        attendance_join(roles_of(conn)->attendances, &subscriber->attendance, conn,
                        subscriber->topic);
}

/* A call that publishes what its connection has said. */
struct text_publishing {
    struct job job;
    struct published heard;
};

static void subscriber_published(void *user, enum status status, const struct reason *reason)
{
    struct job *job = user;
    struct conn *conn = job->conn;
    const struct subscriber *subscriber = conn->role == &role_channel ? conn->role_data : NULL;

    (void)reason; /* at most once: the publisher sees a gap when it listens, too */
    if (status != STATUS_OK && subscriber)
        hub_forget_echoes(subscriber->hub, conn);
    job_free(job);
    if (conn->jobs < PUBLICATIONS)
        conn_resume(conn);
}

static void hub_remember_echo(struct hub *hub, const struct conn *conn, const char *data,
                              size_t len)
{
    struct echo *echo = xmalloc(sizeof(*echo) + len);

    *echo = (struct echo){.conn = conn, .len = len};
    memcpy(echo->data, data, len);
    budget_add(hub->source.fanout.conns->budget, size_of(echo));
    *hub->echoes_end = echo;
    hub->echoes_end = &echo->next;
}

static void subscriber_publish(struct conn *conn, const char *data, size_t len)
{
    const struct subscriber *subscriber = conn->role_data;
    struct text_publishing *publishing =
        job_new(roles_of(conn)->helper->jobs, sizeof(*publishing), NULL, conn);

    if (subscriber->has_no_echo && source_is_coming(&subscriber->hub->source))
        hub_remember_echo(subscriber->hub, conn, data, len);
    channel_publish_call(&publishing->job.call, subscriber->topic, data, len, &publishing->heard);
    job_run(&publishing->job, subscriber_published);
    if (conn->jobs >= PUBLICATIONS || alink_bytes(roles_of(conn)->helper->jobs->alink) > UNSENT)
        conn_pause(conn);
}

/* Work that waits until the connection's key is known. */
struct unheard {
    struct conn *conn;
    size_t len;
    char data[];
};

static void subscriber_say(struct conn *conn, const char *data, size_t len, bool is_text);

static void subscriber_key_checked(void *user, enum status status, const struct reason *reason)
{
    struct unheard *pending = user;
    struct conn *conn = pending->conn;

    (void)reason;
    if (conn_is_open(conn) && status == STATUS_OK)
        subscriber_say(conn, pending->data, pending->len, true);
    else
        conn_end(conn, CLOSE_FORBIDDEN, "it is not known who you are");
    budget_take_off(conn->conns->budget, sizeof(*pending) + pending->len + BUDGET_PIECE);
    free(pending);
    conn_resume(conn);
}

static void subscriber_wait_for_key(struct conn *conn, const char *data, size_t len)
{
    struct unheard *pending = xmalloc(sizeof(*pending) + len);

    *pending = (struct unheard){.conn = conn, .len = len};
    memcpy(pending->data, data, len);
    budget_add(conn->conns->budget, sizeof(*pending) + len + BUDGET_PIECE);
    conn_pause(conn);
    gate_ask(conn, subscriber_key_checked, pending);
}

/* Publishes a message of a websocket, if it has the right. */
static void subscriber_say(struct conn *conn, const char *data, size_t len, bool is_text)
{
    const struct subscriber *subscriber = conn->role_data;
    struct reason reason = {0};
    enum status status = gate_act(conn, AUTHKEY_WRITE, subscriber->topic, &reason);

    (void)is_text;
    if (status == STATUS_OK)
        subscriber_publish(conn, data, len);
    else if (status == STATUS_NEEDS_KEY)
        subscriber_wait_for_key(conn, data, len);
    else
        conn_end(conn, CLOSE_FORBIDDEN, "not allowed to publish");
}

static void subscriber_end(struct conn *conn)
{
    struct subscriber *subscriber = conn->role_data;

    attendance_leave(roles_of(conn)->attendances, &subscriber->attendance);
    if (subscriber->hub) {
        hub_forget_echoes(subscriber->hub, conn);
        fanout_leave(&subscriber->hub->source.fanout, &subscriber->member);
        if (subscriber->hub->source.fanout.count == 0)
            fanout_mark(&subscriber->hub->source.fanout);
    }
    free(subscriber->attendance.name);
    free(subscriber);
}

const struct role role_channel = {
    .prepare = subscriber_prepare_channel,
    .admit = subscriber_admit,
    .open = subscriber_begin,
    .message = subscriber_say,
    .close = subscriber_end,
};

const struct role role_presence = {
    .prepare = subscriber_prepare_presence,
    .admit = subscriber_admit,
    .open = subscriber_begin,
    .close = subscriber_end,
};
