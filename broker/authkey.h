/* authkey.h - RestMQ's keys for clients: the record AUTHKEY:<key>, what it allows, and a cache of
 * such records.
 *
 * A record is JSON, {"queues":["a","orders.*"],"privs":["read"],"name":"shop"}.  A key is a secret:
 * it is never logged, and no reason quotes it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_AUTHKEY_H
#define BROKER_AUTHKEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "redis/call.h"

/* The privs of a key.  A request needs one of a set of them; AUTHKEY_CREATE is the right to any
 * queue, which no request asks for. */
enum authkey_priv {
    AUTHKEY_READ = 1 << 0,     /* to take and to look */
    AUTHKEY_WRITE = 1 << 1,    /* to push and to publish */
    AUTHKEY_ADMIN = 1 << 2,    /* dead letters, pools, /metrics */
    AUTHKEY_CREATE = 1 << 3,   /* any queue */
    AUTHKEY_STATS = 1 << 4,    /* to look at numbers and settings */
    AUTHKEY_PURGE = 1 << 5,    /* to throw away what a queue has */
    AUTHKEY_SETTINGS = 1 << 6, /* to set, start and stop a queue */
    AUTHKEY_REMOVE = 1 << 7,   /* to remove a queue: in no record, but both of the two above, there
                                  and with its dead letters, which go with it */
};

/* One record.  Zeroed memory is the record of an unknown key, which allows nothing. */
struct authkey {
    bool is_known; /* there is a record, and it can be read */
    unsigned privs;
    struct buffer queues; /* names and patterns, each with a space behind it */
    char *name;           /* its owner's, for the log; NULL: none */
};

void authkey_clear(struct authkey *authkey);

/* May this be a key?  1 to LIMIT_AUTHKEY bytes of printable ASCII without spaces and quotes.
 * Nothing else may be asked for. */
bool authkey_is_valid(const char *key, size_t len);

/* Reads the record of a valid key.  On OK the caller clears *authkey; no record, and one that
 * cannot be read, are OK and not is_known. */
void authkey_call(struct call *call, const char *key, size_t len, struct authkey *authkey);
call_decode authkey_result;

/* Does this key grant one of `needs` on this queue (channel, topic, pool)?  NULL is a request for
 * all queues, or for none: that takes a key for any queue.  UNAUTHORIZED: the key is not known;
 * FORBIDDEN. */
enum status authkey_check(const struct authkey *authkey, unsigned needs, const char *queue,
                          struct reason *reason);

/* As authkey_check(), but for any queue. */
enum status authkey_check_privs(const struct authkey *authkey, unsigned needs,
                                struct reason *reason);

/* The name of the key in the log: its name, or the first eight hex digits of its SHA-256. authkey
 * may be NULL; returns the text. */
const char *authkey_name(const struct authkey *authkey, const char *key,
                         char name[LIMIT_AUTHKEY_NAME + 1]);

/* "read or stats": the names of a set of privs. */
enum { AUTHKEY_PRIVS_TEXT = 80 };
const char *authkey_priv_names(unsigned set, char names[AUTHKEY_PRIVS_TEXT]);

/* 1 to LIMIT_AUTHKEY_NAME bytes, of those that a key may have. */
bool authkey_name_is_valid(const char *name, size_t len);

/* --- making records ------------------------------------------------------------------------ */

/* A name that stands in "queues": a queue, "*" or "….*", which does not cover "….dead".  BAD_NAME
 * says what is wrong. */
enum status authkey_queue_check(const char *name, size_t len, struct reason *reason);

/* The name of a priv, and the next one's; NULL at the end.  BAD_VALUE: no such name. */
const char *authkey_priv_name(int index, enum authkey_priv *priv);
enum status authkey_priv_check(const char *name, size_t len, struct reason *reason);

/* Writes the record; it is replaced if the key has one. */
void authkey_set_call(struct call *call, const char *key, const char *record, size_t record_len);
call_decode authkey_set_result;

/* Removes the record.  NOT_FOUND: there was none. */
void authkey_remove_call(struct call *call, const char *key);
call_decode authkey_remove_result;

#endif
