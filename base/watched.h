/* watched.h - has a file changed?
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_WATCHED_H
#define BASE_WATCHED_H

#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>

struct watched {
    struct stat seen; /* the file at the last look; zeroed: there was none */
    time_t looked;    /* seconds */
};

/* The first look. */
void watched_begin(struct watched *watched, const char *file);

/* Looks again, once a second at most unless forced: is it another one than before, or forced? */
bool watched_has_changed(struct watched *watched, const char *file, bool force);

/* Do two looks show the same file, unchanged? */
bool watched_is_same(const struct stat *left, const struct stat *right);

bool watched_is_there(const struct watched *watched);

#endif
