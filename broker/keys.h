/* keys.h - the names of everything we keep in Redis; nobody else knows them.
 *
 * The names without "restmq:" are RestMQ's own, shared with the original and the Sinatra
 * endpoint byte for byte.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_KEYS_H
#define BROKER_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "broker/call.h"

enum key {
    KEY_LIST,    /* <q>:queue: message keys, new ones left, old ones right */
    KEY_COUNTER, /* <q>:UUID: number of the last message */
    KEY_STATUS,  /* queuestat::<q>: 1 started, 0 stopped */
    KEY_POLICY,  /* <q>:queuepolicy: 1 broadcast, 2 roundrobin */
    KEY_QUEUES,  /* QUEUESET: the names of all queues; takes no queue */
    KEY_TRASH,   /* restmq:{<q>}:trash: numbers of purged lists */
    KEY_PREFIX,  /* <q>: and then a number is a message */
    KEY_CHANNEL, /* <q>:PUBSUB: each new message's key is published here */
    KEY_EVENTS,  /* restmq:{<q>}:events: what happens to the queue is published here */
};

/* Appends that name as a key, or as another argument, of a call. */
void keys_add_key(struct call *call, enum key key, const char *queue);
void keys_add_text(struct call *call, enum key key, const char *queue);

/* May this be a queue?  BAD_NAME says which rule it breaks.  The name has LIMIT_NAME bytes at
 * most, none of them NUL. */
enum status queue_name_check(const char *name, size_t len, struct reason *reason);

/* Is it the key of one of the queue's messages, "<queue>:<number>"?  Nothing else that comes from
 * a client may ever be used as a key. */
bool message_key_is_of(const char *key, size_t len, const char *queue);

#endif
