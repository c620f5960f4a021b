/* channel.c - Redis channels.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/redis/channel.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "broker/keys.h"
#include "ws/redis/alink.h"
#include "ws/server.h"

struct channel {
    const char *name; /* the first member: searched by name */
    struct listening *listeners;
    struct server *server;
    bool is_ready;  /* Redis has confirmed the subscription */
    bool is_asking; /* it will, or will not */
    bool is_left;   /* it was flooded; the next second it is subscribed again */
    bool has_gap;   /* that was so: to be told when it is ready */
    int iterating;  /* listeners are being called: keep it */
    char text[];
};

static struct channel *find(struct server *server, const char *name)
{
    struct channel **found = tfind(&name, &server->channels, text_compare);

    return found ? *found : NULL;
}

static void tell_ready(struct channel *channel)
{
    struct listening *listening, *next;

    channel->is_ready = true;
    channel->iterating++;
    for (listening = channel->listeners; listening; listening = next) {
        next = listening->next;
        listening->is_ready = true;
        if (listening->ready)
            listening->ready(listening->user);
        if (channel->has_gap && listening->gap)
            listening->gap(listening->user);
    }
    channel->iterating--;
    channel->has_gap = false;
}

/* Nobody listens, and Redis owes no answer: it can go. */
static void forget_unused(struct channel *channel)
{
    if (channel->listeners || channel->is_asking || channel->iterating)
        return;
    if (channel->is_left)
        channel->server->left_channels--;
    else
        alink_unsubscribe(channel->server->alink, channel->name);
    tdelete(channel, &channel->server->channels, text_compare);
    free(channel);
}

static void on_subscribed(void *user, enum status status, const struct reason *reason)
{
    struct channel *channel = user;

    (void)reason; /* when Redis is away it is subscribed once it is back: channels_up() */
    channel->is_asking = false;
    if (status == STATUS_OK)
        tell_ready(channel);
    forget_unused(channel);
}

static struct channel *subscribe(struct server *server, const char *name)
{
    size_t size = strlen(name) + 1;
    struct channel *channel = xmalloc(sizeof(*channel) + size);

    *channel = (struct channel){.name = channel->text, .server = server, .is_asking = true};
    memcpy(channel->text, name, size);
    if (!tsearch(channel, &server->channels, text_compare))
        abort(); /* out of memory */
    alink_subscribe(server->alink, name, on_subscribed, channel);
    return channel;
}

void channel_listen(struct server *server, struct listening *listening, const char *name)
{
    struct channel *channel = find(server, name);

    if (!channel)
        channel = subscribe(server, name);
    listening->channel = channel;
    listening->is_ready = channel->is_ready;
    listening->next = channel->listeners;
    listening->link = &channel->listeners;
    if (listening->next)
        listening->next->link = &listening->next;
    channel->listeners = listening;
}

void channel_leave(struct server *server, struct listening *listening)
{
    struct channel *channel = listening->channel;

    (void)server;
    if (!channel)
        return;
    *listening->link = listening->next;
    if (listening->next)
        listening->next->link = listening->link;
    listening->channel = NULL;
    listening->is_ready = false;
    forget_unused(channel);
}

void channels_heard(struct server *server, const char *name, size_t len, const char *data,
                    size_t data_len)
{
    char text[KEY_SIZE];
    struct listening *listening, *next;
    struct channel *channel;

    if (len >= sizeof(text))
        return;
    memcpy(text, name, len);
    text[len] = '\0';
    channel = find(server, text);
    if (!channel)
        return;
    channel->iterating++;
    for (listening = channel->listeners; listening; listening = next) {
        next = listening->next;
        listening->heard(listening->user, data, data_len);
    }
    channel->iterating--;
    forget_unused(channel);
}

static void set_not_ready(struct channel *channel)
{
    channel->is_ready = false;
    for (struct listening *at = channel->listeners; at; at = at->next)
        at->is_ready = false;
}

void channels_flooded(struct server *server, const char *name)
{
    struct channel *channel = find(server, name);

    if (!channel)
        return;
    set_not_ready(channel);
    channel->is_left = channel->has_gap = true;
    channel->is_asking = false; /* alink has forgotten it */
    server->left_channels++;
    forget_unused(channel);
}

static void come_back(const void *node, VISIT visit, void *unused)
{
    struct channel *channel = *(struct channel *const *)node;

    (void)unused;
    if ((visit != postorder && visit != leaf) || !channel->is_left)
        return;
    channel->is_left = false;
    channel->is_asking = true;
    channel->server->left_channels--;
    alink_subscribe(channel->server->alink, channel->name, on_subscribed, channel);
}

void channels_step(struct server *server)
{
    if (server->left_channels)
        twalk_r(server->channels, come_back, NULL);
}

static void set_up(const void *node, VISIT visit, void *unused)
{
    struct channel *channel = *(struct channel *const *)node;

    (void)unused;
    if ((visit == postorder || visit == leaf) && !channel->is_left)
        tell_ready(channel);
}

static void set_down(const void *node, VISIT visit, void *unused)
{
    (void)unused;
    if (visit == postorder || visit == leaf)
        set_not_ready(*(struct channel *const *)node);
}

void channels_up(struct server *server)
{
    twalk_r(server->channels, set_up, NULL);
}

void channels_down(struct server *server)
{
    twalk_r(server->channels, set_down, NULL);
}

void channels_clear(struct server *server)
{
    tdestroy(server->channels, free);
    server->channels = NULL;
}
