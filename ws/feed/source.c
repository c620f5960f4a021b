/* source.c - what many connections are sent.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/source.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "ws/net/conn.h"

void *source_find(const struct sources *sources, const char *name)
{
    struct source **found = tfind(&name, &sources->tree, text_compare);

    return found ? *found : NULL;
}

static void enlist(struct sources *sources, struct source *source)
{
    source->next = sources->first;
    source->link = &sources->first;
    if (source->next)
        source->next->link = &source->next;
    sources->first = source;
    sources->count++;
}

static void strike_off(struct sources *sources, struct source *source)
{
    if (sources->turn == source)
        sources->turn = source->next;
    *source->link = source->next;
    if (source->next)
        source->next->link = source->link;
    sources->count--;
}

void *sources_turn(struct sources *sources)
{
    struct source *source = sources->turn ? sources->turn : sources->first;

    sources->turn = source->next;
    return source;
}

void *source_new(struct sources *sources, size_t size, const char *name)
{
    size_t name_size = strlen(name) + 1;
    struct source *source = xmalloc(size + name_size);
    char *text = (char *)source + size;

    memset(source, 0, size);
    memcpy(text, name, name_size);
    source->name = text;
    source->sources = sources;
    fanout_init(&source->fanout, sources->conns, true);
    if (!tsearch(source, &sources->tree, text_compare))
        abort(); /* out of memory */
    enlist(sources, source);
    return source;
}

void source_free(struct source *source)
{
    for (int i = 0; i < SOURCE_CHANNELS; i++)
        source_leave(source, i);
    fanout_clear(&source->fanout);
    tdelete(source, &source->sources->tree, text_compare);
    strike_off(source->sources, source);
    free(source);
}

bool source_is_subscribed(const struct source *source)
{
    for (int i = 0; i < SOURCE_CHANNELS; i++)
        if (source->listenings[i].channel && !source->listenings[i].is_ready)
            return false;
    return true;
}

static void release_all(struct source *source)
{
    for (struct member *member = source->fanout.first; member; member = member->next)
        conn_release(member->conn);
}

static void on_ready(void *user)
{
    struct source *source = user;

    if (source->ready)
        source->ready(source);
    if (source_is_subscribed(source))
        release_all(source);
}

/* As good as it gets: a gap is told later. */
static void on_away(void *user)
{
    struct source *source = user;

    if (source->away)
        source->away(source);
    release_all(source);
}

void source_listen(struct source *source, int i, const char *channel,
                   void (*heard)(void *user, const char *data, size_t len), void (*gap)(void *user))
{
    struct listening *listening = &source->listenings[i];

    if (listening->channel)
        return;
    listening->user = source;
    listening->heard = heard;
    listening->gap = gap;
    listening->ready = on_ready;
    listening->away = on_away;
    channel_listen(source->sources->channels, listening, channel);
}

void source_leave(struct source *source, int i)
{
    channel_leave(&source->listenings[i]);
}

bool source_is_coming(const struct source *source)
{
    for (int i = 0; i < SOURCE_CHANNELS; i++)
        if (source->listenings[i].channel && source->listenings[i].is_away)
            return false;
    return channels_are_up(source->sources->channels);
}

void source_join(struct source *source, struct member *member, struct conn *conn)
{
    fanout_join(&source->fanout, member, conn);
    conn->is_held = source_is_coming(source) && !source_is_subscribed(source);
}
