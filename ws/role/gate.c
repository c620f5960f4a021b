/* gate.c - may whoever is connected do this?
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/role/gate.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/settings.h"
#include "broker/authkey_cache.h"
#include "ws/feed/helper.h"
#include "ws/net/conn.h"
#include "ws/net/ending.h"
#include "ws/net/role.h"
#include "ws/redis/job.h"
#include "ws/role/roles.h"

enum {
    LOOK_MS = 20000, /* between looks at a stream's key */
    RETRY_MS = 5000, /* when Redis has not answered */
    TURN_MS = 1,     /* others come first, when a password is to be hashed after another one */
};

static struct gate *gate_of(const struct conn *conn)
{
    return roles_of(conn)->gate;
}

/* A call that asks for a key. */
struct key_asking {
    struct job job;
    struct authkey authkey;
    long long asked_ms;
    alink_done *done;
    void *user;
};

/* --- who it is, for the log ------------------------------------------------------------------- */

static void gate_note_visitor(struct conn *conn, const struct visitor *visitor)
{
    conn->asker.has_ip = visitor->has_ip;
    conn->asker.ip = visitor->ip;
    free(conn->asker.user);
    conn->asker.user =
        visitor->credentials.has_password ? xstrdup(visitor->credentials.user) : NULL;
}

static struct journal_who who_asks(struct conn *conn, char name[LIMIT_AUTHKEY_NAME + 1])
{
    const char *key = conn->asker.key;

    return (struct journal_who){
        .ip = conn->asker.has_ip ? &conn->asker.ip : NULL,
        .user = conn->asker.user,
        .key = key ? authkey_name(
                         authkey_cache_find(gate_of(conn)->keys, key, strlen(key), clock_ms()), key,
                         name)
                   : NULL,
    };
}

/* Returns the status.  While a request is being read it is what is refused, later what its
 * connection wants to do with the queue of that name. */
static enum status gate_note_refusal(struct conn *conn, const char *name, enum status status,
                                     const struct reason *reason)
{
    const struct request_head *head = gate_of(conn)->asked;
    char name_of_key[LIMIT_AUTHKEY_NAME + 1];
    struct journal_who who = who_asks(conn, name_of_key);

    journal_refused(&gate_of(conn)->access.journal, &who, status, head ? head->method : "on",
                    head   ? head->target
                    : name ? name
                           : "*",
                    reason);
    return status;
}

void gate_note_done(struct conn *conn, const char *text)
{
    char name[LIMIT_AUTHKEY_NAME + 1];
    struct journal_who who = who_asks(conn, name);

    journal_done(&gate_of(conn)->access.journal, &who, text);
}

/* --- the decision ----------------------------------------------------------------------------- */

/* The visitor's rights are the connection's, and its key is kept if it is what decides. */
static enum status gate_take_over(struct conn *conn, const struct visitor *visitor,
                                  const struct admission *admission, enum status status,
                                  struct reason *reason)
{
    enum status known = STATUS_OK;

    if ((status == STATUS_OK || status == STATUS_NEEDS_KEY) && admission->rights != RIGHT_NONE)
        known = access_rights(&gate_of(conn)->access, visitor, &conn->asker.rights, reason);
    if (known != STATUS_OK || !(admission->key || status == STATUS_NEEDS_KEY))
        return known == STATUS_OK ? status : known;
    free(conn->asker.key);
    conn->asker.key = xstrdup(visitor->key);
    return status;
}

enum status gate_visitor(struct conn *conn, const struct visitor *visitor,
                         struct admission *admission, struct reason *reason)
{
    struct gate *gate = gate_of(conn);
    enum status status = admission_begin(admission, &gate->access, gate->keys, visitor, reason);

    status = gate_take_over(conn, visitor, admission, status, reason);
    if (status == STATUS_LATER) {
        conn_look_in(conn, TURN_MS);
        return status;
    }
    gate_note_visitor(conn, visitor);
    if (status == STATUS_OK || status == STATUS_NEEDS_KEY)
        return status;
    return gate_note_refusal(conn, NULL, status, reason);
}

enum status gate_told(struct conn *conn, const struct visitor *visitor, struct admission *admission,
                      struct reason *reason)
{
    struct gate *gate = gate_of(conn);
    enum status status = admission_go_on(admission, &gate->access, visitor, gate->told, reason);

    return status == STATUS_OK ? status : gate_note_refusal(conn, NULL, status, reason);
}

/* The record, NULL where keys are not required (OK) or another status. */
static enum status gate_find_key(struct conn *conn, const struct authkey **key,
                                 struct reason *reason)
{
    *key = NULL;
    if (!conn->conns->settings->authkeys)
        return STATUS_OK;
    if (!conn->asker.key) /* it was connected before keys were required */
        return refuse_for_key(reason, "a key is required");
    if (gate_of(conn)->told_of == conn)
        *key = gate_of(conn)->told;
    else
        *key = authkey_cache_find(gate_of(conn)->keys, conn->asker.key, strlen(conn->asker.key),
                                  clock_ms());
    return *key ? STATUS_OK : STATUS_NEEDS_KEY;
}

static bool gate_is_refusal(enum status status)
{
    return status == STATUS_UNAUTHORIZED || status == STATUS_FORBIDDEN;
}

enum status gate_key(struct conn *conn, unsigned needs, const char *name, struct reason *reason)
{
    const struct authkey *key;
    enum status status = gate_find_key(conn, &key, reason);

    if (key)
        status = authkey_check(key, needs, name, reason);
    return gate_is_refusal(status) ? gate_note_refusal(conn, name, status, reason) : status;
}

enum status gate_act(struct conn *conn, unsigned needs, const char *name, struct reason *reason)
{
    char names[AUTHKEY_PRIVS_TEXT];

    if (conn->asker.rights & admission_rights_of(needs))
        return gate_key(conn, needs, name, reason);
    refuse(reason, STATUS_FORBIDDEN, "this connection has not the right to do that (%s)",
           authkey_priv_names(needs, names));
    return gate_note_refusal(conn, name, STATUS_FORBIDDEN, reason);
}

static void gate_asked(void *user, enum status status, const struct reason *reason)
{
    struct key_asking *asking = user;
    struct conn *conn = asking->job.conn;
    struct gate *gate = gate_of(conn);

    if (status == STATUS_OK) {
        gate->told = authkey_cache_store(gate->keys, conn->asker.key, strlen(conn->asker.key),
                                         &asking->authkey, asking->asked_ms);
        gate->told_of = conn;
    }
    asking->done(asking->user, status, reason);
    gate->told_of = NULL;
    job_free(&asking->job);
}

void gate_ask(struct conn *conn, alink_done *done, void *user)
{
    struct key_asking *asking = job_new(roles_of(conn)->helper->jobs, sizeof(*asking), NULL, conn);

    asking->asked_ms = clock_ms();
    asking->done = done;
    asking->user = user;
    authkey_call(&asking->job.call, conn->asker.key, strlen(conn->asker.key), &asking->authkey);
    job_run(&asking->job, gate_asked);
}

void gate_later(struct conn *conn)
{
    if (conn->asker.key)
        conn_look_in(conn, LOOK_MS);
}

static void gate_known(void *user, enum status status, const struct reason *reason)
{
    struct conn *conn = user;

    (void)reason; /* while Redis is away nothing comes from there either */
    if (status == STATUS_OK)
        gate_again(conn);
    else if (conn_is_open(conn))
        conn_look_in(conn, RETRY_MS);
}

void gate_again(struct conn *conn)
{
    struct reason reason = {0};
    enum status status;

    if (!conn_is_open(conn))
        return;
    status = conn->role->admit ? conn->role->admit(conn, &reason) : STATUS_OK;
    if (status == STATUS_NEEDS_KEY)
        gate_ask(conn, gate_known, conn);
    else if (status == STATUS_OK)
        conn_look_in(conn, LOOK_MS);
    else
        conn_end(conn, CLOSE_FORBIDDEN, "the key is not valid any more");
}
