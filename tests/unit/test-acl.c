/* test-acl.c - acl.conf: what it may say, and what follows from it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/file.h"

#include <crypt.h>

#include "base/clock.h"
#include "http/acl.h"
#include "http/guesses.h"

static struct file_problem problem;
static struct reason reason;

static struct acl *load(const char *text)
{
    struct acl *acl;

    write_file(file_name, text);
    acl = acl_load(file_name, &problem);
    if (!acl)
        fail_msg("%s: %s", text, problem.text);
    return acl;
}

/* The address is NULL where none is known. */
static enum status check_as(struct acl *acl, unsigned rights, const char *address, const char *user,
                            const char *password)
{
    struct acl_client client = {.user = user, .password = password};
    struct ip ip;

    if (address) {
        assert_true(ip_read(address, strlen(address), &ip));
        client.ip = &ip;
    }
    reason.text[0] = '\0';
    guesses_begin_turn(acl_guesses(acl));
    return acl_check(acl, rights, &client, &reason);
}

/* --- addresses ------------------------------------------------------------------------------ */

static const struct {
    const char *rules; /* of [rest:producer] */
    const char *address;
    bool is_admitted;
} addresses[] = {
    {"",                                                  "127.0.0.1",       true },
    {"",                                                  "8.8.8.8",         true },
    {"",                                                  NULL,              true },
    {"hosts_allow = all\n",                               "8.8.8.8",         true },
    {"hosts_allow = all\n",                               NULL,              true },
    {"hosts_deny = all\n",                                "127.0.0.1",       false},
    {"hosts_deny = all\n",                                NULL,              false},
    {"hosts_allow = 10.1.2.3\n",                          "10.1.2.3",        true },
    {"hosts_allow = 10.1.2.3\n",                          "10.1.2.4",        false},
    {"hosts_allow = 10.1.2.3\n",                          "127.0.0.1",       false},
    {"hosts_allow = 10.1.2.3\n",                          NULL,              false},
    {"hosts_deny = 10.1.2.3\n",                           "10.1.2.3",        false},
    {"hosts_deny = 10.1.2.3\n",                           "10.1.2.4",        true },
    {"hosts_deny = 10.1.2.3\n",                           NULL,              false},
    {"hosts_allow = 10.1.2.3\nhosts_deny = all\n",        "10.1.2.3",        true },
    {"hosts_deny = all\nhosts_allow = 10.1.2.3\n",        "10.1.2.3",        true },
    {"hosts_allow = 10.1.2.3\nhosts_deny = all\n",        "10.1.2.4",        false},
    {"hosts_allow = 10.1.2.3\nhosts_deny = 10.0.0.0/8\n", "10.1.2.4",        false},
    {"hosts_allow = 10.1.2.3\nhosts_deny = 10.0.0.0/8\n", "8.8.8.8",         false},
    {"hosts_allow = all\nhosts_deny = 10.1.2.3\n",        "10.1.2.3",        true },
    {"hosts_allow = 127.0.0.1 192.168.0.\n",              "192.168.0.77",    true },
    {"hosts_allow = 127.0.0.1 192.168.0.\n",              "192.168.1.77",    false},
    {"hosts_allow = 127.0.0.1,192.168.0.\n",              "192.168.0.77",    true },
    {"hosts_allow = 127.0.0.1 ,\t 192.168.0. ,\n",        "192.168.0.77",    true },
    {"hosts_allow = 10.0.0.0/8 fe80::/10\n",              "fe80::1",         true },
    {"hosts_allow = 10.0.0.0/8 fe80::/10\n",              "10.255.0.1",      true },
    {"hosts_allow = 10.0.0.0/8 fe80::/10\n",              "2001:db8::1",     false},
    {"hosts_allow = 10.0.0.0/8\n",                        "::ffff:10.1.1.1", true },
    {"hosts_allow = 0.0.0.0/0\n",                         "8.8.8.8",         true },
    {"hosts_allow = 0.0.0.0/0\n",                         "2001:db8::1",     false},
    {"hosts_allow = ::/0\n",                              "8.8.8.8",         true },
    {"hosts_deny = 10.0.0.0/8 127.0.0.0/8\n",             "127.0.0.1",       false},
};

static void who_is_admitted(void **state)
{
    char text[200];

    (void)state;
    for (size_t i = 0; i < COUNT(addresses); i++) {
        enum status expected = addresses[i].is_admitted ? STATUS_OK : STATUS_FORBIDDEN;
        struct acl *acl;

        snprintf(text, sizeof(text), "[rest:producer]\n%s", addresses[i].rules);
        acl = load(text);
        if (check_as(acl, RIGHT_PRODUCER, addresses[i].address, NULL, NULL) != expected)
            fail_msg("%s: %s", addresses[i].rules,
                     addresses[i].address ? addresses[i].address : "-");
        acl_free(acl);
    }
}

static void expect_loopback_only(struct acl *acl, unsigned right)
{
    assert_int_equal(check_as(acl, right, "127.0.0.1", NULL, NULL), STATUS_OK);
    assert_int_equal(check_as(acl, right, "127.1.2.3", NULL, NULL), STATUS_OK);
    assert_int_equal(check_as(acl, right, "::1", "any", "thing"), STATUS_OK);
    assert_int_equal(check_as(acl, right, "10.0.0.1", NULL, NULL), STATUS_FORBIDDEN);
    assert_int_equal(check_as(acl, right, "::2", "any", "thing"), STATUS_FORBIDDEN);
    assert_int_equal(check_as(acl, right, NULL, NULL, NULL), STATUS_FORBIDDEN);
}

static void without_a_file_all_is_for_loopback_only(void **state)
{
    struct acl *acl = acl_load("", &problem);

    (void)state;
    assert_non_null(acl);
    for (unsigned right = 1; right & RIGHTS_ALL; right <<= 1)
        expect_loopback_only(acl, right);
    expect_loopback_only(acl, RIGHTS_ALL);
    assert_int_equal(acl_loopback_rights(acl, RIGHTS_ALL), RIGHTS_ALL);
    assert_int_equal(acl_loopback_rights(acl, RIGHT_STATS | RIGHT_PURGE),
                     RIGHT_STATS | RIGHT_PURGE);
    assert_int_equal(acl_loopback_rights(acl, RIGHT_NONE), RIGHT_NONE);
    assert_int_equal(check_as(acl, RIGHT_NONE, "8.8.8.8", NULL, NULL), STATUS_OK);
    assert_int_equal(check_as(acl, RIGHT_NONE, NULL, NULL, NULL), STATUS_OK);
    acl_free(acl);
}

static void a_missing_section_is_for_loopback_only(void **state)
{
    struct acl *empty = load("# nothing\n"), *some = load("[comet:consumer]\n");

    (void)state;
    for (unsigned right = 1; right & RIGHTS_ALL; right <<= 1) {
        expect_loopback_only(empty, right);
        if (right != RIGHT_COMET)
            expect_loopback_only(some, right);
    }
    assert_int_equal(check_as(some, RIGHT_COMET, "8.8.8.8", NULL, NULL), STATUS_OK);
    acl_free(empty);
    acl_free(some);
}

static void what_is_for_loopback_only(void **state)
{
    static const struct {
        const char *rules; /* of [rest:producer] */
        bool is_for_loopback;
    } rows[] = {
        {"hosts_allow = 127.0.0.1 ::1\n",             true },
        {"hosts_allow = 127.\nhosts_deny = all\n",    true },
        {"hosts_allow = 127.0.0.0/8\npassword = x\n", true },
        {"",                                          false},
        {"password = x\n",                            false},
        {"hosts_allow = all\n",                       false},
        {"hosts_allow = 127.0.0.1 10.0.0.1\n",        false},
        {"hosts_allow = 10.0.0.1 127.0.0.1\n",        false},
        {"hosts_deny = 10.0.0.0/8\n",                 false},
    };
    char text[200];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct acl *acl;

        snprintf(text, sizeof(text), "[rest:producer]\n%s", rows[i].rules);
        acl = load(text);
        if (acl_loopback_rights(acl, RIGHT_PRODUCER) !=
            (rows[i].is_for_loopback ? RIGHT_PRODUCER : RIGHT_NONE))
            fail_msg("%s", rows[i].rules);
        assert_int_equal(acl_loopback_rights(acl, RIGHTS_ALL),
                         rows[i].is_for_loopback
                             ? RIGHTS_ALL
                             : RIGHTS_ALL & ~(RIGHT_PRODUCER | RIGHTS_TO_MANAGE));
        acl_free(acl);
    }
}

static const struct {
    const char *section;
    unsigned rights;
} sections[] = {
    {"rest:manager",       RIGHTS_TO_MANAGE},
    {"rest:producer",      RIGHT_PRODUCER  },
    {"rest:consumer",      RIGHT_CONSUMER  },
    {"comet:consumer",     RIGHT_COMET     },
    {"websocket:consumer", RIGHT_WEBSOCKET },
    {"admin",              RIGHT_ADMIN     },
    {"stats",              RIGHT_STATS     },
};

/* Of each right, whether somebody at 8.8.8.8 has it. */
static void expect_rights(struct acl *acl, unsigned expected)
{
    for (unsigned right = 1; right & RIGHTS_ALL; right <<= 1)
        assert_int_equal(check_as(acl, right, "8.8.8.8", NULL, NULL),
                         right & expected ? STATUS_OK : STATUS_FORBIDDEN);
}

static void each_section_is_a_right(void **state)
{
    char text[100];

    (void)state;
    for (size_t i = 0; i < COUNT(sections); i++) {
        unsigned more =
            strcmp(sections[i].section, "rest:producer") == 0 ? RIGHTS_TO_MANAGE : RIGHT_NONE;
        struct acl *acl;

        snprintf(text, sizeof(text), "[%s]\nhosts_allow = 8.8.8.8\n", sections[i].section);
        acl = load(text);
        expect_rights(acl, sections[i].rights | more);
        assert_int_equal(check_as(acl, sections[i].rights, "127.0.0.1", NULL, NULL),
                         STATUS_FORBIDDEN);
        assert_non_null(strstr(reason.text, sections[i].section));
        acl_free(acl);
    }
}

/* rest:manager is missing without being for this machine only. */
static void who_manages(void **state)
{
    struct acl *acl = load("[rest:producer]\nhosts_allow = 8.8.8.8\n[rest:manager]\n"
                           "hosts_allow = 9.9.9.9\n");

    (void)state;
    expect_rights(acl, RIGHT_PRODUCER);
    assert_int_equal(check_as(acl, RIGHT_PURGE, "9.9.9.9", NULL, NULL), STATUS_OK);
    assert_int_equal(check_as(acl, RIGHT_SETTINGS, "9.9.9.9", NULL, NULL), STATUS_OK);
    assert_int_equal(check_as(acl, RIGHT_PRODUCER, "9.9.9.9", NULL, NULL), STATUS_FORBIDDEN);
    acl_free(acl);
    acl = load("[rest:producer]\npassword = secret\n");
    assert_int_equal(check_as(acl, RIGHT_PURGE, "::1", NULL, NULL), STATUS_UNAUTHORIZED);
    assert_string_equal(reason.text, "rest:producer needs user and password");
    assert_int_equal(check_as(acl, RIGHT_PURGE, "8.8.8.8", "any", "secret"), STATUS_OK);
    acl_free(acl);
    acl = load("[rest:manager]\n[rest:producer]\nhosts_deny = all\n");
    expect_rights(acl, RIGHTS_TO_MANAGE);
    acl_free(acl);
}

static void one_of_several_rights_is_enough(void **state)
{
    unsigned set = RIGHT_CONSUMER | RIGHT_STATS;
    struct acl *acl = load("[rest:consumer]\nhosts_allow = 10.0.0.1 10.0.0.3\npassword = secret\n"
                           "[stats]\nhosts_allow = 10.0.0.2 10.0.0.3\npassword = other\n");

    (void)state;
    assert_int_equal(check_as(acl, set, "10.0.0.1", "u", "secret"), STATUS_OK);
    assert_int_equal(check_as(acl, set, "10.0.0.2", "u", "other"), STATUS_OK);
    assert_int_equal(check_as(acl, set, "10.0.0.3", "u", "secret"), STATUS_OK);
    assert_int_equal(check_as(acl, set, "10.0.0.3", "u", "other"), STATUS_OK);
    assert_int_equal(check_as(acl, set, "10.0.0.4", "u", "other"), STATUS_FORBIDDEN);
    assert_string_equal(reason.text, "rest:consumer or stats is not allowed from this address");
    assert_int_equal(check_as(acl, set, "10.0.0.2", "u", "secret"), STATUS_UNAUTHORIZED);
    assert_non_null(strstr(reason.text, "stats"));
    assert_null(strstr(reason.text, "rest:consumer"));
    assert_int_equal(check_as(acl, set, "10.0.0.3", NULL, NULL), STATUS_UNAUTHORIZED);
    assert_string_equal(reason.text, "rest:consumer or stats needs user and password");
    acl_free(acl);
}

/* --- passwords ------------------------------------------------------------------------------ */

static void expect_user_and_password(struct acl *acl)
{
    static const struct {
        const char *user, *password;
        enum status status;
    } rows[] = {
        {"me",  "secret",  STATUS_OK          },
        {"me",  "Secret",  STATUS_UNAUTHORIZED},
        {"me",  "secre",   STATUS_UNAUTHORIZED},
        {"me",  "secrett", STATUS_UNAUTHORIZED},
        {"me",  "",        STATUS_UNAUTHORIZED},
        {"Me",  "secret",  STATUS_UNAUTHORIZED},
        {"m",   "secret",  STATUS_UNAUTHORIZED},
        {"mee", "secret",  STATUS_UNAUTHORIZED},
        {"",    "secret",  STATUS_UNAUTHORIZED},
        {"",    "",        STATUS_UNAUTHORIZED},
        {NULL,  NULL,      STATUS_UNAUTHORIZED},
        {"me",  "secret",  STATUS_OK          },
        {"you", "secret",  STATUS_UNAUTHORIZED}, /* right before, by another */
        {"me",  "other",   STATUS_UNAUTHORIZED}, /* wrong behind a right one */
        {"me",  "other",   STATUS_UNAUTHORIZED}, /* and behind itself */
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char address[20]; /* for one only some are hashed in a second */
        enum status status;

        snprintf(address, sizeof(address), "10.1.1.%zu", i);
        status = check_as(acl, RIGHT_PRODUCER, address, rows[i].user, rows[i].password);
        for (int tries = 0; status == STATUS_UNAVAILABLE && tries < 30; tries++) { /* paid back */
            sleep(1);
            status = check_as(acl, RIGHT_PRODUCER, address, rows[i].user, rows[i].password);
        }
        if (status != rows[i].status)
            fail_msg("%s %s", rows[i].user, rows[i].password);
    }
}

static void a_plain_password(void **state)
{
    struct acl *acl = load("[rest:producer]\nusername = me\npassword = secret\n");

    (void)state;
    expect_user_and_password(acl);
    acl_free(acl);
    acl = load("[rest:producer]\npassword = se cret $x\nusername = me too\n");
    assert_int_equal(check_as(acl, RIGHT_PRODUCER, "::1", "me too", "se cret $x"), STATUS_OK);
    assert_int_equal(check_as(acl, RIGHT_PRODUCER, "::1", "me", "se cret $x"), STATUS_UNAUTHORIZED);
    acl_free(acl);
}

static void a_password_without_a_user_is_anybodys(void **state)
{
    struct acl *acl = load("[rest:producer]\npassword = secret\n");

    (void)state;
    assert_int_equal(check_as(acl, RIGHT_PRODUCER, "::1", "any", "secret"), STATUS_OK);
    assert_int_equal(check_as(acl, RIGHT_PRODUCER, "::1", "", "secret"), STATUS_OK);
    assert_int_equal(check_as(acl, RIGHT_PRODUCER, "::1", "any", "wrong"), STATUS_UNAUTHORIZED);
    assert_int_equal(check_as(acl, RIGHT_PRODUCER, "::1", NULL, NULL), STATUS_UNAUTHORIZED);
    acl_free(acl);
}

/* The hash of "secret", of that kind, at its lowest cost; false: this system has none such. */
static bool hash_of(const char *kind, char hash_text[CRYPT_OUTPUT_SIZE])
{
    unsigned long cost = strcmp(kind, "$5$") == 0   ? 1000
                         : strcmp(kind, "$6$") == 0 ? 0
                         : strcmp(kind, "$7$") == 0 ? 6
                         : kind[1] == '2'           ? 4
                                                    : 1;
    char *salt = crypt_gensalt_ra(kind, cost, NULL, 0);
    struct crypt_data data = {0};
    const char *hash = salt ? crypt_r("secret", salt, &data) : NULL;
    bool is_made = hash && *hash != '*';

    if (is_made)
        strcpy(hash_text, hash);
    free(salt);
    return is_made;
}

static void a_hashed_password(void **state)
{
    static const char *const kinds[] = {"$y$", "$6$", "$2b$", "$gy$", "$5$", "$7$"};
    char hash[CRYPT_OUTPUT_SIZE], text[CRYPT_OUTPUT_SIZE + 100];
    int made = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct acl *acl;

        if (!hash_of(kinds[i], hash))
            continue;
        made++;
        snprintf(text, sizeof(text), "[rest:producer]\nusername = me\npassword = %s\n", hash);
        acl = load(text);
        expect_user_and_password(acl);
        assert_int_not_equal(check_as(acl, RIGHT_PRODUCER, "::1", "me", hash),
                             STATUS_OK); /* the hash is no password */
        acl_free(acl);
    }
    assert_true(made >= 2);
}

static void the_hash_that_was_right_is_its_sections_own(void **state)
{
    char hash[CRYPT_OUTPUT_SIZE], text[CRYPT_OUTPUT_SIZE + 100];
    struct acl *acl;

    (void)state;
    assert_true(hash_of("$6$", hash));
    snprintf(text, sizeof(text),
             "[rest:producer]\npassword = %s\n[rest:consumer]\npassword = other\n", hash);
    acl = load(text);
    assert_int_equal(check_as(acl, RIGHT_PRODUCER, "::1", "u", "secret"), STATUS_OK);
    assert_int_equal(check_as(acl, RIGHT_PRODUCER, "::1", "u", "secret"), STATUS_OK);
    assert_int_equal(check_as(acl, RIGHT_CONSUMER, "::1", "u", "secret"), STATUS_UNAUTHORIZED);
    acl_free(acl);
    acl = load("[rest:producer]\npassword = other\n");
    assert_int_equal(check_as(acl, RIGHT_PRODUCER, "::1", "u", "secret"), STATUS_UNAUTHORIZED);
    acl_free(acl);
}

/* Tries so many wrong passwords from the address; how many of them were looked at. */
static int try_wrong(struct acl *acl, const char *address, int from, int count)
{
    int looked_at = 0;

    for (int i = from; i < from + count; i++) {
        char password[20];
        enum status status;

        snprintf(password, sizeof(password), "wrong %d", i);
        status = check_as(acl, RIGHT_PRODUCER, address, "me", password);
        assert_true(status == STATUS_UNAUTHORIZED || status == STATUS_UNAVAILABLE);
        looked_at += status == STATUS_UNAUTHORIZED;
    }
    return looked_at;
}

/* So that it is not over in the middle: who was wrong eight times waits for the next one. */
static void wait_for_a_second(void)
{
    long long now_s = clock_ms() / 1000;

    while (clock_ms() / 1000 == now_s)
        usleep(1000);
}

static void only_some_passwords_are_hashed(void **state)
{
    char hash[CRYPT_OUTPUT_SIZE], text[CRYPT_OUTPUT_SIZE + 100];
    struct acl *acl;
    int others = 0;

    (void)state;
    assert_true(hash_of("$5$", hash));
    snprintf(text, sizeof(text), "[rest:producer]\nusername = me\npassword = %s\n", hash);
    acl = load(text);
    wait_for_a_second();
    assert_int_equal(check_as(acl, RIGHT_PRODUCER, "10.0.0.9", "me", "secret"), STATUS_OK);
    assert_int_equal(try_wrong(acl, "10.0.0.1", 0, 9), 8);
    /* who has to wait is not told that it is right; who was right there is */
    assert_int_equal(check_as(acl, RIGHT_PRODUCER, "10.0.0.1", "me", "secret"), STATUS_UNAVAILABLE);
    assert_int_equal(try_wrong(acl, "10.0.0.9", 100, 9), 8);
    assert_int_equal(check_as(acl, RIGHT_PRODUCER, "10.0.0.9", "me", "secret"), STATUS_OK);
    /* what is known, and what is wrong anyway, is not hashed */
    assert_int_equal(check_as(acl, RIGHT_PRODUCER, "10.0.0.1", "you", "x"), STATUS_UNAUTHORIZED);
    assert_int_equal(check_as(acl, RIGHT_PRODUCER, "10.0.0.1", NULL, NULL), STATUS_UNAUTHORIZED);
    assert_int_equal(try_wrong(acl, "10.0.0.9", 100, 8), 8);
    for (int i = 0; others < 16; i++) { /* of the wrong ones the last 16 are known */
        char address[20];

        snprintf(address, sizeof(address), "10.1.0.%d", i);
        others += try_wrong(acl, address, 200 + i, 1);
    }
    assert_int_equal(try_wrong(acl, "10.0.0.1", 0, 1), 0);
    acl_free(acl);
}

/* However many addresses they come from; on a machine that does something else most of the time,
 * that part may not be used up in each second. */
static void hashing_has_a_part_of_each_second(void **state)
{
    char hash[CRYPT_OUTPUT_SIZE], text[CRYPT_OUTPUT_SIZE + 100];
    struct acl *acl;
    bool was_refused = false;

    (void)state;
    assert_true(hash_of("$6$", hash));
    snprintf(text, sizeof(text), "[rest:producer]\npassword = %s\n", hash);
    acl = load(text);
    for (int i = 0; i < 1000 && !was_refused; i++) {
        char address[20];

        snprintf(address, sizeof(address), "10.1.%d.%d", i / 256, i % 256);
        was_refused = try_wrong(acl, address, i, 1) == 0;
    }
    assert_true(was_refused);
    acl_free(acl);
}

/* One that anybody can work out would let him make others wait. */
static void nobody_knows_who_falls_together(void **state)
{
    struct guesses guesses = {0};
    char hash[CRYPT_OUTPUT_SIZE], text[CRYPT_OUTPUT_SIZE + 100], address[20];
    struct guess guess;
    struct acl *acl;
    struct ip ip;
    int looked_at = 0;

    (void)state;
    assert_true(hash_of("$5$", hash));
    snprintf(text, sizeof(text), "[rest:producer]\npassword = %s\n", hash);
    acl = load(text);
    assert_true(ip_read("10.0.0.1", 8, &ip));
    for (int i = 0; i < GUESSES_FREE; i++) {
        snprintf(address, sizeof(address), "%d", i);
        guess_begin(&guess, &guesses, &ip, "", address);
        guesses_note(&guesses, &guess, 1, false);
    }
    wait_for_a_second();
    assert_int_equal(try_wrong(acl, "10.0.0.1", 0, 9), 8);
    for (int i = 0, found = 0; found < 3; i++) {
        snprintf(address, sizeof(address), "10.1.%d.%d", i / 256, i % 256);
        assert_true(ip_read(address, strlen(address), &ip));
        if (guesses_may(&guesses, &ip, 1))
            continue;
        looked_at += try_wrong(acl, address, 100 + found++, 1);
    }
    assert_in_range(looked_at, 1, 3);
    acl_free(acl);
}

/* Of the same password each section has a hash of its own, with another salt. */
static struct acl *load_with_two_hashes(void)
{
    char hashes[2][CRYPT_OUTPUT_SIZE], text[2 * CRYPT_OUTPUT_SIZE + 100];

    assert_true(hash_of("$5$", hashes[0]) && hash_of("$5$", hashes[1]));
    snprintf(text, sizeof(text), "[rest:producer]\npassword = %s\n[rest:consumer]\npassword = %s\n",
             hashes[0], hashes[1]);
    return load(text);
}

static void who_has_one_password_guesses_at_no_other(void **state)
{
    struct acl *acl;

    (void)state;
    acl = load_with_two_hashes();
    wait_for_a_second();
    assert_int_equal(try_wrong(acl, "10.0.0.1", 0, 9), 8);
    assert_int_equal(check_as(acl, RIGHT_CONSUMER, "10.0.0.1", "me", "secret"), STATUS_UNAVAILABLE);
    assert_int_equal(check_as(acl, RIGHT_PRODUCER, "10.0.0.9", "me", "secret"), STATUS_OK);
    assert_int_equal(try_wrong(acl, "10.0.0.9", 20, 9), 8);
    assert_int_equal(check_as(acl, RIGHT_CONSUMER, "10.0.0.9", "me", "secret"), STATUS_OK);
    assert_int_equal(try_wrong(acl, "10.0.0.9", 30, 1), 0); /* which tells nothing of him */
    acl_free(acl);
}

/* A hash that takes longer than its part is the only one of a turn, for whoever is known elsewhere,
 * too: else one request would cause as many as there are sections. */
static void one_slow_hash_a_turn(void **state)
{
    struct acl_client client = {.user = "me", .password = "secret"};
    struct acl *acl;

    (void)state;
    acl = load_with_two_hashes();
    assert_true(acl_has_password(acl));
    wait_for_a_second();
    assert_int_equal(acl_check(acl, RIGHT_PRODUCER, &client, &reason), STATUS_OK);
    guesses_charge(acl_guesses(acl), clock_ms() / 1000, 240000);
    assert_int_equal(acl_check(acl, RIGHT_PRODUCER, &client, &reason), STATUS_OK);
    assert_int_equal(acl_check(acl, RIGHT_CONSUMER, &client, &reason), STATUS_LATER);
    assert_int_equal(acl_check(acl, RIGHT_CONSUMER | RIGHT_PRODUCER, &client, &reason), STATUS_OK);
    assert_int_equal(check_as(acl, RIGHT_CONSUMER, "10.0.0.8", "me", "secret"), STATUS_UNAVAILABLE);
    assert_non_null(strstr(reason.text, "try again in 3 s"));
    assert_int_equal(reason.retry_after_s, 3);
    guesses_begin_turn(acl_guesses(acl));
    assert_int_equal(acl_check(acl, RIGHT_CONSUMER, &client, &reason), STATUS_OK);
    acl_free(acl);
}

/* Nor is a plain one told to whoever has to wait. */
static void plain_passwords_are_guessed_no_faster(void **state)
{
    struct acl *acl = load("[rest:producer]\nusername = me\npassword = secret\n"
                           "[rest:consumer]\npassword = other\n");

    (void)state;
    wait_for_a_second();
    assert_int_equal(check_as(acl, RIGHT_PRODUCER, "10.0.0.9", "me", "secret"), STATUS_OK);
    assert_int_equal(try_wrong(acl, "10.0.0.1", 0, 9), 8);
    assert_int_equal(check_as(acl, RIGHT_PRODUCER, "10.0.0.1", "me", "secret"), STATUS_UNAVAILABLE);
    assert_int_equal(check_as(acl, RIGHT_CONSUMER, "10.0.0.1", "me", "other"), STATUS_UNAVAILABLE);
    assert_int_equal(try_wrong(acl, "10.0.0.1", 0, 8), 8); /* the same again: known, and no guess */
    assert_int_equal(check_as(acl, RIGHT_PRODUCER, "10.0.0.1", "you", "x"), STATUS_UNAUTHORIZED);
    for (int i = 0; i < 3000; i++) {
        char address[20];

        snprintf(address, sizeof(address), "10.%d.%d.1", i / 200 + 1, i % 200);
        try_wrong(acl, address, 100 + 10 * i, 9);
    }
    try_wrong(acl, "10.0.0.9", 50, 9);
    assert_int_equal(check_as(acl, RIGHT_PRODUCER, "10.0.0.9", "me", "secret"), STATUS_OK);
    assert_int_equal(check_as(acl, RIGHT_CONSUMER, "10.0.0.9", "me", "secret"),
                     STATUS_UNAUTHORIZED);
    acl_free(acl);
}

static void what_stays_the_same_is_remembered(void **state)
{
    static const char rules[] = "[rest:producer]\nhosts_allow = 10.0.0.0/%d\npassword = %s\n";
    char hash[CRYPT_OUTPUT_SIZE], other[CRYPT_OUTPUT_SIZE], text[CRYPT_OUTPUT_SIZE + 100];
    struct acl *before, *acl;

    (void)state;
    assert_true(hash_of("$5$", hash) && hash_of("$5$", other));
    assert_string_not_equal(hash, other);
    snprintf(text, sizeof(text), rules, 8, hash);
    before = load(text);
    wait_for_a_second();
    assert_int_equal(check_as(before, RIGHT_PRODUCER, "10.0.0.1", "me", "secret"), STATUS_OK);
    assert_int_equal(try_wrong(before, "10.0.0.1", 0, 9), 8);

    snprintf(text, sizeof(text), rules, 16, hash);
    acl = load(text);
    acl_remember(acl, before);
    acl_free(before);
    assert_int_equal(try_wrong(acl, "10.0.0.1", 10, 1), 0);
    assert_int_equal(try_wrong(acl, "10.0.0.1", 0, 8), 8);
    assert_int_equal(check_as(acl, RIGHT_PRODUCER, "10.0.0.1", "me", "secret"), STATUS_OK);
    before = acl;

    snprintf(text, sizeof(text), rules, 16, other);
    acl = load(text);
    acl_remember(acl, before);
    acl_free(before);
    assert_int_equal(check_as(acl, RIGHT_PRODUCER, "10.0.0.1", "me", "secret"), STATUS_UNAVAILABLE);
    assert_int_equal(try_wrong(acl, "10.0.0.1", 0, 4), 0);
    acl_free(acl);
}

static void the_address_counts_before_the_password(void **state)
{
    struct acl *acl = load("[rest:producer]\nhosts_allow = 10.0.0.0/8\nusername = me\n"
                           "password = secret\n");

    (void)state;
    assert_int_equal(check_as(acl, RIGHT_PRODUCER, "8.8.8.8", "me", "secret"), STATUS_FORBIDDEN);
    assert_int_equal(check_as(acl, RIGHT_PRODUCER, "8.8.8.8", NULL, NULL), STATUS_FORBIDDEN);
    expect_user_and_password(acl);
    assert_int_equal(check_as(acl, RIGHT_PRODUCER, "10.0.0.1", NULL, NULL), STATUS_UNAUTHORIZED);
    assert_string_equal(reason.text, "rest:producer needs user and password");
    assert_int_equal(check_as(acl, RIGHT_PRODUCER, "10.0.0.1", "me", "x"), STATUS_UNAUTHORIZED);
    assert_string_equal(reason.text, "wrong user or password for rest:producer");
    acl_free(acl);
}

/* --- bad files ------------------------------------------------------------------------------ */

#define P "[rest:producer]\n"
#define NO_NETWORK                                                                                 \
    "is no address, no network like 10.0.0.0/8 or fe80::/10, no prefix like 192.168.0. and not "   \
    "all"

// clang-format off
static const struct {
    const char *text, *problem; /* behind the file's name */
} bad[] = {
    {"[rest]\n", ":1: unknown section [rest]"},
    {"[Admin]\n", ":1: unknown section [Admin]"},
    {"[]\n", ":1: unknown section []"},
    {"[ admin ]\n", ":1: unknown section [ admin ]"},
    {P "\n[rest:producers]\nhosts_allow = all\n", ":3: unknown section [rest:producers]"},
    {P "[admin]\n" P, ":3: [rest:producer] stands here twice"},
    {P P "hosts_allow = all\n", ":2: [rest:producer] stands here twice"},
    {P "hosts_alow = all\n", ":2: unknown key hosts_alow"},
    {P "Hosts_allow = all\n", ":2: unknown key Hosts_allow"},
    {P "user = me\n", ":2: unknown key user"},
    {P " = all\n", ":2: unknown key "},
    {"hosts_allow = all\n" P, ":1: hosts_allow stands outside of a section"},
    {"username = me\npassword = x\n", ":1: username stands outside of a section"},
    {"[rest:producer\nhosts_allow = all\n", ":2: hosts_allow stands outside of a section"},
    {"\xef\xbb\xbf" P "hosts_allow = all\n", ":2: hosts_allow stands outside of a section"},
    {"\f" P "password = x\n", ":2: password stands outside of a section"},
    {P "hosts_allow\n", ":2: not a setting: write key = value"},
    {P "hosts_allow = 1.1.1.1\nhosts_allow = all\n", ":3: hosts_allow stands here twice"},
    {P "hosts_deny = 1.1.1.1\nhosts_deny = 1.1.1.1\n", ":3: hosts_deny stands here twice"},
    {P "password = x\nusername = u\npassword = x\n", ":4: password stands here twice"},
    {P "username = u\nusername = u\npassword = x\n", ":3: username stands here twice"},
    {P "hosts_allow =\n", ":2: hosts_allow has no value"},
    {P "hosts_deny = ; nobody\n", ":2: hosts_deny has no value"},
    {P "username =\n", ":2: username has no value"},
    {P "username = me\npassword =\n", ":3: password has no value"},
    {P "hosts_allow = ,\n", ":2: hosts_allow names nobody"},
    {P "hosts_deny = , ,\n", ":2: hosts_deny names nobody"},
    {P "hosts_allow = localhost\n", ":2: hosts_allow: \"localhost\" " NO_NETWORK},
    {P "hosts_allow = 10.0.0.1/8\n", ":2: hosts_allow: \"10.0.0.1/8\" " NO_NETWORK},
    {P "hosts_allow = 10.0.0.0/33\n", ":2: hosts_allow: \"10.0.0.0/33\" " NO_NETWORK},
    {P "hosts_allow = 1.1.1.1 fe80::/129 x\n", ":2: hosts_allow: \"fe80::/129\" " NO_NETWORK},
    {P "hosts_deny = 192.168.0\n", ":2: hosts_deny: \"192.168.0\" " NO_NETWORK},
    {P "hosts_deny = *\n", ":2: hosts_deny: \"*\" " NO_NETWORK},
    {P "hosts_deny = 10.0.0.0/8;x\n", ":2: hosts_deny: \"10.0.0.0/8;x\" " NO_NETWORK},
    {P "hosts_allow = 10.0.0.0/8 # lan\n", ":2: hosts_allow: a comment behind a value starts with ';'"},
    {P "hosts_allow = all\n  1.1.1.1\n", ":3: not a setting: write key = value"},
    {P "password = $\n", ":2: password: this begins with $ and is no hash that crypt(3) knows"},
    {P "password = $secret\n", ":2: password: this begins with $ and is no hash that crypt(3) knows"},
    {P "password = $9$abc$def\n", ":2: password: this begins with $ and is no hash that crypt(3) knows"},
};
// clang-format on

static void every_bad_file_is_refused_with_its_line(void **state)
{
    size_t name_len = strlen(file_name);

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        write_file(file_name, bad[i].text);
        if (acl_load(file_name, &problem))
            fail_msg("accepted: %s", bad[i].text);
        if (strncmp(problem.text, file_name, name_len) != 0 ||
            strcmp(problem.text + name_len, bad[i].problem) != 0)
            fail_msg("%s: said \"%s\"", bad[i].text, problem.text);
    }
}

static void a_user_needs_a_password(void **state)
{
    static const char *const texts[] = {
        P "username = me\n",
        P "username = me\n[admin]\npassword = x\n",
        P "hosts_allow = all\nusername = me\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        write_file(file_name, texts[i]);
        assert_null(acl_load(file_name, &problem));
        assert_non_null(strstr(problem.text, "[rest:producer] has a username and no password"));
    }
}

static void a_problem_does_not_show_a_password(void **state)
{
    (void)state;
    write_file(file_name, P "password = $secret\n");
    assert_null(acl_load(file_name, &problem));
    assert_null(strstr(problem.text, "secret"));
    write_file(file_name, P "password = secret\npassword = hidden\n");
    assert_null(acl_load(file_name, &problem));
    assert_null(strstr(problem.text, "secret"));
    assert_null(strstr(problem.text, "hidden"));
}

static void a_file_that_cannot_be_read(void **state)
{
    (void)state;
    assert_null(acl_load("/nonexistent/acl.conf", &problem));
    assert_string_equal(problem.text, "acl = /nonexistent/acl.conf: No such file or directory");
    assert_null(acl_load(folder, &problem));
    assert_non_null(strstr(problem.text, "Is a directory"));
}

static void a_nul_byte_hides_nothing(void **state)
{
    static const char text[] = P "hosts_deny = 1.1.1.1\0 all\nhosts_allow = 2.2.2.2\n";
    struct acl *acl;

    (void)state;
    write_bytes(file_name, text, sizeof(text) - 1);
    acl = acl_load(file_name, &problem);
    assert_null(acl);
    assert_non_null(strstr(problem.text, ":2: "));
}

/* --- what is printed ------------------------------------------------------------------------ */

static void expect_print(struct acl *acl, const char *expected)
{
    char printed[1024] = "";
    FILE *out = fmemopen(printed, sizeof(printed), "w");

    acl_print(acl, out);
    fclose(out);
    assert_string_equal(printed, expected);
    acl_free(acl);
}

static void what_is_in_force_is_printed(void **state)
{
    (void)state;
    expect_print(acl_load("", &problem),
                 "rest:producer = loopback only\nrest:manager = as rest:producer\n"
                 "rest:consumer = loopback only\ncomet:consumer = loopback only\n"
                 "websocket:consumer = loopback only\nadmin = loopback only\n"
                 "stats = loopback only\n");
    expect_print(
        load(P "[rest:consumer]\nhosts_allow = 10.0.0.0/8, ::1\nhosts_deny = all\n"
               "[comet:consumer]\nhosts_deny = 10. 11.\nusername = me\n"
               "password = secret\n[admin]\npassword = x\n[stats]\n"
               "[rest:manager]\nhosts_deny = all\n"),
        "rest:producer = all\nrest:manager = nobody\nrest:consumer = only 10.0.0.0/8, ::1\n"
        "comet:consumer = all but 10. 11., with a password\n"
        "websocket:consumer = loopback only\nadmin = all, with a password\n"
        "stats = all\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_admitted),
        cmocka_unit_test(without_a_file_all_is_for_loopback_only),
        cmocka_unit_test(a_missing_section_is_for_loopback_only),
        cmocka_unit_test(what_is_for_loopback_only),
        cmocka_unit_test(each_section_is_a_right),
        cmocka_unit_test(who_manages),
        cmocka_unit_test(one_of_several_rights_is_enough),
        cmocka_unit_test(a_plain_password),
        cmocka_unit_test(a_password_without_a_user_is_anybodys),
        cmocka_unit_test(a_hashed_password),
        cmocka_unit_test(the_hash_that_was_right_is_its_sections_own),
        cmocka_unit_test(only_some_passwords_are_hashed),
        cmocka_unit_test(hashing_has_a_part_of_each_second),
        cmocka_unit_test(nobody_knows_who_falls_together),
        cmocka_unit_test(who_has_one_password_guesses_at_no_other),
        cmocka_unit_test(one_slow_hash_a_turn),
        cmocka_unit_test(plain_passwords_are_guessed_no_faster),
        cmocka_unit_test(what_stays_the_same_is_remembered),
        cmocka_unit_test(the_address_counts_before_the_password),
        cmocka_unit_test(every_bad_file_is_refused_with_its_line),
        cmocka_unit_test(a_user_needs_a_password),
        cmocka_unit_test(a_problem_does_not_show_a_password),
        cmocka_unit_test(a_file_that_cannot_be_read),
        cmocka_unit_test(a_nul_byte_hides_nothing),
        cmocka_unit_test(what_is_in_force_is_printed),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
