/* admit.h - may whoever asks do this?  The one call before every handler.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_ADMIT_H
#define HANDLERS_ADMIT_H

#include "handlers/exchange.h"
#include "http/acl.h"

/* Has whoever asks one of these rights?  Ends as a handler does, and then() is told.  Checks
 * address, password, Host and Origin, and where keys are required the key, for the queues that the
 * request is about: exchange->queue, or those in its options queue and queues, or all.  FORBIDDEN,
 * UNAUTHORIZED; UNAVAILABLE when the password or the key cannot be checked now.  Who is refused is
 * noted in the log. */
enum status admit(struct exchange *exchange, unsigned rights, bool changes, finish *then);

/* As admit(), but whatever it is about: is this somebody who may do one of these things at all?  To
 * be asked before a request that cannot be done is told why. */
enum status admit_at_all(struct exchange *exchange, unsigned rights, bool changes, finish *then);

/* As admit(), but at once: for who has been admitted at all, before any other call was run. */
enum status admit_also(struct exchange *exchange, unsigned rights);

/* May whoever asks see this, too?  Ends as a handler does; only if so, then() is told OK.  Nobody
 * is refused anything, but who tries a password or a key is noted like anybody who is. */
enum status admit_sees(struct exchange *exchange, unsigned rights, finish *then);

/* Says in the log what whoever asks has done to more than one message. */
void admit_done(struct exchange *exchange, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
