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
#include "http/request.h"
#include "ws/net/conn.h"
#include "ws/redis/job.h"
#include "ws/server.h"

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
static struct presence presence_of(const struct server *server, const struct attendance *attendance,
                                   char id[PRESENCE_ID])
{
    snprintf(id, PRESENCE_ID, "%.16s%016llx", server->id, attendance->number);
    return (struct presence){
        .topic = attendance->topic,
        .id = id,
        .name = attendance->name,
        .via = attendance->via,
        .helper = server->id,
        .since = attendance->since,
    };
}

static void on_done(void *user, enum status status, const struct reason *reason)
{
    struct job *job = user;

    (void)reason;
    if (status != STATUS_OK)
        job->server->presence_is_stale = true;
    job_free(job);
}

static void announce(struct server *server, const struct attendance *attendance,
                     void (*build)(struct call *, const struct presence *))
{
    char id[PRESENCE_ID];
    struct presence presence = presence_of(server, attendance, id);
    struct job *job;

    if (!server->is_up) { /* attendance_up() puts it right */
        server->presence_is_stale = true;
        return;
    }
    job = job_new(server, NULL, NULL);
    build(&job->call, &presence);
    job_run(job, on_done);
}

void attendance_join(struct server *server, struct attendance *attendance, const struct conn *conn,
                     const char *topic)
{
    attendance->number = ++server->conn_number;
    attendance->since = server_now_ms(server);
    attendance->topic = topic;
    attendance->via = conn->version != WS_NONE   ? "websocket"
                      : conn->shape == SHAPE_SSE ? "sse"
                                                 : "comet";
    attendance->next = server->attendances;
    attendance->link = &server->attendances;
    if (attendance->next)
        attendance->next->link = &attendance->next;
    server->attendances = attendance;
    announce(server, attendance, presence_join_call);
}

void attendance_leave(struct server *server, struct attendance *attendance)
{
    if (!attendance->link)
        return;
    if (server->rejoining == &attendance->next)
        server->rejoining = attendance->link;
    *attendance->link = attendance->next;
    if (attendance->next)
        attendance->next->link = attendance->link;
    attendance->link = NULL;
    announce(server, attendance, presence_leave_call);
}

/* --- this helper ----------------------------------------------------------------------------- */

static void tidy(struct server *server);

static void on_tidied(void *user, enum status status, const struct reason *reason)
{
    struct job *job = user;
    bool more = status == STATUS_OK && job->flag;

    (void)reason;
    if (more)
        tidy(job->server);
    job_free(job);
}

/* Removes what dead helpers have left, a call after the other. */
static void tidy(struct server *server)
{
    struct job *job = job_new(server, NULL, NULL);

    presence_tidy_call(&job->call, &job->flag);
    job_run(job, on_tidied);
}

/* Redis does not know this helper, any more or yet: all that are here join (again). */
static void on_beaten(void *user, enum status status, const struct reason *reason)
{
    struct job *job = user;
    struct server *server = job->server;

    (void)reason;
    if (status == STATUS_NOT_FOUND)
        server->rejoining = &server->attendances;
    job_free(job);
}

/* Those who come meanwhile stand before the others, and have said it themselves. */
void attendance_pump(struct server *server)
{
    struct attendance *at;

    while (server->rejoining && turn_goes_on(&server->turn)) {
        at = *server->rejoining;
        server->rejoining = at ? &at->next : NULL;
        if (at)
            announce(server, at, presence_join_call);
    }
}

void attendance_say(struct server *server)
{
    struct job *job = job_new(server, NULL, NULL);

    presence_beat_call(&job->call, server->id);
    job_run(job, on_beaten);
}

void attendance_beat(struct server *server)
{
    attendance_say(server);
    tidy(server);
}

void attendance_end(struct server *server)
{
    struct job *job = job_new(server, NULL, NULL);

    presence_end_call(&job->call, server->id);
    job_run(job, NULL);
    tidy(server);
}

/* Rows of consumers that left meanwhile are under the old helper id; a new id abandons them to
 * tidy. */
void attendance_up(struct server *server)
{
    if (server->presence_is_stale && *server->id)
        attendance_end(server);
    if (server->presence_is_stale || !*server->id)
        token_make(&server->pool, server->id);
    server->presence_is_stale = false;
    attendance_beat(server);
}
