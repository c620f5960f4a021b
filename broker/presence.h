/* presence.h - who is connected, on which topic, through which helper.
 *
 * Rows of who is on a topic are the topic's, so are the calls that change them.  When their helper
 * dies they are found by that helper's own list of topics, to which a topic is added first:
 * presence_enlist_call(), then presence_join_call().
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_PRESENCE_H
#define BROKER_PRESENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"
#include "broker/helpers.h"
#include "broker/keys.h"
#include "redis/call.h"

struct catalog;
struct json_object;

enum {
    PRESENCE_ID = HELPER_ID,  /* a consumer's id is as long as a helper's */
    PRESENCE_SEEN_MS = 30000, /* so long a topic is listed that somebody was seen on */
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

/* The helper is alive for HELPER_DEAD_MS from now.  The first time it is new; then NOT_FOUND says
 * that it has been taken for dead: it is, for good, and its process goes on under another id. */
void presence_beat_call(struct call *call, const char *helper, bool is_first);
call_decode presence_beat_result;

/* What the helper says of itself, JSON; it is forgotten after HELPER_DEAD_MS. */
void presence_about_call(struct call *call, const char *helper, const char *text, size_t len);
call_decode presence_about_result;

/* What it has said, which points into the reply; NULL: nothing. */
void presence_about_read_call(struct call *call, const char *helper, const char **text);
call_decode presence_about_read_result;

/* How many helpers are alive, and how many of these have said so since a moment by Redis's clock,
 * in ms since 1970. */
struct presence_muster {
    long long now, alive, heard;
};
void presence_muster_call(struct call *call, long long since, struct presence_muster *muster);
call_decode presence_muster_result;

/* The helper ends, or its id does: what it still has on any topic leaves, see tidy.h. */
void presence_end_call(struct call *call, const char *helper);
call_decode presence_end_result;

/* --- topics -------------------------------------------------------------------------------- */

/* The helper may have rows on these topics, LIMIT_PAGE at most; or has none on them any more, and
 * nothing under way that could bring some.  The names must live until the call has run. */
void presence_enlist_call(struct call *call, const char *helper, const char *const *topics,
                          int count);
void presence_strike_call(struct call *call, const char *helper, const char *const *topics,
                          int count);
call_decode presence_enlist_result;

/* These topics have somebody, LIMIT_PAGE at most: they are listed for PRESENCE_SEEN_MS from now.
 * Some of those go that are not.  Names as above. */
void presence_seen_call(struct call *call, const char *const *topics, int count);
call_decode presence_seen_result;

/* A page of the topics that are listed; as catalog_page_call(). */
void presence_topics_call(struct call *call, const char *cursor, size_t cursor_len, long long limit,
                          struct catalog *catalog);
call_decode presence_topics_result;

/* How many there are on a topic: tally_settle() adds them to number. */
struct presence_count {
    struct tally *tally;
    long long number;
};
void presence_count_call(struct call *call, const char *topic, struct presence_count *count);
call_decode presence_count_result;

/* --- rows ---------------------------------------------------------------------------------- */

enum { PRESENCE_CURSOR = 56 }; /* a number, a helper's id, and a NUL */

/* Some of those on a topic, about as many as asked for: [{"id","name","since","via","helper"}].
 * The caller releases items, which are set only on OK. */
struct presence_page {
    struct json_object *items;
    char cursor[PRESENCE_CURSOR]; /* of the next page; "0": this was the last */
};

/* The cursor is "0", to begin with, or what a page before could have said. */
bool presence_cursor_is_valid(const char *cursor, size_t len);
void presence_list_call(struct call *call, const char *topic, const char *cursor, size_t cursor_len,
                        long long limit, struct presence_page *page);
call_decode presence_list_result;

/* As tally_must_ask(); and leaves out rows of helpers that are not alive: true if there were
 * any. */
bool presence_page_must_ask(const struct presence_page *page, const struct helpers *helpers);
bool presence_page_settle(struct presence_page *page, const struct helpers *helpers);

/* Writes the channel of a topic's joins and leaves, PRESENCE_CHANNEL bytes at most. */
enum { PRESENCE_CHANNEL = KEY_SIZE };
void presence_channel(const char *topic, char *channel);

#endif
