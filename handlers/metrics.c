/* metrics.c - /metrics: the numbers of all queues, of Redis and of this process, and with pools=
 * the scores of pools, in the text form of Prometheus.
 *
 * A new number of queues is a row in queue_metrics.c.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"
#include "broker/keys.h"
#include "broker/pool.h"
#include "broker/promise.h"
#include "handlers/handlers.h"
#include "handlers/metric.h"
#include "handlers/page.h"
#include "handlers/process_metrics.h"
#include "handlers/queue_metrics.h"
#include "handlers/request_metrics.h"
#include "handlers/stats.h"
#include "handlers/tour.h"

/* --- the answer ------------------------------------------------------------------------------ */

/* The numbers that the answer is written from, piece by piece. */
struct report {
    struct queue_metrics queues;
    struct buffer rest; /* the lines behind those of the queues */
};

static bool add_piece(void *user, struct buffer *out)
{
    struct report *report = user;

    if (queue_metrics_print(&report->queues, out))
        return true;
    buffer_add(out, report->rest.data, report->rest.len);
    return false;
}

static void report_end(void *user)
{
    struct report *report = user;

    queue_metrics_clear(&report->queues);
    buffer_clear(&report->rest);
    free(report);
}

/* --- pools --------------------------------------------------------------------------------- */

static void add_score(struct buffer *out, const char *pool, const char *row, const char *server,
                      struct json_object *score)
{
    char text[NUMBER_REAL];

    if (!score)
        return; /* infinite: it is out of service */
    number_print_real(json_object_get_double(score), text);
    buffer_addf(out, "restmq_pool_score{pool=\"%s\",row=\"%s\",server=\"", pool, row);
    metric_label(out, server);
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

/* Reads the names, each once, and checks all of them. */
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

/* A pool that does not exist, is damaged or is too large has no scores; the answer has the
 * others. */
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

    if (collecting->tour.map)
        metric_number(&report->rest, "restmq_redis_slots_unserved", "gauge",
                      "Slots without a node.", cluster_holes(collecting->tour.map));
    if (collecting->pools.count > 0)
        metric_head(&report->rest, "restmq_pool_score", "gauge",
                    "The score of a server of a pool.");
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
    metric_head(&collecting->report->rest, "restmq_redis_up", "gauge", "1: this master answers.");
    return ask_master(exchange);
}

/* Of what answers, and of all processes. */
static void add_processes(const struct service *service, struct buffer *out)
{
    if (service->add_process)
        service->add_process(service->user, out);
    else
        process_metrics_usage(out);
    if (!service->requests)
        return;
    request_metrics_tell_time(service->requests);
    request_metrics_print(service->requests, out);
}

static enum status on_all_queues(struct exchange *exchange)
{
    struct metrics_state *collecting = exchange->state;
    struct report *report = collecting->report;

    queue_metrics_sort(&report->queues);
    queue_metrics_count(&report->queues, &report->rest);
    add_processes(exchange->service, &report->rest);
    return tour_begin(exchange, &collecting->tour, on_masters);
}

static void take_sample(struct exchange *exchange, const char *queue,
                        const struct queue_state *state, const struct reason *reason)
{
    const struct metrics_state *collecting = exchange->state;
    struct queue_metrics *all = &collecting->report->queues;

    (void)reason;
    if (state)
        queue_metrics_add(all, queue, state);
    else
        all->damaged++;
}

static finish on_page;

static enum status on_samples(struct exchange *exchange, enum status status)
{
    struct metrics_state *collecting = exchange->state;
    struct gathering *gathering = &collecting->census.gathering;
    struct queue_metrics *all = &collecting->report->queues;
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
    struct queue_metrics *all = &collecting->report->queues;
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
