/* conn.h - one connection: a websocket, a stream or one answer; its outbox. talk.c reads the bytes
 * of its peer, ending.c ends it in order.
 *
 * Nothing here calls back before the loop's turn ends but the functions of role.h.  A connection
 * that is closed stays in memory until then, and as long as a job refers to it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_NET_CONN_H
#define WS_NET_CONN_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/network.h"
#include "ws/codec/frame.h"
#include "ws/codec/handshake.h"
#include "ws/codec/hixie.h"
#include "ws/net/heads.h"
#include "ws/net/outbox.h"
#include "ws/net/payload.h"
#include "ws/net/reading.h"
#include "ws/net/squeeze.h"
#include "ws/net/turn.h"
#include "ws/net/watch.h"
#include "ws/net/wheel.h"

struct front;
struct role;
struct settings;

enum conn_state {
    CONN_HEAD,   /* the request is not complete */
    CONN_NONCE,  /* the eight bytes of hixie-76 are not complete */
    CONN_OPEN,   /* its role has it */
    CONN_ENDING, /* the role is done; what is queued goes out, then the connection closes */
    CONN_CLOSED, /* the socket is closed */
};

/* The client at the other end. */
struct asker {
    unsigned rights; /* see access_rights() */
    bool has_ip;
    struct ip ip;        /* if has_ip */
    char *key;           /* its authkey; NULL: none */
    char *user;          /* who gave a password, for the log; NULL: nobody */
    char *shared_origin; /* of the page that it belongs to, if it is one of the settings' */
};

/* The form of the answer, as the request wants it. */
struct wishes {
    bool is_head : 1;    /* without a body */
    bool wants_page : 1; /* an error is to be one */
    bool is_scripts : 1; /* a page's script asks */
    bool is_options : 1; /* only what may be asked is asked for */
};

/* A websocket's pings, and those of its peer. */
struct pings {
    bool is_wanted, is_awaited; /* ours; its answer */
    uint32_t number;            /* of the last one */
    uint64_t position;          /* what was queued before it */
    uint64_t arrived;           /* the peer has read all that was queued before this */
    struct payload *pong;       /* our answer to the newest, while an older one waits; or NULL */
    uint32_t pong_end;          /* the end of the last pong in the outbox; its lower 32 bits */
};

/* The bytes and messages that the peer sends. */
struct intake {
    bool is_paused : 1;       /* reads nothing; what came already waits in `in` */
    bool is_in_line : 1;      /* to be read: see reading.h */
    bool is_bulk : 1;         /* the last piece that was read of it was a full one */
    bool has_heard_close : 1; /* the peer has the last word, and has said it */
    bool is_half : 1;         /* nobody was let in yet: see heads.h */
    struct buffer bytes;      /* as far as they are not done */
    struct buffer message;    /* a websocket's, or the body of a request */
    union {
        struct frame_reader frame;
        struct hixie_reader hixie;
        uint32_t numbers[2];
        struct half_head half;
    } reader;
};

/* How long it has kept something without getting on. */
struct delay {
    uint16_t moved_at;     /* the step since which what it keeps waits without progress */
    uint32_t kept;         /* bytes of its intake, in the budget */
    uint32_t seen_written; /* at the last look for progress; its lower 32 bits */
};

/* Members that sending to thousands of connections touches stand side by side. */
struct conn {
    enum conn_state state : 8;
    enum shape shape : 8;
    enum ws_version version : 8; /* WS_NONE: no websocket */
    bool is_held : 1;            /* nothing goes out yet, not even the head */
    bool knows_events : 1;       /* it is told when messages may be missing */
    bool is_local : 1;           /* it came to an address that only this machine can reach */
    unsigned char leaving;       /* enum leaving, of ending.h */
    struct wishes wishes;
    struct delay delay;
    int jobs; /* what refers to it: see conn_hold() */
    struct conns *conns;
    struct marked marked; /* at the end of this turn it is flushed, and may be freed */
    char *callback;       /* JSONP; NULL: none */
    struct outbox outbox;
    struct ev_io writable, readable;
    const struct role *role;
    void *role_data;
    void *asked; /* the front's: the request that it has read and not decided on; or NULL */
    struct conn *next, **link; /* of all connections */
    struct marked arrival;     /* which is watched */
    struct asker asker;
    struct pings pings;
    struct timeout timeout;
    struct timeout look; /* at its key */
    struct intake in;
};

/* Begins and ends what it reads: who hears what comes, see talk.h. */
struct hearing {
    void (*readable)(struct ev_loop *loop, struct ev_io *io, int events); /* io->data: the conn */
    void (*resumed)(struct conn *conn);                                   /* not closed */
};

/* The codes of close frames that are counted, the last one for all others. */
enum { CLOSE_KINDS = 11 };

/* All connections, and what they share. */
struct conns {
    struct ev_loop *loop;
    struct turn *turn;
    struct budget *budget;
    const struct settings *settings;
    const struct front *front; /* who lets them in: see front.h */
    void *user;                /* the front's */
    const struct hearing *hearing;
    void (*end)(struct conn *conn); /* of one that is leaving: see ending.h */
    struct talk *talk;              /* what talk.c reads with */
    struct squeeze squeeze;
    struct conn *first;
    long long count;
    struct heads heads;
    struct reading reading;
    struct wheel wheel;
    struct wheel looks;                     /* at keys */
    unsigned steps;                         /* of the wheels, ever */
    unsigned long long closes[CLOSE_KINDS]; /* close frames sent, ever */
    struct watch arrivals;
};

/* For conns.c: takes over an accepted socket. */
struct conn *conn_new(struct conns *conns, int fd);

/* Queues a message for the end of the turn; takes a reference of its own.  Does nothing when the
 * connection is not open.  False: too much waits already; nothing was queued. */
bool conn_send(struct conn *conn, struct payload *payload);

/* As conn_send(), but writes at once when nothing waits: for the end of the turn. */
bool conn_send_now(struct conn *conn, struct payload *payload);

/* The head of a stream: bytes as they are. */
void conn_send_raw(struct conn *conn, const char *data, size_t len);

/* As conn_send(), whatever the state, and however much waits. */
void conn_queue(struct conn *conn, struct payload *payload);

/* Lets go out what was held back. */
void conn_release(struct conn *conn);

/* The end at once. */
void conn_abort(struct conn *conn);

/* Is it open, so that what is sent may arrive? */
bool conn_is_open(const struct conn *conn);

/* Has the peer gone, although nothing is read of that yet? */
bool conn_has_hung_up(const struct conn *conn);

/* What was queued before this position is known to have arrived: a websocket has answered a ping
 * behind it, or else the kernel has nothing left to send. */
uint64_t conn_arrived(struct conn *conn);

/* Asks to be told, by role->progress(), when that changes. */
void conn_watch_arrival(struct conn *conn);

/* Stops and continues to read messages; from within role->message() only the rest is held back. */
void conn_pause(struct conn *conn);
void conn_resume(struct conn *conn);

/* Sets the role's timeout, for roles with one answer. */
void conn_wait(struct conn *conn, unsigned ms);

/* What refers to it keeps it in memory: calls to Redis, mostly. */
void conn_hold(struct conn *conn);
void conn_drop(struct conn *conn);

/* Flushes it at the end of this turn; a closed one without references is freed. */
void conn_mark(struct conn *conn);

void conn_act(struct marked *marked);
void conn_flush(struct conn *conn);

/* The role is let go, as if it had never been. */
void conn_leave_role(struct conn *conn);

/* Counts what it has sent and what is not done, after that may have changed. */
void conn_count_kept(struct conn *conn);

/* Sets the connection's timeout. */
void conn_set_timeout(struct conn *conn, unsigned ms);

/* Has the front look at the connection after that time. */
void conn_look_in(struct conn *conn, unsigned ms);

/* So long an open stream may be idle. */
unsigned conn_idle_ms(const struct conn *conn);

static inline bool conn_is_websocket(const struct conn *conn)
{
    return conn->version != WS_NONE;
}

static inline bool conn_has_pings(const struct conn *conn)
{
    return conn->version >= WS_HYBI7;
}

/* The connection was let in, or is closed: see heads.h.  Or all that it has asked so far is
 * answered. */
void conn_let_in(struct conn *conn);
void conn_let_out(struct conn *conn);

/* Is there a pong in the outbox? */
bool conn_has_pong(const struct conn *conn);
void conn_send_pong(struct conn *conn, struct payload *pong); /* takes the reference over */

#endif
