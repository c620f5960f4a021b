/* import_journal.c - what an import has done.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "cli/import_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/order.h"

static bool complain(const struct import_journal *journal)
{
    order_fail("%s: %s", journal->name, strerror(errno));
    return false;
}

static bool write_line(struct import_journal *journal, const char *line)
{
    size_t len = strlen(line);

    errno = ENOSPC; /* of a write that is short */
    return (write(journal->fd, line, len) == (ssize_t)len && fsync(journal->fd) == 0) ||
           complain(journal);
}

/* False: it is no line of ours, or of another queue. */
static bool read_line(struct import_journal *journal, const char *line, const char *queue)
{
    struct import_batch batch = {0};
    char name[256], id[JOURNAL_ID];
    long long number;

    if (sscanf(line, "import 1 %32s %255s", id, name) == 2) {
        memcpy(journal->id, id, JOURNAL_ID);
        return strcmp(name, queue) == 0;
    }
    if (sscanf(line, "begin %lld %lld %lld %lld %lld %lld %" SCNx64 ".%" SCNx64, &batch.number,
               &batch.offset, &batch.len, &batch.line, &batch.lines, &batch.begun_ms,
               &batch.mark[0], &batch.mark[1]) == 8) {
        journal->last = batch;
        return true;
    }
    if (sscanf(line, "done %lld", &number) != 1 || number != journal->last.number)
        return false;
    journal->last.is_done = true;
    return true;
}

/* A line that was cut by a crash goes: what it was about had not begun, or is asked again. */
static bool read_all(struct import_journal *journal, const char *queue)
{
    FILE *file = fdopen(dup(journal->fd), "r");
    bool is_ours = file;
    char *line = NULL;
    size_t size = 0;
    off_t end = 0;
    ssize_t len;

    while (is_ours && (len = getline(&line, &size, file)) > 0 && line[len - 1] == '\n') {
        is_ours = read_line(journal, line, queue);
        end += len;
    }
    free(line);
    if (file)
        fclose(file);
    if (!is_ours) {
        order_fail("%s: not the journal of an import into %s", journal->name, queue);
        return false;
    }
    return (ftruncate(journal->fd, end) == 0 && lseek(journal->fd, end, SEEK_SET) >= 0) ||
           complain(journal);
}

bool import_journal_open(struct import_journal *journal, const char *file, const char *queue)
{
    struct stat facts;
    char line[512];

    snprintf(journal->name, sizeof(journal->name), "%s.restmq-import", file);
    journal->fd = open(journal->name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (journal->fd < 0 || fstat(journal->fd, &facts) != 0)
        return complain(journal);
    if (!S_ISREG(facts.st_mode)) {
        order_fail("%s: not a file", journal->name);
        return false;
    }
    if (flock(journal->fd, LOCK_EX | LOCK_NB) != 0) {
        order_fail("%s: another import is at work", journal->name);
        return false;
    }
    if (!read_all(journal, queue))
        return false;
    if (*journal->id)
        return true;
    client_make_once(journal->id);
    snprintf(line, sizeof(line), "import 1 %s %.255s\n", journal->id, queue);
    return write_line(journal, line);
}

bool import_journal_begin(struct import_journal *journal, const struct import_batch *batch)
{
    char line[256];

    journal->last = *batch;
    snprintf(line, sizeof(line), "begin %lld %lld %lld %lld %lld %lld %" PRIx64 ".%" PRIx64 "\n",
             batch->number, batch->offset, batch->len, batch->line, batch->lines, batch->begun_ms,
             batch->mark[0], batch->mark[1]);
    return write_line(journal, line);
}

bool import_journal_done(struct import_journal *journal)
{
    char line[64];

    journal->last.is_done = true;
    snprintf(line, sizeof(line), "done %lld\n", journal->last.number);
    return write_line(journal, line);
}

void import_journal_close(struct import_journal *journal)
{
    if (journal->fd >= 0)
        close(journal->fd);
}
