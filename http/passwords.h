/* passwords.h - is a password right?  Plain ones and hashes of crypt(3), with a memory of what was
 * right or wrong, and a bound on guesses and on hashing (guesses.h).
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HTTP_PASSWORDS_H
#define HTTP_PASSWORDS_H

#include <stdbool.h>

#include "base/network.h"
#include "base/status.h"
#include "http/guesses.h"

enum {
    PASSWORDS = 8,        /* sections of acl.conf, at most */
    PASSWORD_DIGEST = 32, /* bytes of a SHA-256 */
    PASSWORD_WRONG = 16,  /* wrong ones that are remembered of each */
};

/* The password that was right last, and those that were wrong last, so that not each request hashes
 * one: a client with the password of one section is asked about all sections. */
struct password_memory {
    bool has_right;
    unsigned char right[PASSWORD_DIGEST];
    unsigned char wrong[PASSWORD_WRONG][PASSWORD_DIGEST];
    unsigned wrong_count;
};

/* The password of each section; the texts belong to the owner. */
struct passwords {
    struct guesses guesses;
    struct {
        const char *text; /* NULL: this section has none */
        struct password_memory memory;
    } of[PASSWORDS];
};

/* Zeroed memory has no passwords; this prepares it. */
void passwords_begin(struct passwords *passwords);

/* Begins the text like a hash, but crypt(3) of this system does not know its kind? */
bool password_is_strange(const char *text);

/* Compares in the same time for every text that is wrong. */
bool password_is_same(const char *left, const char *right);

/* Takes over what was remembered, of guesses and of passwords that are the same still. */
void passwords_remember(struct passwords *passwords, const struct passwords *before);

/* Is the password that an address (NULL: not known) gives right for a section that has one?
 * OK; UNAUTHORIZED; UNAVAILABLE: the address has to wait, see guesses.h; LATER: not in this turn.
 * An address that has to wait is not told that its password is right: waiting would keep nobody
 * from guessing otherwise. */
enum status passwords_check(struct passwords *passwords, int section, const struct ip *ip,
                            const char *given);

#endif
