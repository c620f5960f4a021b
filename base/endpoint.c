/* endpoint.c - the URL that a hook sends to, read strictly.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "base/endpoint.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/number.h"

#define DIGITS "0123456789"

/* A label's bytes, and the underscore, which names of containers have. */
#define HOST_BYTES "abcdefghijklmnopqrstuvwxyz" DIGITS "-_."

/* RFC 3986: pchar without percent, and the slash. */
#define PATH_BYTES                                                                                 \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "-._~!$&'()*+,;=:@/"

static int port_of(bool is_tls)
{
    return is_tls ? 443 : 80;
}

static bool read_scheme(const char **text, struct endpoint *endpoint)
{
    static const char plain[] = "http://", tls[] = "https://";

    endpoint->is_tls = strncasecmp(*text, tls, strlen(tls)) == 0;
    if (!endpoint->is_tls && strncasecmp(*text, plain, strlen(plain)) != 0)
        return false;
    *text += endpoint->is_tls ? strlen(tls) : strlen(plain);
    return true;
}

/* Some resolvers take 2130706433, 0177.1 and 0x7f.1 for addresses: whatever ends in a label like a
 * number must be a number of four. */
static bool is_name(const char *host)
{
    const char *label = strrchr(host, '.');
    struct in_addr ip;

    if (!*host || *host == '.' || host[strlen(host) - 1] == '.' || strstr(host, ".."))
        return false;
    label = label ? label + 1 : host;
    if (label[strspn(label, DIGITS)] && strncmp(label, "0x", 2) != 0)
        return true;
    return inet_pton(AF_INET, host, &ip) == 1;
}

/* Between brackets, without a zone; it is kept as inet_ntop(3) writes it. */
static bool read_v6(const char **text, struct endpoint *endpoint)
{
    size_t len = strcspn(*text + 1, "]");
    char number[INET6_ADDRSTRLEN];
    struct in6_addr ip;

    if ((*text)[1 + len] != ']' || len >= sizeof(number))
        return false;
    memcpy(number, *text + 1, len);
    number[len] = '\0';
    *text += len + 2;
    return inet_pton(AF_INET6, number, &ip) == 1 &&
           inet_ntop(AF_INET6, &ip, endpoint->host, sizeof(endpoint->host));
}

static bool read_host(const char **text, struct endpoint *endpoint)
{
    size_t len = strcspn(*text, ":/?");

    if (**text == '[')
        return read_v6(text, endpoint);
    if (len >= sizeof(endpoint->host))
        return false;
    for (size_t i = 0; i < len; i++)
        endpoint->host[i] = (char)tolower((unsigned char)(*text)[i]);
    endpoint->host[len] = '\0';
    *text += len;
    return strspn(endpoint->host, HOST_BYTES) == len && is_name(endpoint->host);
}

static bool read_port(const char **text, struct endpoint *endpoint)
{
    size_t len;
    long long port;

    endpoint->port = port_of(endpoint->is_tls);
    if (**text != ':')
        return true;
    len = strcspn(++*text, "/?");
    if (!number_parse(*text, len, 1, 65535, &port))
        return false;
    endpoint->port = (int)port;
    *text += len;
    return true;
}

/* The byte that stands at text, which is not at its end; *len is how many bytes say it.  -1: the
 * percent is followed by no two digits. */
static int byte_at(const char *text, size_t *len)
{
    char digits[3] = "";

    *len = 1;
    if (*text != '%')
        return (unsigned char)*text;
    if (!isxdigit((unsigned char)text[1]) || !isxdigit((unsigned char)text[2]))
        return -1;
    memcpy(digits, text + 1, 2);
    *len = 3;
    return (int)strtol(digits, NULL, 16);
}

/* What is encoded and means something in a path once it is not: who decodes twice, or before
 * cutting at slashes, would go elsewhere. */
static bool is_hidden(int byte)
{
    return byte < ' ' || byte == 0x7f || (byte && strchr("%/\\.;?#", byte));
}

/* One dot or two, which a parameter may follow: some servers read /..;a/ as /../ */
static bool is_dots(const char *segment)
{
    size_t dots = strspn(segment, ".");

    return (dots == 1 || dots == 2) && (!segment[dots] || strchr("/;?", segment[dots]));
}

static bool is_path(const char *path, size_t len)
{
    size_t step;

    for (size_t i = 0; i < len; i += step) {
        int byte = byte_at(path + i, &step);

        if (byte < 0 || (step == 1 && !strchr(PATH_BYTES, byte)) || (step > 1 && is_hidden(byte)))
            return false;
        if (byte == '/' && is_dots(path + i + 1))
            return false;
    }
    return true;
}

static bool is_query(const char *query)
{
    size_t step;

    for (; *query; query += step) {
        int byte = byte_at(query, &step);

        if (byte < 0 || (step == 1 && byte != '?' && !strchr(PATH_BYTES, byte)))
            return false;
    }
    return true;
}

static bool read_target(const char *text, struct endpoint *endpoint)
{
    snprintf(endpoint->target, sizeof(endpoint->target), "%s%s", *text == '/' ? "" : "/", text);
    endpoint->path_len = strcspn(endpoint->target, "?");
    return is_path(endpoint->target, endpoint->path_len) &&
           is_query(endpoint->target + endpoint->path_len);
}

bool endpoint_read(const char *text, struct endpoint *endpoint)
{
    return strlen(text) <= LIMIT_ENDPOINT && read_scheme(&text, endpoint) &&
           read_host(&text, endpoint) && read_port(&text, endpoint) &&
           (!*text || *text == '/' || *text == '?') && read_target(text, endpoint);
}

void endpoint_print(const struct endpoint *endpoint, char text[ENDPOINT_TEXT])
{
    bool is_v6 = strchr(endpoint->host, ':') != NULL;
    char port[8] = "";

    if (endpoint->port != port_of(endpoint->is_tls))
        snprintf(port, sizeof(port), ":%d", endpoint->port);
    snprintf(text, ENDPOINT_TEXT, "%s://%s%s%s%s%s", endpoint->is_tls ? "https" : "http",
             is_v6 ? "[" : "", endpoint->host, is_v6 ? "]" : "", port, endpoint->target);
}

bool endpoint_is_entry(const char *text)
{
    struct endpoint entry;

    return !strchr(text, '?') && endpoint_read(text, &entry);
}

static bool begins_with(const struct endpoint *endpoint, const struct endpoint *entry)
{
    size_t len = entry->path_len;

    if (endpoint->is_tls != entry->is_tls || endpoint->port != entry->port ||
        strcmp(endpoint->host, entry->host) != 0 || endpoint->path_len < len ||
        memcmp(endpoint->target, entry->target, len) != 0)
        return false;
    return entry->target[len - 1] == '/' || endpoint->path_len == len ||
           endpoint->target[len] == '/';
}

bool endpoint_is_listed(const struct endpoint *endpoint, const char *entries)
{
    char *list = xstrdup(entries), *rest = list, *word;
    bool is_listed = false;
    struct endpoint entry;

    while (!is_listed && (word = strsep(&rest, " ")))
        is_listed = *word && endpoint_is_entry(word) && endpoint_read(word, &entry) &&
                    begins_with(endpoint, &entry);
    free(list);
    return is_listed;
}
