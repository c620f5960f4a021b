/* fuzz-conf.c - libFuzzer: restmq.conf and acl.conf, each input as both.
 *
 * Files that name a password file are left out, as are tries of hashed passwords: the one would be
 * read, and the others may take any time.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/settings.h"
#include "http/acl.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int file; /* in memory */
static char file_name[64];

static void fill_file(const void *data, size_t size)
{
    if (!file) {
        file = memfd_create("conf", 0);
        snprintf(file_name, sizeof(file_name), "/proc/self/fd/%d", file);
    }
    MUST(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size);
}

static bool has(const char *data, size_t size, const char *text)
{
    return memmem(data, size, text, strlen(text)) != NULL;
}

/* "file:line: why", of a line that is there. */
static void check_problem(const struct file_problem *problem, const char *data, size_t size)
{
    size_t name_len = strlen(file_name);
    long line, lines = 1;
    char *end;

    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    MUST(strncmp(problem->text, file_name, name_len) == 0 && problem->text[name_len] == ':');
    line = strtol(problem->text + name_len + 1, &end, 10);
    MUST(line >= 0 && line <= lines && end[0] == ':' && end[1] == ' ' && end[2]);
}

/* --- restmq.conf ---------------------------------------------------------------------------- */

static void print_settings(const struct settings *settings, char **text, size_t *size)
{
    FILE *out = open_memstream(text, size);

    MUST(out);
    settings_print(settings, out);
    fclose(out);
}

/* What is printed is read as the same settings. */
static void check_print(const struct settings *settings)
{
    struct settings again;
    struct file_problem problem;
    char *text, *text_again;
    size_t size, size_again;

    print_settings(settings, &text, &size);
    fill_file(text, size);
    settings_init(&again);
    MUST(settings_load(&again, file_name, &problem));
    print_settings(&again, &text_again, &size_again);
    MUST(size == size_again && memcmp(text, text_again, size) == 0);
    settings_clear(&again);
    free(text);
    free(text_again);
}

static void try_settings(const char *data, size_t size)
{
    struct settings settings;
    struct file_problem problem;

    if (has(data, size, "_password_file") || has(data, size, "redis_tls_c") ||
        has(data, size, "redis_tls_k")) /* other files */
        return;
    fill_file(data, size);
    settings_init(&settings);
    if (!settings_load(&settings, file_name, &problem))
        check_problem(&problem, data, size);
    else if (size < 150) /* a line that is printed may be longer than it was */
        check_print(&settings);
    settings_clear(&settings);
}

/* --- acl.conf ------------------------------------------------------------------------------- */

static const struct {
    unsigned right;
    const char *section;
} sections[] = {
    {RIGHT_PRODUCER,  "[rest:producer]"     },
    {RIGHT_CONSUMER,  "[rest:consumer]"     },
    {RIGHT_COMET,     "[comet:consumer]"    },
    {RIGHT_WEBSOCKET, "[websocket:consumer]"},
    {RIGHT_ADMIN,     "[admin]"             },
    {RIGHT_STATS,     "[stats]"             },
};
static const char manager[] = "[rest:manager]", producer[] = "[rest:producer]";
enum { SECTIONS = 7 };

static enum status check_as(struct acl *acl, unsigned right, const char *address,
                            const char *password)
{
    struct reason reason = {0};
    struct ip ip;
    struct acl_client client = {.user = password, .password = password};

    if (address) {
        MUST(ip_read(address, strlen(address), &ip));
        client.ip = &ip;
    }
    return acl_check(acl, right, &client, &reason);
}

/* A section that does not stand there is for loopback only; one that is said to be lets nobody else
 * in; one with a password nobody without. */
static void check_section(struct acl *acl, unsigned right, bool is_there, bool has_password)
{
    static const char *const addresses[] = {"127.0.0.1", "::1", "8.8.8.8", "fe80::1", NULL};

    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        enum status status = check_as(acl, right, addresses[i], NULL);

        MUST(status == STATUS_OK || status == STATUS_FORBIDDEN || status == STATUS_UNAUTHORIZED);
        if (!is_there)
            MUST(status == (i < 2 ? STATUS_OK : STATUS_FORBIDDEN));
        if (i >= 2 && acl_loopback_rights(acl, right))
            MUST(status == STATUS_FORBIDDEN);
        if (!has_password)
            MUST(status != STATUS_UNAUTHORIZED &&
                 status == check_as(acl, right, addresses[i], "x"));
    }
}

static void check_acl_print(const struct acl *acl)
{
    char *text = NULL;
    size_t size, lines = 0;
    FILE *out = open_memstream(&text, &size);

    MUST(out);
    acl_print(acl, out);
    fclose(out);
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    MUST(lines == SECTIONS);
    free(text);
}

static void try_acl(const char *data, size_t size)
{
    bool has_password = has(data, size, "password");
    struct file_problem problem;
    struct acl *acl;

    fill_file(data, size);
    acl = acl_load(file_name, &problem);
    if (!acl) {
        check_problem(&problem, data, size);
        return;
    }
    MUST(!memchr(data, '\0', size));
    MUST(has_password || !has(data, size, "\nusername"));
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
        if (!has_password || !memchr(data, '$', size))
            check_section(acl, sections[i].right, has(data, size, sections[i].section),
                          has_password);
    if (!has_password || !memchr(data, '$', size))
        check_section(acl, RIGHT_PURGE,
                      has(data, size, has(data, size, manager) ? manager : producer), has_password);
    check_acl_print(acl);
    acl_free(acl);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_settings((const char *)data, size);
    try_acl((const char *)data, size);
    return 0;
}
