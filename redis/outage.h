/* outage.h - what the log says of a Redis that fails: a line when it goes, a line when it is back.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef REDIS_OUTAGE_H
#define REDIS_OUTAGE_H

#include <stdbool.h>

/* Zeroed memory is a Redis of which nothing is known: that it answers goes without saying. */
struct outage {
    bool is_lost;    /* and the log says so */
    bool is_refused; /* since then, as the user lacks rights, and the log says that, too */
    bool tells_back; /* that Redis is back is worth a line */
};

/* From now on it is about another Redis, whose failure and whose answer are worth a line each. */
void outage_elsewhere(struct outage *outage);

/* The Redis of that name failed.  Only the first failure is a line, until outage_ends(), and the
 * first one that says NOPERM, as that does not end by itself; true: this one is. */
bool outage_begins(struct outage *outage, const char *name, const char *what, const char *why);

/* The server answers.  True: the log should say so. */
bool outage_ends(struct outage *outage, const char *name);

/* Sentinels that do not say where a master is.  Zeroed memory: they do. */
struct silence {
    int count;    /* so many in a row did not */
    bool is_told; /* and the log says that none does */
};

/* So many more of all of them did not say it: a line when none does.  One says it: a line when none
 * did. */
void silence_goes_on(struct silence *silence, const char *master, int more, int all);
void silence_ends(struct silence *silence, const char *master);

#endif
