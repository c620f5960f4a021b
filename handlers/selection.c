/* selection.c - which queues of many are shown, and in which order.
 *
 * A new column takes a row in the first table, a new kind of queue one in the second.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "handlers/selection.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"
#include "broker/catalog.h"
#include "broker/gauge.h"
#include "http/form.h"

/* --- columns --------------------------------------------------------------------------------- */

enum {
    BY_NAME = -1,
    MOST_OFFSET = 1000000000,
    PART_STEPS = 64, /* of a page; twice as many rows usually take one more */
};

/* As clients name them; rates are thousandths there. */
static const struct selection_column {
    const char *name;
    int column;
    bool is_rate;
} columns[] = {
    {"name",      BY_NAME,         false},
    {"ready",     INDEX_READY,     false},
    {"leased",    INDEX_LEASED,    false},
    {"delayed",   INDEX_DELAYED,   false},
    {"dead",      INDEX_DEAD,      false},
    {"oldest_s",  INDEX_PUSHED_S,  false},
    {"in_s",      INDEX_IN,        true },
    {"out_s",     INDEX_OUT,       true },
    {"ack_s",     INDEX_ACKED,     true },
    {"return_s",  INDEX_RETURNED,  true },
    {"dead_s",    INDEX_DIED,      true },
    {"consumers", INDEX_CONSUMERS, false},
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static const struct {
    const char *name;
    int bits; /* of enum gauge_bit */
    bool has_one;
} kinds[] = {
    {"held",       GAUGE_TAKES_HELD | GAUGE_PUSHES_HELD, true },
    {"full",       GAUGE_FULL,                           true },
    {"stopped",    GAUGE_STOPPED,                        true },
    {"roundrobin", GAUGE_ROUNDROBIN,                     true },
    {"broadcast",  GAUGE_ROUNDROBIN,                     false},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static const struct selection_column *column_of(const char *name, size_t len)
{
    for (int i = 0; i < COLUMNS; i++)
        if (text_is(name, len, columns[i].name))
            return &columns[i];
    return NULL;
}

/* SELECTION_UNKNOWN: it is not known. */
static double value_of(const struct selection *selection, const struct selection_column *column,
                       const struct index_row *row)
{
    long long number;

    if (column->column == BY_NAME)
        return 0;
    number = row->columns[column->column];
    if (column->column == INDEX_PUSHED_S) {
        if (number <= 0)
            return SELECTION_UNKNOWN;
        return number < selection->now_s ? (double)(selection->now_s - number) : 0;
    }
    return column->is_rate && number > 0 ? (double)number / 1000 : (double)number;
}

/* --- options --------------------------------------------------------------------------------- */

static enum status read_order(struct selection *selection, const struct form *form,
                              struct reason *reason)
{
    const struct field *sort = form_find(form, "sort"), *order = form_find(form, "order");

    selection->sort = sort ? column_of(sort->value, sort->value_len) : columns;
    if (!selection->sort)
        return refuse(reason, STATUS_BAD_VALUE,
                      "sort must be name, ready, leased, delayed, dead, oldest_s, in_s, out_s, "
                      "ack_s, return_s, dead_s or consumers");
    selection->is_down = selection->sort != columns;
    if (!order)
        return STATUS_OK;
    selection->is_down = text_is(order->value, order->value_len, "desc");
    return selection->is_down || text_is(order->value, order->value_len, "asc")
               ? STATUS_OK
               : refuse(reason, STATUS_BAD_VALUE, "order must be asc or desc");
}

/* A piece of a name may stand anywhere in it. */
static enum status read_match(struct selection *selection, const struct form *form,
                              struct reason *reason)
{
    const struct field *match = form_find(form, "match");
    enum status status =
        match ? catalog_pattern_check(match->value, match->value_len, reason) : STATUS_OK;
    bool is_piece;

    if (!match || status != STATUS_OK)
        return status;
    is_piece = !memchr(match->value, '*', match->value_len) &&
               !memchr(match->value, '?', match->value_len);
    if (is_piece)
        selection->match[selection->match_len++] = '*';
    memcpy(selection->match + selection->match_len, match->value, match->value_len);
    selection->match_len += match->value_len;
    if (is_piece)
        selection->match[selection->match_len++] = '*';
    return STATUS_OK;
}

static bool read_bound(struct selection_bounds *bounds, const char *text, size_t len)
{
    const char *colon = memchr(text, ':', len);
    struct selection_bound bound;

    if (!colon || bounds->count == SELECTION_BOUNDS)
        return false;
    bound.column = column_of(text, (size_t)(colon - text));
    if (!bound.column || bound.column == columns ||
        !number_parse_real(colon + 1, (size_t)(text + len - colon - 1), &bound.value) ||
        bound.value < 0)
        return false;
    bounds->bounds[bounds->count++] = bound;
    return true;
}

static enum status read_bounds(struct selection_bounds *bounds, const struct form *form,
                               const char *name, struct reason *reason)
{
    const struct field *option = form_find(form, name);
    struct text_list list = {option ? option->value : NULL, option ? option->value_len : 0};
    const char *at;
    size_t len;

    while (text_list_next(&list, &at, &len))
        if (!read_bound(bounds, at, len))
            return refuse(reason, STATUS_BAD_VALUE,
                          "%s must be column:number, up to %d of them with commas between: a "
                          "column as in sort, but name, and a number from 0",
                          name, SELECTION_BOUNDS);
    return STATUS_OK;
}

static enum status read_kinds(struct selection *selection, const struct form *form,
                              struct reason *reason)
{
    const struct field *option = form_find(form, "is");
    struct text_list list = {option ? option->value : NULL, option ? option->value_len : 0};
    const char *at;
    size_t len;

    while (text_list_next(&list, &at, &len)) {
        int i = 0;

        while (i < KINDS && !text_is(at, len, kinds[i].name))
            i++;
        if (i == KINDS)
            return refuse(reason, STATUS_BAD_VALUE,
                          "is must be one or more of held, full, stopped, broadcast and "
                          "roundrobin, with commas between");
        selection->kinds |= 1U << i;
    }
    return STATUS_OK;
}

enum status selection_read(struct selection *selection, const struct form *form,
                           struct reason *reason)
{
    enum status status;

    *selection = (struct selection){.now_s = selection->now_s};
    status = read_order(selection, form, reason);
    if (status == STATUS_OK)
        status = read_match(selection, form, reason);
    if (status == STATUS_OK)
        status = read_bounds(&selection->least, form, "min", reason);
    if (status == STATUS_OK)
        status = read_bounds(&selection->most, form, "max", reason);
    if (status == STATUS_OK)
        status = read_kinds(selection, form, reason);
    if (status == STATUS_OK)
        status = form_number(form, "offset", 0, MOST_OFFSET, 0, &selection->offset, reason);
    if (status == STATUS_OK)
        status = form_number(form, "limit", 1, SELECTION_ROWS, 50, &selection->limit, reason);
    return status;
}

/* --- which, and in which order ---------------------------------------------------------------- */

/* What is not known does not pass. */
static bool passes(const struct selection *selection, const struct index_row *row)
{
    if (selection->match_len && !text_matches(row->name, selection->match, selection->match_len))
        return false;
    for (int i = 0; i < selection->least.count; i++)
        if (value_of(selection, selection->least.bounds[i].column, row) <
            selection->least.bounds[i].value)
            return false;
    for (int i = 0; i < selection->most.count; i++) {
        double value = value_of(selection, selection->most.bounds[i].column, row);

        if (value < 0 || value > selection->most.bounds[i].value)
            return false;
    }
    for (int i = 0; i < KINDS; i++)
        if (selection->kinds & 1U << i &&
            (row->columns[INDEX_BITS] < 0 ||
             kinds[i].has_one != !!(row->columns[INDEX_BITS] & kinds[i].bits)))
            return false;
    return true;
}

struct ranked {
    const struct index_row *row;
    double value;
    const struct selection *selection;
};

/* What is not known comes last in either order, and equal ones by name. */
static int compare(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    int sign = a->selection->is_down ? -1 : 1;

    if ((a->value < 0) != (b->value < 0))
        return a->value < 0 ? 1 : -1;
    if (a->value != b->value)
        return a->value < b->value ? -sign : sign;
    return (a->selection->sort == columns ? sign : 1) * strcmp(a->row->name, b->row->name);
}

/* Moves what comes first in order before the place nth, and the rest to it and behind it.  An order
 * that takes too many steps is made whole. */
static void part_at(struct ranked *ranks, int count, int nth)
{
    int low = 0, high = count - 1;

    for (int step = 0; low < high && step < PART_STEPS; step++) {
        struct ranked middle = ranks[low + (high - low) / 2];
        int i = low, j = high;

        while (i <= j) {
            while (compare(&ranks[i], &middle) < 0)
                i++;
            while (compare(&middle, &ranks[j]) < 0)
                j--;
            if (i <= j) {
                struct ranked other = ranks[i];

                ranks[i++] = ranks[j];
                ranks[j--] = other;
            }
        }
        if (nth > j && nth < i)
            return;
        if (nth <= j)
            high = j;
        else
            low = i;
    }
    if (low < high)
        qsort(ranks + low, (size_t)(high - low + 1), sizeof(*ranks), compare);
}

long long selection_apply(const struct selection *selection, const struct index_row *rows,
                          int count, const struct index_row *page[SELECTION_ROWS], int *shown)
{
    struct ranked *ranks = xmalloc(((size_t)count + 1) * sizeof(*ranks));
    int found = 0, first, end;

    for (int i = 0; i < count; i++)
        if (passes(selection, &rows[i]))
            ranks[found++] = (struct ranked){
                &rows[i], value_of(selection, selection->sort, &rows[i]), selection};
    first = selection->offset < found ? (int)selection->offset : found;
    end = selection->limit < found - first ? first + (int)selection->limit : found;
    if (first > 0 && first < found)
        part_at(ranks, found, first);
    if (end < found)
        part_at(ranks + first, found - first, end - first);
    qsort(ranks + first, (size_t)(end - first), sizeof(*ranks), compare);
    for (*shown = 0; *shown < end - first; ++*shown)
        page[*shown] = ranks[first + *shown].row;
    free(ranks);
    return found;
}
