/* watched.h - has a file changed?
 *
 * A program reads such a file again while it runs.  One descriptor is kept for that: clients may
 * have taken all others.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_WATCHED_H
#define BASE_WATCHED_H

#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>

struct file_problem;

struct watched {
    struct stat seen; /* the file at the last look; zeroed: there was none */
    time_t looked;    /* seconds */
    bool is_unread;   /* the last time it could not be read, so that it must be read anew */
    int reserve;      /* the descriptor; 0: none */
    unsigned said;    /* a sum of the complaint that was logged last; 0: none since it was fine */
};

/* The first look; end gives the descriptor back. */
void watched_begin(struct watched *watched, const char *file);
void watched_end(struct watched *watched);

/* Looks again, once a second at most unless forced: is it another one than before, or could it not
 * be read, or is it forced? */
bool watched_has_changed(struct watched *watched, const char *file, bool force);

/* Reading begins, for which there is a descriptor now. */
void watched_read(struct watched *watched);

/* It was read; the problem is NULL when all went well.  Is it one that was not said before? */
bool watched_was_read(struct watched *watched, const struct file_problem *problem);

/* Do two looks show the same file, unchanged, with the same owner and rights? */
bool watched_is_same(const struct stat *left, const struct stat *right);

bool watched_is_there(const struct watched *watched);

#endif
