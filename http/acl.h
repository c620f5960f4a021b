/* acl.h - RestMQ's acl.conf: which addresses, with which password, may do what.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HTTP_ACL_H
#define HTTP_ACL_H

#include <stdbool.h>
#include <stdio.h>

#include "base/ini.h"
#include "base/network.h"
#include "base/status.h"

/* Rights.  Each is a bit: a set of rights, an `unsigned`, means "one of these is enough"; with the
 * empty set everybody may. */
enum right {
    RIGHT_NONE = 0,
    RIGHT_PRODUCER = 1 << 0,  /* rest:producer: to push and to publish */
    RIGHT_CONSUMER = 1 << 1,  /* rest:consumer: to take and to look */
    RIGHT_COMET = 1 << 2,     /* comet:consumer: comet and server-sent events */
    RIGHT_WEBSOCKET = 1 << 3, /* websocket:consumer */
    RIGHT_ADMIN = 1 << 4,     /* admin */
    RIGHT_STATS = 1 << 5,     /* stats: to look at numbers and settings */
    RIGHT_PURGE = 1 << 6,     /* rest:manager: to throw away what a queue has */
    RIGHT_SETTINGS = 1 << 7,  /* rest:manager, too: to set, start and stop a queue */
    RIGHT_REMOVE = 1 << 8,    /* rest:manager, too: to remove a queue with all that it has */
    RIGHTS_TO_MANAGE = RIGHT_PURGE | RIGHT_SETTINGS | RIGHT_REMOVE,
    RIGHTS_ALL = (1 << 9) - 1
};

/* The client, as far as a section looks at it. */
struct acl_client {
    const struct ip *ip; /* NULL: not known, and in no network but "all" */
    const char *user;    /* NULL: no password was given */
    const char *password;
};

struct acl;
struct guesses;

/* Reads the file; "" means that there is none, and all is for loopback only.  NULL fills the
 * problem. */
struct acl *acl_load(const char *file, struct file_problem *problem);
void acl_free(struct acl *acl);

/* Guesses at passwords and at keys are counted together. */
struct guesses *acl_guesses(struct acl *acl);

/* Has one of the sections a password? */
bool acl_has_password(const struct acl *acl);

/* Takes over what the rules before knew of the passwords that are still the same. */
void acl_remember(struct acl *acl, const struct acl *before);

/* Those of the rights that only clients on this machine have. */
unsigned acl_loopback_rights(const struct acl *acl, unsigned rights);

/* Has the client one of these rights?  FORBIDDEN: none of them from this address; UNAUTHORIZED: a
 * password is missing or wrong; UNAVAILABLE: the password cannot be checked just now, see
 * guesses.h; LATER: it can in another turn. A hashed one takes some milliseconds, but for the one
 * that was right last. */
enum status acl_check(struct acl *acl, unsigned rights, const struct acl_client *client,
                      struct reason *reason);

/* Prints the rule of each section, a line each: "rest:producer = loopback only". */
void acl_print(const struct acl *acl, FILE *out);

#endif
