/* acks.h - consumers with ack=explicit, which ack at the same moment what each was given.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_BENCH_ACKS_H
#define TESTS_BENCH_ACKS_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/bench/consumers.h"

enum { ACK_SIZE = 125 }; /* of the text: a frame of it has a short head */

struct acks {
    struct ack {
        char text[ACK_SIZE + 1]; /* "": it was given nothing yet */
    } * all;                     /* of each consumer; NULL: they do not ack */
    const char *queue;
    int held, acked;
};

/* If the path asks for it: "/ws/QUEUE?ack=explicit&…". */
void acks_open(struct acks *acks, const char *path, int count);
void acks_close(struct acks *acks);

/* What a consumer was sent: a message, or the answer to its ack.  False: neither. */
bool acks_take(struct acks *acks, size_t consumer, const char *text, size_t len);

/* Sends the acks of all. */
void acks_send(struct acks *acks, const struct consumers *consumers);

#endif
