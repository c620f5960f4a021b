/* catalog.h - the names of all queues, page by page.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_CATALOG_H
#define BROKER_CATALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "redis/call.h"

enum { CATALOG_CURSOR = 21 }; /* 20 digits and a NUL */

/* Names that a client could use, sorted; pointing into the reply.  Redis decides how many there
 * are: a page may have a few more or fewer than asked for, and none at all in the middle. */
struct catalog {
    int count;
    int size;
    const char **names;
    char cursor[CATALOG_CURSOR]; /* of the next page; "0": this was the last */
    long long total;             /* all names that there are, on whatever page */
};

/* Zeroed memory is an empty catalog. */
void catalog_clear(struct catalog *catalog);

/* Is it "0", to begin with, or what a page before could have said? */
bool catalog_cursor_is_valid(const char *cursor, size_t len);

/* Can it be a pattern for text_matches() over names?  BAD_VALUE if not. */
enum status catalog_pattern_check(const char *pattern, size_t len, struct reason *reason);

void catalog_page_call(struct call *call, const char *cursor, size_t cursor_len, long long limit,
                       struct catalog *catalog);
call_decode catalog_page_result;

/* For decoders: the cursor, which is a string, and the list of names of such a page. */
void catalog_read(struct catalog *catalog, const struct redisReply *cursor,
                  const struct redisReply *names);

#endif
