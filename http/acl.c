/* acl.c - RestMQ's acl.conf.
 *
 * A section without rules is open to all, as in RestMQ; one that is missing is for loopback only.
 * hosts_allow admits; what it does not name is refused by hosts_deny, or by hosts_allow alone.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "http/acl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "http/passwords.h"

struct networks {
    int count;
    struct network *list;
};

struct section {
    bool is_there;
    char *values[4]; /* as they stand in the file, by enum acl_key; NULL: not there */
    struct networks allow, deny;
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
    struct passwords passwords; /* of the sections, in the same order */
    struct section sections[SECTIONS];
};
static_assert((int)SECTIONS <= (int)PASSWORDS, "each section has room for a password");

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
    else if (key == PASSWORD && password_is_strange(value))
        ini_complain(ini, "password: this begins with $ and is no hash that crypt(3) knows");
}

/* A user name without a password protects nothing, although the file suggests it. */
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
    passwords_begin(&acl->passwords);
    if (!*file)
        return acl;
    if (ini_read(&ini, file))
        check_users(&ini, acl);
    for (int i = 0; i < SECTIONS; i++)
        acl->passwords.of[i].text = acl->sections[i].values[PASSWORD];
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

bool acl_has_password(const struct acl *acl)
{
    for (int i = 0; i < SECTIONS; i++)
        if (acl->sections[i].values[PASSWORD])
            return true;
    return false;
}

struct guesses *acl_guesses(struct acl *acl)
{
    return &acl->passwords.guesses;
}

void acl_remember(struct acl *acl, const struct acl *before)
{
    passwords_remember(&acl->passwords, &before->passwords);
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
    /* A client without a known address could be one of the refused. */
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

static enum status check_section(struct acl *acl, int i, const struct acl_client *client)
{
    const struct section *section = &acl->sections[i];
    const char *user = section->values[USERNAME];

    if (!admits(section, client->ip))
        return STATUS_FORBIDDEN;
    if (!section->values[PASSWORD])
        return STATUS_OK;
    /* User names are no secret: for a wrong one no password is looked at. */
    if (!client->user || (user && !password_is_same(client->user, user)))
        return STATUS_UNAUTHORIZED;
    return passwords_check(&acl->passwords, i, client->ip, client->password);
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

/* No section said yes: refuses with the reasons of the sections that come nearest to it. */
static enum status refuse_client(struct acl *acl, const struct acl_client *client,
                                 unsigned forbidden, unsigned unauthorized, bool is_unavailable,
                                 struct reason *reason)
{
    long long now_s = clock_ms() / 1000;
    char names[128];

    if (is_unavailable)
        return guesses_refuse(&acl->passwords.guesses, client->ip, "password", now_s, reason);
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
        status = check_section(acl, i, client);
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
