/* gate.h - may whoever is connected do this?
 *
 * What a connection may do is decided when it opens, but for its key, whose record in Redis may
 * change.  Each refusal is noted in the log.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_ROLE_GATE_H
#define WS_ROLE_GATE_H

#include "base/status.h"
#include "broker/authkey.h"
#include "http/access.h"
#include "protocol/admission.h"
#include "ws/redis/alink.h"

struct authkey_cache;
struct conn;

/* The rules, and what is known of keys. */
struct gate {
    struct access access;
    struct authkey_cache *keys;
    const struct request_head *asked; /* the request that is decided on, for the log; or NULL */
    const struct conn *told_of;       /* whose key's record Redis has just told; NULL: nobody's */
    const struct authkey *told;       /* that record */
};

/* Decides who may be let in, and opens the connection's rights.  FORBIDDEN, UNAUTHORIZED,
 * UNAVAILABLE; LATER: the connection is looked at again in the next turn; NEEDS_KEY: gate_ask()
 * must ask for it, and its done() then decides by gate_told(). */
enum status gate_visitor(struct conn *conn, const struct visitor *visitor,
                         struct admission *admission, struct reason *reason);
enum status gate_told(struct conn *conn, const struct visitor *visitor, struct admission *admission,
                      struct reason *reason);

/* May the connection do one of these things with this queue, channel or topic (NULL: all of them)?
 * FORBIDDEN, UNAUTHORIZED; NEEDS_KEY: ask for it first. */
enum status gate_act(struct conn *conn, unsigned needs, const char *name, struct reason *reason);

/* As gate_act(), but of the key alone. */
enum status gate_key(struct conn *conn, unsigned needs, const char *name, struct reason *reason);

/* Has a stream's key looked at now and then, however busy the stream is. */
void gate_later(struct conn *conn);

/* Says in the log what the connection has done to more than one message. */
void gate_note_done(struct conn *conn, const char *text);

/* For the server: it is time to.  Ends the stream if its key may not read it any more. */
void gate_again(struct conn *conn);

/* Asks Redis for the key; done() follows, with OK when it is known what the key may do: within it
 * that counts, however long Redis has taken. */
void gate_ask(struct conn *conn, alink_done *done, void *user);

#endif
