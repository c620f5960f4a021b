/* access.c - may this request be handled?
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "http/access.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/memory.h"
#include "http/guesses.h"
#include "http/origin.h"

/* Names under which only this machine can be reached: a name that somebody else owns, and lets
 * point here, is not among them. */
static const char loopback_hosts[] = "localhost 127.0.0.1 [::1]";

bool access_open(struct access *access, const struct settings *settings,
                 struct file_problem *problem)
{
    *access = (struct access){.settings = settings, .file = xstrdup(settings->acl)};
    watched_begin(&access->watched, access->file);
    access->acl = acl_load(access->file, problem);
    return access->acl != NULL;
}

void access_close(struct access *access)
{
    watched_end(&access->watched);
    acl_free(access->acl);
    free(access->file);
    *access = (struct access){0};
}

/* The rules in force stay until there are others. */
static bool read_again(struct access *access)
{
    struct file_problem problem;
    struct acl *acl;

    watched_read(&access->watched);
    acl = acl_load(access->file, &problem);
    if (watched_was_read(&access->watched, acl ? NULL : &problem))
        log_error("%s; the rules before stay", problem.text);
    if (!acl)
        return false;
    acl_remember(acl, access->acl);
    acl_free(access->acl);
    access->acl = acl;
    access_log(access);
    return true;
}

bool access_has_new_bounds(const struct settings *now, const struct settings *before)
{
    return (now->authkeys && !before->authkeys) || strcmp(now->hosts, before->hosts) != 0 ||
           strcmp(now->origins, before->origins) != 0 ||
           strcmp(now->trusted_proxies, before->trusted_proxies) != 0;
}

bool access_refresh(struct access *access, const struct settings *settings, bool force)
{
    bool is_other = strcmp(access->file, settings->acl) != 0;
    bool was_unread = access->watched.is_unread;
    struct stat before = access->watched.seen;

    journal_catch_up(&access->journal);
    access->settings = settings;
    if (is_other) {
        free(access->file);
        access->file = xstrdup(settings->acl);
    }
    if (!watched_has_changed(&access->watched, access->file, force || is_other) ||
        (!*access->file && !is_other) || !read_again(access))
        return false;
    return is_other || was_unread || !watched_is_same(&access->watched.seen, &before);
}

const char access_open_secret[] = "everybody on this machine may read it";

enum { SHOWN_RULE = 120 }; /* bytes of one right's rule in the log, so that all are a line */

void access_log(const struct access *access)
{
    char *text = NULL, *rest, *rule;
    const char *open_file = settings_open_secret(access->settings);
    struct buffer line = {0};
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        abort(); /* out of memory */
    acl_print(access->acl, out);
    fclose(out);
    rest = text;
    while ((rule = strsep(&rest, "\n")))
        if (*rule)
            buffer_addf(&line, "%s%.*s%s", line.len ? "; " : "", SHOWN_RULE, rule,
                        strlen(rule) > SHOWN_RULE ? "..." : "");
    free(text);
    log_info("access: %s", line.data);
    buffer_clear(&line);
    if (open_file)
        log_error("%s: %s", open_file, access_open_secret);
}

void access_print(const struct access *access, FILE *out)
{
    acl_print(access->acl, out);
}

/* --- the address ------------------------------------------------------------------------------ */

bool access_trusts(const struct access *access, const struct ip *ip)
{
    char *list = xstrdup(access->settings->trusted_proxies), *rest = list, *word;
    bool is_trusted = false;

    while (!is_trusted && (word = strsep(&rest, " "))) {
        struct network network;

        if (strcmp(word, "unix") == 0)
            is_trusted = !ip;
        else if (strcmp(word, "loopback") == 0)
            is_trusted = ip && ip_is_loopback(ip);
        else
            is_trusted = ip && network_read(word, &network) && network_has(&network, ip);
    }
    free(list);
    return is_trusted;
}

/* The address before *end in a list with commas; moves *end in front of it. */
static bool previous_address(const char *list, const char **end, struct ip *ip)
{
    const char *last = *end, *first;

    while (last > list && (last[-1] == ' ' || last[-1] == '\t'))
        last--;
    first = last;
    while (first > list && first[-1] != ',')
        first--;
    *end = first > list ? first - 1 : list;
    first += strspn(first, " \t");
    return first < last && ip_read_with_port(first, (size_t)(last - first), ip);
}

/* The address of the peer; a unix socket has none. */
static void read_peer(struct visitor *visitor, const char *peer)
{
    visitor->has_ip = peer && ip_read(peer, strlen(peer), &visitor->ip);
    visitor->unread = peer && !visitor->has_ip ? "REMOTE_ADDR" : NULL;
}

/* Does the word of the one that was read last count? */
static bool may_tell(const struct visitor *visitor, const struct access *access)
{
    return !visitor->unread && access_trusts(access, visitor->has_ip ? &visitor->ip : NULL);
}

/* From the right, the first that is no trusted proxy: what stands left of it anybody may have
 * written.  An address that cannot be read is nobody's. */
static void read_chain(struct visitor *visitor, const char *list, const struct access *access)
{
    const char *end = list ? list + strlen(list) : NULL;

    while (list && end > list && may_tell(visitor, access)) {
        visitor->has_ip = previous_address(list, &end, &visitor->ip);
        if (!visitor->has_ip)
            visitor->unread = "X-Forwarded-For";
    }
}

/* A trusted peer's word about the client's connection counts more than what the web server knows of
 * its own.  The last of a list is the peer's. */
static bool speaks_tls(const struct visitor *visitor, const struct request_head *head,
                       const struct access *access)
{
    const char *told = may_tell(visitor, access) ? head->forwarded_proto : NULL;

    if (told && strrchr(told, ','))
        told = strrchr(told, ',') + 1;
    if (told)
        told += strspn(told, " \t");
    if (told && (strcasecmp(told, "http") == 0 || strcasecmp(told, "https") == 0))
        return strcasecmp(told, "https") == 0;
    return (head->scheme && strcasecmp(head->scheme, "https") == 0) ||
           (head->https && strcasecmp(head->https, "on") == 0);
}

/* An option's text; one with a NUL inside is as if it were empty. */
static const char *field_text(const struct form *form, const char *name)
{
    const struct field *field = form_find(form, name);

    if (!field)
        return NULL;
    return memchr(field->value, '\0', field->value_len) ? "" : field->value;
}

void visitor_read(struct visitor *visitor, const struct request_head *head, const struct form *form,
                  const struct access *access)
{
    read_peer(visitor, head->peer);
    visitor->is_secure = speaks_tls(visitor, head, access);
    read_chain(visitor, head->forwarded_for, access);
    visitor->is_prefetch = head->is_prefetch;
    credentials_read(&visitor->credentials, head->authorization);
    visitor->cookies = visitor->credentials.has_password ? NULL : head->cookie;
    visitor->host = head->host;
    visitor->origin = head->origin;
    visitor->site = head->fetch_site;
    visitor->key = *visitor->credentials.key ? visitor->credentials.key
                   : head->authkey           ? head->authkey
                                             : field_text(form, "authkey");
}

/* --- the decision ----------------------------------------------------------------------------- */

/* Those of the rights that may be asked for under that Host.  A name of somebody else's that points
 * to this machine lets his pages pass for ours. */
static unsigned rights_under(const struct access *access, unsigned rights, const char *host)
{
    const char *hosts = access->settings->hosts;
    unsigned here;

    if (!host)
        host = ""; /* is in no list, like a foreign name: its client may not be one that we know */
    if (*hosts)
        return host_is_listed(host, hosts) ? rights : RIGHT_NONE;
    here = acl_loopback_rights(access->acl, rights);
    return !here || host_is_listed(host, loopback_hosts) ? rights : rights & ~here;
}

/* Takes those rights away for which there must be another Host. */
static enum status check_host(const struct access *access, unsigned *rights,
                              const struct visitor *visitor, struct reason *reason)
{
    unsigned wanted = *rights == RIGHT_NONE ? (unsigned)RIGHTS_ALL : *rights;
    unsigned left = rights_under(access, wanted, visitor->host);

    *rights &= left;
    if (left)
        return STATUS_OK;
    if (!visitor->host || !*visitor->host)
        return refuse(reason, STATUS_FORBIDDEN,
                      "requests without a Host are refused; send localhost, or one of hosts in "
                      "restmq.conf");
    return refuse(reason, STATUS_FORBIDDEN,
                  "requests for the host %.100s are refused; add it to hosts in restmq.conf",
                  visitor->host);
}

/* What a browser says of a page.  The same site is not ours alone: other ports of this host, and
 * names beside its own, are of it; but where there is an Origin, that tells. */
static bool is_other_page(const char *site, bool has_origin)
{
    if (!site || !*site || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0)
        return false;
    return !has_origin || strcmp(site, "same-site") != 0;
}

static enum status refuse_origin(const struct visitor *visitor, struct reason *reason)
{
    const char *origin = visitor->origin;

    if (!visitor->is_secure && visitor->host && origin_is_of_host(origin, visitor->host, true))
        return refuse(
            reason, STATUS_FORBIDDEN,
            "the page came over TLS, but no web server said so of this request: add %.100s to "
            "origins in restmq.conf, or the proxy to trusted_proxies",
            origin);
    return refuse(reason, STATUS_FORBIDDEN,
                  "not from a page of %.100s: it is not in origins (restmq.conf)", origin);
}

static enum status check_origin(const struct access *access, const struct visitor *visitor,
                                struct reason *reason)
{
    const char *origin = visitor->origin;
    bool has_origin = origin && *origin;

    if (has_origin && origin_is_listed(origin, access->settings->origins))
        return STATUS_OK;
    if (has_origin &&
        !(visitor->host && origin_is_of_host(origin, visitor->host, visitor->is_secure)))
        return refuse_origin(visitor, reason);
    if (!is_other_page(visitor->site, has_origin))
        return STATUS_OK;
    return refuse(reason, STATUS_FORBIDDEN, "not from a page of another origin");
}

/* Neither another's page nor a guess of the browser may change something. */
static enum status check_cause(const struct access *access, const struct visitor *visitor,
                               struct reason *reason)
{
    if (visitor->is_prefetch)
        return refuse(reason, STATUS_FORBIDDEN,
                      "not for a prefetch: a message would be taken that nobody sees");
    return check_origin(access, visitor, reason);
}

static enum status check_password(struct access *access, unsigned rights,
                                  const struct visitor *visitor,
                                  const struct credentials *credentials, struct reason *reason)
{
    struct acl_client client = {
        .ip = visitor->has_ip ? &visitor->ip : NULL,
        .user = credentials->has_password ? credentials->user : NULL,
        .password = credentials->has_password ? credentials->password : NULL,
    };

    return acl_check(access->acl, rights, &client, reason);
}

/* Any cookie may have the right password; a password that cannot be checked now hides no other. */
static enum status check_passwords(struct access *access, unsigned rights,
                                   const struct visitor *visitor, struct reason *reason)
{
    const char *cookies = visitor->cookies;
    struct credentials credentials;
    enum status best = check_password(access, rights, visitor, &visitor->credentials, reason);

    while (best != STATUS_OK && best != STATUS_FORBIDDEN &&
           credentials_next_cookie(&credentials, &cookies)) {
        struct reason other = {0};
        enum status status = check_password(access, rights, visitor, &credentials, &other);

        if (status == STATUS_OK || status == STATUS_LATER ||
            (best != STATUS_UNAVAILABLE && best != STATUS_LATER)) {
            best = status;
            *reason = other;
        }
    }
    return best;
}

static enum status check_acl(struct access *access, unsigned rights, const struct visitor *visitor,
                             struct reason *reason)
{
    enum status status = check_passwords(access, rights, visitor, reason);

    if (status != STATUS_FORBIDDEN || !visitor->unread)
        return status;
    return refuse(reason, status,
                  "the address of the client is unknown: %s holds none that can be read",
                  visitor->unread);
}

enum status access_rights(struct access *access, const struct visitor *visitor, unsigned *rights,
                          struct reason *reason)
{
    unsigned wanted = rights_under(access, RIGHTS_ALL, visitor->host), found = RIGHT_NONE;

    for (unsigned right = 1; right & RIGHTS_ALL; right <<= 1) {
        enum status status = STATUS_FORBIDDEN;

        if (right & wanted)
            status = check_acl(access, right, visitor, reason);
        if (status == STATUS_UNAVAILABLE || status == STATUS_LATER)
            return status;
        if (status == STATUS_OK)
            found |= right;
    }
    *rights = found;
    return STATUS_OK;
}

enum status access_check(struct access *access, unsigned rights, const struct visitor *visitor,
                         bool changes, struct reason *reason)
{
    enum status status = STATUS_OK;

    if (rights == RIGHT_NONE && !changes)
        return STATUS_OK; /* a probe asks for it under any name */
    status = check_host(access, &rights, visitor, reason);
    if (status == STATUS_OK && changes)
        status = check_cause(access, visitor, reason);
    if (status == STATUS_OK)
        status = check_acl(access, rights, visitor, reason);
    return status;
}

void access_begin_turn(struct access *access)
{
    guesses_begin_turn(acl_guesses(access->acl));
}

bool access_has_secrets(const struct access *access)
{
    return access->settings->authkeys || acl_has_password(access->acl);
}

static void begin_guess(struct guess *guess, struct access *access, const struct visitor *visitor)
{
    guess_begin(guess, acl_guesses(access->acl), visitor->has_ip ? &visitor->ip : NULL, "a key",
                visitor->key);
}

enum status access_try_key(struct access *access, const struct visitor *visitor,
                           struct reason *reason)
{
    struct guesses *guesses = acl_guesses(access->acl);
    long long now_s = clock_ms() / 1000;
    struct guess guess;

    begin_guess(&guess, access, visitor);
    if (guesses_was_right(guesses, &guess, now_s) || guesses_may(guesses, guess.ip, now_s))
        return STATUS_OK;
    return guesses_refuse(guesses, guess.ip, "key", now_s, reason);
}

void access_tried_key(struct access *access, const struct visitor *visitor, bool is_known)
{
    struct guesses *guesses = acl_guesses(access->acl);
    long long now_s = clock_ms() / 1000;
    struct guess guess;

    begin_guess(&guess, access, visitor);
    if (!is_known || !guesses_was_right(guesses, &guess, now_s))
        guesses_note(guesses, &guess, now_s, is_known);
}

bool access_is_shared(const struct access *access, const struct visitor *visitor)
{
    return visitor->origin && origin_is_listed(visitor->origin, access->settings->origins);
}
