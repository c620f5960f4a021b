/* survey_step.h - one thing that a survey reads of a queue, page by page: its counter, a range of
 * entries, receipts or bodies.  No I/O.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef ADMIN_SURVEY_STEP_H
#define ADMIN_SURVEY_STEP_H

#include <stdbool.h>

#include "base/limits.h"
#include "broker/catalog.h"
#include "broker/keys.h"
#include "redis/call.h"

/* What was seen of a message: one byte for each number. */
enum {
    SEEN_COUNT = 3,         /* the lowest two bits count its entries, up to three */
    SEEN_LIVE = 4,          /* one of them is in the queue itself: ready, leased or delayed */
    SEEN_DEAD = 8,          /* one of them is among the dead letters */
    SEEN_RECEIPT = 16,      /* of the queue */
    SEEN_DEAD_RECEIPT = 32, /* of the dead letters */
    SEEN_BODY = 64,
};

/* The places where messages of a queue can be, and the command that reads them; in the order in
 * which mend.lua prefers them. */
enum { PLACES = 3 };
extern const struct place {
    const char *command;
    enum key key;
} places[PLACES];

struct surveyed {
    const char *queue;
    enum status status;   /* DAMAGED: it could not be looked at, and nothing below holds */
    struct reason reason; /* then */
    unsigned char *seen;  /* index is the number */
    long long last;       /* its counter when the look at it began */
    long long highest;    /* number that an entry of it has */
    long long counter;    /* a moment later, where highest is above last; else last */
};

enum { SURVEY_PAGE = 1000 }; /* elements of a page */

struct survey_step;

/* Builds the call that reads the step's next page; its result marks what was seen. */
typedef void survey_begin(struct survey_step *step, struct call *call);

/* A counter, a range, receipts or bodies of a queue, read page by page. */
struct survey_step {
    survey_begin *begin;
    struct surveyed *of;
    char owner[LIMIT_NAME + 1];  /* the queue, or its dead letters */
    const struct place *place;   /* of a range */
    int bit;                     /* that it marks */
    long long at;                /* elements before it */
    char cursor[CATALOG_CURSOR]; /* of receipts */
    bool has_more;
};

/* The kinds of steps. */
survey_begin survey_counter, survey_range, survey_receipts, survey_bodies;

/* Elements that the next page is likely to have; a call without any takes as long as some. */
long long survey_step_work(const struct survey_step *step);

#endif
