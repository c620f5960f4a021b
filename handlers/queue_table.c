/* queue_table.c - /queues: all queues in a table, a page of it, by their names or numbers.
 *
 * Where there are many, the order, the filter and the rates are those of the index that the helper
 * keeps; where there are few, or no index, all are read.  The rows of the page are read last.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "broker/gauge.h"
#include "broker/history.h"
#include "broker/index.h"
#include "broker/keys.h"
#include "handlers/handlers.h"
#include "handlers/selection.h"
#include "handlers/stats.h"

enum {
    FEW_QUEUES = 200, /* all are read, so that the table is as of now; */
    FEW_OF_TAGS = 20, /* each of which is a call */
    FRESH_MS =
        300000, /* an older index counts as none: with INDEX_MOST queues a round takes 100 s */
    SPARK_STEP_S = 60, /* from point to point, */
    SPARKS = 60,       /* for the last hour */
};

struct table_state {
    struct census census; /* the first member; in the end of the queues of the page */
    struct selection selection;
    struct index index;     /* its rows own their names, and are sorted by them */
    struct gathering names; /* of all that were read, */
    struct index_row *read; /* with their numbers */
    int read_count;
    const struct index_row *rows[SELECTION_ROWS]; /* of the page */
    struct json_object *sparks[SELECTION_ROWS];
    struct json_object *queues;
    long long total, count;
    bool is_sampled, is_cut;
    struct index_runs runs;
    int at;   /* the next row */
    int some; /* errands under way, */
    int each; /* of so many rows */
    struct histories histories[ERRANDS];
    struct errand errands[ERRANDS];
};

static void clear_table(void *state)
{
    struct table_state *table = state;

    census_clear(&table->census);
    gathering_clear(&table->names);
    index_clear(&table->index);
    free(table->read);
    for (int i = 0; i < SELECTION_ROWS; i++)
        json_object_put(table->sparks[i]);
    for (int i = 0; i < ERRANDS; i++)
        call_clear(&table->errands[i].call);
    json_object_put(table->queues);
}

/* --- the answer ------------------------------------------------------------------------------ */

static void add_rates(struct json_object *object, const struct index_row *row)
{
    static const struct {
        const char *name;
        enum index_column column;
    } rates[] = {
        {"in_s",     INDEX_IN      },
        {"out_s",    INDEX_OUT     },
        {"ack_s",    INDEX_ACKED   },
        {"return_s", INDEX_RETURNED},
        {"dead_s",   INDEX_DIED    },
    };

    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        long long rate = row->columns[rates[i].column];

        json_object_object_add(object, rates[i].name, rate < 0 ? NULL : json_new_thousandths(rate));
    }
}

static bool is_full(const struct queue_state *state)
{
    return policy_is_full(&state->policy, state->ready + state->leased + state->delayed);
}

static void add_numbers(struct json_object *object, const struct queue_state *state)
{
    const struct {
        const char *name;
        long long number;
    } numbers[] = {
        {"ready",     state->ready    },
        {"leased",    state->leased   },
        {"delayed",   state->delayed  },
        {"dead",      state->dead     },
        {"consumers", state->consumers},
    };

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        json_object_object_add(object, numbers[i].name, json_object_new_int64(numbers[i].number));
    age_to_json(&state->oldest, object, "oldest_s", "oldest_is");
    json_object_object_add(object, "policy",
                           json_object_new_string(policy_name(state->policy.policy)));
    holds_to_json(&state->holds, object);
    json_object_object_add(object, "full", json_object_new_boolean(is_full(state)));
}

static struct json_object *row_of(const struct table_state *table, const char *queue,
                                  const struct queue_state *state)
{
    struct json_object *row = json_object_new_object();

    json_object_object_add(row, "name", json_object_new_string(queue));
    add_numbers(row, state);
    add_rates(row, table->rows[table->at]);
    json_object_object_add(row, "spark", json_object_get(table->sparks[table->at]));
    return row;
}

/* One queue with a damaged key must not hide the others. */
static void add_row(struct exchange *exchange, const char *queue, const struct queue_state *state,
                    const struct reason *reason)
{
    struct table_state *table = exchange->state;

    json_object_array_add(table->queues,
                          state ? row_of(table, queue, state) : damaged_row(queue, reason));
    table->at++;
}

static void add_number(struct json_object *answer, const char *name, long long number)
{
    json_object_object_add(answer, name, json_object_new_int64(number));
}

static enum status finish_table(struct exchange *exchange, enum status status)
{
    struct table_state *table = exchange->state;
    const struct index *index = &table->index;
    struct json_object *answer;

    if (status != STATUS_OK)
        return status;
    answer = json_object_new_object();
    json_object_object_add(answer, "queues", json_object_get(table->queues));
    add_number(answer, "total", table->total);
    add_number(answer, "count", table->count);
    add_number(answer, "offset", table->selection.offset);
    add_number(answer, "limit", table->selection.limit);
    json_object_object_add(answer, "sampled_at", NULL);
    json_object_object_add(answer, "age_s", NULL);
    if (table->is_sampled) {
        add_number(answer, "sampled_at", index->from_ms);
        add_number(answer, "age_s", (index->now_ms - index->from_ms) / 1000);
    }
    json_object_object_add(answer, "cut", json_object_new_boolean(table->is_cut));
    json_object_object_add(answer, "on",
                           json_object_new_boolean(!exchange->service->settings->no_history));
    return answer_json(exchange, answer);
}

static enum status read_rows(struct exchange *exchange)
{
    struct table_state *table = exchange->state;

    table->at = 0;
    table->queues = json_object_new_array();
    return stats_each(exchange, table->census.gathering.page.count, add_row, finish_table);
}

/* --- the last hour --------------------------------------------------------------------------- */

static struct json_object *spark_of(const struct table_state *table,
                                    const struct histories *histories, int i)
{
    struct history_point points[SPARKS];
    struct json_object *spark = json_object_new_array_ext(SPARKS);

    history_read(histories, i, &table->runs, SPARK_STEP_S, SPARKS, points);
    for (int at = 0; at < SPARKS; at++) {
        long long ready = points[at].is_known ? sample_ready(points[at].columns) : 0;

        json_object_array_add(
            spark, points[at].is_known ? json_object_new_int64(ready > 0 ? ready : 0) : NULL);
    }
    return spark;
}

static finish on_histories;

/* As many as go out in one volley. */
static enum status ask_histories(struct exchange *exchange)
{
    struct table_state *table = exchange->state;
    const struct page *page = &table->census.gathering.page;
    int left = page->count - table->at;

    table->each = keys_together(HISTORY_QUEUES);
    table->some = (left + table->each - 1) / table->each;
    if (table->some > ERRANDS)
        table->some = ERRANDS;
    if (table->some == 0)
        return read_rows(exchange);
    for (int i = 0; i < table->some; i++) {
        int first = table->at + i * table->each, rest = page->count - first;

        table->histories[i] = (struct histories){.count = rest < table->each ? rest : table->each};
        histories_call(&table->errands[i].call, (const char *const *)page->names + first,
                       &table->histories[i]);
    }
    return exchange_await_all(exchange, table->errands, table->some, on_histories);
}

/* A history that cannot be read is not known. */
static enum status on_histories(struct exchange *exchange, enum status status)
{
    struct table_state *table = exchange->state;

    (void)status;
    for (int i = 0; i < table->some; i++) {
        for (int j = 0; j < table->histories[i].count; j++, table->at++)
            if (table->errands[i].status == STATUS_OK)
                table->sparks[table->at] = spark_of(table, &table->histories[i], j);
    }
    return ask_histories(exchange);
}

static enum status on_runs(struct exchange *exchange, enum status status)
{
    return status == STATUS_OK ? ask_histories(exchange) : status;
}

/* --- which ----------------------------------------------------------------------------------- */

/* Of these. */
static enum status choose(struct exchange *exchange, const struct index_row *rows, int count)
{
    struct table_state *table = exchange->state;
    struct page *page = &table->census.gathering.page;

    table->total = selection_apply(&table->selection, rows, count, table->rows, &page->count);
    page->names = xmalloc(SELECTION_ROWS * sizeof(*page->names));
    for (int i = 0; i < page->count; i++)
        page->names[i] = xstrdup(table->rows[i]->name);
    if (!table->is_sampled || page->count == 0)
        return read_rows(exchange);
    index_runs_call(&exchange->call, &table->runs);
    return exchange_await(exchange, on_runs);
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(((const struct index_row *)left)->name, ((const struct index_row *)right)->name);
}

/* Of the last sample, as far as there is one. */
static void set_rates(const struct index *index, struct index_row *row)
{
    const struct index_row *sampled =
        index->count ? bsearch(row, index->rows, (size_t)index->count, sizeof(*row), compare_names)
                     : NULL;

    for (int i = INDEX_IN; i < INDEX_COLUMNS; i++)
        row->columns[i] = sampled ? sampled->columns[i] : SELECTION_UNKNOWN;
}

static int bits_of(const struct queue_state *state)
{
    return (state->holds.is_started ? 0 : GAUGE_STOPPED) |
           (state->policy.policy == POLICY_ROUNDROBIN ? GAUGE_ROUNDROBIN : 0) |
           (state->holds.are_takes_held ? GAUGE_TAKES_HELD : 0) |
           (state->holds.are_pushes_held ? GAUGE_PUSHES_HELD : 0) |
           (is_full(state) ? GAUGE_FULL : 0);
}

/* Of a damaged queue only the name is known. */
static void note_numbers(struct exchange *exchange, const char *queue,
                         const struct queue_state *state, const struct reason *reason)
{
    struct table_state *table = exchange->state;
    struct index_row *row = &table->read[table->read_count++];

    (void)reason;
    *row = (struct index_row){.name = queue, .name_len = strlen(queue)};
    set_rates(&table->index, row);
    if (!state) {
        for (int i = 0; i < INDEX_COLUMNS; i++)
            row->columns[i] = SELECTION_UNKNOWN;
        return;
    }
    row->columns[INDEX_READY] = state->ready;
    row->columns[INDEX_LEASED] = state->leased;
    row->columns[INDEX_DELAYED] = state->delayed;
    row->columns[INDEX_DEAD] = state->dead;
    row->columns[INDEX_CONSUMERS] = state->consumers;
    row->columns[INDEX_BITS] = bits_of(state);
    if (state->oldest.s >= 0)
        row->columns[INDEX_PUSHED_S] = table->selection.now_s - state->oldest.s;
}

static enum status on_all_read(struct exchange *exchange, enum status status)
{
    struct table_state *table = exchange->state;

    if (status != STATUS_OK)
        return status;
    table->names = table->census.gathering; /* the rows have them */
    table->census.gathering = (struct gathering){0};
    return choose(exchange, table->read, table->read_count);
}

static enum status on_names(struct exchange *exchange, enum status status)
{
    struct table_state *table = exchange->state;
    const struct page *page = &table->census.gathering.page;

    if (status != STATUS_OK)
        return status;
    table->count = page->total;
    table->is_cut = strcmp(page->cursor, "0") != 0;
    table->read = xmalloc(((size_t)page->count + 1) * sizeof(*table->read));
    return stats_each(exchange, page->count, note_numbers, on_all_read);
}

static enum status read_all(struct exchange *exchange)
{
    struct table_state *table = exchange->state;
    struct page_wish *wish = &table->census.gathering.wish;

    if (table->index.count)
        qsort(table->index.rows, (size_t)table->index.count, sizeof(*table->index.rows),
              compare_names);
    table->selection.now_s = LIMIT_EXACT / 1000;
    wish->cursor = "0";
    wish->cursor_len = 1;
    wish->limit = LIMIT_PAGE;
    wish->match = table->selection.match_len ? table->selection.match : NULL;
    wish->match_len = table->selection.match_len;
    return page_gather(exchange, on_names);
}

/* An index that is damaged is as good as none. */
static enum status on_index(struct exchange *exchange, enum status status)
{
    struct table_state *table = exchange->state;
    struct index *index = &table->index;

    if (status != STATUS_OK && status != STATUS_DAMAGED)
        return status;
    exchange->reason = (struct reason){0};
    table->is_sampled =
        status == STATUS_OK && index->from_ms > 0 && index->now_ms - index->from_ms <= FRESH_MS;
    if (!table->is_sampled)
        index->count = 0;
    index_own(index);
    table->selection.now_s = index->now_ms / 1000;
    if (index->count <= (keys_have_tags() ? FEW_OF_TAGS : FEW_QUEUES))
        return read_all(exchange);
    table->count = index->count;
    table->is_cut = index->count == INDEX_MOST;
    return choose(exchange, index->rows, index->count);
}

enum status get_queue_table(struct exchange *exchange)
{
    struct table_state *table = exchange_state(exchange, sizeof(*table), clear_table);
    enum status status =
        selection_read(&table->selection, &exchange->request.form, &exchange->reason);

    if (status != STATUS_OK)
        return status;
    index_call(&exchange->call, &table->index);
    return exchange_await(exchange, on_index);
}
