/* aside.c - calls that run before or behind another call.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/redis/aside.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "redis/call.h"

/* One that is under way. */
struct aside {
    struct aside *next, **link;
    struct asides *asides;
    struct call calls[2]; /* behind one of them runs the other */
    int at;
    aside_done *done;
    void *user;
};

static struct aside *aside_new(struct asides *asides, aside_done *done, void *user)
{
    struct aside *aside = xmalloc(sizeof(*aside));

    memset(aside, 0, sizeof(*aside));
    aside->asides = asides;
    aside->done = done;
    aside->user = user;
    aside->next = asides->first;
    aside->link = &asides->first;
    if (aside->next)
        aside->next->link = &aside->next;
    asides->first = aside;
    return aside;
}

static void aside_free(struct aside *aside)
{
    *aside->link = aside->next;
    if (aside->next)
        aside->next->link = aside->link;
    for (int i = 0; i < 2; i++)
        call_clear(&aside->calls[i]);
    free(aside);
}

void asides_clear(struct asides *asides, void (*free_user)(void *user))
{
    while (asides->first) {
        free_user(asides->first->user);
        aside_free(asides->first);
    }
    known_clear(&asides->known);
}

static void finish(struct aside *aside, enum status status, const struct reason *reason)
{
    aside_done *done = aside->done;
    void *user = aside->user;

    aside_free(aside);
    done(user, status, reason);
}

static void on_before(void *user, enum status status, const struct reason *reason)
{
    finish(user, status, reason);
}

bool aside_before(struct asides *asides, const struct call *call, aside_done *done, void *user)
{
    struct aside *aside;

    if (!call->around)
        return false;
    aside = aside_new(asides, done, user);
    if (call_before(call, &asides->known, &aside->calls[0])) {
        asides->run(asides->calls, &aside->calls[0], on_before, aside);
        return true;
    }
    aside_free(aside);
    return false;
}

/* Whatever fails here a later call makes up for. */
static void on_after(void *user, enum status status, const struct reason *reason)
{
    struct aside *aside = user;
    struct call *call = &aside->calls[aside->at], *other = &aside->calls[!aside->at];

    aside->at = !aside->at;
    if (status == STATUS_OK && call_after(call, &aside->asides->known, other))
        aside->asides->run(aside->asides->calls, other, on_after, aside);
    else
        finish(aside, STATUS_OK, reason);
}

bool aside_after(struct asides *asides, const struct call *call, aside_done *done, void *user)
{
    struct aside *aside;

    if (!call->around)
        return false;
    aside = aside_new(asides, done, user);
    if (call_after(call, &asides->known, &aside->calls[0])) {
        asides->run(asides->calls, &aside->calls[0], on_after, aside);
        return true;
    }
    aside_free(aside);
    return false;
}
