/* test-access.c - who asks, and may this request be handled?
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/file.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http/access.h"

#define BASIC "Basic bWU6c2VjcmV0" /* me:secret */
#define WRONG "Basic bWU6d3Jvbmc=" /* me:wrong */

static char acl[80], origins[80], hosts[80], trusted_proxies[80];
static char no_file[] = "";
static struct settings settings = {.redis_tls.key = no_file,
                                   .redis_account.password_file = no_file,
                                   .sentinel_account.password_file = no_file,
                                   .acl = acl,
                                   .origins = origins,
                                   .hosts = hosts,
                                   .trusted_proxies = trusted_proxies};
static struct access rules;
static struct visitor visitor;
static struct reason reason;
static struct file_problem problem;

static void open_rules(void)
{
    if (!access_open(&rules, &settings, &problem))
        fail_msg("%s", problem.text);
}

/* No file, nobody but loopback and unix sockets trusted, and the default hosts and origins. */
static int set_defaults(void **state)
{
    (void)state;
    acl[0] = origins[0] = hosts[0] = '\0';
    strcpy(trusted_proxies, "loopback unix");
    open_rules();
    return 0;
}

static int close_rules(void **state)
{
    (void)state;
    access_close(&rules);
    return 0;
}

/* From now on there is a file with that text. */
static void use_file(const char *text)
{
    access_close(&rules);
    write_file(file_name, text);
    strcpy(acl, file_name);
    open_rules();
}

static void read_visitor(struct request_head head)
{
    static const struct form none;

    memset(&visitor, 'x', sizeof(visitor));
    visitor_read(&visitor, &head, &none, &rules);
}

static enum status check_right(unsigned rights, struct request_head head, bool changes)
{
    read_visitor(head);
    reason.text[0] = '\0';
    return access_check(&rules, rights, &visitor, changes, &reason);
}

static enum status check(struct request_head head, bool changes)
{
    return check_right(RIGHT_PRODUCER, head, changes);
}

/* --- the address ---------------------------------------------------------------------------- */

static const struct {
    const char *trusted, *peer, *forwarded_for;
    const char *ip; /* NULL: nobody's */
} addresses[] = {
  /* who is no trusted proxy may say what he wants */
    {"loopback unix",     "8.8.8.8",          NULL,                                   "8.8.8.8"    },
    {"loopback unix",     "8.8.8.8",          "127.0.0.1",                            "8.8.8.8"    },
    {"loopback unix",     "8.8.8.8",          "junk",                                 "8.8.8.8"    },
    {"",                  "127.0.0.1",        "8.8.8.8",                              "127.0.0.1"  },
    {"",                  NULL,               "8.8.8.8",                              NULL         },
    {"loopback",          NULL,               "8.8.8.8",                              NULL         },
    {"10.0.0.0/8 all",    NULL,               "8.8.8.8",                              NULL         },
    {"unix",              "127.0.0.1",        "8.8.8.8",                              "127.0.0.1"  },
    {"loopback unix",     "10.1.1.1",         "8.8.8.8",                              "10.1.1.1"   },
    {"10.1.1.2",          "10.1.1.1",         "8.8.8.8",                              "10.1.1.1"   },
 /* a trusted proxy is asked */
    {"loopback unix",     "127.0.0.1",        "8.8.8.8",                              "8.8.8.8"    },
    {"loopback unix",     "127.9.9.9",        "8.8.8.8",                              "8.8.8.8"    },
    {"loopback unix",     "::1",              "2001:db8::1",                          "2001:db8::1"},
    {"loopback unix",     "::ffff:127.0.0.1", "8.8.8.8",                              "8.8.8.8"    },
    {"loopback unix",     NULL,               "8.8.8.8",                              "8.8.8.8"    },
    {"unix",              NULL,               "8.8.8.8",                              "8.8.8.8"    },
    {"10.0.0.0/8",        "10.1.1.1",         "8.8.8.8",                              "8.8.8.8"    },
    {"10.1.",             "10.1.1.1",         "8.8.8.8",                              "8.8.8.8"    },
    {"::1  10.1.1.1",     "10.1.1.1",         "8.8.8.8",                              "8.8.8.8"    },
    {"all",               "10.1.1.1",         "8.8.8.8",                              "8.8.8.8"    },
    {"loopback unix",     "127.0.0.1",        NULL,                                   "127.0.0.1"  },
    {"loopback unix",     "127.0.0.1",        "",                                     "127.0.0.1"  },
    {"loopback unix",     NULL,               NULL,                                   NULL         },
    {"loopback unix",     NULL,               "",                                     NULL         },
 /* from the right, the first that is not trusted */
    {"loopback unix",     "127.0.0.1",        "127.0.0.1, 8.8.8.8",                   "8.8.8.8"    },
    {"loopback unix",     "127.0.0.1",        "127.0.0.1,8.8.8.8",                    "8.8.8.8"    },
    {"loopback unix",     "127.0.0.1",        "127.0.0.1 ,\t8.8.8.8 \t",              "8.8.8.8"    },
    {"loopback unix",     "127.0.0.1",        "9.9.9.9, 8.8.8.8, 127.0.0.1",          "8.8.8.8"    },
    {"loopback 10.",      "127.0.0.1",        "9.9.9.9, 8.8.8.8, 10.0.0.2, 10.0.0.1", "8.8.8.8"    },
    {"loopback",          "127.0.0.1",        "9.9.9.9, 10.0.0.1",                    "10.0.0.1"   },
    {"loopback 10.",      "127.0.0.1",        "10.0.0.2, 10.0.0.1",                   "10.0.0.2"   },
    {"all",               "127.0.0.1",        "9.9.9.9, 8.8.8.8",                     "9.9.9.9"    },
    {"loopback",          "127.0.0.1",        "[2001:db8::1]",                        "2001:db8::1"},
    {"loopback",          "127.0.0.1",        "[2001:db8::1]:80",                     "2001:db8::1"},
    {"loopback",          "127.0.0.1",        "8.8.8.8:5678",                         "8.8.8.8"    },
    {"loopback",          "127.0.0.1",        "8.8.8.8, 127.0.0.1:80, [::1]:1",       "8.8.8.8"    },
    {"loopback",          "127.0.0.1",        "junk, 8.8.8.8",                        "8.8.8.8"    },
    {"loopback",          "127.0.0.1",        ", , 8.8.8.8",                          "8.8.8.8"    },
 /* what cannot be read is nobody's, and never the proxy's own */
    {"loopback unix",     "127.0.0.1",        "unknown",                              NULL         },
    {"loopback unix",     "127.0.0.1",        "127.0.0.1, unknown",                   NULL         },
    {"loopback unix",     "127.0.0.1",        "127.0.0.1, unknown, 127.0.0.1",        NULL         },
    {"loopback unix",     "127.0.0.1",        "127.0.0.1,",                           NULL         },
    {"loopback unix",     "127.0.0.1",        "127.0.0.1, ",                          NULL         },
    {"loopback unix",     "127.0.0.1",        "127.0.0.1,,127.0.0.1",                 NULL         },
    {"loopback unix",     "127.0.0.1",        ",",                                    NULL         },
    {"loopback unix",     "127.0.0.1",        " ",                                    NULL         },
    {"loopback unix",     "127.0.0.1",        "8.8.8.8:1234x",                        NULL         },
    {"loopback unix",     "127.0.0.1",        "127.0.0.1:",                           NULL         },
    {"loopback unix",     "127.0.0.1",        "127.0.0.1:65536",                      NULL         },
    {"loopback unix",     "127.0.0.1",        "[::1]x:80",                            NULL         },
    {"loopback unix",     "127.0.0.1",        "127.0.0.1 8.8.8.8",                    NULL         },
    {"loopback unix",     "127.0.0.1",        "127.0.0.1;8.8.8.8",                    NULL         },
    {"loopback unix",     NULL,               "for=127.0.0.1",                        NULL         },
    {"loopback unix",     "",                 NULL,                                   NULL         },
    {"loopback unix",     "",                 "127.0.0.1",                            NULL         },
    {"loopback unix",     "junk",             "127.0.0.1",                            NULL         },
    {"all unix loopback", "junk",             "127.0.0.1",                            NULL         },
};

static void whose_address_counts(void **state)
{
    char *wall = wall_new(100);

    (void)state;
    for (size_t i = 0; i < COUNT(addresses); i++) {
        const char *text = addresses[i].ip, *list = addresses[i].forwarded_for;
        struct ip ip = {{0}};

        strcpy(trusted_proxies, addresses[i].trusted);
        if (list)
            list = wall_put(wall, list, strlen(list) + 1);
        read_visitor((struct request_head){
            .host = "localhost", .peer = addresses[i].peer, .forwarded_for = list});
        if (text)
            assert_true(ip_read(text, strlen(text), &ip));
        if (visitor.has_ip != (text != NULL) || (text && memcmp(&ip, &visitor.ip, sizeof(ip)) != 0))
            fail_msg("%s trusted, %s for %s", addresses[i].trusted,
                     addresses[i].peer ? addresses[i].peer : "-",
                     addresses[i].forwarded_for ? addresses[i].forwarded_for : "-");
    }
}

static void who_may_without_a_file(void **state)
{
    static const struct {
        const char *peer, *forwarded_for;
        enum status status;
    } rows[] = {
        {"127.0.0.1", NULL,                 STATUS_OK       },
        {"::1",       NULL,                 STATUS_OK       },
        {"127.0.0.1", "127.0.0.1",          STATUS_OK       },
        {NULL,        "127.0.0.1",          STATUS_OK       },
        {NULL,        NULL,                 STATUS_FORBIDDEN},
        {"",          NULL,                 STATUS_FORBIDDEN},
        {"",          "127.0.0.1",          STATUS_FORBIDDEN},
        {"10.0.0.1",  NULL,                 STATUS_FORBIDDEN},
        {"10.0.0.1",  "127.0.0.1",          STATUS_FORBIDDEN},
        {"127.0.0.1", "8.8.8.8",            STATUS_FORBIDDEN},
        {"127.0.0.1", "127.0.0.1, 8.8.8.8", STATUS_FORBIDDEN},
        {"127.0.0.1", "127.0.0.1, junk",    STATUS_FORBIDDEN},
        {NULL,        "8.8.8.8",            STATUS_FORBIDDEN},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (unsigned right = RIGHT_NONE; right <= RIGHTS_ALL; right = right ? right << 1 : 1) {
            struct request_head head = {
                .host = "localhost", .peer = rows[i].peer, .forwarded_for = rows[i].forwarded_for};

            assert_int_equal(check_right(right, head, false),
                             right == RIGHT_NONE ? STATUS_OK : rows[i].status);
            assert_int_equal(check_right(right, head, true),
                             right == RIGHT_NONE ? STATUS_OK : rows[i].status);
        }
}

/* --- what else is read ---------------------------------------------------------------------- */

static void which_key_counts(void **state)
{
    static const struct {
        const char *authorization, *header;
        char query[20];
        const char *key;
    } rows[] = {
        {"Bearer a", "b",  "authkey=c",    "a" },
        {"Bearer ",  "b",  "authkey=c",    "b" },
        {BASIC,      "b",  "authkey=c",    "b" },
        {NULL,       "b",  "authkey=c",    "b" },
        {NULL,       "",   "authkey=c",    ""  },
        {NULL,       NULL, "authkey=c",    "c" },
        {NULL,       NULL, "authkey=%63",  "c" },
        {NULL,       NULL, "authkey=",     ""  },
        {NULL,       NULL, "authkey=c%00", ""  },
        {NULL,       NULL, "Authkey=c",    NULL},
        {NULL,       NULL, "",             NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request_head head = {
            .host = "localhost", .authorization = rows[i].authorization, .authkey = rows[i].header};
        static struct form form;
        char query[20];

        form.count = 0;
        strcpy(query, rows[i].query);
        assert_int_equal(form_parse(&form, query, strlen(query), &reason), STATUS_OK);
        visitor_read(&visitor, &head, &form, &rules);
        if (rows[i].key ? !visitor.key || strcmp(visitor.key, rows[i].key) != 0
                        : visitor.key != NULL)
            fail_msg("row %zu: %s", i, visitor.key ? visitor.key : "-");
    }
}

/* --- Host ----------------------------------------------------------------------------------- */

/* The texts are of acl.conf; NULL: there is none. */
static const char all[] = "[rest:producer]\n[rest:consumer]\n";
static const char here[] = "[rest:producer]\nhosts_allow = 127.0.0.0/8 ::1\n[rest:consumer]\n";
static const char unnamed[] = "[rest:consumer]\n";

static const struct {
    const char *file, *hosts, *host;
    enum status status;
} host_rows[] = {
    {NULL,    "",              NULL,                 STATUS_FORBIDDEN},
    {NULL,    "",              "",                   STATUS_FORBIDDEN},
    {NULL,    "",              "localhost",          STATUS_OK       },
    {NULL,    "",              "localhost:8080",     STATUS_OK       },
    {NULL,    "",              "127.0.0.1:1",        STATUS_OK       },
    {NULL,    "",              "[::1]:8080",         STATUS_OK       },
    {NULL,    "",              "evil.org",           STATUS_FORBIDDEN},
    {NULL,    "",              "localhost.evil.org", STATUS_FORBIDDEN},
    {NULL,    "",              "127.0.0.1.evil.org", STATUS_FORBIDDEN},
    {NULL,    "",              "192.168.0.1",        STATUS_FORBIDDEN},
    {NULL,    "mq.org",        "mq.org",             STATUS_OK       },
    {NULL,    "mq.org",        "localhost",          STATUS_FORBIDDEN},
    {all,     "",              "evil.org",           STATUS_OK       },
    {all,     "mq.org b:8443", "mq.org:80",          STATUS_OK       },
    {all,     "mq.org b:8443", "b:8443",             STATUS_OK       },
    {all,     "mq.org b:8443", "b",                  STATUS_FORBIDDEN},
    {all,     "mq.org b:8443", "evil.org",           STATUS_FORBIDDEN},
    {all,     "mq.org b:8443", "localhost",          STATUS_FORBIDDEN},
    {all,     "mq.org",        NULL,                 STATUS_FORBIDDEN},
    {all,     "mq.org",        "",                   STATUS_FORBIDDEN},
    {all,     "",              NULL,                 STATUS_OK       },
    {all,     "",              "",                   STATUS_OK       },
 /* as without a file: the right is for this machine only */
    {here,    "",              "localhost:1",        STATUS_OK       },
    {here,    "",              NULL,                 STATUS_FORBIDDEN},
    {here,    "",              "evil.org",           STATUS_FORBIDDEN},
    {here,    "",              "localhost.evil.org", STATUS_FORBIDDEN},
    {here,    "mq.org",        "mq.org",             STATUS_OK       },
    {here,    "mq.org",        "localhost",          STATUS_FORBIDDEN},
    {unnamed, "",              "[::1]",              STATUS_OK       },
    {unnamed, "",              "evil.org",           STATUS_FORBIDDEN},
};

static void under_which_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(host_rows); i++) {
        struct request_head head = {.peer = "127.0.0.1", .host = host_rows[i].host};

        if (host_rows[i].file)
            use_file(host_rows[i].file);
        strcpy(hosts, host_rows[i].hosts);
        if (check(head, false) != host_rows[i].status || check(head, true) != host_rows[i].status)
            fail_msg("%s, %s: %s", host_rows[i].file, host_rows[i].hosts, host_rows[i].host);
    }
}

/* --- pages ---------------------------------------------------------------------------------- */

static const struct {
    const char *origins, *host, *origin, *site;
    enum status status; /* of what changes something */
} page_rows[] = {
    {"",                  "localhost:80", NULL,                           NULL,          STATUS_OK       },
    {"",                  "localhost:80", "",                             NULL,          STATUS_OK       },
    {"",                  "localhost",    "http://localhost",             "same-origin", STATUS_OK       },
    {"",                  "localhost:81", "http://localhost:81",          NULL,          STATUS_OK       },
    {"",                  "localhost",    "https://localhost",            NULL,          STATUS_FORBIDDEN},
    {"",                  "localhost",    "HTTP://Localhost",             "none",        STATUS_OK       },
    {"",                  "localhost",    "http://localhost",             "cross-site",  STATUS_FORBIDDEN},
    {"",                  "localhost",    "http://localhost",             "same-site",   STATUS_OK       },
    {"",                  "localhost",    "http://localhost",             "other",       STATUS_FORBIDDEN},
    {"http://localhost",  "localhost",    "http://localhost",             "cross-site",  STATUS_OK       },
    {"",                  "localhost",    "ftp://localhost",              NULL,          STATUS_FORBIDDEN},
    {"",                  "localhost",    "chrome-extension://localhost", NULL,          STATUS_FORBIDDEN},
    {"",                  "localhost",    "://localhost",                 NULL,          STATUS_FORBIDDEN},
    {"",                  "localhost",    "http://localhost:81",          "same-site",   STATUS_FORBIDDEN},
    {"",                  "localhost",    "http://evil.org",              "cross-site",  STATUS_FORBIDDEN},
    {"",                  "localhost",    "http://evil.org",              "same-origin", STATUS_FORBIDDEN},
    {"",                  "localhost",    "http://evil.org",              NULL,          STATUS_FORBIDDEN},
    {"",                  "localhost",    "null",                         NULL,          STATUS_FORBIDDEN},
    {"",                  "localhost",    "http://localhost.evil.org",    NULL,          STATUS_FORBIDDEN},
    {"",                  NULL,           "http://localhost",             NULL,          STATUS_FORBIDDEN},
    {"",                  "",             "http://",                      NULL,          STATUS_FORBIDDEN},
    {"http://a http://b", "localhost",    "http://b",                     "cross-site",  STATUS_OK       },
    {"http://a http://b", "localhost",    "http://b",                     "same-site",   STATUS_OK       },
    {"http://a",          "localhost",    "http://localhost",             NULL,          STATUS_OK       },
    {"http://a",          "localhost",    "https://a",                    NULL,          STATUS_FORBIDDEN},
    {"http://a",          "localhost",    "http://a:81",                  NULL,          STATUS_FORBIDDEN},
    {"http://a",          NULL,           "http://a",                     NULL,          STATUS_OK       },
 /* a GET has no Origin */
    {"",                  "localhost",    NULL,                           "cross-site",  STATUS_FORBIDDEN},
    {"http://a",          "localhost",    NULL,                           "cross-site",  STATUS_FORBIDDEN},
    {"",                  "localhost",    "",                             "cross-site",  STATUS_FORBIDDEN},
    {"",                  "localhost",    NULL,                           "same-site",   STATUS_FORBIDDEN},
    {"http://a",          "localhost",    NULL,                           "same-site",   STATUS_FORBIDDEN},
    {"",                  "localhost",    NULL,                           "other",       STATUS_FORBIDDEN},
    {"",                  "localhost",    NULL,                           "same-origin", STATUS_OK       },
    {"",                  "localhost",    NULL,                           "none",        STATUS_OK       },
    {"",                  "localhost",    NULL,                           "",            STATUS_OK       },
};

static void from_which_pages(void **state)
{
    (void)state;
    use_file(all); /* under any name, and without one */
    for (size_t i = 0; i < COUNT(page_rows); i++) {
        struct request_head head = {.peer = "::1",
                                    .host = page_rows[i].host,
                                    .origin = page_rows[i].origin,
                                    .fetch_site = page_rows[i].site};

        strcpy(origins, page_rows[i].origins);
        if (check(head, true) != page_rows[i].status || check(head, false) != STATUS_OK)
            fail_msg("%s: %s on %s, %s", page_rows[i].origins, page_rows[i].origin,
                     page_rows[i].host, page_rows[i].site);
    }
}

/* Which of them is a page of our own depends on what speaks TLS, and on whose word that is. */
static void which_scheme_counts(void **state)
{
    static const struct {
        const char *peer, *forwarded_proto, *scheme, *https;
        bool is_secure;
    } rows[] = {
        {"8.8.8.8", NULL,          NULL,    NULL,  false},
        {"8.8.8.8", NULL,          "http",  NULL,  false},
        {"8.8.8.8", NULL,          "https", NULL,  true },
        {"8.8.8.8", NULL,          "HTTPS", NULL,  true },
        {"8.8.8.8", NULL,          NULL,    "on",  true },
        {"8.8.8.8", NULL,          NULL,    "off", false},
        {"8.8.8.8", NULL,          "http",  "",    false},
 /* the word of somebody whom nobody knows */
        {"8.8.8.8", "https",       "http",  NULL,  false},
        {"8.8.8.8", "http",        "https", NULL,  true },
        {"",        "https",       NULL,    NULL,  false},
 /* a trusted proxy's */
        {"::1",     "https",       "http",  NULL,  true },
        {"::1",     "http",        "https", "on",  false},
        {NULL,      "https",       NULL,    NULL,  true },
        {NULL,      "HTTPS",       NULL,    NULL,  true },
        {"::1",     "http, https", NULL,    NULL,  true },
        {"::1",     "https,http",  NULL,    NULL,  false},
        {"::1",     "several",     "https", NULL,  true },
        {"::1",     "several",     NULL,    NULL,  false},
        {"::1",     "",            NULL,    NULL,  false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request_head head = {.peer = rows[i].peer,
                                    .forwarded_for = "127.0.0.1",
                                    .forwarded_proto = rows[i].forwarded_proto,
                                    .scheme = rows[i].scheme,
                                    .https = rows[i].https,
                                    .host = "localhost"};
        bool is_known = !rows[i].peer || strcmp(rows[i].peer, "::1") == 0;

        read_visitor(head);
        if (visitor.is_secure != rows[i].is_secure)
            fail_msg("row %zu", i);
        head.origin = "https://localhost";
        assert_int_equal(check(head, true) == STATUS_OK, is_known && rows[i].is_secure);
        head.origin = "http://localhost";
        assert_int_equal(check(head, true) == STATUS_OK, is_known && !rows[i].is_secure);
    }
}

static void assert_reason(struct request_head head, const char *text)
{
    assert_int_equal(check(head, true), STATUS_FORBIDDEN);
    if (!strstr(reason.text, text))
        fail_msg("%s", reason.text);
}

static void a_refusal_says_what_to_mend(void **state)
{
    (void)state;
    assert_reason(
        (struct request_head){.peer = "::1", .host = "localhost", .origin = "https://localhost"},
        "add https://localhost to origins in restmq.conf, or the proxy to trusted_proxies");
    assert_reason(
        (struct request_head){
            .peer = "::1", .host = "localhost", .scheme = "https", .origin = "http://localhost"},
        "not from a page of http://localhost: it is not in origins");
    assert_reason(
        (struct request_head){.host = "localhost", .peer = "::1", .forwarded_for = "junk"},
        "X-Forwarded-For holds none that can be read");
    assert_reason((struct request_head){.host = "localhost", .peer = ""},
                  "REMOTE_ADDR holds none that can be read");
    assert_reason(
        (struct request_head){.host = "localhost", .peer = "8.8.8.8", .forwarded_for = "junk"},
        "rest:producer is not allowed from this address");
    assert_reason((struct request_head){.peer = "::1", .host = ""},
                  "requests without a Host are refused");
    assert_reason((struct request_head){.peer = "::1"}, "requests without a Host are refused");
}

static void a_guess_of_the_browser_changes_nothing(void **state)
{
    struct request_head head = {
        .host = "localhost", .peer = "::1", .is_prefetch = true, .fetch_site = "same-origin"};

    (void)state;
    assert_int_equal(check(head, false), STATUS_OK);
    assert_reason(head, "prefetch");
    head.is_prefetch = false;
    assert_int_equal(check(head, true), STATUS_OK);
}

static void to_whom_answers_are_shown(void **state)
{
    static const struct {
        const char *origin;
        bool is_shared;
    } rows[] = {
        {"http://a",         true },
        {"http://b",         true },
        {"http://c",         false},
        {"http://localhost", false}, /* its own host's pages need no headers */
        {"null",             false},
        {"",                 false},
        {NULL,               false},
    };

    (void)state;
    strcpy(origins, "http://a http://b");
    for (size_t i = 0; i < COUNT(rows); i++) {
        read_visitor((struct request_head){.host = "localhost", .origin = rows[i].origin});
        assert_int_equal(access_is_shared(&rules, &visitor), rows[i].is_shared);
    }
    origins[0] = '\0';
    read_visitor((struct request_head){.host = "localhost", .origin = ""});
    assert_false(access_is_shared(&rules, &visitor));
}

/* --- passwords and rights ------------------------------------------------------------------- */

static void passwords(void **state)
{
    static const struct {
        const char *authorization, *cookie;
        enum status status;
    } rows[] = {
        {BASIC,              NULL,                              STATUS_OK          },
        {NULL,               "auth=me:secret",                  STATUS_OK          },
        {WRONG,              NULL,                              STATUS_UNAUTHORIZED},
        {WRONG,              "auth=me:secret",                  STATUS_UNAUTHORIZED},
        {NULL,               "auth=me:wrong",                   STATUS_UNAUTHORIZED},
        {"Bearer k",         "auth=me:secret",                  STATUS_OK          },
        {"Basic bWU=",       "auth=me:secret",                  STATUS_OK          },
        {BASIC,              "auth=me:wrong",                   STATUS_OK          },
        {NULL,               "auth=me:wrong; auth=me:secret",   STATUS_OK          },
        {NULL,               "auth=me:secret; auth=you:secret", STATUS_OK          },
        {NULL,               "auth=me:wrong; auth=you:secret",  STATUS_UNAUTHORIZED},
        {NULL,               NULL,                              STATUS_UNAUTHORIZED},
        {"Bearer me:secret", NULL,                              STATUS_UNAUTHORIZED},
    };

    (void)state;
    use_file("[rest:producer]\nusername = me\npassword = secret\n");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request_head head = {.host = "localhost",
                                    .peer = "8.8.8.8",
                                    .authorization = rows[i].authorization,
                                    .cookie = rows[i].cookie};

        assert_int_equal(check(head, true), rows[i].status);
        assert_int_equal(check(head, false), rows[i].status);
    }
}

/* Whoever may not ask at all is told nothing about passwords. */
static void host_and_page_count_before_the_password(void **state)
{
    (void)state;
    use_file("[rest:producer]\nusername = me\npassword = secret\n");
    assert_int_equal(check((struct request_head){.peer = "::1", .origin = "http://evil.org"}, true),
                     STATUS_FORBIDDEN);
    strcpy(hosts, "mq.org");
    assert_int_equal(check((struct request_head){.peer = "::1", .host = "evil.org"}, false),
                     STATUS_FORBIDDEN);
    assert_int_equal(
        check(
            (struct request_head){.host = "localhost", .peer = "::1", .origin = "http://evil.org"},
            true),
        STATUS_FORBIDDEN);
}

static unsigned rights_of(struct request_head head)
{
    unsigned rights;

    read_visitor(head);
    assert_int_equal(access_rights(&rules, &visitor, &rights, &reason), STATUS_OK);
    return rights;
}

static void all_rights_at_once(void **state)
{
    (void)state;
    assert_int_equal(rights_of((struct request_head){.host = "localhost", .peer = "::1"}),
                     RIGHTS_ALL);
    assert_int_equal(rights_of((struct request_head){.host = "localhost", .peer = "8.8.8.8"}),
                     RIGHT_NONE);
    use_file("[rest:producer]\n[rest:consumer]\nhosts_allow = 8.8.8.8\n"
             "[comet:consumer]\npassword = secret\n[websocket:consumer]\nhosts_deny = 8.\n");
    assert_int_equal(rights_of((struct request_head){.host = "localhost", .peer = "8.8.8.8"}),
                     RIGHT_PRODUCER | RIGHTS_TO_MANAGE | RIGHT_CONSUMER);
    assert_int_equal(rights_of((struct request_head){
                         .host = "localhost", .peer = "8.8.8.8", .authorization = BASIC}),
                     RIGHT_PRODUCER | RIGHTS_TO_MANAGE | RIGHT_CONSUMER | RIGHT_COMET);
    assert_int_equal(rights_of((struct request_head){.host = "localhost", .peer = "::1"}),
                     RIGHT_PRODUCER | RIGHTS_TO_MANAGE | RIGHT_WEBSOCKET | RIGHT_ADMIN |
                         RIGHT_STATS);
    assert_int_equal(rights_of((struct request_head){.host = "localhost", .peer = ""}),
                     RIGHT_PRODUCER | RIGHTS_TO_MANAGE);
}

/* What begins with a right of all must not go on with those of this machine. */
static void rights_under_a_name_of_others(void **state)
{
    struct request_head head = {.peer = "::1", .host = "evil.org"};

    (void)state;
    use_file("[websocket:consumer]\n[rest:producer]\nhosts_allow = ::1\n");
    assert_int_equal(check_right(RIGHT_WEBSOCKET, head, true), STATUS_OK);
    assert_int_equal(rights_of(head), RIGHT_WEBSOCKET);
    head.host = "localhost";
    assert_int_equal(rights_of(head), RIGHTS_ALL);
}

/* Of several rights one may be asked for under a name under which the other may not. */
static void several_rights_under_a_name_of_others(void **state)
{
    unsigned set = RIGHT_CONSUMER | RIGHT_STATS;
    struct request_head head = {.peer = "::1", .host = "evil.org"};

    (void)state;
    use_file("[rest:consumer]\nusername = me\npassword = secret\n");
    assert_int_equal(check_right(set, head, false), STATUS_UNAUTHORIZED);
    assert_non_null(strstr(reason.text, "rest:consumer"));
    head.authorization = BASIC;
    assert_int_equal(check_right(set, head, false), STATUS_OK);
    head.authorization = WRONG;
    assert_int_equal(check_right(set, head, false), STATUS_UNAUTHORIZED);
    head.host = "localhost";
    assert_int_equal(check_right(set, head, false), STATUS_OK);
    use_file("[rest:consumer]\nhosts_allow = ::1\n");
    head.host = "evil.org";
    assert_int_equal(check_right(set, head, false), STATUS_FORBIDDEN);
    assert_int_equal(check_right(RIGHT_NONE, head, true), STATUS_FORBIDDEN);
}

/* --- the file changes ----------------------------------------------------------------------- */

/* As if a second had passed since the last look. */
static void refresh_later(void)
{
    rules.watched.looked--;
    access_refresh(&rules, &settings, false);
}

static enum status check_stranger(void)
{
    return check((struct request_head){.host = "localhost", .peer = "8.8.8.8"}, false);
}

static void a_changed_file_is_read_again(void **state)
{
    (void)state;
    use_file("[rest:producer]\nhosts_deny = 8.8.8.8\n");
    assert_int_equal(check_stranger(), STATUS_FORBIDDEN);
    write_file(file_name, "[rest:producer]\n");
    rules.watched.looked = time(NULL);
    access_refresh(&rules, &settings, false);
    assert_int_equal(check_stranger(), STATUS_FORBIDDEN); /* it looks once a second */
    refresh_later();
    assert_int_equal(check_stranger(), STATUS_OK);
    write_file(file_name, "[rest:producer]\nhosts_deny = all\n");
    access_refresh(&rules, &settings, true);
    assert_int_equal(check_stranger(), STATUS_FORBIDDEN);
}

/* Root may read everything, and so plays somebody else; for others the mode must change. */
static void a_file_that_could_not_be_read_is_tried_again(void **state)
{
    bool is_root = geteuid() == 0;

    (void)state;
    use_file("[rest:producer]\nhosts_deny = 8.8.8.8\n");
    write_file(other_name, "[rest:producer]\n");
    assert_int_equal(chmod(other_name, is_root ? 0600 : 0), 0);
    assert_int_equal(chmod(folder, 0755) | (is_root ? seteuid(65534) : 0), 0);
    strcpy(acl, other_name);
    assert_false(access_refresh(&rules, &settings, false));
    assert_int_equal(check_stranger(), STATUS_FORBIDDEN);
    rules.watched.looked--;
    assert_false(access_refresh(&rules, &settings, false));
    assert_int_equal(is_root ? seteuid(0) : chmod(other_name, 0600), 0);
    assert_false(access_refresh(&rules, &settings, false)); /* in the same second */
    rules.watched.looked--;
    assert_true(access_refresh(&rules, &settings, false));
    assert_int_equal(check_stranger(), STATUS_OK);
}

/* Clients may have all descriptors but one. */
static void a_change_is_read_without_a_free_descriptor(void **state)
{
    struct rlimit before, none;

    (void)state;
    use_file("[rest:producer]\nhosts_deny = 8.8.8.8\n");
    write_file(file_name, "[rest:producer]\n");
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none =
        (struct rlimit){.rlim_cur = (rlim_t)rules.watched.reserve + 1, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    refresh_later();
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(check_stranger(), STATUS_OK);
}

static void a_bad_change_keeps_the_rules_before(void **state)
{
    (void)state;
    use_file("[rest:producer]\nhosts_deny = 8.8.8.8\n");
    write_file(file_name, "[rest:producer]\nhosts_deny = 8.8.8.8/33\n");
    refresh_later();
    assert_int_equal(check_stranger(), STATUS_FORBIDDEN);
    access_refresh(&rules, &settings, true);
    assert_int_equal(check_stranger(), STATUS_FORBIDDEN);
    assert_int_equal(check((struct request_head){.host = "localhost", .peer = "8.8.8.9"}, false),
                     STATUS_OK);
    unlink(file_name);
    refresh_later();
    assert_int_equal(check((struct request_head){.host = "localhost", .peer = "8.8.8.9"}, false),
                     STATUS_OK);
    write_file(file_name, "[rest:producer]\n");
    refresh_later();
    assert_int_equal(check_stranger(), STATUS_OK);
}

static void other_settings_may_name_another_file(void **state)
{
    (void)state;
    write_file(file_name, "[rest:producer]\n");
    assert_int_equal(check_stranger(), STATUS_FORBIDDEN);
    strcpy(acl, file_name);
    access_refresh(&rules, &settings, false);
    assert_int_equal(check_stranger(), STATUS_OK);
    write_file(other_name, "[rest:producer]\nhosts_allow = 10.\n");
    strcpy(acl, other_name);
    access_refresh(&rules, &settings, false);
    assert_int_equal(check_stranger(), STATUS_FORBIDDEN);
    assert_int_equal(check((struct request_head){.host = "localhost", .peer = "10.1.1.1"}, false),
                     STATUS_OK);
    acl[0] = '\0';
    access_refresh(&rules, &settings, false);
    assert_int_equal(check((struct request_head){.host = "localhost", .peer = "10.1.1.1"}, false),
                     STATUS_FORBIDDEN);
    assert_int_equal(check((struct request_head){.host = "localhost", .peer = "::1"}, false),
                     STATUS_OK);
}

static void without_a_file_nothing_is_read_again(void **state)
{
    const struct acl *before = rules.acl;

    (void)state;
    access_refresh(&rules, &settings, true);
    assert_ptr_equal(rules.acl, before);
    assert_int_equal(check_stranger(), STATUS_FORBIDDEN);
}

/* The names under which only this machine can be reached are those of the rules in force. */
static void a_bad_file_named_later_opens_no_names(void **state)
{
    (void)state;
    write_file(file_name, "bogus\n");
    strcpy(acl, file_name);
    access_refresh(&rules, &settings, false);
    assert_int_equal(check((struct request_head){.peer = "::1", .host = "evil.org"}, false),
                     STATUS_FORBIDDEN);
    assert_int_equal(check((struct request_head){.peer = "::1", .host = "localhost"}, false),
                     STATUS_OK);
}

static void a_bad_file_is_no_start(void **state)
{
    (void)state;
    access_close(&rules);
    write_file(file_name, "[rest:producer]\nbogus = 1\n");
    strcpy(acl, file_name);
    assert_false(access_open(&rules, &settings, &problem));
    assert_non_null(strstr(problem.text, ":2: unknown key bogus"));
}

#define ACCESS_TEST(function) cmocka_unit_test_setup_teardown(function, set_defaults, close_rules)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ACCESS_TEST(whose_address_counts),
        ACCESS_TEST(who_may_without_a_file),
        ACCESS_TEST(which_key_counts),
        ACCESS_TEST(under_which_names),
        ACCESS_TEST(from_which_pages),
        ACCESS_TEST(which_scheme_counts),
        ACCESS_TEST(a_refusal_says_what_to_mend),
        ACCESS_TEST(a_guess_of_the_browser_changes_nothing),
        ACCESS_TEST(to_whom_answers_are_shown),
        ACCESS_TEST(passwords),
        ACCESS_TEST(host_and_page_count_before_the_password),
        ACCESS_TEST(all_rights_at_once),
        ACCESS_TEST(rights_under_a_name_of_others),
        ACCESS_TEST(several_rights_under_a_name_of_others),
        ACCESS_TEST(a_changed_file_is_read_again),
        ACCESS_TEST(a_file_that_could_not_be_read_is_tried_again),
        ACCESS_TEST(a_change_is_read_without_a_free_descriptor),
        ACCESS_TEST(a_bad_change_keeps_the_rules_before),
        ACCESS_TEST(other_settings_may_name_another_file),
        ACCESS_TEST(without_a_file_nothing_is_read_again),
        ACCESS_TEST(a_bad_file_named_later_opens_no_names),
        ACCESS_TEST(a_bad_file_is_no_start),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
