/* broker_access.c - where the broker is, and what it is shown.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "cli/broker_access.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/ini.h"
#include "base/memory.h"
#include "base/text.h"

static void replace(char **place, const char *text)
{
    free(*place);
    *place = text ? xstrdup(text) : NULL;
}

/* --- URLs ----------------------------------------------------------------------------------- */

/* A part of a URL, decoded; NULL: it has none. */
static char *part_of(CURLU *handle, CURLUPart part)
{
    char *text, *copy;

    if (curl_url_get(handle, part, &text, CURLU_URLDECODE) != CURLUE_OK)
        return NULL;
    copy = xstrdup(text);
    curl_free(text);
    return copy;
}

/* The handle's URL without what is secret and without a slash at its end. */
static char *bare_url(CURLU *handle)
{
    char *text = NULL, *copy;
    size_t len;

    curl_url_set(handle, CURLUPART_USER, NULL, 0);
    curl_url_set(handle, CURLUPART_PASSWORD, NULL, 0);
    curl_url_set(handle, CURLUPART_OPTIONS, NULL, 0);
    if (curl_url_get(handle, CURLUPART_URL, &text, 0) != CURLUE_OK)
        return NULL;
    copy = xstrdup(text);
    curl_free(text);
    for (len = strlen(copy); len && copy[len - 1] == '/'; len--)
        copy[len - 1] = '\0';
    return copy;
}

static const char *complaint_of(CURLU *handle, const char *text)
{
    char *scheme, *query = part_of(handle, CURLUPART_QUERY);
    bool is_http;

    if (query || strchr(text, '#')) {
        free(query);
        return "it must end before a ? or #";
    }
    scheme = part_of(handle, CURLUPART_SCHEME);
    is_http = scheme && (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
    free(scheme);
    return is_http ? NULL : "it must begin with http:// or https://";
}

bool access_cut_url(const char *text, char **url, char **user, char **password, const char **why)
{
    CURLU *handle = curl_url();
    CURLUcode code = curl_url_set(handle, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME);

    *url = *user = *password = NULL;
    *why = code == CURLUE_BAD_SCHEME || !strstr(text, "://") ? "it must begin with http:// or "
                                                               "https://"
           : code != CURLUE_OK                               ? "it is no URL"
                                                             : complaint_of(handle, text);
    if (!*why) {
        *user = part_of(handle, CURLUPART_USER);
        *password = part_of(handle, CURLUPART_PASSWORD);
        *url = bare_url(handle);
    }
    curl_url_cleanup(handle);
    return !*why;
}

/* Is it the same server, at the same port? */
static bool is_same_origin(const char *left, const char *right)
{
    static const CURLUPart parts[] = {CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT};
    CURLU *handles[] = {curl_url(), curl_url()};
    bool is_same = curl_url_set(handles[0], CURLUPART_URL, left, 0) == CURLUE_OK &&
                   curl_url_set(handles[1], CURLUPART_URL, right, 0) == CURLUE_OK;

    for (size_t i = 0; is_same && i < sizeof(parts) / sizeof(parts[0]); i++) {
        char *texts[] = {NULL, NULL};

        for (int side = 0; side < 2; side++)
            curl_url_get(handles[side], parts[i], &texts[side], CURLU_DEFAULT_PORT);
        is_same = texts[0] && texts[1] && strcasecmp(texts[0], texts[1]) == 0;
        curl_free(texts[0]);
        curl_free(texts[1]);
    }
    curl_url_cleanup(handles[0]);
    curl_url_cleanup(handles[1]);
    return is_same;
}

/* --- the file ------------------------------------------------------------------------------- */

static void on_entry(struct ini *ini, const char *section, const char *name, const char *value)
{
    struct access_to *file = ini->user;
    const struct {
        const char *name;
        char **place;
    } rows[] = {
        {"url",      &file->url     },
        {"user",     &file->user    },
        {"password", &file->password},
        {"authkey",  &file->authkey },
        {"ca",       &file->ca      },
    };

    (void)section;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(name, rows[i].name) == 0) {
            if (*rows[i].place)
                ini_complain(ini, "%s is there twice", name);
            replace(rows[i].place, value);
            return;
        }
    ini_complain(ini, "no such setting: %.40s (url, user, password, authkey, ca)", name);
}

/* The name of the file that is read without --config; the caller frees it.  NULL: there is no
 * home. */
static char *default_file(void)
{
    const char *folder = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    struct buffer name = {0};

    if (folder && *folder == '/')
        buffer_addf(&name, "%s/" ACCESS_FILE, folder);
    else if (home && *home)
        buffer_addf(&name, "%s/.config/" ACCESS_FILE, home);
    return name.data;
}

static bool read_file(struct access_to *file, const char *name, bool is_optional,
                      enum outcome *outcome)
{
    struct file_problem problem;
    struct ini ini = {.problem = &problem, .user = file, .entry = on_entry};
    struct stat facts;

    if (stat(name, &facts) != 0) {
        if (is_optional)
            return true;
    } else if (S_ISREG(facts.st_mode) && facts.st_mode & (S_IRWXG | S_IRWXO)) {
        *outcome = order_fail("%s: others may read this file: chmod 600 it", name);
        return false;
    }
    if (ini_read(&ini, name))
        return true;
    *outcome = order_fail("%s", problem.text);
    return false;
}

/* --- all together --------------------------------------------------------------------------- */

/* Where the URL comes from, and what that place is called. */
static const char *find_url(const struct order *order, const struct access_to *file,
                            const char **place)
{
    const char *environment = getenv(ACCESS_URL);

    *place = "--url";
    if (order->options[ORDER_URL])
        return order->options[ORDER_URL];
    *place = ACCESS_URL;
    if (environment && *environment)
        return environment;
    *place = "url";
    return file->url;
}

static bool read_url(struct access_to *access, const struct order *order,
                     const struct access_to *file, enum outcome *outcome)
{
    const char *place, *why, *text = find_url(order, file, &place);

    if (!text) {
        *outcome = order_fail("where is the broker? set " ACCESS_URL
                              ", or write url = http://host/ into ~/.config/" ACCESS_FILE);
        return false;
    }
    if (!access_cut_url(text, &access->url, &access->user, &access->password, &why)) {
        *outcome = order_fail("%s: %s", place, why);
        return false;
    }
    if (text == order->options[ORDER_URL] && access->password) {
        *outcome = order_refuse(order, "a password in --url stands in the list of processes; put "
                                       "it into " ACCESS_URL " or ~/.config/" ACCESS_FILE);
        return false;
    }
    return true;
}

/* The secrets of the file are for the server of its URL, if it has one: no other server is shown
 * them. */
static void add_file(struct access_to *access, const struct access_to *file)
{
    char *url = NULL, *user = NULL, *password = NULL;
    const char *why;

    if (file->url && access_cut_url(file->url, &url, &user, &password, &why) &&
        !is_same_origin(url, access->url))
        goto done;
    if (!access->user)
        replace(&access->user, file->user ? file->user : user);
    if (!access->password)
        replace(&access->password, file->password ? file->password : password);
    replace(&access->authkey, file->authkey);
done:
    free(url);
    free(user);
    free(password);
}

bool access_read(struct access_to *access, const struct order *order, enum outcome *outcome)
{
    const char *named = order->options[ORDER_CONFIG], *key = getenv(ACCESS_KEY);
    char *name = named ? xstrdup(named) : default_file();
    struct access_to file = {0};
    bool is_read = !name || read_file(&file, name, !named, outcome);

    *access = (struct access_to){0};
    is_read = is_read && read_url(access, order, &file, outcome);
    if (is_read) {
        add_file(access, &file);
        replace(&access->ca, order->options[ORDER_CA] ? order->options[ORDER_CA] : file.ca);
        if (key && *key)
            replace(&access->authkey, key);
        if (access->authkey && !text_is_visible(access->authkey)) {
            *outcome = order_fail("a key of a client is printable ASCII without spaces");
            is_read = false;
        }
    }
    access_clear(&file);
    free(name);
    return is_read;
}

void access_clear(struct access_to *access)
{
    free(access->url);
    free(access->user);
    free(access->password);
    free(access->authkey);
    free(access->ca);
    *access = (struct access_to){0};
}
