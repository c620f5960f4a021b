/* origin.c - pages of other hosts.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "http/origin.h"

#include <string.h>
#include <strings.h>

static bool is_word(const char *text, const char *word, size_t len)
{
    return strlen(text) == len && strncasecmp(text, word, len) == 0;
}

/* Calls matches() for each word until one does. */
static bool any_word(const char *text, const char *list,
                     bool (*matches)(const char *text, const char *word, size_t len))
{
    while (*list) {
        size_t len;

        list += strspn(list, " ");
        len = strcspn(list, " ");
        if (len && matches(text, list, len))
            return true;
        list += len;
    }
    return false;
}

bool origin_is_listed(const char *origin, const char *list)
{
    return any_word(origin, list, is_word);
}

/* Length of the host in "host:port" or "[::1]:port", without the port. */
static size_t host_len(const char *host)
{
    const char *bracket = *host == '[' ? strchr(host, ']') : NULL;
    const char *rest = bracket ? bracket + 1 : host;

    return (size_t)(rest - host) + strcspn(rest, ":");
}

static const char *port_of(const char *host, const char *usual)
{
    const char *colon = host + host_len(host);

    return *colon == ':' && colon[1] ? colon + 1 : usual;
}

bool origin_is_of_host(const char *origin, const char *host, bool is_secure)
{
    const char *scheme = is_secure ? "https://" : "http://", *usual = is_secure ? "443" : "80";
    const char *page = origin + strlen(scheme);
    size_t len;

    if (strncasecmp(origin, scheme, strlen(scheme)) != 0)
        return false;
    len = host_len(page);
    return len > 0 && len == host_len(host) && strncasecmp(page, host, len) == 0 &&
           strcmp(port_of(page, usual), port_of(host, usual)) == 0;
}

static bool is_host(const char *host, const char *word, size_t len)
{
    return is_word(host, word, len) || (host_len(host) == len && strncasecmp(host, word, len) == 0);
}

bool host_is_listed(const char *host, const char *list)
{
    return any_word(host, list, is_host);
}
