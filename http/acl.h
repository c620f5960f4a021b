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

/* What may be done; each but NONE is a section of the file. */
enum right {
    RIGHT_NONE,      /* everybody may */
    RIGHT_PRODUCER,  /* rest:producer: to push, and to change a queue */
    RIGHT_CONSUMER,  /* rest:consumer: to take and to look */
    RIGHT_COMET,     /* comet:consumer: comet and server-sent events */
    RIGHT_WEBSOCKET, /* websocket:consumer */
    RIGHT_ADMIN,     /* admin */
    RIGHTS
};

/* Who asks, as far as a section can tell. */
struct acl_client {
    const struct ip *ip; /* NULL: not known, and in no network but "all" */
    const char *user;    /* NULL: no password was given */
    const char *password;
};

struct acl;

/* Reads the file; "" means that there is none, and all is for loopback only.  NULL fills the
 * problem. */
struct acl *acl_load(const char *file, struct file_problem *problem);
void acl_free(struct acl *acl);

/* Takes over what the rules before knew of the passwords that are still the same. */
void acl_remember(struct acl *acl, const struct acl *before);

/* May nobody do that but who is on this machine?  RIGHT_NONE: nobody any of the others? */
bool acl_is_for_loopback(const struct acl *acl, enum right right);

/* FORBIDDEN: not from this address; UNAUTHORIZED: a password is missing or wrong; UNAVAILABLE:
 * the password cannot be checked just now.  A hashed one takes some milliseconds, but for the one
 * that was right last; see guesses.h for how often. */
enum status acl_check(struct acl *acl, enum right right, const struct acl_client *client,
                      struct reason *reason);

/* What is in force, a line for each section: "rest:producer = loopback only". */
void acl_print(const struct acl *acl, FILE *out);

#endif
