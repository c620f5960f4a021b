/* consumers.h - thousands of websockets in one process, at little cost: the load of the fan-out.
 *
 * They do what a well-behaved client must (answer pings, notice a close) and look no deeper.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_BENCH_CONSUMERS_H
#define TESTS_BENCH_CONSUMERS_H

#include <stddef.h>
#include <stdint.h>

#include "tests/bench/address.h"

struct consumer {
    int fd;
    enum { CONSUMER_CONNECTING, CONSUMER_SHAKING, CONSUMER_OPEN, CONSUMER_GONE } state;
    uint32_t next; /* for who hears the messages: the number of the one to come */
    uint32_t mark; /* likewise: whatever it wants to remember */
    char *rest;    /* the beginning of a frame; NULL: none */
    uint32_t rest_len;
};

/* A whole text message of a consumer, read at time_ns. */
typedef void consumers_text(void *user, struct consumer *consumer, const char *text, size_t len,
                            uint64_t time_ns);

struct consumers {
    int epoll_fd;
    struct address address;
    const char *path; /* '%' stands for the number of the consumer */
    struct consumer *all;
    int count;
    int started;
    int open;
    int gone; /* closed, refused or broken, at any time */
    consumers_text *text;
    void *user;
};

uint64_t monotonic_ns(void);

/* Starts to connect them, some at a time; consumers->all counts from 0.  Events of epoll_fd whose
 * data.u64 is below count are theirs. */
void consumers_start(struct consumers *consumers);
void consumers_event(struct consumers *consumers, uint64_t number);

/* Closes without the TIME_WAIT that would use up the ports of the next round. */
void consumers_close(struct consumers *consumers);

#endif
