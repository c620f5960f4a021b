/* keyring.h - keys of clients are added, listed and removed by hand.
 *
 * The names of keys added here are kept in a set of their own, as the keyspace is never scanned.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef ADMIN_KEYRING_H
#define ADMIN_KEYRING_H

#include <stdbool.h>
#include <stdio.h>

#include "redis/link.h"

enum keyring_action { KEYRING_ADD, KEYRING_LIST, KEYRING_REMOVE };

struct keyring_order {
    enum keyring_action action;
    bool is_read;       /* the key is the first line of in; else ADD makes one */
    const char *queues; /* of ADD: names with commas between, or NULL */
    const char *privs;  /* likewise */
    const char *name;   /* of ADD: what logs call the key, or NULL */
    bool is_json;       /* what is told, is told so */
};

/* Fills action and is_read from the words of a command line, "add" and what follows it.
 * BAD_REQUEST: that is no order; queues, privs and name, which are there already, count too.  A key
 * among the words is refused, as others see them; the reason shows none. */
enum status keyring_order_read(struct keyring_order *order, const char *action, int count,
                               char **words, struct reason *reason);

/* Carries it out.  ADD writes the key to out, LIST a line for each key, REMOVE with JSON only; a
 * status that is not OK comes with the reason, which does not show the key. */
enum status keyring_run(struct link *link, const struct keyring_order *order, FILE *in, FILE *out,
                        struct reason *reason);

#endif
