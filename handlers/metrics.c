/* metrics.c - /metrics: the numbers of all queues, and of some pools, in the text form of
 * Prometheus.
 *
 * A new number takes a row in a table below.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <json-c/json.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"
#include "broker/keys.h"
#include "broker/pool.h"
#include "broker/promise.h"
#include "handlers/handlers.h"
#include "handlers/page.h"
#include "handlers/stats.h"
#include "handlers/tour.h"
#include "redis/counts.h"

/* --- what there is ------------------------------------------------------------------------- */

struct sample {
    char *queue; /* the first member: sorted by it */
    struct queue_state state;
};

/* LIMIT_METRICS queues at most, or those of them that are not damaged. */
struct samples {
    struct sample *samples;
    int count;
    int size;
    int damaged;
    bool is_cut;
};

static void add_sample(struct samples *all, const char *queue, const struct queue_state *state)
{
    if (all->count == all->size) {
        all->size = all->size ? 2 * all->size : 64;
        all->samples = xrealloc(all->samples, (size_t)all->size * sizeof(*all->samples));
    }
    all->samples[all->count++] = (struct sample){xstrdup(queue), *state};
}

/* Prometheus wants each queue once. */
static void sort(struct samples *all)
{
    int kept = 0;

    if (all->count)
        qsort(all->samples, (size_t)all->count, sizeof(*all->samples), text_compare);
    for (int i = 0; i < all->count; i++) {
        if (kept > 0 && strcmp(all->samples[i].queue, all->samples[kept - 1].queue) == 0)
            free(all->samples[i].queue);
        else
            all->samples[kept++] = all->samples[i];
    }
    all->count = kept;
}

static void samples_clear(struct samples *all)
{
    for (int i = 0; i < all->count; i++)
        free(all->samples[i].queue);
    free(all->samples);
}

/* --- queues -------------------------------------------------------------------------------- */

#define AT(member) offsetof(struct queue_state, member)
#define AT_STREAMS AT(holds.is_started)
#define AT_TAKES   AT(holds.are_takes_held)
#define AT_PUSHES  AT(holds.are_pushes_held)

/* Rows of one name stand next to each other, with a label that tells them apart. */
static const struct {
    const char *name;
    const char *type;
    const char *help;
    const char *label;
    size_t offset;
} numbers[] = {
    {"restmq_queue_messages",       "gauge",   "Messages that are there now.",                  ",state=\"ready\"",
     AT(ready)                                                                                                                     },
    {"restmq_queue_messages",       "gauge",   NULL,                                            ",state=\"leased\"",  AT(leased)   },
    {"restmq_queue_messages",       "gauge",   NULL,                                            ",state=\"delayed\"", AT(delayed)  },
    {"restmq_queue_dead_letters",   "gauge",   "They are messages of NAME.dead.",               "",                   AT(dead)     },
    {"restmq_queue_oldest_seconds", "gauge",   "Since the push of the next one out, if known.", "",
     AT(oldest.s)                                                                                                                  },
    {"restmq_queue_consumers",      "gauge",   "Streaming consumers.",                          "",                   AT(consumers)},
    {"restmq_queue_pushed_total",   "counter", "Messages pushed.",                              "",                   AT(pushed)   },
    {"restmq_queue_removed_total",  "counter", "Messages that are there no more.",              "",                   AT(removed)  },
    {"restmq_queue_acked_total",    "counter", "Leased messages acknowledged.",                 "",                   AT(acked)    },
    {"restmq_queue_returned_total", "counter", "Leases that ran out or were given back.",       "",
     AT(returned)                                                                                                                  },
    {"restmq_queue_expired_total",  "counter", "Messages passed over, their ttl had run out.",  "",
     AT(expired)                                                                                                                   },
    {"restmq_queue_died_total",     "counter", "Messages that became dead letters.",            "",                   AT(died)     },
    {"restmq_queue_dropped_total",  "counter", "Entries that stood twice.",                     "",                   AT(dropped)  },
    {"restmq_queue_purged_total",   "counter", "Messages purged.",                              "",                   AT(purged)   },
    {"restmq_queue_started",        "gauge",   "1, or 0: streaming consumers get nothing.",     "",                   AT_STREAMS   },
    {"restmq_queue_held",           "gauge",   "1: nobody can take, or push.",                  ",what=\"takes\"",    AT_TAKES     },
    {"restmq_queue_held",           "gauge",   NULL,                                            ",what=\"pushes\"",   AT_PUSHES    },
};

enum { NUMBERS = sizeof(numbers) / sizeof(numbers[0]) };

static void add_head(struct buffer *out, const char *name, const char *type, const char *help)
{
    buffer_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_number(struct buffer *out, const char *name, const char *type, const char *help,
                       long long number)
{
    add_head(out, name, type, help);
    buffer_addf(out, "%s %lld\n", name, number);
}

/* What the answer is written from, line by line: it is some 12 MB for 10,000 queues. */
struct report {
    struct samples all;
    size_t number; /* the next one, */
    int sample;    /* of this queue */
    struct buffer rest;
};

enum { PIECE = 32768 };

/* The number of each queue that is left, or a piece of them. */
static void add_lines(struct buffer *out, struct report *report)
{
    const struct samples *all = &report->all;

    for (; report->sample < all->count && out->len < PIECE; report->sample++) {
        const char *state = (const char *)&all->samples[report->sample].state;
        long long number;

        memcpy(&number, state + numbers[report->number].offset, sizeof(number));
        if (number < 0)
            continue; /* not known */
        buffer_addf(out, "%s{queue=\"%s\"%s} %lld\n", numbers[report->number].name,
                    all->samples[report->sample].queue, numbers[report->number].label, number);
    }
    if (report->sample == all->count) {
        report->sample = 0;
        report->number++;
    }
}

static bool add_piece(void *user, struct buffer *out)
{
    struct report *report = user;

    while (out->len < PIECE && report->number < NUMBERS) {
        if (report->sample == 0 && numbers[report->number].help)
            add_head(out, numbers[report->number].name, numbers[report->number].type,
                     numbers[report->number].help);
        add_lines(out, report);
    }
    if (report->number < NUMBERS)
        return true;
    buffer_add(out, report->rest.data, report->rest.len);
    return false;
}

static void report_end(void *user)
{
    struct report *report = user;

    samples_clear(&report->all);
    buffer_clear(&report->rest);
    free(report);
}

static void add_counts(struct buffer *out, const struct samples *all)
{
    add_number(out, "restmq_queues", "gauge", "Queues in this answer.", all->count);
    add_number(out, "restmq_queues_damaged", "gauge",
               "Queues that are left out, a key of theirs holds something else.", all->damaged);
    add_number(out, "restmq_queues_cut", "gauge", "1: there are more queues than are shown.",
               all->is_cut);
}

/* --- pools --------------------------------------------------------------------------------- */

/* Servers' names may have what a label must not. */
static void add_label(struct buffer *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            buffer_add(out, "\\", 1);
        buffer_add(out, text, 1);
    }
}

static void add_score(struct buffer *out, const char *pool, const char *row, const char *server,
                      struct json_object *score)
{
    char text[NUMBER_REAL];

    if (!score)
        return; /* infinite: it is out of service */
    number_print_real(json_object_get_double(score), text);
    buffer_addf(out, "restmq_pool_score{pool=\"%s\",row=\"%s\",server=\"", pool, row);
    add_label(out, server);
    buffer_addf(out, "\"} %s\n", text);
}

static void add_rows(struct buffer *out, const char *pool, struct json_object *rows)
{
    json_object_object_foreach(rows, row, servers)
    {
        json_object_object_foreach(servers, server, score)
        {
            add_score(out, pool, row, server, score);
        }
    }
}

/* Names in an option, commas between. */
struct asked_queues {
    const char *at[LIMIT_QUEUES];
    size_t len[LIMIT_QUEUES];
    int count;
};

static bool is_repeated(const struct asked_queues *names, const char *at, size_t len)
{
    for (int i = 0; i < names->count; i++)
        if (names->len[i] == len && memcmp(names->at[i], at, len) == 0)
            return true;
    return false;
}

/* Each of them once; all are checked. */
static enum status read_names(struct exchange *exchange, const struct field *option,
                              struct asked_queues *names)
{
    struct text_list list = {option->value, option->value_len};
    enum status status = STATUS_OK;
    const char *at;
    size_t len;

    while (status == STATUS_OK && text_list_next(&list, &at, &len)) {
        if (names->count == LIMIT_QUEUES)
            return refuse(&exchange->reason, STATUS_BAD_VALUE, "pools has at most %d names",
                          LIMIT_QUEUES);
        status = queue_name_check(at, len, &exchange->reason);
        if (status == STATUS_OK && !is_repeated(names, at, len)) {
            names->at[names->count] = at;
            names->len[names->count++] = len;
        }
    }
    return status;
}

/* --- Redis ----------------------------------------------------------------------------------- */

static void add_redirects(struct buffer *out, const struct counts *counts)
{
    static const char *const kinds[REDIRECTS] = {
        [REDIRECT_MOVED] = "moved", [REDIRECT_ASK] = "ask", [REDIRECT_LATER] = "tryagain"};

    add_head(out, "restmq_redis_redirects_total", "counter",
             "Calls that a node did not run, as it has not all of their keys.");
    for (int i = 0; i < REDIRECTS; i++)
        buffer_addf(out, "restmq_redis_redirects_total{kind=\"%s\",pid=\"%d\"} %lld\n", kinds[i],
                    (int)getpid(), counts->redirects[i]);
}

static void add_refused(struct buffer *out, const struct counts *counts)
{
    if (counts->node_count)
        add_head(out, "restmq_redis_refused_total", "counter",
                 "Calls that were not sent, as the node had not answered a moment before.");
    for (int i = 0; i < counts->node_count; i++)
        buffer_addf(out, "restmq_redis_refused_total{node=\"%s\",pid=\"%d\"} %lld\n",
                    counts->nodes[i].name, (int)getpid(), counts->nodes[i].refused);
}

/* --- this process -------------------------------------------------------------------------- */

static long long resident_bytes(void)
{
    long long size, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (!file)
        return 0;
    if (fscanf(file, "%lld %lld", &size, &resident) != 2)
        resident = 0;
    fclose(file);
    return resident * sysconf(_SC_PAGESIZE);
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

/* Another request may meet another process, so each is named. */
static void add_process(struct buffer *out)
{
    struct rusage usage;
    int pid = (int)getpid();

    getrusage(RUSAGE_SELF, &usage);
    add_head(out, "restmq_info", "gauge", "The version of restmq.fcgi.");
    buffer_addf(out, "restmq_info{version=\"%s\"} 1\n", PACKAGE_VERSION);
    add_head(out, "restmq_process_cpu_seconds_total", "counter",
             "Processor time of the process that answers.");
    buffer_addf(out, "restmq_process_cpu_seconds_total{pid=\"%d\"} %.6f\n", pid,
                seconds(usage.ru_utime) + seconds(usage.ru_stime));
    add_head(out, "restmq_process_resident_bytes", "gauge", "Its memory.");
    buffer_addf(out, "restmq_process_resident_bytes{pid=\"%d\"} %lld\n", pid, resident_bytes());
}

/* --- the calls ------------------------------------------------------------------------------- */

/* Full ones would be more than enough; where few queues match they may be anything but full. */
enum { MOST_PAGES = LIMIT_METRICS / LIMIT_PAGE + 1 };

struct metrics_state {
    struct census census; /* the first member */
    struct report *report;
    int pages;
    struct tour tour;
    struct asked_queues pools;
    int pool;                 /* the next one */
    struct json_object *rows; /* of the one before */
};

static void clear_collecting(void *state)
{
    struct metrics_state *collecting = state;

    census_clear(&collecting->census);
    if (collecting->report)
        report_end(collecting->report);
    json_object_put(collecting->rows);
    tour_clear(&collecting->tour);
}

static enum status answer_metrics(struct exchange *exchange)
{
    struct metrics_state *collecting = exchange->state;

    exchange->response.type = TYPE_METRICS;
    exchange->response.source = (struct response_source){add_piece, report_end, collecting->report};
    collecting->report = NULL;
    return STATUS_OK;
}

static finish on_pool;

static void name_pool(const struct asked_queues *names, int i, char pool[LIMIT_NAME + 1])
{
    memcpy(pool, names->at[i], names->len[i]);
    pool[names->len[i]] = '\0';
}

static enum status ask_for_pool(struct exchange *exchange)
{
    struct metrics_state *collecting = exchange->state;
    char pool[LIMIT_NAME + 1];

    if (collecting->pool == collecting->pools.count)
        return answer_metrics(exchange);
    name_pool(&collecting->pools, collecting->pool, pool);
    pool_list_call(&exchange->call, pool, &collecting->rows);
    return exchange_await(exchange, on_pool);
}

/* A pool that there is not, or that is damaged or too large, has no scores; the rest counts. */
static enum status on_pool(struct exchange *exchange, enum status status)
{
    struct metrics_state *collecting = exchange->state;
    char pool[LIMIT_NAME + 1];

    if (status == STATUS_UNAVAILABLE)
        return status;
    name_pool(&collecting->pools, collecting->pool++, pool);
    if (status == STATUS_OK)
        add_rows(&collecting->report->rest, pool, collecting->rows);
    json_object_put(collecting->rows);
    collecting->rows = NULL;
    exchange->reason = (struct reason){0};
    return ask_for_pool(exchange);
}

static finish on_ping;

static enum status ask_master(struct exchange *exchange)
{
    const struct metrics_state *collecting = exchange->state;

    promise_ping_call(&exchange->call);
    tour_address(&collecting->tour, exchange);
    return exchange_await(exchange, on_ping);
}

static enum status on_masters_end(struct exchange *exchange)
{
    struct metrics_state *collecting = exchange->state;
    struct report *report = collecting->report;

    if (exchange->service->counts && collecting->tour.map)
        add_redirects(&report->rest, exchange->service->counts);
    if (exchange->service->counts)
        add_refused(&report->rest, exchange->service->counts);
    if (collecting->tour.map)
        add_number(&report->rest, "restmq_redis_slots_unserved", "gauge", "Slots without a node.",
                   cluster_holes(collecting->tour.map));
    if (collecting->pools.count > 0)
        add_head(&report->rest, "restmq_pool_score", "gauge", "The score of a server of a pool.");
    return ask_for_pool(exchange);
}

static enum status on_ping(struct exchange *exchange, enum status status)
{
    struct metrics_state *collecting = exchange->state;
    struct tour *tour = &collecting->tour;

    exchange->reason = (struct reason){0};
    buffer_addf(&collecting->report->rest, "restmq_redis_up{node=\"%s\"} %d\n",
                tour_name(tour, exchange), status == STATUS_OK);
    return ++tour->number < tour->count ? ask_master(exchange) : on_masters_end(exchange);
}

static enum status on_masters(struct exchange *exchange, enum status status)
{
    struct metrics_state *collecting = exchange->state;
    struct tour *tour = &collecting->tour;

    if (status != STATUS_OK)
        return status;
    if (tour->map)
        tour->count = tour->map->count;
    add_head(&collecting->report->rest, "restmq_redis_up", "gauge", "1: this master answers.");
    return ask_master(exchange);
}

static enum status on_all_queues(struct exchange *exchange)
{
    struct metrics_state *collecting = exchange->state;
    struct report *report = collecting->report;

    sort(&report->all);
    add_counts(&report->rest, &report->all);
    if (exchange->service->add_process)
        exchange->service->add_process(exchange->service->user, &report->rest);
    else
        add_process(&report->rest);
    return tour_begin(exchange, &collecting->tour, on_masters);
}

static void take_sample(struct exchange *exchange, const char *queue,
                        const struct queue_state *state, const struct reason *reason)
{
    const struct metrics_state *collecting = exchange->state;
    struct samples *all = &collecting->report->all;

    (void)reason;
    if (state)
        add_sample(all, queue, state);
    else
        all->damaged++;
}

static finish on_page;

static enum status on_samples(struct exchange *exchange, enum status status)
{
    struct metrics_state *collecting = exchange->state;
    struct gathering *gathering = &collecting->census.gathering;
    struct samples *all = &collecting->report->all;
    bool is_last = strcmp(gathering->page.cursor, "0") == 0;

    if (status != STATUS_OK)
        return status;
    collecting->pages++;
    if (!all->is_cut && !is_last && collecting->pages < MOST_PAGES) {
        page_turn(gathering);
        return page_gather(exchange, on_page);
    }
    all->is_cut = all->is_cut || !is_last;
    return on_all_queues(exchange);
}

/* The page's queues, as far as there is room. */
static enum status on_page(struct exchange *exchange, enum status status)
{
    struct metrics_state *collecting = exchange->state;
    const struct page *page = &collecting->census.gathering.page;
    struct samples *all = &collecting->report->all;
    int room = LIMIT_METRICS - all->count - all->damaged;

    if (status != STATUS_OK)
        return status;
    all->is_cut = page->count > room;
    return stats_each(exchange, all->is_cut ? room : page->count, take_sample, on_samples);
}

static enum status begin(struct exchange *exchange, struct metrics_state *collecting)
{
    struct page_wish *wish = &collecting->census.gathering.wish;

    collecting->report = xmalloc(sizeof(*collecting->report));
    *collecting->report = (struct report){0};
    wish->limit = LIMIT_PAGE;
    wish->cursor = "0";
    wish->cursor_len = 1;
    return page_gather(exchange, on_page);
}

enum status get_metrics(struct exchange *exchange)
{
    const struct field *option = form_find(&exchange->request.form, "pools");
    struct metrics_state *collecting =
        exchange_state(exchange, sizeof(*collecting), clear_collecting);
    enum status status = page_read_match(exchange, &collecting->census.gathering.wish);

    if (status == STATUS_OK && option)
        status = read_names(exchange, option, &collecting->pools);
    return status == STATUS_OK ? begin(exchange, collecting) : status;
}
