/* node.h - one synchronous connection to one Redis: dial, log in, send, receive.
 *
 * It connects when something is to be sent, and anew where the connection has gone meanwhile.  What
 * is sent and what becomes of a reply is its owner's business (link.h).  Its log lines are its own:
 * one when the node fails, one when it is back.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef REDIS_NODE_H
#define REDIS_NODE_H

#include <stdbool.h>

struct node;
struct nodes;
struct redisReply;
struct run;

/* Asked right before the first byte of what is sent, after whatever took its time, unless that is
 * for all. */
struct node_asker {
    bool (*is_wanted)(void *user); /* NULL: all is wanted */
    void *user;
};

/* `at` is "host:port" or "unix:/path", as in the settings, and the node's name in the log; it is
 * copied.  The nodes say how to log in and how long to wait; they and the asker must outlive the
 * node, and may be those of several. */
struct node *node_new(const struct nodes *nodes, const char *at, const struct node_asker *asker);
void node_free(struct node *node);

/* It is there from now on.  A connection stays as it is: node_close() it where it is to be made
 * anew. */
void node_move(struct node *node, const char *at);

/* Ends the connection, if there is one; late replies go with it. */
void node_close(struct node *node);

const char *node_name(const struct node *node);

/* Has it failed, within the last second, without an answer since? */
bool node_has_failed(const struct node *node);
bool node_failed_lately(const struct node *node);

/* The outcome of sending some calls.  All but DONE ended the connection, or there is none; the log
 * has the reason. */
enum sending {
    SENDING_DONE,
    SENDING_FAILED,    /* not a byte was sent */
    SENDING_BROKE_OFF, /* some bytes were */
    SENDING_UNWANTED,  /* not a byte, as the asker said no; the connection is as it was */
    SENDING_REFUSED,   /* not a byte, as Redis refused the login: see node_refusal() */
};

/* Sends the calls in one go, over a new connection where there is none or it has gone.  A
 * connection that proves dead before the first byte is replaced, once.  All of it, and what
 * node_receive() waits for, is over at that time by clock_ms(); connecting has a time of its own
 * besides, as the nodes say. */
enum sending node_send(struct node *node, const struct run *runs, int count, long long until_ms);

/* Connects anew, and asks for an answer, until that time at most.  True: the node has not failed
 * any more. */
bool node_try(struct node *node, long long until_ms);

/* What clients are told of the last login, if Redis refused it; "": it did not. */
const char *node_refusal(const struct node *node);

/* It has answered a call with an error that says that it cannot serve now, or it has served one:
 * for the log, as going and coming back. */
void node_complains(struct node *node, const char *error);
void node_serves(struct node *node);

/* The next reply, which may be an error and is the caller's: as many as calls were sent, in their
 * order.  NULL: there is none, and no connection any more. */
struct redisReply *node_receive(struct node *node);

/* How long that reply was waited for, in microseconds. */
long long node_took_us(const struct node *node);

#endif
