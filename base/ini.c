/* ini.c - reading with libinih, line by line.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/ini.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <string.h>

/* Where it is wrong: "acl.conf:3: ", or before the first line "acl = acl.conf: ". */
static int write_place(const struct ini *ini, char *text, size_t size)
{
    if (ini->line)
        return snprintf(text, size, "%s:%d: ", ini->file_name, ini->line);
    if (ini->setting)
        return snprintf(text, size, "%s = %s: ", ini->setting, ini->file_name);
    return snprintf(text, size, "%s: ", ini->file_name);
}

void ini_complain(struct ini *ini, const char *format, ...)
{
    struct file_problem *problem = ini->problem;
    va_list args;
    int len;

    if (ini->failed)
        return;
    ini->failed = true;
    len = write_place(ini, problem->text, sizeof(problem->text));
    if (len < 0 || (size_t)len >= sizeof(problem->text))
        return;
    va_start(args, format);
    vsnprintf(problem->text + len, sizeof(problem->text) - (size_t)len, format, args);
    va_end(args);
}

static int on_entry(void *user, const char *section, const char *name, const char *value)
{
    struct ini *ini = user;

    if (value[0] == '#' || strstr(value, " #") || strstr(value, "\t#"))
        ini_complain(ini, "%s: a comment behind a value starts with ';'", name);
    else
        ini->entry(ini, section, name, value);
    return 1;
}

/* libinih does not tell of sections that have no entries. */
static void note_section(struct ini *ini, const char *line)
{
    const char *end = strchr(line, ']');
    char name[64];

    if (*line != '[' || !end)
        return;
    snprintf(name, sizeof(name), "%.*s", (int)(end - line - 1), line + 1);
    if (ini->section)
        ini->section(ini, name);
    else
        ini_complain(ini, "no sections here: [%s]", name);
}

/* Does it hide what follows it?  All behind the line's own NUL is a line feed. */
static bool has_nul(const char *line, size_t size)
{
    while (line[size - 1] == '\n')
        size--;
    return strlen(line) < size - 1;
}

/* libinih asks line by line, which is how the line's number is known in on_entry(). */
static char *read_line(char *line, int size, void *stream)
{
    struct ini *ini = stream;

    memset(line, '\n', (size_t)size);
    if (!fgets(line, size, ini->file))
        return NULL;
    ini->line++;
    if (has_nul(line, (size_t)size))
        ini_complain(ini, "a NUL byte");
    if (!strchr(line, '\n') && !feof(ini->file))
        ini_complain(ini, "line too long (at most %d bytes)", size - 2);
    /* An indented line would continue the value before it. */
    memmove(line, line + strspn(line, " \t"), strlen(line + strspn(line, " \t")) + 1);
    note_section(ini, line);
    return line;
}

bool ini_read(struct ini *ini, const char *file_name)
{
    int bad_line;

    ini->file_name = file_name;
    ini->line = 0;
    ini->failed = false;
    ini->problem->is_unread = false;
    ini->file = fopen(file_name, "r");
    if (!ini->file) {
        ini->problem->is_unread = true;
        ini_complain(ini, "%s", strerror(errno));
        return false;
    }
    bad_line = ini_parse_stream(read_line, ini, on_entry, ini);
    if (ferror(ini->file)) {
        ini->problem->is_unread = true;
        ini_complain(ini, "%s", strerror(errno));
    }
    fclose(ini->file);
    if (bad_line && !ini->failed) {
        ini->line = bad_line;
        ini_complain(ini, "not a setting: write key = value");
    }
    return !ini->failed;
}
