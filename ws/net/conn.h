/* conn.h - one connection: its head, then a websocket, a stream or one answer; its outbox; its end.
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
#include "ws/codec/handshake.h"
#include "ws/codec/hixie.h"
#include "ws/net/heads.h"
#include "ws/net/outbox.h"
#include "ws/net/payload.h"
#include "ws/net/turn.h"
#include "ws/net/wheel.h"

struct response;
struct role;
struct server;

enum conn_state {
    CONN_HEAD,   /* the request is not complete */
    CONN_NONCE,  /* the eight bytes of hixie-76 are not complete */
    CONN_OPEN,   /* its role has it */
    CONN_ENDING, /* the role is done; what is queued goes out, then the connection closes */
    CONN_CLOSED, /* the socket is closed */
};

/* Close codes of RFC 6455 beside those of frame.h. */
enum {
    CLOSE_NORMAL = 1000,
    CLOSE_GOING_AWAY = 1001,
    CLOSE_UNACCEPTABLE = 1003,
    CLOSE_FORBIDDEN = 1008,
    CLOSE_AGAIN = 1012,
    CLOSE_TOO_SLOW = 1013,
};

/* Why it ends once its turn has come; see conn_leave(). */
enum leaving {
    STAYS,
    LEAVES_READ,   /* the peer has closed, in order */
    LEAVES_BROKEN, /* the connection is broken */
    LEAVES_RULES,  /* by which it was let in, and which are not in force any more */
    LEAVES_PURGED, /* its queue was */
    LEAVES_POLICY, /* ack=explicit, and its queue has the policy broadcast */
    LEAVES_ALL,    /* this program ends */
};

/* What sending to thousands of them touches stands side by side. */
struct conn {
    enum conn_state state : 8;
    enum shape shape : 8;
    enum ws_version version : 8; /* WS_NONE: no websocket */
    bool is_held : 1;            /* nothing goes out yet, not even the head */
    bool is_paused : 1;          /* reads nothing; what came already waits in `in` */
    bool is_head : 1;            /* the answer has no body */
    bool wants_page : 1;         /* an error is to be one */
    bool is_options : 1;         /* only what may be asked is asked for */
    bool is_arriving : 1;        /* its arrival is watched */
    bool wants_ping : 1;
    bool awaits_pong : 1;
    bool has_heard_close : 1;
    bool knows_events : 1; /* it is told when messages may be missing */
    bool is_half : 1;      /* nobody was let in yet: see heads.h */
    bool has_ip : 1;
    bool is_in_line : 1;   /* to be read: see reading.h */
    bool is_late : 1;      /* what it says now came earlier, and has waited */
    bool is_bulk : 1;      /* the last piece that was read of it was a full one */
    unsigned char leaving; /* enum leaving */
    uint16_t moved_at;     /* the step since which what it keeps waits without progress */
    uint32_t kept;         /* bytes of in and message, in the budget */
    uint32_t pong_end;     /* the end of the last pong in the outbox; its lower 32 bits */
    struct server *server;
    struct marked marked; /* at the end of this turn it is flushed, and may be freed */
    char *callback;       /* JSONP; NULL: none */
    struct outbox outbox;
    struct ev_io writable, readable;
    const struct role *role;
    void *role_data;
    struct conn *next, **link; /* of all connections */
    struct conn *next_arriving;
    int jobs;        /* calls to Redis that refer to it */
    unsigned rights; /* see access_rights() */
    uint32_t ping_number;
    uint32_t seen_written;  /* at the last look for progress; its lower 32 bits */
    char *key;              /* its authkey; NULL: none */
    char *user;             /* who gave a password, for the log; NULL: nobody */
    struct ip ip;           /* who asks, if has_ip */
    char *shared_origin;    /* of the page that it belongs to, if it is one of the settings' */
    struct payload *pong;   /* the answer to the newest ping, while an older one waits; or NULL */
    uint64_t ping_position; /* what was queued before the last ping */
    uint64_t pong_position; /* the peer has read all that was queued before this */
    struct timeout timeout;
    struct timeout look; /* at its key */
    struct buffer in;
    struct buffer
        message; /* a websocket's, as far as it has come; a copy of the head before that */
    union {
        struct frame_reader frame;
        struct hixie_reader hixie;
        uint32_t numbers[2];
        struct half_head half;
    } reader;
};

/* Takes over an accepted socket, which does not block; ip is the peer's address, NULL that of a
 * proxy. */
void conn_new(struct server *server, int fd, const struct ip *ip);

/* Queues a message for the end of the turn; takes a reference of its own.  Does nothing when the
 * connection is not open.  False: too much waits already; nothing was queued. */
bool conn_send(struct conn *conn, struct payload *payload);

/* As conn_send(), but writes at once when nothing waits: for the end of the turn. */
void conn_send_now(struct conn *conn, struct payload *payload);

/* One text message, or a line of its own. */
bool conn_send_text(struct conn *conn, const char *text, size_t len);

/* The head of a stream: bytes as they are. */
void conn_send_raw(struct conn *conn, const char *data, size_t len);

/* An HTTP answer, as bytes; and the same with the end behind it.  They may take the body away. */
void conn_send_response(struct conn *conn, struct response *response);

void conn_answer(struct conn *conn, struct response *response);

/* Lets go out what was held back. */
void conn_release(struct conn *conn);

/* An orderly end: a close frame with that code, or the last chunk. */
void conn_end(struct conn *conn, int code, const char *reason);

/* The end at the end of this turn, or a later one: thousands may be told in one turn.  Until then
 * nothing more is read or sent; who waits for an answer gets it.  The first reason counts. */
void conn_leave(struct conn *conn, enum leaving why);

/* The end at once. */
void conn_abort(struct conn *conn);

/* As conn_end() with CLOSE_TOO_SLOW, but what waits for it is forgotten. */
void conn_shed(struct conn *conn, const char *reason);

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

/* For routes.c: the head must be read once more, as if it had just come, after conn_resume(). */
void conn_reread(struct conn *conn);

/* For routes.c: the answer to the head of hixie-76 is queued, its eight bytes must come. */
void conn_await_nonce(struct conn *conn, const uint32_t numbers[2]);

/* For routes.c: the answer to the head is queued, the role may begin. */
void conn_open(struct conn *conn);

/* For reading.c: reads a piece of what there is. */
void conn_read(struct conn *conn);

/* Flushes it at the end of this turn; one that is closed, and that nobody refers to, is freed. */
void conn_mark(struct conn *conn);

/* For the server: */
void conn_act(struct marked *marked); /* at the end of a turn */
void conn_timeout(struct conn *conn);

#endif
