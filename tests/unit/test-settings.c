/* test-settings.c - restmq.conf: what it may say, and how it is refused.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/file.h"

#include <sys/stat.h>

#include "base/settings.h"

static bool load(struct settings *settings, struct file_problem *problem)
{
    settings_init(settings);
    problem->text[0] = '\0';
    return settings_load(settings, file_name, problem);
}

static void defaults(void **state)
{
    struct settings settings;

    (void)state;
    settings_init(&settings);
    assert_string_equal(settings.redis, "127.0.0.1:6379");
    assert_false(settings.redis_tls.is_on);
    assert_string_equal(settings.redis_tls.ca, "");
    assert_string_equal(settings.redis_tls.name, "");
    assert_string_equal(settings.redis_tls.cert, "");
    assert_string_equal(settings.redis_tls.key, "");
    assert_string_equal(settings.redis_account.user, "");
    assert_string_equal(settings.redis_account.password_file, "");
    assert_string_equal(settings.redis_account.password, "");
    assert_string_equal(settings.prefix, "");
    assert_string_equal(settings.sentinel_account.user, "");
    assert_string_equal(settings.sentinel_account.password_file, "");
    assert_string_equal(settings.sentinel_account.password, "");
    assert_int_equal(settings.redis_db, 0);
    assert_false(settings.hash_tags);
    assert_int_equal(settings.redis_timeout_ms, 2000);
    assert_int_equal(settings.redis_wait.replicas, 0);
    assert_int_equal(settings.redis_wait.ms, 500);
    assert_string_equal(settings.log, "stderr");
    assert_int_equal(settings.max_message, 1048576);
    assert_int_equal(settings.max_body, 8388608);
    assert_int_equal(settings.idempotency_seconds, 300);
    assert_int_equal(settings.queue_ttl, 0);
    assert_false(settings.no_history);
    assert_int_equal(settings.history_bytes, 64 * 1024 * 1024);
    assert_string_equal(settings.metrics_file, "");
    assert_string_equal(settings.listen, "127.0.0.1:8889");
    assert_int_equal(settings.rest, REST_LOCAL);
    assert_int_equal(settings.max_consumers, 50000);
    assert_int_equal(settings.max_outbox, 1048576);
    assert_int_equal(settings.max_memory, 134217728);
    assert_int_equal(settings.max_websocket, 65536);
    assert_false(settings.deflate);
    assert_int_equal(settings.deflate_min, 512);
    assert_false(settings.jsonp);
    assert_string_equal(settings.acl, "");
    assert_false(settings.authkeys);
    assert_string_equal(settings.origins, "");
    assert_string_equal(settings.hosts, "");
    assert_string_equal(settings.trusted_proxies, "loopback unix");
    settings_clear(&settings);
}

static void load_text(struct settings *settings, const char *text)
{
    struct file_problem problem;

    write_file(file_name, text);
    if (!load(settings, &problem))
        fail_msg("%s", problem.text);
}

static void every_setting_of_redis(void **state)
{
    struct settings settings;
    char text[512];

    (void)state;
    write_file(other_name, "se cret\nmore\n");
    snprintf(text, sizeof(text),
             "# a comment\n"
             "; another\n"
             "\n"
             "redis = unix:/run/redis.sock\n"
             "redis_user=me\n"
             "redis_password_file = %s\n"
             "sentinel_user = you\n"
             "sentinel_password_file = %s\n"
             "redis_wait = 0\n"
             "redis_wait_ms = 60000\n"
             "redis_db = 3 ; the third\n"
             "hash_tags = on\n"
             "  redis_timeout_ms = 10\n",
             other_name, other_name);
    load_text(&settings, text);
    assert_string_equal(settings.redis, "unix:/run/redis.sock");
    assert_string_equal(settings.redis_account.user, "me");
    assert_string_equal(settings.redis_account.password, "se cret");
    assert_string_equal(settings.sentinel_account.user, "you");
    assert_string_equal(settings.sentinel_account.password, "se cret");
    assert_int_equal(settings.redis_wait.replicas, 0);
    assert_int_equal(settings.redis_wait.ms, 60000);
    assert_int_equal(settings.redis_db, 3);
    assert_true(settings.hash_tags);
    assert_int_equal(settings.redis_timeout_ms, 10);
    settings_clear(&settings);
}

static void a_cluster_has_hash_tags_by_itself(void **state)
{
    struct settings settings;

    (void)state;
    load_text(&settings, "redis = cluster://a:1,b:2\n");
    assert_true(settings.hash_tags);
    settings_clear(&settings);
    load_text(&settings, "hash_tags = on\nredis_db = 0\nredis = cluster://a:1\n");
    assert_true(settings.hash_tags);
    settings_clear(&settings);
}

static void every_setting_of_access(void **state)
{
    struct settings settings;

    (void)state;
    load_text(&settings, "\tprefix = /mq/v1\r\n"
                         "acl = /etc/restmq/acl.conf\n"
                         "authkeys = required\n"
                         "origins = https://app.example.org http://[::1]:8080\n"
                         "hosts = mq.example.org:8443  [::1]\n"
                         "trusted_proxies = unix loopback 10.0.0.0/8 192.168.0. ::1\n"
                         "jsonp = on\n");
    assert_string_equal(settings.prefix, "/mq/v1");
    assert_string_equal(settings.acl, "/etc/restmq/acl.conf");
    assert_true(settings.authkeys);
    assert_string_equal(settings.origins, "https://app.example.org http://[::1]:8080");
    assert_string_equal(settings.hosts, "mq.example.org:8443  [::1]");
    assert_string_equal(settings.trusted_proxies, "unix loopback 10.0.0.0/8 192.168.0. ::1");
    assert_true(settings.jsonp);
    settings_clear(&settings);
}

static void every_setting_of_messages(void **state)
{
    struct settings settings;

    (void)state;
    load_text(&settings, "max_message = 1\n"
                         "max_body = 134217728\n"
                         "idempotency_seconds = 86400\n"
                         "queue_ttl = 43200\n");
    assert_int_equal(settings.max_message, 1);
    assert_int_equal(settings.max_body, 134217728);
    assert_int_equal(settings.idempotency_seconds, 86400);
    assert_int_equal(settings.queue_ttl, 43200);
    settings_clear(&settings);
}

/* The last line has no end. */
static void every_setting_of_log_and_helper(void **state)
{
    struct settings settings;

    (void)state;
    load_text(&settings, "log = syslog\n"
                         "listen = 127.0.0.1:80, unix:/run/ws.sock,[::1]:8080\n"
                         "max_consumers = 1000000\n"
                         "max_outbox = 1024\n"
                         "max_memory = 16777216\n"
                         "max_websocket = 67108864\n"
                         "deflate = on\n"
                         "deflate_min = 1");
    assert_string_equal(settings.log, "syslog");
    assert_string_equal(settings.listen, "127.0.0.1:80, unix:/run/ws.sock,[::1]:8080");
    assert_int_equal(settings.max_consumers, 1000000);
    assert_int_equal(settings.max_outbox, 1024);
    assert_int_equal(settings.max_memory, 16777216);
    assert_int_equal(settings.max_websocket, 67108864);
    assert_true(settings.deflate);
    assert_int_equal(settings.deflate_min, 1);
    settings_clear(&settings);
}

#define ADDRESS                                                                                    \
    "unix:/path (107 bytes at most), host:port, sentinel://host:port,host:port/name or "           \
    "cluster://host:port,host:port, with 16 addresses at most"
#define ORIGINS   "origins like https://app.example.org, spaces between"
#define HOSTS     "host names, with a port where it counts, spaces between"
#define PROXIES   "loopback, unix, addresses or networks like 10.0.0.0/8, spaces between"
#define ADDRESSES "unix:/path or host:port, or several with commas between"

// clang-format off
static const struct {
    const char *text;
    const char *problem; /* behind the file's name */
} bad[] = {
    {"bogus = 1\n", ":1: unknown setting bogus"},
    {"# x\n\nRedis = localhost:1\n", ":3: unknown setting Redis"},
    {"= 1\n", ":1: unknown setting "},
    {"jsonp = on\nlog\n", ":2: not a setting: write key = value"},
    {"jsonp = on\n[section]\nlog = stderr\n", ":2: no sections here: [section]"},
    {"[section\n", ":1: not a setting: write key = value"},
    {"log = stderr\n\nlog = stderr\n", ":3: log was set on line 1 already"},
    {"redis = localhost\n", ":1: redis must be " ADDRESS},
    {"redis = localhost:\n", ":1: redis must be " ADDRESS},
    {"redis = localhost:0\n", ":1: redis must be " ADDRESS},
    {"redis = localhost:65536\n", ":1: redis must be " ADDRESS},
    {"redis = localhost:6379x\n", ":1: redis must be " ADDRESS},
    {"redis = :6379\n", ":1: redis must be " ADDRESS},
    {"redis = unix:redis.sock\n", ":1: redis must be " ADDRESS},
    {"redis =\n", ":1: redis must be " ADDRESS},
    {"redis_db = -1\n", ":1: redis_db must be a whole number from 0 to 1000000"},
    {"hash_tags = yes\n", ":1: hash_tags must be on or off"},
    {"redis_db = 1.5\n", ":1: redis_db must be a whole number from 0 to 1000000"},
    {"redis_timeout_ms = 9\n", ":1: redis_timeout_ms must be a whole number from 10 to 60000"},
    {"redis_timeout_ms = 60001\n", ":1: redis_timeout_ms must be a whole number from 10 to 60000"},
    {"redis_timeout_ms = 2 s\n", ":1: redis_timeout_ms must be a whole number from 10 to 60000"},
    {"max_message = 0\n", ":1: max_message must be a whole number from 1 to 67108864"},
    {"max_message = 67108865\n", ":1: max_message must be a whole number from 1 to 67108864"},
    {"max_body = 0\n", ":1: max_body must be a whole number from 1 to 134217728"},
    {"max_body = 134217729\n", ":1: max_body must be a whole number from 1 to 134217728"},
    {"max_body = 1M\n", ":1: max_body must be a whole number from 1 to 134217728"},
    {"idempotency_seconds = 0\n",
     ":1: idempotency_seconds must be a whole number from 1 to 86400"},
    {"idempotency_seconds = 86401\n",
     ":1: idempotency_seconds must be a whole number from 1 to 86400"},
    {"queue_ttl = 43199\n",
     ":1: queue_ttl must be off or a whole number from 43200 to 315360000"},
    {"history = no\n", ":1: history must be on or off"},
    {"metrics_file = metrics\n",
     ":1: metrics_file must be empty, or a path that begins with /"},
    {"metrics_file = /run/\n",
     ":1: metrics_file must be empty, or a path that begins with /"},
    {"history_bytes = 65535\n",
     ":1: history_bytes must be a whole number from 65536 to 1099511627776"},
    {"queue_ttl = 0\n", ":1: queue_ttl must be off or a whole number from 43200 to 315360000"},
    {"listen =\n", ":1: listen must be " ADDRESSES},
    {"listen = 8889\n", ":1: listen must be " ADDRESSES},
    {"listen = 127.0.0.1:1,\n", ":1: listen must be " ADDRESSES},
    {"listen = ,127.0.0.1:1\n", ":1: listen must be " ADDRESSES},
    {"listen = 127.0.0.1:1,ws.sock\n", ":1: listen must be " ADDRESSES},
    {"listen = 127.0.0.1:1 unix:/a\n", ":1: listen must be " ADDRESSES},
    {"max_consumers = 0\n", ":1: max_consumers must be a whole number from 1 to 1000000"},
    {"max_memory = 16777215\n", ":1: max_memory must be a whole number from 16777216 to 1099511627776"},
    {"max_outbox = 1023\n", ":1: max_outbox must be a whole number from 1024 to 1073741824"},
    {"deflate = yes\n", ":1: deflate must be on or off"},
    {"rest = yes\n", ":1: rest must be off, local or on"},
    {"rest =\n", ":1: rest must be off, local or on"},
    {"rest = off local\n", ":1: rest must be off, local or on"},
    {"deflate_min = 0\n", ":1: deflate_min must be a whole number from 1 to 67108864"},
    {"max_websocket = 64K\n", ":1: max_websocket must be a whole number from 1 to 67108864"},
    {"\nmax_body = 5\nmax_message = 6\n\n",
     ":2: max_body (5) must not be below max_message (6)"},
    {"max_message = 9000000\n", ":1: max_body (8388608) must not be below max_message (9000000)"},
    {"jsonp = yes\n", ":1: jsonp must be on or off"},
    {"jsonp = ON\n", ":1: jsonp must be on or off"},
    {"jsonp =\n", ":1: jsonp must be on or off"},
    {"authkeys = on\n", ":1: authkeys must be off or required"},
    {"origins = *\n", ":1: origins must be " ORIGINS},
    {"origins = null\n", ":1: origins must be " ORIGINS},
    {"origins = app.example.org\n", ":1: origins must be " ORIGINS},
    {"origins = ftp://app.example.org\n", ":1: origins must be " ORIGINS},
    {"origins = chrome-extension://abc\n", ":1: origins must be " ORIGINS},
    {"origins = HTTPS://a\n", ":1: origins must be " ORIGINS},
    {"origins = htt://a\n", ":1: origins must be " ORIGINS},
    {"origins = ://a\n", ":1: origins must be " ORIGINS},
    {"origins = https://\n", ":1: origins must be " ORIGINS},
    {"origins = https://a/\n", ":1: origins must be " ORIGINS},
    {"origins = https://*.example.org\n", ":1: origins must be " ORIGINS},
    {"origins = https://a,https://b\n", ":1: origins must be " ORIGINS},
    {"origins = https://a HTTPS://b\n", ":1: origins must be " ORIGINS},
    {"hosts = *\n", ":1: hosts must be " HOSTS},
    {"hosts = a,b\n", ":1: hosts must be " HOSTS},
    {"hosts = http://a\n", ":1: hosts must be " HOSTS},
    {"trusted_proxies = lo\n", ":1: trusted_proxies must be " PROXIES},
    {"trusted_proxies = 10.0.0.1/8\n", ":1: trusted_proxies must be " PROXIES},
    {"trusted_proxies = unix,loopback\n", ":1: trusted_proxies must be " PROXIES},
    {"log = file\n", ":1: log must be stderr, syslog or a path that begins with /"},
    {"prefix = mq\n", ":1: prefix must be empty, or a path like /mq"},
    {"prefix = /\n", ":1: prefix must be empty, or a path like /mq"},
    {"prefix = /mq/\n", ":1: prefix must be empty, or a path like /mq"},
    {"prefix = /a//b\n", ":1: prefix must be empty, or a path like /mq"},
    {"prefix = /a b\n", ":1: prefix must be empty, or a path like /mq"},
    {"prefix = /a%20b\n", ":1: prefix must be empty, or a path like /mq"},
    {"prefix = /mq # mount\n", ":1: prefix: a comment behind a value starts with ';'"},
    {"prefix = /mq\t# mount\n", ":1: prefix: a comment behind a value starts with ';'"},
    {"redis = sentinel://a:1\n", ":1: redis must be " ADDRESS},
    {"redis = cluster://a:1/name\n", ":1: redis must be " ADDRESS},
    {"redis = cluster://a:1,b:2\nredis_db = 1\n",
     ":2: redis_db must be 0: a Redis Cluster has no other database"},
    {"hash_tags = off\nredis = cluster://a:1\n",
     ":1: hash_tags must be on: a Redis Cluster needs all keys of a queue in one slot"},
    {"redis_wait = 1\nredis_wait_ms = 2000\n",
     ":2: redis_wait_ms (2000) must be below redis_timeout_ms (2000)"},
    {"redis_wait = 101\n", ":1: redis_wait must be a whole number from 0 to 100"},
    {"redis_wait_ms = 0\n", ":1: redis_wait_ms must be a whole number from 1 to 60000"},
    {"sentinel_user = me\n", ":1: sentinel_user needs sentinel_password_file"},
    {"sentinel_password_file = /nonexistent/secret\n",
     ":1: sentinel_password_file: No such file or directory"},
    {"redis_tls = yes\n", ":1: redis_tls must be on or off"},
    {"redis_tls_name = a/b\n", ":1: redis_tls_name must be a host name or a number like 10.0.0.7"},
    {"redis_tls_name = [::1]\n", ":1: redis_tls_name must be a host name or a number like 10.0.0.7"},
    {"redis_tls = off\nredis_tls_ca = /a\n", ":2: redis_tls_ca needs redis_tls = on"},
    {"redis_tls_name = a\n", ":1: redis_tls_name needs redis_tls = on"},
    {"redis_tls_cert = /a\n", ":1: redis_tls_cert needs redis_tls = on"},
    {"\nredis_tls_key = /a\n", ":2: redis_tls_key needs redis_tls = on"},
    {"redis = unix:/a\nredis_tls = on\n", ":2: redis_tls is for host:port, and redis is a unix socket"},
    {"redis_tls = on\nredis_tls_cert = /a\n", ":2: redis_tls_cert and redis_tls_key need each other"},
    {"redis_tls = on\n\nredis_tls_key = /a\n", ":3: redis_tls_cert and redis_tls_key need each other"},
    {"redis_tls = on\nredis_tls_ca = /nonexistent/ca\n", ":2: redis_tls_ca: No such file or directory"},
    {"redis_tls_key = /nonexistent/k\nredis_tls_cert = /dev/null\nredis_tls = on\n",
     ":1: redis_tls_key: No such file or directory"},
    {"redis_user = me\n", ":1: redis_user needs redis_password_file"},
    {"jsonp = on\nredis_password_file = /nonexistent/secret\nlog = stderr\n",
     ":2: redis_password_file: No such file or directory"},
    {"bogus = 1\nworse = 2\n", ":1: unknown setting bogus"},
};
// clang-format on

static void every_bad_file_is_refused_with_its_line(void **state)
{
    size_t name_len = strlen(file_name);

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct settings settings;
        struct file_problem problem;

        write_file(file_name, bad[i].text);
        if (load(&settings, &problem))
            fail_msg("accepted: %s", bad[i].text);
        if (strncmp(problem.text, file_name, name_len) != 0 ||
            strcmp(problem.text + name_len, bad[i].problem) != 0)
            fail_msg("%s: said \"%s\"", bad[i].text, problem.text);
        settings_clear(&settings);
    }
}

static void a_long_line_is_refused(void **state)
{
    char text[1024] = "log = stderr\nredis_user = ";
    size_t start = strlen(text);
    struct settings settings;
    struct file_problem problem;

    (void)state;
    memset(text + start, 'x', sizeof(text) - 1 - start);
    write_bytes(file_name, text, sizeof(text) - 1);
    assert_false(load(&settings, &problem));
    assert_non_null(strstr(problem.text, ":2: line too long"));
    settings_clear(&settings);
}

static void a_nul_byte_is_refused(void **state)
{
    static const char text[] = "log = stderr\njsonp = on\0off\n";
    struct settings settings;
    struct file_problem problem;

    (void)state;
    write_bytes(file_name, text, sizeof(text) - 1);
    assert_false(load(&settings, &problem));
    assert_non_null(strstr(problem.text, ":2: "));
    settings_clear(&settings);
}

static void an_unreadable_file_is_refused(void **state)
{
    struct settings settings;
    struct file_problem problem;

    (void)state;
    settings_init(&settings);
    assert_false(settings_load(&settings, "/nonexistent/restmq.conf", &problem));
    assert_string_equal(problem.text, "/nonexistent/restmq.conf: No such file or directory");
    settings_clear(&settings);
    settings_init(&settings);
    assert_false(settings_load(&settings, folder, &problem));
    assert_non_null(strstr(problem.text, "Is a directory"));
    settings_clear(&settings);
}

static void an_empty_password_is_refused(void **state)
{
    struct settings settings;
    struct file_problem problem;
    char text[128];

    (void)state;
    snprintf(text, sizeof(text), "redis_password_file = %s\n", other_name);
    write_file(file_name, text);
    write_file(other_name, "\nsecret\n");
    assert_false(load(&settings, &problem));
    assert_non_null(strstr(problem.text, ":1: redis_password_file: its first line is empty"));
    settings_clear(&settings);
    write_file(other_name, "");
    assert_false(load(&settings, &problem));
    settings_clear(&settings);
    write_file(other_name, "secret\r\n");
    assert_true(load(&settings, &problem));
    assert_string_equal(settings.redis_account.password, "secret");
    settings_clear(&settings);
}

static void a_long_password_is_not_cut(void **state)
{
    struct settings settings;
    struct file_problem problem;
    char text[128], password[1100];

    (void)state;
    snprintf(text, sizeof(text), "redis_password_file = %s\n", other_name);
    write_file(file_name, text);
    memset(password, 'x', sizeof(password));
    for (size_t len = 1020; len < sizeof(password); len++) {
        write_bytes(other_name, password, len);
        if (load(&settings, &problem))
            assert_int_equal(strlen(settings.redis_account.password), len);
        else
            assert_non_null(strstr(problem.text, ":1: redis_password_file: its first line is "));
        assert_true(len > 1023 || *settings.redis_account.password);
        settings_clear(&settings);
    }
}

static void what_is_printed_can_be_read_but_holds_no_secret(void **state)
{
    struct settings settings;
    struct file_problem problem;
    char text[2048] = "", printed[2048] = "";
    FILE *out = fmemopen(printed, sizeof(printed), "w");

    (void)state;
    write_file(other_name, "secret\n");
    snprintf(text, sizeof(text),
             "redis = [::1]:7\nredis_tls = on\nredis_tls_ca = /dev/null\nredis_tls_name = a\n"
             "redis_tls_cert = /dev/null\nredis_tls_key = /dev/zero\n"
             "redis_user = me\nredis_password_file = %s\nsentinel_user = you\n"
             "sentinel_password_file = %s\nredis_db = 1\nhash_tags = on\n"
             "redis_timeout_ms = 11\nredis_wait = 0\n"
             "redis_wait_ms = 12\nprefix = /a\nacl = /b\nauthkeys = required\n"
             "origins = http://a\nhosts = a\ntrusted_proxies = unix\njsonp = on\nlog = "
             "syslog\nmax_message = 12\n"
             "max_body = 13\nidempotency_seconds = 14\nqueue_ttl = off\nhistory = off\n"
             "history_bytes = 65536\nmetrics_file = /c\nlisten = [::]:15,unix:/a\nrest = on\n"
             "max_consumers = 16\nmax_outbox = 1700\nmax_memory = 17000000\nmax_websocket = 18\n"
             "deflate = on\ndeflate_min = 19\n",
             other_name, other_name);
    write_file(file_name, text);
    assert_true(load(&settings, &problem));
    settings_print(&settings, out);
    fclose(out);
    assert_string_equal(printed, text);
    settings_clear(&settings);
}

static void a_secret_that_everybody_may_read_is_named(void **state)
{
    struct settings settings;
    struct file_problem problem;
    char text[256];

    (void)state;
    write_file(other_name, "secret\n");
    snprintf(text, sizeof(text), "redis_tls = on\nredis_tls_cert = %s\nredis_tls_key = %s\n",
             other_name, other_name);
    write_file(file_name, text);
    assert_true(load(&settings, &problem));
    chmod(other_name, 0640);
    assert_null(settings_open_secret(&settings));
    chmod(other_name, 0644);
    assert_string_equal(settings_open_secret(&settings), "redis_tls_key");
    settings_clear(&settings);
    snprintf(text, sizeof(text), "redis_password_file = %s\n", other_name);
    write_file(file_name, text);
    assert_true(load(&settings, &problem));
    assert_string_equal(settings_open_secret(&settings), "redis_password_file");
    settings_clear(&settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(every_setting_of_redis),
        cmocka_unit_test(a_cluster_has_hash_tags_by_itself),
        cmocka_unit_test(every_setting_of_access),
        cmocka_unit_test(every_setting_of_messages),
        cmocka_unit_test(every_setting_of_log_and_helper),
        cmocka_unit_test(every_bad_file_is_refused_with_its_line),
        cmocka_unit_test(a_long_line_is_refused),
        cmocka_unit_test(a_nul_byte_is_refused),
        cmocka_unit_test(an_unreadable_file_is_refused),
        cmocka_unit_test(an_empty_password_is_refused),
        cmocka_unit_test(a_long_password_is_not_cut),
        cmocka_unit_test(what_is_printed_can_be_read_but_holds_no_secret),
        cmocka_unit_test(a_secret_that_everybody_may_read_is_named),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
