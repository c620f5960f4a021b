/* settings.c - restmq.conf: a table of settings, read by libinih.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/settings.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/memory.h"
#include "base/number.h"

enum kind { KIND_TEXT, KIND_NUMBER, KIND_SWITCH, KIND_LOG };

struct setting {
    const char *name;
    enum kind kind;
    size_t offset; /* of the member in struct settings */
    const char *initial;
    const char *allowed; /* for the person who got it wrong */
    long long low, high; /* KIND_NUMBER */
    bool (*is_valid)(const char *value);
};

static bool is_address(const char *value)
{
    struct address address;

    return address_read(value, &address);
}

/* One or more of them, commas and maybe spaces between. */
static bool is_address_list(const char *value)
{
    char *list = xstrdup(value), *rest = list, *address, *end;
    bool is_valid = *value != '\0';

    while (is_valid && (address = strsep(&rest, ","))) {
        address += strspn(address, " ");
        end = address + strcspn(address, " ");
        is_valid = end[strspn(end, " ")] == '\0';
        *end = '\0';
        is_valid = is_valid && is_address(address);
    }
    free(list);
    return is_valid;
}

static bool is_prefix(const char *value)
{
    if (!*value)
        return true;
    return value[0] == '/' && value[strlen(value) - 1] != '/' && !strstr(value, "//") &&
           !strpbrk(value, "?#% \t");
}

// clang-format off
#define TEXT(name, initial, allowed, is_valid)                                                     \
    {#name, KIND_TEXT, offsetof(struct settings, name), initial, allowed, 0, 0, is_valid}
#define NUMBER(name, initial, low, high)                                                           \
    {#name, KIND_NUMBER, offsetof(struct settings, name), initial, NULL, low, high, NULL}

static const struct setting table[] = {
    TEXT(redis, "127.0.0.1:6379", "unix:/path (107 bytes at most) or host:port", is_address),
    TEXT(redis_user, "", "a name", NULL),
    TEXT(redis_password_file, "", "a file", NULL),
    NUMBER(redis_db, "0", 0, 1000000),
    NUMBER(redis_timeout_ms, "2000", 10, 60000),
    TEXT(prefix, "", "empty, or a path like /mq", is_prefix),
    {"jsonp", KIND_SWITCH, offsetof(struct settings, jsonp), "off", "on or off", 0, 0, NULL},
    {"log", KIND_LOG, offsetof(struct settings, log), "stderr", "stderr or syslog", 0, 0, NULL},
    NUMBER(max_message, "1048576", 1, 67108864),
    NUMBER(max_body, "8388608", 1, 134217728),
    NUMBER(idempotency_seconds, "300", 1, 86400),
    TEXT(listen, "127.0.0.1:8889", "unix:/path or host:port, or several with commas between",
         is_address_list),
    NUMBER(max_consumers, "50000", 1, 1000000),
    NUMBER(max_outbox, "1048576", 1024, 1073741824),
    NUMBER(max_websocket, "65536", 1, 67108864),
};
// clang-format on

#define SETTINGS (sizeof(table) / sizeof(table[0]))

static void *member(const struct settings *settings, const struct setting *setting)
{
    return (char *)settings + setting->offset;
}

static bool set_text(struct settings *settings, const struct setting *setting, const char *value)
{
    char **text = member(settings, setting);

    if (setting->is_valid && !setting->is_valid(value))
        return false;
    free(*text);
    *text = xstrdup(value);
    return true;
}

/* True when the value is one of the two words; *chosen says which. */
static bool choose(const char *value, const char *no, const char *yes, bool *chosen)
{
    *chosen = strcmp(value, yes) == 0;
    return *chosen || strcmp(value, no) == 0;
}

static bool set(struct settings *settings, const struct setting *setting, const char *value)
{
    bool chosen = false;

    switch (setting->kind) {
    case KIND_TEXT:
        return set_text(settings, setting, value);
    case KIND_NUMBER:
        return number_parse(value, strlen(value), setting->low, setting->high,
                            member(settings, setting));
    case KIND_SWITCH:
        return choose(value, "off", "on", member(settings, setting));
    case KIND_LOG:
        if (!choose(value, "stderr", "syslog", &chosen))
            return false;
        settings->log = chosen ? LOG_TO_SYSLOG : LOG_TO_STDERR;
        return true;
    }
    return false;
}

/* --- one file ------------------------------------------------------------------------------ */

struct reading {
    struct settings *settings;
    struct settings_problem *problem;
    const char *file_name;
    FILE *file;
    int line;
    bool failed;
    int seen[SETTINGS]; /* the line a setting stood on, 0: not yet */
};

static void complain(struct reading *reading, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void complain(struct reading *reading, const char *format, ...)
{
    struct settings_problem *problem = reading->problem;
    va_list args;
    int len;

    if (reading->failed) /* the first problem is the one to mend first */
        return;
    reading->failed = true;
    len = snprintf(problem->text, sizeof(problem->text), "%s:%d: ", reading->file_name,
                   reading->line);
    if (len < 0 || (size_t)len >= sizeof(problem->text))
        return;
    va_start(args, format);
    vsnprintf(problem->text + len, sizeof(problem->text) - (size_t)len, format, args);
    va_end(args);
}

static void apply(struct reading *reading, const struct setting *setting, const char *value)
{
    if (value[0] == '#' || strstr(value, " #") || strstr(value, "\t#"))
        complain(reading, "%s: a comment behind a value starts with ';'", setting->name);
    else if (set(reading->settings, setting, value))
        return;
    else if (setting->kind == KIND_NUMBER)
        complain(reading, "%s must be a whole number from %lld to %lld", setting->name,
                 setting->low, setting->high);
    else
        complain(reading, "%s must be %s", setting->name, setting->allowed);
}

static int on_setting(void *user, const char *section, const char *name, const char *value)
{
    struct reading *reading = user;

    if (*section) {
        complain(reading, "no sections here: [%s]", section);
        return 1;
    }
    for (size_t i = 0; i < SETTINGS; i++) {
        if (strcmp(table[i].name, name) != 0)
            continue;
        if (reading->seen[i])
            complain(reading, "%s was set on line %d already", name, reading->seen[i]);
        apply(reading, &table[i], value);
        reading->seen[i] = reading->line;
        return 1;
    }
    complain(reading, "unknown setting %s", name);
    return 1;
}

/* libinih asks line by line, which is how the line's number is known in on_setting(). */
static char *read_line(char *line, int size, void *stream)
{
    struct reading *reading = stream;

    if (!fgets(line, size, reading->file))
        return NULL;
    reading->line++;
    if (!strchr(line, '\n') && !feof(reading->file))
        complain(reading, "line too long (at most %d bytes)", size - 2);
    /* An indented line would continue the value before it. */
    memmove(line, line + strspn(line, " \t"), strlen(line + strspn(line, " \t")) + 1);
    return line;
}

/* Lets a complaint name the line of a setting that was read before. */
static void go_to(struct reading *reading, const char *name)
{
    for (size_t i = 0; i < SETTINGS; i++)
        if (strcmp(table[i].name, name) == 0 && reading->seen[i])
            reading->line = reading->seen[i];
}

static void read_password(struct reading *reading)
{
    struct settings *settings = reading->settings;
    char line[1024] = "";
    FILE *file;

    if (!*settings->redis_password_file)
        return;
    go_to(reading, "redis_password_file");
    file = fopen(settings->redis_password_file, "r");
    if (!file || (!fgets(line, sizeof(line), file) && ferror(file)))
        complain(reading, "redis_password_file: %s", strerror(errno));
    else if (strcspn(line, "\r\n") == 0)
        complain(reading, "redis_password_file: its first line is empty");
    if (file)
        fclose(file);
    line[strcspn(line, "\r\n")] = '\0';
    free(settings->redis_password);
    settings->redis_password = xstrdup(line);
}

/* What no setting can tell alone. */
static void check_together(struct reading *reading)
{
    const struct settings *settings = reading->settings;

    go_to(reading, "redis_user");
    if (*settings->redis_user && !*settings->redis_password_file)
        complain(reading, "redis_user needs redis_password_file");
    go_to(reading, "max_message");
    go_to(reading, "max_body");
    if (settings->max_body < settings->max_message)
        complain(reading, "max_body (%lld) must not be below max_message (%lld)",
                 settings->max_body, settings->max_message);
}

void settings_init(struct settings *settings)
{
    memset(settings, 0, sizeof(*settings));
    for (size_t i = 0; i < SETTINGS; i++)
        set(settings, &table[i], table[i].initial);
    settings->redis_password = xstrdup("");
}

void settings_clear(struct settings *settings)
{
    for (size_t i = 0; i < SETTINGS; i++)
        if (table[i].kind == KIND_TEXT)
            free(*(char **)member(settings, &table[i]));
    free(settings->redis_password);
    memset(settings, 0, sizeof(*settings));
}

bool settings_load(struct settings *settings, const char *file, struct settings_problem *problem)
{
    struct reading reading = {.settings = settings, .problem = problem, .file_name = file};
    int bad_line;

    reading.file = fopen(file, "r");
    if (!reading.file) {
        snprintf(problem->text, sizeof(problem->text), "%s:0: %s", file, strerror(errno));
        return false;
    }
    bad_line = ini_parse_stream(read_line, &reading, on_setting, &reading);
    if (ferror(reading.file))
        complain(&reading, "%s", strerror(errno));
    fclose(reading.file);
    if (bad_line && !reading.failed) {
        reading.line = bad_line;
        complain(&reading, "not a setting: write key = value");
    }
    read_password(&reading);
    check_together(&reading);
    return !reading.failed;
}

void settings_print(const struct settings *settings, FILE *out)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        const void *value = member(settings, &table[i]);

        fprintf(out, "%s = ", table[i].name);
        switch (table[i].kind) {
        case KIND_TEXT:
            fprintf(out, "%s\n", *(char *const *)value);
            break;
        case KIND_NUMBER:
            fprintf(out, "%lld\n", *(const long long *)value);
            break;
        case KIND_SWITCH:
            fprintf(out, "%s\n", *(const bool *)value ? "on" : "off");
            break;
        case KIND_LOG:
            fprintf(out, "%s\n", settings->log == LOG_TO_SYSLOG ? "syslog" : "stderr");
            break;
        }
    }
}
