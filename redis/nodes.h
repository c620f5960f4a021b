/* nodes.h - where Redis is, how a connection to it begins, and what is known of it.
 *
 * A Redis stands in the settings, or sentinels say which one is the master; then the sentinels are
 * nodes of their own.  So is each member of a Redis Cluster.  Transports ask for the address
 * whenever they dial, and say what became of it.  No I/O but a line in the log when Redis goes, and
 * when it is back.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef REDIS_NODES_H
#define REDIS_NODES_H

#include <stdbool.h>

#include "base/address.h"
#include "base/settings.h"
#include "redis/login.h"
#include "redis/outage.h"

struct tls;
struct tls_context;

struct nodes {
    const struct settings *settings;
    struct tls_context *tls;
    struct outage outage;
    bool are_sentinels;
    bool is_member;
    char master[ADDRESS_TEXT]; /* "": not known yet; of sentinels: the one to be asked; of
                                a cluster: the member */
};

/* The settings must outlive the nodes, or be replaced below. */
void nodes_init(struct nodes *nodes, const struct settings *settings);
void nodes_clear(struct nodes *nodes);

/* The sentinels of these settings: nodes_found() says which one is dialled. */
void nodes_init_sentinels(struct nodes *nodes, const struct settings *settings);

/* One member of a cluster, at this "host:port", which is copied.  It is there until it is cleared,
 * whatever the settings say later. */
void nodes_init_member(struct nodes *nodes, const struct settings *settings, const char *at);

/* Uses other settings from now on, of the same kind; the old ones are still there for the
 * comparison, whatever address in memory they have by now.  True: connections must be made anew. */
bool nodes_configure(struct nodes *nodes, const struct settings *old,
                     const struct settings *settings);

/* Do sentinels say where Redis is? */
bool nodes_have_sentinels(const struct nodes *nodes);

/* Is it a Redis Cluster?  Then where its members are is not known here. */
bool nodes_are_cluster(const struct nodes *nodes);

/* They say that it is there.  True: that is another address than before, which the log says. */
bool nodes_found(struct nodes *nodes, const char *at);

/* Where to dial; false: that is not known yet. */
bool nodes_address(const struct nodes *nodes, struct address *address);

/* What to say first (see login.h), how long to wait for a connection, and for an answer. */
void nodes_login(const struct nodes *nodes, struct login *login);
long long nodes_dial_ms(const struct nodes *nodes);
long long nodes_timeout_ms(const struct nodes *nodes);

/* The session of a connection, see tls_new(); NULL: it goes without TLS. */
struct tls *nodes_tls(const struct nodes *nodes, const char *host, int fd);

/* For the log: the address, or what stands in the settings while none is known. */
const char *nodes_name(const struct nodes *nodes);

/* A connection failed.  Only the first failure is a line, until nodes_answered(); true: this one
 * is. */
bool nodes_failed(struct nodes *nodes, const char *what, const char *why);

/* Redis answers.  True: that is a line. */
bool nodes_answered(struct nodes *nodes);

#endif
