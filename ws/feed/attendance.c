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
        .topic = attendance->topic,
        .id = id,
        .name = attendance->name,
        .via = attendance->via,
        .helper = all->id,
        .since = attendance->since,
    };
}

static struct job *begin_call(struct attendances *all)
{
    struct job *job = job_new(all->helper->jobs, sizeof(*job), NULL, NULL);

    job->owner = all;
    return job;
}

static void on_done(void *user, enum status status, const struct reason *reason)
{
    struct job *job = user;

    (void)reason;
    if (status != STATUS_OK)
        ((struct attendances *)job->owner)->is_stale = true;
    job_free(job);
}

static void announce(struct attendances *all, const struct attendance *attendance,
                     void (*build)(struct call *, const struct presence *))
{
    char id[PRESENCE_ID];
    struct presence presence = presence_of(all, attendance, id);
    struct job *job;

    if (!alink_is_up(all->helper->jobs->alink)) { /* attendance_up() puts it right */
        all->is_stale = true;
        return;
    }
    job = begin_call(all);
    build(&job->call, &presence);
    job_run(job, on_done);
}

void attendance_join(struct attendances *all, struct attendance *attendance,
                     const struct conn *conn, const char *topic)
{
    attendance->number = ++all->number;
    attendance->since = (long long)(ev_now(all->helper->conns->loop) * 1000);
    attendance->topic = topic;
    attendance->via = conn->version != WS_NONE   ? "websocket"
                      : conn->shape == SHAPE_SSE ? "sse"
                                                 : "comet";
    attendance->next = all->first;
    attendance->link = &all->first;
    if (attendance->next)
        attendance->next->link = &attendance->next;
    all->first = attendance;
    announce(all, attendance, presence_join_call);
}

void attendance_leave(struct attendances *all, struct attendance *attendance)
{
    if (!attendance->link)
        return;
    if (all->rejoining == &attendance->next)
        all->rejoining = attendance->link;
    *attendance->link = attendance->next;
    if (attendance->next)
        attendance->next->link = attendance->link;
    attendance->link = NULL;
    announce(all, attendance, presence_leave_call);
}

/* --- this helper ----------------------------------------------------------------------------- */

static void tidy(struct attendances *all);

/* A call that removes what dead helpers have left. */
struct tidying {
    struct job job;
    bool is_left; /* there is more */
};

static void on_tidied(void *user, enum status status, const struct reason *reason)
{
    struct tidying *tidying = user;

    (void)reason;
    if (status == STATUS_OK && tidying->is_left)
        tidy(tidying->job.owner);
    job_free(&tidying->job);
}

/* A call after the other. */
static void tidy(struct attendances *all)
{
    struct tidying *tidying = job_new(all->helper->jobs, sizeof(*tidying), NULL, NULL);

    tidying->job.owner = all;
    presence_tidy_call(&tidying->job.call, &tidying->is_left);
    job_run(&tidying->job, on_tidied);
}

/* Redis does not know this helper, any more or yet: all that are here join (again). */
static void on_beaten(void *user, enum status status, const struct reason *reason)
{
    struct job *job = user;
    struct attendances *all = job->owner;

    (void)reason;
    if (status == STATUS_NOT_FOUND)
        all->rejoining = &all->first;
    job_free(job);
}

/* Those who come meanwhile stand before the others, and have said it themselves. */
void attendance_pump(struct attendances *all)
{
    struct attendance *at;

    while (all->rejoining && turn_goes_on(all->helper->conns->turn)) {
        at = *all->rejoining;
        all->rejoining = at ? &at->next : NULL;
        if (at)
            announce(all, at, presence_join_call);
    }
}

void attendance_say(struct attendances *all)
{
    struct job *job = begin_call(all);

    presence_beat_call(&job->call, all->id);
    job_run(job, on_beaten);
}

void attendance_beat(struct attendances *all)
{
    attendance_say(all);
    tidy(all);
}

void attendance_end(struct attendances *all)
{
    struct job *job;

    if (!*all->id)
        return;
    job = begin_call(all);
    presence_end_call(&job->call, all->id);
    job_run(job, NULL);
    tidy(all);
}

/* Rows of consumers that left meanwhile are under the old helper id; a new id abandons them to
 * tidy. */
void attendance_up(struct attendances *all)
{
    if (all->is_stale)
        attendance_end(all);
    if (all->is_stale || !*all->id)
        token_make(all->helper->pool, all->id);
    all->is_stale = false;
    attendance_beat(all);
}
