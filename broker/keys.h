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

#include "base/limits.h"
#include "base/status.h"
#include "redis/call.h"

/* The owner of a key.  A call has one owner, and its builder adds keys of that owner only; the few
 * exceptions stand in crossings.c, which a test compares with all calls. */
enum owner_kind {
    OWNER_NOBODY, /* of a call without keys */
    OWNER_QUEUE,  /* it, and its dead letters */
    OWNER_TOPIC,  /* of presence; a call of the queue with its name may have its keys, too, and
                     those of the topic of its dead letters */
    OWNER_HELPER,
    OWNER_POOL,
    OWNER_CHANNEL, /* that remembers: its log */
    OWNER_CLIENT,  /* a client's key */
    OWNER_ALL,     /* of the one key that they share */
};

enum key {
    KEY_LIST,      /* <q>:queue: message keys, new ones left, old ones right */
    KEY_COUNTER,   /* <q>:UUID: number of the last message */
    KEY_STATUS,    /* queuestat::<q>: 1 started, 0 stopped */
    KEY_POLICY,    /* <q>:queuepolicy: 1 broadcast, 2 roundrobin */
    KEY_QUEUES,    /* QUEUESET: the names of all queues; takes no queue */
    KEY_NAMES,     /* those of QUEUESET that are the queue's, see keys_use_tags() */
    KEY_PREFIX,    /* <q>: and then a number is a message */
    KEY_CHANNEL,   /* <q>:PUBSUB: each new message's key is published here */
    KEY_LEASES,    /* restmq:{<q>}:leases: message key -> end in ms */
    KEY_RECEIPTS,  /* restmq:{<q>}:receipts: message key -> deliveries and token */
    KEY_DELAYED,   /* restmq:{<q>}:delayed: message key -> due time in ms */
    KEY_SETTINGS,  /* restmq:{<q>}:settings */
    KEY_STATS,     /* restmq:{<q>}:stats: counters of rare events */
    KEY_ONCE,      /* restmq:{<q>}:once: and then an Idempotency-Key */
    KEY_REMEMBERS, /* restmq:{<q>}:remembers: since when it has, as long as there may be any of them
                    */
    KEY_TRASH,     /* restmq:{<q>}:trash: numbers of purged parts */
    KEY_FOREIGN,   /* restmq:{<q>}:foreign: keys "<q>:<n>" of other programs, not of messages */
    KEY_SAMPLED,   /* restmq:{<q>}:sampled: the last sample, and when numbers were given */
    KEY_HISTORY,   /* restmq:{<q>}:history: samples of some days */
    KEY_EVENTS,    /* restmq:{<q>}:events: what happens to the queue is published here */
    KEY_BROADCAST, /* restmq:{<q>}:broadcast: messages on their way to all helpers */

    /* Of a topic instead of a queue: */
    KEY_PRESENCE,      /* restmq:presence:{<topic>}: ids of the helpers that have somebody there */
    KEY_PRESENCE_NEWS, /* restmq:presence:{<topic>}: who joins and leaves is published here */
    KEY_PRESENCE_ROWS, /* restmq:presence:{<topic>}: and then a helper's id: connection id -> row */
    KEY_TOPICS,        /* restmq:topics: topic -> ms when it had somebody; takes no topic */

    /* Of a helper's id: */
    KEY_HELPERS,       /* restmq:helpers: id -> ms of its last beat; takes no id */
    KEY_HELPER_TOPICS, /* restmq:helper:<id>:topics: where it may have rows */
    KEY_HELPER_ABOUT,  /* restmq:helper:<id>:about: its version and connections */

    KEY_WALKER, /* restmq:walker: id of the helper that walks over all queues, for some time; takes
                   no id */
    KEY_UNUSED, /* restmq:unused: queue -> since when it is empty and nobody uses it */
    KEY_INDEX,  /* restmq:index: the numbers of all queues as the last samples had them */

    /* Of a pool of servers instead of a queue: */
    KEY_POOL,         /* restmq:lb:{<pool>}: the names of its rows; with ":<row>" behind it, one of
                         them: server -> score */
    KEY_POOL_VERSION, /* restmq:lbv:{<pool>}: how often we added, moved or removed a server */
    KEY_POOLS,        /* restmq:pools: the names of all pools; takes no pool */

    /* Of a channel instead of a queue: */
    KEY_LOG,          /* restmq:log:{<channel>}: what was published and is kept */
    KEY_LOG_SETTINGS, /* restmq:log:{<channel>}:keep: how much is kept, and how the log stands */
    KEY_LOG_NEWS,     /* restmq:log:{<channel>}: ids and texts are published here */

    /* Of a client's key: */
    KEY_AUTHKEY,  /* AUTHKEY:<key>: what it allows */
    KEY_AUTHKEYS, /* restmq:authkeys: those that "restmq authkey" has added; takes no key */
};

/* The dead letters of foo are the queue foo.dead: its messages keep their keys "foo:<number>", and
 * its keys carry foo's hash tag. */
bool queue_is_dead(const char *queue);

bool queue_can_have_dead(const char *queue);

/* Writes the name of the queue's dead letters (LIMIT_NAME + 1 bytes); the queue's own where it
 * cannot have any. */
void queue_dead_name(const char *queue, char *name);

/* Writes the name of the queue whose dead letters these are; of others, their own. */
void queue_base_name(const char *queue, char *name);

/* From now on names are as a Redis Cluster needs them (setting hash_tags): all keys and channels of
 * a queue, pool or topic have its name in braces, so that they have one slot.  Such keys are not
 * those of an original RestMQ.  Two that all queues shared are the queue's own then: KEY_NAMES, in
 * which its name stands and that of its dead letters, and KEY_UNUSED.  A channel that begins with a
 * brace is a sharded one: SPUBLISH and SSUBSCRIBE.  Clients see and send the keys of messages
 * without braces all the same. */
void keys_use_tags(bool on);
bool keys_have_tags(void);

/* How many queues a call may have that could have so many: with tags one, as others have other
 * slots. */
int keys_together(int most);

/* Owners for call_begin(), which copies the name.  A queue's dead letters are the queue's, and
 * their topic belongs to the queue's topic. */
struct owner of_nobody(void);
struct owner of_queue(const char *queue);
struct owner of_topic(const char *topic);
struct owner of_helper(const char *helper);
struct owner of_pool(const char *pool);
struct owner of_channel(const char *channel);
struct owner of_client(const char *key, size_t len);
struct owner of_all(enum key key);

/* The owner of that key of the queue: the queue, or all that share it. */
struct owner of_key(enum key key, const char *queue);

/* Appends that name as a key, or as another argument, of a call.  One that is not the owner's is
 * noted in call->strangers; the owner's in a text is noted in call->hidden, unless it is a
 * channel or what names of bodies begin with. */
void keys_add_key(struct call *call, enum key key, const char *queue);
void keys_add_text(struct call *call, enum key key, const char *queue);

/* Appends the key of a message of the call's queue, which is as clients see it: as a key, whose
 * body the call has, or as another argument. */
void keys_add_message(struct call *call, const char *key, size_t len);
void keys_add_message_text(struct call *call, const char *key, size_t len);

/* Writes that name, KEY_SIZE bytes at most. */
enum { KEY_SIZE = LIMIT_NAME + 40 };
void keys_write(char *name, enum key key, const char *queue);

/* Appends a line feed and that name to the last argument; noted as keys_add_text() does. */
void keys_append_line(struct call *call, enum key key, const char *queue);

/* May this byte stand in a name? */
bool queue_is_name_byte(char c);

/* May this be a queue?  BAD_NAME says which rule it breaks.  The name has LIMIT_NAME bytes at
 * most, none of them NUL. */
enum status queue_name_check(const char *name, size_t len, struct reason *reason);

/* Of a message's key as Redis has it: as clients see it, which is a part of the same bytes; these
 * are changed.  What is no such key, or NULL, stays as it is. */
char *message_key_shown(char *key, size_t *len);

enum { MESSAGE_KEY = LIMIT_NAME + 24 }; /* bytes of a key, with a NUL */

/* The same, as a copy with a NUL; false: it can be no message's key. */
bool message_key_copy(char copy[MESSAGE_KEY], const char *key, size_t *len);

/* Writes the key of the queue's message of this number, as clients see it. */
void message_key(char key[MESSAGE_KEY], const char *queue, long long number);

/* Writes the name of the queue whose message has this key; false: it is no message's key. */
bool message_key_queue(const char *key, size_t len, char queue[LIMIT_NAME + 1]);

/* Is it the key of one of the queue's messages, "<queue>:<number>" (of foo.dead: "foo:<number>")?
 * Nothing else that comes from a client may ever be used as a key. */
bool message_key_is_of(const char *key, size_t len, const char *queue);

#endif
