/* admission.h - may the client do this?  The one decision of both programs, for requests, commands
 * and streams: by address, password, Host and Origin, see http/access.h, and where keys are
 * required by the key.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROTOCOL_ADMISSION_H
#define PROTOCOL_ADMISSION_H

#include <stdbool.h>

#include "base/status.h"
#include "base/text.h"
#include "broker/authkey.h"
#include "http/access.h"

struct authkey_cache;

struct admission {
    unsigned rights;           /* one of them is enough */
    bool changes;              /* it is no mere look, see access_check() */
    bool is_vague;             /* the rights count, and not what it is about */
    const char *name;          /* of the queue, channel, … that it is about; NULL: */
    struct text_list names;    /* several; none: all that there are */
    const struct authkey *key; /* the visitor's, while its record is valid; NULL: not looked at */
};

/* Decides.  FORBIDDEN, UNAUTHORIZED; UNAVAILABLE: the password or the key cannot be checked now;
 * LATER: nor in this turn.  NEEDS_KEY: all is well but for the visitor's key, whose record must be
 * read by authkey_call() and stored first; then admission_go_on() decides. */
enum status admission_begin(struct admission *admission, struct access *access,
                            struct authkey_cache *keys, const struct visitor *visitor,
                            struct reason *reason);
enum status admission_go_on(struct admission *admission, struct access *access,
                            const struct visitor *visitor, const struct authkey *key,
                            struct reason *reason);

/* The same in the two languages, that of acl.conf and that of keys.  Who streams reads; no priv is
 * the right to stream. */
unsigned admission_privs_of(unsigned rights);
unsigned admission_rights_of(unsigned privs);

#endif
