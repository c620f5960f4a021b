/* notices.c - who comes and goes, on the way to Redis.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ws/feed/notices.h"

#include "ws/feed/helper.h"
#include "ws/feed/room.h"
#include "ws/redis/job.h"

enum { HELD = 10000 };

struct notice {
    struct job job;
    STAILQ_ENTRY(notice) next; /* in held */
    struct room *room;         /* kept in memory by under_way */
    unsigned long long number;
    unsigned epoch;
    bool is_leave;
};

void notices_begin(struct notices *notices)
{
    STAILQ_INIT(&notices->held);
}

static void finish(struct notice *notice)
{
    struct room *room = notice->room;

    job_free(&notice->job);
    room->under_way--;
    room_drop(room);
}

static void hold(struct notices *notices, struct notice *notice)
{
    STAILQ_INSERT_TAIL(&notices->held, notice, next);
    notice->room->held++;
    notices->count++;
}

static void let_go(struct notices *notices, struct notice *notice)
{
    STAILQ_REMOVE(&notices->held, notice, notice, next);
    notice->room->held--;
    notices->count--;
}

/* A consumer that has left need not join any more. */
static void forget_join(struct notices *notices, const struct notice *leave)
{
    struct notice *at;

    STAILQ_FOREACH (at, &notices->held, next)
        if (at->room == leave->room && at->number == leave->number && !at->is_leave)
            break;
    if (!at)
        return;
    let_go(notices, at);
    finish(at);
}

static bool may_hold(const struct notices *notices)
{
    return alink_is_cluster(notices->helper->jobs->alink) && notices->count < HELD;
}

static void on_said(void *user, enum status status, const struct reason *reason)
{
    struct notice *notice = user;
    struct notices *notices = notice->job.owner;
    bool is_late = notice->epoch != notices->epochs;

    (void)reason;
    if (!is_late && status == STATUS_UNAVAILABLE && may_hold(notices)) {
        hold(notices, notice);
        return;
    }
    if (!is_late && status == STATUS_UNAVAILABLE) /* what else is refused would be again */
        notices->is_stale = true;
    if (!is_late && notice->is_leave && notice->room->held)
        forget_join(notices, notice);
    finish(notice);
}

struct job *notice_new(struct notices *notices, struct room *room, unsigned long long number,
                       bool is_leave)
{
    struct notice *notice = job_new(notices->helper->jobs, sizeof(*notice), NULL, NULL);

    notice->job.owner = notices;
    notice->room = room;
    notice->number = number;
    notice->epoch = notices->epochs;
    notice->is_leave = is_leave;
    room->under_way++;
    return &notice->job;
}

/* Its texts are copied, as it may have to wait. */
void notice_say(struct job *job)
{
    struct notice *notice = (struct notice *)job;

    if (!notice->room->held) {
        job_run(job, on_said);
        return;
    }
    call_own(&job->call);
    hold(job->owner, notice);
}

/* Those that fail again come back in the same order. */
void notices_step(struct notices *notices)
{
    struct notice *notice;

    for (int left = notices->count; left > 0 && (notice = STAILQ_FIRST(&notices->held)); left--) {
        let_go(notices, notice);
        job_run(&notice->job, on_said);
    }
}

void notices_renew(struct notices *notices)
{
    struct notice *notice;

    notices->epochs++;
    notices->is_stale = false;
    while ((notice = STAILQ_FIRST(&notices->held))) {
        let_go(notices, notice);
        finish(notice);
    }
}
