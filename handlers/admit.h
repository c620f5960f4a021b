/* admit.h - may the client do this?  The one call before every handler.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_ADMIT_H
#define HANDLERS_ADMIT_H

#include "handlers/exchange.h"
#include "http/acl.h"

/* Has the client one of these rights?  Ends as a handler does, and then() is told.  Checks address,
 * password, Host and Origin, and where keys are required the key, for the queues that the request
 * is about: exchange->queue, or those in its options queue and queues, or all.  FORBIDDEN,
 * UNAUTHORIZED; UNAVAILABLE when the password or the key cannot be checked now.  A refusal is noted
 * in the log. */
enum status admit(struct exchange *exchange, unsigned rights, bool changes, finish *then);

/* As admit(), but for any queue: has the client one of these rights at all?  To be asked before a
 * bad request is told what is wrong with it. */
enum status admit_at_all(struct exchange *exchange, unsigned rights, bool changes, finish *then);

/* As admit(), but at once: for a client that admit_at_all() has let in, before any other call was
 * run. */
enum status admit_also(struct exchange *exchange, unsigned rights);

/* May the client see this, too?  Ends as a handler does; then() is told OK only if so.  No request
 * is refused by this, but a wrong password or key is noted in the log as in a refusal. */
enum status admit_sees(struct exchange *exchange, unsigned rights, finish *then);

/* Writes to the log what the client has done to more than one message. */
void admit_done(struct exchange *exchange, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
