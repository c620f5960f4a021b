/* fsck.c - do the parts of the queues fit together?
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/fsck.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/memory.h"
#include "broker/catalog.h"
#include "broker/keys.h"
#include "broker/parts.h"
#include "broker/queue.h"
#include "broker/reply.h"
#include "broker/script.h"

enum { PAGE = 1000 };

/* A byte of memory for each number of a queue. */
enum { MOST_NUMBERS = 1000000000 };

/* A longer list is not searched again before a message of it is mended. */
enum { MEND_SEARCHES = 100000 };

/* What was seen of a message: one byte for each number. */
enum {
    SEEN_COUNT = 3,         /* the lowest two bits count its entries, up to three */
    SEEN_LIVE = 4,          /* one of them is in the queue itself: ready, leased or delayed */
    SEEN_DEAD = 8,          /* one of them is among the dead letters */
    SEEN_RECEIPT = 16,      /* of the queue */
    SEEN_DEAD_RECEIPT = 32, /* of the dead letters */
    SEEN_BODY = 64,
};

enum kind { KIND_ORPHAN, KIND_HOLLOW, KIND_DOUBLE, KIND_STRAY, KIND_BEHIND, KINDS };

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
    enum kind kind;
    long long number;
};

struct look {
    struct finding *findings;
    size_t count, size;
};

struct fsck {
    struct link *link;
    struct call call;
    struct reason *reason;
    char (*names)[LIMIT_NAME + 1];
    int names_count, names_size;
    struct parts parts;   /* of the group of queues that are being looked at */
    int index;            /* of the queue that is, in the group */
    unsigned char *seen;  /* of the queue that is being looked at; index is the number */
    long long last;       /* its counter when the look at it began */
    long long highest;    /* number that an entry of it has */
    int damaged;          /* queues that could not be looked at the last time */
    struct reason damage; /* of the first of them */
};

/* --- what Redis has ------------------------------------------------------------------------ */

static enum status keep_reply(const redisReply *reply, void *result, struct reason *reason)
{
    (void)reason;
    *(const redisReply **)result = reply;
    return STATUS_OK;
}

static enum status run(struct fsck *fsck)
{
    return link_run(fsck->link, &fsck->call, fsck->reason);
}

/* A reading command on one key; its other words follow. */
static void begin_page(struct fsck *fsck, enum key key, const char *queue, const char *command,
                       const redisReply **reply)
{
    call_begin(&fsck->call, &script_page, keep_reply, reply);
    keys_add_key(&fsck->call, key, queue);
    call_bytes(&fsck->call, command, strlen(command));
}

static void mark(struct fsck *fsck, const char *queue, const redisReply *key, int bit)
{
    size_t prefix = strlen(queue) + 1;
    unsigned char *seen;
    long long number;

    if (key->type != REDIS_REPLY_STRING || !message_key_is_of(key->str, key->len, queue))
        return;
    number = strtoll(key->str + prefix, NULL, 10);
    if (bit & (SEEN_LIVE | SEEN_DEAD) && number <= MOST_NUMBERS && number > fsck->highest)
        fsck->highest = number;
    if (number > fsck->last)
        return;
    seen = &fsck->seen[number];
    if (bit & (SEEN_LIVE | SEEN_DEAD) && (*seen & SEEN_COUNT) < SEEN_COUNT)
        ++*seen;
    *seen |= (unsigned char)bit;
}

/* Marks all members of the owner's list or sorted set, page by page, as messages of the queue. */
static enum status mark_range(struct fsck *fsck, const char *command, enum key key,
                              const char *owner, const char *queue, int bit)
{
    bool has_more = parts_has(&fsck->parts, fsck->index, owner, key);
    const redisReply *reply = NULL;
    enum status status = STATUS_OK;

    for (long long at = 0; has_more && status == STATUS_OK; at += PAGE) {
        begin_page(fsck, key, owner, command, &reply);
        call_number(&fsck->call, at);
        call_number(&fsck->call, at + PAGE - 1);
        status = run(fsck);
        for (size_t i = 0; status == STATUS_OK && i < reply->elements; i++)
            mark(fsck, queue, reply->element[i], bit);
        has_more = status == STATUS_OK && reply->elements == PAGE;
    }
    return status;
}

/* Purged messages have bodies and no entries until they are swept: then it is done now. */
static enum status sweep(struct fsck *fsck, const char *queue)
{
    bool more = parts_has(&fsck->parts, fsck->index, queue, KEY_TRASH);
    enum status status = STATUS_OK;

    while (status == STATUS_OK && more) {
        queue_sweep_call(&fsck->call, queue, SWEEP_PURGED, &more);
        status = run(fsck);
    }
    return status;
}

static enum status mark_receipts(struct fsck *fsck, const char *owner, const char *queue, int bit)
{
    const redisReply *reply = NULL;
    char cursor[CATALOG_CURSOR] = "0";
    enum status status;

    if (!parts_has(&fsck->parts, fsck->index, owner, KEY_RECEIPTS))
        return STATUS_OK;
    do {
        begin_page(fsck, KEY_RECEIPTS, owner, "HSCAN", &reply);
        call_bytes(&fsck->call, cursor, strlen(cursor));
        call_bytes(&fsck->call, "COUNT", 5);
        call_number(&fsck->call, PAGE);
        status = run(fsck);
        if (status != STATUS_OK)
            return status;
        if (!reply_is_array(reply, 2) || !reply->element[0]->str)
            return reply_unexpected("HSCAN", fsck->reason);
        for (size_t i = 0; i + 1 < reply->element[1]->elements; i += 2)
            mark(fsck, queue, reply->element[1]->element[i], bit);
        snprintf(cursor, sizeof(cursor), "%s", reply->element[0]->str);
    } while (strcmp(cursor, "0") != 0);
    return STATUS_OK;
}

static enum status mark_bodies(struct fsck *fsck, const char *queue)
{
    const redisReply *reply = NULL;
    enum status status = STATUS_OK;

    for (long long first = 1; first <= fsck->last && status == STATUS_OK; first += PAGE) {
        long long count = fsck->last - first + 1 < PAGE ? fsck->last - first + 1 : PAGE;

        call_begin(&fsck->call, &script_bodies, keep_reply, &reply);
        keys_add_key(&fsck->call, KEY_FOREIGN, queue);
        keys_add_text(&fsck->call, KEY_PREFIX, queue);
        call_number(&fsck->call, first);
        call_number(&fsck->call, count);
        status = run(fsck);
        if (status == STATUS_OK &&
            (reply->type != REDIS_REPLY_STRING || (long long)reply->len != count))
            return reply_unexpected("bodies", fsck->reason);
        for (long long i = 0; status == STATUS_OK && i < count; i++)
            if (reply->str[i] == '1')
                fsck->seen[first + i] |= SEEN_BODY;
    }
    return status;
}

static enum status read_counter(struct fsck *fsck, const char *queue, long long *last)
{
    const redisReply *reply = NULL;
    enum status status;

    begin_page(fsck, KEY_COUNTER, queue, "GET", &reply);
    status = run(fsck);
    if (status != STATUS_OK)
        return status;
    *last = reply->type == REDIS_REPLY_NIL ? 0 : reply_number(reply, -1);
    if (*last >= 0 && *last <= MOST_NUMBERS)
        return STATUS_OK;
    return refuse(fsck->reason, STATUS_DAMAGED, "%s:UUID is no number up to %d", queue,
                  MOST_NUMBERS);
}

/* --- what is wrong with it ----------------------------------------------------------------- */

/* The places where messages of a queue can be, and the command that reads them; in the order in
 * which mend.lua prefers them. */
static const struct {
    const char *command;
    enum key key;
} places[] = {
    {"ZRANGE", KEY_LEASES },
    {"ZRANGE", KEY_DELAYED},
    {"LRANGE", KEY_LIST   },
};

enum { PLACES = sizeof(places) / sizeof(places[0]) };

/* KINDS when all is well. */
static enum kind judge(int seen)
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

static void add_finding(struct look *look, int queue, enum kind kind, long long number)
{
    if (look->count == look->size) {
        look->size = look->size ? look->size * 2 : 64;
        look->findings = xrealloc(look->findings, look->size * sizeof(*look->findings));
    }
    look->findings[look->count++] = (struct finding){queue, kind, number};
}

/* All places and receipts of the queue, or of its dead letters, as the owner. */
static enum status mark_owner(struct fsck *fsck, const char *owner, const char *queue, int seen,
                              int receipt)
{
    enum status status = STATUS_OK;

    for (int i = 0; i < PLACES && status == STATUS_OK; i++)
        status = mark_range(fsck, places[i].command, places[i].key, owner, queue, seen);
    return status == STATUS_OK ? mark_receipts(fsck, owner, queue, receipt) : status;
}

static enum status mark_all(struct fsck *fsck, const char *queue)
{
    char dead[LIMIT_NAME + 1];
    enum status status = mark_owner(fsck, queue, queue, SEEN_LIVE, SEEN_RECEIPT);

    queue_dead_name(queue, dead);
    if (status == STATUS_OK && queue_can_have_dead(queue))
        status = mark_owner(fsck, dead, queue, SEEN_DEAD, SEEN_DEAD_RECEIPT);
    return status == STATUS_OK ? mark_bodies(fsck, queue) : status;
}

/* The newest message may have been pushed after the counter was read. */
static enum status look_at_counter(struct fsck *fsck, struct look *look, int index)
{
    long long last = fsck->last;
    enum status status = STATUS_OK;

    if (fsck->highest > last)
        status = read_counter(fsck, fsck->names[index], &last);
    if (status == STATUS_OK && fsck->highest > last)
        add_finding(look, index, KIND_BEHIND, fsck->highest);
    return status;
}

static enum status look_at_queue(struct fsck *fsck, struct look *look, int index)
{
    const char *queue = fsck->names[index];
    char dead[LIMIT_NAME + 1];
    enum status status = sweep(fsck, queue);

    queue_dead_name(queue, dead);
    if (status == STATUS_OK)
        status = sweep(fsck, dead);
    if (status == STATUS_OK)
        status = read_counter(fsck, queue, &fsck->last);
    if (status != STATUS_OK)
        return status;
    fsck->highest = 0;
    fsck->seen = xmalloc((size_t)fsck->last + 1);
    memset(fsck->seen, 0, (size_t)fsck->last + 1);
    status = mark_all(fsck, queue);
    for (long long number = 1; number <= fsck->last && status == STATUS_OK; number++)
        if (judge(fsck->seen[number]) != KINDS)
            add_finding(look, index, judge(fsck->seen[number]), number);
    free(fsck->seen);
    return status == STATUS_OK ? look_at_counter(fsck, look, index) : status;
}

/* A damaged queue has no findings. */
static enum status look_at_all(struct fsck *fsck, struct look *look)
{
    enum status status = STATUS_OK;

    fsck->damaged = 0;
    for (int i = 0; i < fsck->names_count && status == STATUS_OK; i++) {
        fsck->index = i % PARTS_QUEUES;
        if (fsck->index == 0) {
            parts_call(&fsck->call, fsck->names + i, fsck->names_count - i, &fsck->parts);
            status = run(fsck);
        }
        if (status == STATUS_OK)
            status = look_at_queue(fsck, look, i);
        if (status != STATUS_DAMAGED)
            continue;
        if (fsck->damaged++ == 0)
            fsck->damage = *fsck->reason;
        status = STATUS_OK;
    }
    return status;
}

/* One queue has one counter, whatever the newest message is. */
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

/* --- mending and telling ------------------------------------------------------------------- */

static enum status mend(struct fsck *fsck, const struct finding *finding, bool *mended)
{
    const char *queue = fsck->names[finding->queue];
    const redisReply *reply = NULL;
    char dead[LIMIT_NAME + 1], key[MESSAGE_KEY];
    enum status status;

    queue_dead_name(queue, dead);
    message_key(key, queue, finding->number);
    call_begin(&fsck->call, &script_mend, keep_reply, &reply);
    for (int i = 0; i < PLACES; i++)
        keys_add_key(&fsck->call, places[i].key, queue);
    for (int i = 0; i < PLACES; i++)
        keys_add_key(&fsck->call, places[i].key, dead);
    keys_add_key(&fsck->call, KEY_RECEIPTS, queue);
    keys_add_key(&fsck->call, KEY_RECEIPTS, dead);
    keys_add_key(&fsck->call, KEY_COUNTER, queue);
    keys_add_key(&fsck->call, KEY_FOREIGN, queue);
    call_bytes(&fsck->call, key, strlen(key));
    call_bytes(&fsck->call, kinds[finding->kind].name, strlen(kinds[finding->kind].name));
    call_number(&fsck->call, MEND_SEARCHES);
    status = run(fsck);
    *mended = status == STATUS_OK && reply_number(reply, 0) > 0;
    return status;
}

/* One queue and kind: "foo: 3 bodies without an entry (…): 1 2 9". */
static void tell(const struct fsck *fsck, const struct finding *findings, size_t count, FILE *out)
{
    fprintf(out, "%s: %zu %s:", fsck->names[findings->queue], count, kinds[findings->kind].text);
    for (size_t i = 0; i < count && i < 10; i++)
        fprintf(out, " %lld", findings[i].number);
    fprintf(out, "%s\n", count > 10 ? " ..." : "");
}

static void tell_all(const struct fsck *fsck, const struct look *look, FILE *out)
{
    size_t next;

    for (size_t i = 0; i < look->count; i = next) {
        for (next = i + 1; next < look->count; next++)
            if (look->findings[next].queue != look->findings[i].queue ||
                look->findings[next].kind != look->findings[i].kind)
                break;
        tell(fsck, look->findings + i, next - i, out);
    }
}

static enum status mend_all(struct fsck *fsck, const struct look *look, bool repair, FILE *out,
                            long long *problems)
{
    enum status status = STATUS_OK;
    long long mended_count = 0;

    *problems = fsck->damaged;
    for (size_t i = 0; i < look->count && status == STATUS_OK; i++) {
        bool mended = false;

        if (repair)
            status = mend(fsck, &look->findings[i], &mended);
        mended_count += mended;
        *problems += !mended && kinds[look->findings[i].kind].is_problem;
    }
    fprintf(out, "%d queues, %zu findings, %lld mended, %lld problems left\n", fsck->names_count,
            look->count, mended_count, *problems);
    return status;
}

/* --- the whole ----------------------------------------------------------------------------- */

/* Dead letters are looked at with their queue. */
static void add_name(struct fsck *fsck, const char *name)
{
    if (queue_is_dead(name))
        return;
    if (fsck->names_count == fsck->names_size) {
        fsck->names_size = fsck->names_size ? fsck->names_size * 2 : 64;
        fsck->names = xrealloc(fsck->names, (size_t)fsck->names_size * sizeof(*fsck->names));
    }
    strcpy(fsck->names[fsck->names_count++], name);
}

static enum status list_names(struct fsck *fsck)
{
    struct catalog catalog = {0};
    char cursor[CATALOG_CURSOR] = "0";
    enum status status;

    do {
        catalog_page_call(&fsck->call, cursor, strlen(cursor), LIMIT_PAGE, &catalog);
        status = run(fsck);
        for (int i = 0; i < catalog.count && status == STATUS_OK; i++)
            add_name(fsck, catalog.names[i]);
        strcpy(cursor, catalog.cursor);
    } while (status == STATUS_OK && strcmp(cursor, "0") != 0);
    catalog_clear(&catalog);
    return status;
}

enum status fsck_run(struct link *link, const struct fsck_options *options, FILE *out,
                     long long *problems, struct reason *reason)
{
    struct fsck fsck = {.link = link, .reason = reason};
    struct look first = {0}, second = {0};
    enum status status = list_names(&fsck);

    if (status == STATUS_OK)
        status = look_at_all(&fsck, &first);
    if (status == STATUS_OK && first.count) {
        sleep(options->grace_seconds);
        status = look_at_all(&fsck, &second);
        intersect(&first, &second);
    }
    if (status == STATUS_OK) {
        tell_all(&fsck, &first, out);
        status = mend_all(&fsck, &first, options->repair, out, problems);
    }
    if (status == STATUS_OK && fsck.damaged) {
        *reason = fsck.damage;
        status = STATUS_DAMAGED;
    }
    call_clear(&fsck.call);
    free(fsck.names);
    free(first.findings);
    free(second.findings);
    return status;
}
