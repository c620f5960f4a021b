/* display.h - what people see: tables, numbers, a line of progress.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_DISPLAY_H
#define CLI_DISPLAY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/* Columns of text.  Rows are added cell by cell; numbers stand to the right.  A name or a text that
 * comes from elsewhere is shown without its control bytes. */
struct table {
    const char *const *heads; /* the last one is NULL */
    struct buffer cells;      /* texts with a NUL behind each */
    size_t columns, count;
};

void table_begin(struct table *table, const char *const *heads);
void table_add(struct table *table, const char *text);
void table_add_number(struct table *table, long long number);

/* On standard output: heads in bold where that is a terminal.  Ends the table. */
void table_print(struct table *table);

/* Prints the JSON text of an answer, whose line ends in CRLF, as a line. */
void print_json(const struct buffer *body);

/* Is everything that was printed so far written?  False sets errno. */
bool output_is_written(void);

/* A line that is written over on standard error, if that is a terminal; at most ten times a second.
 * total 0: not known. */
struct ticker {
    const char *what;
    long long total;
    long long last_ms;
    bool is_shown;
};

void ticker_show(struct ticker *progress, long long done);
void ticker_end(struct ticker *progress);

/* "2026-11-30 12:00:00" of milliseconds since 1970, in the zone of this machine. */
enum { DISPLAY_TIME = 32 };
void print_time(long long ms, char text[DISPLAY_TIME]);

/* Asks a yes or no on the terminal.  False: no, or there is none. */
bool ask_person(const char *question);
bool is_person_there(void);

#endif
