/* display.c - what people see.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "cli/display.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum { COLUMNS = 16, PROGRESS_MS = 100 };

/* --- tables --------------------------------------------------------------------------------- */

void table_begin(struct table *table, const char *const *heads)
{
    *table = (struct table){.heads = heads};
    while (heads[table->columns])
        table->columns++;
}

void table_add(struct table *table, const char *text)
{
    for (const char *byte = text ? text : ""; *byte; byte++)
        buffer_add(&table->cells, (unsigned char)*byte < ' ' || *byte == 127 ? "?" : byte, 1);
    buffer_add(&table->cells, "", 1);
    table->count++;
}

void table_add_number(struct table *table, long long number)
{
    buffer_addf(&table->cells, "%lld", number);
    buffer_add(&table->cells, "", 1);
    table->count++;
}

static bool is_number(const char *text)
{
    return *text && strspn(text, "0123456789.-%") == strlen(text);
}

/* Bytes that are no beginning of a character of UTF-8 take no place. */
static size_t width_of(const char *text)
{
    size_t width = 0;

    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static bool has_colour(void)
{
    const char *terminal = getenv("TERM"), *plain = getenv("NO_COLOR");

    return isatty(STDOUT_FILENO) && !(plain && *plain) &&
           !(terminal && strcmp(terminal, "dumb") == 0);
}

static void print_cell(const char *text, size_t width, bool to_right, bool is_last)
{
    int room = (int)(width - width_of(text));

    if (to_right)
        printf("%*s%s", room, "", text);
    else
        printf("%s%*s", text, is_last ? 0 : room, "");
    fputs(is_last ? "\n" : "  ", stdout);
}

void table_print(struct table *table)
{
    size_t widths[COLUMNS], columns = table->columns;
    bool to_right[COLUMNS], has_bold = has_colour();
    const char *cell = table->cells.data;

    for (size_t i = 0; i < columns; i++) {
        widths[i] = width_of(table->heads[i]);
        to_right[i] = i > 0 && table->count > 0;
    }
    for (size_t i = 0; i < table->count; i++, cell += strlen(cell) + 1) {
        size_t width = width_of(cell), column = i % columns;

        widths[column] = width > widths[column] ? width : widths[column];
        to_right[column] = to_right[column] && (is_number(cell) || !*cell);
    }
    fputs(has_bold ? "\033[1m" : "", stdout);
    for (size_t i = 0; i < columns; i++)
        print_cell(table->heads[i], widths[i], to_right[i], i + 1 == columns);
    fputs(has_bold ? "\033[0m" : "", stdout);
    cell = table->cells.data;
    for (size_t i = 0; i < table->count; i++, cell += strlen(cell) + 1)
        print_cell(cell, widths[i % columns], to_right[i % columns], (i + 1) % columns == 0);
    buffer_clear(&table->cells);
}

/* --- other texts ---------------------------------------------------------------------------- */

void print_json(const struct buffer *body)
{
    size_t len = body->len;

    while (len && strchr("\r\n", body->data[len - 1]))
        len--;
    fwrite(body->data, 1, len, stdout);
    putchar('\n');
}

bool output_is_written(void)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    errno = errno ? errno : EIO;
    return false;
}

void print_time(long long ms, char text[DISPLAY_TIME])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm parts;

    *text = '\0';
    if (localtime_r(&seconds, &parts))
        strftime(text, DISPLAY_TIME, "%Y-%m-%d %H:%M:%S", &parts);
}

/* --- progress ------------------------------------------------------------------------------- */

void ticker_show(struct ticker *progress, long long done)
{
    long long now = clock_ms();

    if (!isatty(STDERR_FILENO) || now - progress->last_ms < PROGRESS_MS)
        return;
    progress->last_ms = now;
    progress->is_shown = true;
    if (progress->total > 0)
        fprintf(stderr, "\r%s: %lld of %lld, %lld %%\033[K", progress->what, done, progress->total,
                100 * done / progress->total);
    else
        fprintf(stderr, "\r%s: %lld\033[K", progress->what, done);
}

void ticker_end(struct ticker *progress)
{
    if (progress->is_shown)
        fputs("\r\033[K", stderr);
    progress->is_shown = false;
}

/* --- questions ------------------------------------------------------------------------------ */

bool is_person_there(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

bool ask_person(const char *question)
{
    char line[16];

    fprintf(stderr, "%s [y/N] ", question);
    return fgets(line, sizeof(line), stdin) && (*line == 'y' || *line == 'Y');
}
