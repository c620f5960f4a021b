/* survey.c - which messages some queues have, and where.
 *
 * What is to be read of a group of queues is a list of steps.  Steps go out in volleys; one that
 * has a page more stays in the list.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "admin/survey.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "broker/catalog.h"
#include "broker/parts.h"
#include "broker/queue.h"
#include "broker/scripts.h"
#include "redis/reply.h"

enum {
    GROUP_NUMBERS = 1000000,       /* of a group, unless one queue has more */
    VOLLEY_WORK = 8 * SURVEY_PAGE, /* elements: some milliseconds of Redis's time */
};

struct survey {
    struct link *link;
    struct reason *reason;
    struct parts parts[PARTS_QUEUES]; /* the first is about all of the group, or each about one */
    struct surveyed group[PARTS_QUEUES];
    int count;
    struct survey_step *steps;
    int steps_count, steps_size;
    struct errand errands[ERRANDS];
};

static struct survey_step *add_step(struct survey *survey, struct surveyed *of, survey_begin *begin)
{
    struct survey_step *step;

    if (survey->steps_count == survey->steps_size) {
        survey->steps_size = survey->steps_size ? survey->steps_size * 2 : 64;
        survey->steps =
            xrealloc(survey->steps, (size_t)survey->steps_size * sizeof(*survey->steps));
    }
    step = &survey->steps[survey->steps_count++];
    *step = (struct survey_step){.begin = begin, .of = of, .cursor = "0"};
    strcpy(step->owner, of->queue);
    return step;
}

/* --- volleys -------------------------------------------------------------------------------- */

/* The number of first steps that go out together, at least one. */
static int volley_of(const struct survey *survey)
{
    long long work = survey_step_work(&survey->steps[0]);
    int count = 1;

    while (count < survey->steps_count && count < ERRANDS &&
           (work += survey_step_work(&survey->steps[count])) <= VOLLEY_WORK)
        count++;
    return count;
}

/* Takes over what became of a volley.  A queue that is damaged is not looked at any more; another
 * error ends it all. */
static enum status settle(struct survey *survey, int count)
{
    for (int i = 0; i < count; i++) {
        const struct errand *errand = &survey->errands[i];
        struct survey_step *step = &survey->steps[i];

        if (errand->status == STATUS_OK)
            continue;
        if (errand->status != STATUS_DAMAGED) {
            *survey->reason = errand->reason;
            return errand->status;
        }
        step->has_more = false;
        if (step->of->status == STATUS_OK)
            step->of->reason = errand->reason;
        step->of->status = STATUS_DAMAGED;
    }
    return STATUS_OK;
}

static void drop_done(struct survey *survey, int count)
{
    int kept = 0;

    for (int i = 0; i < survey->steps_count; i++)
        if (i >= count || (survey->steps[i].has_more && survey->steps[i].of->status == STATUS_OK))
            survey->steps[kept++] = survey->steps[i];
    survey->steps_count = kept;
}

static enum status run_steps(struct survey *survey)
{
    enum status status = STATUS_OK;

    while (survey->steps_count && status == STATUS_OK) {
        int count = volley_of(survey);

        for (int i = 0; i < count; i++)
            survey->steps[i].begin(&survey->steps[i], &survey->errands[i].call);
        link_run_all(survey->link, survey->errands, count);
        status = settle(survey, count);
        drop_done(survey, count);
    }
    return status;
}

/* --- a group of queues ---------------------------------------------------------------------- */

/* Has the queue of that index this key, or its dead letters as the owner? */
static bool has(const struct survey *survey, int index, const char *owner, enum key key)
{
    int together = survey->parts[0].count;

    return parts_has(&survey->parts[index / together], index % together, owner, key);
}

/* Purged messages have bodies and no entries until they are swept: then it is done now. */
static enum status sweep(struct survey *survey, int index, const char *owner)
{
    bool more = has(survey, index, owner, KEY_TRASH);
    struct call *call = &survey->errands[0].call;
    enum status status = STATUS_OK;

    while (status == STATUS_OK && more) {
        queue_sweep_call(call, owner, SWEEP_PURGED, &more);
        status = link_run(survey->link, call, survey->reason);
    }
    return status;
}

static enum status sweep_all(struct survey *survey)
{
    enum status status = STATUS_OK;
    char dead[LIMIT_NAME + 1];

    for (int i = 0; i < survey->count && status == STATUS_OK; i++) {
        struct surveyed *of = &survey->group[i];

        queue_dead_name(of->queue, dead);
        status = sweep(survey, i, of->queue);
        if (status == STATUS_OK)
            status = sweep(survey, i, dead);
        if (status != STATUS_DAMAGED)
            continue;
        of->status = status;
        of->reason = *survey->reason;
        status = STATUS_OK;
    }
    return status;
}

/* All places and receipts of the queue, or of its dead letters, as the owner. */
static void add_owner(struct survey *survey, int index, const char *owner, int seen, int receipt)
{
    struct surveyed *of = &survey->group[index];
    struct survey_step *step;

    for (int i = 0; i < PLACES; i++) {
        if (!has(survey, index, owner, places[i].key))
            continue;
        step = add_step(survey, of, survey_range);
        step->place = &places[i];
        step->bit = seen;
        strcpy(step->owner, owner);
    }
    if (has(survey, index, owner, KEY_RECEIPTS)) {
        step = add_step(survey, of, survey_receipts);
        step->bit = receipt;
        strcpy(step->owner, owner);
    }
}

static void add_entries(struct survey *survey, int index)
{
    struct surveyed *of = &survey->group[index];
    char dead[LIMIT_NAME + 1];

    add_owner(survey, index, of->queue, SEEN_LIVE, SEEN_RECEIPT);
    queue_dead_name(of->queue, dead);
    if (queue_can_have_dead(of->queue))
        add_owner(survey, index, dead, SEEN_DEAD, SEEN_DEAD_RECEIPT);
}

static void add_bodies(struct survey *survey, int index)
{
    if (survey->group[index].last > 0)
        add_step(survey, &survey->group[index], survey_bodies);
}

static void add_counter(struct survey *survey, int index)
{
    add_step(survey, &survey->group[index], survey_counter);
}

/* The newest message may have been pushed after the counter was read. */
static void add_late_counter(struct survey *survey, int index)
{
    if (survey->group[index].highest > survey->group[index].last)
        add_counter(survey, index);
}

/* Runs the steps of these queues, as far as they are sound. */
static enum status run_phase(struct survey *survey, void (*add)(struct survey *survey, int index),
                             int first, int end)
{
    for (int i = first; i < end; i++)
        if (survey->group[i].status == STATUS_OK)
            add(survey, i);
    return run_steps(survey);
}

static enum status look(struct survey *survey, int first, int end)
{
    enum status status;

    for (int i = first; i < end; i++) {
        struct surveyed *of = &survey->group[i];

        of->seen = xmalloc((size_t)of->last + 1);
        memset(of->seen, 0, (size_t)of->last + 1);
    }
    status = run_phase(survey, add_entries, first, end);
    if (status == STATUS_OK)
        status = run_phase(survey, add_bodies, first, end);
    if (status == STATUS_OK)
        status = run_phase(survey, add_late_counter, first, end);
    return status;
}

/* The end of the queues from first on that together have at most GROUP_NUMBERS numbers, or of one
 * queue. */
static int end_of(const struct survey *survey, int first)
{
    long long numbers = survey->group[first].last;
    int end = first + 1;

    while (end < survey->count && (numbers += survey->group[end].last) <= GROUP_NUMBERS)
        end++;
    return end;
}

/* Asks about the first of the queues, which become the group, in one volley. */
static enum status ask_for_parts(struct survey *survey, char (*queues)[LIMIT_NAME + 1], int count)
{
    int calls = 0, most = count < PARTS_QUEUES ? count : PARTS_QUEUES;

    for (survey->count = 0; survey->count < most; calls++) {
        parts_call(&survey->errands[calls].call, queues + survey->count, most - survey->count,
                   &survey->parts[calls]);
        survey->count += survey->parts[calls].count;
    }
    link_run_all(survey->link, survey->errands, calls);
    for (int i = 0; i < calls; i++)
        if (survey->errands[i].status != STATUS_OK) {
            *survey->reason = survey->errands[i].reason;
            return survey->errands[i].status;
        }
    return STATUS_OK;
}

static enum status begin_group(struct survey *survey, char (*queues)[LIMIT_NAME + 1], int count)
{
    enum status status = ask_for_parts(survey, queues, count);

    for (int i = 0; i < survey->count; i++)
        survey->group[i] = (struct surveyed){.queue = queues[i]};
    if (status == STATUS_OK)
        status = sweep_all(survey);
    if (status == STATUS_OK)
        status = run_phase(survey, add_counter, 0, survey->count);
    for (int i = 0; i < survey->count; i++)
        if (survey->group[i].status == STATUS_OK)
            survey->group[i].last = survey->group[i].counter;
    return status;
}

static enum status look_at_group(struct survey *survey, int at, survey_saw *saw, void *user)
{
    enum status status = STATUS_OK;

    for (int first = 0, end; first < survey->count && status == STATUS_OK; first = end) {
        end = end_of(survey, first);
        status = look(survey, first, end);
        for (int i = first; i < end; i++) {
            if (status == STATUS_OK)
                saw(user, at + i, &survey->group[i]);
            free(survey->group[i].seen);
        }
    }
    return status;
}

enum status survey_run(struct link *link, char (*queues)[LIMIT_NAME + 1], int count,
                       survey_saw *saw, void *user, struct reason *reason)
{
    struct survey *survey = xmalloc(sizeof(*survey));
    enum status status = STATUS_OK;

    memset(survey, 0, sizeof(*survey));
    survey->link = link;
    survey->reason = reason;
    for (int at = 0; at < count && status == STATUS_OK; at += survey->count) {
        status = begin_group(survey, queues + at, count - at);
        if (status == STATUS_OK)
            status = look_at_group(survey, at, saw, user);
    }
    for (int i = 0; i < ERRANDS; i++)
        call_clear(&survey->errands[i].call);
    free(survey->steps);
    free(survey);
    return status;
}
