/* wire.h - one connection to Redis within an event loop, which comes back by itself: commands out,
 * answers in.
 *
 * hiredis's rule is ours: a connection with an error is finished, and its late answers with it.  It
 * is finished, too, when an answer is due and nothing was heard for redis_timeout_ms; an idle one
 * is asked now and then.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_REDIS_WIRE_H
#define WS_REDIS_WIRE_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

struct nodes;
struct redisReply;
struct turn;
struct wire;

/* What it tells; all from within the loop or from within wire_break(). */
struct wire_events {
    /* Connected, and the login is sent: add with wire_send() what else must have an answer, which
     * is not told, before the connection is of use.  An error among these ends it.  May be NULL. */
    void (*greet)(void *user, struct wire *wire);
    /* An answer to what greet() has sent, or one of the login before.  True: it need not be a good
     * one.  May be NULL. */
    bool (*greeted)(void *user, const struct redisReply *reply);
    /* The greeting was answered well. */
    void (*open)(void *user);
    /* The reply is the user's from now on, who frees it. */
    void (*reply)(void *user, struct redisReply *reply);
    /* After a greet() nothing that has no answer yet will have one.  It is already dialling anew,
     * at the latest after two seconds. */
    void (*lost)(void *user, const char *what, const char *why);
    /* Subscriptions: arrays that begin with "message" or "smessage" answer nothing, nor does
     * "sunsubscribe", which comes unasked, too. */
    bool has_messages;
};

/* Connects with the first turn of the loop; the nodes, which must outlive it, are asked each time.
 * What it tells of what came is of the turn's CAUSE_REDIS. */
struct wire *wire_new(struct ev_loop *loop, struct turn *turn, const struct nodes *nodes,
                      const struct wire_events *events, void *user);
void wire_free(struct wire *wire);

bool wire_is_open(const struct wire *wire);

/* Sends a command that has so many answers, with wire_flush() or later; it copies all.  Only while
 * it is open, or in greet().  A lens of NULL: NUL-terminated words.  Returns the position behind
 * it, for the next function. */
unsigned long long wire_send(struct wire *wire, int argc, const char **argv, const size_t *lens,
                             size_t answers);

/* Did all bytes before that position go out?  A command of which not all did was not run.  For what
 * was sent on a connection that is lost: until lost() returns. */
bool wire_has_written(const struct wire *wire, unsigned long long position);

/* Writes what was sent; best once at the end of a turn of the loop. */
void wire_flush(struct wire *wire);

/* Bytes that it holds: not written yet, or read and not a complete answer. */
size_t wire_bytes(const struct wire *wire);

/* Ends this connection and dials anew. */
void wire_break(struct wire *wire, const char *what, const char *why);

/* Dials at once, as the nodes say now; lost() has no text then (NULL), as nothing failed. */
void wire_renew(struct wire *wire);

#endif
