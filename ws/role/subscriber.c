/* subscriber.c - /sub/CHANNEL and /who/TOPIC: what is published on a Redis channel.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "broker/channel.h"
#include "broker/keys.h"
#include "broker/presence.h"
#include "http/request.h"
#include "ws/feed/attendance.h"
#include "ws/feed/lookup.h"
#include "ws/net/conn.h"
#include "ws/net/fanout.h"
#include "ws/net/role.h"
#include "ws/redis/alink.h"
#include "ws/redis/channel.h"
#include "ws/redis/job.h"
#include "ws/role/admit.h"
#include "ws/server.h"

/* Publications of one connection that wait for Redis; beyond it nothing more is read from it. */
enum {
    PUBLICATIONS = 64,
    UNSENT = 4 << 20, /* bytes on their way to Redis, of all: then one publication is enough */
};

/* What a connection with echo=no has published, and does not want to hear. */
struct echo {
    struct echo *next;
    const struct conn *conn;
    size_t len;
    char data[];
};

/* All who listen to one channel in one way. */
struct hub {
    const char *name; /* the first member: searched by name; 'd' for deref, and the channel */
    struct fanout fanout;
    struct listening listening;
    struct echo *echoes, **echoes_end;
    struct lookups lookups;
    bool is_deref;
    char text[];
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
    return (struct hub *)((char *)fanout - offsetof(struct hub, fanout));
}

static size_t size_of(const struct echo *echo)
{
    return sizeof(*echo) + echo->len + BUDGET_PIECE;
}

static void forget_echo(struct hub *hub, struct echo **at)
{
    struct echo *echo = *at;

    budget_take_off(hub->fanout.conns->budget, size_of(echo));
    *at = echo->next;
    if (!*at)
        hub->echoes_end = at;
    free(echo);
}

/* Those of one connection; NULL: of all. */
static void forget_echoes(struct hub *hub, const struct conn *conn)
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

    channel_leave(&hub->listening);
    forget_echoes(hub, NULL);
    lookups_clear(&hub->lookups);
    fanout_clear(fanout);
    tdelete(hub, &server_of(fanout->conns)->fanout_tree, text_compare);
    free(hub);
}

/* --- what was published ----------------------------------------------------------------------- */

/* Whose echo it is, NULL if nobody's.  Equal texts are matched in the order in which they were
 * published. */
static const struct conn *match_echo(struct hub *hub, const char *data, size_t len)
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

static void ask_values(struct fanout *fanout)
{
    lookups_pump(&hub_of(fanout)->lookups);
}

static void on_heard(void *user, const char *data, size_t len)
{
    struct hub *hub = user;

    if (hub->is_deref) {
        lookups_add(&hub->lookups, data, len);
        return;
    }
    if (fanout_is_flooded(&hub->fanout))
        fanout_cut(&hub->fanout);
    else
        fanout_add(&hub->fanout, "", 0, data, len, match_echo(hub, data, len));
}

/* Redis has confirmed the subscription: whoever sees the head of the answer misses nothing that is
 * published from then on.  What was published before may not be heard at all. */
static void on_ready(void *user)
{
    struct hub *hub = user;

    forget_echoes(hub, NULL);
    for (struct member *member = hub->fanout.first; member; member = member->next)
        conn_release(member->conn);
}

static void on_gap(void *user)
{
    struct hub *hub = user;

    fanout_cut(&hub->fanout);
}

static struct hub *hub_get(struct server *server, const char *channel, bool is_deref, bool is_json)
{
    size_t len = strlen(channel);
    struct hub *hub = xmalloc(sizeof(*hub) + len + 2), **found;

    memset(hub, 0, sizeof(*hub));
    hub->name = hub->text;
    hub->text[0] = is_deref ? 'd' : ' ';
    memcpy(hub->text + 1, channel, len + 1);
    found = tsearch(hub, &server->fanout_tree, text_compare);
    if (!found)
        abort(); /* out of memory */
    if (*found != hub) {
        free(hub);
        return *found;
    }
    hub->is_deref = is_deref;
    hub->echoes_end = &hub->echoes;
    fanout_init(&hub->fanout, &server->conns, is_json);
    hub->fanout.unused = hub_free;
    hub->fanout.done = ask_values;
    lookups_init(&hub->lookups, &hub->fanout);
    hub->listening.user = hub;
    hub->listening.heard = on_heard;
    hub->listening.ready = on_ready;
    hub->listening.gap = on_gap;
    channel_listen(server->channels, &hub->listening, channel);
    return hub;
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

static void join(struct conn *conn, struct hub *hub)
{
    struct subscriber *subscriber = conn->role_data;

    subscriber->hub = hub;
    fanout_join(&hub->fanout, &subscriber->member, conn);
    conn->is_held = conn->server->is_up && !hub->listening.is_ready;
}

static enum status prepare_channel(struct conn *conn, const struct request *request,
                                   struct reason *reason)
{
    struct subscriber *subscriber = subscriber_new(conn, request);
    const struct field *echo = form_find(&request->form, "echo");
    long long deref;
    enum status status = form_number(&request->form, "deref", 0, 1, 0, &deref, reason);

    if (status != STATUS_OK)
        return status;
    if (deref) /* what is published may name any queue */
        status = admit_act(conn, AUTHKEY_READ, NULL, reason);
    if (status != STATUS_OK)
        return status;
    if (echo && !text_is_listed(echo->value, echo->value_len, "yes no"))
        return refuse(reason, STATUS_BAD_VALUE, "echo must be yes or no");
    if (deref && echo)
        return refuse(reason, STATUS_BAD_REQUEST, "echo does not go with deref");
    subscriber->has_no_echo = echo && text_is(echo->value, echo->value_len, "no");
    status = attendance_read(&subscriber->attendance, request, reason);
    if (status == STATUS_OK)
        join(conn, hub_get(conn->server, subscriber->topic, deref == 1, false));
    return status;
}

/* With deref=1 what is published may name any queue. */
static enum status admit(struct conn *conn, struct reason *reason)
{
    const struct subscriber *subscriber = conn->role_data;

    return admit_key(conn, AUTHKEY_READ, subscriber->hub->is_deref ? NULL : subscriber->topic,
                     reason);
}

static enum status prepare_presence(struct conn *conn, const struct request *request,
                                    struct reason *reason)
{
    struct subscriber *subscriber = subscriber_new(conn, request);
    char channel[PRESENCE_CHANNEL];

    (void)reason;
    presence_channel(subscriber->topic, channel);
    subscriber->is_watcher = true;
    join(conn, hub_get(conn->server, channel, false, true));
    return STATUS_OK;
}

static void begin(struct conn *conn)
{
    struct subscriber *subscriber = conn->role_data;

    if (!subscriber->is_watcher)
        attendance_join(conn->server, &subscriber->attendance, conn, subscriber->topic);
}

static void on_published(void *user, enum status status, const struct reason *reason)
{
    struct job *job = user;
    struct conn *conn = job->conn;
    const struct subscriber *subscriber = conn->role == &role_channel ? conn->role_data : NULL;

    (void)reason; /* at most once: the publisher sees a gap when it listens, too */
    if (status != STATUS_OK && subscriber)
        forget_echoes(subscriber->hub, conn);
    job_free(job);
    if (conn->jobs < PUBLICATIONS)
        conn_resume(conn);
}

static void remember_echo(struct hub *hub, const struct conn *conn, const char *data, size_t len)
{
    struct echo *echo = xmalloc(sizeof(*echo) + len);

    *echo = (struct echo){.conn = conn, .len = len};
    memcpy(echo->data, data, len);
    budget_add(hub->fanout.conns->budget, size_of(echo));
    *hub->echoes_end = echo;
    hub->echoes_end = &echo->next;
}

static void publish(struct conn *conn, const char *data, size_t len)
{
    const struct subscriber *subscriber = conn->role_data;
    struct job *job = job_new(conn->server, NULL, conn);

    if (subscriber->has_no_echo && conn->server->is_up)
        remember_echo(subscriber->hub, conn, data, len);
    channel_publish_call(&job->call, subscriber->topic, data, len, &job->number);
    job_run(job, on_published);
    if (conn->jobs >= PUBLICATIONS || alink_bytes(conn->server->alink) > UNSENT)
        conn_pause(conn);
}

/* What waits until the connection's key is known. */
struct pending {
    struct conn *conn;
    size_t len;
    char data[];
};

static void say(struct conn *conn, const char *data, size_t len, bool is_text);

static void on_key(void *user, enum status status, const struct reason *reason)
{
    struct pending *pending = user;
    struct conn *conn = pending->conn;

    (void)reason;
    if (conn_is_open(conn) && status == STATUS_OK)
        say(conn, pending->data, pending->len, true);
    else
        conn_end(conn, CLOSE_FORBIDDEN, "it is not known who you are");
    budget_take_off(&conn->server->budget, sizeof(*pending) + pending->len + BUDGET_PIECE);
    free(pending);
    conn_resume(conn);
}

static void wait_for_key(struct conn *conn, const char *data, size_t len)
{
    struct pending *pending = xmalloc(sizeof(*pending) + len);

    *pending = (struct pending){.conn = conn, .len = len};
    memcpy(pending->data, data, len);
    budget_add(&conn->server->budget, sizeof(*pending) + len + BUDGET_PIECE);
    conn_pause(conn);
    admit_ask(conn, on_key, pending);
}

/* What a websocket says is published, if it may. */
static void say(struct conn *conn, const char *data, size_t len, bool is_text)
{
    const struct subscriber *subscriber = conn->role_data;
    struct reason reason = {0};
    enum status status = admit_act(conn, AUTHKEY_WRITE, subscriber->topic, &reason);

    (void)is_text;
    if (status == STATUS_OK)
        publish(conn, data, len);
    else if (status == STATUS_AGAIN)
        wait_for_key(conn, data, len);
    else
        conn_end(conn, CLOSE_FORBIDDEN, "not allowed to publish");
}

static void end(struct conn *conn)
{
    struct subscriber *subscriber = conn->role_data;

    attendance_leave(conn->server, &subscriber->attendance);
    if (subscriber->hub) {
        forget_echoes(subscriber->hub, conn);
        fanout_leave(&subscriber->hub->fanout, &subscriber->member);
        if (subscriber->hub->fanout.count == 0)
            fanout_mark(&subscriber->hub->fanout);
    }
    free(subscriber->attendance.name);
    free(subscriber);
}

const struct role role_channel = {
    .options = "echo deref name sse gaps",
    .prepare = prepare_channel,
    .admit = admit,
    .open = begin,
    .message = say,
    .close = end,
};

const struct role role_presence = {
    .options = "sse gaps",
    .prepare = prepare_presence,
    .admit = admit,
    .open = begin,
    .close = end,
};
