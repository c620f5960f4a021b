/* attendance.c - the presence of those who are connected here.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/attendance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "broker/tidy.h"
#include "broker/token.h"
#include "http/request.h"
#include "ws/feed/helper.h"
#include "ws/net/conn.h"
#include "ws/redis/job.h"

static bool is_name(const struct field *field)
{
    for (size_t i = 0; i < field->value_len; i++)
        if ((unsigned char)field->value[i] < 0x20 || field->value[i] == 0x7f)
            return false;
    return field->value_len <= LIMIT_NAME && utf8_is_valid(field->value, field->value_len);
}

enum status attendance_read(struct attendance *attendance, const struct request *request,
                            struct reason *reason)
{
    const struct field *name = form_find(&request->form, "name");

    if (name && !is_name(name))
        return refuse(reason, STATUS_BAD_VALUE,
                      "name must be at most %d bytes of UTF-8 without control characters",
                      LIMIT_NAME);
    attendance->name = xstrdup(name ? name->value : "");
    return STATUS_OK;
}

/* Unique as long as the helper's id is: the beginning of that, and a number. */
static struct presence presence_of(const struct attendances *all,
                                   const struct attendance *attendance, char id[PRESENCE_ID])
{
    snprintf(id, PRESENCE_ID, "%.16s%016llx", all->id, attendance->number);
    return (struct presence){
        .topic = attendance->room->topic,
        .id = id,
        .name = attendance->name,
        .via = attendance->via,
        .helper = all->id,
        .since = attendance->since,
    };
}

static bool is_up(const struct attendances *all)
{
    return alink_is_up(all->helper->jobs->alink);
}

/* --- calls ------------------------------------------------------------------------------------ */

/* A call about this helper, under the id of that time. */
struct telling {
    struct job job;
    unsigned renewals;
};

static struct telling *begin_call(struct attendances *all)
{
    struct telling *telling = job_new(all->helper->jobs, sizeof(*telling), NULL, NULL);

    telling->job.owner = all;
    telling->renewals = all->renewals;
    return telling;
}

/* Whose call has ended; NULL: it was about an id that this helper had before. */
static struct attendances *end_call(struct telling *telling)
{
    struct attendances *all = telling->job.owner;
    bool is_late = telling->renewals != all->renewals;

    job_free(&telling->job);
    return is_late ? NULL : all;
}

static void announce(struct attendances *all, const struct attendance *attendance,
                     void (*build)(struct call *, const struct presence *))
{
    char id[PRESENCE_ID];
    struct presence presence = presence_of(all, attendance, id);
    struct job *job = notice_new(&all->notices, attendance->room, attendance->number,
                                 build == presence_leave_call);

    build(&job->call, &presence);
    notice_say(job);
}

/* --- who comes and goes ----------------------------------------------------------------------- */

static void say_join(struct attendances *all, struct attendance *attendance)
{
    announce(all, attendance, presence_join_call);
    room_say(attendance->room, attendance);
}

/* Those who wait there come first. */
static void join_room(struct attendances *all, struct room *room, struct attendance *attendance)
{
    room_enter(room, attendance);
    if (room->stage != ROOM_LISTED || room->unsaid != attendance)
        return;
    if (is_up(all))
        say_join(all, attendance);
    else
        room_move(room, &all->rooms.joining, ROOM_LISTED);
}

void attendance_join(struct attendances *all, struct attendance *attendance,
                     const struct conn *conn, const char *topic)
{
    attendance->number = ++all->number;
    attendance->since = (long long)(ev_now(all->helper->conns->loop) * 1000);
    attendance->via = conn->version != WS_NONE   ? "websocket"
                      : conn->shape == SHAPE_SSE ? "sse"
                                                 : "comet";
    join_room(all, room_get(&all->rooms, topic), attendance);
}

void attendance_leave(struct attendances *all, struct attendance *attendance)
{
    if (!attendance->link)
        return;
    room_leave(attendance);
    if (attendance->is_said && is_up(all))
        announce(all, attendance, presence_leave_call);
    else if (attendance->is_said)
        all->is_stale = true; /* the next beat puts it right */
    room_drop(attendance->room);
}

static void join_some(struct attendances *all)
{
    struct room *room;

    while ((room = all->rooms.joining) && turn_goes_on(all->helper->conns->turn)) {
        if (room->unsaid)
            say_join(all, room->unsaid);
        if (!room->unsaid)
            room_move(room, &all->rooms.listed, ROOM_LISTED);
    }
}

/* --- topics ----------------------------------------------------------------------------------- */

enum {
    MOST_TOPICS = 250, /* of a call, which is to take Redis less than a millisecond */
    NOTE_BEATS = 2,    /* with every second beat; a topic is listed for several */
};

/* Names of rooms for a call; they are copied, as the rooms may go first. */
struct topics {
    const char *names[MOST_TOPICS];
    int count;
};

static void tell_seen(struct attendances *all, const struct topics *topics, alink_done *done)
{
    struct telling *telling = begin_call(all);

    presence_seen_call(&telling->job.call, topics->names, topics->count);
    call_own(&telling->job.call);
    job_run(&telling->job, done);
}

static void on_listed(void *user, enum status status, const struct reason *reason)
{
    struct attendances *all = end_call(user);
    struct topics topics = {.count = 0};
    struct room *room;

    (void)reason;
    if (!all)
        return;
    all->is_listing = false;
    all->may_list = status == STATUS_OK; /* else the next beat tries again */
    while ((room = all->rooms.listing)) {
        if (status != STATUS_OK) {
            room_move(room, &all->rooms.fresh, ROOM_FRESH);
            room_drop(room);
            continue;
        }
        topics.names[topics.count++] = room->topic;
        room_move(room, room->unsaid ? &all->rooms.joining : &all->rooms.listed, ROOM_LISTED);
    }
    if (topics.count)
        tell_seen(all, &topics, NULL);
}

static bool can_list(const struct attendances *all)
{
    return all->rooms.fresh && all->is_known && all->may_list && !all->is_listing;
}

static void list_some(struct attendances *all)
{
    struct topics topics = {.count = 0};
    struct telling *telling;

    while (all->rooms.fresh && topics.count < MOST_TOPICS) {
        topics.names[topics.count++] = all->rooms.fresh->topic;
        room_move(all->rooms.fresh, &all->rooms.listing, ROOM_LISTING);
    }
    all->is_listing = true;
    telling = begin_call(all);
    presence_enlist_call(&telling->job.call, all->id, topics.names, topics.count);
    call_own(&telling->job.call);
    job_run(&telling->job, on_listed);
}

static void on_noted(void *user, enum status status, const struct reason *reason)
{
    struct attendances *all = end_call(user);

    (void)status, (void)reason; /* the next beat says it again */
    if (all)
        all->is_noting = false;
}

static void strike(struct attendances *all, const struct topics *topics)
{
    struct telling *telling = begin_call(all);

    presence_strike_call(&telling->job.call, all->id, topics->names, topics->count);
    call_own(&telling->job.call);
    job_run(&telling->job, NULL);
}

/* Topics where somebody is are listed for longer, those where nobody is any more leave this
 * helper's list.  Who joins there from now on enters a fresh room. */
static void note_some(struct attendances *all)
{
    struct topics seen = {.count = 0}, idle = {.count = 0};
    struct room *rooms[MOST_TOPICS];

    all->is_noting = true;
    all->is_due = false;
    while (all->rooms.due && seen.count < MOST_TOPICS && idle.count < MOST_TOPICS) {
        struct room *room = all->rooms.due;

        if (room_is_idle(room)) {
            rooms[idle.count] = room;
            idle.names[idle.count++] = room->topic;
        } else {
            seen.names[seen.count++] = room->topic;
        }
        room_move(room, &all->rooms.listed, ROOM_LISTED);
    }
    if (idle.count)
        strike(all, &idle);
    tell_seen(all, &seen, on_noted);
    for (int i = 0; i < idle.count; i++)
        room_free(rooms[i]);
}

void attendance_pump(struct attendances *all)
{
    if (!is_up(all) || all->helper->is_stopping)
        return;
    join_some(all);
    if (can_list(all))
        list_some(all);
    if (all->is_known && !all->is_noting && (all->is_due || all->rooms.due))
        note_some(all);
}

bool attendance_has_more(const struct attendances *all)
{
    return is_up(all) && !all->helper->is_stopping && (all->rooms.joining || can_list(all));
}

/* --- dead helpers ----------------------------------------------------------------------------- */

/* A walk that removes what dead helpers have left. */
struct tidying {
    struct job job;
    struct tidy tidy;
};

static void tidy(struct attendances *all);

static void on_tidied(void *user, enum status status, const struct reason *reason);

/* A call after the other. */
static void go_on(struct tidying *tidying)
{
    struct attendances *all = tidying->job.owner;

    if (is_up(all) && tidy_call(&tidying->tidy, &tidying->job.call)) {
        job_run(&tidying->job, on_tidied);
        return;
    }
    job_free(&tidying->job);
    all->is_tidying = false;
    if (all->tidies_again)
        tidy(all);
}

static void on_tidied(void *user, enum status status, const struct reason *reason)
{
    struct tidying *tidying = user;

    (void)reason;
    if (status != STATUS_OK)
        tidy_pass(&tidying->tidy);
    go_on(tidying);
}

static void tidy(struct attendances *all)
{
    struct tidying *tidying;

    all->tidies_again = all->is_tidying;
    if (all->is_tidying || !is_up(all))
        return;
    all->is_tidying = true;
    tidying = job_new(all->helper->jobs, sizeof(*tidying), NULL, NULL);
    tidying->job.owner = all;
    go_on(tidying);
}

/* --- this helper ------------------------------------------------------------------------------ */

static void tell_end(struct attendances *all)
{
    struct telling *telling = begin_call(all);

    presence_end_call(&telling->job.call, all->id);
    job_run(&telling->job, NULL);
}

/* Another id: what is under the old one, rows of those too that have left meanwhile, is abandoned
 * to whoever tidies up. */
static void renew(struct attendances *all)
{
    if (*all->id)
        tell_end(all);
    token_make(all->helper->pool, all->id);
    all->renewals++;
    notices_renew(&all->notices);
    all->is_known = all->is_stale = all->is_listing = all->is_noting = false;
    rooms_renew(&all->rooms);
}

/* Behind each beat, for /server. */
static void tell_about(struct attendances *all)
{
    struct telling *telling = begin_call(all);
    struct buffer text = {0};

    all->write(all->helper->conns, &text);
    presence_about_call(&telling->job.call, all->id, text.data, text.len);
    buffer_clear(&text);
    job_run(&telling->job, NULL);
}

static void on_beaten(void *user, enum status status, const struct reason *reason)
{
    struct attendances *all = end_call(user);

    (void)reason;
    if (all && status == STATUS_OK) {
        all->is_known = all->may_list = true;
        if (!all->helper->is_stopping)
            tell_about(all);
        if (++all->beats % NOTE_BEATS != 0)
            return;
        all->is_due = true;
        rooms_fall_due(&all->rooms);
    } else if (all && status == STATUS_NOT_FOUND && !all->helper->is_stopping) {
        renew(all);
        attendance_say(all);
    }
}

void attendance_say(struct attendances *all)
{
    struct telling *telling = begin_call(all);

    presence_beat_call(&telling->job.call, all->id, !all->is_known);
    job_run(&telling->job, on_beaten);
}

void attendance_beat(struct attendances *all)
{
    if (all->is_stale || all->notices.is_stale || !*all->id)
        renew(all);
    attendance_say(all);
    tidy(all);
}

void attendance_end(struct attendances *all)
{
    if (!*all->id)
        return;
    tell_end(all);
    tidy(all);
}

void attendance_begin(struct attendances *all, attendance_write *write)
{
    all->write = write;
    all->notices.helper = all->helper;
    notices_begin(&all->notices);
}

void attendance_step(struct attendances *all)
{
    notices_step(&all->notices);
}

void attendance_clear(struct attendances *all)
{
    rooms_clear(&all->rooms);
}
