/* fsck.c - do the parts of the queues fit together?
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "admin/fsck.h"

#include <hiredis/hiredis.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/forgotten.h"
#include "admin/json_line.h"
#include "admin/queue_names.h"
#include "admin/survey.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "broker/keys.h"
#include "broker/queue.h"
#include "broker/scripts.h"
#include "redis/reply.h"

/* A longer list is not searched again before a message of it is mended; and the elements that the
 * lists of one volley may have, some milliseconds of Redis's time. */
enum { MEND_SEARCHES = 100000, MEND_WORK = 100000 };

enum finding_kind { KIND_ORPHAN, KIND_HOLLOW, KIND_DOUBLE, KIND_STRAY, KIND_BEHIND, KINDS };

// clang-format off
static const struct {
    const char *name;
    bool is_problem;
    const char *text;
} kinds[KINDS] = {
    [KIND_ORPHAN] = {"orphan", true,
                     "bodies without an entry (a GET of an original RestMQ leaves them behind)"},
    [KIND_HOLLOW] = {"hollow", false,
                     "entries without a body (expired, or deleted from a long queue: normal)"},
    [KIND_DOUBLE] = {"double", true, "messages that are listed twice"},
    [KIND_STRAY] = {"stray", false,
                    "receipts without a message (it was taken by an original RestMQ: normal)"},
    [KIND_BEHIND] = {"behind", true, "counters that are behind the newest message"},
};
// clang-format on

struct finding {
    int queue; /* index in the names */
    enum finding_kind kind;
    long long number;
    long long last; /* number of the queue */
    bool is_mended;
};

struct look {
    struct finding *findings;
    size_t count, size;
    int damaged;          /* queues that could not be looked at */
    struct reason damage; /* of the first of them */
};

struct fsck {
    bool is_json;
    struct link *link;
    struct reason *reason;
    struct queue_names queues; /* dead letters are looked at with their queue */
    struct errand errands[ERRANDS];
};

/* --- what is wrong ------------------------------------------------------------------------- */

/* KINDS when all is well. */
static enum finding_kind judge(int seen)
{
    int entries = seen & SEEN_COUNT;

    if (entries > 1)
        return KIND_DOUBLE;
    if (entries == 0 && seen & SEEN_BODY)
        return KIND_ORPHAN;
    if (entries == 1 && !(seen & SEEN_BODY))
        return KIND_HOLLOW;
    if ((seen & SEEN_RECEIPT && !(seen & SEEN_LIVE)) ||
        (seen & SEEN_DEAD_RECEIPT && !(seen & SEEN_DEAD)))
        return KIND_STRAY;
    return KINDS;
}

static void add_finding(struct look *look, int queue, const struct surveyed *surveyed,
                        enum finding_kind kind, long long number)
{
    if (look->count == look->size) {
        look->size = look->size ? look->size * 2 : 64;
        look->findings = xrealloc(look->findings, look->size * sizeof(*look->findings));
    }
    look->findings[look->count++] = (struct finding){queue, kind, number, surveyed->last, false};
}

/* A damaged queue has no findings. */
static void judge_queue(void *user, int queue, const struct surveyed *surveyed)
{
    struct look *look = user;

    if (surveyed->status != STATUS_OK) {
        if (look->damaged++ == 0)
            look->damage = surveyed->reason;
        return;
    }
    for (long long number = 1; number <= surveyed->last; number++)
        if (judge(surveyed->seen[number]) != KINDS)
            add_finding(look, queue, surveyed, judge(surveyed->seen[number]), number);
    if (surveyed->highest > surveyed->counter)
        add_finding(look, queue, surveyed, KIND_BEHIND, surveyed->highest);
}

static enum status look_at_all(struct fsck *fsck, struct look *look)
{
    return survey_run(fsck->link, fsck->queues.names, fsck->queues.count, judge_queue, look,
                      fsck->reason);
}

/* Findings about the counter of one queue are equal, whatever their numbers are. */
static int compare_findings(const void *left, const void *right)
{
    const struct finding *a = left, *b = right;

    if (a->queue != b->queue)
        return a->queue - b->queue;
    if (a->kind != b->kind || a->kind == KIND_BEHIND)
        return (int)a->kind - (int)b->kind;
    return (a->number > b->number) - (a->number < b->number);
}

static void sort(struct look *look)
{
    if (look->count)
        qsort(look->findings, look->count, sizeof(*look->findings), compare_findings);
}

/* Keeps of the first look what the second one saw too, by queue and kind. */
static void intersect(struct look *first, struct look *second)
{
    size_t kept = 0, at = 0;

    sort(first);
    sort(second);
    for (size_t i = 0; i < first->count; i++) {
        const struct finding *finding = &first->findings[i];

        while (at < second->count && compare_findings(&second->findings[at], finding) < 0)
            at++;
        if (at < second->count && compare_findings(&second->findings[at], finding) == 0)
            first->findings[kept++] = second->findings[at];
    }
    first->count = kept;
}

/* --- telling ------------------------------------------------------------------------------- */

/* One queue and kind: "foo: 3 bodies without an entry (…): 1 2 9". */
static void tell(const struct fsck *fsck, const struct finding *findings, size_t count, FILE *out)
{
    fprintf(out, "%s: %zu %s:", fsck->queues.names[findings->queue], count,
            kinds[findings->kind].text);
    for (size_t i = 0; i < count && i < 10; i++)
        fprintf(out, " %lld", findings[i].number);
    fprintf(out, "%s\n", count > 10 ? " ..." : "");
}

/* With all numbers. */
static void tell_json(const struct fsck *fsck, const struct finding *findings, size_t count,
                      FILE *out)
{
    struct json_object *object = json_object_new_object(), *numbers = json_object_new_array();

    json_line_text(object, "queue", fsck->queues.names[findings->queue]);
    json_line_text(object, "kind", kinds[findings->kind].name);
    json_line_bool(object, "is_problem", kinds[findings->kind].is_problem);
    for (size_t i = 0; i < count; i++)
        json_object_array_add(numbers, json_object_new_int64(findings[i].number));
    json_object_object_add(object, "numbers", numbers);
    json_line_print(object, out);
}

static void tell_all(const struct fsck *fsck, const struct look *look, FILE *out)
{
    size_t next;

    for (size_t i = 0; i < look->count; i = next) {
        for (next = i + 1; next < look->count; next++)
            if (look->findings[next].queue != look->findings[i].queue ||
                look->findings[next].kind != look->findings[i].kind)
                break;
        (fsck->is_json ? tell_json : tell)(fsck, look->findings + i, next - i, out);
    }
}

/* --- mending ------------------------------------------------------------------------------- */

static enum status mend_result(struct call *call, const redisReply *reply, struct reason *reason)
{
    (void)reason;
    *(bool *)call->result = reply_number(reply, 0) > 0;
    return STATUS_OK;
}

static void mend_call(const struct fsck *fsck, struct call *call, struct finding *finding)
{
    const char *queue = fsck->queues.names[finding->queue];
    char dead[LIMIT_NAME + 1], key[MESSAGE_KEY];

    queue_dead_name(queue, dead);
    message_key(key, queue, finding->number);
    call_begin(call, of_queue(queue), &script_mend, mend_result, &finding->is_mended);
    for (int i = 0; i < PLACES; i++)
        keys_add_key(call, places[i].key, queue);
    for (int i = 0; i < PLACES; i++)
        keys_add_key(call, places[i].key, dead);
    keys_add_key(call, KEY_RECEIPTS, queue);
    keys_add_key(call, KEY_RECEIPTS, dead);
    keys_add_key(call, KEY_COUNTER, queue);
    keys_add_key(call, KEY_FOREIGN, queue);
    keys_add_message_text(call, key, strlen(key));
    call_bytes(call, kinds[finding->kind].name, strlen(kinds[finding->kind].name));
    call_number(call, MEND_SEARCHES);
}

/* So many of the first of these findings as are mended in one volley. */
static int volley_of(const struct finding *findings, size_t count)
{
    long long work = findings[0].last;
    size_t volley = 1;

    while (volley < count && volley < ERRANDS && (work += findings[volley].last) <= MEND_WORK)
        volley++;
    return (int)volley;
}

static enum status mend_all(struct fsck *fsck, struct look *look)
{
    enum status status = STATUS_OK;
    int volley;

    for (size_t at = 0; at < look->count && status == STATUS_OK; at += (size_t)volley) {
        volley = volley_of(look->findings + at, look->count - at);
        for (int i = 0; i < volley; i++)
            mend_call(fsck, &fsck->errands[i].call, &look->findings[at + (size_t)i]);
        link_run_all(fsck->link, fsck->errands, volley);
        for (int i = 0; i < volley && status == STATUS_OK; i++) {
            status = fsck->errands[i].status;
            if (status != STATUS_OK)
                *fsck->reason = fsck->errands[i].reason;
        }
    }
    return status;
}

/* The last line; returns how many problems are left. */
static long long sum_up(const struct fsck *fsck, const struct look *look, int damaged, FILE *out)
{
    long long mended = 0, problems = damaged;

    for (size_t i = 0; i < look->count; i++) {
        const struct finding *finding = &look->findings[i];

        mended += finding->is_mended;
        problems += !finding->is_mended && kinds[finding->kind].is_problem;
    }
    if (fsck->is_json) {
        fprintf(out, "{\"queues\":%d,\"findings\":%zu,\"mended\":%lld,\"problems\":%lld}\n",
                fsck->queues.count, look->count, mended, problems);
        return problems;
    }
    fprintf(out, "%d queue%s, %zu finding%s, %lld mended, %lld problem%s left\n",
            fsck->queues.count, text_plural(fsck->queues.count), look->count,
            text_plural((long long)look->count), mended, problems, text_plural(problems));
    return problems;
}

/* --- the whole ----------------------------------------------------------------------------- */

/* Leaves in first what is found, and in *last what the last look saw. */
static enum status look_twice(struct fsck *fsck, unsigned grace_seconds, struct look *first,
                              struct look *second, const struct look **last)
{
    enum status status = look_at_all(fsck, first);

    *last = first;
    if (status != STATUS_OK || !first->count)
        return status;
    sleep(grace_seconds);
    status = look_at_all(fsck, second);
    intersect(first, second);
    *last = second;
    return status;
}

enum status fsck_run(struct link *link, const struct fsck_options *options, FILE *out,
                     long long *problems, struct reason *reason)
{
    struct fsck fsck = {.is_json = options->is_json, .link = link, .reason = reason};
    struct look first = {0}, second = {0};
    const struct look *last = &first;
    enum status status = STATUS_OK;

    if (options->repair)
        status = forgotten_restore(link, options->is_cluster, options->is_json, out, reason);
    if (status == STATUS_OK)
        status = queue_names_read(&fsck.queues, link, false, reason);
    if (status == STATUS_OK)
        status = look_twice(&fsck, options->grace_seconds, &first, &second, &last);
    if (status == STATUS_OK) {
        tell_all(&fsck, &first, out);
        if (options->repair)
            status = mend_all(&fsck, &first);
        *problems = sum_up(&fsck, &first, last->damaged, out);
    }
    if (status == STATUS_OK && last->damaged) {
        *reason = last->damage;
        status = STATUS_DAMAGED;
    }
    for (int i = 0; i < ERRANDS; i++)
        call_clear(&fsck.errands[i].call);
    queue_names_clear(&fsck.queues);
    free(first.findings);
    free(second.findings);
    return status;
}
