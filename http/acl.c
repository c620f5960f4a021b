/* acl.c - RestMQ's acl.conf.
 *
 * A section without rules is open to all, as in RestMQ; one that is missing is for loopback only.
 * hosts_allow admits; what it does not name is refused by hosts_deny, or by hosts_allow alone.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "http/acl.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "http/guesses.h"

enum {
    DIGEST = 32,     /* bytes of a SHA-256 */
    WRONG_ONES = 16, /* remembered a section */
};

struct networks {
    int count;
    struct network *list;
};

/* The password that was right last, and those that were wrong last, so that not each request must
 * hash one: who has the password of one section is asked about all. */
struct acl_known {
    bool has_right;
    unsigned char right[DIGEST];
    unsigned char wrong[WRONG_ONES][DIGEST];
    unsigned wrong_count;
};

struct section {
    bool is_there;
    char *values[4]; /* as they stand in the file, by enum acl_key; NULL: not there */
    struct networks allow, deny;
    struct acl_known known;
};

enum { PRODUCER, MANAGER, CONSUMER, COMET, WEBSOCKET, ADMIN, STATS, SECTIONS };

static const struct {
    const char *name;
    unsigned rights;
} kinds[SECTIONS] = {
    [PRODUCER] = {"rest:producer",      RIGHT_PRODUCER  },
    [MANAGER] = {"rest:manager",       RIGHTS_TO_MANAGE},
    [CONSUMER] = {"rest:consumer",      RIGHT_CONSUMER  },
    [COMET] = {"comet:consumer",     RIGHT_COMET     },
    [WEBSOCKET] = {"websocket:consumer", RIGHT_WEBSOCKET },
    [ADMIN] = {"admin",              RIGHT_ADMIN     },
    [STATS] = {"stats",              RIGHT_STATS     },
};

struct acl {
    struct guesses guesses;
    struct section sections[SECTIONS];
};

enum acl_key { HOSTS_ALLOW, HOSTS_DENY, USERNAME, PASSWORD, KEYS };

static const char *const key_names[KEYS] = {"hosts_allow", "hosts_deny", "username", "password"};

/* --- reading ---------------------------------------------------------------------------------- */

/* NULL: there is none of that name. */
static struct section *find_section(struct acl *acl, const char *name)
{
    for (int i = 0; i < SECTIONS; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &acl->sections[i];
    return NULL;
}

static void on_section(struct ini *ini, const char *name)
{
    struct section *section = find_section(ini->user, name);

    if (!section)
        ini_complain(ini, "unknown section [%s]", name);
    else if (section->is_there)
        ini_complain(ini, "[%s] stands here twice", name);
    else
        section->is_there = true;
}

/* Words with spaces or commas between. */
static void read_networks(struct ini *ini, const char *name, const char *value,
                          struct networks *networks)
{
    char *copy = xstrdup(value), *rest = copy, *word;

    while ((word = strsep(&rest, " ,\t"))) {
        struct network network;

        if (!*word)
            continue;
        if (!network_read(word, &network)) {
            ini_complain(ini,
                         "%s: \"%s\" is no address, no network like 10.0.0.0/8 or fe80::/10, "
                         "no prefix like 192.168.0. and not all",
                         name, word);
            break;
        }
        networks->list =
            xrealloc(networks->list, (size_t)(networks->count + 1) * sizeof(*networks->list));
        networks->list[networks->count++] = network;
    }
    if (!networks->count)
        ini_complain(ini, "%s names nobody", name);
    free(copy);
}

/* A hash of a kind that this system's crypt(3) does not know would never match. */
static void check_hash(struct ini *ini, const char *password)
{
    if (password[0] == '$' && crypt_checksalt(password) == CRYPT_SALT_INVALID)
        ini_complain(ini, "password: this begins with $ and is no hash that crypt(3) knows");
}

static void on_entry(struct ini *ini, const char *name_of_section, const char *name,
                     const char *value)
{
    struct section *section = find_section(ini->user, name_of_section);
    int key = 0;

    while (key < KEYS && strcmp(key_names[key], name) != 0)
        key++;
    if (key == KEYS) {
        ini_complain(ini, "unknown key %s", name);
        return;
    }
    if (!section || !section->is_there) /* nor is one behind white space that ini.c does not know */
        ini_complain(ini, "%s stands outside of a section", name);
    else if (section->values[key])
        ini_complain(ini, "%s stands here twice", name);
    else if (!*value)
        ini_complain(ini, "%s has no value", name);
    if (ini->failed)
        return;
    section->values[key] = xstrdup(value);
    if (key == HOSTS_ALLOW)
        read_networks(ini, name, value, &section->allow);
    else if (key == HOSTS_DENY)
        read_networks(ini, name, value, &section->deny);
    else if (key == PASSWORD)
        check_hash(ini, value);
}

/* A user name alone protects nothing, and whoever wrote it thinks that it does. */
static void check_users(struct ini *ini, const struct acl *acl)
{
    for (int i = 0; i < SECTIONS; i++) {
        const struct section *section = &acl->sections[i];

        if (section->values[USERNAME] && !section->values[PASSWORD])
            ini_complain(ini, "[%s] has a username and no password", kinds[i].name);
    }
}

struct acl *acl_load(const char *file, struct file_problem *problem)
{
    struct acl *acl = xmalloc(sizeof(*acl));
    struct ini ini = {.setting = "acl",
                      .problem = problem,
                      .user = acl,
                      .section = on_section,
                      .entry = on_entry};

    memset(acl, 0, sizeof(*acl));
    guesses_begin(&acl->guesses);
    if (!*file)
        return acl;
    if (ini_read(&ini, file))
        check_users(&ini, acl);
    if (!ini.failed)
        return acl;
    acl_free(acl);
    return NULL;
}

void acl_free(struct acl *acl)
{
    if (!acl)
        return;
    for (int i = 0; i < SECTIONS; i++) {
        struct section *section = &acl->sections[i];

        for (int key = 0; key < KEYS; key++)
            free(section->values[key]);
        free(section->allow.list);
        free(section->deny.list);
    }
    free(acl);
}

static bool is_hash(const char *password)
{
    return password && password[0] == '$';
}

bool acl_has_password(const struct acl *acl)
{
    for (int i = 0; i < SECTIONS; i++)
        if (acl->sections[i].values[PASSWORD])
            return true;
    return false;
}

struct guesses *acl_guesses(struct acl *acl)
{
    return &acl->guesses;
}

void acl_remember(struct acl *acl, const struct acl *before)
{
    acl->guesses = before->guesses;
    for (int i = 0; i < SECTIONS; i++) {
        const char *was = before->sections[i].values[PASSWORD];
        const char *is = acl->sections[i].values[PASSWORD];

        if (was && is && strcmp(was, is) == 0)
            acl->sections[i].known = before->sections[i].known;
    }
}

/* --- checking --------------------------------------------------------------------------------- */

/* The rights that a section of the file decides about.  rest:manager is the one that need not be
 * there: what it would decide is rest:producer's then, as in RestMQ. */
static unsigned governed_by(const struct acl *acl, int i)
{
    bool has_manager = acl->sections[MANAGER].is_there;

    if (i == MANAGER && !has_manager)
        return RIGHT_NONE;
    return i == PRODUCER && !has_manager ? kinds[PRODUCER].rights | kinds[MANAGER].rights
                                         : kinds[i].rights;
}

static bool have(const struct networks *networks, const struct ip *ip)
{
    for (int i = 0; i < networks->count; i++)
        if (networks->list[i].bits == 0 || (ip && network_has(&networks->list[i], ip)))
            return true;
    return false;
}

static bool admits(const struct section *section, const struct ip *ip)
{
    if (!section->is_there)
        return ip && ip_is_loopback(ip);
    if (have(&section->allow, ip))
        return true;
    /* Whose address is not known may be among the refused. */
    return !section->allow.count && (ip ? !have(&section->deny, ip) : !section->deny.count);
}

static bool is_for_loopback(const struct section *section)
{
    for (int i = 0; i < section->allow.count; i++)
        if (!network_is_loopback(&section->allow.list[i]))
            return false;
    return !section->is_there || section->allow.count > 0;
}

unsigned acl_loopback_rights(const struct acl *acl, unsigned rights)
{
    unsigned found = RIGHT_NONE;

    for (int i = 0; i < SECTIONS; i++) {
        unsigned governed = governed_by(acl, i) & rights;

        if (governed && is_for_loopback(&acl->sections[i]))
            found |= governed;
    }
    return found;
}

static void digest_of(const char *text, unsigned char digest[DIGEST])
{
    if (!EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL))
        abort(); /* out of memory */
}

/* Takes the same time for every text that is wrong. */
static bool is_same(const char *left, const char *right)
{
    unsigned char digests[2][DIGEST];

    digest_of(left, digests[0]);
    digest_of(right, digests[1]);
    return CRYPTO_memcmp(digests[0], digests[1], DIGEST) == 0;
}

static bool is_known_as_right(const struct acl_known *known, const unsigned char digest[DIGEST])
{
    return known->has_right && CRYPTO_memcmp(digest, known->right, DIGEST) == 0;
}

static bool is_known_as_wrong(const struct acl_known *known, const unsigned char digest[DIGEST])
{
    for (unsigned i = 0; i < known->wrong_count && i < WRONG_ONES; i++)
        if (CRYPTO_memcmp(digest, known->wrong[i], DIGEST) == 0)
            return true;
    return false;
}

static void remember(struct acl_known *known, bool is_right, const unsigned char digest[DIGEST])
{
    memcpy(is_right ? known->right : known->wrong[known->wrong_count++ % WRONG_ONES], digest,
           DIGEST);
    known->has_right |= is_right;
}

static bool matches(const char *password, const char *hash)
{
    struct crypt_data *data = xmalloc(sizeof(*data));
    const char *made;
    bool is_right;

    memset(data, 0, sizeof(*data));
    made = crypt_r(password, hash, data);
    is_right = made && is_same(made, hash);
    free(data);
    return is_right;
}

/* Whoever has the password of one section guesses at no other: each is asked about all. */
static bool is_right_elsewhere(struct acl *acl, const struct acl_client *client, long long now_s)
{
    for (int i = 0; i < SECTIONS; i++) {
        const char *password = acl->sections[i].values[PASSWORD];
        struct guess guess;

        if (!password)
            continue;
        guess_begin(&guess, &acl->guesses, client->ip, password, client->password);
        if (guesses_was_right(&acl->guesses, &guess, now_s))
            return true;
    }
    return false;
}

static bool try_hash(struct acl *acl, const struct acl_client *client, const char *hash,
                     long long now_s)
{
    long long start_us = clock_cpu_us();
    bool is_right = matches(client->password, hash);

    guesses_charge(&acl->guesses, now_s, clock_cpu_us() - start_us);
    return is_right;
}

/* Is the password right?  Else than OK: it cannot be told now, or in this turn. */
static enum status try_password(struct acl *acl, struct section *section,
                                const struct acl_client *client, bool is_guess,
                                const unsigned char digest[DIGEST], bool *is_right)
{
    const char *password = section->values[PASSWORD];
    long long now_s = clock_ms() / 1000;

    if (is_guess && !guesses_may(&acl->guesses, client->ip, now_s))
        return STATUS_UNAVAILABLE;
    if (is_known_as_right(&section->known, digest))
        *is_right = true;
    else if (!is_hash(password))
        *is_right = is_same(client->password, password);
    else if (is_guess && !guesses_may_hash(&acl->guesses, client->ip, now_s))
        return STATUS_UNAVAILABLE;
    else if (!guesses_have_turn(&acl->guesses))
        return STATUS_LATER;
    else
        *is_right = try_hash(acl, client, password, now_s);
    return STATUS_OK;
}

/* OK, UNAUTHORIZED, UNAVAILABLE: it cannot be told now, or LATER: not in this turn.  Who has to
 * wait is told nothing, be the password right: else waiting would keep nobody from guessing. */
static enum status check_secret(struct acl *acl, struct section *section,
                                const struct acl_client *client)
{
    long long now_s = clock_ms() / 1000;
    unsigned char digest[DIGEST];
    bool is_guess, is_right;
    struct guess guess;
    enum status status;

    guess_begin(&guess, &acl->guesses, client->ip, section->values[PASSWORD], client->password);
    if (guesses_was_right(&acl->guesses, &guess, now_s))
        return STATUS_OK;
    digest_of(client->password, digest);
    if (is_known_as_wrong(&section->known, digest))
        return STATUS_UNAUTHORIZED;
    is_guess = !is_right_elsewhere(acl, client, now_s);
    status = try_password(acl, section, client, is_guess, digest, &is_right);
    if (status != STATUS_OK)
        return status;
    remember(&section->known, is_right, digest);
    if (is_guess)
        guesses_note(&acl->guesses, &guess, now_s, is_right);
    else if (is_right)
        guesses_remember(&acl->guesses, &guess, now_s);
    return is_right ? STATUS_OK : STATUS_UNAUTHORIZED;
}

static enum status check_password(struct acl *acl, struct section *section,
                                  const struct acl_client *client)
{
    const char *user = section->values[USERNAME];

    /* User names are no secret: for a wrong one no password is looked at. */
    if (!client->user || (user && !is_same(client->user, user)))
        return STATUS_UNAUTHORIZED;
    return check_secret(acl, section, client);
}

static enum status check_section(struct acl *acl, struct section *section,
                                 const struct acl_client *client)
{
    if (!admits(section, client->ip))
        return STATUS_FORBIDDEN;
    return section->values[PASSWORD] ? check_password(acl, section, client) : STATUS_OK;
}

/* "stats", "rest:consumer or stats": the sections of a set of them, a bit each. */
static const char *names_of(unsigned sections, char names[128])
{
    size_t len = 0;

    for (int i = 0; i < SECTIONS; i++)
        if (sections & 1u << i)
            len +=
                (size_t)snprintf(names + len, 128 - len, "%s%s", len ? " or " : "", kinds[i].name);
    return names;
}

/* No section said yes: what those say that are nearest to it. */
static enum status refuse_client(struct acl *acl, const struct acl_client *client,
                                 unsigned forbidden, unsigned unauthorized, bool is_unavailable,
                                 struct reason *reason)
{
    long long now_s = clock_ms() / 1000;
    char names[128];

    if (is_unavailable)
        return guesses_refuse(&acl->guesses, client->ip, "password", now_s, reason);
    if (unauthorized)
        return refuse(reason, STATUS_UNAUTHORIZED,
                      client->user ? "wrong user or password for %s" : "%s needs user and password",
                      names_of(unauthorized, names));
    return refuse(reason, STATUS_FORBIDDEN, "%s is not allowed from this address",
                  names_of(forbidden, names));
}

enum status acl_check(struct acl *acl, unsigned rights, const struct acl_client *client,
                      struct reason *reason)
{
    unsigned forbidden = 0, unauthorized = 0;
    bool is_unavailable = false, is_later = false;
    enum status status;

    if (rights == RIGHT_NONE)
        return STATUS_OK;
    for (int i = 0; i < SECTIONS; i++) {
        if (!(governed_by(acl, i) & rights))
            continue;
        status = check_section(acl, &acl->sections[i], client);
        if (status == STATUS_OK)
            return STATUS_OK;
        forbidden |= status == STATUS_FORBIDDEN ? 1u << i : 0;
        unauthorized |= status == STATUS_UNAUTHORIZED ? 1u << i : 0;
        is_unavailable |= status == STATUS_UNAVAILABLE;
        is_later |= status == STATUS_LATER;
    }
    status =
        refuse_client(acl, client, forbidden, unauthorized, is_unavailable || is_later, reason);
    return is_later ? STATUS_LATER : status;
}

/* --- telling ---------------------------------------------------------------------------------- */

void acl_print(const struct acl *acl, FILE *out)
{
    for (int i = 0; i < SECTIONS; i++) {
        const struct section *section = &acl->sections[i];
        const char *allow = section->values[HOSTS_ALLOW], *deny = section->values[HOSTS_DENY];

        fprintf(out, "%s = ", kinds[i].name);
        if (!section->is_there)
            fprintf(out, i == MANAGER ? "as rest:producer" : "loopback only");
        else if (allow && strcmp(allow, "all") != 0)
            fprintf(out, "only %s", allow);
        else if (!allow && deny && strcmp(deny, "all") == 0)
            fprintf(out, "nobody");
        else if (!allow && deny)
            fprintf(out, "all but %s", deny);
        else
            fprintf(out, "all");
        fprintf(out, "%s\n", section->values[PASSWORD] ? ", with a password" : "");
    }
}
