/* settings.c - restmq.conf: the table of its settings, and what several of them must agree on.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/settings.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/address.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/network.h"
#include "base/setting.h"
#include "base/target.h"
#include "base/text.h"

static bool is_target(const char *value)
{
    struct target target;

    return target_read(value, &target);
}

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

/* Words with spaces between, each of which passes the test; none is fine. */
static bool are_words(const char *value, bool (*is_word)(const char *word))
{
    char *list = xstrdup(value), *rest = list, *word;
    bool is_valid = true;

    while (is_valid && (word = strsep(&rest, " ")))
        is_valid = !*word || is_word(word);
    free(list);
    return is_valid;
}

static bool is_origin(const char *word)
{
    const char *host = strstr(word, "://");
    size_t scheme = host ? (size_t)(host - word) : 0;

    return (strncmp(word, "http", scheme) == 0 || strncmp(word, "https", scheme) == 0) &&
           scheme >= strlen("http") && text_is_host(host + 3);
}

static bool is_proxy(const char *word)
{
    struct network network;

    return strcmp(word, "loopback") == 0 || strcmp(word, "unix") == 0 ||
           network_read(word, &network);
}

static bool is_host_list(const char *value)
{
    return are_words(value, text_is_host);
}

static bool is_origin_list(const char *value)
{
    return are_words(value, is_origin);
}

static bool is_proxy_list(const char *value)
{
    return are_words(value, is_proxy);
}

/* Of a certificate: no port, no brackets. */
static bool is_certified_name(const char *value)
{
    return strlen(value) < sizeof(((struct address *)0)->host) && !strpbrk(value, "/[] \t");
}

static bool is_file(const char *value)
{
    return !*value || (value[0] == '/' && value[strlen(value) - 1] != '/');
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
    {#name, KIND_TEXT, offsetof(struct settings, name), initial, allowed, 0, 0, is_valid, NULL}
#define TEXT_AT(name, member, initial, allowed)                                                    \
    {name, KIND_TEXT, offsetof(struct settings, member), initial, allowed, 0, 0, NULL, NULL}
#define CHOICE(name, no, yes, allowed)                                                             \
    {#name, KIND_SWITCH, offsetof(struct settings, name), no, allowed, 0, 0, NULL, yes}
#define WORD(name, initial, words, allowed)                                                         \
    {#name, KIND_WORD, offsetof(struct settings, name), initial, allowed, 0, 0, NULL, words}
#define NUMBER(name, initial, low, high)                                                           \
    {#name, KIND_NUMBER, offsetof(struct settings, name), initial, NULL, low, high, NULL, NULL}
#define NUMBER_AT(name, member, initial, low, high)                                                \
    {name, KIND_NUMBER, offsetof(struct settings, member), initial, NULL, low, high, NULL, NULL}
#define NUMBER_OR_OFF(name, low, high)                                                             \
    {#name, KIND_NUMBER_OR_OFF, offsetof(struct settings, name), "off", NULL, low, high, NULL, NULL}

static const struct setting table[] = {
    TEXT(redis, "127.0.0.1:6379", TARGET_ALLOWED, is_target),
    {"redis_tls", KIND_SWITCH, offsetof(struct settings, redis_tls.is_on), "off", "on or off", 0, 0,
     NULL, "on"},
    TEXT_AT("redis_tls_ca", redis_tls.ca, "", "a file"),
    {"redis_tls_name", KIND_TEXT, offsetof(struct settings, redis_tls.name), "",
     "a host name or a number like 10.0.0.7", 0, 0, is_certified_name, NULL},
    TEXT_AT("redis_tls_cert", redis_tls.cert, "", "a file"),
    TEXT_AT("redis_tls_key", redis_tls.key, "", "a file"),
    TEXT_AT("redis_user", redis_account.user, "", "a name"),
    TEXT_AT("redis_password_file", redis_account.password_file, "", "a file"),
    TEXT_AT("sentinel_user", sentinel_account.user, "", "a name"),
    TEXT_AT("sentinel_password_file", sentinel_account.password_file, "", "a file"),
    NUMBER(redis_db, "0", 0, 1000000),
    CHOICE(hash_tags, "off", "on", "on or off"),
    NUMBER(redis_timeout_ms, "2000", 10, 60000),
    NUMBER_AT("redis_wait", redis_wait.replicas, "0", 0, 100),
    NUMBER_AT("redis_wait_ms", redis_wait.ms, "500", 1, 60000),
    TEXT(prefix, "", "empty, or a path like /mq", is_prefix),
    TEXT(acl, "", "a file", NULL),
    CHOICE(authkeys, "off", "required", "off or required"),
    TEXT(origins, "", "origins like https://app.example.org, spaces between", is_origin_list),
    TEXT(hosts, "", "host names, with a port where it counts, spaces between", is_host_list),
    TEXT(trusted_proxies, "loopback unix", "loopback, unix, addresses or networks like 10.0.0.0/8, "
         "spaces between", is_proxy_list),
    CHOICE(jsonp, "off", "on", "on or off"),
    TEXT(log, "stderr", "stderr, syslog or a path that begins with /", log_is_target),
    NUMBER(max_message, "1048576", 1, 67108864),
    NUMBER(max_body, "8388608", 1, 134217728),
    NUMBER(idempotency_seconds, "300", 1, 86400),
    NUMBER_OR_OFF(queue_ttl, 43200, 315360000),
    {"history", KIND_SWITCH, offsetof(struct settings, no_history), "on", "on or off", 0, 0, NULL,
     "off"},
    NUMBER(history_bytes, "67108864", 65536, 1099511627776),
    TEXT(metrics_file, "", "empty, or a path that begins with /", is_file),
    TEXT(listen, "127.0.0.1:8889", "unix:/path or host:port, or several with commas between",
         is_address_list),
    WORD(rest, "local", REST_WORDS, "off, local or on"),
    NUMBER(max_consumers, "50000", 1, 1000000),
    NUMBER(max_outbox, "1048576", 1024, 1073741824),
    NUMBER(max_memory, "134217728", 16777216, 1099511627776),
    NUMBER(max_websocket, "65536", 1, 67108864),
    CHOICE(deflate, "off", "on", "on or off"),
    NUMBER(deflate_min, "512", 1, 67108864),
};
// clang-format on

#define SETTINGS (sizeof(table) / sizeof(table[0]))

/* --- one file ------------------------------------------------------------------------------ */

struct settings_reading {
    struct ini ini; /* the first member: its user is the reading */
    struct settings *settings;
    int seen[SETTINGS]; /* the line a setting stood on, 0: not yet */
};

static void apply(struct settings_reading *reading, const struct setting *setting,
                  const char *value)
{
    if (setting_set(reading->settings, setting, value))
        return;
    if (setting->low < setting->high)
        ini_complain(&reading->ini, "%s must be %sa whole number from %lld to %lld", setting->name,
                     setting->kind == KIND_NUMBER_OR_OFF ? "off or " : "", setting->low,
                     setting->high);
    else
        ini_complain(&reading->ini, "%s must be %s", setting->name, setting->allowed);
}

static void on_setting(struct ini *ini, const char *section, const char *name, const char *value)
{
    struct settings_reading *reading = ini->user;

    (void)section;
    for (size_t i = 0; i < SETTINGS; i++) {
        if (strcmp(table[i].name, name) != 0)
            continue;
        if (reading->seen[i])
            ini_complain(ini, "%s was set on line %d already", name, reading->seen[i]);
        apply(reading, &table[i], value);
        reading->seen[i] = ini->line;
        return;
    }
    ini_complain(ini, "unknown setting %s", name);
}

static bool is_given(const struct settings_reading *reading, const char *name)
{
    for (size_t i = 0; i < SETTINGS; i++)
        if (strcmp(table[i].name, name) == 0)
            return reading->seen[i];
    return false;
}

/* Lets a complaint name the line of a setting that was read before. */
static void go_to(struct settings_reading *reading, const char *name)
{
    for (size_t i = 0; i < SETTINGS; i++)
        if (strcmp(table[i].name, name) == 0 && reading->seen[i])
            reading->ini.line = reading->seen[i];
}

/* The first line of the file that the setting of this name has. */
static void read_password(struct settings_reading *reading, const char *name,
                          struct account *account)
{
    char line[1024] = "";
    FILE *file;

    if (!*account->password_file)
        return;
    go_to(reading, name);
    file = fopen(account->password_file, "r");
    reading->ini.problem->is_unread = !file;
    if (!file || (!fgets(line, sizeof(line), file) && ferror(file)))
        ini_complain(&reading->ini, "%s: %s", name, strerror(errno));
    else if (strcspn(line, "\r\n") == 0)
        ini_complain(&reading->ini, "%s: its first line is empty", name);
    else if (strlen(line) == sizeof(line) - 1 && line[sizeof(line) - 2] != '\n')
        ini_complain(&reading->ini, "%s: its first line is too long (at most %zu bytes)", name,
                     sizeof(line) - 2);
    if (file)
        fclose(file);
    line[strcspn(line, "\r\n")] = '\0';
    free(account->password);
    account->password = xstrdup(line);
}

/* The setting `redis`, with what else is said of it. */
static void check_redis(struct settings_reading *reading)
{
    struct settings *settings = reading->settings;
    enum target_kind kind = target_kind(settings->redis);

    go_to(reading, "redis_user");
    if (*settings->redis_account.user && !*settings->redis_account.password_file)
        ini_complain(&reading->ini, "redis_user needs redis_password_file");
    go_to(reading, "sentinel_user");
    if (*settings->sentinel_account.user && !*settings->sentinel_account.password_file)
        ini_complain(&reading->ini, "sentinel_user needs sentinel_password_file");
    go_to(reading, "redis_db");
    if (kind == TARGET_CLUSTER && settings->redis_db != 0)
        ini_complain(&reading->ini, "redis_db must be 0: a Redis Cluster has no other database");
    if (kind == TARGET_CLUSTER && !is_given(reading, "hash_tags"))
        settings->hash_tags = true;
    go_to(reading, "hash_tags");
    if (kind == TARGET_CLUSTER && !settings->hash_tags)
        ini_complain(&reading->ini, "hash_tags must be on: a Redis Cluster needs all keys of a "
                                    "queue in one slot");
    go_to(reading, "redis_wait_ms");
    if (settings->redis_wait.replicas && settings->redis_wait.ms >= settings->redis_timeout_ms)
        ini_complain(&reading->ini, "redis_wait_ms (%lld) must be below redis_timeout_ms (%lld)",
                     settings->redis_wait.ms, settings->redis_timeout_ms);
}

/* The file of a setting, of which it is known already that it is to be used. */
static void check_file(struct settings_reading *reading, const char *name, const char *path)
{
    FILE *file;

    if (!*path || reading->ini.failed)
        return;
    go_to(reading, name);
    file = fopen(path, "r");
    if (file) {
        fclose(file);
        return;
    }
    reading->ini.problem->is_unread = true;
    ini_complain(&reading->ini, "%s: %s", name, strerror(errno));
}

/* A file that names certificates without redis_tls = on would suggest that they are used. */
static void check_no_tls(struct settings_reading *reading)
{
    static const char *const names[] = {"redis_tls_ca", "redis_tls_name", "redis_tls_cert",
                                        "redis_tls_key"};
    const struct redis_tls *tls = &reading->settings->redis_tls;
    const char *const values[] = {tls->ca, tls->name, tls->cert, tls->key};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!*values[i])
            continue;
        go_to(reading, names[i]);
        ini_complain(&reading->ini, "%s needs redis_tls = on", names[i]);
    }
}

static void check_tls(struct settings_reading *reading)
{
    const struct redis_tls *tls = &reading->settings->redis_tls;

    if (!tls->is_on) {
        check_no_tls(reading);
        return;
    }
    go_to(reading, "redis_tls");
    if (strncmp(reading->settings->redis, "unix:", 5) == 0)
        ini_complain(&reading->ini, "redis_tls is for host:port, and redis is a unix socket");
    go_to(reading, *tls->cert ? "redis_tls_cert" : "redis_tls_key");
    if (!*tls->cert != !*tls->key)
        ini_complain(&reading->ini, "redis_tls_cert and redis_tls_key need each other");
    check_file(reading, "redis_tls_ca", tls->ca);
    check_file(reading, "redis_tls_cert", tls->cert);
    check_file(reading, "redis_tls_key", tls->key);
}

/* Conditions on several settings. */
static void check_together(struct settings_reading *reading)
{
    const struct settings *settings = reading->settings;

    check_redis(reading);
    check_tls(reading);
    go_to(reading, "max_message");
    go_to(reading, "max_body");
    if (settings->max_body < settings->max_message)
        ini_complain(&reading->ini, "max_body (%lld) must not be below max_message (%lld)",
                     settings->max_body, settings->max_message);
}

void settings_init(struct settings *settings)
{
    memset(settings, 0, sizeof(*settings));
    for (size_t i = 0; i < SETTINGS; i++)
        setting_set(settings, &table[i], table[i].initial);
    settings->redis_account.password = xstrdup("");
    settings->sentinel_account.password = xstrdup("");
}

void settings_clear(struct settings *settings)
{
    for (size_t i = 0; i < SETTINGS; i++)
        setting_clear(settings, &table[i]);
    free(settings->redis_account.password);
    free(settings->sentinel_account.password);
    memset(settings, 0, sizeof(*settings));
}

bool settings_load(struct settings *settings, const char *file, struct file_problem *problem)
{
    struct settings_reading reading = {.settings = settings};

    reading.ini = (struct ini){.problem = problem, .user = &reading, .entry = on_setting};
    if (!ini_read(&reading.ini, file))
        return false;
    read_password(&reading, "redis_password_file", &settings->redis_account);
    read_password(&reading, "sentinel_password_file", &settings->sentinel_account);
    check_together(&reading);
    return !reading.ini.failed;
}

static bool is_open(const char *file)
{
    struct stat seen;

    return *file && stat(file, &seen) == 0 && (seen.st_mode & S_IROTH) != 0;
}

const char *settings_open_secret(const struct settings *settings)
{
    if (is_open(settings->redis_account.password_file))
        return "redis_password_file";
    if (is_open(settings->sentinel_account.password_file))
        return "sentinel_password_file";
    return is_open(settings->redis_tls.key) ? "redis_tls_key" : NULL;
}

bool settings_can_follow(const struct settings *settings, const struct settings *old, char *text,
                         size_t size)
{
    if (target_kind(settings->redis) != target_kind(old->redis))
        snprintf(text, size,
                 "redis: one Redis, sentinels and a cluster take each other's place only with a "
                 "restart");
    else if (settings->hash_tags != old->hash_tags)
        snprintf(text, size, "hash_tags: a change needs a restart");
    else
        return true;
    return false;
}

void settings_print(const struct settings *settings, FILE *out)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        fprintf(out, "%s = ", table[i].name);
        setting_print(settings, &table[i], out);
        fputc('\n', out);
    }
}
