/* aside.h - calls that run before or behind another call, see call_before() and call_after().  A
 * part of calls.h.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_REDIS_ASIDE_H
#define WS_REDIS_ASIDE_H

#include <stdbool.h>

#include "base/known.h"
#include "base/status.h"

struct aside;
struct call;
struct calls;

/* The other call has run: OK, or why the call behind it must not. */
typedef void aside_done(void *user, enum status status, const struct reason *reason);

/* All but calls and run, which runs another call, is zeroed to begin with.  Clear it once no more
 * calls run; then the users of those under way are freed by that function. */
struct asides {
    struct calls *calls;
    void (*run)(struct calls *calls, struct call *call, aside_done *done, void *user);
    struct known known;
    struct aside *first; /* under way */
};
void asides_clear(struct asides *asides, void (*free_user)(void *user));

/* Runs the call that must run well before this one, or those behind it, which has run well; done()
 * comes from the loop.  Behind a call it always says OK.  False: there is none, and nothing comes.
 */
bool aside_before(struct asides *asides, const struct call *call, aside_done *done, void *user);
bool aside_after(struct asides *asides, const struct call *call, aside_done *done, void *user);

#endif
