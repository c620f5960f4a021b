/* selection.h - which queues of many are shown, and in which order: by name, or by their numbers.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HANDLERS_SELECTION_H
#define HANDLERS_SELECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"
#include "base/status.h"
#include "broker/index.h"

struct form;
struct selection_column;

enum {
    SELECTION_ROWS = 200,   /* of a page, at most */
    SELECTION_BOUNDS = 12,  /* of min, and of max */
    SELECTION_UNKNOWN = -1, /* in a column: the number is not known */
};

struct selection_bound {
    const struct selection_column *column;
    double value;
};

struct selection_bounds {
    int count;
    struct selection_bound bounds[SELECTION_BOUNDS];
};

struct selection {
    const struct selection_column *sort;
    bool is_down;               /* the highest first */
    char match[LIMIT_NAME + 3]; /* a pattern for text_matches(), */
    size_t match_len;           /* 0: all names */
    struct selection_bounds least, most;
    unsigned kinds; /* what all of them must be, as bits */
    long long offset, limit;
    long long now_s; /* when ages are reckoned, in the seconds of INDEX_PUSHED_S */
};

/* Reads sort, order, match, min, max, is, offset and limit; BAD_VALUE.  now_s is the caller's. */
enum status selection_read(struct selection *selection, const struct form *form,
                           struct reason *reason);

/* Of those rows, whose names end with a NUL, the ones that are on the page, in order: *shown of
 * them, SELECTION_ROWS at most.  Returns how many are on all pages. */
long long selection_apply(const struct selection *selection, const struct index_row *rows,
                          int count, const struct index_row *page[SELECTION_ROWS], int *shown);

#endif
