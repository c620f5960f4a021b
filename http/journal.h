/* journal.h - lines in the log about who was refused, and who did what to more than one message:
 * for people, and for programs such as fail2ban.
 *
 *     refused 192.0.2.7 401: wrong user or password for rest:producer; POST "/q/foo", user "bob"
 *     done by 192.0.2.7: purge foo, 25 messages; user "bob", key "shop"
 *
 * What a client wrote stands between quotes, in which there is no quote and no line break, or in
 * the reason; so nobody can write another's address in front.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HTTP_JOURNAL_H
#define HTTP_JOURNAL_H

#include <stdbool.h>

#include "base/network.h"
#include "base/status.h"

enum journal_kind {
    JOURNAL_UNAUTHORIZED,
    JOURNAL_FORBIDDEN,
    JOURNAL_LATER, /* the password cannot be checked just now */
    JOURNAL_DONE,
    JOURNAL_KINDS
};

/* How much was said in this second; zeroed memory is a new one. */
struct journal {
    long long second;
    bool leaves_out; /* some lines were left out in this second */
    unsigned said[JOURNAL_KINDS], left_out[JOURNAL_KINDS];
};

struct journal_who {
    const struct ip *ip; /* NULL: not known */
    const char *user;    /* NULL: no password was given */
    const char *key;     /* the name of a client's key, never the key itself; NULL: none */
};

/* Says that the request, or what else is asked for ("on", the name of a queue), was refused: with
 * UNAUTHORIZED, FORBIDDEN or UNAVAILABLE.  Of the target only the path is shown: a key may stand
 * behind it. */
void journal_refused(struct journal *journal, const struct journal_who *who, enum status status,
                     const char *method, const char *target, const struct reason *reason);

/* Says what was done. */
void journal_done(struct journal *journal, const struct journal_who *who, const char *text);

/* To be called now and then: says how many lines were left out in a second that is over. */
void journal_catch_up(struct journal *journal);

#endif
