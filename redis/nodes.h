/* nodes.h - where Redis is, how a connection to it begins, and what is known of it.
 *
 * Today there is one node, that of the settings.  Transports ask for the address whenever they
 * dial, and say what became of it; so others, which Sentinel or a cluster names, need no change of
 * theirs. No I/O but a line in the log when Redis goes, and when it is back.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef REDIS_NODES_H
#define REDIS_NODES_H

#include <stdbool.h>

#include "base/address.h"
#include "base/settings.h"
#include "redis/login.h"
#include "redis/outage.h"

struct nodes {
    const struct settings *settings;
    struct outage outage;
};

/* The settings must outlive the nodes, or be replaced below. */
void nodes_init(struct nodes *nodes, const struct settings *settings);

/* Uses other settings from now on; the old ones are still there for the comparison, whatever
 * address in memory they have by now.  True: connections must be made anew. */
bool nodes_configure(struct nodes *nodes, const struct settings *old,
                     const struct settings *settings);

/* Where to dial, what to say first (see login.h), and how long to wait for an answer. */
void nodes_address(const struct nodes *nodes, struct address *address);
void nodes_login(const struct nodes *nodes, struct login *login);
long long nodes_timeout_ms(const struct nodes *nodes);

/* For the log. */
const char *nodes_name(const struct nodes *nodes);

/* A connection failed.  Only the first failure is a line, until nodes_answered(); true: this one
 * is. */
bool nodes_failed(struct nodes *nodes, const char *what, const char *why);

/* Redis answers.  True: that is a line. */
bool nodes_answered(struct nodes *nodes);

#endif
