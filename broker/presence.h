/* presence.h - who is connected, on which topic, through which helper.
 *
 * A helper (restmq-wsd) is alive as long as it says so with presence_beat_call() every few seconds;
 * whoever reads the rows of one that is not removes them and announces that they left.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_PRESENCE_H
#define BROKER_PRESENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"
#include "broker/keys.h"
#include "redis/call.h"

struct json_object;

enum {
    PRESENCE_ID = 33,        /* hex digits of a consumer's or helper's id, and a NUL */
    PRESENCE_BEAT_MS = 5000, /* a helper says that often that it is alive */
    PRESENCE_DEAD_MS = 20000 /* and is taken for dead after that long without */
};

/* One consumer. */
struct presence {
    const char *topic;  /* checked by queue_name_check() */
    const char *id;     /* unique */
    const char *name;   /* what it calls itself, "" for nothing; UTF-8, LIMIT_NAME bytes at most */
    const char *via;    /* "websocket", "sse", "comet" */
    const char *helper; /* id of the helper */
    long long since;    /* ms since 1970 */
};

/* It is there; announced as {"event":"join","topic","id","name","since","via"} on the channel
 * presence_channel() unless it was there already. */
void presence_join_call(struct call *call, const struct presence *presence);

/* It left; announced likewise, as it joined, unless it was not there.  Only topic, id and helper
 * matter. */
void presence_leave_call(struct call *call, const struct presence *presence);
call_decode presence_change_result;

/* The helper is alive for PRESENCE_DEAD_MS from now.  NOT_FOUND: until now it was not, being new or
 * having been taken for dead; so everybody it has must join (again). */
void presence_beat_call(struct call *call, const char *helper);
call_decode presence_beat_result;

/* How many helpers are alive, and how many of these have said so since a moment by Redis's clock,
 * in ms since 1970. */
struct presence_muster {
    long long now, alive, heard;
};
void presence_muster_call(struct call *call, long long since, struct presence_muster *muster);
call_decode presence_muster_result;

/* The helper ends: what it still has on any topic leaves with the next look. */
void presence_end_call(struct call *call, const char *helper);
call_decode presence_end_result;

/* Looks for dead helpers and removes some of their rows, LIMIT_PAGE at most; *more says that it
 * should be run again. */
void presence_tidy_call(struct call *call, bool *more);
call_decode presence_tidy_result;

enum { PRESENCE_CURSOR = 56 }; /* a number, a helper's id, and a NUL */

/* Some of what there is at helpers that are alive: about as much as asked for.  The caller releases
 * items, which are set only on OK. */
struct presence_page {
    struct json_object *items;
    char cursor[PRESENCE_CURSOR]; /* of the next page; "0": this was the last */
    bool has_dead;                /* there is something for presence_tidy_call() to do */
};

/* Topics: {name: how many are there}.  The cursor as catalog_page_call(). */
void presence_topics_call(struct call *call, const char *cursor, size_t cursor_len, long long limit,
                          struct presence_page *page);
call_decode presence_topics_result;

/* Who is on a topic: [{"id","name","since","via","helper"}].  The cursor is "0", to begin with, or
 * what a page before could have said. */
bool presence_cursor_is_valid(const char *cursor, size_t len);
void presence_list_call(struct call *call, const char *topic, const char *cursor, size_t cursor_len,
                        long long limit, struct presence_page *page);
call_decode presence_list_result;

/* Writes the channel of a topic's joins and leaves, PRESENCE_CHANNEL bytes at most. */
enum { PRESENCE_CHANNEL = KEY_SIZE };
void presence_channel(const char *topic, char *channel);

#endif
