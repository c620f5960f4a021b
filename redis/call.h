/* call.h - one operation on its way to Redis: what to send, and how to read the answer.
 *
 * A call is built without I/O by the functions of queue.h and its neighbours; a transport
 * (link.h) sends it and hands the reply to its decoder.  So an operation is written once for
 * every transport, and tested without Redis.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef REDIS_CALL_H
#define REDIS_CALL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/status.h"

struct call;
struct redisReply;
struct script;

/* Reads a reply that is no error into call->result.  What it stores may point into the reply.
 * AGAIN: run the same call once more, see next.h. */
typedef enum status call_decode(struct call *call, const struct redisReply *reply,
                                struct reason *reason);

/* The owner of a call's keys: in a Redis Cluster, all keys of an owner are on one node.  The kinds
 * are those of broker/keys.h; zeroed memory is no owner: such a call has no keys and may go to any
 * node. */
struct owner {
    int kind;
    const char *name;
    size_t len;
};

/* Calls that must run before or behind one, for what they do has another slot.  Each function
 * builds one and returns true, or false when there is none; the call has its reply when after() is
 * asked. Behind the other call is what its own after() says.  Names that need not be said again are
 * noted as known. */
struct known;
struct call_around {
    bool (*before)(const struct call *call, struct known *known, struct call *other);
    bool (*after)(const struct call *call, struct known *known, struct call *other);
};

/* Whether a call changes something. */
enum change {
    CHANGE_NONE,
    CHANGE_SOME,
    CHANGE_KEPT, /* a message is new: replicas may have to have it, see replicas.h */
};

struct call_arg {
    const char *data; /* NULL: in the call's own text, at offset */
    size_t offset;
    size_t len;
};

struct call {
    const struct script *script;      /* NULL: the arguments are a plain command */
    const struct call_around *around; /* NULL: nothing must run but this */
    long long clock_us;  /* 0: Redis's own; tests set it, and it stays for the calls after */
    enum change changes; /* as its script, unless the builder knows better; a command only reads */
    bool has_trash;      /* the decoder has found some: see call_left_trash() */
    int owner;           /* kind of the owner */
    size_t owner_len;    /* of its name, with which the text begins */
    int first_key;       /* number of the argument that is the first key: of a command, 1 */
    int keys;            /* so many arguments, one behind the other, are keys */
    int slot;  /* of a call without keys: it goes to the master of this one; -1: anywhere */
    int route; /* number of the argument that is the owner's first key; -1: none yet */
    unsigned long long strangers; /* keys.h: keys of other owners among the arguments, as bits */
    unsigned long long hidden;    /* keys.h: the owner's keys that are no keys of the call */
    int bodies;                   /* of messages, that its answer may have */
    size_t most_bytes;            /* of these together, unless it is one */
    long trash_queue;             /* where its name begins in the text; -1: none */
    int count;
    int size;
    struct call_arg *args;
    struct call_arg guard; /* a key behind the others of a script, or of no length */
    struct buffer text;
    call_decode *decode;
    void *result;
    struct redisReply *reply; /* of the last run, or NULL; the result may point into it */
    const char **argv;        /* filled by call_resolve() */
    size_t *argv_len;
};

/* A call that is sent together with others, none of which waits for another. */
enum { ERRANDS = 50 }; /* so many of them at most */
struct errand {
    struct call call;
    void *user; /* whoever runs it has it */
    enum status status;
    struct reason reason;
};

/* Zeroed memory is an unused call, which may be begun again and again. */
void call_clear(struct call *call);
void call_begin(struct call *call, struct owner owner, const struct script *script,
                call_decode *decode, void *result);

/* Its answer may have so many bodies of messages, with so many bytes together at most, or one.
 * bodies 0: so many bytes. */
void call_expect(struct call *call, long long bodies, size_t most_bytes);

/* The decoder may find that this queue has something to sweep; the name is copied. */
void call_may_leave_trash(struct call *call, const char *queue);

/* Once the call has run: the queue that has something to sweep, until the call is changed; NULL:
 * none has.  Whoever runs calls for others looks at this after each, see sweep_look(). */
const char *call_left_trash(const struct call *call);

/* An argument that stays the caller's: it must live until the call has run. */
void call_bytes(struct call *call, const char *data, size_t len);

/* Copies the arguments that are the caller's, which need not live any longer. */
void call_own(struct call *call);

/* Arguments that are copied. */
void call_text(struct call *call, const char *before, const char *name, size_t name_len,
               const char *after);

/* Makes the last argument, which must be one that was copied, longer. */
void call_append(struct call *call, const char *data, size_t len);
void call_append_number(struct call *call, long long number);

void call_number(struct call *call, long long number);

/* The last argument is a key. */
void call_declare(struct call *call, bool is_owners);

/* The script has one more key, behind all others, which none of these functions counts: the owner's
 * name between these two. */
void call_guard(struct call *call, const char *before, const char *after);

/* Bytes of memory that it takes beside itself. */
size_t call_size(const struct call *call);

/* The clock that scripts go by: "", or what a test brings. */
void call_clock(struct call *call);

/* What was added as number i from 0, keys too; until something else is added. */
const char *call_argument(const struct call *call, int i, size_t *len);

/* The key of its owner that says where the call goes, valid as an argument is; NULL: anywhere. */
const char *call_route(const struct call *call, size_t *len);

/* A call without keys asks the master of this slot in a Redis Cluster. */
void call_to_slot(struct call *call, int slot);

/* Its slot in a Redis Cluster; -1: any. */
int call_slot(const struct call *call);

/* For the transport: is there a call that must run well before this one, or behind it, if it has
 * run well?  The other one is filled in. */
bool call_before(const struct call *call, struct known *known, struct call *other);
bool call_after(const struct call *call, struct known *known, struct call *other);

/* For the transport: the call has ended with this reply, and owns it from now on.  The reply is
 * freed with the next call_begin() or call_clear(), or here by a later reply (NULL: none). */
void call_keep_reply(struct call *call, struct redisReply *reply);

/* The complete command in argv and argv_len, with the script's SHA-1 or its text; returns the
 * number of arguments.  Valid until the call is changed. */
int call_resolve(struct call *call, bool with_text);

#endif
