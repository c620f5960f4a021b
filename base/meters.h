/* meters.h - counters with names, which processes share by a mapped file.
 *
 * A name has the same counter in all processes, whichever version of the program they are of: so
 * what a process has counted stays when it has died, also by SIGKILL.  Counting is an addition in
 * memory.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_METERS_H
#define BASE_METERS_H

#include <stdbool.h>
#include <stddef.h>

struct meters;
struct meter;

enum {
    METER_NAME = 104, /* bytes of a name with its NUL */
    METERS = 2048,    /* names: three times as many as there are routes with likely answers */
};

/* The file is made if it is not there, and replaced if it is damaged.  Where it cannot be used, the
 * log has a line with the reason, and the counters are those of this process alone, as they are
 * with "" for a file.  Never NULL; waits a second for another process that opens it, at most. */
struct meters *meters_open(const char *file);
void meters_close(struct meters *meters); /* NULL: nothing is done */

/* Are they those of all processes that have opened the file? */
bool meters_are_shared(const struct meters *meters);

/* The counter of that name, which begins with 0; it stays until meters_close().  Never NULL: where
 * there is no room for one more, what is counted is lost. */
struct meter *meters_find(struct meters *meters, const char *name);

/* NULL: nothing is counted. */
void meter_add(struct meter *meter, unsigned long long number);
unsigned long long meter_number(const struct meter *meter);

struct reading_of_meter {
    char name[METER_NAME]; /* printable ASCII; the first member: sorted by it */
    unsigned long long number;
};

/* All of them, sorted, each name once; the caller frees *readings. */
size_t meters_read(const struct meters *meters, struct reading_of_meter **readings);

#endif
