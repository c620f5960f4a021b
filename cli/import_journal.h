/* import_journal.h - what an import has done, in a file beside its own.
 *
 * A line is written, and on the disk, before a batch is sent, and one when its answer is there.  So
 * however an import ends, the next one knows which batch may have been pushed or not.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_IMPORT_JOURNAL_H
#define CLI_IMPORT_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { JOURNAL_ID = 33 };

struct import_batch {
    long long number;      /* 0: none */
    long long offset, len; /* of its lines in the file */
    long long line, lines; /* the first one, from 1, and how many */
    long long begun_ms;    /* since 1970 */
    uint64_t mark[2];      /* of its bytes in the file, see seen.h */
    bool is_done;
};

struct import_journal {
    char name[4096];
    int fd;
    char id[JOURNAL_ID]; /* of this import; part of the Idempotency-Keys */
    struct import_batch last;
};

/* Opens or makes it, and locks it.  False: that was told. */
bool import_journal_open(struct import_journal *journal, const char *file, const char *queue);

/* Both are on the disk when they return true; false: that was told, and the batch must not be
 * sent. */
bool import_journal_begin(struct import_journal *journal, const struct import_batch *batch);
bool import_journal_done(struct import_journal *journal);
void import_journal_close(struct import_journal *journal);

#endif
