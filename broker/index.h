/* index.h - the numbers of all queues as the last samples had them, for tables.
 *
 * It stands in one hash, in chunks of lines.  A chunk has the name of its writer before its number,
 * so that two helpers that both think they write it do not mix: the chunks that the last of them
 * has published count.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_INDEX_H
#define BROKER_INDEX_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "redis/call.h"

enum { INDEX_MOST = 100000 }; /* queues, some 30 MB for the helper; others do not stand in it */

enum index_column {
    INDEX_READY,
    INDEX_LEASED,
    INDEX_DELAYED,
    INDEX_DEAD,
    INDEX_CONSUMERS,
    INDEX_BITS,     /* of enum gauge_bit */
    INDEX_PUSHED_S, /* when the message at the old end was pushed, in seconds; 0: not known */
    INDEX_IS_BOUND, /* then, or earlier */
    INDEX_IN,       /* messages in a thousand seconds, -1: not known; and so on: */
    INDEX_OUT,
    INDEX_ACKED,
    INDEX_RETURNED,
    INDEX_DIED,
    INDEX_COLUMNS,
};

/* Adds the line of a queue to a chunk. */
void index_add_line(struct buffer *chunk, const char *name, const long long row[INDEX_COLUMNS]);

/* Writes a chunk; who is an id without a colon. */
void index_chunk_call(struct call *call, const char *who, int chunk, const struct buffer *lines);
call_decode index_chunk_result;

/* From now on those chunks count, and no others; what is in them was seen from that moment on.
 * is_own: it was so before.  from_ms 0: there was nothing to see. */
struct index_publishing {
    const char *who;
    int chunks;
    long long from_ms;
    bool is_own;
    long long now_ms; /* by Redis's clock */
};
void index_publish_call(struct call *call, struct index_publishing *publishing);
call_decode index_publish_result;

/* --- reading ------------------------------------------------------------------------------- */

struct index_row {
    const char *name;
    size_t name_len;
    long long columns[INDEX_COLUMNS];
};

/* The rows point into the reply, or into names. */
struct index {
    long long now_ms;  /* by Redis's clock */
    long long from_ms; /* 0: there is no index */
    int count, size;
    struct index_row *rows;
    char *names; /* NULL, or those of all rows, each with a NUL */
};
void index_clear(struct index *index);

/* Copies the names, so that the reply need not stay. */
void index_own(struct index *index);
void index_call(struct call *call, struct index *index);
call_decode index_result;

/* When samples were taken, as far as is known: from … until …, the last one last. */
enum { INDEX_RUNS = 20 };
struct index_runs {
    long long now_ms; /* by Redis's clock */
    int count;
    struct {
        long long from_ms, until_ms;
    } runs[INDEX_RUNS];
};
void index_runs_call(struct call *call, struct index_runs *runs);
call_decode index_runs_result;

#endif
