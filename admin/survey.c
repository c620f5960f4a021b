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
    PAGE = 1000,
    MOST_NUMBERS = 1000000000, /* a byte of memory for each number of a queue */
    GROUP_NUMBERS = 1000000,   /* of a group, unless one queue has more */
    VOLLEY_WORK = 8 * PAGE,    /* elements: some milliseconds of Redis's time */
    STEP_WORK = 20,            /* a call without any takes as long */
};

const struct place places[PLACES] = {
    {"ZRANGE", KEY_LEASES },
    {"ZRANGE", KEY_DELAYED},
    {"LRANGE", KEY_LIST   },
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

/* One thing to read of a queue, page by page. */
struct survey_step {
    void (*begin)(struct survey_step *step, struct call *call);
    struct surveyed *of;
    char owner[LIMIT_NAME + 1];  /* the queue, or its dead letters */
    const struct place *place;   /* of a range */
    int bit;                     /* that it marks */
    long long at;                /* elements before it */
    char cursor[CATALOG_CURSOR]; /* of receipts */
    bool has_more;
};

static struct survey_step *add_step(struct survey *survey, struct surveyed *of,
                                    void (*begin)(struct survey_step *step, struct call *call))
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

/* A reading command on one key; its other words follow. */
static void begin_page(struct call *call, struct survey_step *step, enum key key,
                       const char *command, call_decode *decode)
{
    call_begin(call, of_queue(step->owner), &script_page, decode, step);
    keys_add_key(call, key, step->owner);
    call_bytes(call, command, strlen(command));
}

static void mark(struct surveyed *of, const redisReply *entry, int bit)
{
    size_t prefix = strlen(of->queue) + 1, len = entry->len;
    const char *key = message_key_shown(entry->str, &len);
    unsigned char *seen;
    long long number;

    if (entry->type != REDIS_REPLY_STRING || !message_key_is_of(key, len, of->queue))
        return;
    number = strtoll(key + prefix, NULL, 10);
    if (bit & (SEEN_LIVE | SEEN_DEAD) && number <= MOST_NUMBERS && number > of->highest)
        of->highest = number;
    if (number > of->last)
        return;
    seen = &of->seen[number];
    if (bit & (SEEN_LIVE | SEEN_DEAD) && (*seen & SEEN_COUNT) < SEEN_COUNT)
        ++*seen;
    *seen |= (unsigned char)bit;
}

/* --- the steps ------------------------------------------------------------------------------ */

static enum status counter_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct surveyed *of = ((struct survey_step *)call->result)->of;
    char key[KEY_SIZE];

    of->counter = reply->type == REDIS_REPLY_NIL ? 0 : reply_number(reply, -1);
    if (of->counter >= 0 && of->counter <= MOST_NUMBERS)
        return STATUS_OK;
    keys_write(key, KEY_COUNTER, of->queue);
    return refuse(reason, STATUS_DAMAGED, "%s is no number up to %d", key, MOST_NUMBERS);
}

static void begin_counter(struct survey_step *step, struct call *call)
{
    begin_page(call, step, KEY_COUNTER, "GET", counter_result);
}

static enum status range_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct survey_step *step = call->result;

    (void)reason;
    for (size_t i = 0; i < reply->elements; i++)
        mark(step->of, reply->element[i], step->bit);
    step->at += PAGE;
    step->has_more = reply->elements == PAGE;
    return STATUS_OK;
}

static void begin_range(struct survey_step *step, struct call *call)
{
    begin_page(call, step, step->place->key, step->place->command, range_result);
    call_number(call, step->at);
    call_number(call, step->at + PAGE - 1);
}

static enum status receipts_result(struct call *call, const redisReply *reply,
                                   struct reason *reason)
{
    struct survey_step *step = call->result;

    if (!reply_is_array(reply, 2) || !reply->element[0]->str)
        return reply_unexpected("HSCAN", reason);
    for (size_t i = 0; i + 1 < reply->element[1]->elements; i += 2)
        mark(step->of, reply->element[1]->element[i], step->bit);
    snprintf(step->cursor, sizeof(step->cursor), "%s", reply->element[0]->str);
    step->has_more = strcmp(step->cursor, "0") != 0;
    return STATUS_OK;
}

static void begin_receipts(struct survey_step *step, struct call *call)
{
    begin_page(call, step, KEY_RECEIPTS, "HSCAN", receipts_result);
    call_text(call, step->cursor, "", 0, "");
    call_bytes(call, "COUNT", 5);
    call_number(call, PAGE);
}

/* Numbers of its page. */
static long long page_of(const struct survey_step *step)
{
    long long left = step->of->last - step->at;

    return left < PAGE ? left : PAGE;
}

static enum status bodies_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    struct survey_step *step = call->result;
    long long count = page_of(step);

    if (reply->type != REDIS_REPLY_STRING || (long long)reply->len != count)
        return reply_unexpected("bodies", reason);
    for (long long i = 0; i < count; i++)
        if (reply->str[i] == '1')
            step->of->seen[step->at + 1 + i] |= SEEN_BODY;
    step->at += count;
    step->has_more = step->at < step->of->last;
    return STATUS_OK;
}

static void begin_bodies(struct survey_step *step, struct call *call)
{
    call_begin(call, of_queue(step->of->queue), &script_bodies, bodies_result, step);
    keys_add_key(call, KEY_FOREIGN, step->of->queue);
    keys_add_text(call, KEY_PREFIX, step->of->queue);
    call_number(call, step->at + 1);
    call_number(call, page_of(step));
}

/* --- volleys -------------------------------------------------------------------------------- */

/* The elements that a step is likely to meet: a queue has not more entries than numbers. */
static long long work_of(const struct survey_step *step)
{
    if (step->begin == begin_counter)
        return STEP_WORK;
    return STEP_WORK + (step->at ? PAGE : page_of(step));
}

/* So many of the first steps as go out together, at least one. */
static int volley_of(const struct survey *survey)
{
    long long work = work_of(&survey->steps[0]);
    int count = 1;

    while (count < survey->steps_count && count < ERRANDS &&
           (work += work_of(&survey->steps[count])) <= VOLLEY_WORK)
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
        step = add_step(survey, of, begin_range);
        step->place = &places[i];
        step->bit = seen;
        strcpy(step->owner, owner);
    }
    if (has(survey, index, owner, KEY_RECEIPTS)) {
        step = add_step(survey, of, begin_receipts);
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
        add_step(survey, &survey->group[index], begin_bodies);
}

static void add_counter(struct survey *survey, int index)
{
    add_step(survey, &survey->group[index], begin_counter);
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

/* So many of the group as have not more than GROUP_NUMBERS, or one. */
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
