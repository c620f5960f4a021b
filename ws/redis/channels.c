/* channels.c - Redis channels.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/redis/channels.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "ws/redis/alink.h"
#include "ws/redis/subscription.h"

struct channels {
    struct alink *alink;
    void *tree; /* by name; see tsearch(3) */
    size_t count;
    int left; /* flooded ones, for a while */
};

struct channel {
    const char *name; /* the first member: searched by name */
    struct channels *channels;
    struct listening *listeners;
    struct listening *next; /* the one that is told next */
    bool is_ready;          /* Redis has confirmed the subscription */
    bool is_asking;         /* it will, or will not */
    bool is_left;           /* it was flooded; the next second it is subscribed again */
    bool is_away;           /* its node is, of a cluster */
    bool has_gap;           /* one of these was so: to be told when it is ready */
    int holds;              /* its listeners are being told, or it is in a snapshot */
    char text[];
};

struct channels *channels_new(struct alink *alink)
{
    struct channels *channels = xmalloc(sizeof(*channels));

    *channels = (struct channels){.alink = alink};
    return channels;
}

void channels_free(struct channels *channels)
{
    tdestroy(channels->tree, free);
    free(channels);
}

static struct channel *find(struct channels *channels, const char *name)
{
    struct channel **found = tfind(&name, &channels->tree, text_compare);

    return found ? *found : NULL;
}

/* Nobody listens, and Redis owes no answer: it can go. */
static void forget_unused(struct channel *channel)
{
    struct channels *channels = channel->channels;

    if (channel->listeners || channel->is_asking || channel->holds)
        return;
    if (channel->is_left)
        channels->left--;
    else
        alink_unsubscribe(channels->alink, channel->name);
    tdelete(channel, &channels->tree, text_compare);
    channels->count--;
    free(channel);
}

/* --- all channels ----------------------------------------------------------------------------- */

/* The channels that there are when something is done for all.  What is done may let others listen
 * and leave, and the tree changes; none of these is freed before its turn. */
struct snapshot {
    struct channel **channels;
    size_t count;
};

static void add(const void *node, VISIT visit, void *user)
{
    struct snapshot *snapshot = user;
    struct channel *channel = *(struct channel *const *)node;

    if (visit != postorder && visit != leaf)
        return;
    channel->holds++;
    snapshot->channels[snapshot->count++] = channel;
}

static void for_all(struct channels *channels, void (*act)(struct channel *channel))
{
    struct snapshot all = {.channels = xmalloc((channels->count + 1) * sizeof(struct channel *))};

    twalk_r(channels->tree, add, &all);
    for (size_t i = 0; i < all.count; i++) {
        act(all.channels[i]);
        all.channels[i]->holds--;
        forget_unused(all.channels[i]);
    }
    free(all.channels);
}

/* --- telling ---------------------------------------------------------------------------------- */

/* The next one that is to be told; NULL: that were all.  Whoever is told may leave, and let others
 * leave. */
static struct listening *next_of(struct channel *channel)
{
    struct listening *listening = channel->next;

    channel->next = listening ? listening->next : NULL;
    return listening;
}

static void tell_ready(struct channel *channel)
{
    struct listening *listening;

    channel->is_ready = true;
    channel->is_away = false;
    channel->holds++;
    channel->next = channel->listeners;
    while ((listening = next_of(channel))) {
        listening->is_ready = true;
        listening->is_away = false;
        if (listening->ready)
            listening->ready(listening->user);
        if (channel->has_gap && listening->gap && listening->channel == channel)
            listening->gap(listening->user);
    }
    channel->holds--;
    channel->has_gap = false;
}

static void set_not_ready(struct channel *channel)
{
    channel->is_ready = false;
    for (struct listening *at = channel->listeners; at; at = at->next)
        at->is_ready = false;
}

static void tell_away(struct channel *channel)
{
    struct listening *listening;

    channel->is_away = channel->has_gap = true;
    set_not_ready(channel);
    channel->holds++;
    channel->next = channel->listeners;
    while ((listening = next_of(channel))) {
        listening->is_away = true;
        if (listening->away)
            listening->away(listening->user);
    }
    channel->holds--;
}

static void on_subscribed(void *user, enum status status, const struct reason *reason)
{
    struct channel *channel = user;

    (void)reason; /* when Redis is away it is subscribed once it is back: channels_up() */
    channel->is_asking = false;
    if (status == STATUS_OK)
        tell_ready(channel);
    else if (alink_is_cluster(channel->channels->alink))
        tell_away(channel);
    forget_unused(channel);
}

static void on_heard(void *user, const char *data, size_t len)
{
    struct channel *channel = user;
    struct listening *listening;

    channel->holds++;
    channel->next = channel->listeners;
    while ((listening = next_of(channel)))
        listening->heard(listening->user, data, len);
    channel->holds--;
    forget_unused(channel);
}

static void on_flooded(void *user)
{
    struct channel *channel = user;

    set_not_ready(channel);
    channel->is_left = channel->has_gap = true;
    channel->is_asking = false; /* alink has forgotten it */
    channel->channels->left++;
    forget_unused(channel);
}

static const struct hearer hearer = {
    .done = on_subscribed,
    .heard = on_heard,
    .flooded = on_flooded,
};

static struct channel *subscribe(struct channels *channels, const char *name)
{
    size_t size = strlen(name) + 1;
    struct channel *channel = xmalloc(sizeof(*channel) + size);

    *channel = (struct channel){.name = channel->text, .channels = channels, .is_asking = true};
    memcpy(channel->text, name, size);
    if (!tsearch(channel, &channels->tree, text_compare))
        abort(); /* out of memory */
    channels->count++;
    alink_subscribe(channels->alink, name, &hearer, channel);
    return channel;
}

void channel_listen(struct channels *channels, struct listening *listening, const char *name)
{
    struct channel *channel = find(channels, name);

    if (!channel)
        channel = subscribe(channels, name);
    listening->channel = channel;
    listening->is_ready = channel->is_ready;
    listening->is_away = channel->is_away;
    listening->next = channel->listeners;
    listening->link = &channel->listeners;
    if (listening->next)
        listening->next->link = &listening->next;
    channel->listeners = listening;
}

void channel_leave(struct listening *listening)
{
    struct channel *channel = listening->channel;

    if (!channel)
        return;
    if (channel->next == listening)
        channel->next = listening->next;
    *listening->link = listening->next;
    if (listening->next)
        listening->next->link = listening->link;
    listening->channel = NULL;
    listening->is_ready = listening->is_away = false;
    forget_unused(channel);
}

static void come_back(struct channel *channel)
{
    if (!channel->is_left)
        return;
    channel->is_left = false;
    channel->is_asking = true;
    channel->channels->left--;
    alink_subscribe(channel->channels->alink, channel->name, &hearer, channel);
}

void channels_step(struct channels *channels)
{
    if (channels->left)
        for_all(channels, come_back);
}

static void set_up(struct channel *channel)
{
    if (!channel->is_left)
        tell_ready(channel);
}

void channels_up(struct channels *channels)
{
    if (!alink_is_cluster(channels->alink))
        for_all(channels, set_up);
}

void channels_down(struct channels *channels)
{
    if (!alink_is_cluster(channels->alink))
        for_all(channels, set_not_ready);
}

bool channels_are_up(const struct channels *channels)
{
    return alink_is_up(channels->alink);
}
