/* lookup.c - values of what is published.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/lookup.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/settings.h"
#include "base/text.h"
#include "broker/stream.h"
#include "ws/net/budget.h"
#include "ws/net/conn.h"
#include "ws/net/fanout.h"
#include "ws/redis/job.h"

enum {
    UNDER_WAY = 4,   /* of one channel */
    LOOKUPS = 10000, /* of one channel; those that are waiting then are given up */
    SMALL = 16384,   /* bytes of a value that comes with the first answer */
};

struct lookup {
    const char *key; /* the first member: searched by name */
    struct lookup *next;
    size_t len;
    size_t size; /* of a value that is not small; 0: not known */
    unsigned times;
    bool is_known;
    bool is_asked;
    char text[];
};

void lookups_init(struct lookups *lookups, struct jobs *jobs, struct fanout *fanout)
{
    *lookups = (struct lookups){.jobs = jobs, .fanout = fanout};
    lookups->last = &lookups->first;
}

static size_t size_of(const struct lookup *lookup)
{
    enum { NODE = 48 }; /* of tsearch() */

    return sizeof(*lookup) + lookup->len + BUDGET_PIECE + NODE;
}

static void hide(struct lookups *lookups, struct lookup *lookup)
{
    if (lookup->is_known)
        tdelete(lookup, &lookups->known, text_compare);
    lookup->is_known = false;
}

static void append(struct lookups *lookups, struct lookup *lookup)
{
    lookup->next = NULL;
    *lookups->last = lookup;
    lookups->last = &lookup->next;
    lookups->count++;
}

static struct lookup *shift(struct lookups *lookups)
{
    struct lookup *lookup = lookups->first;

    lookups->first = lookup->next;
    if (!lookups->first)
        lookups->last = &lookups->first;
    lookups->count--;
    return lookup;
}

static void discard(struct lookups *lookups, struct lookup *lookup)
{
    hide(lookups, lookup);
    budget_take_off(lookups->fanout->conns->budget, size_of(lookup));
    free(lookup);
}

void lookups_clear(struct lookups *lookups)
{
    while (lookups->first)
        discard(lookups, shift(lookups));
}

/* --- what was published ----------------------------------------------------------------------- */

static struct lookup *make(const char *key, size_t len)
{
    struct lookup *lookup = xmalloc(sizeof(*lookup) + len + 1);

    *lookup = (struct lookup){.key = lookup->text, .len = len, .times = 1, .is_known = true};
    memcpy(lookup->text, key, len);
    lookup->text[len] = '\0';
    return lookup;
}

/* Drops all look-ups but those under way. */
static void give_up(struct lookups *lookups)
{
    for (int left = lookups->count; left > 0; left--) {
        struct lookup *lookup = shift(lookups);

        if (lookup->is_asked)
            append(lookups, lookup);
        else
            discard(lookups, lookup);
    }
    fanout_gap(lookups->fanout);
}

void lookups_add(struct lookups *lookups, const char *key, size_t len)
{
    struct lookup *lookup, **found;

    if (!stream_key_is_message(key, len))
        return;
    if (lookups->count >= LOOKUPS)
        give_up(lookups);
    lookup = make(key, len);
    found = tsearch(lookup, &lookups->known, text_compare);
    if (!found)
        abort(); /* out of memory */
    if (*found != lookup) {
        (*found)->times++;
        free(lookup);
        return;
    }
    append(lookups, lookup);
    budget_add(lookups->fanout->conns->budget, size_of(lookup));
    fanout_mark(lookups->fanout);
}

/* --- asking ----------------------------------------------------------------------------------- */

/* As often as it was published, while there is room. */
static void tell(struct lookups *lookups, const struct message *value, unsigned times)
{
    for (; times > 0 && !fanout_is_flooded(lookups->fanout); times--)
        fanout_add(lookups->fanout, "", 0, value->value, value->value_len, NULL);
    if (times > 0)
        fanout_gap(lookups->fanout);
}

/* A large value is asked for once more, alone, with its size; what comes behind it meanwhile is
 * asked for again, so that the order stays. */
static void take(struct lookups *lookups, struct lookup *lookup, enum status status,
                 const struct message *value)
{
    size_t most = (size_t)lookups->fanout->conns->settings->max_message;

    lookup->is_asked = false;
    if (lookup != lookups->first)
        return;
    if (status == STATUS_TOO_LARGE && !lookup->size && value->value_len <= most) {
        lookup->size = value->value_len;
        return;
    }
    if (status == STATUS_OK)
        tell(lookups, value, lookup->times);
    discard(lookups, shift(lookups));
}

/* A call for a value. */
struct valuing {
    struct job job;
    struct lookups *lookups;
    struct lookup *lookup;
    struct message value;
};

static void on_value(void *user, enum status status, const struct reason *reason)
{
    struct valuing *valuing = user;
    struct lookups *lookups = valuing->lookups;

    (void)reason;
    lookups->under_way--;
    lookups->fanout->held--;
    take(lookups, valuing->lookup, status, &valuing->value);
    fanout_mark(lookups->fanout);
    job_free(&valuing->job);
}

static void ask(struct lookups *lookups, struct lookup *lookup)
{
    struct valuing *valuing = job_new(lookups->jobs, sizeof(*valuing), NULL, NULL);

    valuing->lookups = lookups;
    valuing->lookup = lookup;
    lookup->is_asked = true;
    hide(lookups, lookup);
    lookups->under_way++;
    lookups->fanout->held++;
    stream_value_call(&valuing->job.call, lookup->key, lookup->len,
                      lookup->size ? lookup->size : SMALL, &valuing->value);
    job_run(&valuing->job, on_value);
}

void lookups_pump(struct lookups *lookups)
{
    struct lookup *lookup = lookups->first;

    if (lookups->fanout->count == 0 || (lookup && lookup->size && lookups->under_way))
        return;
    for (; lookup && lookups->under_way < UNDER_WAY; lookup = lookup->next) {
        if (!lookup->is_asked)
            ask(lookups, lookup);
        if (lookup->size)
            return;
    }
}
