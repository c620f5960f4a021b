/* client.h - requests to the broker, and what their answers mean for the caller of the program.
 *
 * A request is sent again where docs/guarantees.txt says that this does no harm: see enum repeat.
 * The calls block.  A signal does not end one, but where the client is told to stop.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "cli/order.h"

enum repeat {
    REPEAT_UNDONE, /* only where it is known that nothing was done */
    REPEAT_SAFE,   /* also where it is not known: twice is as once */
};

struct ask {
    const char *method;
    const char *target; /* what stands behind the broker's URL */
    const char *type;   /* Content-Type; NULL: there is no body */
    const char *body;
    size_t len;
    const char *accept; /* NULL: application/json */
    const char *once;   /* Idempotency-Key; NULL: none */
    enum repeat repeat;
    unsigned wait_seconds; /* that the broker may take longer than usual, for a long-poll */
};

enum {
    CLIENT_FACT = 256,              /* the longest header value that is kept, a NUL behind it */
    CLIENT_BODY = 16 * 1024 * 1024, /* the longest answer of a broker: 1 MiB of NUL in JSON is 6 */
};

struct result {
    int status; /* of HTTP; 0: there was none */
    struct buffer body;
    char next[CLIENT_FACT]; /* the query of the next page, "" on the last one */
    bool is_second;         /* an earlier try of this request may have been done */
    char why[512];          /* when it failed: one line */
};

struct client;

/* For what the order says.  NULL: *outcome says how the program ends; it was told. */
struct client *client_open(const struct order *order, enum outcome *outcome);
void client_close(struct client *client);

/* In a process that was forked the connection is the other one's: begins a new one. */
void client_forked(struct client *client);

/* How long one try may take, and how long to try again, in seconds, from now on; 0, 0: as the order
 * says. */
void client_limit(struct client *client, unsigned answer_seconds, unsigned patience_seconds);

/* Requests and pauses end when this becomes true, as if no answer had come.  Kept by reference. */
void client_stop_on(struct client *client, const volatile bool *stop);

/* Sends it, again and again if need be.  DONE with a status of 2xx; else the answer has the reason.
 * Clear the answer in any case; it may be used again without that. */
enum outcome client_ask(struct client *client, const struct ask *ask, struct result *answer);
void result_clear(struct result *answer);

/* The same, and tells why it failed. */
enum outcome client_must(struct client *client, const struct ask *ask, struct result *answer);

/* A stream: each piece of it as it comes.  False from the function ends it, with DONE. */
typedef bool client_piece(void *user, const char *data, size_t len);
enum outcome client_stream(struct client *client, const char *target, client_piece *piece,
                           void *user, struct result *answer);

/* 32 new random hexadecimal digits for an Idempotency-Key; a NUL behind. */
enum { CLIENT_ONCE = 33 };
void client_make_once(char once[CLIENT_ONCE]);

#endif
