/* access.h - may this request be handled?  The one place where that is decided, for both programs:
 * by address, password, Host and Origin.  Keys, which stand in Redis, are broker/authkey.h's.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HTTP_ACCESS_H
#define HTTP_ACCESS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/settings.h"
#include "base/status.h"
#include "base/watched.h"
#include "http/acl.h"
#include "http/credentials.h"
#include "http/journal.h"
#include "http/request.h"

struct config;

struct access {
    const struct settings *settings;
    struct acl *acl;
    char *file; /* of the acl, "" for none */
    struct watched watched;
    struct journal journal;
};

/* Reads the acl that the settings name; they are kept by reference.  False fills the problem. */
bool access_open(struct access *access, const struct settings *settings,
                 struct file_problem *problem);
void access_close(struct access *access);

/* Would some be refused by these settings that were let in by those before? */
bool access_has_new_bounds(const struct settings *now, const struct settings *before);

/* Uses other settings, and reads the acl again if it has changed or when forced; looks once a
 * second at most.  A bad file is said in the log, and the rules before it stay.  True: the file was
 * another one than before. */
bool access_refresh(struct access *access, const struct settings *settings, bool force);

/* Writes the rules to the log, and a warning if everybody may read the password for Redis. */
void access_log(const struct access *access);

/* Who may do what, "right = rule" a line. */
void access_print(const struct access *access, FILE *out);

/* A warning about the file that settings_open_secret() names. */
extern const char access_open_secret[];

/* Is this peer (NULL: a unix socket) a proxy whose word counts? */
bool access_trusts(const struct access *access, const struct ip *ip);

/* The client of a request; texts point into the head. */
struct visitor {
    bool has_ip;
    struct ip ip;
    const char *unread; /* the field that should have told the address, and is none; NULL: fine */
    bool is_secure;     /* it speaks TLS, as the web server or a trusted proxy says */
    bool is_prefetch;   /* of what its user may never look at */
    struct credentials credentials;
    const char *cookies; /* one of which may have the password; NULL: none */
    const char *key;     /* an authkey; NULL: none */
    const char *host;    /* Host */
    const char *origin;  /* Origin; NULL: no page in a browser, or a page of the same origin */
    const char *site;    /* Sec-Fetch-Site */
};

/* A request begins, or a turn of the loop: passwords may be hashed for it, see guesses.h. */
void access_begin_turn(struct access *access);

/* May clients have to send a password or a key? */
bool access_has_secrets(const struct access *access);

/* Reads the visitor from the head, and from the form (authkey=).  The address is that of the peer,
 * or what a trusted proxy says about it. */
void visitor_read(struct visitor *visitor, const struct request_head *head, const struct form *form,
                  const struct access *access);

/* Has the visitor one of the rights?  FORBIDDEN: not from this address, host or page; UNAUTHORIZED:
 * not without the right password; UNAVAILABLE: that cannot be told now; LATER: nor in this turn,
 * but maybe in the next one, with the reason for a caller that cannot wait for it. changes: it is
 * no mere look, so that neither a page of another origin nor a prefetch may cause it.  To look at
 * what needs no right everybody may, under any name. */
enum status access_check(struct access *access, unsigned rights, const struct visitor *visitor,
                         bool changes, struct reason *reason);

/* All that the visitor may do by Host, address and password.  UNAVAILABLE and LATER as
 * above. */
enum status access_rights(struct access *access, const struct visitor *visitor, unsigned *rights,
                          struct reason *reason);

/* May the visitor's key be looked at now?  UNAVAILABLE: it comes from where wrong ones came from.
 * Its record may stand in Redis, so the caller tells the outcome once it has looked at it. */
enum status access_try_key(struct access *access, const struct visitor *visitor,
                           struct reason *reason);
void access_tried_key(struct access *access, const struct visitor *visitor, bool is_known);

/* Is it a page that the settings name, to which answers may be shown (CORS)? */
bool access_is_shared(const struct access *access, const struct visitor *visitor);

#endif
